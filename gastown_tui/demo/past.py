"""What happened in the demo town before it stood: an invented afternoon, told by the automonitor, the events and the last day.

Five hours: a laptop that slept for half an hour, a rig whose agents all died at once, and one that died again and again until it
was given up, so that it is dead now. At its end the whole town was taken down and started again, which is when it really began.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from heapq import heappop, heappush
from itertools import count
from typing import Any, NamedTuple

from gastown_tui.memory.ribbon import KeptDays
from gastown_tui.town.ribbon import CODE, Minute
from gastown_tui.town.snapshot import State

from .automonitor import INTERVAL, MOST_TRIES, Automonitor
from .chatter import event_line, gossip
from .roster import Resident

LASTED_S = 5 * 3600.0
DOWN_S = 45.0
# Minutes before now: when the laptop slept, when a rig died, and when one agent did.
SLEPT = (88, 58)
DIED = 46
FLAPS = tuple(range(36, 36 - 6 * (MOST_TRIES + 1), -6))
SPAWNED_S = 75.0
GOSSIP_S = 100.0
CRASHED = "crash detected by daemon health check"


class Life(NamedTuple):
    """From when to when a session was there, in wall seconds."""

    began: float
    ended: float


class Past:
    """The town as its automonitor found it (`automonitor.World`), until `now` (wall seconds). `last_s`: when that wrote last."""

    def __init__(self, people: Sequence[Resident], now: float, *, seed: int) -> None:
        self._people, self._end = people, now
        self._dice = random.Random(f"past {seed}")
        self._at = self.last_s = now - LASTED_S
        self._alive = {one.session: self._at - self._dice.uniform(0, 3500) for one in people}
        self._lives: dict[str, list[Life]] = {one.session: [] for one in people}
        self._events: list[tuple[float, str]] = []
        self.pages: dict[str, list[str]] = {}
        self._coming: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._later(0.0, self._gossip)
        first = next((one.rig for one in people if one.rig), None)
        rig = [one for one in people if one.rig and one.rig == first]
        doomed = [one for one in people if one.fate == "dead"]
        # The next one last.
        self._fates = [(self._ago(ago), partial(self._crash, one)) for ago in reversed(FLAPS) for one in doomed]
        self._fates += [(self._ago(DIED), partial(self._fall, rig))] if len(rig) > 2 else []

    def now(self) -> float:
        return self._at

    def born(self) -> Mapping[str, float]:
        return self._alive

    def restart(self, one: Resident) -> None:
        self._die(one)
        self._begin(one)

    def record(self, kind: str, actor: str, payload: Mapping[str, Any]) -> None:
        self._events.append((self._at, event_line(self._at, kind, actor, payload)))

    def write(self, name: str, text: str, *, more: bool = False) -> None:
        if not more:
            self.pages[name] = []
        self.pages.setdefault(name, []).append(text)

    def remove(self, name: str) -> None:
        del self.pages[name]

    def run(self, monitor: Automonitor) -> str:
        """Lets it all happen under the eyes of an automonitor; returns the lines of the town's events."""
        asleep, awake = (self._ago(minutes) for minutes in SLEPT)
        self._watch(monitor, asleep)
        monitor.tear()
        self._wait(awake - self._at)
        self._watch(monitor, self._end - DOWN_S)
        self.last_s = self._at
        self._at = self._end - DOWN_S
        self.record("halt", "mayor", {"services": ["mayor", "deacon", "witness", "refinery", "crew"]})
        self._at = self._end
        for one in self._people:
            self._die(one)
        self.record("boot", "mayor", {"rig": "town", "agents": [one.address for one in self._people if one.role != "polecat"]})
        return "".join(line for _, line in sorted(self._events, key=lambda event: event[0]))

    def remember(self, days: KeptDays) -> None:
        """Keeps what a console would have seen; nobody looks while the laptop sleeps."""
        for minute in range(int((self._end - LASTED_S) // 60) + 1, int(self._end // 60)):
            if not self._ago(SLEPT[0]) // 60 < minute <= self._ago(SLEPT[1]) // 60:
                days.keep(Minute(minute, {one.address: self._cell(one, minute) for one in self._people}))

    def _watch(self, monitor: Automonitor, until: float) -> None:
        monitor.start()
        while True:
            for seconds in monitor.cycle():
                if self._at + seconds >= until:
                    return
                if seconds == INTERVAL:
                    self._strike()
                self._wait(seconds)

    def _strike(self) -> None:
        """Lets fate have its turn, where it is due: while the automonitor sleeps, so that it takes some minutes to be mended."""
        while self._fates and self._fates[-1][0] <= self._at:
            self._fates.pop()[1]()

    def _wait(self, seconds: float) -> None:
        """Lets time go by, and all happen that is to happen in it."""
        until = self._at + seconds
        while self._coming and self._coming[0][0] <= until:
            self._at, _, happen = heappop(self._coming)
            happen()
        self._at = until

    def _later(self, seconds: float, happen: Callable[[], None]) -> None:
        heappush(self._coming, (self._at + seconds, next(self._numbers), happen))

    def _gossip(self) -> None:
        self.record(*gossip(self._dice, self._people))
        self._later(self._dice.expovariate(1 / GOSSIP_S), self._gossip)

    def _fall(self, fallen: Sequence[Resident]) -> None:
        """Lets many die at once. Their witness, which fell too, spawns the polecats again."""
        for number, one in enumerate(fallen):
            self._crash(one)
            if one.role == "polecat":
                self._later(SPAWNED_S + 9 * number, partial(self._spawn, one))
        what = {"count": len(fallen), "window": "30s", "sessions": [one.session for one in fallen]}
        self._later(30.0, partial(self.record, "mass_death", "daemon", {**what, "possible_cause": "out of memory"}))

    def _crash(self, one: Resident) -> None:
        """Lets an agent die, where it lives; the daemon writes such deaths down for polecats only."""
        if self._die(one) and one.role == "polecat":
            death = {"session": one.session, "agent": one.address, "reason": CRASHED, "caller": "daemon"}
            self.record("session_death", "daemon", death)

    def _spawn(self, one: Resident) -> None:
        self.record("spawn", f"{one.rig}/witness", {"rig": one.rig, "polecat": one.name})
        self._begin(one)

    def _begin(self, one: Resident) -> None:
        self._alive[one.session] = self._at
        self.record("session_start", one.address, {"role": one.address, "topic": "restart"})

    def _die(self, one: Resident) -> bool:
        """Ends a session; returns whether there was one."""
        began = self._alive.pop(one.session, None)
        if began is not None:
            self._lives[one.session].append(Life(began, self._at))
        return began is not None

    def _ago(self, minutes: float) -> float:
        return self._end - 60.0 * minutes

    def _cell(self, one: Resident, minute: int) -> tuple[int, int]:
        """Returns code and activity of an agent in a minute."""
        begin, end = 60.0 * minute, 60.0 * minute + 60
        here = [life for life in self._lives[one.session] if life.began < end and life.ended > begin]
        covered = sum(min(life.ended, end) - max(life.began, begin) for life in here)
        if covered < 50:
            return CODE[State.DEAD], 1
        if any(life.began >= begin for life in here):
            return CODE[State.STARTING], 2
        state = self._mood(one, int(self._end // 60) - minute)
        return CODE[state], 3 + self._dice.randrange(6) if state is State.WORKING else 1

    def _mood(self, one: Resident, ago: int) -> State:
        """Returns how an agent fared so many minutes ago, when it was there."""
        turn = ago // 9 + int.from_bytes(one.session[-2:].encode())
        if one.mood == "asking" and turn % 5 == 0:
            return State.WAITING
        if one.mood in ("held", "refused") and ago < 25:
            return State.HELD
        works = turn % 3 == 0 if one.mood == "calm" else turn % 5 != 1
        return State.WORKING if works else State.IDLE
