"""Beads under observation: what is read reaches the book and the Town, bd keeps nobody waiting, and an end ends it."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from beadtown import DATA, BeadTown
from servers import Tmux
from towns import HandTown, clock

from gastown_tui.observe.beads import source
from gastown_tui.observe.beads.book import Book
from gastown_tui.observe.beads.source import BeadSource
from gastown_tui.observe.stream import Stream
from gastown_tui.town.facts import BeadsRead, Fact
from gastown_tui.town.snapshot import Town

Eventually = Callable[..., Awaitable[Any]]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRST_S", "POLL_S", "ASK_S"):
        monkeypatch.setattr(source, name, 0.02)


@pytest.fixture(name="town")
def _town(tmp_path: Path) -> BeadTown:
    town = BeadTown(tmp_path)
    town.serve("", "alpha")
    return town


class Watched:
    """A source that runs, what it put out, and its book."""

    def __init__(self, town: BeadTown, *, asks: bool) -> None:
        self.book = Book()
        self.facts: list[Fact] = []
        self.told = 0
        self.book.on_change(self._tell)
        self.source = BeadSource(str(town.root), clock, self.book, self.facts.append, town.environ if asks else None)

    def _tell(self) -> None:
        self.told += 1

    @property
    def standing(self) -> dict[str, tuple[str | None, str]]:
        return {one.name: (one.by, one.state) for one in self.book.origins}

    @property
    def ready(self) -> dict[str, int | None]:
        return {one.name: None if one.ready is None else len(one.ready) for one in self.book.beads.queues}


@asynccontextmanager
async def watching(town: BeadTown, *, asks: bool = True) -> AsyncIterator[Watched]:
    watched = Watched(town, asks=asks)
    running = asyncio.create_task(watched.source.run())
    try:
        yield watched
        assert not running.done() or running.result() is None
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_an_export_first_and_then_what_bd_says(town: BeadTown, eventually: Eventually) -> None:
    town.export("alpha", {"bead_id": "al-1"})
    town.says((DATA / "alpha.list.json").read_bytes(), place="alpha")
    async with watching(town) as watched:
        assert watched.book.beads.queues == () and await watched.book.account("al-lfr") is None
        assert await eventually(lambda: watched.standing.get("alpha") == ("export", "ok"))
        assert await eventually(lambda: watched.standing == {"hq": ("dump", "ok"), "alpha": ("dump", "ok")})
        account = await watched.book.account("al-lfr")
        assert account is not None and account.rig == "alpha" and account.needed_by[0].id == "al-132"
        assert await watched.book.account("nobody") is None
        last = [fact for fact in watched.facts if isinstance(fact, BeadsRead)][-1]
        assert last.hooked["alpha/polecats/nux"].id == "al-lfr" and watched.told == watched.book.version == len(watched.facts)
    assert await watched.book.account("al-lfr") is None, "nobody reads any more"


async def test_another_town_begins_with_an_empty_book(town: BeadTown, tmp_path: Path, eventually: Eventually) -> None:
    town.export("alpha", {"bead_id": "al-1"})
    async with watching(town, asks=False) as watched:
        assert await eventually(lambda: watched.ready.get("alpha") == 1)
        told = watched.told
        other = asyncio.create_task(BeadSource(str(tmp_path / "none"), clock, watched.book, watched.facts.append, None).run())
        assert await eventually(lambda: watched.told == told + 1)
        assert watched.book.beads.queues == watched.book.origins == () and await watched.book.account("al-1") is None
        other.cancel()


async def test_without_bd_the_exports_are_followed(town: BeadTown, eventually: Eventually) -> None:
    async with watching(town, asks=False) as watched:
        assert await eventually(lambda: watched.standing == {"hq": (None, "absent"), "alpha": (None, "absent")})
        town.export("alpha", {"bead_id": "al-1"})
        assert await eventually(lambda: watched.ready == {"hq": None, "alpha": 1})
        version = watched.book.version
        town.export("alpha", {"bead_id": "al-1"}, {"bead_id": "al-2"})
        assert await eventually(lambda: watched.ready == {"hq": None, "alpha": 2}) and watched.book.version == version + 1
    assert not town.asked


async def test_while_bd_hangs_everything_else_goes_on_and_an_end_kills_it(town: BeadTown, eventually: Eventually) -> None:
    town.write("bd/hang", "")
    async with watching(town) as watched:
        assert await eventually((town.root / "bd/hangs").exists)
        assert await eventually(lambda: bool(watched.book.origins))
        # Nobody is told to put bd where it is already.
        awaited = ("no export was written, and bd has not answered yet", "")
        assert [(one.said, one.remedy) for one in watched.book.origins] == [awaited, awaited]
        town.export("alpha", {"bead_id": "al-1"})
        assert await eventually(lambda: watched.ready.get("alpha") == 1)
        began = time.monotonic()
    # Left alone it hangs for a minute.
    assert time.monotonic() - began < 30 and len(town.asked) == 1
    await eventually(lambda: not town.askers)


async def test_whoever_wants_to_know_now_has_bd_asked_again(town: BeadTown, eventually: Eventually) -> None:
    town.says((DATA / "alpha.list.json").read_bytes(), place="alpha")
    async with watching(town) as watched:
        assert await eventually(lambda: watched.standing.get("alpha") == ("dump", "ok"))
        asked = len(town.asked)
        watched.source.look_now()
        assert await eventually(lambda: len(town.asked) > asked)


async def test_nothing_is_asked_while_bds_own_breaker_is_open(town: BeadTown, eventually: Eventually) -> None:
    tripped = {"state": "open", "tripped_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    breaker = town.write("tmp/beads-circuit/beads-dolt-circuit-127-0-0-1-3307.json", tripped)
    town.export("alpha", {"bead_id": "al-1"})
    async with watching(town) as watched:
        assert await eventually(lambda: watched.standing.get("alpha") == ("export", "ok"))
        assert await eventually(lambda: all("asks its server no more" in one.said for one in watched.book.origins))
        told = [fact for fact in watched.facts if isinstance(fact, BeadsRead)][-1]
        assert [notice.code for notice in told.notices] == ["dolt_down"] and not town.asked
        breaker.unlink()
        assert await eventually(lambda: len(town.asked) >= 1)


async def test_one_that_is_shut_does_not_keep_the_others_from_being_asked(town: BeadTown, eventually: Eventually) -> None:
    tripped = {"state": "open", "tripped_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    town.write("tmp/beads-circuit/beads-dolt-circuit-127-0-0-1-3307-hq.json", tripped)
    async with watching(town) as watched:
        assert await eventually(lambda: watched.standing.get("alpha") == ("dump", "ok"))
        assert not any(line.startswith(f"{town.root}/.beads ") for line in town.asked)


async def test_an_end_in_the_midst_of_much_reading_does_not_wait_for_it(town: BeadTown, eventually: Eventually) -> None:
    town.export("alpha", *({"bead_id": f"al-{number}"} for number in range(60_000)))
    async with watching(town, asks=False):
        assert await eventually(lambda: any(one.name.startswith("beads") for one in threading.enumerate()))
    assert await eventually(lambda: not any(one.name.startswith("beads") for one in threading.enumerate()))


async def test_the_town_tells_what_the_beads_come_to(tmux: Tmux, eventually: Eventually) -> None:
    hand = HandTown(tmux)
    hand.start("al-nux", "alpha/polecats/nux")
    towns: list[Town] = []
    stream = Stream(hand.wanted(town=str(hand.root), socket=tmux.socket), "tmux", "here", clock, lambda *_: _Nothing())
    stream.subscribe(lambda town: towns.append(town) if isinstance(town, Town) else None, lambda _: None)
    told: list[int] = []
    stream.on_beads(lambda: told.append(stream.beads.version))
    nux = {"assignee": "alpha/polecats/nux", "status": "hooked", "updated_at": "2099-01-01T00:00:00Z"}
    ghost = {"assignee": "alpha/polecats/ghost", "status": "hooked"}
    beads = BeadTown.__new__(BeadTown)
    beads.root = hand.root
    beads.export("alpha", {"bead_id": "al-1", **nux}, {"bead_id": "al-2", **ghost}, {"bead_id": "al-3"})
    running = asyncio.create_task(stream.run())
    try:
        assert await eventually(lambda: towns and towns[-1].beads and towns[-1].beads.work)
        stock = towns[-1].beads
        assert stock is not None and told
        assert [(one.id, one.status) for one in stock.work["alpha/polecats/nux"]] == [("al-1", "hooked")]
        assert [(one.code, one.bead_id) for one in stock.findings] == [("orphaned", "al-2")]
        (tally,) = stock.tallies
        assert (tally.name, tally.ready, tally.active, tally.merge) == ("alpha", 1, 2, None)
        source = towns[-1].source("beads")
        assert source is not None and source.state == "ok"
        os.utime(hand.write("alpha/.beads/last-touched", "x"), (time.time() + 60,) * 2)
        assert await eventually(lambda: (found := towns[-1].source("beads")) and found.state == "stale")
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


class _Nothing:
    error = None

    def recall(self, at: object) -> Any:
        from gastown_tui.town.facts import Remembered

        return Remembered({}, at)  # type: ignore[arg-type]

    def keep(self, *_: object, now: bool = False) -> None: ...
