"""What happens in the demo town: agents crash, the daemon starts witnesses and refineries again, somebody the workers."""

from __future__ import annotations

import select
import time
from contextlib import suppress

from .roster import Resident
from .town import DemoError, DemoTown

# Seconds at speed 1. A real daemon beats every three minutes; nobody would watch a demo that long.
PERIOD = 20.0
CRASH_EVERY = 45.0
AWAY = 60.0


class Life:
    """The town's own loop; it plays the daemon. All its times are divided by the town's speed."""

    def __init__(self, town: DemoTown) -> None:
        self.town = town
        self.started = town.clock()
        self.beats = 0
        self.gone: dict[str, float] = {}

    def run(self, leash: int | None) -> None:
        """Runs until `leash`, the reading end of a pipe, is closed at its other end; for ever without one."""
        beat, crash = 0.0, time.monotonic() + self._until_crash()
        while True:
            now = time.monotonic()
            if now >= beat:
                self.beat(now)
                beat = now + PERIOD / self.town.speed
            if now >= crash:
                self.crash()
                crash = now + self._until_crash()
            if select.select([] if leash is None else [leash], [], [], max(0.0, min(beat, crash) - now))[0]:
                return

    def beat(self, now: float) -> None:
        """One heartbeat of the daemon: patrols that are gone come back at once, workers after a minute."""
        sessions = self.town.sessions()
        gone = [one for one in self.town.people if one.fate == "lives" and one.session not in sessions]
        self.gone = {one.session: self.gone.get(one.session, now) for one in gone}
        # A server that is just ending refuses; the next beat tries again.
        with suppress(DemoError):
            self.town.start([one for one in gone if self._is_due(one, now)])
        self.beats += 1
        self.town.daemon_beat(self.beats, self.started)

    def crash(self) -> None:
        """Ends one of those that live; two of three fail by themselves, the third is killed."""
        dice = self.town.dice
        living = [one for one in self.town.people if one.fate == "lives" and one.session not in self.gone]
        if living:
            self.town.crash(dice.choice(living), killed=dice.random() < 1 / 3)

    def _is_due(self, one: Resident, now: float) -> bool:
        return one.patrols or now - self.gone[one.session] >= AWAY / self.town.speed

    def _until_crash(self) -> float:
        return self.town.dice.expovariate(1.0) * CRASH_EVERY / self.town.speed
