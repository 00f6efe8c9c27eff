"""The rows of a picture by which an agent's state is told: what a person who doubts it should read."""

from __future__ import annotations

from functools import lru_cache

from gastown_tui.town.cells import parse_rows, plain
from gastown_tui.town.facts import Frame
from gastown_tui.town.programs import PROGRAMS
from gastown_tui.town.snapshot import Agent, State

from .readers import read_screen
from .screen import screen_of


def evidence_rows(agent: Agent, frame: Frame) -> frozenset[int]:
    """Returns the indices, from the top, of the rows that say what the agent is said to be; none where they say another thing.

    A picture knows neither its pane's width nor which of two programs of one runtime drew it: what is widest in it, and
    whoever reads that state in it, will do.
    """
    if not agent.alive:
        return frozenset()
    return _rows(agent.runtime, agent.state, agent.title, frame.rows, frame.caret)


@lru_cache(maxsize=64)
def _rows(runtime: str | None, state: State, title: str, rows: tuple[str, ...], caret: tuple[int, int] | None) -> frozenset[int]:
    width = max((len(plain(cells)) for cells in parse_rows(rows)), default=0)
    screen = screen_of(rows, title=title, caret=caret, width=width, height=len(rows))
    products = (program.product for program in PROGRAMS if program.runtime == runtime)
    readings = (read_screen(product, screen) for product in products)
    return next((frozenset(reading.rows) for reading in readings if reading.state is state), frozenset())
