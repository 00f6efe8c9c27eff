"""How fast: deaths, first frames, one look, keys. Each against something plain that was measured in the same minute."""

from __future__ import annotations

import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path
from statistics import median

from gastown_tui.demo.roster import Resident, rigs

from .fleet import Fleet, kill, wait_for
from .meters import children, p99
from .plan import Plan
from .table import Row
from .terminal import Terminal, terminal

HERE = Path(__file__).parent
MINIMAL = [str(HERE / "minimal.py")]
MISSED = 5.0
READY = r"mayor +(?:working|idle|unknown|starting)"
# Beside the names of the columns, above the pane, stands who is chosen.
CHOSEN = re.compile(r"│ ([a-z]+(?:/[a-z]+)*)  \S (?:working|idle|unknown|starting)")


def console(fleet: Fleet, backend: str = "auto") -> list[str]:
    return ["-m", "gastown_tui", *fleet.options, "--backend", backend]


def settled(running: Terminal, backend: str = "control") -> None:
    """Waits for the first picture, and until tmux is asked by the wanted road."""
    running.shows(READY)
    if backend == "control":
        wait_for(lambda: children(running.process.pid))
    running.quiet(0, 1.1, 2.5)


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f}" if seconds >= 0.01 else f"{seconds * 1000:.1f}"


def victims(fleet: Fleet, count: int) -> Iterator[Resident]:
    """Yields workers of the rig that is listed first, again and again: rows that are on the screen, and nobody revives."""
    first = min(rig.name for rig in rigs(len(fleet.people)))
    workers = [one for one in fleet.people if one.rig == first and one.name]
    return islice(cycle(workers), count)


def deaths(fleet: Fleet, plan: Plan) -> list[Row]:
    """From the kill of an agent's process to the line of `watch`, and to the change on the screen; each is revived after."""
    size = len(fleet.people)
    floor = median([_until_tmux_knows(fleet, one) for one in victims(fleet, max(3, plan.deaths // 3))])
    return [
        _death_row(f"killed → line of `watch`, {size} agents", _line_delays(fleet, plan.deaths), 0.03, 0.15, floor),
        _death_row(f"killed → change on screen, {size} agents", _screen_delays(fleet, plan.deaths), 0.06, 0.3, floor),
    ]


def _death_row(what: str, delays: list[float], reach: float, reach99: float, floor: float) -> Row:
    found, found99 = median(delays), p99(delays)
    measured = f"{ms(found)} / {ms(found99)} ms (median / p99 of {len(delays)})"
    met = found <= reach and found99 <= reach99
    return Row(what, measured, f"≤ {ms(reach)} / {ms(reach99)} ms", met, f"{found / floor:.1f} × asking `tmux` all the time")


def _until_tmux_knows(fleet: Fleet, one: Resident) -> float:
    """Returns how long it takes until `tmux has-session`, asked again and again, no longer knows a killed agent's session."""
    pid = fleet.pids()[one.session]
    began = kill(pid)
    line = ["tmux", "-L", "bench", "has-session", "-t", f"={one.session}"]
    while (
        time.monotonic() - began < MISSED
        and subprocess.run(line, env=fleet.env, capture_output=True, check=False).returncode == 0
    ):
        pass
    took = time.monotonic() - began
    _revive(fleet, one)
    return took


def _line_delays(fleet: Fleet, count: int) -> list[float]:
    with terminal(["-m", "gastown_tui", "watch", "--json", "--initial", *fleet.options], fleet.env) as running:
        running.says(b'"mayor"')
        wait_for(lambda: children(running.process.pid))

        def line(one: Resident, since: int) -> float:
            return running.says(rf'"{one.address}"[^\n]*"dead"'.encode(), since, MISSED)

        return [_delay(fleet, one, running, line) for one in victims(fleet, count)]


def _screen_delays(fleet: Fleet, count: int) -> list[float]:
    with terminal(console(fleet), fleet.env) as running:
        settled(running)

        def row(one: Resident, _since: int) -> float:
            return running.shows(f"{one.role} {one.name} +dead", MISSED)

        return [_delay(fleet, one, running, row) for one in victims(fleet, count)]


def _delay(fleet: Fleet, one: Resident, running: Terminal, told: Callable[[Resident, int], float]) -> float:
    pid = fleet.pids()[one.session]
    # Anywhere between two listings, not in step with them.
    time.sleep(random.uniform(0.3, 0.8))
    since, began = len(running.seen), kill(pid)
    try:
        return told(one, since) - began
    except TimeoutError:
        return MISSED
    finally:
        _revive(fleet, one)


def _revive(fleet: Fleet, one: Resident) -> None:
    # A tmux before 3.6 may not have noticed the end, and would refuse a second session of that name.
    if one.session in fleet.pids():
        subprocess.run(["tmux", "-L", "bench", "kill-session", "-t", f"={one.session}"], env=fleet.env, check=False)
    fleet.begin([one])


def first_frame(fleet: Fleet, plan: Plan) -> list[Row]:
    """From the start of the program to the first agent's name, against the first text of a minimal Textual application."""
    ours, least = [], []
    for _ in range(plan.starts):
        ours.append(_first(console(fleet), fleet, "mayor"))
        least.append(_first(MINIMAL, fleet, "ready"))
    ratio = median(ours) / median(least)
    what = f"first frame with real data, {len(fleet.people)} agents"
    spread = f"{ms(median(ours))} ms (median of {len(ours)}, least {ms(min(ours))})"
    return [Row(what, spread, "≤ 1.4 × a minimal Textual app", ratio <= 1.4, f"{ratio:.2f} × {ms(median(least))} ms")]


def _first(argv: list[str], fleet: Fleet, text: str) -> float:
    with terminal(argv, fleet.env) as running:
        return running.shows(text) - running.began


def one_look(fleet: Fleet, plan: Plan, what: str = "", reach: float = 0.15) -> list[Row]:
    """`status --json` as a script calls it, and every process that it starts. `reach` is in seconds."""
    ours, bare = [], []
    for _ in range(plan.looks):
        ours.append(_run(["-m", "gastown_tui", "status", "--json", *fleet.options], fleet))
        bare.append(_run(["-c", "pass"], fleet))
    with tempfile.NamedTemporaryFile() as file:
        _run([str(HERE / "counted.py"), file.name, "status", "--json", *fleet.options], fleet)
        started = len(Path(file.name).read_bytes())
    took = median(ours)
    return [
        Row(
            f"`status --json`, {len(fleet.people)} agents{what}",
            f"{ms(took)} ms (median of {len(ours)}, least {ms(min(ours))}); processes started: {started}",
            f"≤ {ms(reach)} ms; 1 process",
            took <= reach and started == 1,
            f"{took / median(bare):.1f} × `python -c pass`",
        )
    ]


def _run(argv: list[str], fleet: Fleet) -> float:
    began = time.monotonic()
    done = subprocess.run([sys.executable, *argv], env=fleet.env, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return time.monotonic() - began


def keys(fleet: Fleet, plan: Plan) -> list[Row]:
    """From a key to the changed name above the pane, while every agent prints; and three keys that arrive as one packet."""
    with fleet.chatter(fleet.people), terminal(console(fleet), fleet.env) as running:
        settled_busy(running)
        ours, names = _press(running, plan.keys)
        together = _press_together(running, names)
    with terminal(MINIMAL, fleet.env) as least:
        least.shows("ready")
        floor = [_press_minimal(least, number + 1) for number in range(plan.keys)]
    measured = f"{ms(median(ours))} / {ms(p99(ours))} ms (p50 / p99 of {len(ours)})"
    met = median(ours) <= 0.015 and p99(ours) <= 0.05
    ratio = f"{median(ours) / median(floor):.1f} × a minimal Textual app"
    return [
        Row(f"key → screen, {len(fleet.people)} agents, all printing", measured, "≤ 15 / ≤ 50 ms", met, ratio),
        Row("`jjj` in one packet", f"moves {together} rows", "3 rows", together == 3),
    ]


def settled_busy(running: Terminal) -> None:
    """Waits for the first picture and the control connection where silence never comes."""
    running.shows(READY)
    wait_for(lambda: children(running.process.pid))
    time.sleep(2)


def _chosen(running: Terminal) -> str:
    """Returns whose pane is shown."""
    found = CHOSEN.search(running.screen)
    return found[1] if found else ""


def _press(running: Terminal, count: int) -> tuple[list[float], list[str]]:
    """Walks down and up; returns the delays, and the names on the way down."""
    names, delays = [_chosen(running)], []
    rows = min(30, count)
    for number in range(count):
        time.sleep(random.uniform(0.02, 0.08))
        pressed = running.type(b"j" if number // rows % 2 == 0 else b"k")
        delays.append(running.until(lambda: _chosen(running) not in ("", names[-1])) - pressed)
        names.append(_chosen(running))
    return delays, names[: rows + 1]


def _press_together(running: Terminal, names: list[str]) -> int:
    """Returns how many rows `jjj` moves from the first one."""
    running.type(b"g")
    running.until(lambda: _chosen(running) == names[0])
    running.type(b"jjj")
    time.sleep(0.5)
    return names.index(_chosen(running))


def _press_minimal(running: Terminal, number: int) -> float:
    time.sleep(random.uniform(0.02, 0.08))
    pressed = running.type(b"j")
    return running.shows(rf"pressed {number}\b") - pressed
