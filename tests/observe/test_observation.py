"""The loop when a disk hangs and when a source fails: it goes on, says so, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from servers import Tmux
from towns import HandTown, clock

from gastown_tui.observe import observation
from gastown_tui.observe.stream import Stream
from gastown_tui.observe.tmux.source import TmuxSource
from gastown_tui.town.facts import Remembered
from gastown_tui.town.snapshot import Moment, Town

Eventually = Callable[..., Awaitable[Any]]


class HangingPast:
    """Remembers nobody, and hangs whenever it shall until it is let go."""

    error: str | None = None

    def __init__(self, free: threading.Event) -> None:
        self.free = free

    def recall(self, at: Moment) -> Remembered:
        return Remembered({}, at)

    def keep(self, alive: Mapping[str, str], before: Mapping[str, tuple[str, float]], at: Moment, *, now: bool = False) -> None:
        self.free.wait(20)


@pytest.fixture
def free() -> Any:
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
async def seen(tmux: Tmux, free: threading.Event, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[Town]]:
    """The Towns that are told while the disk of our own memory hangs."""
    monkeypatch.setattr(observation, "FILES_S", 0.05)
    monkeypatch.setattr(observation, "SILENT_S", 0.3)
    town = HandTown(tmux)
    town.start("hq-mayor", "mayor")
    eye = Stream(
        town.wanted(town=str(town.root), socket=tmux.socket), "tmux", "here", clock, lambda *_: HangingPast(free), "fork"
    )
    towns: list[Town] = []
    eye.subscribe(lambda told: towns.append(told) if isinstance(told, Town) else None, lambda _: None)
    task = asyncio.create_task(eye.run())
    yield towns
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_a_disk_that_hangs_is_told_and_stops_nothing(
    tmux: Tmux, seen: list[Town], free: threading.Event, eventually: Eventually
) -> None:
    def source() -> str | None:
        found = seen[-1].source("town") if seen else None
        return found and found.state

    await eventually(lambda: source() == "stale")
    tmux.new("hq-deacon", "exec sleep 600")
    await eventually(lambda: seen[-1].agent("deacon"))
    free.set()
    await eventually(lambda: source() == "ok")


async def test_a_source_that_fails_is_told_and_leaves_nothing_behind(tmux: Tmux, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_self: TmuxSource) -> None:
        await asyncio.sleep(0)
        raise RuntimeError("a source broke")

    monkeypatch.setattr(TmuxSource, "run", fail)
    town = HandTown(tmux)
    town.start("hq-mayor", "mayor")
    past = HangingPast(threading.Event())
    past.free.set()
    eye = Stream(town.wanted(town=str(town.root), socket=tmux.socket), "tmux", "here", clock, lambda *_: past, "fork")
    with pytest.raises(RuntimeError, match="a source broke"):
        await eye.run()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert _watched_processes() == 0


def _watched_processes() -> int:
    targets = []
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            targets.append(str(link.readlink()))
    return sum("pidfd" in target for target in targets)
