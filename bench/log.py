"""The automonitor's log: how soon a line is told, who waits while a hundred thousand come, and what a long one costs to open."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from gastown_tui.observe.log_book import Book
from gastown_tui.observe.monitor_log import LOG, MonitorFolder
from gastown_tui.observe.monitor_source import POLL_S, MonitorSource
from gastown_tui.settings import clock, collect_seldom

from .meters import p99
from .plan import Plan
from .table import Row

LINE = '{"ts":"2026-11-21T10:42:05Z","level":"INFO","component":"handoff","message":"Session gt-crew-jack age: 45m → OK"}\n'
BURST = 100_000
BEAT_S = 0.005
GIGABYTE = 1 << 30


def rows(plan: Plan) -> list[Row]:
    """In the process that follows, without a terminal: what is drawn of a line is one row."""
    with tempfile.TemporaryDirectory() as folder:
        told, late, counted, took = asyncio.run(_followed(Path(folder), plan))
    worst = max(late) * 1000
    return [
        Row(
            "a line appended to the log → told to the screens",
            f"{median(told) * 1000:.0f} ms (median of {len(told)}, most {max(told) * 1000:.0f})",
            "≤ 100 ms",
            median(told) <= 0.1,
        ),
        Row(
            f"{BURST:,} new lines followed: how late a key is taken",
            f"{worst:.0f} ms at most, p99 {p99(late) * 1000:.0f} ms, in {took:.1f} s; {counted:,} lines counted",
            "≤ 50 ms; all lines",
            worst <= 50 and counted == BURST,
        ),
        _opened(plan),
    ]


async def _followed(folder: Path, plan: Plan) -> tuple[list[float], list[float], int, float]:
    """Returns the seconds until a line was told, by how much the loop was late in a burst, its lines, and its seconds."""
    # As in the console; all that is measured besides is loaded here as well.
    collect_seldom()
    log, book, told = folder / LOG, Book(), asyncio.Event()
    log.write_text(LINE)
    book.on_change(told.set)
    following = asyncio.create_task(MonitorSource(MonitorFolder(str(folder)), clock, book, lambda _: None).run())
    # It is woken by changes once its first pause is over.
    await asyncio.sleep(POLL_S + 1)
    waits = [await _appended(log, told) for _ in range(max(3, plan.looks))]
    before, began = book.first + len(book.lines), time.monotonic()
    with log.open("a") as file:
        file.writelines([LINE] * BURST)
    late: list[float] = []
    while (counted := book.first + len(book.lines) - before) < BURST and time.monotonic() - began < 60:
        at = time.monotonic()
        await asyncio.sleep(BEAT_S)
        late.append(time.monotonic() - at - BEAT_S)
    took = time.monotonic() - began
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following
    return waits, late, counted, took


async def _appended(log: Path, told: asyncio.Event) -> float:
    told.clear()
    began = time.monotonic()
    with log.open("a") as file:
        file.write(LINE)
    await told.wait()
    took = time.monotonic() - began
    # An odd while, so that no two waits meet the watcher at the same point of its step.
    await asyncio.sleep(0.213)
    return took


def _opened(plan: Plan) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        short, long = (_town(Path(folder, name), size) for name, size in (("short", 0), ("long", GIGABYTE)))
        pairs = [(_status(short), _status(long)) for _ in range(plan.looks)]
    first, second = (median([pair[which] for pair in pairs]) for which in (0, 1))
    return Row(
        "`status --json` with a log of 1 GB",
        f"{second * 1000:.0f} ms (median of {len(pairs)})",
        "≤ 1.5 × a log of 1 kB",
        second <= 1.5 * first,
        f"{second / first:.2f} × a log of 1 kB",
    )


def _town(root: Path, size: int) -> Path:
    """Makes a town without a server whose log is as long, with lines for as much as is ever read of it at its end."""
    folder = root / "settings" / "automonitor"
    folder.mkdir(parents=True)
    with (folder / LOG).open("w") as log:
        log.seek(size)
        log.write("\n" + LINE * (10 if not size else 20_000))
    return root


def _status(root: Path) -> float:
    env = {"PATH": os.environ["PATH"], "HOME": str(root), "TMUX_TMPDIR": str(root)}
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "gastown_tui", "status", "--json", "--town", str(root)], env=env, capture_output=True, check=True
    )
    return time.monotonic() - began
