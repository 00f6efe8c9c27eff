"""`python -m bench`: measures, and prints the table. `--write` renews RESULTS.md, and the table in the README."""

from __future__ import annotations

import argparse
import compileall
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import gastown_tui

from . import beads, costs, judged, kiosk, log, ribbon, speeds, wall
from .fleet import Fleet, fleets
from .plan import QUICK, Plan
from .table import README, RESULTS, Row, machine, markdown, reasons, results, shortened

FIRST_FRAME = 20
# In this order: what wants a quiet, old town comes before what kills and revives.
_QUIET = ("first", "status", "bytes", "forks", "steady", "scale")
NAMES = (*_QUIET, "keys", "deaths", "memory", "judged", "wall", "ribbon", "log", "beads")
# A whole day of the kiosk takes long, hurried as it is: it is measured by itself.
SOAKS = ("kiosk",)


def measures(towns: dict[int, Fleet], plan: Plan) -> dict[str, Callable[[], list[Row]]]:
    """Returns how each name is measured."""
    middle, large = towns[plan.middle], towns[plan.large]
    return {
        "first": lambda: speeds.first_frame(towns[FIRST_FRAME], plan),
        "status": lambda: speeds.one_look(middle, plan),
        "bytes": lambda: costs.line_bytes(middle, plan),
        "forks": lambda: costs.forks(middle, plan),
        "steady": lambda: costs.steady(middle, plan),
        "scale": lambda: costs.scale(towns[plan.small], large, plan),
        "keys": lambda: speeds.keys(large, plan),
        "deaths": lambda: [*speeds.deaths(middle, plan), *speeds.deaths(large, plan)],
        "memory": lambda: costs.memory(large, plan),
        "judged": lambda: judged.rows(plan),
        "wall": lambda: wall.rows(plan),
        "ribbon": lambda: ribbon.rows(plan),
        "log": lambda: log.rows(plan),
        "beads": lambda: beads.rows(plan),
        "kiosk": lambda: kiosk.rows(plan),
    }


def measure(names: list[str], plan: Plan) -> Iterator[Row]:
    """Yields the rows as they are found."""
    with fleets(plan.small, FIRST_FRAME, plan.middle, plan.large) as towns:
        how = measures(towns, plan)
        for name in names:
            if name not in ("first", "status"):
                _wait_for_age(towns, plan.aged)
            began = time.monotonic()
            for row in how[name]():
                sys.stderr.write(f"  {row.what}: {row.measured}{'' if row.met else '   NOT REACHED'}\n")
                yield row
            sys.stderr.write(f"{name}: {time.monotonic() - began:.0f} s\n")


def _wait_for_age(towns: dict[int, Fleet], seconds: float) -> None:
    """Waits until no age in any town is shown in seconds any more: those change in every row every second."""
    time.sleep(max(0.0, max(town.born for town in towns.values()) + seconds - time.monotonic()))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="see that the measuring works; the numbers mean little")
    parser.add_argument(
        "--only", nargs="+", choices=(*NAMES, *SOAKS), default=list(NAMES), metavar="NAME", help=", ".join((*NAMES, *SOAKS))
    )
    parser.add_argument("--write", action="store_true", help="renew bench/RESULTS.md and the table in the README")
    wish = parser.parse_args()
    if wish.write and (wish.quick or len(wish.only) < len(NAMES)):
        parser.error("RESULTS.md is written whole and from a full run: no --quick, no --only")
    signal.signal(signal.SIGTERM, _end)
    compileall.compile_dir(str(Path(gastown_tui.__file__).parent), quiet=1)
    began, where = time.monotonic(), [f"before: {machine()}"]
    rows = list(measure([name for name in (*NAMES, *SOAKS) if name in wish.only], QUICK if wish.quick else Plan()))
    where += [f"after {time.monotonic() - began:.0f} s: {machine()}"]
    sys.stdout.write("\n".join([*where, "", markdown(rows), ""]))
    if wish.write:
        old = RESULTS.read_text("utf-8") if RESULTS.exists() else ""
        new = results(rows, "python -m bench --write", where, reasons(old))
        RESULTS.write_text(new, "utf-8")
        README.write_text(README.read_text("utf-8").replace(shortened(old), shortened(new)), "utf-8")


def _end(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)


main()
