"""`watch`: a line for every change, until the time is up, the awaited state is reached or somebody ends it."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
from collections.abc import Callable
from contextlib import suppress

from gastown_tui.town.changes import Changes
from gastown_tui.town.report import Document, nowhere_text
from gastown_tui.town.snapshot import Moment, Nowhere, State, Town
from gastown_tui.town.targets import TargetError, find

from .stream import Stream

REACHED, TIMED_OUT = 0, 1


class WatchError(Exception):
    """Nothing can be watched: no town, or a wish that makes no sense (`usage`)."""

    def __init__(self, code: str, message: str, remedy: str, *, usage: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.remedy = remedy
        self.usage = usage


class Watching:
    """Tells changes of one town. `until` is (state, target); `timeout` in seconds; `reader`: the descriptor that is told to."""

    def __init__(
        self,
        stream: Stream,
        clock: Callable[[], Moment],
        tell: Callable[[Document], None],
        *,
        initial: bool,
        until: tuple[str, str] | None,
        timeout: float | None,
        reader: int | None = None,
    ) -> None:
        if until and until[0] not in list(State):
            raise WatchError("state", f"{until[0]} is no state", "one of: " + ", ".join(State), usage=True)
        self._stream = stream
        self._clock = clock
        self._tell = tell
        self._initial = initial
        self._until = until
        self._timeout = timeout
        self._reader = reader
        self._changes = Changes()
        self._town: Town | None = None
        self._news = asyncio.Event()
        self._failure: BaseException | None = None
        self._ended: int | None = None

    def run(self) -> int:
        """Returns the exit code: 0 reached or time is up, 1 `--until` was not reached in time, 128 + a signal."""
        return asyncio.run(self._run())

    async def _run(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._end, 128 + number)
        if self._reader is not None and _is_pipe(self._reader):
            # The writing end of a pipe is never readable: it wakes us when nobody holds the other end any more.
            loop.add_reader(self._reader, self._end, REACHED)
        self._stream.subscribe(self._see, lambda _: None)
        observing = asyncio.create_task(self._stream.run())
        observing.add_done_callback(lambda _: self._news.set())
        began = self._clock().mono
        try:
            while self._ended is None and not observing.done():
                await self._wait(began)
                self._step(began)
            if self._failure:
                raise self._failure
            if observing.done() and not observing.cancelled():
                observing.result()
        finally:
            observing.cancel()
            with suppress(asyncio.CancelledError):
                await observing
        return self._ended or REACHED

    def _end(self, code: int) -> None:
        self._ended = code
        self._news.set()

    def _see(self, town: Town | Nowhere) -> None:
        """Tells at once: a line must not wait for another turn of the loop."""
        if self._ended is not None or self._failure:
            return
        if isinstance(town, Nowhere):
            if self._town is None:
                self._failure = WatchError("no_town", nowhere_text(town), town.remedy)
                self._end(REACHED)
            return
        first, self._town = self._town is None, town
        try:
            if first and self._until:
                self._check_target(town, self._until[1])
            self._tell_changes()
            self._check_until()
        except (WatchError, OSError) as error:
            self._failure = error
            self._end(REACHED)
        self._news.set()

    def _check_target(self, town: Town, target: str) -> None:
        try:
            find(town, target)
        except TargetError as error:
            raise WatchError("target", str(error), error.remedy, usage=True) from None

    def _tell_changes(self) -> None:
        if self._town is not None:
            for document in self._changes.take(self._town, self._clock(), initial=self._initial):
                self._tell(document)

    def _check_until(self) -> None:
        if self._until and self._town and self._ended is None:
            with suppress(TargetError):
                agent = find(self._town, self._until[1])
                if agent.state == self._until[0]:
                    self._changes.hurry(agent.id)
                    self._tell_changes()
                    self._end(REACHED)

    async def _wait(self, began: float) -> None:
        dues = [due for due in (self._changes.next_at(), self._deadline(began)) if due is not None]
        self._news.clear()
        if self._ended is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, min(dues) - self._clock().mono) if dues else None):
                    await self._news.wait()

    def _deadline(self, began: float) -> float | None:
        return None if self._timeout is None else began + self._timeout

    def _step(self, began: float) -> None:
        """Tells what has lasted long enough by now, and ends when the time is up."""
        if self._ended is None and (due := self._changes.next_at()) is not None and self._clock().mono >= due:
            try:
                self._tell_changes()
            except OSError as error:
                self._failure = error
                self._end(REACHED)
        deadline = self._deadline(began)
        if self._ended is None and deadline is not None and self._clock().mono >= deadline:
            self._end(TIMED_OUT if self._until else REACHED)


def _is_pipe(descriptor: int) -> bool:
    with suppress(OSError):
        return stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    return False
