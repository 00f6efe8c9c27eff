"""The agent view: the whole pane with its scrollback and a search, beside everything known of the agent and how we know it."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Container
from textual.worker import Worker

from gastown_tui.observe.ports import GatewayError
from gastown_tui.town.snapshot import Agent, Evidence, State

from .. import keys
from ..ages import Ages
from ..roster import Row
from ..sheet import Environment, agent_report, sections
from ..view import View
from ..widgets.footer import Footer
from ..widgets.header import Header
from ..widgets.lines import Lines, Run, fit
from ..widgets.pane import Hit, Pane, find
from ..widgets.strip import Rule
from ..widgets.title import Title
from .page import END, Page

WIDE = 110
PANE_COLUMNS = 80
_SCROLLBACK = 5000


class AgentScreen(Page):
    """Pane and facts side by side from 110 columns on, else one of them at a time."""

    SCOPES: ClassVar[tuple[str, ...]] = (keys.AGENT,)

    def __init__(self, view: View, agent_id: str, *, zoomed: bool = False) -> None:
        super().__init__(view)
        self.agent_id = agent_id
        self._zoomed = self._began_zoomed = zoomed
        self._last: Agent | None = None
        self._environment: Environment | str = "no session has it"
        self._read_from: tuple[str | None, str] | None = None
        self._history: tuple[str, ...] | None = None
        self._climb = 0
        self._reading: Worker[None] | None = None
        self._in_facts = False
        self._facts_at = 0
        self._query = ""
        self._hits: tuple[Hit, ...] = ()
        self._hit = 0

    def compose(self) -> ComposeResult:
        yield Header("header")
        yield Title("title")
        yield Rule("top")
        with Container(id="body"):
            yield Pane("pane")
            yield Rule("between")
            yield Lines("facts")
        yield Rule("bottom")
        yield Footer("footer")

    @property
    def agent(self) -> Agent | None:
        """The agent; one that has left the town is unknown, and otherwise as it was last seen."""
        found = self.town.agent(self.agent_id) if self.town else None
        self._last = found or self._last
        if found is None and self._last is not None and self.town is not None:
            return _left(self._last, self.town.observed_at)
        return self._last

    @property
    def shown(self) -> Mapping[str, float]:
        return self.closely(self.agent if self.query_one("#pane").display and not self._stands else None)

    @property
    def _stands(self) -> bool:
        """Whether the picture stands still: in the scrollback, and on what a search has found."""
        return self._history is not None or bool(self._hits)

    def has(self, need: str) -> bool:
        match need:
            case "pane":
                return not self.query_one(Pane).blank
            case "hits":
                return bool(self._hits)
        return super().has(need)

    def classes_at(self, width: int, height: int) -> Mapping[str, bool]:
        wide = width >= WIDE and not self._zoomed
        return {"-wide": wide, "-zoomed": self._zoomed, "-facts": self._in_facts, "-low": height < 12}

    def lay_out(self, width: int, height: int) -> None:
        super().lay_out(width, height)
        if width >= WIDE:
            # A pane is 80 columns as a rule: it is shown whole before the facts get more room.
            self.query_one("#facts").styles.width = max(36, min(72, width - PANE_COLUMNS - 3))

    def paint(self, ages: Ages) -> None:
        agent, style = self.agent, self.style
        facts = self.query_one("#facts", Lines)
        joint = self.query_one(Pane).size.width if self.has_class("-wide") else None
        self.query_one(Header).show(self.view, ages, style)
        row = Row(agent.id, agent.id, "", agent) if agent else None
        stale = bool(self.view.stale("tmux", "process"))
        self.query_one(Title).show(row, ages, style, live=self.live and not self._stands, stale=stale)
        self.query_one("#top", Rule).across(style, joint, "┬")
        self.query_one("#bottom", Rule).across(style, joint, "┴")
        self.query_one("#between", Rule).down(style)
        self._paint_pane()
        self._keep_environment(agent)
        if agent is not None and facts.display:
            lines = self._facts(agent, ages, facts.size.width)
            self._facts_at = max(0, min(self._facts_at, len(lines) - facts.size.height))
            shown = lines[self._facts_at : self._facts_at + facts.size.height]
            hidden = len(lines) - self._facts_at - len(shown)
            if shown and hidden:
                shown[-1] = [(" ⋮", style("faint")), (f" +{hidden + 1}", style("dim"))]
            facts.draw([fit(runs, facts.size.width, style("text")) for runs in shown])

    def paint_pane(self, agent: Agent) -> None:
        self._paint_pane()

    def _paint_pane(self) -> None:
        pane = self.query_one(Pane)
        if not self._stands:
            self.show_live(pane, self.agent)
        else:
            dimmed, current = self._history is None and self.is_past(self.agent), self._hits[self._hit] if self._hits else None
            pane.show(self.console.inks, dimmed=dimmed, hits=self._hits, current=current)

    def _facts(self, agent: Agent, ages: Ages, width: int) -> list[list[Run]]:
        style, lines = self.style, list[list[Run]]()
        stock = self.town.beads if self.town else None
        for title, told in sections(agent, self._environment, ages, self.view.history(agent), stock):
            lines += [*([[]] if lines else []), [(f" {title}", style("faint"))]]
            for index, (label, text) in enumerate(told):
                # What has no label goes on with the line above it: an answer stands below its question.
                head = f" {label:13} " if label or index else " "
                indent = min(15, len(head))
                # A long name is not cut: it may take the room of its value, which then goes on below.
                first, *more = wrap(text, max(8, width - indent - 2), initial_indent=" " * max(0, len(head) - indent)) or [""]
                lines.append([(head, style("dim")), (first.lstrip(), style("text"))])
                lines += [[(" " * indent + line, style("text"))] for line in more]
        return lines

    def _keep_environment(self, agent: Agent | None) -> None:
        """Has the environment read once for each session: one that was started again may have another."""
        if agent is None or agent.session_id is None or self.town is None:
            return
        if self._read_from != (place := (self.town.epoch, agent.session_id)):
            self._read_from, self._environment = place, "reading …"
            self.run_worker(self._read_environment(agent.session_id), group="environment", exclusive=True)

    async def _read_environment(self, session_id: str) -> None:
        try:
            self._environment = await self.view.eye.environment(session_id) or "empty"
        except GatewayError as error:
            self._environment = f"not read: {error}"
        self.redraw()

    def _read(self, up: int) -> None:
        """Has the scrollback read, to go up in it: by all that was asked for while it was being read."""
        self._climb += up
        if self._reading is None or self._reading.is_finished:
            self._reading = self.run_worker(self._read_history())

    async def _read_history(self) -> None:
        """Reads the scrollback once and goes up in it; what arrives meanwhile does not move it."""
        agent, pane = self.agent, self.query_one(Pane)
        if self._history is None and agent is not None and agent.pane_id is not None:
            try:
                self._history = await self.view.eye.scrollback(agent.pane_id, _SCROLLBACK)
            except GatewayError as error:
                self.say(f"no scrollback: {error}")
            else:
                pane.load(self._history)
                self._search(self._query)
        if self._history is not None and self._climb and not pane.furthest and self.typing is None and not self._query:
            self._history = None
            self.say("nothing above this")
        pane.up = max(0, min(pane.furthest, pane.up + self._climb))
        self._climb = 0
        self.redraw()

    def _go_live(self) -> None:
        self._history, self._hits, self._query = None, (), ""
        self.query_one(Pane).up = 0
        self.redraw()

    def action_move(self, by: int) -> None:
        pane = self.query_one(Pane)
        if self._in_facts:
            self._facts_at = max(0, self._facts_at + by)
            self.redraw()
        elif self._history is None and by < 0:
            self._read(-by)
        elif self._history is not None and pane.up - by <= 0 and not self._hits:
            self._go_live()
        else:
            pane.up = max(0, min(pane.furthest, pane.up - by))
            self._paint_pane()

    @property
    def reach(self) -> int:
        return max(1, self.query_one("#facts" if self._in_facts else "#pane").size.height - 1)

    def action_last(self) -> None:
        if self._in_facts:
            self.action_move(END)
        else:
            self._go_live()

    def action_zoom(self) -> None:
        """Gives the pane the whole screen, and takes it back: to where it was given from."""
        if self._began_zoomed:
            self.dismiss()
        else:
            self._zoomed = not self._zoomed
            self.redraw()

    def action_other_side(self) -> None:
        self._in_facts = not self._in_facts
        self.redraw()
        if self.has_class("-wide"):
            self.say("j and k move in the facts" if self._in_facts else "j and k move in the pane")

    def action_find(self) -> None:
        """Searches the scrollback as it is now, nearest hit first.

        Where there is no pane, too: what is typed must not run as keys.
        """
        self._in_facts = False
        self._read(0)
        self._search("")
        self.ask("/", self._search, self._counted)

    async def keep_typed(self) -> None:
        searching = self.typing is not None and self.typing.kept is None
        await super().keep_typed()
        if searching and self._query and not self._hits:
            self.say(f"not found: {self._query}")

    def _search(self, query: str) -> None:
        self._query = query
        self._hits = find(self.query_one(Pane).texts, query)
        self._hit = max(0, len(self._hits) - 1)
        self._show_hit()

    def _counted(self) -> str:
        if self.query_one(Pane).blank:
            return "there is no pane to search · Esc ends it"
        if not self._query:
            return "type to search · Esc ends it"
        return f"{self._hit + 1} of {len(self._hits)}" if self._hits else "not found"

    def _show_hit(self) -> None:
        pane = self.query_one(Pane)
        if self._hits:
            below = len(pane.texts) - self._hits[self._hit].row - 1
            pane.up = max(0, min(pane.furthest, below - pane.size.height // 2))

    def action_next_hit(self, way: int) -> None:
        self._hit = (self._hit + way) % len(self._hits)
        self._show_hit()
        self._paint_pane()
        self.say(f"{self._counted()}: {self._query}")

    def action_copy_facts(self) -> None:
        if self.agent and self.town:
            self.console.copy(agent_report(self.agent, self.town, self._environment, self.view.now))

    def action_copy_id(self) -> None:
        self.console.copy(self.agent_id)

    def action_copy_pane(self) -> None:
        self.console.copy("\n".join(self.query_one(Pane).texts))

    def action_back(self) -> None:
        """Ends typing, then the search and the scrollback, then leaves the view."""
        if self.typing is not None:
            self.stop_typing()
        elif self._query or self._history is not None:
            self._go_live()
        else:
            self.dismiss()

    def on_pane_scrolled(self, message: Pane.Scrolled) -> None:
        self._in_facts = False
        self.action_move(message.by)


def _left(agent: Agent, at: float) -> Agent:
    """Returns what may be said of an agent that its town no longer has: what it was must not look like what it is."""
    told = Evidence("town", f"it is no longer in this town; it was {agent.state} when last seen", at)
    return agent._replace(state=State.UNKNOWN, since=None, evidence=(told, *agent.evidence), pane_id=None, expects=None)
