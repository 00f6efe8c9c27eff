"""What it costs while it runs: processor time of ours, of our tmux clients and of the server; processes, bytes, memory."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from operator import ne
from pathlib import Path
from statistics import median

from gastown_tui.demo.roster import Resident

from .fleet import CHATTER, Fleet, wait_for
from .meters import cpu, own_cpu, pss
from .plan import Plan
from .speeds import HERE, MINIMAL, READY, console, settled, settled_busy
from .table import Row
from .terminal import Terminal, terminal

FIELDS = "#{session_name} #{pane_id} #{pane_pid} #{pane_dead} #{window_activity} #{pane_title}"
LISTINGS = 20
NOISE_MB = 3.0


@dataclass(frozen=True, slots=True)
class Cost:
    """Percent of one core: the program with all that it starts, what the server takes more, and one plain listing a second.

    `sent`: bytes a second to the terminal.
    """

    ours: float
    server: float
    floor: float
    sent: float

    @property
    def whole(self) -> float:
        return self.ours + self.server


def steady(fleet: Fleet, plan: Plan) -> list[Row]:
    """A Town screen with one live pane, a fifth of the agents printing and then all, by both roads."""
    size = len(fleet.people)
    fifth = fleet.people[: size // 5]
    wishes = (
        (f"steady, {size} agents, {len(fifth)} print, control", fifth, "control", 1.5),
        (f"steady, {size} agents, {len(fifth)} print, fork", fifth, "fork", 4.0),
        (f"steady, {size} agents, all print, control", fleet.people, "control", 4.0),
    )
    return [cost_row(what, reach, cost(fleet, talking, backend, plan.window)) for what, talking, backend, reach in wishes]


def cost_row(what: str, reach: float, spent: Cost, beside: str = "") -> Row:
    """Returns the row of a cost that is to reach so many percent."""
    measured = f"{spent.whole:.2f} % ({spent.ours:.2f} ours, {spent.server:+.2f} server){beside}"
    return Row(
        what,
        measured,
        f"≤ {reach:g} %",
        spent.whole <= reach,
        f"{spent.whole / spent.floor:.1f} × one `tmux list-panes` a second",
    )


@dataclass(frozen=True, slots=True)
class Sight:
    """What is looked at: the keys that lead there from the first screen, the terminal's size, how often a second agents print."""

    keys: bytes = b""
    size: tuple[int, int] = (200, 50)
    rate: float = 1.0


def cost(
    fleet: Fleet, talking: tuple[Resident, ...], backend: str, seconds: float, text: str = CHATTER, sight: Sight = Sight()
) -> Cost:
    """Returns what a console on this town costs while these agents print `text`."""
    with fleet.chatter(talking, text, sight.rate):
        time.sleep(1)
        alone = [server_share(fleet, seconds / 2)]
        with terminal(console(fleet, backend), fleet.env, *sight.size) as running:
            _ready(running, backend)
            if sight.keys:
                running.type(sight.keys)
                time.sleep(2)
            pid = running.process.pid
            before, server, began, sent = cpu(pid), own_cpu(fleet.pid), time.monotonic(), len(running.seen)
            time.sleep(seconds)
            took, sent = time.monotonic() - began, len(running.seen) - sent
            ours, beside = (cpu(pid) - before) / took, (own_cpu(fleet.pid) - server) / took
        time.sleep(0.5)
        alone.append(server_share(fleet, seconds / 2))
        return Cost(100 * ours, 100 * (beside - median(alone)), 100 * _listing(fleet), sent / took)


def _ready(running: Terminal, backend: str) -> None:
    if backend == "control":
        settled_busy(running)
    else:
        running.shows(READY)
        time.sleep(2)


def server_share(fleet: Fleet, seconds: float) -> float:
    """Returns the share of a core that the server takes by itself."""
    before, began = own_cpu(fleet.pid), time.monotonic()
    time.sleep(seconds)
    return (own_cpu(fleet.pid) - before) / (time.monotonic() - began)


def _listing(fleet: Fleet) -> float:
    """Returns the seconds, of client and server, that one listing by a process of its own takes."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    clients, server = usage.ru_utime + usage.ru_stime, own_cpu(fleet.pid)
    for _ in range(LISTINGS):
        fleet.tmux("list-panes", "-a", "-F", FIELDS)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (usage.ru_utime + usage.ru_stime - clients + own_cpu(fleet.pid) - server) / LISTINGS


def forks(fleet: Fleet, plan: Plan) -> list[Row]:
    """Every process that the console starts while it watches, told by the interpreter itself."""
    rows = []
    for backend, reach in (("control", 0), ("fork", 1)):
        with tempfile.NamedTemporaryFile() as file, fleet.chatter(fleet.people[: len(fleet.people) // 5]):
            argv = [str(HERE / "counted.py"), file.name, *console(fleet, backend)[2:]]
            with terminal(argv, fleet.env) as running:
                _ready(running, backend)
                before, began = len(Path(file.name).read_bytes()), time.monotonic()
                time.sleep(plan.window)
                started = len(Path(file.name).read_bytes()) - before
                took = time.monotonic() - began
        measured = f"{started / took:.2f} ({started} in {took:.0f} s)"
        # A window may hold one beat more than its length says.
        met = started <= reach * (took + 1)
        rows.append(Row(f"processes started per second, steady, {backend}", measured, f"≤ {reach}" if reach else "0", met))
    return rows


def line_bytes(fleet: Fleet, plan: Plan) -> list[Row]:
    """What reaches a terminal of 200×50 when nothing changes, one row, one line of the pane, and when one moves on."""
    with terminal(console(fleet, "control"), fleet.env) as running:
        settled(running)
        still = [_bytes_of_a_second(running) for _ in range(plan.bytes)]
        # Before anybody speaks: whoever has spoken changes his row again when he falls silent.
        move = [_after_key(running) for _ in range(plan.bytes)]
        running.type(b"g")
        for number in range(2):
            _after(running, fleet, fleet.people[0], f"\\rwarming {number}")
        spinner = (f"\\r* Weaving ({number} s, {40 * number} tokens)" for number in range(plan.bytes))
        line = [_after(running, fleet, fleet.people[0], text) for text in spinner]
        row = list(islice(_rows(running, fleet, fleet.people[6 : 6 + 3 * plan.bytes]), plan.bytes))
    silent = f"{median(still):.0f} ({still.count(0)} of {len(still)} seconds; else an age was due)"
    return [
        Row("bytes in a second in which nothing shown changes", silent, "0", median(still) == 0),
        _bytes_row("bytes for one changed row", row, 300),
        _bytes_row("bytes for one changed line of the pane", line, 450),
        _bytes_row("bytes for one `j`, panes of one line", move, 1000),
    ]


def _bytes_row(what: str, counts: list[int], reach: int) -> Row:
    if not counts:
        return Row(what, "it never changed alone", f"≤ {reach:,}", False)
    return Row(
        what, f"{median(counts):.0f} (median of {len(counts)}, most {max(counts)})", f"≤ {reach:,}", median(counts) <= reach
    )


def _rows(running: Terminal, fleet: Fleet, people: Iterable[Resident]) -> Iterator[int]:
    """Yields the bytes of each time that one row alone changed: in a second in which ages turn over, or whoever spoke before
    falls silent, others do too.
    """
    for one in people:
        before = running.screen.splitlines()
        sent = _after(running, fleet, one, "\\r.")
        if sum(map(ne, before, running.screen.splitlines())) == 1:
            yield sent


def _bytes_of_a_second(running: Terminal) -> int:
    before = len(running.seen)
    time.sleep(1)
    return len(running.seen) - before


def _after(running: Terminal, fleet: Fleet, one: Resident, text: str) -> int:
    before = len(running.seen)
    fleet.say(one, text)
    running.writes(before)
    return running.quiet(before)


def _after_key(running: Terminal) -> int:
    before = len(running.seen)
    running.type(b"j")
    return running.quiet(before, 0.5)


def scale(few: Fleet, many: Fleet, plan: Plan) -> list[Row]:
    """Two idle towns looked at at once, a small one and a large one."""
    with terminal(console(few, "control"), few.env) as small, terminal(console(many, "control"), many.env) as large:
        settled(small)
        settled(large)
        pids = (small.process.pid, large.process.pid)
        before = [cpu(pid) for pid in pids]
        time.sleep(plan.window)
        little, much = (100 * (cpu(pid) - then) / plan.window for pid, then in zip(pids, before, strict=True))
    what = f"idle, {len(many.people)} agents against {len(few.people)}"
    return [Row(what, f"{much:.2f} % against {little:.2f} %", "≤ 4 ×", much <= 4 * little, f"{much / little:.1f} ×")]


def memory(fleet: Fleet, plan: Plan) -> list[Row]:
    """A console that has seen thousands of births and deaths: of real processes, only the answers of tmux are made up."""
    with terminal(MINIMAL, fleet.env) as running:
        running.shows("ready")
        least = pss(running.process.pid)
    with terminal(console(fleet), fleet.env) as running:
        settled(running)
        fresh = pss(running.process.pid)
    with tempfile.NamedTemporaryFile() as file:
        argv = [str(HERE / "births.py"), str(fleet.root), file.name, str(plan.births)]
        with terminal(argv, fleet.env) as running:
            wait_for(lambda: b"end" in Path(file.name).read_bytes() or running.process.poll() is not None, 120)
            if running.process.poll() is not None:
                raise RuntimeError(f"the console ended:\n{running.screen}")
        told = [line.split() for line in Path(file.name).read_text().splitlines() if "end" not in line]
    births, sizes = zip(*((int(born), float(size)) for born, size in told), strict=True)
    part = max(1, len(sizes) // 5)
    # The first fifth fills what is kept on purpose.
    last, grown = median(sizes[-part:]), median(sizes[-part:]) - median(sizes[-part * 4 :][:part])
    what = f"memory, {len(fleet.people)} agents, after {births[-1]:,} births and deaths"
    measured = f"{last:.1f} MB PSS ({fresh:.1f} at the start; {grown:+.1f} since the second fifth of them)"
    met = max(sizes) <= 80 and fresh <= 80 and grown <= NOISE_MB
    return [
        Row(what, measured, f"≤ 80 MB, no growth (noise: {NOISE_MB:g} MB)", met, f"{last / least:.1f} × a minimal Textual app")
    ]
