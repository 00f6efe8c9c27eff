"""A hundred thousand beads: what the first reading costs, who waits meanwhile, and what one change costs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from gastown_tui.observe.beads.book import Book
from gastown_tui.observe.beads.source import FIRST_S, BeadSource
from gastown_tui.settings import clock, collect_seldom
from gastown_tui.town.beads.index import Index

from .meters import p99, peak
from .plan import Plan
from .table import Row

BEAT_S = 0.005
# Most of a database is history.
CLOSED = 0.85
STAMP = "2026-11-21T09:17:12Z"


def rows(plan: Plan) -> list[Row]:
    count = 10 * plan.births
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / ".beads").mkdir()
        export = Path(folder) / ".beads/issues.jsonl"
        export.write_text("".join(lines(count)))
        spent, parsed, held = zip(*(_first(export) for _ in range(plan.starts)), strict=True)
        cpu, most = median(spent), max(held)
        collect_seldom()
        late, took = asyncio.run(_watched(folder))
        changed = _changed(export, plan)
    worst = max(late) * 1000
    return [
        Row(
            f"{count:,} beads, first load → queues",
            f"{cpu:.2f} s of CPU (median of {len(spent)}; {cpu / median(parsed):.1f} × their `json.loads`), {most} MB",
            "≤ 0.6 s in a worker, ≤ 200 MB",
            cpu <= 0.6 and most <= 200,
        ),
        Row(
            f"{count:,} beads read behind the console: how late a key is taken",
            f"{worst:.0f} ms at most, p99 {p99(late) * 1000:.0f} ms, in {took:.1f} s",
            "≤ 50 ms",
            worst <= 50,
        ),
        Row(
            f"one changed line among {count:,}",
            f"{median(changed) * 1000:.2f} ms (most {max(changed) * 1000:.2f})",
            "≤ 10 ms",
            max(changed) <= 0.01,
        ),
    ]


def lines(count: int) -> Iterator[str]:
    """Yields the lines of an export, each bead needing up to two of the five hundred before it."""
    dice = random.Random(3)
    for number in range(count):
        near = range(max(0, number - 500), number)
        needs = [
            {"issue_id": f"gt-{number:05x}", "depends_on_id": f"gt-{dice.choice(near):05x}", "type": kind, "metadata": "{}"}
            for kind in dice.sample(("blocks", "parent-child", "related"), dice.choice((0, 0, 1, 2)) if number else 0)
        ]
        open_ = dice.choice(("open", "open", "open", "hooked", "in_progress", "deferred"))
        told = {
            "_type": "issue",
            "id": f"gt-{number:05x}",
            "title": f"Make the {number}th thing as good as the others are",
            "description": "A text of some length that says what is wrong.\n" * 4,
            "status": "closed" if dice.random() < CLOSED else open_,
            "priority": dice.randrange(5),
            "issue_type": "task",
            "created_at": STAMP,
            "updated_at": STAMP,
            **({"dependencies": needs} if needs else {}),
        }
        yield json.dumps(told, separators=(",", ":")) + "\n"


def _first(export: Path) -> tuple[float, float, int]:
    """Returns (CPU seconds of reading it all, of parsing every line, MB), in a process that has the console loaded."""
    done = subprocess.run([sys.executable, "-m", "bench.beads", str(export)], capture_output=True, text=True, check=True)
    cpu, parse, held = done.stdout.split()
    return float(cpu), float(parse), int(held)


async def _watched(folder: str) -> tuple[list[float], float]:
    """Returns by how much the loop was late while all was read behind it, and how long that took."""
    book, done = Book(), asyncio.Event()
    book.on_change(done.set)
    watching = asyncio.create_task(BeadSource(folder, clock, book, lambda _: None, None).run())
    began, late = time.monotonic(), []
    while not done.is_set() and time.monotonic() - began < 120:
        at = time.monotonic()
        await asyncio.sleep(BEAT_S)
        late.append(time.monotonic() - at - BEAT_S)
    took = time.monotonic() - began - FIRST_S
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching
    return late, took


def _changed(export: Path, plan: Plan) -> list[float]:
    raws = export.read_bytes().splitlines()
    index, waits = Index(), list[float]()
    index.replace(raws)
    for raw in random.Random(5).sample(raws, max(20, plan.looks)):
        began = time.process_time()
        index.put(raw.replace(b'"status":"closed"', b'"status":"open"').replace(b"Make", b"Remake"))
        waits.append(time.process_time() - began)
    return waits


def _main(export: Path) -> None:
    import gastown_tui.ui.app  # noqa: F401 (what the worker loads is what the console lacks)
    from gastown_tui.observe.beads.store import Store
    from gastown_tui.town.snapshot import Moment

    collect_seldom()
    began = time.process_time()
    Store(str(export.parent.parent)).look(Moment(time.time(), 0.0))
    cpu, held = time.process_time() - began, peak(os.getpid())
    raws = export.read_bytes().splitlines()
    began = time.process_time()
    for raw in raws:
        json.loads(raw)
    sys.stdout.write(f"{cpu} {time.process_time() - began} {held:.0f}")


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
