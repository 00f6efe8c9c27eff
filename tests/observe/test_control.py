"""The lasting connection against real servers: the same answers, no trace, and every surprise an error."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from servers import stopped

from gastown_tui.observe.ports import Capture, GatewayError
from gastown_tui.observe.tmux.control import Block, Blocks, Connection, ControlGateway, Heard
from gastown_tui.observe.tmux.fork import ForkGateway
from gastown_tui.observe.tmux.versions import client_version, refusal
from gastown_tui.town.snapshot import Moment

AT = Moment(1000.0, 10.0)
HIDDEN = f"_gttui-{os.getpid()}"
Open = Callable[..., Awaitable[ControlGateway]]
Eventually = Callable[..., Awaitable[Any]]


@pytest.fixture
async def connect(tmux: Any) -> AsyncIterator[Open]:
    """Opens connections to the private server, which has a session `one`, and closes them."""
    tmux.new("one")
    opened: list[ControlGateway] = []

    async def opener(**named: Any) -> ControlGateway:
        wishes: dict[str, Any] = {"clock": lambda: AT, "on_event": lambda _: None} | named
        opened.append(await ControlGateway.open(wishes.pop("program", "tmux"), tmux.socket, tmux.env, **wishes))
        return opened[-1]

    yield opener
    for gateway in opened:
        await gateway.close()


def fork(tmux: Any) -> ForkGateway:
    return ForkGateway("tmux", tmux.socket, tmux.env, clock=lambda: AT)


def clients() -> list[str]:
    """Returns the tmux clients among our own children."""
    argv = ["ps", "-o", "comm=,stat=", "--ppid", str(os.getpid())]
    listed = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if line.startswith("tmux") and "Z" not in line]


async def test_gives_the_same_answers_as_a_process_per_look(tmux: Any, connect: Open, eventually: Eventually) -> None:
    env = {"GT_ROLE": "mayor", "NOTE": "it's\n%end 1 2 1\n"}
    pane = tmux.new("two␞", "printf 'hello\\nthere'; exec sleep 99", env=env, runs="sleep")
    tmux.new("dead", "sleep", "99", runs="sleep")
    control, forking = await connect(), fork(tmux)
    await eventually(lambda: HIDDEN in tmux.sessions() and tmux.get(pane, "#{cursor_x}") == "5")
    wishes = [Capture("%1", history=5), Capture("%77"), Capture("%0")]
    for full in (True, False):
        assert await control.look(full=full, captures=wishes) == await forking.look(full=full, captures=wishes)
    assert (
        await control.frames(wishes)
        == await fork(tmux).frames(wishes)
        == (await control.look(full=False, captures=wishes)).frames
    )
    assert await control.environment("$1") == await fork(tmux).environment("$1") != {}


async def test_a_missing_session_is_an_error_and_no_surprise(connect: Open) -> None:
    control = await connect()
    with pytest.raises(GatewayError, match="no such session"):
        await control.environment("$9")
    assert not control.closed


async def test_more_questions_than_may_be_on_their_way(tmux: Any, connect: Open) -> None:
    control = await connect()
    look = await control.look(full=True, captures=[*(Capture(f"%{n}") for n in range(100, 250)), Capture("%0")])
    assert len(look.frames) == 151 and look.frames["%0"] is not None
    assert not control.closed


async def test_a_look_forks_nothing_and_sends_few_lines(connect: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, log = tmp_path / "noting-tmux", tmp_path / "log"
    program.write_text(f'#!/bin/sh\necho started >>"{log}"\nexec tmux "$@"\n')
    program.chmod(0o755)
    sent: list[list[str]] = []
    ask = Connection.ask

    async def noting(self: Connection, lines: Any, timeout: float) -> Any:  # noqa: ASYNC109 (as what it stands before)
        sent.append([line.split()[0] for line in lines])
        return await ask(self, lines, timeout)

    monkeypatch.setattr(Connection, "ask", noting)
    control = await connect(program=str(program))
    sent.clear()
    await control.look(full=False)
    await control.look(full=True)
    await control.look(full=False, captures=[Capture("%0"), Capture("%9")])
    assert sent == [
        ["display-message", "list-panes", "display-message"],
        ["display-message", "show-environment", "list-panes", "display-message"],
        ["display-message", "list-panes", *["list-panes", "capture-pane"] * 2, "display-message"],
    ]
    assert log.read_text() == "started\n"


async def test_its_session_is_hidden_and_vanishes(tmux: Any, connect: Open, eventually: Eventually) -> None:
    control = await connect()
    assert tmux.sessions() == [HIDDEN, "one"]
    assert [pane.session for pane in ((await control.look(full=True)).panes or {}).values()] == ["one"]
    await control.close()
    assert clients() == []
    await eventually(lambda: tmux.sessions() == ["one"] and tmux.clients() == [])
    with pytest.raises(GatewayError, match="closed"):
        await control.look(full=True)


async def test_leaves_no_trace_on_the_sessions_of_others(tmux: Any, connect: Open) -> None:
    traces = (
        "#{session_attached} #{session_activity} #{session_last_attached} #{window_width}x#{window_height} #{session_windows}"
    )
    before = tmux.get("%0", traces), tmux.cmd("show-environment", "-t", "=one"), tmux.cmd("show-options", "-g")
    control = await connect()
    await control.look(full=True, captures=[Capture("%0")])
    assert (tmux.get("%0", traces), tmux.cmd("show-environment", "-t", "=one"), tmux.cmd("show-options", "-g")) == before


async def test_a_new_name_calls_for_a_full_look(tmux: Any, connect: Open, eventually: Eventually) -> None:
    events: list[bool] = []
    await connect(on_event=events.append)
    events.clear()
    tmux.cmd("rename-session", "-t", "=one:", "uno")
    await eventually(lambda: True in events)


async def test_tells_that_sessions_come_and_go(tmux: Any, connect: Open, eventually: Eventually) -> None:
    events: list[int] = []
    await connect(on_event=lambda _: events.append(1))
    events.clear()
    tmux.new("two")
    await eventually(lambda: events)
    await asyncio.sleep(0)
    events.clear()
    tmux.cmd("kill-session", "-t", "=two:")
    await eventually(lambda: events)


async def test_asks_for_no_output_and_counts_for_no_size(tmux: Any, connect: Open) -> None:
    await connect()
    flags = set(tmux.cmd("list-clients", "-F", "#{client_flags}").split(","))
    assert {"control-mode", "no-output", "ignore-size"} <= flags


async def test_its_session_hangs_on_our_life_and_on_no_option(tmux: Any, connect: Open, eventually: Eventually) -> None:
    tmux.cmd("set-option", "-wg", "remain-on-exit", "on")
    control = await connect()
    assert tmux.cmd("show-options", "-v", "-t", f"={HIDDEN}:", "destroy-unattached") == "off"
    os.kill(control._connection._transport.get_pid(), signal.SIGKILL)
    await eventually(lambda: tmux.sessions() == ["one"])
    assert control.closed


async def test_leaving_while_others_ask_never_hurts_the_server(tmux: Any, connect: Open, eventually: Eventually) -> None:
    # With destroy-unattached on the hidden session, about one leaving in five crashed the server when another client came by.
    pid, asking = tmux.pid, ("tmux", "-S", tmux.socket, "list-sessions")
    for _ in range(10):
        control = await connect()
        leaving = asyncio.create_task(control.close())
        while not leaving.done():
            other = await asyncio.create_subprocess_exec(*asking, env=tmux.env, stdout=asyncio.subprocess.DEVNULL)
            assert await other.wait() == 0
        assert tmux.pid == pid
    await eventually(lambda: tmux.sessions() == ["one"])


async def test_leaves_when_no_other_session_is_left(tmux: Any, connect: Open, eventually: Eventually) -> None:
    tmux.new("two")
    control = await connect()
    tmux.cmd("kill-session", "-t", "=two:")
    assert (await control.look(full=False)).pulses
    tmux.cmd("kill-session", "-t", "=one:")
    assert (await control.look(full=True)).panes == {}
    assert control.closed
    await eventually(lambda: not tmux.listens)


async def test_a_killed_session_of_ours_ends_the_connection(tmux: Any, connect: Open, eventually: Eventually) -> None:
    control = await connect()
    tmux.cmd("kill-session", "-t", f"={HIDDEN}:")
    await eventually(lambda: control.closed)
    with pytest.raises(GatewayError):
        await control.look(full=True)
    await eventually(lambda: tmux.sessions() == ["one"] and clients() == [])


async def test_is_never_moved_into_a_session_of_others(tmux: Any, connect: Open, eventually: Eventually) -> None:
    def attached() -> str:
        return str(tmux.get("%0", "#{session_attached} #{session_last_attached}"))

    tmux.new("two")
    tmux.cmd("set-option", "-g", "detach-on-destroy", "off")
    control = await connect()
    before = attached()
    tmux.cmd("kill-session", "-t", f"={HIDDEN}:")
    await eventually(lambda: control.closed)
    assert attached() == before
    second = await connect()
    assert second._connection.error is None
    tmux.cmd("switch-client", "-c", tmux.clients()[0], "-t", "=one:")
    await eventually(lambda: second.closed)
    await eventually(lambda: tmux.clients() == [])
    assert tmux.sessions() == ["one", "two"]


async def test_a_server_that_is_killed_is_an_error(tmux: Any, connect: Open, eventually: Eventually) -> None:
    events: list[int] = []
    control = await connect(on_event=lambda _: events.append(1))
    events.clear()
    os.kill(tmux.pid, signal.SIGKILL)
    with pytest.raises(GatewayError):
        await control.look(full=True)
    assert control.closed and events
    await eventually(lambda: clients() == [])


async def test_a_stopped_server_is_an_error_and_leaves_nothing(tmux: Any, connect: Open, eventually: Eventually) -> None:
    control, pid = await connect(timeout=0.2), tmux.pid
    with stopped(pid):
        waiting = [asyncio.create_task(control.look(full=True)) for _ in range(5)]
        errors = await asyncio.gather(*waiting, return_exceptions=True)
        assert {str(error) for error in errors} == {"tmux did not answer within 0.2 s"}
        await eventually(lambda: clients() == [])
    await eventually(lambda: tmux.sessions() == ["one"])
    again = await connect()
    assert (await again.look(full=True)).panes


async def test_the_watchdog_sees_a_silent_server(tmux: Any, connect: Open, eventually: Eventually) -> None:
    control, pid = await connect(timeout=0.1, watchdog=0.1), tmux.pid
    with stopped(pid):
        await eventually(lambda: control.closed)


async def test_a_question_given_up_does_not_confuse_the_next(tmux: Any, connect: Open) -> None:
    control = await connect()
    for _ in range(3):
        given_up = asyncio.create_task(control.look(full=True, captures=[Capture("%0")]))
        await asyncio.sleep(0)
        given_up.cancel()
        assert await control.look(full=False) == await fork(tmux).look(full=False)


async def test_given_up_while_it_opens_it_leaves_nothing(
    tmux: Any, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmux.new("one")
    loop = asyncio.get_running_loop()
    connect = loop.connect_read_pipe

    async def given_up(factory: Callable[[], Any], pipe: Any) -> Any:
        if isinstance(factory(), Heard):
            await eventually(lambda: len(tmux.sessions()) == 2)
            raise asyncio.CancelledError
        return await connect(factory, pipe)

    monkeypatch.setattr(loop, "connect_read_pipe", given_up)
    with pytest.raises(asyncio.CancelledError):
        await ControlGateway.open("tmux", tmux.socket, tmux.env, clock=lambda: AT, on_event=lambda _: None)
    await eventually(lambda: tmux.sessions() == ["one"] and clients() == [])


async def test_where_no_server_is_none_is_started(tmux: Any) -> None:
    with pytest.raises(GatewayError, match="no tmux server at") as error:
        await ControlGateway.open("tmux", tmux.socket, tmux.env, clock=lambda: AT, on_event=lambda _: None)
    assert error.value.absent
    assert not tmux.listens and clients() == []
    with pytest.raises(GatewayError, match="cannot be run"):
        await ControlGateway.open("/nonexistent/tmux", tmux.socket, tmux.env, clock=lambda: AT, on_event=lambda _: None)


async def test_a_program_that_speaks_otherwise_is_refused(tmux: Any, tmp_path: Path) -> None:
    odd = tmp_path / "tmux"
    odd.write_text("#!/bin/sh\necho hello\nexec sleep 60\n")
    odd.chmod(0o755)
    with pytest.raises(GatewayError, match="outside of an answer"):
        await ControlGateway.open(str(odd), tmux.socket, tmux.env, clock=lambda: AT, on_event=lambda _: None)


KILLED = """
import asyncio, sys
from gastown_tui.observe.tmux.control import ControlGateway
from gastown_tui.town.snapshot import Moment
async def main():
    wishes = {"clock": lambda: Moment(0, 0), "on_event": lambda _: None}
    gateway = await ControlGateway.open("tmux", sys.argv[1], {"PATH": sys.argv[2]}, **wishes)
    await gateway.look(full=True)
    print("open", flush=True)
    await asyncio.sleep(3600)
asyncio.run(main())
"""


def test_a_killed_console_leaves_nothing(tmux: Any, wait_for: Callable[..., Any]) -> None:
    tmux.new("one")
    pid = tmux.pid
    argv = [sys.executable, "-c", KILLED, tmux.socket, os.environ["PATH"]]
    # Several times, because what a server does while its client is leaving is a matter of moments.
    for _ in range(6):
        with subprocess.Popen(argv, stdout=subprocess.PIPE) as console:
            try:
                assert console.stdout is not None and console.stdout.readline() == b"open\n"
                assert tmux.sessions() == [f"_gttui-{console.pid}", "one"]
            finally:
                console.kill()
        wait_for(lambda: tmux.sessions() == ["one"])
        wait_for(lambda: tmux.clients() == [])
        wait_for(lambda: processes_of(tmux) == [])
        assert tmux.pid == pid


def processes_of(tmux: Any) -> list[str]:
    """Returns the control clients of a server, whoever's children they are."""
    listed = subprocess.run(["ps", "-eo", "args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if f"-C -S {tmux.socket}" in line]


STREAM = (
    b"%begin 5 1 0\n%end 5 1 0\n%session-changed $1 x\n"
    b"%begin 5 2 1\na\n%end 5 1 1\n%begin 5 9 1\nb\n%end 5 2 1\n%begin 5 3 1\nno\n%error 5 3 1\n%exit\n"
)
PIECES = [
    Block(True, False, b""),
    b"%session-changed $1 x",
    Block(True, True, b"a\n%end 5 1 1\n%begin 5 9 1\nb\n"),
    Block(False, True, b"no\n"),
    b"%exit",
]


@pytest.mark.parametrize("size", [1, 2, 7, 30, 1000])
def test_blocks_end_at_their_own_end_however_they_arrive(size: int) -> None:
    blocks = Blocks()
    assert [piece for at in range(0, len(STREAM), size) for piece in blocks.feed(STREAM[at : at + size])] == PIECES


async def test_a_roll_gives_the_dead_no_pid(tmux: Any, connect: Open, eventually: Eventually) -> None:
    control = await connect()
    tmux.cmd("set-option", "-g", "remain-on-exit", "on")
    dead = tmux.new("two", "exit 3")
    await eventually(lambda: tmux.get(dead, "#{pane_dead}") == "1" or tmux.cmd("run-shell", ":"))
    expected = {"%0": int(tmux.get("%0", "#{pane_pid}")), dead: 0}
    assert [(await backend.roll()).panes for backend in (control, fork(tmux))] == [expected] * 2


@pytest.mark.skipif("TMUX_OTHER" not in os.environ, reason="TMUX_OTHER does not name a second tmux")
async def test_another_version_is_refused_or_answers_the_same(new_tmux: Any) -> None:
    program = os.environ["TMUX_OTHER"]
    tmux = new_tmux(program=program)
    tmux.new("one", env={"GT_ROLE": "mayor"})
    forking = ForkGateway(program, tmux.socket, tmux.env, clock=lambda: AT)
    server = forking.look_once(full=True).version
    assert server == client_version(program, tmux.env)
    for client in ("tmux", program):
        if refusal(client_version(client, tmux.env), server) is None:
            control = await ControlGateway.open(client, tmux.socket, tmux.env, clock=lambda: AT, on_event=lambda _: None)
            wishes = [Capture("%0"), Capture("%9")]
            assert await control.look(full=True, captures=wishes) == forking.look_once(full=True, captures=wishes)
            await control.close()
            assert tmux.sessions() == ["one"]


async def test_a_connection_is_joined_when_its_own_session_is_there_whatever_was_answered_before() -> None:
    connection = Connection("x", "/nowhere", lambda _: None)
    joining = asyncio.create_task(connection.join(20.0))
    connection.received(b"%begin 5 1 0\n%end 5 1 0\n%sessions-changed\n")
    for _ in range(3):
        await asyncio.sleep(0)
    assert not joining.done()
    connection.received(b"%session-changed $1 x\n")
    await joining
