"""The automonitor's folder under observation: what is written is told, with and without anything that wakes us."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from cost import held_up
from servers import Tmux
from towns import HandTown, clock

from gastown_tui.memory.seen import Memory
from gastown_tui.observe import monitor_source
from gastown_tui.observe.log_book import Book
from gastown_tui.observe.monitor_log import MonitorFolder
from gastown_tui.observe.monitor_source import MonitorSource
from gastown_tui.observe.stream import Stream
from gastown_tui.town.facts import Fact, MonitorRead
from gastown_tui.town.snapshot import Nowhere, Town

INOTIFY = "anon_inode:inotify"
Eventually = Callable[..., Awaitable[Any]]
LINE = '{"ts":"2026-11-21T10:00:00Z","level":"INFO","component":"ai","message":"line %d"}\n'


class Followed:
    """A source that runs, its book, and all that it said."""

    def __init__(self, folder: Path, *, heard: bool) -> None:
        self.folder = folder
        self.book = Book()
        self.facts: list[Fact] = []
        self.tells = 0
        if heard:
            self.book.on_change(self._tell)
        self.task = asyncio.create_task(MonitorSource(MonitorFolder(str(folder)), clock, self.book, self.facts.append).run())

    def _tell(self) -> None:
        self.tells += 1

    @property
    def last(self) -> str | None:
        return self.book.lines[-1].message if self.book.lines else None

    @property
    def read(self) -> MonitorRead | None:
        fact = self.facts[-1] if self.facts else None
        return fact if isinstance(fact, MonitorRead) else None

    def write(self, *numbers: int) -> None:
        with (self.folder / "monitor.jsonl").open("a") as log:
            log.writelines(LINE % number for number in numbers)

    async def end(self) -> None:
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task


@pytest.fixture(params=["woken", "polled"])
async def followed(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Followed]:
    """A source on a folder that is empty; `polled`: nothing tells of changes."""
    monkeypatch.setattr(monitor_source, "POLL_S", 0.2)
    if request.param == "polled":
        monkeypatch.setattr(monitor_source, "_import_awatch", _cannot)
    (tmp_path / "automonitor").mkdir()
    made = Followed(tmp_path / "automonitor", heard=True)
    yield made
    await made.end()


def _open(target: str) -> bool:
    """Whether this process has a file open whose name begins so."""
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if str(link.readlink()).startswith(target):
                return True
    return False


def _cannot() -> Any:
    raise OSError("no inotify here")


async def test_a_line_is_told_as_it_is_written(followed: Followed, eventually: Eventually) -> None:
    await eventually(lambda: followed.book.state == "absent")
    for number in range(5):
        followed.write(number)
        await eventually(lambda number=number: followed.last == f"line {number}")
    assert [line.offset for line in followed.book.lines] == [len(LINE % 0) * n for n in range(5)]
    await eventually(lambda: followed.read and followed.read.log.last_at is not None)


async def test_the_one_line_of_a_log_that_was_rotated_is_told_without_a_poll(
    tmp_path: Path, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed = Followed(tmp_path, heard=True)
    followed.write(1)
    await eventually(lambda: followed.last == "line 1" and _open(INOTIFY))
    monkeypatch.setattr(monitor_source, "POLL_S", 3600.0)
    (tmp_path / "monitor.jsonl").rename(tmp_path / "monitor.jsonl.1")
    await eventually(lambda: followed.book.state == "absent")
    followed.write(2)
    await eventually(lambda: followed.last == "line 2")
    await followed.end()


async def test_a_folder_that_goes_and_comes_is_followed_again(followed: Followed, eventually: Eventually) -> None:
    followed.write(1)
    await eventually(lambda: followed.last == "line 1")
    shutil.rmtree(followed.folder)
    await eventually(lambda: "no such file" in followed.book.state)
    followed.folder.mkdir()
    followed.write(2)
    await eventually(lambda: followed.last == "line 2" and followed.book.state == "")
    followed.write(3)
    await eventually(lambda: [line.message for line in followed.book.lines] == ["line 1", "line 2", "line 3"])


async def test_a_state_file_alone_is_told(followed: Followed, eventually: Eventually) -> None:
    (followed.folder / "state.json").write_text('{"cycles_run": 7}')
    await eventually(lambda: followed.read and followed.read.cycles == 7)


async def test_a_burst_is_read_whole_while_the_loop_goes_on(tmp_path: Path, eventually: Eventually) -> None:
    followed = Followed(tmp_path, heard=True)
    await eventually(lambda: followed.book.state == "absent")
    followed.write(*range(100_000))
    began, turns = time.monotonic(), 0
    while followed.last != "line 99999":
        assert time.monotonic() - began < 60
        await asyncio.sleep(0.002)
        turns += 1
    took = time.monotonic() - began
    assert followed.book.first + len(followed.book.lines) == 100_000 and len(followed.book.lines) == 20_000
    assert followed.tells <= 2 + took / 0.05
    # Whoever waits for the loop gets it many times in each of the hundred slices.
    assert turns > 100
    await eventually(lambda: followed.read and followed.read.log.phases)
    assert len(followed.facts) <= 5 + 2 * took
    await followed.end()


async def test_an_end_leaves_neither_threads_nor_tasks_nor_open_files(tmp_path: Path, eventually: Eventually) -> None:
    def watching() -> list[str]:
        return [thread.name for thread in threading.enumerate() if "watch" in thread.name.lower()]

    followed = Followed(tmp_path, heard=True)
    followed.write(1)
    await eventually(lambda: followed.last == "line 1" and _open(str(tmp_path)) and _open(INOTIFY))
    await followed.end()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    await eventually(lambda: not _open(str(tmp_path)) and not _open(INOTIFY))
    await eventually(lambda: not watching())


async def test_who_is_not_told_of_lines_watches_nothing(
    tmp_path: Path, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(monitor_source, "_import_awatch", lambda: asked.append(1))
    followed = Followed(tmp_path, heard=False)
    followed.write(1)
    await eventually(lambda: followed.last == "line 1" or followed.read)
    await followed.end()
    assert not asked


async def test_a_console_sees_a_line_within_a_second(tmux: Tmux, tmp_path: Path, eventually: Eventually) -> None:
    town = HandTown(tmux)
    town.start("hq-mayor", "mayor")
    folder = town.root / "settings" / "automonitor"
    folder.mkdir(parents=True)
    wanted = town.wanted(town=str(town.root), socket=tmux.socket)
    eye = Stream(wanted, "tmux", "here", clock, lambda root, _: Memory(tmp_path / "state", root), "fork")
    told: list[float] = []
    towns: list[Town | Nowhere] = []

    def now() -> float:
        """What others take of the processors is nobody's delay."""
        return time.monotonic() - held_up(os.getpid())

    eye.on_log(lambda: told.append(now()))
    eye.subscribe(towns.append, lambda _: None)
    task = asyncio.create_task(eye.run())
    try:
        await eventually(lambda: eye.log.state == "absent" and towns)
        (folder / "monitor.jsonl").write_text(LINE % 1)
        await eventually(lambda: eye.log.lines and _open(INOTIFY))
        told.clear()
        at = now()
        with (folder / "monitor.jsonl").open("a") as log:
            log.write(LINE % 2)
        await eventually(lambda: told)
        assert [line.message for line in eye.log.lines] == ["line 1", "line 2"] and told[0] - at < 1
        await eventually(lambda: isinstance(town := towns[-1], Town) and town.monitor and town.monitor.writer == "alive")
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
