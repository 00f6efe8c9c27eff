"""What the list tells of the last forty minutes and of restarts, and what that costs."""

from __future__ import annotations

import pytest
import scene

from gastown_tui.town.ribbon import Ribbon
from gastown_tui.town.snapshot import State
from gastown_tui.ui.ages import Ages
from gastown_tui.ui.app import Console
from gastown_tui.ui.roster import Row
from gastown_tui.ui.widgets.rows import Columns, Rows, Scene

NOW = int(scene.WALL // 60)
EMMA = "gastown/crew/emma"


def row(app: Console, name: str) -> str:
    return next(line for line in scene.text(app).splitlines() if name in line).partition("│")[0]


def seen(levels: dict[int, int]) -> scene.Eye:
    """An eye that saw one agent print that much, that many minutes ago."""
    eye = scene.Eye()
    eye.history = Ribbon()
    eye.history.turn(NOW)
    for ago, level in levels.items():
        eye.history.mark(EMMA, NOW - ago, State.WORKING, level)
    return eye


@pytest.mark.parametrize(
    ("levels", "shown"),
    [
        ({}, " " * 8),
        # It is 10:42: the cells are 10:05 to 10:09 and so on, the last 10:40 and 10:41.
        ({0: 9}, " " * 8),
        ({1: 9, 2: 1}, "       ▅"),
        ({3: 1}, "      ▁ "),
        ({7: 9, 6: 1}, "      ▅ "),
        ({37: 9, 38: 9}, "█       "),
        ({ago: (42 - ago) // 5 for ago in range(1, 38)}, "▁▂▃▄▅▆▇█"),
    ],
)
async def test_cells_of_five_minutes_each_without_the_one_that_is_not_over(levels: dict[int, int], shown: str) -> None:
    app = scene.console(seen(levels))
    async with app.run_test(size=(200, 30)):
        assert f"gt-9x1      {shown}  codex" in row(app, "crew emma")


async def test_restarts_are_told_where_somebody_counts_them() -> None:
    eye = scene.Eye()
    app = scene.console(eye)
    async with app.run_test(size=(200, 30)) as pilot:
        assert row(app, "crew jack").split()[-1] == "3"
        assert row(app, "crew emma").split()[-1] == "0"
        assert row(app, "witness          missing").split()[-1] == "claude", "nobody knows of a session that is not there"
        eye.town(scene.TOWN._replace(monitor=None))
        await pilot.pause()
        assert "↻" not in scene.text(app) and row(app, "crew jack").split()[-1] == "claude"


@pytest.mark.parametrize(
    ("width", "bead", "lately", "runtime", "restarts"),
    [(62, 0, 0, 0, 0), (73, 12, 0, 0, 0), (83, 12, 10, 0, 0), (92, 12, 10, 10, 0), (96, 12, 10, 10, 4), (119, 12, 10, 10, 4)],
)
def test_a_column_comes_where_there_is_room(width: int, bead: int, lately: int, runtime: int, restarts: int) -> None:
    rows = [Row(agent.id, agent.name, agent.rig or "", agent) for agent in scene.AGENTS]
    columns = Columns.of(Scene(rows, "", "mono", history=Ribbon(), restarts={}, full=True, longest=16), width)
    assert (columns.bead, columns.lately, columns.runtime, columns.restarts) == (bead, lately, runtime, restarts)
    assert columns.doing >= 12


async def test_the_list_is_drawn_again_when_a_minute_is_over() -> None:
    timeless = scene.AGENTS[0]._replace(agent_started=None, session_created=None, last_output=None)
    shown = Scene([Row(timeless.id, "mayor", "", timeless)], "", "mono", history=Ribbon(), longest=16)
    app, ages = scene.console(), Ages(scene.WALL)
    async with app.run_test(size=(200, 30)):
        app.screen.query_one(Rows).show(shown, ages)
    assert ages.next == 60 * (NOW + 1)
