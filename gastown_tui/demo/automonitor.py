"""The demo town's automonitor: the loop of its guide, in the files of its guide.

It writes as that shell does: `printf` escapes nothing, state.json is rewritten in place, what a command complains of stands
between the lines.
"""

from __future__ import annotations

import json
import random
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from .roster import Resident

FOLDER = "settings/automonitor"
LOG = "monitor.jsonl"
# Seconds at speed 1. The guide's loop sleeps for twenty minutes; nobody would watch a demo that long.
INTERVAL = 120.0
THRESHOLD = 3600.0
RESTART = 6.0
MOST_TRIES = 5
KEPT_ANALYSES = 50
UNREACHED = "fatal: unable to access 'https://github.com/steveyegge/gastown/': Could not resolve host: github.com\n"


class World(Protocol):
    """The town as the loop finds it."""

    def now(self) -> float:
        """Returns wall seconds."""

    def born(self) -> Mapping[str, float]:
        """Returns session -> when it was made, in wall seconds."""

    def restart(self, one: Resident) -> None:
        """Ends an agent's session, where it has one, and makes it anew."""

    def record(self, kind: str, actor: str, payload: Mapping[str, Any]) -> None:
        """Writes one of the town's events."""

    def write(self, name: str, text: str, *, more: bool = False) -> None:
        """Writes a file of the loop's folder in place, or `more` of it."""

    def remove(self, name: str) -> None: ...


class Automonitor:
    """One loop. `world` may be another one between two cycles; counts, files and who was restarted go on."""

    def __init__(self, people: Sequence[Resident], world: World, *, seed: int) -> None:
        self.world = world
        self._people = people
        self._dice = random.Random(f"automonitor {seed}")
        self._interval, self._threshold = INTERVAL, THRESHOLD
        self._last = dict.fromkeys(("last_known_release", "last_known_commit", "last_check_ts", "last_upgrade_ts"), "")
        self._counts = dict.fromkeys(("cycles_run", "upgrades_applied", "handoffs_triggered", "ai_analyses_run"), 0)
        self._handoffs: dict[str, int] = {}
        self._tries: Counter[str] = Counter()
        self._analyses: deque[str] = deque()
        self._answered = ""

    def start(self, speed: float = 1.0) -> None:
        self._interval, self._threshold = INTERVAL / speed, THRESHOLD / speed
        self._log("INFO", "monitor", f"Automonitor started (interval {self._interval:g}s, threshold {self._threshold:g}s)")

    def cycle(self) -> Iterator[float]:
        """Does what one cycle does; yields how many seconds, at speed 1, each of its steps takes, the sleep at last."""
        number = self._count("cycles_run")
        self._log("INFO", "monitor", f"Cycle {number} started")
        yield 1.0
        self._look_upstream(number)
        yield 1.0
        yield from self._hand_off()
        if number % 3 == 0:
            self._nudge()
        if number % 2 == 0:
            yield from self._analyse()
        self._keep()
        self._log("INFO", "monitor", f"Cycle {number} complete, sleeping {self._interval:g}s")
        yield INTERVAL

    def tear(self) -> None:
        """Leaves half a line, as a machine does that is switched off."""
        self.world.write(LOG, self._line("INFO", "handoff", "Checking ")[:-5], more=True)

    def _look_upstream(self, number: int) -> None:
        luck = self._dice.random()
        commit, known = f"{self._dice.getrandbits(48):012x}", self._last["last_known_commit"]
        if luck < 0.04 and number != 3:
            self.world.write(LOG, UNREACHED, more=True)
            self._log("ERROR", "upstream", "Phase upstream failed")
        elif number == 3:
            self._log("WARN", "upstream", "New release v0.6.1 (was v0.6.0), see pending_upgrade.txt")
            self.world.write("pending_upgrade.txt", "v0.6.1\n")
            self._last["last_known_release"] = "v0.6.1"
        elif luck < 0.12 or not known:
            self._log("INFO", "upstream", f"New upstream commit {commit} (was {known or 'unknown'})")
            self._last["last_known_commit"] = commit
        else:
            self._log("INFO", "upstream", f"Release {self._last['last_known_release'] or 'v0.6.0'} commit {known}: no change")
        self._last["last_check_ts"] = self._stamp()

    def _hand_off(self) -> Iterator[float]:
        """Restarts whom it may: polecats have no command for that."""
        born, before = self.world.born(), self._counts["handoffs_triggered"]
        watched = [one for one in self._people if one.role != "polecat"]
        self._log("INFO", "handoff", f"Checking {len(watched)} sessions")
        for one in watched:
            if one.session in born:
                yield from self._check(one, self.world.now() - born[one.session])
            else:
                yield from self._revive(one)
        self._log("INFO", "handoff", f"Handoffs this cycle: {self._counts['handoffs_triggered'] - before}")

    def _check(self, one: Resident, age: float) -> Iterator[float]:
        told = f"Session {one.session} age: {int(age // 60)}m"
        if age > self._threshold and self.world.now() - self._handoffs.get(one.session, 0) >= self._threshold:
            self._log("INFO", "handoff", f"{told} (>{self._threshold:g}s) → restart")
            yield from self._restart(one)
            self._count("handoffs_triggered")
            self._handoffs[one.session] = int(self.world.now())
        else:
            self._log("INFO", "handoff", f"{told} → OK")

    def _revive(self, one: Resident) -> Iterator[float]:
        if one.fate != "lives" and self._tries[one.session] >= MOST_TRIES:
            self._log("WARN", "handoff", f"Session {one.session} is gone, left to a person after {MOST_TRIES} restarts")
            return
        self._tries[one.session] += 1
        self._log("WARN", "handoff", f"Session {one.session} is gone → restart")
        yield from self._restart(one)

    def _restart(self, one: Resident) -> Iterator[float]:
        self.world.restart(one)
        yield RESTART
        self._log("INFO", "handoff", f"Restarted {one.session} via {_command(one)}")

    def _nudge(self) -> None:
        to = self._people[min(1, len(self._people) - 1)]
        self.world.record("nudge", "automonitor", {"rig": "", "target": to.address, "reason": "look for agents that are stuck"})
        self._log("INFO", "watcher", f"Nudged {to.session}")

    def _analyse(self) -> Iterator[float]:
        born = self.world.born()
        rows = [f"{session} {int((self.world.now() - at) // 60)}m" for session, at in sorted(born.items())]
        self.world.write("current_state.txt", "\n".join(rows) + "\n")
        self._log("INFO", "ai", f"Wrote current_state.txt ({len(born)} sessions)")
        self._log("INFO", "ai", "Starting AI analysis (timeout 300s)")
        yield self._dice.uniform(8.0, 25.0)
        if self._dice.random() < 0.1:
            self._log("ERROR", "ai", "AI analysis timed out after 300s")
            return
        self._count("ai_analyses_run")
        name = f"ai_analysis_{self._stamp().translate(_DIGITS)}.log"
        answer = self._answer(born)
        self.world.write(name, answer + "\n")
        self._log("INFO", "ai", f"AI analysis complete: {name}")
        if answer != self._answered:
            self._answered = answer
            yield from self._log_slowly("INFO", "ai", f"AI says: {answer}")
        self._analyses.append(name)
        if len(self._analyses) > KEPT_ANALYSES:
            self.world.remove(self._analyses.popleft())

    def _answer(self, born: Mapping[str, float]) -> str:
        """Returns what a model would say of the town: quotes and line breaks, which the shell passes on as they are."""
        gone = [one.session for one in self._people if one.session not in born]
        asking = [one.session for one in self._people if one.mood == "asking" and one.session in born]
        findings = [f'{session} ended with "API Error: 500"' for session in gone[:2]]
        findings += [f'{session} may wait for an answer to "Do you want to proceed?"' for session in asking[:1]]
        if len(findings) > 1:
            return f"{len(findings)} findings:\n" + "\n".join(f"- {finding}" for finding in findings)
        return findings[0] if findings else f'all {len(born)} sessions answer, "nothing to do"'

    def _log(self, level: str, component: str, message: str) -> None:
        self.world.write(LOG, self._line(level, component, message), more=True)

    def _log_slowly(self, level: str, component: str, message: str) -> Iterator[float]:
        """Writes a line in two parts: until the second comes, its end is torn."""
        line = self._line(level, component, message)
        middle = len(line) // 2
        self.world.write(LOG, line[:middle], more=True)
        yield 1.0
        self.world.write(LOG, line[middle:], more=True)

    def _line(self, level: str, component: str, message: str) -> str:
        return f'{{"ts":"{self._stamp()}","level":"{level}","component":"{component}","message":"{message}"}}\n'

    def _keep(self) -> None:
        self.world.write("state.json", json.dumps({**self._last, **self._counts}, indent=2))
        self.world.write("handoffs.json", json.dumps(self._handoffs, indent=2))

    def _count(self, what: str) -> int:
        self._counts[what] += 1
        return self._counts[what]

    def _stamp(self) -> str:
        return datetime.fromtimestamp(self.world.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_DIGITS = str.maketrans("T", "_", "-:Z")


def _command(one: Resident) -> str:
    """Returns how the guide restarts such an agent."""
    if one.role == "crew":
        return f"gt crew restart {one.name} --rig {one.rig}"
    return f"gt {one.role} restart {one.rig}".rstrip()
