"""What an automonitor's log and its state files mean. Pure.

Its guide fixes a line's four keys, `Session X age: 72m (>3600s) → restart`, the names of the files and the keys of state.json.
Components, levels beyond ERROR and every other text are its author's: nothing here rests on them, some of it gains by them.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from .facts import Digest, MonitorRead
from .lines import Line
from .snapshot import Moment, Monitor, Phase
from .text import age, clock_time, stamp

GAP_S = 600.0
"""Who says nothing for that long has ended a cycle: what waits longest within one, an analysis, is given five minutes."""
SILENT_S = 1800.0
"""How long a writer whose pauses nobody knows may be quiet."""
AHEAD_S = 300.0
"""What is stamped further ahead than that was stamped by another clock."""
_BACK_S = 60.0
_DAY_S = 86400.0
_QUICK_PAUSE_S = 10.0
_TWICE_S = 60.0
_MOST_NAMES = 2000
_MOST_NAME = 200
_MOST_TEXT = 4096
_FAILED = frozenset({"ERROR", "CRITICAL", "FATAL"})
_FINE = frozenset({"DEBUG", "INFO"})
_FAILURE = re.compile(r"(?i)\b(error|fail(ed|ure)?|timed? ?out|refused|denied|unauthori[sz]ed|no space)\b").search
_CYCLE = re.compile(r"(?i)\bcycle[ #]{1,2}(\d{1,9})\b").search
_CHECKED = re.compile(r"Session ([^ ]++) age: \d+m(?: \(>\d+s\))? (?:→|->) (?:((?i:restart))|\S)").match
_DIGITS = re.compile(r"\d{1,17}(\.\d{1,9})?")
_RESTARTED = re.compile(r"(?i)restarted (?:session )?([\w.-]+)").match


class _Run:
    """One component's lines in a row: if one tells of a failure, what was said before it in the same run was no success."""

    __slots__ = ("_ok_before", "fail_at", "failed", "fails", "ok_at")

    def __init__(self) -> None:
        self.ok_at: float | None = None
        self.fail_at: float | None = None
        self.fails = 0
        self.begin()

    def begin(self) -> None:
        self._ok_before, self.failed = self.ok_at, False

    def fail(self, at: float | None) -> None:
        self.ok_at, self.failed = self._ok_before, True
        self.fail_at = self.fail_at if at is None else at
        self.fails += 1


class Reckoning:
    """Reckons, line by line in the file's order, what a log says. `from_offset`: where in the file the first line lies."""

    def __init__(self, from_offset: int = 0) -> None:
        self._from = from_offset
        self._last: float | None = None
        self._cycles = self._repaired = self._rejected = self._ahead = 0
        self._number: int | None = None
        self._numbered = False
        self._began: float | None = None
        self._pauses: deque[float] = deque(maxlen=32)
        self._periods: deque[float] = deque(maxlen=32)
        self._phases: dict[str, _Run] = {}
        self._run: _Run | None = None
        self._restarts: dict[str, int] = {}
        self._restarting: set[str] = set()
        self._restarted_at: deque[tuple[str, float]] = deque(maxlen=_MOST_NAMES)
        self._checked: dict[str, float] = {}
        self._crossed: deque[int] = deque(maxlen=2)
        self._back: tuple[float, float] | None = None
        self._mended = -1
        self._now = self._furthest = 0.0

    def take(self, lines: Iterable[Line], now: float) -> None:
        """Takes the next lines in; `now`: wall seconds, by which a stamp lies ahead."""
        self._now = now
        for offset, verdict, _, at, level, component, message, _ in lines:
            if verdict != "ok" and not self._is_event(offset, verdict):
                continue
            if at is not None and (self._last is None or not 0 <= at - self._last < GAP_S or at > now):
                at = self._time(at)
            if not self._cycles:
                self._begin(at)
            if "ycle" in message and (found := _CYCLE(message, 0, _MOST_TEXT)):
                self._count(int(found[1]), at)
            if component:
                self._phase(component, at, failed=level not in _FINE and _is_failure(level, message))
            if message.startswith("Session ") and (found := _CHECKED(message, 0, _MOST_TEXT)):
                self._check(found[1][:_MOST_NAME], at, restart=found[2] is not None)
            elif message.startswith(("Restarted", "restarted")) and (found := _RESTARTED(message)):
                self._done(found[1][:_MOST_NAME], at)
            if at is not None:
                self._last = at

    def _is_event(self, offset: int, verdict: str) -> bool:
        """Counts what is broken, once a line; returns whether it is an event of its own all the same."""
        if verdict == "rejected":
            self._rejected += 1
        elif verdict == "recovered" and offset != self._mended:
            self._repaired, self._mended = self._repaired + 1, offset
        return verdict in ("flagged", "recovered")

    def _begin(self, at: float | None) -> None:
        """Begins a cycle."""
        if at is not None and self._began is not None and at > self._began:
            self._periods.append(at - self._began)
        self._cycles += 1
        self._began, self._numbered, self._run = at, False, None
        self._checked.clear()
        self._restarting.clear()

    def _time(self, at: float) -> float | None:
        """Returns the stamp if it can be believed; a long pause before it has ended a cycle."""
        if at > self._now + AHEAD_S:
            self._ahead, self._furthest = self._ahead + 1, max(at, self._furthest)
            return None
        if self._last is not None:
            pause = at - self._last
            if pause >= GAP_S:
                self._pauses.append(pause)
                self._begin(at)
            elif pause <= -_BACK_S:
                self._back = (-pause, at)
        elif self._cycles:
            self._began = at
        return at

    def _count(self, number: int, at: float | None) -> None:
        """Takes the cycle that the log itself names: of a loop that is quick, nothing else tells where one ends."""
        last = self._number
        if last is None or number == last:
            pass
        elif 1 < number < last:
            # One loop counts up, and from the start again at most.
            self._crossed.append(self._cycles)
            return
        elif self._numbered:
            if at is not None and self._last is not None and at - self._last >= _QUICK_PAUSE_S:
                self._pauses.append(at - self._last)
            self._begin(at)
        self._number, self._numbered = number, True

    def _phase(self, name: str, at: float | None, *, failed: bool) -> None:
        run = self._phases.get(name) or self._new_phase(name[:_MOST_NAME])
        if run is None:
            return
        if run is not self._run:
            self._run = run
            run.begin()
        if failed:
            run.fail(at)
        elif not run.failed and at is not None:
            run.ok_at = at

    def _new_phase(self, name: str) -> _Run | None:
        if name not in self._phases and len(self._phases) < _MOST_NAMES:
            self._phases[name] = _Run()
        return self._phases.get(name)

    def _check(self, session: str, at: float | None, *, restart: bool) -> None:
        """Takes what the loop found of a session."""
        if restart:
            self._restarting.add(session)
            self._restarted(session, at)
        if at is not None and len(self._checked) < _MOST_NAMES:
            before, self._checked[session] = self._checked.get(session), at
            if before is not None and 0 <= at - before <= _TWICE_S:
                # One loop checks a session once in a cycle.
                self._crossed.append(self._cycles)

    def _done(self, session: str, at: float | None) -> None:
        """Takes a restart that is told on its own, or as the end of one that is counted already."""
        if session in self._restarting:
            self._restarting.discard(session)
        else:
            self._restarted(session, at)

    def _restarted(self, session: str, at: float | None) -> None:
        if session in self._restarts or len(self._restarts) < _MOST_NAMES:
            self._restarts[session] = self._restarts.get(session, 0) + 1
        if at is not None:
            self._restarted_at.append((session, at))

    def digest(self) -> Digest:
        """Returns what the lines so far say."""
        return Digest(
            self._last,
            self._cycles,
            self._number,
            self._began,
            _median(self._pauses),
            _median(self._periods),
            tuple(Phase(name, run.ok_at, run.fail_at, run.fails) for name, run in self._phases.items()),
            dict(self._restarts),
            tuple(self._restarted_at),
            self._repaired,
            self._rejected,
            self._from,
            tuple(self._faults()),
        )

    def _faults(self) -> list[str]:
        faults = []
        if self._furthest > self._now + AHEAD_S:
            faults.append(f"monitor.jsonl: {self._ahead} line{'s are' if self._ahead > 1 else ' is'} stamped ahead of this clock")
        if self._back and self._last is not None and self._last - self._back[1] < _DAY_S:
            faults.append(f"monitor.jsonl: its clock went back by {age(self._back[0])} at {clock_time(self._back[1])}")
        if len(self._crossed) == 2 and self._crossed[0] >= self._cycles - 2:
            faults.append("monitor.jsonl: two automonitors seem to write it; end one of them")
        return faults


def _is_failure(level: str | None, text: str) -> bool:
    """Whether a line tells of a failure: by its level, by its words where that is no answer."""
    level = (level or "")[:16].upper()
    return level in _FAILED or (level not in _FINE and _FAILURE(text, 0, _MOST_TEXT) is not None)


def _median(values: deque[float]) -> float | None:
    return sorted(values)[len(values) // 2] if values else None


def monitor(read: MonitorRead, now: Moment) -> tuple[Monitor, float | None]:
    """Returns what the folder says at this moment, and when (mono) that changes by itself: when its writer has been silent."""
    log = read.log
    stamps = [at for at in (log.last_at, read.written) if at is not None and at <= now.wall + AHEAD_S]
    patience = SILENT_S if log.pause is None else 1.5 * log.pause
    left = max(stamps) + patience - now.wall if stamps else 0.0
    absent = read.written is None and log.last_at is None
    writer = "absent" if absent else "alive" if left > 0 else "silent"
    alive = writer == "alive"
    coming = log.began + log.period if log.began is not None and log.period is not None else None
    said = Monitor(
        read.folder,
        writer,
        last_line_at=log.last_at,
        cycles=read.cycles if read.cycles is not None else log.number or log.cycles or None,
        # An estimate that nothing came of for as long as a writer may be quiet is none.
        next_cycle_at=coming if alive and coming is not None and now.wall - coming < patience else None,
        phases=log.phases,
        restarts=log.restarts,
        handoffs=read.handoffs,
        pending_upgrade=read.pending_upgrade,
        repaired=log.repaired,
        rejected=log.rejected,
        from_offset=log.from_offset,
        faults=(*read.faults, *log.faults, *_disagreement(read.cycles, log.number)),
        told=read.told,
        files=read.files,
    )
    return said, now.mono + left if alive else None


def _disagreement(counted: int | None, named: int | None) -> tuple[str, ...]:
    """The one that counts may be in the midst of the next cycle."""
    agree = counted is None or named is None or abs(counted - named) <= 1
    return () if agree else (f"state.json counts {counted} cycles, the log {named}",)


def handoffs(document: Any, now: float) -> tuple[Mapping[str, float], tuple[str, ...]]:
    """Returns (session -> when it was last handed off, faults) of handoffs.json, in which scripts left times in every form."""
    if not isinstance(document, dict):
        return {}, ("handoffs.json holds no object",)
    times = {session: _time_of(value) for session, value in list(document.items())[:_MOST_NAMES]}
    strange = [session for session, at in times.items() if at is None or at > now + AHEAD_S]
    faults = (f"handoffs.json: no time, or one to come, for {', '.join(strange[:3])}",) if strange else ()
    return {session: at for session, at in times.items() if at is not None and session not in strange}, faults


def _time_of(value: object) -> float | None:
    """Returns the wall seconds of a number (of seconds, milli- or microseconds), of the same in quotes, or of an ISO time."""
    if isinstance(value, str):
        if not _DIGITS.fullmatch(value):
            return stamp(value)
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e17:
        return None
    return value / (1e6 if value > 1e14 else 1e3 if value > 1e11 else 1.0)


def count(value: object) -> int | None:
    """Returns a count of state.json, which scripts also write in quotes; None for what is none."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 16:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53 else None
