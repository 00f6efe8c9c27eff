"""A server whose socket was removed, or taken by another, goes on with its agents: unseen, and not to be called dead."""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from seeing import MAX, Seen, first_fact
from towns import HandTown, clock
from waiting import wait_for

from gastown_tui.memory.seen import Memory
from gastown_tui.observe.doctor import examine
from gastown_tui.observe.looking import OneLook
from gastown_tui.observe.means import Means
from gastown_tui.observe.once import look_once
from gastown_tui.town.snapshot import Nowhere, State

Eventually = Callable[..., Awaitable[Any]]
Observe = Callable[..., Awaitable[Seen]]


@pytest.fixture
def lose(town: HandTown) -> Iterator[Callable[[], int]]:
    """Removes the socket of the town's server, and returns its process."""
    lost: list[int] = []

    def lose() -> int:
        lost.append(town.tmux.pid)
        Path(town.tmux.socket).unlink()
        return lost[-1]

    yield lose
    for pid in lost:
        end(pid)


def end(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not Path(f"/proc/{pid}/cmdline").exists() or not Path(f"/proc/{pid}/cmdline").read_bytes())


def means(state: Path) -> Means:
    return Means("tmux", "here", clock, lambda _: wait_for_a_second(), lambda root, server: Memory(state, root, server))


def wait_for_a_second() -> None:
    until = clock().mono + 1.01
    wait_for(lambda: clock().mono > until)


def looked(town: HandTown, state: Path, socket: str = "") -> OneLook:
    looking = look_once(town.wanted(town=str(town.root), socket=socket or town.tmux.socket), means(state))
    assert not isinstance(looking, Nowhere)
    return looking


async def lost_while_seen(town: HandTown, lose: Callable[[], int], observe: Observe, eventually: Eventually) -> tuple[Seen, int]:
    """Returns who saw the agent alive before the server lost its socket and all who were connected, and that server's process."""
    town.start("al-crew-max", MAX)
    seen = await observe()
    await eventually(seen.alive)
    clients = town.tmux.cmd("list-clients", "-F", "#{client_pid}").split()
    pid = lose()
    for client in clients:
        end(int(client))
    return seen, pid


def examined(town: HandTown, state: Path) -> dict[str, Any]:
    """Returns what the doctor says of the socket."""
    wanted = town.wanted(town=str(town.root), socket=town.tmux.socket)
    checks = examine(wanted, means(state), "fork", False, state)["checks"]
    return next(check for check in checks if check["name"] == "socket")


def test_one_look_at_a_server_without_its_socket(town: HandTown, lose: Callable[[], int], tmp_path: Path) -> None:
    town.start("al-crew-max", MAX)
    wait_for(town.grown)
    agent = looked(town, tmp_path).town.agent(MAX)
    assert agent and agent.alive
    pid = lose()
    looking = looked(town, tmp_path)
    agent, tmux = looking.town.agent(MAX), looking.town.source("tmux")
    assert looking.town.blind and agent and agent.state is State.UNKNOWN and tmux and tmux.error
    assert f"(pid {pid})" in tmux.error and "its socket was removed" in tmux.error
    check = examined(town, tmp_path)
    assert check["status"] == "fail" and check["remedy"].startswith(f"kill -USR1 {pid} ")
    os.kill(pid, signal.SIGUSR1)
    wait_for(lambda: town.tmux.listens)
    agent = looked(town, tmp_path).town.agent(MAX)
    assert agent and agent.alive
    town.tmux.kill()
    wait_for(lambda: not town.tmux.listens)
    agent = looked(town, tmp_path).town.agent(MAX)
    assert agent and agent.state is State.DEAD


def test_a_socket_by_another_name_of_its_folder(town: HandTown, lose: Callable[[], int], tmp_path: Path) -> None:
    town.start("al-crew-max", MAX)
    (tmp_path / "link").symlink_to(Path(town.tmux.socket).parent)
    pid = lose()
    source = looked(town, tmp_path, str(tmp_path / "link" / town.tmux.name)).town.source("tmux")
    assert source and f"(pid {pid})" in (source.error or "")


async def test_who_watches_a_server_whose_socket_is_removed(
    town: HandTown, lose: Callable[[], int], observe: Observe, eventually: Eventually
) -> None:
    seen, pid = await lost_while_seen(town, lose, observe, eventually)
    await eventually(lambda: seen.source() == "stale")
    assert seen.alive() and not seen.states() & {State.DEAD, State.MISSING}
    os.kill(pid, signal.SIGUSR1)
    await eventually(lambda: seen.source() == "ok" and seen.alive())
    end(pid)
    await eventually(lambda: seen.became(State.DEAD) and seen.source() == "absent")


async def test_who_begins_to_watch_a_server_without_its_socket(
    town: HandTown, lose: Callable[[], int], observe: Observe, eventually: Eventually
) -> None:
    town.start("al-crew-max", MAX)
    lose()
    seen = await observe(settled=False)
    await eventually(lambda: seen.source() == "error")
    assert seen.town and seen.town.blind and not seen.states() & {State.DEAD, State.MISSING}


async def test_another_server_that_took_the_socket(
    town: HandTown, lose: Callable[[], int], observe: Observe, eventually: Eventually, tmp_path: Path
) -> None:
    seen, pid = await lost_while_seen(town, lose, observe, eventually)
    town.start("hq-mayor", "mayor")
    unseen = await eventually(lambda: seen.alive("mayor") and seen.became(State.UNKNOWN))
    assert f"(pid {pid})" in first_fact(unseen) and "two_sockets" in seen.codes()
    begun = looked(town, tmp_path).town.agent(MAX)
    assert begun is None or begun.state is State.UNKNOWN
    assert not seen.states() & {State.DEAD, State.MISSING}
    end(pid)
    await eventually(lambda: seen.became(State.DEAD) and "two_sockets" not in seen.codes())


def test_one_look_beside_a_server_that_nobody_reaches(town: HandTown, lose: Callable[[], int], tmp_path: Path) -> None:
    town.start("al-crew-max", MAX)
    wait_for(town.grown)
    looked(town, tmp_path)
    pid = lose()
    town.start("hq-mayor", "mayor")
    wait_for(town.grown)
    looking = looked(town, tmp_path)
    agent = looking.town.agent(MAX)
    assert agent and agent.state is State.UNKNOWN and f"(pid {pid})" in first_fact(agent)
    assert [notice.code for notice in looking.town.notices] == ["two_sockets"]
    check = examined(town, tmp_path)
    assert check["status"] == "warn" and f"kill -USR1 {pid}" in check["remedy"]
