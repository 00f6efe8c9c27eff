"""The fixtures that all tests share. What a test imports by name is in modules beside this one: every folder has a conftest."""

from __future__ import annotations

import gc
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import waiting
from hypothesis import settings
from servers import Tmux

# Properties are exact, whatever else the machine does meanwhile: no deadline.
settings.register_profile("rules", deadline=None)
settings.load_profile("rules")


def pytest_collection_finish() -> None:
    """What is collected lives until the end: looking through it for garbage took a sixth of every test of a screen."""
    gc.freeze()
    gc.set_threshold(10_000)


@pytest.fixture
def new_tmux() -> Iterator[Callable[..., Tmux]]:
    """Makes private tmux servers; `new_tmux(program=...)` for another tmux, other names are variables of its environment."""
    # The path of a socket holds at most 107 bytes, too few for pytest's own folders.
    folder = Path(tempfile.mkdtemp(prefix="gttui-"))
    made: list[Tmux] = []

    def make(**named: str) -> Tmux:
        made.append(Tmux(folder, **named))
        return made[-1]

    yield make
    for server in made:
        server.kill()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def tmux(new_tmux: Callable[..., Tmux]) -> Tmux:
    """A private tmux server, killed afterwards."""
    return new_tmux()


@pytest.fixture
def wait_for() -> Callable[..., Any]:
    """`wait_for(predicate, timeout=30.0)`: the first true answer, or a failed test."""
    return waiting.wait_for


@pytest.fixture
def eventually() -> Callable[..., Awaitable[Any]]:
    """`await eventually(predicate, within=30.0)`: the first true answer, or a failed test."""
    return waiting.wait_until
