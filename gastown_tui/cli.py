"""The command line: which rooms a command needs, and nothing else. Every import that costs time waits for its command."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import click

from gastown_tui import __version__
from gastown_tui.options import (
    GLOBAL_OPTIONS,
    Command,
    Finite,
    as_json,
    offer_rigs,
    offer_sessions,
    offer_targets,
    offer_until,
)
from gastown_tui.printing import complain, json_text, print_json, print_text
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


@click.group(invoke_without_command=True, params=[*GLOBAL_OPTIONS], context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gastown-tui", message="%(prog)s %(version)s")
@click.pass_context
def app(ctx: click.Context, /, **options: Any) -> None:
    """See a live Gas Town: who is alive, who needs you, and why we think so. Without a command: the console.

    Exit codes: 0 good, 1 a person is needed, 2 we cannot see, 64 wrong usage, 70 crashed, 129 hung up, 130 interrupted,
    143 terminated.
    """
    settings = ctx.obj = Settings()
    settings.take(options)
    if ctx.invoked_subcommand is None:
        settings.read_config()
        raise SystemExit(_console(settings) if _at_terminal() else _status(settings, json_wanted=False, settle=False))


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


@app.command(cls=Command)
@as_json
@click.option("--settle", is_flag=True, help="Look twice, 0.7 s apart, where one look cannot tell activity.")
@click.pass_obj
def status(settings: Settings, json_wanted: bool, settle: bool) -> None:
    """One look: a line per agent, then one sentence. Exit 1 when somebody dead, missing or zombie needs you."""
    raise SystemExit(_status(settings, json_wanted=json_wanted, settle=settle))


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


@app.command(cls=Command)
@as_json
@click.option("--lines", default=20, type=click.IntRange(0, 100_000), show_default=True, help="Rows of the pane to print.")
@click.argument("target", shell_complete=offer_targets)
@click.pass_obj
def show(settings: Settings, target: str, json_wanted: bool, lines: int) -> None:
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
        raise SystemExit(BLIND)


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


@app.command(cls=Command)
@as_json
@click.option("--reason", default="", metavar="TEXT", help="Why it may wait.")
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...", shell_complete=offer_targets)
@click.pass_obj
def ack(settings: Settings, targets: tuple[str, ...], json_wanted: bool, reason: str) -> None:
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
    raise SystemExit(_tell_acks("acknowledged", entries, agents, json_wanted=json_wanted))


@app.command(cls=Command)
@as_json
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...", shell_complete=offer_targets)
@click.pass_obj
def unack(settings: Settings, targets: tuple[str, ...], json_wanted: bool) -> None:
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
    raise SystemExit(_tell_acks("no longer acknowledged", marked, agents, json_wanted=json_wanted))


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


@app.command(cls=Command)
@as_json
@click.option("--initial", is_flag=True, help="Print every agent first.")
@click.option(
    "--until", nargs=2, metavar="STATE TARGET", help="End with 0 when TARGET reaches STATE.", shell_complete=offer_until
)
@click.option("--timeout", type=Finite(min=0), metavar="S", help="End after S seconds, with 1 where --until waits.")
@click.pass_obj
def watch(settings: Settings, json_wanted: bool, initial: bool, until: tuple[str, str] | None, timeout: float | None) -> None:
    """A line per change of state, until interrupted or the reader goes away."""
    from gastown_tui.observe.watching import WatchError, Watching

    def tell(document: dict[str, Any]) -> None:
        from gastown_tui.town.report import change_line

        click.echo(json_text(document) if json_wanted else change_line(document))

    try:
        code = Watching(settings.stream(), clock, tell, initial=initial, until=until, timeout=timeout, reader=1).run()
    except WatchError as error:
        raise Complaint(error.code, str(error), error.remedy, USAGE if error.usage else BLIND) from None
    except BrokenPipeError:
        code = GOOD
    raise SystemExit(code)


@app.command(cls=Command)
@as_json
@click.option("--rig", metavar="R", help="Only this rig's; `town` for the town's own.", shell_complete=offer_rigs)
@click.option(
    "--queue",
    "queues",
    multiple=True,
    type=click.Choice(["ready", "active", "blocked", "merge", "escalations", "convoys"]),
    help="Only this queue; may be given more than once.",
)
@click.pass_obj
def beads(settings: Settings, json_wanted: bool, rig: str | None, queues: tuple[str, ...]) -> None:
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
    names, now = queues or QUEUES, clock().wall
    if json_wanted:
        print_json(beads_document(told, origins, names, looking.town.agents, now))
    else:
        print_text("\n".join(beads_lines(told, origins, names, looking.town.agents, now)))
    if all(origin.by is None for origin in origins):
        raise SystemExit(BLIND)


@app.command(cls=Command)
@as_json
@click.option("--follow", "-f", is_flag=True, help="Go on with what is written, through every rotation; wait for the log.")
@click.option(
    "--level", metavar="L", help="DEBUG, INFO, WARN, ERROR: it, those above, and lines without one. Another word: that level."
)
@click.option("--session", metavar="S", help="Lines that speak of this session.", shell_complete=offer_sessions)
@click.option("--grep", metavar="RE", help="Lines whose message holds this.")
@click.option("--since", metavar="T", help="From the first line of this time on: 10m, 2h, 1d or RFC 3339.")
@click.option("--raw", is_flag=True, help="Lines as they stand in the file, made inert.")
@click.pass_obj
def logs(settings: Settings, /, json_wanted: bool, follow: bool, raw: bool, **words: str | None) -> None:
    """The automonitor's log, in the order of the file. `~` marks a mended line, `|` its rest, `!` one that is no event."""
    from gastown_tui.observe.log_reading import LogError, read_log

    if json_wanted and raw:
        raise Complaint("usage", "--json and --raw are two forms", "choose one", USAGE)
    form = "json" if json_wanted else "raw" if raw else "text"
    note = partial(click.echo, err=True)
    try:
        for text in read_log(settings.wanted(), clock, form, follow=follow, note=note, **words):
            print_text(text)
    except LogError as error:
        raise Complaint(error.code, str(error), error.remedy, USAGE if error.usage else BLIND) from None


@app.command(cls=Command)
@as_json
@click.pass_obj
def doctor(settings: Settings, json_wanted: bool) -> None:
    """What was tried and found, with a remedy for each failure."""
    from gastown_tui.observe.doctor import examine, lines

    terminal = os.isatty(1)
    found = examine(settings.wanted(), settings.means(), settings.backend or "auto", terminal, state_dir())
    if json_wanted:
        print_json(found)
    else:
        print_text("\n".join(lines(found)))
    raise SystemExit({"good": GOOD, "degraded": NEEDS_YOU, "blind": BLIND}[found["verdict"]])


@app.command("config", cls=Command)
@as_json
@click.option("--example", is_flag=True, help="Print a file with every key, commented out.")
@click.pass_obj
def config_(settings: Settings, json_wanted: bool, example: bool) -> None:
    """The settings in force and where each came from. Exit 1 when something in the file was left out."""
    from gastown_tui import effective

    document = effective.document(settings, os.environ)
    if example:
        print_text(effective.example())
    elif json_wanted:
        print_json(document)
    else:
        print_text("\n".join(effective.table(document)))
    raise SystemExit(NEEDS_YOU if settings.wrong else GOOD)


@app.command(cls=Command)
@click.pass_obj
def kiosk(settings: Settings) -> None:
    """A screen for the wall: large figures, all screens in turn, no commands, no secrets. Ctrl+\\ leaves."""
    if not _at_terminal():
        raise Complaint("usage", "the kiosk needs a terminal", "for programs there are status --json and watch --json", USAGE)
    stream = settings.stream(keeps_days=True)
    stream.begin()
    from gastown_tui.ui.kiosk import run

    raise SystemExit(
        run(
            stream,
            clock=clock,
            state_dir=state_dir(),
            environ=dict(os.environ),
            ways=settings.ways(),
            seconds=settings.kiosk_seconds,
            leave_key=settings.leave_key,
        )
    )


@app.command(cls=Command)
@click.option("--agents", default=12, type=click.IntRange(1, 300), show_default=True, help="How many agents live there.")
@click.option("--seed", default=0, help="Another seed, another town.")
@click.option("--speed", default=1.0, type=Finite(0.1, 100), help="How fast it lives.")
@click.option("--no-ui", is_flag=True, help="Print where it is on one line and run until interrupted.")
@click.pass_obj
def demo(settings: Settings, agents: int, seed: int, speed: float, no_ui: bool) -> None:
    """A town in a box: real tmux sessions in a temporary town, removed when it ends."""
    from gastown_tui.demo.box import BoxError, command, environment, open_box

    if no_ui:
        argv = command(agents=agents, seed=seed, speed=speed)
        os.execve(argv[0], argv, environment(os.environ))
    try:
        with open_box(agents=agents, seed=seed, speed=speed, environ=dict(os.environ)) as box:
            settings.town, settings.socket = str(box.root), str(box.socket)
            settings.expect = settings.ignore = None
            raise SystemExit(_console(settings) if _at_terminal() else _status(settings, json_wanted=False, settle=False))
    except BoxError as error:
        raise Complaint("demo", str(error), error.remedy) from None


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
        app.main(prog_name="gastown-tui", standalone_mode=False)
        code = GOOD
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "gastown-tui"
        complain(Complaint("usage", error.format_message().rstrip("."), f"see {where} --help"), json_wanted=json_wanted)
        code = USAGE
    except Complaint as failure:
        complain(failure, json_wanted=json_wanted)
        code = failure.exit_code
    except OSError as error:
        # Left to Python it would end with 1, which says that a person is needed.
        why = f"{error.strerror or error}" + (f": {error.filename}" if error.filename else "")
        complain(Complaint("system", why, "see whether the disk is full or something is in the way"), json_wanted=False)
        code = BLIND
    except (click.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else GOOD
    except Exception:  # noqa: BLE001 (whatever it is: Python would end with 1, which says that a person is needed)
        sys.excepthook(*sys.exc_info())
        code = CRASHED
    if code in (INTERRUPTED, TERMINATED):
        _end_children()
    return code


def _end_children() -> None:
    """A signal that comes while a process is being started leaves one that nobody else knows of."""
    from gastown_tui.observe.calls import end_group
    from gastown_tui.observe.processes import read_tree

    for process in read_tree("", os.getpid(), clock()).processes[1:]:
        end_group(process.pid)
