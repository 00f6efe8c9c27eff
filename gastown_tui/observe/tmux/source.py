"""The tmux source: when to list, what to capture, and by which backend. Listings and frames go out, nothing comes back.

A light listing every second, a full one every ten or when a light one shows something new, frames of the panes on screen
only while they move, and of every agent's pane when something about it moved since it was judged. Every period is re-armed
after the work, and stretches when a tick takes more than a quarter of it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Container, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from gastown_tui.observe.listeners import beside
from gastown_tui.observe.ports import Capture, Gateway, GatewayError, Look, Roll
from gastown_tui.town.activity.judging import SPINS, title_shape
from gastown_tui.town.facts import Frame, Listing, Pane, SourceFailed
from gastown_tui.town.snapshot import Moment, Notice

from .control import ControlGateway
from .fork import ForkGateway
from .listing import merged, resolved
from .versions import client_version, refusal

Out = Callable[[Listing | Frame | SourceFailed], None]
MOST_CAPTURES = 64
"""Screens judged in one tick, lest a key waits for them. Whoever waited longest comes first."""
SLACK_S = 0.2
EXIT_S = 1.0
NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Periods in seconds. Tests use shorter ones.

    `judged`: a screen that goes on moving is judged again after that long. `calm`: nobody came or went for that long before a
    control client connects: before 3.7 a server crashes that has to tell of it to one that is about to.
    """

    light: float = 1.0
    full: float = 10.0
    burst: float = 0.01
    fork_tick: float = 1.0
    fork_tick_keyed: float = 0.5
    keyed_for: float = 10.0
    moving_for: float = 2.0
    judged: float = 2.0
    retry: float = 0.5
    retry_most: float = 10.0
    control_again: float = 10.0
    calm: float = 1.5
    timeout: float = 3.0


@dataclass(slots=True)
class _Shown:
    """A pane on screen: how often it wants a frame, when it got one (mono), and whether that was the same as the one before."""

    rate: float
    at: float = NEVER
    rows: tuple[str, ...] = ()
    same: bool = False


@dataclass(slots=True)
class _Judged:
    """A pane that is judged by its screen: how it was when it was captured last (mono), and when another look is wished.

    `mute`: that screen said nothing, `dull`: nor did the one before. `still`: the pane as it was listed when nothing more was to
    be seen of it.
    """

    at: float = NEVER
    activity: float = 0.0
    title: str = ""
    size: tuple[int, int] = (0, 0)
    wish: float = float("inf")
    mute: bool = False
    dull: bool = False
    still: Pane | None = None

    @classmethod
    def by(cls, pane: Pane, frame: Frame, *, dull: bool = False) -> _Judged:
        """Returns it as of this frame of the pane."""
        return cls(frame.at.mono, pane.window_activity, title_shape(pane.title), (pane.width, pane.height), dull=dull)


@dataclass(slots=True)
class TmuxSource:
    """One server, asked until cancelled or until nobody listens there any more."""

    tmux: str
    socket: str
    environ: Mapping[str, str]
    clock: Callable[[], Moment]
    out: Out
    on_frame: Callable[[Frame], None]
    backend: str = "auto"
    rhythm: Rhythm = field(default_factory=Rhythm)
    refused: str | None = None
    beside: Notice | None = None
    _gateway: Gateway | None = None
    _control_due: float = float("-inf")
    _panes: dict[str, Pane] = field(default_factory=dict)
    _merged: dict[str, Pane] | None = None
    _epoch: str = ""
    _shown: dict[str, _Shown] = field(default_factory=dict)
    _judged: dict[str, _Judged] = field(default_factory=dict)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _light_due: float = float("-inf")
    _usual_due: float = float("-inf")
    _full_due: float = float("-inf")
    _keyed_until: float = float("-inf")
    _exits: dict[int, float] = field(default_factory=dict)
    _roll_due: float = float("inf")
    _again: bool = False
    _doubt: float | None = None

    @property
    def name(self) -> str:
        """Returns the backend in use."""
        return self._gateway.name if self._gateway else "fork"

    def begin_with(self, look: Look) -> None:
        """Takes the answer that found this server as the first one."""
        self._panes, self._epoch, self.beside = dict(look.panes or {}), look.epoch, beside(self.socket, look.epoch)
        self._judged = {pane: _Judged.by(self._panes[pane], frame) for pane, frame in look.frames.items() if frame}
        now = self.clock().mono
        self._light_due = self._usual_due = now + self.rhythm.light
        self._full_due = now + self.rhythm.full

    def interest(self, panes: Mapping[str, float]) -> None:
        """Sets which panes are on screen and how often each wants a frame; a new one gets its first at once."""
        self._shown = {pane: self._shown.get(pane, _Shown(rate)) for pane, rate in panes.items() if rate > 0}
        for pane, rate in panes.items():
            if pane in self._shown:
                self._shown[pane].rate = rate
        self._wake.set()

    def judge(self, panes: Mapping[str, float | None], mute: Container[str | None] = ()) -> None:
        """Sets which panes are judged by their screens, and when (mono) another look at one would settle something.

        Those that are `mute` had screens that told nothing: as long as they go on printing, the next one hardly will.
        """
        self._judged = {pane: self._judged.get(pane) or _Judged() for pane in panes}
        for pane, look_at in panes.items():
            self._judged[pane].wish = float("inf") if look_at is None else look_at
            self._judged[pane].mute = pane in mute
        self._doubt = None
        if self._next_due() <= self.clock().mono:
            self._wake.set()

    def keyed(self) -> None:
        self._keyed_until = self.clock().mono + self.rhythm.keyed_for

    def look_now(self, *, full: bool = False) -> None:
        """Lists at once."""
        self._light_due, self._again = float("-inf"), True
        if full:
            self._full_due = float("-inf")
            for shown in self._shown.values():
                shown.at = NEVER
        self._wake.set()

    def exited(self, pid: int) -> None:
        """Calls the roll at once, and again in a burst until the server has noticed that a pane's process ended.

        What else ends has a listing at once.
        """
        self._exits[pid] = self.clock().mono
        if any(pane.pid == pid for pane in self._panes.values()):
            self._roll_due = float("-inf")
            self._wake.set()
        else:
            self.look_now()

    async def run(self) -> None:
        """Observes. Returns when nobody listens at the socket any more; a server that does not answer is asked again."""
        patience = self.rhythm.retry
        try:
            while True:
                began = self.clock().mono
                try:
                    await self._connect()
                    await self._tick()
                    patience = self.rhythm.retry
                except GatewayError as error:
                    # A connection that broke says nothing of the server: a fork will tell. One that is silent does.
                    broke = self.name == "control" and self.clock().mono - began < self.rhythm.timeout
                    await self._leave()
                    self._light_due = self._full_due = float("-inf")
                    if broke:
                        continue
                    self.out(SourceFailed("tmux", str(error), self.clock(), absent=error.absent))
                    if error.absent:
                        return
                    await self._sleep(patience * random.uniform(0.8, 1.2))
                    patience = min(patience * 2, self.rhythm.retry_most)
        finally:
            await self._leave()

    async def gateway(self) -> Gateway:
        """Returns the backend in use, for a single question beside the rhythm."""
        await self._connect()
        assert self._gateway is not None
        return self._gateway

    async def _connect(self) -> None:
        if isinstance(self._gateway, ControlGateway) and self._gateway.closed:
            await self._leave()
        if self._gateway is None:
            self._gateway = ForkGateway(self.tmux, self.socket, self.environ, clock=self.clock, timeout=self.rhythm.timeout)
        if self.backend != "fork" and self._gateway.name == "fork" and self._panes and self.clock().mono >= self._control_due:
            await self._try_control()

    async def _try_control(self) -> None:
        """Changes to a control connection where the versions allow it; else says why not and stays with forks."""
        self._control_due = self.clock().mono + self.rhythm.control_again
        try:
            client = await asyncio.to_thread(client_version, self.tmux, self.environ, timeout=self.rhythm.timeout)
            assert isinstance(self._gateway, ForkGateway)
            self.refused = refusal(client, *await asyncio.to_thread(self._gateway.nature_once))
            if self.refused:
                self._control_due = float("inf")
                return
            self._gateway = await ControlGateway.open(
                self.tmux, self.socket, self.environ, clock=self.clock, on_event=self._event, timeout=self.rhythm.timeout
            )
        except GatewayError as error:
            self.refused = str(error)

    def _event(self, full: bool) -> None:
        if full:
            self._full_due = NEVER
        # Bursts are common: one listing soon answers them all.
        self._light_due = min(self._light_due, self.clock().mono + self.rhythm.burst)
        self._wake.set()

    async def _leave(self) -> None:
        gateway, self._gateway = self._gateway, None
        if gateway is not None:
            if gateway.name == "control":
                self._control_due = self.clock().mono + self.rhythm.control_again
            with suppress(GatewayError):
                await gateway.close()

    async def _sleep(self, seconds: float) -> None:
        self._wake.clear()
        # Half the price of a timeout, which is an exception: this ends several times a second.
        alarm = asyncio.get_running_loop().call_later(max(0.0, seconds), self._wake.set)
        try:
            await self._wake.wait()
        finally:
            alarm.cancel()

    async def _tick(self) -> None:
        """Does what is due, then waits for what comes next."""
        began = self.clock().mono
        assert self._gateway is not None
        if began >= self._roll_due:
            await self._call_roll()
            self._wait_for_ends(began)
        elif began >= self._light_due:
            self._again = False
            await self._list(full=began >= self._full_due and not self._exits)
            self._rearm(self.clock().mono - began)
            self._wait_for_ends(began)
        elif wishes := self._wanted(self._panes, listing=False):
            self._frames(await self._gateway.frames(wishes))
        await self._sleep(self._next_due() - self.clock().mono)

    def _rearm(self, took: float) -> None:
        now = self.clock().mono
        tick = self.rhythm.light
        if self.name == "fork":
            tick = self.rhythm.fork_tick_keyed if now < self._keyed_until else self.rhythm.fork_tick
        self._light_due = self._usual_due = now if self._again else now + max(tick, 4 * took)

    def _wait_for_ends(self, began: float) -> None:
        """Sets when the roll is called again: the server learns of an end a little later than we do."""
        now = self.clock().mono
        self._exits = {pid: since for pid, since in self._exits.items() if now - since < EXIT_S}
        if self._exits:
            waited = now - max(self._exits.values())
            self._roll_due = min(self._roll_due, now + max(self.rhythm.burst, min(waited, 0.1), 2 * (now - began)))

    async def _call_roll(self) -> None:
        """Hands on who is left, where some panes went and nothing else happened; else a listing is due at once."""
        assert self._gateway is not None
        self._roll_due = float("inf")
        left = self._left(await self._gateway.roll())
        if not left:
            # Somebody came, or died in his place, or nobody is there any more.
            self.look_now()
        elif len(left) < len(self._panes):
            self._tell(self._epoch, left)
            # tmux tells of the end, too: what that calls for would be in the way of the judgement. What is due anyway is not put
            # off, else one end after the other would keep all that the others do from being seen.
            self._light_due = max(self._light_due, min(self.clock().mono + SLACK_S, self._usual_due))

    def _left(self, roll: Roll) -> dict[str, Pane] | None:
        """Returns the panes that are left where the roll tells no more than that; None where only a listing can tell."""
        known = {pane_id: 0 if pane.dead else pane.pid for pane_id, pane in self._panes.items()}
        if roll.epoch != self._epoch or not roll.panes.items() <= known.items():
            return None
        return {pane_id: self._panes[pane_id] for pane_id in roll.panes}

    async def _list(self, *, full: bool) -> None:
        """Lists, captures what this very listing shows to have moved, and hands both on."""
        assert self._gateway is not None
        look = await self._gateway.decided(self._decide, full=full)
        if self._merged is None:
            look = await self._gateway.decided(self._decide, full=True)
        if look.panes is not None:
            self._full_due = self.clock().mono + self.rhythm.full
            self.beside = beside(self.socket, look.epoch)
        panes, self._merged = self._merged, None
        assert panes is not None
        self._tell(look.epoch, panes)
        self._frames(look.frames)

    def _tell(self, epoch: str, panes: dict[str, Pane]) -> None:
        there = {pane.pid for pane in panes.values() if not pane.dead}
        self._exits = {pid: since for pid, since in self._exits.items() if pid in there}
        if panes.keys() != self._panes.keys():
            self._control_due = max(self._control_due, self.clock().mono + self.rhythm.calm)
        self._panes, self._epoch, self._doubt = panes, epoch, None
        self.out(Listing(epoch, panes, self.clock(), self.beside))

    def _decide(self, look: Look) -> list[Capture]:
        """Returns what to capture after a listing, and keeps its panes: None where a light one cannot tell."""
        same = look.epoch == self._epoch
        look = resolved(look) if look.panes is not None else look
        self._merged = merged(self._panes if same else {}, look) if same or look.panes is not None else None
        # Whoever waits for an end waits for the listing alone.
        return [] if self._merged is None or self._exits else self._wanted(self._merged, listing=True)

    def _wanted(self, panes: Mapping[str, Pane], *, listing: bool) -> list[Capture]:
        """Returns the captures that are due: on screen and moving; then those to be judged, the longest waiting first.

        With forks a capture waits for the tick's one process, unless its pane only just came.
        """
        moment = self.clock()
        now = moment.mono if self.name == "control" or listing else NEVER
        shown = [(self._frame_due(panes[pane], one, moment), pane) for pane, one in self._shown.items() if pane in panes]
        due = partial(self._judge_due, moment=moment) if listing else _wished
        asked = self._judged if listing or self._doubt_due() <= now else {}
        judged = [(due(panes[pane], one), pane) for pane, one in asked.items() if pane in panes]
        waiting = sorted(one for one in judged if one[0] <= now)[:MOST_CAPTURES]
        return [Capture(pane) for pane in dict.fromkeys(pane for due, pane in [*shown, *waiting] if due <= now)]

    def _judge_due(self, pane: Pane, judged: _Judged, moment: Moment) -> float:
        """Returns when (mono) a screen is judged again: after a look that left a doubt, and when it moved since.

        What goes on printing is judged every other second, every fourth where its title spins or its screen told nothing, every
        eighth where it told nothing twice; what has stopped, or calls itself otherwise, at the next listing.
        """
        if judged.still is pane or judged.at == NEVER:
            return _wished(pane, judged)
        if (pane.width, pane.height) != judged.size or title_shape(pane.title) != judged.title:
            return min(judged.at + SLACK_S, judged.wish)
        # Stamps are whole seconds: what was written in the second of the last look may be newer than it.
        settled = pane.window_activity + 1 + SLACK_S < moment.wall - (moment.mono - judged.at)
        if settled and pane.window_activity == judged.activity:
            judged.still = pane
            return judged.wish
        # A title that spins tells at once when the work ends: its screen may wait for longer. Nor is a line each second an end.
        patience = 2 if judged.mute or judged.title.startswith(SPINS) else 1
        prints = pane.window_activity + patience + SLACK_S >= moment.wall
        patience = 4 if judged.mute and judged.dull else patience
        return min(judged.at + (self.rhythm.judged * patience if prints else SLACK_S), judged.wish)

    def _frame_due(self, pane: Pane, shown: _Shown, moment: Moment) -> float:
        """Returns when (mono) a pane on screen is captured again: never while nothing was written since the last frame.

        Half as often as wished while it only may have moved: most of what prints does so in bursts.
        """
        if shown.at == NEVER:
            return NEVER
        captured = moment.wall - (moment.mono - shown.at)
        # Stamps are whole seconds: what was written in the second of the last frame may be newer than it.
        moved = pane.window_activity + self.rhythm.moving_for >= captured
        return shown.at + (2 if shown.same else 1) / shown.rate if moved else float("inf")

    def _next_due(self) -> float:
        panes, moment = self._panes, self.clock()
        shown = [self._frame_due(panes[pane], one, moment) for pane, one in self._shown.items() if pane in panes]
        listed = min(self._light_due, self._roll_due)
        due = min([self._doubt_due(), *shown])
        return min(listed, due) if self.name == "control" or due == NEVER else listed

    def _doubt_due(self) -> float:
        """Returns when (mono) the next screen is wished for, whatever a listing shows. Of a hundred hardly one is."""
        if self._doubt is None:
            wished = (_wished(self._panes[pane], one) for pane, one in self._judged.items() if pane in self._panes)
            self._doubt = min(wished, default=float("inf"))
        return self._doubt

    def _frames(self, frames: Mapping[str, Frame | None]) -> None:
        for pane_id, frame in frames.items():
            judged, shown = self._judged.get(pane_id), self._shown.get(pane_id)
            if frame is None:
                # It went after it was listed: the next listing says so, and until then nobody asks again.
                for one in (judged, shown):
                    if one:
                        one.at, self._doubt = self.clock().mono, None
                continue
            if judged:
                self._judge(judged, frame)
            if shown:
                first, shown.same = shown.at == NEVER, frame.rows == shown.rows
                shown.at, shown.rows = frame.at.mono, frame.rows
                if first or not shown.same:
                    self.on_frame(frame)

    def _judge(self, judged: _Judged, frame: Frame) -> None:
        """Hands a screen on to be judged, unless it was captured for the eye alone."""
        pane = self._panes.get(frame.pane_id)
        if pane is None or self._judge_due(pane, judged, self.clock()) > frame.at.mono:
            return
        self._judged[frame.pane_id], self._doubt = _Judged.by(pane, frame, dull=judged.mute), None
        self.out(frame)


def _wished(_: Pane, judged: _Judged) -> float:
    """Returns when (mono) another look at a screen is wished for, whatever a listing shows of it."""
    return NEVER if judged.at == NEVER else judged.wish
