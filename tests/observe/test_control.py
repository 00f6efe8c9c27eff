"""The control backend against real servers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from gastown_tui.observe.ports import Capture
from gastown_tui.observe.tmux.control import ControlGateway
from gastown_tui.observe.tmux.fork import ForkGateway
from gastown_tui.town.snapshot import Moment

AT = Moment(1000.0, 10.0)
Open = Callable[..., Awaitable[ControlGateway]]


@pytest.fixture
async def connect(tmux: Any) -> AsyncIterator[Open]:
    """Opens gateways to the private server and closes them; a server has one session `one`."""
    tmux.new("one")
    opened: list[ControlGateway] = []

    async def opener(**named: Any) -> ControlGateway:
        wishes = {"clock": lambda: AT, "on_event": lambda: None, "env": tmux.env} | named
        gateway = await ControlGateway.open("tmux", tmux.socket, wishes.pop("env"), **wishes)
        opened.append(gateway)
        return gateway

    yield opener
    for gateway in opened:
        await gateway.close()


def hidden(tmux: Any) -> list[str]:
    return [name for name in tmux.sessions() if name.startswith("_gttui-")]


async def test_gives_the_same_answers_as_a_process_per_look(tmux: Any, connect: Open) -> None:
    tmux.new("two", "printf 'hello\\nthere'; exec sleep 99", env={"GT_ROLE": "mayor"})
    control = await connect()
    fork = ForkGateway("tmux", tmux.socket, tmux.env, clock=lambda: AT)
    wishes = [Capture("%1", history=5), Capture("%77"), Capture("%0")]
    for full in (True, False):
        assert await control.look(full=full, captures=wishes) == await fork.look(full=full, captures=wishes)
    assert await control.environment("$1") == await fork.environment("$1") == {"GT_ROLE": "mayor"}
