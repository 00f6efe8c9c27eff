"""One town under observation: the sources, what is known, and the loop that judges it."""

from __future__ import annotations

import asyncio
import errno
import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from gastown_tui.town.acks import Ack, ended, subject
from gastown_tui.town.agents import Identity
from gastown_tui.town.facts import (
    Acknowledgements,
    Exited,
    Fact,
    Frame,
    Listing,
    Located,
    MonitorRead,
    Pane,
    Remembered,
    SourceFailed,
    TownFiles,
)
from gastown_tui.town.judging import alive_sessions, judge_in_steps
from gastown_tui.town.known import Judgement, Known, fold
from gastown_tui.town.liveness import NEWBORN_S
from gastown_tui.town.snapshot import ALIVE, NOTHING, Moment, Nowhere, State, Town
from gastown_tui.town.wishes import NO_WISHES, Wishes

from .beads.source import BeadSource
from .monitor_source import MonitorSource
from .pids import PidWatcher
from .ports import AckStore, Past
from .processes import read_tree
from .recording import Recording
from .survey import Survey
from .tmux.source import TmuxSource

FILES_S = 2.0
SWEEP_S = 10.0
WITHOUT_AGENT_S = 1.0
SERVER_S = 2.0
RECORDS_WAIT_S = 0.05
SILENT_S = 10.0
SCOUT_S = 30.0
TURN_S = 0.5
# A key takes several turns of the loop to its picture: between two slices there is time for all of them.
SLICE_S = 0.005
BREATH_S = 0.002
# What the screens say is worth that much patience before the first picture.
FIRST_SCREENS_S = 0.4


@dataclass(frozen=True, slots=True)
class _Reading:
    """When (mono) a pane's processes were read, and of what; a `young` pane is read again soon."""

    at: float
    pid: int
    command: str
    young: bool


_Alive = tuple[Mapping[str, str], Mapping[str, tuple[str, float]], Moment]
"""Who was alive, what was remembered before, and when the server said so."""


class Observation:
    """Judges one town until it is gone.

    `find` surveys again; `scout` says what the servers that listen call for, or None; `source_at` makes a source for a socket.
    """

    def __init__(
        self,
        place: Survey,
        *,
        clock: Callable[[], Moment],
        past: Past,
        acks: AckStore | None = None,
        recording: Recording | None = None,
        wishes: Wishes = NO_WISHES,
        publish: Callable[[Town], None],
        find: Callable[[], Survey | Nowhere],
        scout: Callable[[], Located | None],
        source_at: Callable[[str, Callable[[Fact], None]], TmuxSource],
        monitor_of: Callable[[str, Callable[[Fact], None]], MonitorSource | None] = lambda *_: None,
        beads_of: Callable[[str, Callable[[Fact], None]], BeadSource | None] = lambda *_: None,
    ) -> None:
        self._place = place
        self._clock = clock
        self._past = past
        self._publish = publish
        self._find = find
        self._scout = scout
        self._source_at = source_at
        self.source: TmuxSource | None = None
        self._monitor = monitor_of(place.ref.root, self._put)
        self._beads = beads_of(place.ref.root, self._put)
        self._acks = acks
        self._recording = recording or Recording()
        self._over: frozenset[str] = frozenset()
        self._told: Town | None = None
        self._known = Known(place.ref, wishes=wishes)
        self._inbox: list[Fact] = [past.recall(clock()), place.files]
        if acks is not None:
            self._inbox.append(Acknowledgements(acks.recall(clock().wall), clock()))
        self._wake = asyncio.Event()
        self._look_for_server = asyncio.Event()
        self._readings: dict[str, _Reading] = {}
        # The last day comes with the first files, right after the first picture.
        self._files_due = clock().mono + (FIRST_SCREENS_S if self._recording.keeps else FILES_S)
        self._began = self._last_turn = clock().mono
        self._reading_files: asyncio.Task[list[Fact]] | None = None
        self._reading_since = clock().mono
        self._alive: _Alive | None = None
        self._take(place)

    async def run(self) -> None:
        """Observes; returns when the town is gone or another took its place. Whatever a source raises is raised here."""
        pids = PidWatcher(self._exited)
        work = [self._serve(), self._scouting(), *(one.run() for one in (self._monitor, self._beads) if one)]
        tasks = [asyncio.create_task(one) for one in work]
        for task in tasks:
            task.add_done_callback(lambda _: self._wake.set())
        try:
            while not any(task.done() for task in tasks):
                judgement = await self._turn()
                pids.watch(self._wanted_pids())
                await self._pause(judgement)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            pids.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._remember_at_last()

    async def acknowledge(self, agent_id: str, reason: str) -> None:
        """Keeps that a person knows why the agent needs somebody now. Raises OSError."""
        judged, now = self._known.judged.get(agent_id), self._clock()
        if judged is None or self._acks is None:
            raise OSError(errno.ENOENT, f"{agent_id} is not there" if self._acks else "no state folder")
        await asyncio.to_thread(self._acks.acknowledge, {agent_id: Ack(now.wall, reason, subject(judged.agent))})
        await self._recall_acks()

    async def withdraw(self, agent_id: str) -> None:
        """Forgets an acknowledgement. Raises OSError."""
        if self._acks is not None:
            await asyncio.to_thread(self._acks.withdraw, [agent_id])
            await self._recall_acks()

    async def _recall_acks(self) -> None:
        assert self._acks is not None
        now = self._clock()
        self._put(Acknowledgements(await asyncio.to_thread(self._acks.recall, now.wall), now))

    def look_now(self) -> None:
        """Reads everything again."""
        self._files_due = 0.0
        self._readings.clear()
        if self.source:
            self.source.look_now(full=True)
        for one in (self._monitor, self._beads):
            if one:
                one.look_now()
        self._look_for_server.set()
        self._wake.set()

    def _put(self, fact: Fact) -> None:
        self._inbox.append(fact)
        if self._is_news(fact):
            self._wake.set()

    def _is_news(self, fact: Fact) -> bool:
        """How a screen looks by now, or that files say the same as before, may wait for the next listing.

        So does the end of a process, which has that listing at once: a judgement before could only say that tmux tells nothing
        of it yet, and would keep the question waiting.
        """
        match fact:
            case Exited():
                return self.source is None
            case Frame():
                return fact.pane_id not in self._known.screens
            case TownFiles():
                return not fact.says_as(self._known.files)
            case MonitorRead():
                return not fact.says_as(self._known.monitor)
            case Located():
                return self._known.located is None or fact.notices != self._known.located.notices
            case SourceFailed(name="monitor"):
                return not fact.says_as(self._known.failures.get("monitor"))
        return True

    def _exited(self, pid: int) -> None:
        self._put(Exited(pid, self._clock()))
        if self.source:
            self.source.exited(pid)
            # Where tmux is silent no listing brings the turn.
            asyncio.get_running_loop().call_later(TURN_S, self._wake.set)

    async def _serve(self) -> None:
        """Asks the town's server as long as one listens, and looks for one when none does."""
        place: Survey | Nowhere = self._place
        while not isinstance(place, Nowhere) and place.ref.root == self._place.ref.root:
            if self.source is not None:
                await self.source.run()
                self.source = None
            self._look_for_server.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(SERVER_S):
                    await self._look_for_server.wait()
            place = await asyncio.to_thread(self._find)
            if not isinstance(place, Nowhere) and place.ref.root == self._place.ref.root:
                self._take(place)

    async def _scouting(self) -> None:
        """Looks again and again for agents of this town on another server: two of them are a warning, whenever they meet."""
        while True:
            await asyncio.sleep(SCOUT_S)
            if located := await asyncio.to_thread(self._scout):
                self._put(located)

    def _take(self, place: Survey) -> None:
        """Takes what a survey found as the first answer of its server, or as the reason why there is none."""
        self._known = self._known._replace(ref=place.ref)
        self._put(place.located)
        if place.look is None or place.ref.socket is None:
            error = place.error
            self._put(SourceFailed("tmux", str(error), self._clock(), absent=error is not None and error.absent))
            return
        self.source = self._source_at(place.ref.socket, self._put)
        self.source.begin_with(place.look)
        self._put(Listing(place.look.epoch, place.look.panes or {}, place.at, self.source.beside))
        for frame in filter(None, place.look.frames.values()):
            self._put(frame)

    async def _pause(self, judgement: Judgement) -> None:
        now = self._clock().mono
        # A listing comes every second and takes along what is due; what nobody lists for still gets its turn.
        by_itself = max(judgement.next_at or math.inf, self._last_turn + TURN_S)
        due = min(by_itself, self._files_due + TURN_S)
        # As in a source, half the price of a timeout.
        alarm = asyncio.get_running_loop().call_later(max(0.001, due - now), self._wake.set)
        try:
            await self._wake.wait()
        finally:
            alarm.cancel()

    async def _turn(self) -> Judgement:
        """Folds what came, reads what that calls for, judges and publishes."""
        before = self._sessions()
        self._fold_inbox()
        now = self._clock()
        vanished = not before <= self._sessions()
        if now.mono >= self._files_due or vanished:
            await self._read_files(now, wait=vanished)
        self._read_processes(now)
        judgement = await self._judge(now, at_once=vanished)
        self._known = fold(self._known, judgement)
        self._last_turn = now.mono
        looks = _to_look_at(judgement)
        if now.mono >= self._began + FIRST_SCREENS_S or not self.source or looks.keys() <= self._known.screens.keys():
            self._told = judgement.town
            self._publish(judgement.town)
        if self.source:
            self.source.judge(looks, {one.agent.pane_id for one in judgement.judged.values() if one.mute})
        self._recording.see(judgement.town, now)
        self._recording.hear(self._known.files, self._known.monitor, judgement.town, now)
        if self._known.answer is not None and not self._place.ref.demo:
            # As of the last answer of the server: whom nobody sees now may have been stopped since.
            self._alive = (alive_sessions(judgement.town), self._known.remembered, self._known.answer)
        return judgement

    async def _judge(self, now: Moment, *, at_once: bool) -> Judgement:
        """Judges; unless somebody's end is to be told, a key does not wait until the whole of a large town is judged."""
        since, judgement = self._clock().mono, None
        for judgement in judge_in_steps(self._known, now):
            if judgement is None and not at_once and self._clock().mono - since >= SLICE_S:
                await asyncio.sleep(BREATH_S)
                since = self._clock().mono
        assert judgement is not None
        return judgement

    def _sessions(self) -> frozenset[str]:
        return frozenset(pane.session for pane in self._known.panes.values())

    def _fold_inbox(self) -> None:
        self._wake.clear()
        facts, self._inbox = self._inbox, []
        for fact in facts:
            self._known = fold(self._known, fact)

    async def _remember_at_last(self) -> None:
        """Keeps who was alive, unless a disk that hangs holds the last reading: an end does not wait for it."""
        if self._reading_files is not None:
            await asyncio.wait({self._reading_files}, timeout=RECORDS_WAIT_S)
        if self._reading_files is None:
            self._recording.end(self._clock())
            if self._alive is not None:
                self._past.keep(*self._alive, now=True)

    async def _read_files(self, now: Moment, *, wait: bool) -> None:
        """Reads the town's files, and keeps who is alive, in a thread: a disk that hangs must not stop the console.

        With `wait`, a session vanished: what stopped it is on record by now, so a short while is given to read that first. A
        reading that began before may have missed it.
        """
        self._files_due = now.mono + FILES_S
        if self._reading_files is None:
            self._reading_since = now.mono
        elif now.mono - self._reading_since >= SILENT_S:
            self._put(SourceFailed("town", "the disk with its files does not answer", now))
        if wait and self._reading_files is not None:
            await asyncio.wait({self._reading_files}, timeout=RECORDS_WAIT_S)
        if self._reading_files is None:
            work = asyncio.to_thread(self._use_disk, now, self._sessions(), self._alive)
            self._reading_files = asyncio.create_task(work)
            self._reading_files.add_done_callback(self._files_read)
        if wait:
            await asyncio.wait({self._reading_files}, timeout=RECORDS_WAIT_S)
            self._fold_inbox()

    def _use_disk(self, now: Moment, sessions: frozenset[str], alive: _Alive | None) -> list[Fact]:
        if alive is not None:
            self._past.keep(*alive)
        self._recording.use_disk(now)
        facts = self._use_acks(self._acks, now) if self._acks else []
        return [*facts, self._place.reader.read(now, sessions, events=True)]

    def _use_acks(self, acks: AckStore, now: Moment) -> list[Fact]:
        """Forgets what is over, unless somebody changed something: that is read first, lest a newer one is forgotten with it."""
        if acks.changed():
            return [Acknowledgements(acks.recall(now.wall), now)]
        over = frozenset(ended(self._told, self._known.acks)) if self._told else frozenset()
        with suppress(OSError):
            # Over in two readings: what a first look does not see yet is not over.
            acks.withdraw(over & self._over)
        self._over = over
        return []

    def _files_read(self, reading: asyncio.Task[list[Fact]]) -> None:
        self._reading_files = None
        if reading.cancelled():
            return
        if error := reading.exception():
            self._put(SourceFailed("town", str(error), self._clock()))
        else:
            for fact in reading.result():
                self._put(fact)
        if unkept := self._past.error or self._recording.error:
            self._put(SourceFailed("memory", unkept, self._clock()))
        elif "memory" in self._known.failures:
            self._put(Remembered(NOTHING, self._clock()))

    def _read_processes(self, now: Moment) -> None:
        panes = self._agents_panes()
        known = {pane.pane_id for pane in panes}
        if not self._readings.keys() <= known:
            self._readings = {pane: reading for pane, reading in self._readings.items() if pane in known}
        quota = math.ceil(len(panes) * min(now.mono - self._last_turn, SWEEP_S) / SWEEP_S)
        for pane in [*(pane for pane in panes if self._must_read(pane, now)), *self._oldest(panes, quota, now)]:
            tree = read_tree(pane.pane_id, pane.pid, now)
            root = tree.processes[0] if tree.processes else None
            young = root is not None and root.started is not None and abs(now.wall - root.started) < NEWBORN_S
            self._readings[pane.pane_id] = _Reading(now.mono, pane.pid, pane.command, young)
            self._known = fold(self._known, tree)

    def _agents_panes(self) -> list[Pane]:
        """Returns the living panes in which an agent runs, or may."""
        who = self._known.identities
        strangers = {key for key, (_, one, _) in who.items() if not isinstance(one, Identity)}
        panes = (pane for pane in self._known.panes.values() if not pane.dead)
        return [pane for pane in panes if not strangers or (pane.session_id, pane.session_created) not in strangers]

    def _must_read(self, pane: Pane, now: Moment) -> bool:
        reading = self._readings.get(pane.pane_id)
        if reading is None or reading.pid != pane.pid or reading.command != pane.command:
            return True
        found = self._known.finds.get(pane.pane_id)
        if found and found.agent and (exited := self._known.exits.get(found.agent.pid)):
            return exited.mono >= reading.at
        wait = NEWBORN_S if reading.young else WITHOUT_AGENT_S if pane.pane_id in self._known.without_agent else math.inf
        return now.mono - reading.at >= wait

    def _oldest(self, panes: Iterable[Pane], quota: int, now: Moment) -> list[Pane]:
        """Returns the panes of the sweep's next step: the fleet is read once in ten seconds, a few at a time."""
        due = [pane for pane in panes if (one := self._readings.get(pane.pane_id)) and now.mono - one.at >= SWEEP_S]
        return sorted(due, key=lambda pane: self._readings[pane.pane_id].at)[:quota]

    def _wanted_pids(self) -> set[int]:
        panes = self._agents_panes()
        agents = (found.agent.pid for pane in panes if (found := self._known.finds.get(pane.pane_id)) and found.agent)
        return {pane.pid for pane in panes} | set(agents)


def _to_look_at(judgement: Judgement) -> dict[str, float | None]:
    """Returns the panes of the living, and when another look at one would settle something."""
    seen = {*ALIVE, State.UNKNOWN}
    return {one.agent.pane_id: one.look_at for one in judgement.judged.values() if one.agent.pane_id and one.agent.state in seen}
