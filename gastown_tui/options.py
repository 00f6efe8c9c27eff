"""What may stand in a line: the commands, what each of them takes, what all of them take, and what a shell may offer.

A parser is made when its command is called: each argument costs a tenth of a millisecond.
"""

from __future__ import annotations

import re
from argparse import REMAINDER, SUPPRESS, ArgumentParser, ArgumentTypeError, HelpFormatter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from gastown_tui import __version__
from gastown_tui.printing import print_text
from gastown_tui.settings import USAGE, Complaint, Settings

if TYPE_CHECKING:
    from argparse import Namespace

    from gastown_tui.town.snapshot import Agent

NAME = "gastown-tui"
ABOUT = "See a live Gas Town: who is alive, who needs you, and why we think so. Without a command: the console."
CODES = """Exit codes: 0 good, 1 a person is needed, 2 we cannot see, 64 wrong usage, 70 crashed, 129 hung up, 130 interrupted,
143 terminated."""

Run = Callable[..., int]
Offer = Callable[..., list[str]]


class Argument(NamedTuple):
    """An option or a word: its names, what argparse is told of it, and what names a shell may offer for it."""

    names: tuple[str, ...]
    how: dict[str, Any]
    offer: Offer | None


class Command(NamedTuple):
    run: Run
    takes: tuple[Argument, ...]

    @property
    def about(self) -> str:
        return self.run.__doc__ or ""


COMMANDS: dict[str, Command] = {}


def argument(*names: str, offer: Offer | None = None, **how: Any) -> Argument:
    return Argument(names, how, offer)


def command(*takes: Argument) -> Callable[[Run], Run]:
    """Makes a command of a function: it gets the settings and what it takes, and returns the exit code."""

    def register(run: Run) -> Run:
        COMMANDS[run.__name__.rstrip("_")] = Command(run, takes)
        return run

    return register


def within(kind: type[float], least: float, most: float = inf) -> Callable[[str], float]:
    """Returns what reads a number of this range; `nan` is in none."""

    def read(text: str) -> float:
        with suppress(ValueError):
            if least <= (value := kind(text)) <= most:
                return value
        raise ArgumentTypeError(f"{text} is no number from {least:g} " + ("on" if most == inf else f"to {most:g}"))

    return read


ANYWHERE = (
    argument("--town", metavar="DIR", help="the town's root (else GT_TOWN_ROOT, GT_ROOT, a mayor/ above, ~/gt)"),
    argument("--socket", metavar="NAME|PATH", help="the town's tmux socket (else GT_TMUX_SOCKET, else derived)"),
    argument("--monitor-dir", metavar="DIR", help="the automonitor's folder"),
    argument("--config", metavar="FILE", help="another config.toml"),
    argument("--backend", choices=("auto", "control", "fork"), metavar="auto|control|fork", help="how tmux is asked"),
    argument("--read-only", action="store_true", help="nothing that changes a town"),
    argument("--version", action="version", version=f"{NAME} {__version__}", help="show the version and exit"),
)
AS_JSON = argument("--json", dest="json_wanted", action="store_true", help="print JSON, schema 1")


class Parser(ArgumentParser):
    """Complains in one sentence with a remedy; its help tells a command's own options from those of all."""

    def __init__(self, prog: str, about: str, takes: Sequence[Argument], **more: Any) -> None:
        words = [one.how["metavar"] for one in takes if one.names[0][0] != "-"]
        more.setdefault("usage", " ".join([prog, "[OPTIONS]", *words]))
        # With a width, for else argparse loads `shutil` at the first argument.
        more["formatter_class"] = partial(HelpFormatter, width=80)
        super().__init__(prog=prog, description=about, allow_abbrev=False, **more)
        everywhere = self.add_argument_group("options that may stand before or after a command", argument_default=SUPPRESS)
        for place, arguments in ((self, takes), (everywhere, ANYWHERE)):
            for names, how, offer in arguments:
                vars(place.add_argument(*names, **how))["completer"] = offer

    def format_help(self) -> str:
        from shutil import get_terminal_size

        self.formatter_class = partial(HelpFormatter, max_help_position=28, width=min(get_terminal_size().columns, 120))
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        raise Complaint("usage", message, f"see {self.prog} --help", USAGE)

    def _print_message(self, message: str, _: object = None) -> None:
        print_text(message.rstrip())

    def refuse(self, strange: list[str], known: Iterable[str]) -> NoReturn:
        """Complains of the first of these words, an option if there is one, and says what is nearly called so."""
        from difflib import get_close_matches

        word = next((word for word in strange if word.startswith("-")), strange[0])
        near = " or ".join(get_close_matches(word.partition("=")[0], known))
        self.error(f"{word!r} is unknown" + (f"; did you mean {near}?" if near else ""))


class Line(Parser):
    """A line up to its command."""

    def format_help(self) -> str:
        return whole().format_help()


def whole() -> Parser:
    """Returns the parser of all that may be said, for the help and for a shell that completes."""
    parser = Parser(NAME, ABOUT, (), usage=f"{NAME} [OPTIONS] [COMMAND]", epilog=CODES)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", prog=NAME, parser_class=Parser)
    for name, one in COMMANDS.items():
        commands.add_parser(name, about=one.about, takes=one.takes, help=one.about)
    return parser


def read(words: Sequence[str]) -> tuple[Run | None, dict[str, Any]]:
    """Returns the command of a line, None where there is none, and what it is given. Raises Complaint."""
    line = Line(NAME, ABOUT, (argument("words", nargs=REMAINDER, metavar="COMMAND"),))
    given, strange = line.parse_known_args(words)
    said = vars(given).pop("words")
    if strange or (said and said[0] not in COMMANDS):
        line.refuse(strange or said[:1], (*COMMANDS, *_options(ANYWHERE)))
    if not said:
        return None, vars(given)
    name, *rest = said
    run, takes = COMMANDS[name]
    parser = Parser(f"{NAME} {name}", COMMANDS[name].about, takes)
    # Of what it mixes, argparse forgets behind which word there are no options.
    parse = parser.parse_known_args if "--" in rest else parser.parse_known_intermixed_args
    given, strange = parse(rest, given)
    if strange:
        parser.refuse(strange, _options((*takes, *ANYWHERE)))
    return run, vars(given)


def _options(arguments: Iterable[Argument]) -> list[str]:
    return [name for one in arguments for name in one.names if name.startswith("--")]


def complete() -> None:
    """Answers a shell that asks what the word at its cursor may become, and ends."""
    from argcomplete import autocomplete

    autocomplete(whole(), always_complete_options=False)


def offer_targets(parsed_args: Namespace, **_: object) -> list[str]:
    """Returns what a shell may offer for a TARGET."""
    return _plain(agent.id for agent in _agents(parsed_args))


def offer_until(parsed_args: Namespace, **_: object) -> list[str]:
    """Returns the same for STATE TARGET; nobody says which of the two is being typed."""
    from gastown_tui.town.snapshot import State

    return [*(state.value for state in State), *offer_targets(parsed_args)]


def offer_sessions(parsed_args: Namespace, **_: object) -> list[str]:
    """Returns what a shell may offer for a session."""
    return _plain(agent.session for agent in _agents(parsed_args) if agent.session)


def offer_rigs(parsed_args: Namespace, **_: object) -> list[str]:
    """Returns what a shell may offer for a rig, or for the town as if it were one."""
    from gastown_tui.town.beads.told import TOWN

    return _plain(dict.fromkeys(agent.rig or TOWN for agent in _agents(parsed_args)))


def _plain(names: Iterable[str]) -> list[str]:
    # A name that is not plain is for nobody's fingers, and a shell would read it.
    return [name for name in names if re.fullmatch(r"[\w./@:-]+", name)]


def _agents(so_far: Namespace) -> Sequence[Agent]:
    """Returns the agents of the town that the line so far means; nobody where that cannot be told, for a shell must not wait."""
    from gastown_tui.observe.once import glance

    settings = Settings()
    with suppress(Exception):
        settings.take(vars(so_far))
        settings.read_config()
        return glance(settings.wanted(), settings.means())
    return ()
