"""The last day of one town as it grows: what is seen now, what earlier runs kept, what the log and the events tell."""

from __future__ import annotations

from collections import deque

from gastown_tui.town.ribbon import Minute, Recorder, Ribbon
from gastown_tui.town.snapshot import Moment, State, Town

from .ports import Days

# A disk that hangs for longer has cost the minutes before.
_MOST_UNKEPT = 60


class Recording:
    """Fills `ribbon`. What it keeps goes to `days`; without them it ends with the process."""

    def __init__(self, days: Days | None = None) -> None:
        self.ribbon = Ribbon()
        self._recorder = Recorder(self.ribbon)
        self._days = days
        self._unkept: deque[Minute] = deque(maxlen=_MOST_UNKEPT)
        self._recalled: Ribbon | None = None
        self._began = False

    @property
    def error(self) -> str | None:
        """Returns why nothing can be kept."""
        return self._days.error if self._days else None

    @property
    def keeps(self) -> bool:
        return self._days is not None

    def see(self, town: Town, now: Moment) -> None:
        """Takes in a town, and once what earlier runs saw of it."""
        if over := self._recorder.see(town, now):
            self._unkept.append(over)
        if self._recalled is not None:
            self.ribbon.merge(self._recalled)
            self._recalled = None

    def tell(self, agent_id: str, at: float, state: State, now: Moment) -> None:
        """Says what somebody else told of an agent at `at` (wall seconds); of the future nothing is believed."""
        self.ribbon.turn(int(now.wall // 60))
        if at <= now.wall:
            self.ribbon.mark(agent_id, int(at // 60), state)

    def use_disk(self, now: Moment) -> None:
        """Reads what earlier runs kept, and keeps the minutes that are over. For a thread: a disk may hang."""
        if self._days is None:
            return
        if not self._began:
            self._began = True
            self._recalled = self._days.recall(int(now.wall // 60))
        while self._unkept:
            self._days.keep(self._unkept.popleft())

    def end(self, now: Moment) -> None:
        """Keeps also the minute that is not over, at once."""
        if last := self._recorder.last():
            self._unkept.append(last)
        self._began = True
        self.use_disk(now)
