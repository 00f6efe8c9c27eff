"""The command line: which rooms a command needs, and nothing else. Every import that costs time waits for its command."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from gastown_tui.options import (
    AS_JSON,
    NAME,
    Argument,
    command,
    complete,
    offer_levels,
    offer_rigs,
    offer_sessions,
    offer_targets,
    offer_until,
    read,
    within,
)
from gastown_tui.printing import complain, note, print_json, print_text, say
from gastown_tui.settings import (
    BLIND,
    CRASHED,
    GOOD,
    INTERRUPTED,
    NEEDS_YOU,
    TERMINATED,
    USAGE,
    Complaint,
    Settings,
    clock,
    state_dir,
)

if TYPE_CHECKING:
    from gastown_tui.observe.looking import OneLook
    from gastown_tui.observe.ports import GatewayError
    from gastown_tui.town.snapshot import Agent, Nowhere, Town

TARGET = "an agent's id, a session's name or a pane's id"
TARGETS = Argument("targets", nargs="+", metavar="TARGET...", offer=offer_targets, help=TARGET)


def _first(settings: Settings) -> int:
    """Returns the exit code of the console; without a terminal, of a status."""
    return _console(settings) if _at_terminal() else _status(settings, json_wanted=False, settle=False)


def _at_terminal() -> bool:
    """Returns whether there is one to draw on and to take keys from."""
    return os.isatty(0) and os.isatty(1)


def _console(settings: Settings) -> int:
    stream = settings.stream(keeps_days=True)
    stream.begin()
    from gastown_tui.memory.looked import Looked
    from gastown_tui.ui.app import run

    return run(
        stream,
        clock=clock,
        read_only=bool(settings.read_only),
        state_dir=state_dir(),
        environ=dict(os.environ),
        ways=settings.ways(),
        looked=partial(Looked, state_dir()),
    )


@command(AS_JSON, Argument("--settle", action="store_true", help="look twice, 0.7 s apart, where one look cannot tell activity"))
def status(settings: Settings, json_wanted: bool, settle: bool) -> int:
    """One look: a line per agent, then one sentence. Exit 1 when somebody dead, missing or zombie needs you."""
    return _status(settings, json_wanted=json_wanted, settle=settle)


def _look(settings: Settings, *, settle: bool = False) -> OneLook:
    from gastown_tui.observe.once import look_once
    from gastown_tui.town.snapshot import Nowhere

    looking = look_once(settings.wanted(), settings.means(), settle=settle)
    if isinstance(looking, Nowhere):
        raise _no_town(looking)
    return looking


def _no_town(nowhere: Nowhere) -> Complaint:
    from gastown_tui.town.report import nowhere_text

    return Complaint("no_town", nowhere_text(nowhere), nowhere.remedy)


def _status(settings: Settings, *, json_wanted: bool, settle: bool) -> int:
    from gastown_tui.town.report import status_document, status_lines
    from gastown_tui.town.snapshot import GONE

    looking = _look(settings, settle=settle)
    looking.read_monitor()
    town, now = looking.town, clock().wall
    if json_wanted:
        looking.read_beads()
        print_json(status_document(looking.town, now))
    else:
        print_text("\n".join(status_lines(town, now)))
    if town.blind:
        complain(_unanswered(town), json_wanted=False)
        return BLIND
    called = any(agent.state in GONE and agent.needs_you(now) for agent in town.agents)
    return NEEDS_YOU if called else GOOD


@command(
    Argument("target", metavar="TARGET", offer=offer_targets, help=TARGET),
    AS_JSON,
    Argument("--lines", type=within(int, 0, 100_000), default=20, metavar="N", help="rows of the pane to print (%(default)s)"),
)
def show(settings: Settings, target: str, json_wanted: bool, lines: int) -> int:
    """One agent: state, evidence, ages, environment (secrets masked), the last rows of its pane as inert text."""
    from gastown_tui.observe.inspection import inspect
    from gastown_tui.town.report import agent_document, show_lines
    from gastown_tui.town.text import safe

    looking = _look(settings)
    agent = _target(looking, target)
    now = clock().wall
    environment, pane, error = inspect(looking, agent, lines)
    if json_wanted:
        variables = None if environment is None else {safe(name): safe(value) for name, value in environment}
        print_json({"schema": 1, **agent_document(agent, now), "environment": variables, "pane": pane})
    else:
        print_text("\n".join(show_lines(agent, environment or (), pane or (), now)))
    if error is not None or looking.town.blind:
        complain(_unanswered(looking.town, error), json_wanted=False)
        return BLIND
    return GOOD


def _unanswered(town: Town, error: GatewayError | None = None) -> Complaint:
    tmux = town.source("tmux")
    why = str(error or "") or (tmux and tmux.error) or "tmux does not answer"
    return Complaint("tmux", why, (error and error.remedy) or "gastown-tui doctor")


def _target(looking: OneLook, target: str) -> Agent:
    from gastown_tui.town.targets import TargetError, find

    try:
        return find(looking.town, target)
    except TargetError as error:
        raise Complaint("target", str(error), error.remedy, USAGE) from None


@command(TARGETS, AS_JSON, Argument("--reason", default="", metavar="TEXT", help="why it may wait"))
def ack(settings: Settings, targets: list[str], json_wanted: bool, reason: str) -> int:
    """Say that you know why agents need you: they count no more until that changes. Exit 1 when nobody needed you."""
    from gastown_tui.memory.acks import Acks
    from gastown_tui.town.acks import Ack, subject

    looking, now = _seen(settings), clock().wall
    agents = [_target(looking, target) for target in targets]
    entries = {one.id: Ack(now, reason, subject(one)) for one in agents if one.acknowledged or one.needs_you(now)}
    try:
        Acks(state_dir(), looking.town.ref.root).acknowledge(entries)
    except OSError as error:
        raise _unkept(error) from None
    return _tell_acks("acknowledged", entries, agents, json_wanted=json_wanted)


@command(TARGETS, AS_JSON)
def unack(settings: Settings, targets: list[str], json_wanted: bool) -> int:
    """Take acknowledgements back. Exit 1 when there was none."""
    from gastown_tui.memory.acks import Acks

    looking = _seen(settings)
    agents = [_target(looking, target) for target in targets]
    # One look does not see a stall: what a console acknowledged counts, too.
    marked = [one.id for one in agents if one.id in looking.known.acks]
    try:
        Acks(state_dir(), looking.town.ref.root).withdraw(marked)
    except OSError as error:
        raise _unkept(error) from None
    return _tell_acks("no longer acknowledged", marked, agents, json_wanted=json_wanted)


def _seen(settings: Settings) -> OneLook:
    """Returns a look at a town that can be seen: nobody acknowledges what he cannot know."""
    looking = _look(settings)
    if looking.town.blind:
        raise _unanswered(looking.town)
    return looking


def _unkept(error: OSError) -> Complaint:
    return Complaint("memory", f"{error.strerror or error}: {error.filename or state_dir()}", "make the folder writable")


def _tell_acks(what: str, done: Iterable[str], agents: Iterable[Agent], *, json_wanted: bool) -> int:
    from gastown_tui.town.report import acks_document

    document = acks_document(done, agents)
    if json_wanted:
        print_json(document)
    else:
        lines = [*(f"{one}: {what}" for one in document["done"]), *(f"{one}: nothing to do" for one in document["nothing"])]
        print_text("\n".join(lines))
    return GOOD if document["done"] else NEEDS_YOU


@command(
    AS_JSON,
    Argument("--initial", action="store_true", help="print every agent first"),
    Argument("--until", nargs=2, metavar=("STATE", "TARGET"), offer=offer_until, help="end with 0 when TARGET reaches STATE"),
    Argument("--timeout", type=within(float, 0), metavar="S", help="end after S seconds, with 1 where --until waits"),
)
def watch(settings: Settings, json_wanted: bool, initial: bool, until: list[str] | None, timeout: float | None) -> int:
    """A line per change of state, until interrupted or the reader goes away."""
    from gastown_tui.observe.watching import WatchError, Watching

    awaited = (until[0], until[1]) if until else None

    def tell(document: dict[str, Any]) -> None:
        from gastown_tui.town.report import change_line
        from gastown_tui.town.text import json_line

        say(json_line(document) if json_wanted else change_line(document))

    try:
        return Watching(settings.stream(), clock, tell, initial=initial, until=awaited, timeout=timeout, reader=1).run()
    except WatchError as error:
        raise Complaint(error.code, str(error), error.remedy, USAGE if error.usage else BLIND) from None
    except BrokenPipeError:
        return GOOD


@command(
    AS_JSON,
    Argument("--rig", metavar="R", offer=offer_rigs, help="only this rig's; `town` for the town's own"),
    Argument(
        "--queue",
        dest="queues",
        action="append",
        choices=("ready", "active", "blocked", "merge", "escalations", "convoys"),
        metavar="Q",
        help="only this queue: %(choices)s; may be given more than once",
    ),
)
def beads(settings: Settings, json_wanted: bool, rig: str | None, queues: list[str] | None) -> int:
    """The town's queues of beads, by bd's own list where bd answers, else by its exports. Exit 2 when none could be read."""
    from gastown_tui.observe.beads.once import read_beads
    from gastown_tui.town.beads.told import QUEUES, beads_document, beads_lines, called, chosen

    looking = _look(settings)
    seen = read_beads(looking.place.ref.root, rig, os.environ, clock)
    if seen is None:
        raise Complaint("beads", "this town has no database of beads", "gastown-tui doctor")
    told, origins = chosen(seen.beads, seen.fact.origins, rig)
    if not origins:
        there = ", ".join(" or ".join(dict.fromkeys(called(one.name, one.rig))) for one in seen.fact.origins if not one.orphan)
        raise Complaint("target", f"no rig has the name {rig}", f"there are: {there}", USAGE)
    what = (told, origins, queues or QUEUES, looking.town.agents, clock().wall, seen.fact.notices)
    if json_wanted:
        print_json(beads_document(*what))
    else:
        print_text("\n".join(beads_lines(*what)))
    return BLIND if all(origin.by is None for origin in origins) else GOOD


@command(
    AS_JSON,
    Argument("--follow", "-f", action="store_true", help="go on with what is written, through every rotation; wait for the log"),
    Argument(
        "--level",
        metavar="L",
        offer=offer_levels,
        help="DEBUG, INFO, WARN, ERROR: it, those above, and lines without one; another word: that level",
    ),
    Argument("--session", metavar="S", offer=offer_sessions, help="lines that speak of this session"),
    Argument("--grep", metavar="RE", help="lines whose message holds this"),
    Argument("--since", metavar="T", help="from the first line of this time on: 10m, 2h, 1d or RFC 3339"),
    Argument("--raw", action="store_true", help="lines as they stand in the file, made inert"),
)
def logs(settings: Settings, /, json_wanted: bool, follow: bool, raw: bool, **words: str | None) -> int:
    """The automonitor's log, in the order of the file. `~` marks a mended line, `|` its rest, `!` one that is no event."""
    from gastown_tui.observe.log_reading import LogError, read_log

    if json_wanted and raw:
        raise Complaint("usage", "--json and --raw are two forms", "choose one", USAGE)
    form = "json" if json_wanted else "raw" if raw else "text"
    try:
        for text in read_log(settings.wanted(), clock, form, follow=follow, note=note, **words):
            print_text(text)
    except LogError as error:
        raise Complaint(error.code, str(error), error.remedy, USAGE if error.usage else BLIND) from None
    return GOOD


@command(AS_JSON)
def doctor(settings: Settings, json_wanted: bool) -> int:
    """What was tried and found, with a remedy for each failure."""
    from gastown_tui.observe.doctor import examine, lines

    terminal = os.isatty(1)
    found = examine(settings.wanted(), settings.means(), settings.backend or "auto", terminal, state_dir())
    if json_wanted:
        print_json(found)
    else:
        print_text("\n".join(lines(found)))
    return {"good": GOOD, "degraded": NEEDS_YOU, "blind": BLIND}[found["verdict"]]


@command(AS_JSON, Argument("--example", action="store_true", help="print a file with every key, commented out"))
def config(settings: Settings, json_wanted: bool, example: bool) -> int:
    """The settings in force and where each came from. Exit 1 when something in the file was left out."""
    from gastown_tui import effective

    document = effective.document(settings, os.environ)
    if example:
        print_text(effective.example())
    elif json_wanted:
        print_json(document)
    else:
        print_text("\n".join(effective.table(document)))
    return NEEDS_YOU if settings.wrong else GOOD


@command()
def kiosk(settings: Settings) -> int:
    """A screen for the wall: large figures, all screens in turn, no commands, no secrets. Ctrl+\\ leaves."""
    if not _at_terminal():
        raise Complaint("usage", "the kiosk needs a terminal", "for programs there are status --json and watch --json", USAGE)
    stream = settings.stream(keeps_days=True)
    stream.begin()
    from gastown_tui.ui.kiosk import run

    return run(
        stream,
        clock=clock,
        state_dir=state_dir(),
        environ=dict(os.environ),
        ways=settings.ways(),
        seconds=settings.kiosk_seconds,
        leave_key=settings.leave_key,
    )


@command(
    Argument("--agents", type=within(int, 1, 300), default=12, metavar="N", help="how many agents live there (%(default)s)"),
    Argument("--seed", type=int, default=0, metavar="S", help="another seed, another town"),
    Argument("--speed", type=within(float, 0.1, 100), default=1.0, metavar="X", help="how fast it lives"),
    Argument("--no-ui", action="store_true", help="print where it is on one line and run until interrupted"),
)
def demo(settings: Settings, agents: int, seed: int, speed: float, no_ui: bool) -> int:
    """A town in a box: real tmux sessions in a temporary town, removed when it ends."""
    from gastown_tui.demo.box import BoxError, command, environment, open_box

    if no_ui:
        argv = command(agents=agents, seed=seed, speed=speed)
        os.execve(argv[0], argv, environment(os.environ))
    try:
        with open_box(agents=agents, seed=seed, speed=speed, environ=dict(os.environ)) as box:
            settings.town, settings.socket = str(box.root), str(box.socket)
            settings.expect = settings.ignore = None
            return _first(settings)
    except BoxError as error:
        raise Complaint("demo", str(error), error.remedy) from None


@command(Argument("shell", metavar="SHELL", choices=("bash", "zsh", "fish"), help="%(choices)s"))
def completion(_: Settings, shell: str) -> int:
    """What that shell needs to complete names: `eval "$(gastown-tui completion bash)"`."""
    from argcomplete.shell_integration import shellcode

    print_text(shellcode([NAME], use_defaults=False, shell=shell))
    return GOOD


def _terminate(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def main() -> NoReturn:
    """Runs a command and ends with its exit code: all is written, and the interpreter would free it piece by piece."""
    os._exit(run())


def run() -> int:
    """Runs a command and returns its exit code."""
    # SIGINT by name, too: a shell has what it starts in the background ignore it, and then nothing polite would end us.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _terminate)
    # Looking through what is only just being loaded takes a tenth of the time of a single look, and finds nothing.
    gc.disable()
    json_wanted = "--json" in sys.argv
    try:
        code = _obey(sys.argv[1:])
    except Complaint as failure:
        complain(failure, json_wanted=json_wanted)
        code = failure.exit_code
    except OSError as error:
        # Left to Python it would end with 1, which says that a person is needed.
        why = f"{error.strerror or error}" + (f": {error.filename}" if error.filename else "")
        complain(Complaint("system", why, "see whether the disk is full or something is in the way"), json_wanted=False)
        code = BLIND
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else GOOD
    except Exception:  # noqa: BLE001 (whatever it is: Python would end with 1, which says that a person is needed)
        sys.excepthook(*sys.exc_info())
        code = CRASHED
    if code in (INTERRUPTED, TERMINATED):
        _end_children()
    return code


def _obey(words: list[str]) -> int:
    if "_ARGCOMPLETE" in os.environ:
        complete()
    named, given = read(words)
    settings = Settings()
    settings.take(given)
    settings.read_config()
    for wrong in settings.wrong:
        note(f"{NAME}: {wrong}")
    return named(settings, **given) if named else _first(settings)


def _end_children() -> None:
    """A signal that comes while a process is being started leaves one that nobody else knows of."""
    from gastown_tui.observe.calls import end_group
    from gastown_tui.observe.processes import read_tree

    for process in read_tree("", os.getpid(), clock()).processes[1:]:
        end_group(process.pid)
