"""What may stand in a line: the commands, what each of them takes, what all of them take, and what a shell may offer.

A parser is made when its command is called: each argument costs a tenth of a millisecond.
"""

from __future__ import annotations

import re
from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, HelpFormatter
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, NoReturn

from gastown_tui import __version__
from gastown_tui.printing import print_text
from gastown_tui.settings import USAGE, Complaint, Settings

if TYPE_CHECKING:
    from argparse import Namespace

    from gastown_tui.town.snapshot import Agent

NAME = "gastown-tui"
ABOUT = "See a live Gas Town: who is alive, who needs you, and why we think so. Without a command: the console."
CODES = """Exit codes: 0 good, 1 a person is needed (status: somebody dead, missing or a zombie; doctor: degraded), 2 we cannot
see, 64 wrong usage, 70 crashed, 129 hung up, 130 interrupted, 143 terminated."""

# With each of them argparse looks through all of them.
MOST_OPTIONS = 1000

Run = Callable[..., int]
Offer = Callable[..., list[str]]


class Argument:
    """An option or a word: what argparse is told of it, and what names a shell may offer for it."""

    def __init__(self, *names: str, offer: Offer | None = None, **how: Any) -> None:
        self.names, self.how, self.offer = names, how, offer


COMMANDS: dict[str, tuple[Run, tuple[Argument, ...]]] = {}


def command(*takes: Argument) -> Callable[[Run], Run]:
    """Makes a command of a function: it gets the settings and what it takes, and returns the exit code."""

    def register(run: Run) -> Run:
        COMMANDS[run.__name__] = run, takes
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


def offer_files(prefix: str, **_: object) -> list[str]:
    """Returns what a shell may offer for a path."""
    from argcomplete.completers import FilesCompleter

    return list(FilesCompleter()(prefix))


ANYWHERE = (
    Argument(
        "--town", metavar="DIR", offer=offer_files, help="the town's root (else GT_TOWN_ROOT, GT_ROOT, a mayor/ above, ~/gt)"
    ),
    Argument(
        "--socket", metavar="NAME|PATH", offer=offer_files, help="the town's tmux socket (else GT_TMUX_SOCKET, else derived)"
    ),
    Argument("--monitor-dir", metavar="DIR", offer=offer_files, help="the automonitor's folder"),
    Argument("--config", metavar="FILE", offer=offer_files, help="another config.toml"),
    Argument("--backend", choices=("auto", "control", "fork"), metavar="auto|control|fork", help="how tmux is asked"),
    Argument("--read-only", action="store_true", help="nothing that changes a town"),
    Argument("--version", action="version", version=f"{NAME} {__version__}", help="show the version and exit"),
)
AS_JSON = Argument("--json", dest="json_wanted", action="store_true", help="print JSON, schema 1")


class Parser(ArgumentParser):
    """Complains in one sentence with a remedy; its help tells a command's own options from those of all."""

    def __init__(self, prog: str, about: str | None, takes: Sequence[Argument], **more: Any) -> None:
        words = (one.how["metavar"] for one in takes if one.names[0][0] != "-")
        more.setdefault("usage", " ".join([prog, "[OPTIONS]", *words]))
        # With a width, for else argparse loads `shutil` at the first argument.
        more["formatter_class"] = partial(HelpFormatter, width=80)
        super().__init__(prog=prog, description=about, allow_abbrev=False, **more)
        # How many values each option has.
        self._values: dict[str, Any] = {"-h": 0, "--help": 0}
        anywhere = self.add_argument_group("options, before or after a command", argument_default=SUPPRESS)
        for place, arguments in ((self, takes), (anywhere, ANYWHERE)):
            for one in arguments:
                action = place.add_argument(*one.names, **one.how)
                vars(action)["completer"] = one.offer
                self._values |= dict.fromkeys(action.option_strings, 1 if action.nargs is None else action.nargs)

    def format_help(self) -> str:
        from shutil import get_terminal_size

        self.formatter_class = partial(HelpFormatter, max_help_position=28, width=min(get_terminal_size().columns, 120))
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        raise Complaint("usage", message, f"see {self.prog} --help", USAGE)

    def refuse(self, word: str, known: Iterable[str]) -> NoReturn:
        """Complains of a word, and says what is nearly called so."""
        from difflib import get_close_matches

        near = " or ".join(get_close_matches(word.partition("=")[0], known, cutoff=0.7))
        self.error(f"{word!r} is unknown" + (f"; did you mean {near}?" if near else ""))

    def part(self, words: Sequence[str], most: float = inf) -> tuple[list[str], list[str]]:
        """Returns (options with their values, other words): of these `most`, and whatever stands behind them.

        As every `getopt` does it: a value may begin with a dash, and behind `--` there are no options. argparse guesses.
        """
        options, others, left = list[str](), list[str](), deque(words)
        while left and len(others) < most and (word := left.popleft()) != "--":
            name, equals, value = word.partition("=")
            if word == "-" or not word.startswith("-"):
                others.append(word)
            elif (count := self._values.get(name)) is None:
                self.refuse(word, self._values)
            elif count == 1:
                # argparse takes a value of two dashes for the end of the options, and gives a list in its place.
                if (told := value if equals else left.popleft() if left else "--") == "--":
                    self.error(f"argument {name}: expected one argument")
                options.append(f"{name}={told}")
            elif count > 1:
                given = [value] if equals else []
                options += [name, *given, *(left.popleft() for _ in range(min(len(left), count - len(given))))]
            else:
                options.append(word)
            if len(options) > MOST_OPTIONS:
                self.error(f"more than {MOST_OPTIONS} options")
        return options, [*others, *left]

    def _print_message(self, message: str, _: object = None) -> None:
        print_text(message.rstrip())


class Line(Parser):
    """A line up to its command."""

    def format_help(self) -> str:
        return whole().format_help()


def whole() -> Parser:
    """Returns the parser of all that may be said, for the help and for a shell that completes."""
    parser = Parser(NAME, ABOUT, (), usage=f"{NAME} [OPTIONS] [COMMAND]", epilog=CODES)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", prog=NAME, parser_class=Parser)
    for name, (run, takes) in COMMANDS.items():
        commands.add_parser(name, about=run.__doc__, takes=takes, help=run.__doc__)
    return parser


def read(words: Sequence[str]) -> tuple[Run | None, dict[str, Any]]:
    """Returns the command of a line, None where there is none, and what it is given. Raises Complaint."""
    line = Line(NAME, ABOUT, ())
    before, said = line.part(words, most=1)
    given = line.parse_args(before)
    if not said:
        return None, vars(given)
    if said[0] not in COMMANDS:
        line.refuse(said[0], COMMANDS)
    run, takes = COMMANDS[said[0]]
    parser = Parser(f"{NAME} {said[0]}", run.__doc__, takes)
    options, others = parser.part(said[1:])
    given, strange = parser.parse_known_args([*options, *(["--", *others] if others else [])], given)
    if extra := [word for word in strange if word != "--"]:
        parser.error(f"{extra[0]!r} is one word too many")
    return run, vars(given)


def complete() -> None:
    """Answers a shell that asks what the word at its cursor may become, and ends."""
    from argcomplete import autocomplete
    from argcomplete.completers import SuppressCompleter

    autocomplete(whole(), always_complete_options=False, default_completer=SuppressCompleter())


def offer_targets(parsed_args: Namespace, prefix: str, **_: object) -> list[str]:
    """Returns what a shell may offer for a TARGET: agents, and sessions where what is typed begins no agent."""
    agents = _agents(parsed_args)
    ids = [agent.id for agent in agents if agent.id.startswith(prefix)]
    return _plain(ids or (agent.session for agent in agents if agent.session))


def offer_until(parsed_args: Namespace, prefix: str, **_: object) -> list[str]:
    """Returns the same for STATE TARGET; nobody says which of the two is being typed."""
    from gastown_tui.town.snapshot import State

    return [*(state.value for state in State), *offer_targets(parsed_args, prefix)]


def offer_levels(**_: object) -> list[str]:
    """Returns what a shell may offer for a level."""
    from gastown_tui.town.log import RANKS

    return [*RANKS]


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
        settings.take(dict(vars(so_far)))
        settings.read_config()
        return glance(settings.wanted(), settings.means())
    return ()
