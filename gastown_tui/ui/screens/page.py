"""What every screen has: the shared view, one timer for the next age that changes, a line to type in, and what just happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import ClassVar, Protocol, cast

from textual import events
from textual.dom import DOMNode
from textual.screen import Screen
from textual.timer import Timer

from gastown_tui.town.snapshot import Agent, Nowhere, Town
from gastown_tui.town.text import safe

from .. import keys
from ..ages import Ages
from ..themes import Ink, ink
from ..view import ENDED, View
from ..widgets.footer import Footer
from ..widgets.header import Header, notice
from ..widgets.pane import Pane

_SAID_FOR = 5.0


class Host(Protocol):
    """What a screen may ask of the application above it."""

    @property
    def inks(self) -> str: ...
    def ink(self, *, selected: bool) -> Ink: ...
    def tell_interest(self) -> None: ...
    def copy(self, text: str) -> None: ...
    async def inspect(self, agent_id: str) -> None: ...
    async def take_typed(self) -> None: ...
    async def run_action(self, action: str, default_namespace: DOMNode | None = None) -> bool: ...


@dataclass(slots=True)
class Typing:
    """A line being typed: `changed` is told its text on every key, `done` when Enter keeps it."""

    sign: str
    changed: Callable[[str], None]
    hint: Callable[[], str]
    text: str = ""


# Ages fall due all over a second. One painting serves them all, and it comes with the next town where there is one each second.
AGES_EVERY = 1.1


class Page(Screen[None]):
    """A screen of the console. Subclasses compose widgets and fill them in `paint`."""

    AUTO_FOCUS = ""
    SCOPES: ClassVar[tuple[str, ...]] = ()

    def __init__(self, view: View) -> None:
        super().__init__()
        self.view = view
        self.typing: Typing | None = None
        self._said = ""
        self._timer: Timer | None = None
        self._silence: Timer | None = None

    @property
    def console(self) -> Host:
        return cast(Host, self.app)

    @property
    def style(self) -> Ink:
        """The inks of the theme in use."""
        return partial(ink, self.console.inks)

    @property
    def shown(self) -> Agent | None:
        """The agent whose live pane is on this screen."""
        return None

    @property
    def live(self) -> bool:
        """Whether a pane on this screen shows what is there now."""
        return self.view.live and self.view.held_since is None and not self.view.stale("tmux")

    def lay_out(self, width: int, height: int) -> None:
        """Sets the layout for a size; where that moves anything, the widgets ask to be painted again."""
        for header in self.query(Header):
            header.styles.height = 2 if height >= 8 and notice(self.view, Ages(self.view.now)) else 1

    def paint(self, ages: Ages) -> None:
        """Fills the widgets."""

    def paint_pane(self) -> None:
        """Fills the live pane alone: a new picture of it changes nothing else."""

    def show_live(self, pane: Pane, agent: Agent | None) -> None:
        """Shows the last picture of an agent's pane, dimmed where it is not, or may no longer be, what is there."""
        frame = self.view.frame(agent) if agent else None
        pane.load(frame.rows if frame else ())
        pane.show(
            self.console.inks, dimmed=self.is_past(agent), empty="nothing is drawn in its pane" if frame else _nothing(agent)
        )

    def is_past(self, agent: Agent | None) -> bool:
        """Returns whether the last picture of an agent's pane is not, or may no longer be, what is there."""
        return agent is not None and (agent.state in ENDED or agent.pane_id is None or bool(self.view.stale("tmux")))

    def has(self, need: str) -> bool:
        """Returns whether what a key needs is there."""
        return not need

    def redraw(self) -> None:
        """Paints everything and waits for the moment at which the first age on screen reads differently."""
        if not self.is_mounted or not self.is_current or self.size.width == 0:
            return
        self.lay_out(*self.size)
        ages = Ages(self.view.now)
        self.paint(ages)
        self._foot()
        if self._timer is not None:
            self._timer.stop()
        wait = ages.next - ages.now
        self._timer = (
            self.set_timer(max(AGES_EVERY, wait + 0.01), self.redraw) if wait < inf and self.view.held_since is None else None
        )
        self.console.tell_interest()

    def say(self, text: str) -> None:
        """Shows for a few seconds what just happened."""
        self._said = safe(text)
        if self._silence is not None:
            self._silence.stop()
        self._silence = self.set_timer(_SAID_FOR, self._hush)
        self._foot()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Lets a key be inert where what it needs is missing."""
        needs = [key.needs for key in keys.of_screen(*self.SCOPES) if key.action.partition("(")[0] == action]
        return True if all(self.has(need) for need in needs) else None

    def on_mount(self) -> None:
        # Before the first layout: a second one would send the whole screen again.
        self.lay_out(*self.app.size)

    def on_resize(self) -> None:
        self.redraw()

    def on_lines_resized(self) -> None:
        self.redraw()

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
        elif not self.takes(event):
            for key in keys.of_screen(*self.SCOPES):
                if event.key in key.keys:
                    await self.console.run_action(key.action, self)

    def takes(self, event: events.Key) -> bool:
        """Uses the key as text, and returns whether it did."""
        return self.typing is not None and self._typed(event)

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
        self.stop_typing()

    def stop_typing(self) -> None:
        self.typing = None
        self.redraw()

    def _typed(self, event: events.Key) -> bool:
        assert self.typing is not None
        text = self.typing.text
        if event.key in ("backspace", "ctrl+h"):
            self._retype(text[:-1])
        elif event.key in ("ctrl+u", "ctrl+w"):
            self._retype("" if event.key == "ctrl+u" else text.rstrip().rpartition(" ")[0])
        elif event.is_printable and event.character:
            self._retype(text + safe(event.character))
        else:
            return False
        return True

    def _retype(self, text: str) -> None:
        assert self.typing is not None
        self.typing.text = text
        self.typing.changed(text)
        self.redraw()

    def _hush(self) -> None:
        self._said = ""
        self._foot()

    def _foot(self) -> None:
        footer = next(iter(self.query(Footer)), None)
        if footer is None:
            return
        if self.typing is not None:
            footer.ask(self.typing.sign, self.typing.text, self.typing.hint(), self.style)
        elif self._said:
            footer.say(self._said, self.style)
        else:
            footer.keys([key for key in keys.of_screen(*self.SCOPES) if self.has(key.needs)], self.style)

    @property
    def town(self) -> Town | None:
        return self.view.town if isinstance(self.view.town, Town) else None

    @property
    def nowhere(self) -> Nowhere | None:
        return self.view.town if isinstance(self.view.town, Nowhere) else None


def _nothing(agent: Agent | None) -> str:
    if agent is None:
        return ""
    return "waiting for its picture …" if agent.pane_id else "no picture of its pane was taken"
