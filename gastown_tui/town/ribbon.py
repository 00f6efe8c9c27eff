"""The last day of every agent, a cell a minute: what a cell can say, and which of two says the worse.

Everything joins by one rule, whoever tells it: a cell is the worst that anybody saw or told of its minute. So the order in which
sources arrive is no matter, telling twice changes nothing, and what a log says against what was seen is a place to look at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, reduce
from typing import NamedTuple

from .facts import Digest, TownFiles
from .judging import STRETCH_S
from .snapshot import Agent, Moment, State, Town

CODES: tuple[State | None, ...] = (
    None,
    State.UNKNOWN,
    State.IDLE,
    State.WORKING,
    State.STARTING,
    State.FROZEN,
    State.HELD,
    State.STALLED,
    State.WAITING,
    State.ZOMBIE,
    State.MISSING,
    State.DEAD,
)
"""What the code at that index means, worst last; 0: nobody looked."""
CODE = {state: code for code, state in enumerate(CODES)}
DAY = 24 * 60
MOST_AGENTS = 2000
MOST_ACTIVITY = 9
_NEVER = bytes(DAY)
_STRETCHES = 60 / STRETCH_S


class _Row(NamedTuple):
    """The day of one agent, its oldest minute first."""

    codes: bytearray
    activity: bytearray


class Ribbon:
    """The last 24 hours of a town's agents (`observe.ports.History`), ending with the minute that it was turned to last.

    Minutes are those of the wall clock: one that was set forward leaves a gap, one that was set back meets its own cells again.
    """

    def __init__(self) -> None:
        self.version = 0
        self._first = 0
        self._rows: dict[str, _Row] = {}

    @property
    def agents(self) -> Sequence[str]:
        return tuple(self._rows)

    def cells(self, agent_id: str, minute: int, count: int, step: int = 1) -> bytes:
        row = self._rows.get(agent_id)
        minutes = self._span(row and row.codes, minute, count, step)
        return (minutes if step == 1 else _worsts(minutes[:-step], step) + _worsts(minutes[-step:], step)).rjust(count, b"\0")

    def activity(self, agent_id: str, minute: int, count: int, step: int = 1) -> bytes:
        row = self._rows.get(agent_id)
        minutes = self._span(row and row.activity, minute, count, step)
        means = minutes if step == 1 else bytes(mean(minutes[start : start + step]) for start in range(0, len(minutes), step))
        return means.rjust(count, b"\0")

    def turn(self, minute: int) -> None:
        """Lets the day end with `minute`: what is older by now is forgotten. A minute of this day changes nothing."""
        by = minute - (self._first + DAY - 1)
        if -DAY < by <= 0:
            return
        self._first += by
        self.version += 1
        if abs(by) >= DAY:
            self._rows.clear()
        for row in self._rows.values():
            for cells in row:
                del cells[:by]
                cells.extend(bytes(by))
        self._rows = {agent_id: row for agent_id, row in self._rows.items() if row.codes != _NEVER}

    def mark(self, agent_id: str, minute: int, state: State, activity: int = 0) -> None:
        """Says that an agent was in a state in a minute, and how much of it it printed. What is not of this day is left out."""
        at = minute - self._first
        row = self._row(agent_id) if 0 <= at < DAY else None
        if row is None:
            return
        for cells, value in ((row.codes, CODE[state]), (row.activity, activity)):
            if value > cells[at]:
                cells[at] = value
                self.version += 1

    def add(self, agent_id: str, minute: int, codes: bytes, activity: bytes) -> None:
        """Says what was seen of an agent in the minutes from `minute` on. What is not of this day is left out."""
        at = minute - self._first
        row = self._row(agent_id) if -len(codes) < at < DAY else None
        if row is None:
            return
        for cells, values in zip(row, (codes, activity), strict=True):
            start = max(0, at)
            new = values[start - at : DAY - at]
            cells[start : start + len(new)] = worst(cells[start : start + len(new)], new)
        self.version += 1

    def merge(self, other: Ribbon) -> None:
        """Takes in what another ribbon knows of this day."""
        known = [(agent_id, row) for agent_id, row in other._rows.items() if row.codes != _NEVER]
        for agent_id, row in known:
            self.add(agent_id, other._first, *map(bytes, row))

    def seen_in(self, minute: int) -> Mapping[str, tuple[int, int]]:
        """Returns code and activity of everybody of whom something is known in a minute; nobody, where it is not of this day."""
        at = minute - self._first
        rows = self._rows.items() if 0 <= at < DAY else ()
        return {agent_id: (row.codes[at], row.activity[at]) for agent_id, row in rows if row.codes[at]}

    def _row(self, agent_id: str) -> _Row | None:
        """Returns an agent's row, a new one where it has none; None where there are too many for a town of this world."""
        if agent_id not in self._rows and len(self._rows) < MOST_AGENTS:
            self._rows[agent_id] = _Row(bytearray(DAY), bytearray(DAY))
        return self._rows.get(agent_id)

    def _span(self, cells: bytearray | None, minute: int, count: int, step: int) -> bytes:
        """Returns the minutes of the last of `count` cells of `step` minutes, as many cells as a day can fill.

        Zeros stand where this day does not reach.
        """
        reach = min(count, DAY // step + 1)
        start = (minute // step - reach + 1) * step - self._first
        known = bytes((cells or b"")[max(0, start) : max(0, start + reach * step)])
        return (bytes(min(reach * step, max(0, -start))) + known).ljust(reach * step, b"\0")


# All cells but the last stay what they are for `step` minutes: of a row a minute's step looks at the last one alone.
@lru_cache(maxsize=256)
def _worsts(minutes: bytes, step: int) -> bytes:
    """Returns the greatest byte of every `step`."""
    return reduce(worst, (minutes[part::step] for part in range(step)))


def worst(one: bytes | bytearray, other: bytes | bytearray) -> bytes:
    """Returns the greater byte of two at each place; all are below 128.

    Of all places at once, as the difference of two long numbers: place by place it takes forty times as long.
    """
    ours, theirs = int.from_bytes(one), int.from_bytes(other)
    tops = int.from_bytes(b"\x80" * len(one))
    # The top bit of a place outlives the subtraction where ours is not less; no place borrows from the next.
    kept = ((ours | tops) - theirs) & tops
    return (theirs ^ ((ours ^ theirs) & (kept - (kept >> 7)))).to_bytes(len(one))


def mean(minutes: bytes) -> int:
    """Returns how much was printed in the minutes that somebody looked at: 1 only where it was nothing in all of them."""
    looked = len(minutes) - minutes.count(0)
    return -(-sum(minutes) // looked) if looked else 0


Told = tuple[str, float, State]
"""A session, an address or a role; when (wall seconds); how bad that minute was at least."""


def told_by_records(files: TownFiles) -> Iterator[Told]:
    """Yields what the town's own records say: a crash is a death, a stop of which it is known is none.

    Of stops and starts the last of each is on record, of events many: so it shows who died again and again.
    """
    for stop in files.stops:
        if stop.crash or stop.known:
            yield stop.target, stop.at, State.DEAD if stop.crash else State.FROZEN
    for who, at in files.starts.items():
        yield who, at, State.STARTING
    for event in files.events:
        if event.kind == "session_start":
            yield event.who, event.at, State.STARTING
        elif event.kind == "session_death" and event.text.startswith("session ended: crash"):
            yield event.who, event.at, State.DEAD


def told_by_log(digest: Digest) -> Iterator[Told]:
    """Yields whom the automonitor says to have restarted."""
    for session, at in digest.restarted:
        yield session, at, State.STARTING


class Minute(NamedTuple):
    """What was seen in one minute: agent id -> code and activity."""

    minute: int
    seen: Mapping[str, tuple[int, int]]


class Recorder:
    """Puts what is seen of a town into a ribbon. Only who changed costs anything, and at the turn of a minute everybody.

    How much an agent printed is told by the share of a minute's stretches (`judging.STRETCH_S`) in which it did.
    """

    def __init__(self, ribbon: Ribbon) -> None:
        self._ribbon = ribbon
        self._minute = 0
        self._seen: dict[str, Agent] = {}
        self._printed: dict[str, tuple[float, int]] = {}

    def see(self, town: Town, now: Moment) -> Minute | None:
        """Takes in a town; returns the minute that is over by now. A town whose server does not answer is not seen."""
        tmux = town.source("tmux")
        if tmux is None or tmux.state in ("stale", "error"):
            return None
        minute, over = int(now.wall // 60), None
        if minute != self._minute:
            over = self.last()
            self._minute, self._seen, self._printed = minute, {}, {}
            self._ribbon.turn(minute)
        for agent in town.agents:
            if self._seen.get(agent.id) is not agent:
                self._mark(agent)
        return over

    def last(self) -> Minute | None:
        """Returns the minute that is not over yet."""
        return Minute(self._minute, self._ribbon.seen_in(self._minute)) if self._seen else None

    def _mark(self, agent: Agent) -> None:
        self._seen[agent.id] = agent
        stretch, count = self._printed.get(agent.id, (-1.0, 0))
        output = agent.last_output
        if output is not None and output // 60 == self._minute and output // STRETCH_S != stretch:
            count += 1
            self._printed[agent.id] = output // STRETCH_S, count
        level = 1 - int(-(MOST_ACTIVITY - 1) * count // _STRETCHES)
        self._ribbon.mark(agent.id, self._minute, agent.state, min(MOST_ACTIVITY, level))
