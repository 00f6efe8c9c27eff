"""The town's beads under observation: exports as they change, and bd where there is one, as seldom as it needs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from gastown_tui.town.facts import Fact
from gastown_tui.town.snapshot import Moment

from .book import Book

if TYPE_CHECKING:
    from gastown_tui.town.beads.trees import Account

    from .databases import Database
    from .dump import Bd
    from .rhythm import Rhythm
    from .store import Store

# What is loaded and read does not keep the first picture waiting.
FIRST_S = 0.5
POLL_S = 2.0
ASK_S = 1.0
GIVE_UP_S = 0.0005

T = TypeVar("T")


class Stopped(Exception):  # noqa: N818 (it says what happened, as the others do)
    """Nobody wants the rest any more."""


class BeadSource:
    """Puts what the beads come to into `out`, and all of them into the book, until cancelled.

    `environ` is bd's, None where bd is not to be asked. All work on beads is done in one thread.
    """

    def __init__(
        self, root: str, clock: Callable[[], Moment], book: Book, out: Callable[[Fact], None], environ: Mapping[str, str] | None
    ) -> None:
        self._root = root
        self._clock = clock
        self._book = book
        self._out = out
        self._environ = environ
        self._worker = ThreadPoolExecutor(1, "beads")
        self._wake = asyncio.Event()
        self._stopped = self._again = False
        self._bd: Bd | None = None

    async def run(self) -> None:
        self._book.begin()
        try:
            await asyncio.sleep(FIRST_S)
            store = await self._work(self._begin)
            await asyncio.gather(self._look(store), *([self._ask(store, self._bd)] if self._bd else []))
        finally:
            self._stopped = True
            if self._bd:
                self._bd.stop()
            self._worker.shutdown(wait=False, cancel_futures=True)

    def look_now(self) -> None:
        self._again = True
        self._wake.set()

    def _begin(self) -> Store:
        """Loads what a town without beads, or a single look, need not have."""
        package = __package__
        if self._environ is not None:
            self._bd = import_module(f"{package}.dump").Bd(self._environ)
        made: Store = import_module(f"{package}.store").Store(self._root, self._rest)
        made.asks = self._bd is not None and self._bd.path is not None
        return made

    def _rest(self) -> None:
        """Lets the event loop have its turn; ends the work where nobody waits for it any more."""
        if self._stopped:
            raise Stopped
        time.sleep(GIVE_UP_S)

    async def _work(self, work: Callable[..., T], *given: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, partial(work, *given))

    async def _look(self, store: Store) -> None:
        async def account(bead_id: str) -> Account | None:
            return None if self._stopped else await self._work(store.account, bead_id)

        while True:
            self._wake.clear()
            if seen := await self._work(store.look, self._clock()):
                self._out(seen.fact)
                self._book.take(seen.beads, seen.fact.origins, account)
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._wake.wait()

    async def _ask(self, store: Store, bd: Bd) -> None:
        from .rhythm import Rhythm, hint, server_hint

        rhythm = Rhythm(partial(server_hint, self._root))
        while True:
            now = self._clock()
            if self._again:
                self._again = False
                rhythm.again()
            folder, database = await self._work(_next, store, rhythm, bd, now) or ("", None)
            if database is None:
                await asyncio.sleep(ASK_S)
                continue
            before = await self._work(hint, database)
            dump = await asyncio.to_thread(bd.dump, database, store.keep(folder))
            rhythm.asked(folder, database, dump, before, now.mono, self._clock().mono)
            await self._work(store.take, folder, dump, now.wall)
            self._wake.set()


def _next(store: Store, rhythm: Rhythm, bd: Bd, now: Moment) -> tuple[str, Database] | None:
    """Returns the database to ask about now, None where there is none, or nobody to ask."""
    from .dump import SHUT, breaker_is_open

    store.asks = bd.path is not None
    databases = store.databases if store.asks else {}
    for folder in rhythm.due(databases, now.mono):
        if not breaker_is_open(databases[folder], bd.environ, now.wall):
            return folder, databases[folder]
        store.take(folder, SHUT, now.wall)
    return None
