"""The backend without processes: one lasting `tmux -C` connection from a hidden session of our own.

It receives no output of panes (`no-output`): a client that reads slowly would stall the agents. It never attaches to an
agent's session, which would tell others that a person is there. Any surprise ends it; the caller goes on with the other backend.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, cast

from gastown_tui.observe.calls import end_group
from gastown_tui.observe.ports import Capture, GatewayError, Look, Roll
from gastown_tui.observe.tmux import commands, parse
from gastown_tui.town.facts import OUR_PREFIX, Frame
from gastown_tui.town.snapshot import Moment

IN_FLIGHT = 64
"""Questions on their way at most: the server buffers what we do not read, without a limit."""
EVENTS = (
    b"%sessions-changed",
    b"%unlinked-window-add",
    b"%unlinked-window-close",
)
TOLD_IN_FULL = (b"%session-renamed", b"%client-session-changed", b"%client-detached")
OnEvent = Callable[[bool], None]
AGAIN = "it is tried again later; until then each look is a process"


class Block(NamedTuple):
    """One command's reply. `mine`: the command came over the connection and not with its start."""

    ok: bool
    mine: bool
    body: bytes


class Blocks:
    """Cuts the stream of a control client into blocks and notifications."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._ends: tuple[bytes, bytes] | None = None
        self._searched = 0

    def feed(self, data: bytes) -> Iterator[Block | bytes]:
        """Yields what is complete: blocks, and lines that belong to none."""
        self._buffer += data
        while (piece := self._line() if self._ends is None else self._block()) is not None:
            if piece != b"":
                yield piece

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\n")
        if end < 0:
            return None
        line = bytes(self._buffer[:end])
        # The newline stays in front of a block, so that its end is found the same way when the block is empty.
        if line.startswith(b"%begin "):
            stamp = line[len(b"%begin ") :]
            self._ends, self._searched = (b"\n%end " + stamp + b"\n", b"\n%error " + stamp + b"\n"), 0
            del self._buffer[:end]
            return b""
        del self._buffer[: end + 1]
        return line

    def _block(self) -> Block | None:
        """Returns the open block once its very own end is there: a captured row may look like the end of another."""
        assert self._ends is not None
        for end, ok in zip(self._ends, (True, False), strict=True):
            if (at := self._buffer.find(end, self._searched)) >= 0:
                block = Block(ok, end.endswith(b" 1\n"), bytes(self._buffer[1 : at + 1]))
                del self._buffer[: at + len(end)]
                self._ends = None
                return block
        self._searched = max(0, len(self._buffer) - len(self._ends[1]))
        return None


class Connection(asyncio.SubprocessProtocol):
    """A `tmux -C` client: lines in, blocks out, in their order."""

    def __init__(self, session: str, socket: str, on_event: OnEvent) -> None:
        self.error: GatewayError | None = None
        self._life = contextlib.ExitStack()
        self._open = contextlib.ExitStack()
        self.stderr = b""
        self.ended = asyncio.get_running_loop().create_future()
        self._session = session
        self._socket = socket
        self._on_event = on_event
        self._blocks = Blocks()
        self._waiting: deque[asyncio.Future[Block | None]] = deque()
        self._joined = asyncio.Event()
        self._lock = asyncio.Lock()

    @classmethod
    async def open(cls, tmux: str, socket: str, env: Mapping[str, str], session: str, on_event: OnEvent) -> Connection:
        """Returns a connection whose client was started. Raises OSError where it cannot be."""
        connection, loop = cls(session, socket, on_event), asyncio.get_running_loop()
        # The server writes to the client's stdout itself, and a client cannot leave before that is written: when we are
        # killed, nobody would read it and the client would stay for ever. So the client holds the reading end as well.
        (heard, said), (kept, life) = os.pipe(), os.pipe()
        connection._life.callback(os.close, life)
        connection._open.callback(os.close, kept)
        argv = start(tmux, socket, session, f"/proc/{os.getpid()}/fd/{kept}")
        with os.fdopen(said, "wb", 0), contextlib.ExitStack() as failing:
            failing.callback(os.close, heard)
            failing.callback(connection._open.close)
            failing.callback(connection._life.close)
            await loop.subprocess_exec(lambda: connection, *argv, stdout=said, pass_fds=(heard,), env=env, start_new_session=True)
            failing.pop_all()
        try:
            reader, _ = await loop.connect_read_pipe(lambda: Heard(connection.received), os.fdopen(heard, "rb", 0))
        except BaseException:
            await connection.close()
            raise
        connection._open.callback(reader.close)
        if connection.ended.done():
            connection._open.close()
        return connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.SubprocessTransport, transport)
        self._stdin = cast(asyncio.WriteTransport, self._transport.get_pipe_transport(0))

    async def join(self, timeout: float) -> None:  # noqa: ASYNC109 (as below)
        """Returns once our session is there: a server that is busy answers the first questions before it has made it.

        Raises GatewayError, and then the connection is over.
        """
        try:
            async with asyncio.timeout(timeout):
                await self._joined.wait()
        except TimeoutError:
            self._silent(timeout)
        if self.error:
            raise self.error

    async def ask(self, lines: Sequence[str], timeout: float) -> list[Block]:  # noqa: ASYNC109 (a silent server ends the connection, not just the wait)
        """Returns the reply to each line. Raises GatewayError, and then the connection is over."""
        replies: list[Block] = []
        async with self._lock:
            for start in range(0, len(lines), IN_FLIGHT):
                replies += await self._send(lines[start : start + IN_FLIGHT], timeout)
        return replies

    async def _send(self, lines: Sequence[str], timeout: float) -> list[Block]:  # noqa: ASYNC109 (as above)
        if self.error:
            raise self.error
        futures = [asyncio.get_running_loop().create_future() for _ in lines]
        self._waiting += futures
        self._stdin.write("".join(line + "\n" for line in lines).encode())
        try:
            async with asyncio.timeout(timeout):
                return [self._reply(await future) for future in futures]
        except TimeoutError:
            self._silent(timeout)
            raise cast(GatewayError, self.error) from None

    def _silent(self, seconds: float) -> None:
        self.fail(GatewayError(f"tmux did not answer within {seconds:g} s", remedy=AGAIN))

    def _reply(self, block: Block | None) -> Block:
        if block is None:
            raise self.error or GatewayError("the connection to tmux ended", remedy=AGAIN)
        return block

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self.stderr = (self.stderr + data)[-4096:]

    def received(self, data: bytes) -> None:
        for piece in self._blocks.feed(data):
            self._received(piece)

    def _received(self, piece: Block | bytes) -> None:
        if isinstance(piece, Block):
            self._block(piece)
        elif piece.startswith(b"%session-changed "):
            if piece.split(b" ", 2)[2:] != [self._session.encode()]:
                self.fail(GatewayError("tmux moved our connection into a session that is not ours", remedy=AGAIN))
            self._joined.set()
        elif piece.startswith(b"%exit"):
            self.fail(GatewayError("tmux ended our connection", remedy=AGAIN))
        elif piece.startswith((*EVENTS, *TOLD_IN_FULL)):
            self._on_event(piece.startswith(TOLD_IN_FULL))
        elif not piece.startswith(b"%"):
            self.fail(GatewayError("tmux wrote something outside of an answer", remedy=AGAIN))

    def _block(self, block: Block) -> None:
        if block.mine and self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(block)
        elif block.mine or not block.ok:
            said = block.body.decode("utf-8", "replace").strip()
            self.fail(GatewayError(f"tmux refused our connection: {said}", remedy=AGAIN))

    def connection_lost(self, exc: Exception | None) -> None:
        """The client ended and everything that it wrote was read."""
        self.fail(parse.failure(self.stderr.decode("utf-8", "replace") or "lost server", self._socket))
        self._open.close()
        if not self.ended.done():
            self.ended.set_result(None)

    def fail(self, error: GatewayError) -> None:
        """Ends the connection for good: whoever waits is told, its session is let go and the client killed."""
        if self.error:
            return
        self.error = error
        self._life.close()
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
        self._waiting.clear()
        self._joined.set()
        if self._transport.get_returncode() is None:
            end_group(self._transport.get_pid())
        self._on_event(False)

    async def close(self) -> None:
        """Leaves: the session ends and the client with it. Returns when the client is gone."""
        self.error = self.error or GatewayError("the connection to tmux was closed", remedy=AGAIN)
        self._on_event = _ignore
        self._life.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await asyncio.shield(self.ended)
        if self._transport.get_returncode() is None:
            end_group(self._transport.get_pid())
            await self.ended
        self._transport.close()


class Heard(asyncio.Protocol):
    """Hands on what comes out of a pipe."""

    def __init__(self, received: Callable[[bytes], None]) -> None:
        self._received = received

    def data_received(self, data: bytes) -> None:
        self._received(data)


def _ignore(_: bool) -> None:
    """Nobody listens any more."""


class ControlGateway:
    """Asks over one connection, without forking. Make it with `open`, after `versions.refusal` found nothing against it.

    `on_event` is called on the event loop when sessions come or go and when the connection breaks, and with True when a client
    does or a session is renamed, of which only a full look tells; calls come in bursts.
    When no session but hidden ones is left, the look that saw it ends the connection, so that it keeps no server alive.
    """

    name = "control"

    def __init__(self, socket: str, connection: Connection, clock: Callable[[], Moment], timeout: float, watchdog: float) -> None:
        self.socket = socket
        self._connection = connection
        self._clock = clock
        self._timeout = timeout
        self._marks = commands.new_marks()
        self._rows = parse.Rows(self._marks)
        self._watchdog = asyncio.create_task(self._watch(watchdog))

    @classmethod
    async def open(
        cls,
        tmux: str,
        socket: str,
        env: Mapping[str, str],
        *,
        clock: Callable[[], Moment],
        on_event: OnEvent,
        timeout: float = 3.0,  # noqa: ASYNC109 (of every question to come)
        watchdog: float = 10.0,
    ) -> ControlGateway:
        """Returns a gateway that has answered once. `watchdog`: seconds after which a silent connection is tried.

        Raises GatewayError where no server listens (none is started) or it does not answer as expected.
        """
        session = f"{OUR_PREFIX}{os.getpid()}"
        clean = {name: value for name, value in env.items() if name not in ("TMUX", "TMUX_PANE")}
        try:
            connection = await Connection.open(tmux, socket, clean, session, on_event)
        except OSError as error:
            raise GatewayError(f"{tmux} cannot be run: {error.strerror}", remedy="install tmux 3.2 or later") from None
        gateway = cls(socket, connection, clock, timeout, watchdog)
        try:
            await connection.join(timeout)
            await gateway._ask([(commands.head_of(gateway._marks),), commands.last(gateway._marks)])
        except BaseException:
            await gateway.close()
            raise
        return gateway

    @property
    def closed(self) -> bool:
        return self._connection.error is not None

    async def look(self, *, full: bool, captures: Sequence[Capture] = ()) -> Look:
        """Returns one answer; every look is complete, so nothing has to be remembered after an event was lost."""
        got = await self._ask(commands.look(self._marks, full=full, captures=captures))
        look = parse.look(got, self._rows, full=full, captures=captures, at=self._clock())
        if not look.panes and not look.pulses:
            await self.close()
        return look

    async def decided(self, decide: Callable[[Look], Sequence[Capture]], *, full: bool) -> Look:
        """Returns a look with the frames that `decide` wishes for once it has seen the listing."""
        look = await self.look(full=full)
        wishes = decide(look)
        return look._replace(frames=await self.frames(wishes)) if wishes else look

    async def roll(self) -> Roll:
        """Returns who is there."""
        return parse.roll(await self._ask(commands.roll(self._marks)), self._marks)

    async def frames(self, captures: Sequence[Capture]) -> dict[str, Frame | None]:
        """Returns the frames alone, without a listing: who answers is known, and each reply says itself where it ends."""
        said, _ = await self._said([commands.capture(self._marks, wish) for wish in captures])
        return parse.frames(parse.captures(said, self._marks), captures, self._clock())

    async def environment(self, session_id: str) -> dict[str, str]:
        """Returns the session's own environment. Raises GatewayError where there is no such session."""
        return dict((await self._ask(commands.environment(self._marks, session_id))).environment)

    async def close(self) -> None:
        """Leaves the server; returns when the client is gone."""
        self._watchdog.cancel()
        await self._connection.close()

    async def _ask(self, groups: Sequence[commands.Group]) -> parse.Answer:
        said, refused = await self._said(groups)
        got = parse.answer(said, self._marks)
        if got is None:
            raise parse.failure(refused.decode("utf-8", "replace"), self.socket)
        return got

    async def _said(self, groups: Sequence[commands.Group]) -> tuple[bytes, bytes]:
        """Returns what the groups gave, each up to its first error, and what they gave from there on."""
        blocks = iter(await self._connection.ask([line for group in groups for line in group], self._timeout))
        said, refused = bytearray(), bytearray()
        for group in groups:
            replies = [next(blocks) for _ in group]
            good = next((at for at, reply in enumerate(replies) if not reply.ok), len(replies))
            said += b"".join(reply.body for reply in replies[:good])
            refused += b"".join(reply.body for reply in replies[good:])
        return bytes(said), bytes(refused)

    async def _watch(self, period: float) -> None:
        with contextlib.suppress(GatewayError):
            while True:
                await asyncio.sleep(period)
                await self._connection.ask([commands.head_of(self._marks)], self._timeout)


def start(tmux: str, socket: str, session: str, lifeline: str) -> list[str]:
    """Returns the command that opens a connection: it joins no session of others, starts no server and leaves nothing behind.

    The session lives as long as somebody holds the other end of `lifeline`, a pipe: when we die in whatever way, `cat` ends
    and the session with it. `destroy-unattached` must never do that: a server destroys such a session while its client is
    still leaving, trips over it and takes all agents with it (seen on 3.3a, 3.4 and 3.6b, about one kill in five). The size is
    never stated: `ignore-size` is ignored when all clients of a window have it.
    """
    client = [tmux, "-u", "-N", "-C", "-S", socket]
    make = ["new-session", "-E", "-s", session, "-x", "80", "-y", "24", "-f", "no-output,ignore-size", "cat", lifeline]
    ours = ["-t", f"={session}:"]
    keep = ["set-option", *ours, "destroy-unattached", "off"]
    stay = ["set-option", *ours, "detach-on-destroy", "on"]
    vanish = ["set-option", "-w", *ours, "remain-on-exit", "off"]
    return [*client, *make, ";", *keep, ";", *stay, ";", *vanish]
