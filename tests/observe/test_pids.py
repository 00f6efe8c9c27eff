"""Ends of real processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gastown_tui.observe.pids import PidWatcher, raise_open_files

Eventually = Callable[..., Awaitable[Any]]


@pytest.fixture
def sleeper() -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts processes that sleep; whatever is left of them is killed."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(["sleep", "3600"]))
        return started[-1]

    yield start
    for child in started:
        child.kill()
        child.wait()


@contextlib.contextmanager
def no_descriptors() -> Iterator[None]:
    """Lowers the limit of open files to what is open."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def descriptors() -> int:
    """Returns how many processes are watched: what else is open may be collected at any time."""
    targets = []
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            targets.append(str(link.readlink()))
    return sum("pidfd" in target for target in targets)


async def test_reports_each_end_once(sleeper: Callable[..., Any], eventually: Eventually) -> None:
    first, second = sleeper(), sleeper()
    ends: list[int] = []
    watcher = PidWatcher(ends.append)
    watcher.watch([first.pid, second.pid])
    first.kill()
    await eventually(lambda: ends)
    watcher.watch([first.pid, second.pid])
    first.wait()
    watcher.watch([first.pid, second.pid])
    second.kill()
    await eventually(lambda: len(ends) > 1)
    assert ends == [first.pid, second.pid]
    assert watcher.polled == frozenset()
    watcher.close()


async def test_a_process_that_is_gone_is_reported_at_once(sleeper: Callable[..., Any]) -> None:
    child = sleeper()
    child.kill()
    child.wait()
    ends: list[int] = []
    watcher = PidWatcher(ends.append)
    watcher.watch([child.pid])
    await asyncio.sleep(0)
    assert ends == [child.pid]
    watcher.watch([child.pid])
    await asyncio.sleep(0)
    assert ends == [child.pid]
    watcher.close()


async def test_what_is_not_wanted_any_more_is_not_reported(sleeper: Callable[..., Any], eventually: Eventually) -> None:
    unwanted, wanted = sleeper(), sleeper()
    ends: list[int] = []
    watcher = PidWatcher(ends.append)
    watcher.watch([unwanted.pid, wanted.pid])
    watcher.watch([wanted.pid])
    unwanted.kill()
    unwanted.wait()
    wanted.kill()
    await eventually(lambda: ends)
    assert ends == [wanted.pid]
    watcher.close()


async def test_without_a_descriptor_the_pid_is_looked_at(sleeper: Callable[..., Any], eventually: Eventually) -> None:
    child, other = sleeper(), sleeper()
    ends: list[int] = []
    watcher = PidWatcher(ends.append, period=0.02)
    with no_descriptors():
        watcher.watch([child.pid, other.pid])
    assert watcher.polled == {child.pid, other.pid}
    child.kill()
    await eventually(lambda: ends)
    assert ends == [child.pid]
    assert watcher.polled == {other.pid}
    watcher.close()
    assert watcher.polled == frozenset()


async def test_a_number_used_again_is_another_process(
    sleeper: Callable[..., Any], eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = sleeper()
    ends: list[int] = []
    watcher = PidWatcher(ends.append)
    stat = "gastown_tui.observe.pids._stat"
    monkeypatch.setattr(stat, lambda _: ("S", "100"))
    watcher.watch([child.pid])
    child.kill()
    await eventually(lambda: ends)
    watcher.watch([child.pid])
    await asyncio.sleep(0)
    assert ends == [child.pid]
    monkeypatch.setattr(stat, lambda _: ("S", "200"))
    watcher.watch([child.pid])
    await eventually(lambda: len(ends) > 1)
    assert ends == [child.pid, child.pid]
    watcher.close()


async def test_nothing_stays_open(sleeper: Callable[..., Any]) -> None:
    before = descriptors()
    watcher = PidWatcher(lambda _: None)
    watcher.watch([sleeper().pid for _ in range(20)])
    assert descriptors() == before + 20
    watcher.close()
    assert descriptors() == before


def test_the_limit_of_open_files_is_raised() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, before[1]))
        limit = raise_open_files()
        assert limit == resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 64
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
