"""The fleet ribbon: three hundred agents, each with a busy day, drawn and moved on by a minute."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from statistics import median
from typing import cast

from textual.app import App, ComposeResult
from textual.geometry import Region

from gastown_tui.settings import collect_seldom
from gastown_tui.town.ribbon import CODES, DAY, Ribbon
from gastown_tui.town.snapshot import State
from gastown_tui.ui.widgets import ribbon as drawn

from .plan import Plan
from .table import Row

SIZE = (200, 60)
AGENTS = 300
# 2026-11-21 10:42 UTC; what is drawn does not depend on when it is measured.
MINUTE = 29920962


def day(agents: int) -> Ribbon:
    """Returns a day in which nobody is one thing for longer than an hour."""
    ribbon, chance = Ribbon(), random.Random(5)
    ribbon.turn(MINUTE)
    for number in range(agents):
        codes = b"".join(bytes([chance.randrange(len(CODES))]) * chance.randint(1, 60) for _ in range(DAY))[:DAY]
        ribbon.add(f"rig/polecats/p{number}", MINUTE - DAY + 1, codes, bytes(DAY))
    return ribbon


def next_minute(history: Ribbon, minute: int) -> dict[str, State]:
    """Returns what everybody is in a minute: what they were, but one in ten changes."""
    before = {agent_id: history.cells(agent_id, minute - 1, 1)[0] for agent_id in history.agents}
    codes = {
        agent_id: code if (number + minute) % 10 else code % 11 + 1 for number, (agent_id, code) in enumerate(before.items())
    }
    return {agent_id: CODES[code] or State.IDLE for agent_id, code in codes.items()}


class Stage(App[None]):
    """The ribbon alone on a screen."""

    CSS = "Ribbon { width: 100%; height: 100%; }"

    def compose(self) -> ComposeResult:
        yield drawn.Ribbon("ribbon")


async def times(step: int, rounds: int) -> tuple[list[float], list[float]]:
    """Returns the milliseconds of first drawings and of a minute's steps, at `step` minutes a cell."""
    first, steps = list[float](), list[float]()
    # As in the console.
    collect_seldom()
    for _ in range(rounds):
        history = day(AGENTS)
        rows = [drawn.Past(agent_id, agent_id, State.WORKING) for agent_id in history.agents]
        stage = Stage()
        async with stage.run_test(size=SIZE) as pilot:
            widget = cast(drawn.Ribbon, stage.query_one("#ribbon"))
            for minute in range(MINUTE, MINUTE + 6):
                states = next_minute(history, minute) if minute > MINUTE else {}
                began = time.thread_time()
                history.turn(minute)
                for agent_id, state in states.items():
                    history.mark(agent_id, minute, state)
                scene = drawn.Scene(rows, rows[7].agent_id, minute, step, "gastown-dark", back=3)
                widget.show(scene, history)
                # As Textual's compositor asks for it.
                widget.render_lines(Region(0, 0, *SIZE))
                (steps if minute > MINUTE else first).append((time.thread_time() - began) * 1000)
                await pilot.pause()
    return first, steps


def rows(plan: Plan) -> list[Row]:
    """From the day to finished lines, 58 rows of 300 on 200×60; what the terminal then takes is not in it."""
    return list(_rows(plan))


def _rows(plan: Plan) -> Iterator[Row]:
    for step in (1, 15):
        first, steps = asyncio.run(times(step, max(2, plan.starts)))
        what = f"ribbon, 300 agents × 24 h, {step} min a cell"
        yield _row(f"{what}: first drawn", first, 50)
        yield _row(f"{what}: one minute's step", steps, 5)


def _row(what: str, taken: list[float], reach: float) -> Row:
    found = median(taken)
    return Row(what, f"{found:.1f} ms (median of {len(taken)}, most {max(taken):.1f})", f"≤ {reach:g} ms", found <= reach)
