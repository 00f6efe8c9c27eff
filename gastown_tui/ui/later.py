"""Calling back after a while. A timer of Textual never calls where its time was over before it had begun to wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual.message_pump import MessagePump

Later = asyncio.TimerHandle
"""Has a `cancel`."""


def later(pump: MessagePump, seconds: float, call: Callable[[], object]) -> Later:
    """Calls among the messages of a screen or of the application, unless these have ended, after so many seconds."""
    return asyncio.get_running_loop().call_later(seconds, pump.call_later, call)
