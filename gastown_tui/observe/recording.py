"""The last day of one town as it grows: what is seen now, what earlier runs kept, what the log and the events tell."""

from __future__ import annotations

from collections import deque

from gastown_tui.town.events import names as called
from gastown_tui.town.facts import MonitorRead, TownFiles
from gastown_tui.town.ribbon import Minute, Recorder, Ribbon, told_by_log, told_by_records
from gastown_tui.town.snapshot import Moment, Town

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
        self._heard: object = None

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

    def hear(self, files: TownFiles | None, monitor: MonitorRead | None, town: Town, now: Moment) -> None:
        """Takes in what the town's records and the automonitor's log tell by now of agents that are there, or were today."""
        heard = files and (files.stops, files.starts, files.events), monitor and monitor.log.restarted
        if heard == self._heard:
            return
        self._heard = heard
        self.ribbon.turn(int(now.wall // 60))
        names = called(town.agents) | {agent_id: agent_id for agent_id in self.ribbon.agents}
        for who, at, state in (*(told_by_records(files) if files else ()), *(told_by_log(monitor.log) if monitor else ())):
            # Of the future nothing is believed.
            if who in names and at <= now.wall:
                self.ribbon.mark(names[who], int(at // 60), state)

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
