"""What it takes to judge screens: agents that look like recorded ones, a question on its way to a person, one changed screen."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from gastown_tui.town.activity.readers import read_screen
from gastown_tui.town.activity.screen import screen_of

from .costs import cost, cost_row
from .fleet import Fleet
from .plan import Plan
from .speeds import console, ms, one_look, settled_busy
from .table import Row
from .terminal import Terminal, terminal

SCENES = Path(__file__).parents[1] / "tests/data/scenes"
WORKING, ASKING = "claude-working-bypass-120x40", "claude-permission-bash-120x40"
PANE = (120, 40)
CHANGES = 9


class Scene(NamedTuple):
    """A recorded screen. `rows` are as tmux captured them."""

    meta: dict[str, Any]
    rows: list[str]

    @property
    def painting(self) -> str:
        """What a stand-in has to be told to paint it: an argument of `printf`, in one line."""
        x, y = self.meta["tmux"]["cursor"]
        rows = "\\r\\n".join(row.replace("\\", r"\\").replace("%", "%%") for row in self.rows)
        return rf"\033]2;{self.meta['tmux']['pane_title']}\007\033[0m\033[2J\033[H{rows}\033[{y + 1};{x + 1}H"

    @property
    def product(self) -> str:
        return str(self.meta.get("product") or {"kimi": "kimi-cli"}.get(self.meta["runtime"], self.meta["runtime"]))


def scene(folder: Path) -> Scene:
    return Scene(json.loads((folder / "meta.json").read_text()), (folder / "screen.ansi").read_text().split("\n")[: PANE[1]])


def spinner(working: Scene) -> str:
    """Returns what moves the row of the spinner on by a second: its time is the number that `format` puts there."""
    at = next(number for number, row in enumerate(working.rows) if "s · ↓" in row)
    return rf"\0337\033[{at + 1};1H\033[38;5;174m✽ Topsy-turvying… \033[38;5;246m({{}}s · ↓ 8 tokens)\033[0m\033[K\0338"


@contextmanager
def painted(size: int, working: Scene) -> Iterator[Fleet]:
    """Gives a town of which every screen is that of an agent at work."""
    fleet = Fleet(size, PANE)
    try:
        fleet.start()
        for one in fleet.people:
            fleet.say(one, working.painting)
        yield fleet
    finally:
        fleet.stop()


def rows(plan: Plan) -> list[Row]:
    """Measures in a town of its own."""
    working, asking = scene(SCENES / WORKING), scene(SCENES / ASKING)
    with painted(plan.middle, working) as fleet:
        time.sleep(plan.aged)
        what, found = f"steady, {plan.middle} agents, all print and are judged", []
        for backend, reach in (("control", 6.0), ("fork", 10.0)):
            spent = cost(fleet, fleet.people, backend, plan.window, spinner(working))
            found.append(cost_row(f"{what}, {backend}", reach, spent, f"; {_told(fleet)} told by their screens"))
        return [
            *found,
            *one_look(fleet, plan, ", every screen judged", 0.25),
            *_questions(fleet, plan, working, asking),
            _reading(),
        ]


def _told(fleet: Fleet) -> int:
    """Returns how many agents one look finds at work by what their screens show."""
    line = [sys.executable, "-m", "gastown_tui", "status", "--json", *fleet.options]
    agents = json.loads(subprocess.run(line, env=fleet.env, capture_output=True, check=True).stdout)["agents"]
    return sum(agent["state"] == "working" and agent["evidence"][0]["source"] == "pane" for agent in agents)


def _questions(fleet: Fleet, plan: Plan, working: Scene, asking: Scene) -> list[Row]:
    """From the painting of a question to its asker on the Problems screen, while all others print."""
    askers = fleet.people[-5:]
    delays = []
    with fleet.chatter(fleet.people[:-5], spinner(working)), terminal(console(fleet), fleet.env) as running:
        settled_busy(running)
        running.type(b"5")
        _leaves(running, "mayor")
        for one in islice(cycle(askers), plan.questions):
            time.sleep(random.uniform(0.3, 1.3))
            began = time.monotonic()
            fleet.say(one, asking.painting)
            delays.append(running.shows(one.address) - began)
            fleet.say(one, working.painting)
            _leaves(running, one.address)
    measured = f"{ms(median(delays))} ms (median of {len(delays)}, most {ms(max(delays))})"
    what = f"question appears → Problems screen, {len(fleet.people)} agents"
    return [Row(what, measured, "≤ 1000 ms", median(delays) <= 1)]


def _leaves(running: Terminal, text: str) -> None:
    running.until(lambda: text not in running.screen)


def _reading() -> Row:
    """Reads every recorded screen of one size again and again, each time with another row changed."""
    times = {folder.name: _read(scene(folder)) for folder in sorted(SCENES.glob("*-120x40"))}
    mean, worst = sum(times.values()) / len(times), max(times, key=times.__getitem__)
    measured = f"{mean * 1000:.2f} ms (mean of {len(times)} scenes, most {times[worst] * 1000:.2f}: {worst})"
    return Row("judging one changed screen of 120×40", measured, "≤ 0.3 ms", mean <= 0.0003)


def _read(recorded: Scene) -> float:
    tmux, (width, height) = recorded.meta["tmux"], PANE
    rows, times = list(recorded.rows), []
    for number in range(CHANGES + 1):
        at = number * len(rows) // (CHANGES + 1)
        changed = [*rows[:at], f"{rows[at]} {number}", *rows[at + 1 :]]
        began = time.perf_counter()
        screen = screen_of(
            changed,
            title=tmux["pane_title"],
            caret=tuple(tmux["cursor"]),
            width=width,
            height=height,
            alternate=tmux["alternate_on"],
        )
        read_screen(recorded.product, screen)
        times.append(time.perf_counter() - began)
    # The first time its rows are new too.
    return median(times[1:])
