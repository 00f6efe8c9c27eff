"""A day of the kiosk in minutes, on a town whose agents die and come back: what it keeps, and what its Wall costs."""

from __future__ import annotations

import itertools
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from .costs import NOISE_MB, server_share
from .fleet import CHATTER, Fleet, fleets, kill, wait_for
from .meters import cpu, own, own_cpu
from .plan import Plan
from .speeds import HERE, console
from .table import Row
from .terminal import terminal

# So many pages are shown in a day, 20 s each.
DAY = 4320
CHURN_S = 1.0
WARM = 0.1
# In a tenth of a day they print more than is kept of it on purpose: rows that were parsed and judged.
FLOOD = 5.0
SIZE = (200, 60)
PATIENCE_S = 1800.0


def rows(plan: Plan) -> list[Row]:
    """Measures in a town of its own."""
    with fleets(plan.middle) as towns, towns[plan.middle].chatter(towns[plan.middle].people[: plan.middle // 5], CHATTER):
        time.sleep(plan.aged)
        return [_wall(towns[plan.middle], plan), _day(towns[plan.middle], plan)]


@contextmanager
def churn(fleet: Fleet) -> Iterator[None]:
    """While it lasts, every second an agent dies, and the one that died before is started again."""
    over = threading.Event()

    def turn() -> None:
        before = None
        for one in itertools.cycle(fleet.people):
            if over.wait(CHURN_S):
                return
            if before is not None:
                fleet.begin([before])
            pid = fleet.pids().get(one.session)
            if pid is not None:
                kill(pid)
                wait_for(lambda one=one: one.session not in fleet.pids())
            before = one

    turning = threading.Thread(target=turn, daemon=True)
    turning.start()
    try:
        yield
    finally:
        over.set()
        turning.join()


def _wall(fleet: Fleet, plan: Plan) -> Row:
    """The Wall that hangs there for as long as is measured, with its clock."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.toml"
        config.write_text("[kiosk]\nseconds = 3600\n")
        argv = [*console(fleet, "control")[:2], "kiosk", *console(fleet, "control")[2:], "--config", str(config)]
        alone = [server_share(fleet, plan.window / 2)]
        with terminal(argv, fleet.env, *SIZE) as running:
            running.shows(r"\d+ alive")
            time.sleep(3)
            before, server, began, sent = cpu(running.process.pid), own_cpu(fleet.pid), time.monotonic(), len(running.seen)
            time.sleep(plan.window)
            took, sent = time.monotonic() - began, len(running.seen) - sent
            ours = 100 * (cpu(running.process.pid) - before) / took
            beside = 100 * (own_cpu(fleet.pid) - server) / took
        alone.append(server_share(fleet, plan.window / 2))
    added = beside - 100 * median(alone)
    what = f"kiosk, {len(fleet.people)} agents, a fifth print, the Wall"
    measured = f"{ours + added:.2f} % ({ours:.2f} ours, {added:+.2f} server); {sent / took / 1000:.1f} kB/s"
    return Row(what, measured, "≤ 4 %", ours + added <= 4)


def _day(fleet: Fleet, plan: Plan) -> Row:
    """What it takes after a tenth of a day, and at its end."""
    with tempfile.NamedTemporaryFile() as file, churn(fleet):
        argv = [str(HERE / "hurried.py"), str(plan.turns), file.name, *fleet.options]
        with terminal(argv, fleet.env, *SIZE) as running:

            def turned(share: float) -> bool:
                return running.process.poll() is None and Path(file.name).stat().st_size >= share * plan.turns

            began = time.monotonic()
            with fleet.chatter(fleet.people, CHATTER, FLOOD):
                wait_for(lambda: turned(WARM), PATIENCE_S)
            first = own(running.process.pid)
            wait_for(lambda: turned((1 + WARM) / 2), PATIENCE_S)
            half = own(running.process.pid)
            wait_for(lambda: turned(1), PATIENCE_S)
            last, took = own(running.process.pid), time.monotonic() - began
    what = f"kiosk, a day of {plan.turns} pages, {len(fleet.people)} agents with a death a second"
    measured = (
        f"{first:.1f} MB of its own after a tenth, {half:.1f}, {last:.1f} at its end, after {took:.0f} s: {last - first:+.1f} MB"
    )
    return Row(what, measured, f"no growth (≤ {NOISE_MB:g} MB)", last - first <= NOISE_MB)
