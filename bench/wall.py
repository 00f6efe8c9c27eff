"""What the Wall costs: twelve agents at work, each with a spinner that turns five times a second, on a large terminal."""

from __future__ import annotations

import time
from dataclasses import replace

from .costs import Cost, Sight, cost, cost_row
from .judged import SCENES, WORKING, painted, scene, spinner
from .plan import Plan
from .table import Row

AGENTS = 12
SIGHT = Sight(keys=b"2", size=(300, 100), rate=5.0)


def rows(plan: Plan) -> list[Row]:
    """Measures in a town of its own."""
    working = scene(SCENES / WORKING)
    with painted(AGENTS, working) as fleet:
        time.sleep(plan.aged)
        return [
            _row(backend, cost(fleet, fleet.people, backend, plan.window, spinner(working), SIGHT))
            for backend in ("control", "fork")
        ]


def _row(backend: str, spent: Cost) -> Row:
    what = f"Wall, {AGENTS} panes at 5 Hz, 300×100, {backend}"
    row = cost_row(what, 5.0, spent, f"; {spent.sent / 1000:.1f} kB/s")
    return replace(row, reach=f"{row.reach}; ≤ 4 kB/s", met=row.met and spent.sent <= 4000)
