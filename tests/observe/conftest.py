"""What tests of several modules here share: the place of a log, and a town under observation by both backends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from seeing import MAX, Seen
from servers import Tmux
from towns import HandTown, clock

from gastown_tui.memory.seen import Memory
from gastown_tui.observe import observation, stream
from gastown_tui.observe.locate import Wanted
from gastown_tui.observe.stream import Stream
from gastown_tui.observe.tmux.source import Rhythm

Eventually = Callable[..., Awaitable[Any]]
QUICK = Rhythm(light=0.2, full=0.6, fork_tick=0.2, retry=0.1, retry_most=0.2, control_again=0.4, timeout=20.0)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where a log will be, alone in its folder."""
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder/monitor.jsonl"


@pytest.fixture
def town(tmux: Tmux) -> HandTown:
    made = HandTown(tmux)
    (made.root / MAX).mkdir(parents=True)
    return made


@pytest.fixture(params=["fork", "control"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def observe(
    town: HandTown, backend: str, eventually: Eventually, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Callable[..., Awaitable[Seen]]]:
    """Starts observing the town; returns once the backend is in use, or at once with `settled=False`.

    A server and a disk are waited for as long as a busy machine needs; `patience`: seconds until one that is stopped is told.
    """
    monkeypatch.setattr(observation, "SERVER_S", 0.2)
    monkeypatch.setattr(observation, "FILES_S", 0.3)
    monkeypatch.setattr(observation, "SWEEP_S", 0.5)
    monkeypatch.setattr(observation, "RECORDS_WAIT_S", 20.0)
    monkeypatch.setattr(stream, "LOOK_FOR_TOWN_S", 0.2)
    running: list[Seen] = []

    async def start(*, settled: bool = True, wanted: Wanted | None = None, patience: float = QUICK.timeout) -> Seen:
        wish = wanted or town.wanted(town=str(town.root), socket=town.tmux.socket)
        rhythm = replace(QUICK, timeout=patience)
        eye = Stream(wish, "tmux", "here", clock, lambda root, _server: Memory(tmp_path / "state", root), backend, rhythm)
        running.append(seen := Seen(eye))
        if settled:
            await eventually(lambda: seen.town and seen.eye.backend == backend)
        return seen

    yield start
    for seen in running:
        seen.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await seen.task
    await eventually(lambda: not any(name.startswith("_gttui-") for name in town.tmux.sessions()))
