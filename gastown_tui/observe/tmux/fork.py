"""The backend that always works: one tmux process per look."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple, Protocol

from gastown_tui.observe.calls import Call, TimedOut, run
from gastown_tui.observe.listeners import unreachable
from gastown_tui.observe.ports import Capture, GatewayError, Look, Roll
from gastown_tui.observe.tmux import commands, parse
from gastown_tui.town.facts import Frame
from gastown_tui.town.snapshot import Moment

ARGUMENTS = 16_000
"""Bytes of arguments that one tmux process may carry: its message to the server holds 16,380 with the terminators."""


LEAVE_S = 0.2


def nothing() -> None:
    """What is done while tmux works, where there is nothing to do."""


class Asking(Protocol):
    """Returns the frame of each pane, None for one that is gone. Does `meanwhile` while tmux captures. Raises GatewayError."""

    def __call__(self, captures: Sequence[Capture], meanwhile: Callable[[], None] = nothing, /) -> Mapping[str, Frame | None]: ...


Decide = Callable[[Look], Sequence[Capture]]
"""Returns what is to be captured, from a listing without frames."""


class Conversation(NamedTuple):
    """A look, and the way to capture, from the same process, what was decided from it; a second batch takes another."""

    look: Look
    frames: Asking


class ForkGateway:
    """Asks the server that listens at `socket`, never starting one. `tmux` is the program, `env` its environment.

    `timeout` (seconds) bounds every question. The `_once` methods are for callers without an event loop; the others do the
    same in a thread.
    """

    name = "fork"

    def __init__(
        self, tmux: str, socket: str, env: Mapping[str, str], *, clock: Callable[[], Moment], timeout: float = 3.0
    ) -> None:
        self.socket = socket
        self._argv = [tmux, "-u", "-N", "-S", socket]
        # Started inside tmux, we would otherwise be taken for a client of that pane.
        self._env = {name: value for name, value in env.items() if name not in ("TMUX", "TMUX_PANE")}
        self._clock = clock
        self._timeout = timeout
        self._marks = commands.new_marks()
        self._rows = parse.Rows(self._marks)

    def look_once(self, *, full: bool, captures: Sequence[Capture] = ()) -> Look:
        """Returns one answer. One process, unless the captures need more arguments than one may carry."""
        first, *more = self._split(full, captures)
        got = self._ask(commands.look(self._marks, full=full, captures=first))
        look = parse.look(got, self._rows, full=full, captures=first, at=self._clock())
        return look._replace(frames={**look.frames, **self._recapture(more, look.epoch)})

    async def look(self, *, full: bool, captures: Sequence[Capture] = ()) -> Look:
        from asyncio import to_thread

        return await to_thread(self.look_once, full=full, captures=captures)

    async def roll(self) -> Roll:
        """Returns who is there."""
        from asyncio import to_thread

        return parse.roll(await to_thread(self._ask, commands.roll(self._marks)), self._marks)

    def nature_once(self) -> tuple[str, str]:
        """Returns the server's version and by what its windows are sized (`window-size`)."""
        got = self._ask(commands.nature(self._marks))
        return got.version, got.rows[0].partition("\n")[2]

    def frames_once(self, captures: Sequence[Capture], meanwhile: Callable[[], None] = nothing) -> dict[str, Frame | None]:
        """Returns the frames alone, without a listing; `meanwhile` comes first."""
        meanwhile()
        return self._recapture(self._split(full=False, captures=captures))

    def decided_once(self, decide: Decide, *, full: bool) -> Look:
        """Returns a look with the frames that `decide` wishes for once it has seen the listing. One process."""
        with self.converse(full=full) as talk:
            return talk.look._replace(frames=talk.frames(decide(talk.look)))

    async def decided(self, decide: Decide, *, full: bool) -> Look:
        """As `decided_once`; `decide` is called in a thread."""
        from asyncio import to_thread

        return await to_thread(self.decided_once, decide, full=full)

    @contextlib.contextmanager
    def converse(self, *, full: bool = True, meanwhile: Callable[[], None] = nothing) -> Iterator[Conversation]:
        """Gives a look and then one batch of captures, however many, from the same process; does `meanwhile` while it lists.

        `timeout` bounds either answer. A tmux that reads no commands from its stdin costs a second process.
        """
        asked = commands.chain(commands.look(self._marks, full=full))
        with contextlib.ExitStack() as life:
            with self._bounded():
                call = life.enter_context(Call([*self._argv, *asked, *commands.THEN_STDIN], env=self._env))
                meanwhile()
                got = parse.answer(call.heard(commands.last_word(self._marks), self._timeout), self._marks)
                if got is None:
                    raise self._failure(call.finished(self._timeout).stderr)
            look = parse.look(got, self._rows, full=full, captures=(), at=self._clock())
            yield Conversation(look, partial(self._then, call, look.epoch))
            if not call.over:
                with contextlib.suppress(TimedOut):
                    call.finished(LEAVE_S)

    async def frames(self, captures: Sequence[Capture]) -> dict[str, Frame | None]:
        from asyncio import to_thread

        return await to_thread(self.frames_once, captures)

    def environment_once(self, session_id: str) -> dict[str, str]:
        """Returns the session's own environment, without what it inherits. Raises GatewayError where there is no such session."""
        return dict(self._ask(commands.environment(self._marks, session_id)).environment)

    async def environment(self, session_id: str) -> dict[str, str]:
        from asyncio import to_thread

        return await to_thread(self.environment_once, session_id)

    async def close(self) -> None:
        """Nothing stays open between two looks."""

    def _then(
        self, call: Call, epoch: str, captures: Sequence[Capture], meanwhile: Callable[[], None] = nothing
    ) -> Mapping[str, Frame | None]:
        if listens := not call.over:
            call.tell(commands.then_captures(self._marks, captures).encode())
        meanwhile()
        if listens:
            with self._bounded():
                done = call.finished(self._timeout)
            end = commands.last_word(self._marks)
            if done.stdout.endswith(end):
                return parse.frames(parse.captures(done.stdout.removesuffix(end), self._marks), captures, self._clock())
        return self._recapture(self._split(full=False, captures=captures), epoch)

    def _recapture(self, batches: Iterable[Sequence[Capture]], epoch: str | None = None) -> dict[str, Frame | None]:
        """Returns the frames of every batch, a process each. Raises GatewayError where another server than `epoch` answers."""
        frames: dict[str, Frame | None] = {}
        for wishes in batches:
            got = self._ask(commands.recapture(self._marks, wishes))
            if epoch not in (None, got.epoch):
                raise GatewayError("the tmux server was replaced while it answered", remedy="wait: it is asked again")
            frames |= parse.frames(got.captures, wishes, self._clock())
        return frames

    def _split(self, full: bool, captures: Sequence[Capture]) -> Iterator[list[Capture]]:
        room = ARGUMENTS - _size(commands.chain(commands.look(self._marks, full=full)))
        chunk: list[Capture] = []
        for wish in captures:
            size = _size(commands.chain([commands.capture(self._marks, wish)])) + len(";") + 1
            if size > room and chunk:
                yield chunk
                chunk, room = [], ARGUMENTS - _size(commands.chain(commands.recapture(self._marks, ())))
            chunk.append(wish)
            room -= size
        yield chunk

    def _ask(self, groups: Sequence[commands.Group]) -> parse.Answer:
        with self._bounded():
            done = run([*self._argv, *commands.chain(groups)], timeout=self._timeout, env=self._env)
        got = parse.answer(done.stdout, self._marks)
        if got is None:
            raise self._failure(done.stderr)
        return got

    def _failure(self, stderr: bytes) -> GatewayError:
        error = parse.failure(stderr.decode("utf-8", "replace"), self.socket)
        found = unreachable([self.socket]) if error.absent else None
        return found[1] if found else error

    @contextlib.contextmanager
    def _bounded(self) -> Iterator[None]:
        """Says what it means that tmux took too long or cannot be run."""
        try:
            yield
        except TimedOut:
            remedy = "see whether the server is stopped or its machine is overloaded: ps -o stat,time,args -C tmux"
            raise GatewayError(f"tmux did not answer within {self._timeout:g} s", remedy=remedy) from None
        except OSError as error:
            raise GatewayError(f"{self._argv[0]} cannot be run: {error.strerror}", remedy="install tmux 3.2 or later") from None


def _size(words: Sequence[str]) -> int:
    return sum(len(word.encode()) + 1 for word in words)
