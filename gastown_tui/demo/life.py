"""What happens in the demo town: agents crash, and the daemon, the witnesses and the automonitor bring them back."""

from __future__ import annotations

import random
import select
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import chain

from gastown_tui.memory.documents import MARKER

from .chatter import gossip
from .roster import Resident
from .town import DemoError, DemoTown, Removed

# Seconds at speed 1. A real daemon beats every three minutes; nobody would watch a demo that long.
PERIOD = 20.0
CRASH_EVERY = 45.0
CHAT_EVERY = 30.0
AWAY = 60.0


class Life:
    """The town's own loop; it plays the daemon. All its times are divided by the town's speed."""

    def __init__(self, town: DemoTown) -> None:
        self.town = town
        self.started = town.clock()
        self.beats = 0
        self.gone: dict[str, float] = {}
        self._gossip = random.Random(town.seed)
        self._steps = chain.from_iterable(iter(town.monitor.cycle, None))

    def run(self, leash: int | None) -> None:
        """Runs until `leash`, the reading end of a pipe, is closed at its other end; for ever without one. Raises Removed."""
        now, speed = time.monotonic(), self.town.speed
        self.town.monitor.start(speed)
        due: dict[Callable[[], float], float] = {
            self.beat: now,
            self.crash: now + self._until_crash() / speed,
            self.chat: now + CHAT_EVERY / speed,
            self.watch: now + 1.0 / speed,
        }
        while True:
            do = min(due, key=lambda one: due[one])
            if select.select([] if leash is None else [leash], [], [], max(0.0, due[do] - time.monotonic()))[0]:
                return
            try:
                due[do] = time.monotonic() + do() / speed
            finally:
                self._look()

    def _look(self) -> None:
        """Sees whether the town is still there; folders of it may be made again by what is just being written."""
        if not (self.town.root / MARKER).exists():
            raise Removed(f"its folder {self.town.root} was removed")

    def beat(self) -> float:
        """One heartbeat of the daemon: patrols that are gone come back at once, polecats after a minute."""
        now, sessions = time.monotonic(), self.town.born()
        gone = [one for one in self.town.people if one.fate == "lives" and one.session not in sessions]
        self.gone = {one.session: self.gone.get(one.session, now) for one in gone}
        # A server that is just ending refuses; the next beat tries again.
        with suppress(DemoError):
            self.town.start([one for one in gone if self._is_due(one, now)])
        self.beats += 1
        self.town.daemon_beat(self.beats, self.started)
        return PERIOD

    def crash(self) -> float:
        """Ends one of those that live; two of three fail by themselves, the third is killed."""
        dice = self.town.dice
        living = [one for one in self.town.people if one.fate == "lives" and one.session not in self.gone]
        if living:
            self.town.crash(dice.choice(living), killed=dice.random() < 1 / 3)
        return self._until_crash()

    def watch(self) -> float:
        """One step of the automonitor, which brings crew back."""
        try:
            return next(self._steps)
        except (DemoError, OSError):
            # A server that is just ending refuses, and so may a folder that somebody plays with: soon another cycle begins.
            return 5.0

    def chat(self) -> float:
        self.town.record(*gossip(self._gossip, self.town.people))
        return CHAT_EVERY

    def _is_due(self, one: Resident, now: float) -> bool:
        return one.patrols or (one.role == "polecat" and now - self.gone[one.session] >= AWAY / self.town.speed)

    def _until_crash(self) -> float:
        return self.town.dice.expovariate(1.0) * CRASH_EVERY
