"""Waiting for a condition instead of a time."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

# Only a test that fails waits for so long; what is right may come late on a machine that others use.
PATIENCE_S = 30.0


def wait_for(predicate: Callable[[], Any], timeout: float = PATIENCE_S) -> Any:
    """Returns the first true answer of the predicate; fails the test after `timeout` seconds. Blocks."""
    asked = time.monotonic()
    deadline = asked + timeout
    while not (answer := predicate()):
        if time.monotonic() > deadline:
            pytest.fail(f"still {answer!r} after {timeout:g} s: {_source(predicate)}")
        time.sleep(_pause(asked))
        asked = time.monotonic()
    return answer


async def wait_until(predicate: Callable[[], Any | Awaitable[Any]], within: float = PATIENCE_S) -> Any:
    """As `wait_for`, leaving the event loop free; the predicate may be a coroutine function."""
    deadline = time.monotonic() + within
    while True:
        asked = time.monotonic()
        answer = predicate()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer:
            return answer
        if time.monotonic() > deadline:
            pytest.fail(f"still {answer!r} after {within:g} s: {_source(predicate)}")
        await asyncio.sleep(_pause(asked))


def _pause(asked: float) -> float:
    """Returns the seconds until the next question: one that starts a process is asked a quarter of the time, not without end."""
    return min(max(0.01, 3 * (time.monotonic() - asked)), 0.1)


def _source(predicate: Callable[[], Any]) -> str:
    try:
        return inspect.getsource(predicate).strip()
    except OSError:
        return repr(predicate)
