"""The automonitor's folder under observation: woken by its changes, and by a slow poll that finds what wakes nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

from gastown_tui.town.facts import Fact
from gastown_tui.town.snapshot import Moment

from .log_book import Book
from .monitor_log import MonitorFolder

POLL_S = 2.0
# What is written without a pause is read, and told of, in good measure.
LEAST_S = 0.05
TELL_S = 1.0
# A change is told when nothing else changed in the next step.
STEP_MS = 40


class MonitorSource:
    """Puts what the folder says into `out`, and its log into the book, until cancelled."""

    def __init__(self, folder: MonitorFolder, clock: Callable[[], Moment], book: Book, out: Callable[[Fact], None]) -> None:
        self._folder = folder
        self._clock = clock
        self._book = book
        self._out = out
        self._wake = asyncio.Event()
        self._watched: tuple[int, int] | None = None
        self._watching: asyncio.Task[None] | None = None

    async def run(self) -> None:
        self._book.begin(lambda line: asyncio.to_thread(self._folder.earlier, line))
        try:
            await self._follow()
        finally:
            self._book.end()
            await self._watch(None)
            # Not waited for: a disk that hangs must not hold up the end.
            asyncio.get_running_loop().run_in_executor(None, self._folder.close)

    def look_now(self) -> None:
        self._wake.set()

    async def _follow(self) -> None:
        told = -TELL_S
        while True:
            self._wake.clear()
            now = self._clock()
            step = await asyncio.to_thread(self._folder.read, now)
            self._book.take(step.lines, step.state, step.torn)
            wait = max(0.0, told + TELL_S - now.mono) if step.lines else 0.0
            if step.fact is not None and not wait:
                self._out(step.fact)
                told = now.mono
            if not step.more:
                await self._pause(0.0 if step.soon else min(wait or POLL_S, POLL_S))
            # Not before the first pause: what watches takes a tenth of a second to load, while others draw for the first time.
            if step.folder != self._watched and self._book.heard:
                await self._watch(step.folder)

    async def _pause(self, most: float) -> None:
        await asyncio.sleep(LEAST_S)
        with suppress(TimeoutError):
            async with asyncio.timeout(most):
                await self._wake.wait()

    async def _watch(self, folder: tuple[int, int] | None) -> None:
        """Watches the folder that is there now, instead of the one before, if any."""
        self._watched = folder
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait({self._watching})
        self._watching = asyncio.create_task(self._notice()) if folder else None

    async def _notice(self) -> None:
        """Wakes us for changes in the folder, where the system tells of them."""
        with suppress(OSError, RuntimeError):
            awatch = await asyncio.to_thread(_import_awatch)
            async for _ in awatch(self._folder.path, recursive=False, step=STEP_MS, debounce=STEP_MS, watch_filter=None):
                self._wake.set()


def _import_awatch() -> Callable[..., AsyncIterator[Any]]:
    from watchfiles import awatch

    return awatch
