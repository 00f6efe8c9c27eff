"""The Monitor screen: what the automonitor does, the last day of the whole fleet, and the automonitor's log."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.app import ComposeResult

from gastown_tui.town.lines import session_of
from gastown_tui.town.snapshot import Agent, Monitor, State
from gastown_tui.town.text import clock_time, mask, safe

from .. import keys, roster, sieve
from ..ages import Ages
from ..later import Later, later
from ..reading import Reading
from ..roster import Wish
from ..view import View
from ..widgets import log, ribbon
from ..widgets.choices import Choices
from ..widgets.cycles import Cycles, rows
from ..widgets.footer import Footer
from ..widgets.header import Header
from ..widgets.log import Log, Whole
from ..widgets.ribbon import STEPS, Past, Ribbon
from ..widgets.strip import Rule
from .page import Page

TALL, WIDE = 28, 60
RIBBON = "ribbon"
_AGAIN_S = 0.002


class MonitorScreen(Page):
    """Facts, ribbon and log below one another; on a low screen, or zoomed, one line of facts and one of the two."""

    SCOPES: ClassVar[tuple[str, ...]] = (keys.MONITOR,)

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self._in_ribbon = self._zoomed = self._in_full = False
        self._past: Sequence[Past] = ()
        self._chosen = ""
        self._step = STEPS[0]
        self._minute: int | None = None
        self.reading = Reading(view.eye.log)
        self._sifting: Later | None = None

    def compose(self) -> ComposeResult:
        yield Header("header")
        yield Rule("top")
        yield Cycles("cycles")
        yield Ribbon(RIBBON)
        yield Log("log")
        yield Whole("whole")
        yield Footer("footer")

    @property
    def agent(self) -> Agent | None:
        """The agent of the chosen row of the ribbon, or the one that the chosen line of the log names.

        While the log is followed nobody is: keys must not come and go with each line that is written.
        """
        if self.town is None:
            return None
        if self._in_ribbon:
            return self.town.agent(self._chosen)
        line = self.reading.line if self.reading.at is not None else None
        sessions = {agent.session: agent for agent in self.town.agents if agent.session}
        return sessions.get(session_of(line, sessions) or "") if line else None

    def has(self, need: str) -> bool:
        match need:
            case "cell":
                return self._in_ribbon and bool(self._past)
            case "ribbon":
                return bool(self.query_one(Ribbon).display)
            case "log":
                return bool(self.query_one(Log).display)
            case "line":
                return not self._in_ribbon and self.reading.line is not None
        return super().has(need)

    def lay_out(self, width: int, height: int) -> None:
        super().lay_out(width, height)
        alone = self._zoomed or height < TALL or width < WIDE
        self._past = tuple(self._rows())
        facts = rows(self._monitor, Ages(self.view.now), self.style, width, 1 if alone else max(3, height * 2 // 9))
        self.query_one(Cycles).styles.height = len(facts)
        band, text, whole = self.query_one(Ribbon), self.query_one(Log), self.query_one(Whole)
        band.display, text.display = self._in_ribbon or not alone, not (self._in_ribbon and alone)
        band.styles.height = "1fr" if alone else max(4, min(len(self._past) + 2, (height - len(facts)) * 2 // 5))
        whole.display = self._in_full and text.display
        whole.styles.height = max(3, height // 4)

    def _rows(self) -> Iterator[Past]:
        """Yields who has a row: the town in its order, and below it those who have left it."""
        agents, blind = self.town.agents if self.town else (), bool(self.view.stale("tmux", "process"))
        for agent in agents:
            yield Past(agent.id, safe(agent.id), State.UNKNOWN if blind else agent.state)
        here = {agent.id for agent in agents}
        for agent_id in self.view.eye.history.agents:
            if agent_id not in here:
                yield Past(agent_id, safe(agent_id), None)

    def paint(self, ages: Ages) -> None:
        cycles, style = self.query_one(Cycles), self.style
        told = (lambda _: style("dim")) if self.view.stale("monitor") else style
        self.query_one(Header).show(self.view, ages, style)
        self.query_one("#top", Rule).across(style)
        cycles.show(rows(self._monitor, ages, told, *cycles.size), style)
        self._paint_ribbon(ages)
        self._paint_log(ages)

    def paint_log(self) -> None:
        self.repaint(self._paint_log)

    @property
    def _monitor(self) -> Monitor | None:
        return self.town.monitor if self.town else None

    def _paint_ribbon(self, ages: Ages) -> None:
        band = self.query_one(Ribbon)
        if not band.display:
            return
        if self._chosen not in (row.agent_id for row in self._past):
            self._chosen = self._past[0].agent_id if self._past else ""
        minute = int(ages.now // 60)
        back = self._back(minute) if self._in_ribbon else None
        scene = ribbon.Scene(self._past, self._chosen, minute, self._step, self.console.inks, back)
        band.show(scene, self.view.eye.history)

    def _back(self, minute: int) -> int:
        """Returns how many cells before the last one the cursor stands; it stays at its minute while time goes on."""
        return 0 if self._minute is None else max(0, minute // self._step - self._minute // self._step)

    def _look(self) -> bool:
        return self.reading.look(held=self.view.held_since is not None)

    def _sift_on(self) -> None:
        self._sifting = None
        self.paint_log()

    def _paint_log(self, ages: Ages) -> None:
        """Looks at the next slice of lines and draws those that pass; has the slice after it looked at soon."""
        reading, book = self.reading, self.reading.book
        if not self._look() and self._sifting is None:
            self._sifting = later(self, _AGAIN_S, self._sift_on)
        text, whole = self.query_one(Log), self.query_one(Whole)
        if text.display:
            torn = "" if reading.query else book.torn
            place = book.lines, book.first, reading.shown, reading.at
            head, empty, more = tuple(self._head()), self._nothing(), book.dropped > 0
            text.show(log.Scene(*place, self.console.inks, head, torn, empty, more))
        if whole.display:
            whole.show(reading.line, self.style)

    def _head(self) -> Iterator[tuple[str, str]]:
        reading, state = self.reading, self.reading.book.state
        yield "log", "dim" if self._in_ribbon else "text bold"
        if reading.query:
            yield f" · /{mask(safe(reading.query))}", "accent"
            so_far = "" if reading.whole else " so far"
            yield f" · {len(reading.shown):,} of {reading.count:,} lines{so_far}", "dim"
        elif reading.shown:
            yield f" · {len(reading.shown):,} lines", "dim"
        if state:
            yield f" · {mask(safe(state))}", "attention"
        elif reading.at is None and reading.shown:
            yield " · following", "dim"

    def _nothing(self) -> tuple[str, ...]:
        """Returns why there are no lines, and what would help."""
        if self.reading.count:
            return ("no line passes the filter" if self.reading.whole else "looking …",)
        where = "" if self._monitor else "--monitor-dir DIR, or monitor_dir in config.toml, names the folder of an automonitor"
        return tuple(text for text in (mask(safe(self.reading.book.state)) or "nothing is written in it yet", where) if text)

    def _move_row(self, by: int) -> None:
        ids = [row.agent_id for row in self._past]
        if ids:
            at = ids.index(self._chosen) if self._chosen in ids else 0
            self._chosen = ids[max(0, min(len(ids) - 1, at + by))]
            self.repaint(self._paint_ribbon)

    def _move_line(self, by: int) -> None:
        if self.reading.move(by):
            self.say("reading earlier lines …")
            self.run_worker(self._read_earlier(), group="earlier", exclusive=True)
        self.repaint(self._paint_log)

    async def _read_earlier(self) -> None:
        book = self.reading.book
        before = book.first
        await book.earlier()
        self.say(f"{before - book.first:,} earlier lines" if book.first < before else "no more lines are kept")
        self.paint_log()

    def action_move(self, by: int) -> None:
        (self._move_row if self._in_ribbon else self._move_line)(by)

    @property
    def reach(self) -> int:
        return self.query_one(Ribbon).page if self._in_ribbon else self.query_one(Log).page

    def action_next_calling(self) -> None:
        """Goes to the row of the next agent that needs a person."""
        agent = roster.next_calling(self.town, Wish(), self.view.now, self._chosen) if self.town else None
        if agent is None:
            self.say("nobody needs you")
        else:
            self._in_ribbon, self._chosen = True, agent.id
            self.redraw()

    def action_cell(self, by: int) -> None:
        """Moves the cursor in the ribbon by so many cells; at the right end it goes with the time."""
        minute = int(self.view.now // 60)
        back = min(self.query_one(Ribbon).count - 1, self._back(minute) - by if self._in_ribbon else 0)
        self._minute = (minute // self._step - back) * self._step if back > 0 else None
        self._in_ribbon = True
        self.redraw()

    def action_step(self, way: int) -> None:
        """Lets a cell of the ribbon stand for more minutes, or for fewer."""
        self._step = STEPS[max(0, min(len(STEPS) - 1, STEPS.index(self._step) + way))]
        self.repaint(self._paint_ribbon)

    async def action_open(self) -> None:
        """Opens the log at the minute of the cell, with the lines that name its agent's session."""
        cell, agent = self.query_one(Ribbon).cursor, self.agent
        self._in_ribbon = False
        self.reading.filter(sieve.for_session(agent.session) if agent and agent.session else "")
        self.redraw()
        self.run_worker(self._open_at(cell.minute * 60), group="earlier", exclusive=True)

    async def _open_at(self, stamp: int) -> None:
        """Chooses the first line not older than the stamp: of those that pass the filter, else of all."""
        filtered, when = self.reading.query, clock_time(stamp)[:5]
        if not await self._choose_since(stamp) and filtered:
            self.reading.filter("")
            self.say(f"no line {filtered} since {when}: this is what the log says then")
            await self._choose_since(stamp)
        if self.reading.at is None:
            self.say(f"the log says nothing since {when}")
        self.paint_log()

    async def _choose_since(self, stamp: int) -> bool:
        """Chooses the first line that is not older, once older ones are read and all are looked at."""
        reading, book = self.reading, self.reading.book
        first = None
        while reading.begins_after(stamp) and book.first != first:
            first = book.first
            await book.earlier()
        while not self._look():
            self.paint_log()
            await asyncio.sleep(_AGAIN_S)
        return reading.choose_since(stamp)

    def action_find(self) -> None:
        self._in_ribbon = False
        self.ask("/", self.reading.filter, lambda: sieve.HINT, self.reading.query)

    def action_level(self) -> None:
        self.reading.filter(sieve.next_level(self.reading.query))
        self.redraw()

    def action_whole(self) -> None:
        self._in_full = not self._in_full
        self.redraw()

    def action_other_side(self) -> None:
        self._in_ribbon = not self._in_ribbon
        self.redraw()

    def action_zoom(self) -> None:
        """Gives the part in which the keys move the whole screen, or the other one where it has it already for want of room."""
        if self.size.height < TALL or self.size.width < WIDE:
            self._in_ribbon = not self._in_ribbon
        else:
            self._zoomed = not self._zoomed
        self.redraw()

    def action_copy_line(self) -> None:
        if self.reading.line:
            self.console.copy(log.inert(log.raw(self.reading.line)))

    def action_back(self) -> None:
        """Undoes one thing: typing and the filter, scrolling, the whole line, the zoom, the ribbon; then leaves."""
        if self.typing is not None or self.reading.query:
            self.reading.filter("")
            self.stop_typing()
        elif self._in_full:
            self.action_whole()
        elif self._zoomed:
            self.action_zoom()
        elif self._in_ribbon:
            self.action_other_side()
        elif self.reading.at is not None:
            self.action_last()
        else:
            self.dismiss()

    def on_choices_chosen(self, message: Choices.Chosen) -> None:
        self._in_ribbon = message.place == RIBBON
        if self._in_ribbon:
            self._chosen = message.key
        else:
            self.reading.at = int(message.key)
        self.redraw()

    def on_choices_scrolled(self, message: Choices.Scrolled) -> None:
        (self._move_row if message.place == RIBBON else self._move_line)(message.by)
