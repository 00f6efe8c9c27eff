"""What every screen has: the shared view, one timer for the next age that changes, a line to type in, and what just happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from math import inf
from typing import ClassVar, Protocol, cast

from textual import events
from textual.dom import DOMNode
from textual.geometry import Size
from textual.screen import Screen

from gastown_tui.town.acks import Subject, subject
from gastown_tui.town.activity.marks import evidence_rows
from gastown_tui.town.snapshot import CALLING, NOTHING, Agent, Nowhere, Town
from gastown_tui.town.text import safe
from gastown_tui.town.words import work

from .. import keys
from ..ages import Ages
from ..later import Later, later
from ..sending import Sending
from ..themes import STATE_TOKENS, Ink, ink
from ..typed import Typing
from ..view import ENDED, View
from ..widgets.footer import Footer
from ..widgets.header import Header, height_of
from ..widgets.lines import Lines
from ..widgets.pane import Pane

_SAID_FOR = 5.0
_MOST_TYPED = 1000
_AT_ONCE_S = 0.01


class Host(Protocol):
    """What a screen may ask of the application above it."""

    @property
    def inks(self) -> str: ...
    def ink(self, *, selected: bool) -> Ink: ...
    def tell_interest(self) -> None: ...
    def copy(self, text: str) -> None: ...
    async def inspect(self, agent_id: str, *, zoomed: bool = False) -> None: ...
    async def open_bead(self, bead_id: str) -> None: ...
    async def take_typed(self) -> None: ...
    async def run_action(self, action: str, default_namespace: DOMNode | None = None) -> bool: ...


# Ages fall due all over a second. One painting serves them all, and it comes with the next town where there is one each second.
AGES_EVERY = 1.1
# Further than any list or scrollback reaches.
END = 1_000_000


class Page(Screen[None]):
    """A screen of the console. Subclasses compose widgets and fill them in `paint`."""

    AUTO_FOCUS = ""
    SCOPES: ClassVar[tuple[str, ...]] = ()

    def __init__(self, view: View) -> None:
        super().__init__()
        self._compositor = Sending()
        self.view = view
        self.typing: Typing | None = None
        self._said = ""
        self._timer: Later | None = None
        self._redraw_at = inf
        self._laid_out_for: Size | None = None
        self._silence: Later | None = None

    @cached_property
    def table(self) -> list[keys.Key]:
        """The keys that work on this screen."""
        return keys.of_screen(*self.SCOPES, table=self.view.ways.keys)

    @property
    def console(self) -> Host:
        return cast(Host, self.app)

    @property
    def is_current(self) -> bool:
        """Whether this screen is on top. Textual calls the one below current too, as if it shone through, and repaints the whole
        terminal for whatever changes there.
        """
        return bool(self.app.screen_stack) and self.app.screen is self

    @property
    def style(self) -> Ink:
        """The inks of the theme in use."""
        return partial(ink, self.console.inks)

    @property
    def shown(self) -> Mapping[str, float]:
        """The live panes on this screen, and how often (per second) each wants a fresh picture."""
        return NOTHING

    @property
    def live(self) -> bool:
        """Whether a pane on this screen shows what is there now."""
        return self.view.live and self.view.held_since is None and not self.view.stale("tmux")

    def closely(self, agent: Agent | None) -> Mapping[str, float]:
        """Returns the wish for the one pane that a person looks at."""
        return {agent.pane_id: self.view.ways.rate} if agent and agent.pane_id else NOTHING

    def classes_at(self, width: int, height: int) -> Mapping[str, bool]:
        """Returns the classes of this screen at a size."""
        return NOTHING

    def on_compose(self) -> None:
        # Before there are parts: a class that changes later styles all of them again.
        self.update_classes(self.classes_at(*self.app.size), update=False)

    def lay_out(self, width: int, height: int) -> None:
        """Sets the layout for a size; where that moves anything, the widgets ask to be painted again."""
        self.update_classes(self.classes_at(width, height))
        if header := self.query_one_optional(Header):
            header.styles.height = height_of(self.view, width, height)

    def paint(self, ages: Ages) -> None:
        """Fills the widgets."""

    def paint_pane(self, agent: Agent) -> None:
        """Fills the live pane of an agent alone: a new picture of it changes nothing else."""

    def paint_log(self) -> None:
        """Fills the automonitor's log alone, where it is on this screen."""

    def paint_beads(self) -> None:
        """Fills what is told of beads alone, where they are on this screen."""

    def show_live(self, pane: Pane, agent: Agent | None) -> None:
        """Shows the last picture of an agent's pane, dimmed where it is not, or may no longer be, what is there."""
        frame = self.view.frame(agent) if agent else None
        pane.load(frame.rows if frame else ())
        past, empty = self.is_past(agent), "nothing is drawn in its pane" if frame else nothing(agent, looked_at=self.view.live)
        marks = evidence_rows(agent, frame) if agent and frame and not past else frozenset[int]()
        pane.show(self.console.inks, dimmed=past, empty=empty, marks=marks, mark=STATE_TOKENS[agent.state] if agent else "dim")

    def is_past(self, agent: Agent | None) -> bool:
        """Returns whether the last picture of an agent's pane is not, or may no longer be, what is there."""
        return agent is not None and (agent.state in ENDED or agent.pane_id is None or bool(self.view.stale("tmux")))

    @property
    def agent(self) -> Agent | None:
        """Whom the keys of this screen concern: who is chosen, or who has what is."""
        return None

    def has(self, need: str) -> bool:
        """Returns whether what a key needs is there."""
        match need:
            case "row" | "agent":
                return self.agent is not None
            case "bead":
                return bool(self.bead_of(self.agent))
            case "problem":
                return any(_may_acknowledge(agent, self.view.now) for agent in self.concerned())
        return not need

    def redraw(self) -> None:
        """Paints everything and waits for the moment at which the first age on screen reads differently."""
        if self._drawable:
            self._laid_out_for = self.size
            self.lay_out(*self.size)
            self._wait_for(inf)
            self._paint(self.paint)

    def repaint(self, part: Callable[[Ages], None]) -> None:
        """Paints a part alone, where the rest stands; ages there fall due as before."""
        if self._drawable:
            self._paint(part)

    @property
    def _drawable(self) -> bool:
        return self.is_mounted and self.is_current and self.size.width > 0 and not self._ending

    @property
    def _ending(self) -> bool:
        """Whether the end was asked for: parts that were not made by then never are."""
        return self.app.return_code is not None

    def _paint(self, paint: Callable[[Ages], None]) -> None:
        ages = Ages(self.view.now)
        paint(ages)
        self._foot()
        if self.view.held_since is None and (at := max(ages.now + AGES_EVERY, ages.next + 0.01)) < self._redraw_at:
            self._wait_for(at)
        self.console.tell_interest()

    def _wait_for(self, at: float) -> None:
        """Redraws at a wall second, never where that is infinite, instead of when it was to be before."""
        self._redraw_at = at
        if self._timer is not None:
            self._timer.cancel()
        # The painting itself may take until then, or the clock is set.
        self._timer = later(self, max(_AT_ONCE_S, at - self.view.now), self.redraw) if at < inf else None

    def say(self, text: str) -> None:
        """Shows for a few seconds what just happened."""
        self._said = safe(text)
        if self._silence is not None:
            self._silence.cancel()
        self._silence = later(self, _SAID_FOR, self._hush)
        self._foot()

    def key_of(self, action: str) -> str:
        """Returns how the key of an action of this screen is written; without one, that the palette has it."""
        return next((key.shown.partition(" ")[0] for key in self.table if key.action == action), "") or "the palette"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Lets a key be inert where what it needs is missing."""
        needs = [key.needs for key in self.table if key.action.partition("(")[0] == action]
        return True if all(self.has(need) for need in needs) else None

    def on_mount(self) -> None:
        # Before the first layout: a second one would send the whole screen again.
        if not self._ending:
            self.lay_out(*self.app.size)

    def on_resize(self) -> None:
        # Textual tells a new screen its size thrice.
        if self.size != self._laid_out_for:
            self.redraw()

    def on_lines_resized(self, message: Lines.Resized) -> None:
        if message.lines.outdated:
            self.redraw()

    def on_unmount(self) -> None:
        # The loop would keep the screen until then.
        self._wait_for(inf)

    def on_screen_resume(self) -> None:
        self.redraw()
        self.app.call_next(self.console.take_typed)

    async def press(self, event: events.Key) -> None:
        """Does what the key does here, to its end before the next one, so that keys which arrive together keep their order."""
        self.view.eye.keyed()
        if self._said:
            self._hush()
        if self.typing is not None and event.key == "enter":
            await self.keep_typed()
        elif self.typing is not None and self.typing.kept is not None and event.key == "escape":
            self.stop_typing()
        elif not self.takes(event):
            for key in self.table:
                if event.key in key.keys:
                    await self.console.run_action(key.action, self)

    def takes(self, event: events.Key) -> bool:
        """Uses the key as text, and returns whether it did."""
        text = self.typing.after(event) if self.typing else None
        if text is not None:
            self._retype(text)
        return text is not None

    def paste(self, text: str) -> None:
        """Takes pasted text only where text is typed, and only its first line: a pasted paragraph must never run keys."""
        if self.typing is not None:
            self._retype(self.typing.text + safe(next(iter(text.splitlines()), "")))

    def ask(self, sign: str, changed: Callable[[str], None], hint: Callable[[], str], text: str = "") -> None:
        """Opens the line to type in."""
        self.typing = Typing(sign, changed, hint, text)
        self.redraw()

    async def keep_typed(self) -> None:
        """Ends typing by Enter: what was typed stays in force."""
        typing = self.typing
        self.stop_typing()
        if typing is not None and typing.kept is not None:
            typing.kept(typing.text)

    @property
    def reach(self) -> int:
        """How many rows a page is."""
        return 1

    def action_move(self, by: int) -> None:
        """Moves by that many rows; where there is nothing to move, nothing."""

    def action_half(self, way: int) -> None:
        self.action_move(way * max(1, self.reach // 2))

    def action_page(self, way: int) -> None:
        self.action_move(way * self.reach)

    def action_first(self) -> None:
        self.action_move(-END)

    def action_last(self) -> None:
        self.action_move(END)

    def bead_of(self, agent: Agent | None) -> str:
        """Returns the bead that an agent has; empty where it has none."""
        return work(agent, self.town.beads if self.town else None)[0] if agent else ""

    def concerned(self) -> Sequence[Agent]:
        """Returns whom `a` concerns on this screen."""
        return [self.agent] if self.agent else []

    async def action_inspect(self) -> None:
        if self.agent:
            await self.console.inspect(self.agent.id)

    async def action_to_agent(self) -> None:
        await self.action_inspect()

    async def action_to_bead(self) -> None:
        await self.console.open_bead(self.bead_of(self.agent))

    def action_copy_id(self) -> None:
        if self.agent:
            self.console.copy(self.agent.id)

    def action_acknowledge(self) -> None:
        self.acknowledge(self.concerned())

    def acknowledge(self, agents: Sequence[Agent]) -> None:
        """Asks why those who need a person may wait; takes it back where nobody of them calls any more."""
        calling = {agent.id: subject(agent) for agent in agents if agent.needs_you(self.view.now)}
        if calling:
            self.ask("acknowledge: ", lambda _: None, lambda: "why, if you like · Enter does it, Esc does not")
            assert self.typing is not None
            self.typing.kept = lambda reason: self._acknowledge(calling, reason.strip())
        else:
            self.run_worker(self._withdraw([agent.id for agent in agents if agent.acknowledged]), group="acknowledge")

    def _acknowledge(self, calling: dict[str, Subject], reason: str) -> None:
        """Acknowledges what was on screen when the key was pressed: who needs something else by now goes on calling."""
        still = [agent.id for agent in (self.town.agents if self.town else ()) if calling.get(agent.id) == subject(agent)]
        if still:
            self.run_worker(self._keep_acknowledged(still, reason), group="acknowledge")
        else:
            self.say("not acknowledged: it is no longer what it was")

    async def _keep_acknowledged(self, agent_ids: Sequence[str], reason: str) -> None:
        try:
            for agent_id in agent_ids:
                await self.view.eye.acknowledge(agent_id, reason)
        except OSError as error:
            self.say(f"not acknowledged: {_why(error)}")
        else:
            self.say(f"acknowledged {_named(agent_ids)}; {self.key_of('acknowledge')} takes it back")

    async def _withdraw(self, agent_ids: Sequence[str]) -> None:
        try:
            for agent_id in agent_ids:
                await self.view.eye.withdraw(agent_id)
        except OSError as error:
            self.say(f"still acknowledged: {_why(error)}")
        else:
            self.say(f"{_named(agent_ids)}: no longer acknowledged")

    def stop_typing(self) -> None:
        self.typing = None
        self.redraw()

    def _retype(self, text: str) -> None:
        assert self.typing is not None
        if (text := text[:_MOST_TYPED]) != self.typing.text:
            self.typing.text = text
            self.typing.changed(text)
            self.redraw()

    def _hush(self) -> None:
        self._said = ""
        self._foot()

    def _foot(self) -> None:
        footer = self.query_one_optional(Footer)
        if footer is None:
            return
        if self.typing is not None:
            footer.ask(self.typing.sign, self.typing.text, self.typing.hint(), self.style)
        elif self._said:
            footer.say(self._said, self.style)
        else:
            there = {need: self.has(need) for need in {key.needs for key in self.table if key.rank}}
            footer.keys([self._named_well(key) for key in self.table if key.rank and there[key.needs]], self.style)

    def _named_well(self, key: keys.Key) -> keys.Key:
        """Returns the key, called by what it would do now."""
        back = key.action == "acknowledge" and not any(agent.needs_you(self.view.now) for agent in self.concerned())
        return key._replace(label="take back") if back else key

    @property
    def town(self) -> Town | None:
        return self.view.town if isinstance(self.view.town, Town) else None

    @property
    def nowhere(self) -> Nowhere | None:
        return self.view.town if isinstance(self.view.town, Nowhere) else None


def _may_acknowledge(agent: Agent, now: float) -> bool:
    """Returns whether `a` does something for an agent: it needs a person, or did until somebody acknowledged it."""
    return agent.state in CALLING and (agent.acknowledged is not None or agent.needs_you(now))


def _why(error: OSError) -> str:
    return f"{error.strerror}: {error.filename}" if error.strerror and error.filename else str(error)


def _named(agent_ids: Sequence[str]) -> str:
    return agent_ids[0] if len(agent_ids) == 1 else f"{len(agent_ids)} agents"


def nothing(agent: Agent | None, *, looked_at: bool) -> str:
    """Returns why there is no picture of an agent's pane."""
    if agent is None:
        return ""
    if not agent.pane_id:
        return "no picture of its pane was taken"
    return "waiting for its picture …" if looked_at else "its pane is read while this terminal has the focus"
