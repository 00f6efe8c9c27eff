"""The loop when a disk hangs and when a source fails: it goes on, says so, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from servers import Tmux
from towns import HandTown, clock

from gastown_tui.memory.acks import Acks
from gastown_tui.observe import observation
from gastown_tui.observe.stream import Stream
from gastown_tui.observe.tmux.source import TmuxSource
from gastown_tui.town.acks import Ack, Subject
from gastown_tui.town.facts import Remembered
from gastown_tui.town.snapshot import Moment, State, Town

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


class Noting(Acks):
    """Real files; notes of each withdrawal whether something had changed that nobody had read."""

    def __init__(self, folder: Path, root: str) -> None:
        super().__init__(folder, root)
        self.unread: list[bool] = []

    def withdraw(self, agent_ids: Iterable[str]) -> None:
        if ids := list(agent_ids):
            self.unread.append(self.changed())
        super().withdraw(ids)


async def test_what_another_console_has_just_acknowledged_is_read_before_an_older_one_is_forgotten(
    tmux: Tmux, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    monkeypatch.setattr(observation, "FILES_S", 0.05)
    town = HandTown(tmux)
    town.start("hq-mayor", "mayor")
    acks, past = Noting(tmp_path, str(town.root)), HangingPast(threading.Event())
    past.free.set()
    acks.acknowledge({"mayor": Ack(1.0, "over", Subject(State.WAITING))})
    wanted = town.wanted(town=str(town.root), socket=tmux.socket)
    eye = Stream(wanted, "tmux", "here", clock, lambda *_: past, "fork", acks=lambda _: acks)
    task = asyncio.create_task(eye.run())
    try:
        await eventually(lambda: acks.unread)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert acks.unread == [False] and acks.recall(1e12) == {}


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
