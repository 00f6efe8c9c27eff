"""Every key, and an index to run any action by its name; both made from the table of keys."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import ClassVar

from textual.app import ComposeResult
from textual.strip import Strip

from gastown_tui.town.snapshot import State
from gastown_tui.town.words import FOREIGN_SHAPE, SHAPES

from .. import keys
from ..ages import Ages
from ..keys import Key
from ..roster import fuzzy
from ..themes import STATE_TOKENS
from ..view import View
from ..widgets.footer import Footer
from ..widgets.lines import Lines, Run, beyond, fit
from .page import Page

_MEANINGS = {
    State.WORKING: "alive and producing",
    State.IDLE: "alive, at its prompt, nothing to do",
    State.WAITING: "alive and asking",
    State.STALLED: "has work, makes no progress",
    State.DEAD: "it ran, and its process has ended",
    State.MISSING: "expected, and nothing says that it ever ran",
    State.ZOMBIE: "session and pane are there, the agent is not",
    State.HELD: "alive, blocked from outside",
    State.FROZEN: "stopped by a person",
    State.STARTING: "too young to judge",
    State.UNKNOWN: "we cannot see, and say why",
}
_WIDE = 110
_LABEL = 1 + max(len(key.label) for key in keys.KEYS)


class ListPage(Page):
    """A screen that is one list of lines with a title, moved by the usual keys."""

    SCOPES: ClassVar[tuple[str, ...]] = (keys.LIST,)
    at = 0

    def compose(self) -> ComposeResult:
        yield Lines("list")
        yield Footer("footer")

    @property
    def reach(self) -> int:
        return max(1, self.query_one("#list", Lines).size.height - 1)

    def count(self) -> int:
        """Returns how far the list can be moved."""
        return 1

    def action_move(self, by: int) -> None:
        self.at = max(0, min(self.count() - 1, self.at + by))
        self.redraw()

    def action_back(self) -> None:
        self.dismiss()


class HelpScreen(ListPage):
    """Keys by screen, then the shapes and what they mean; side by side where there is room."""

    def count(self) -> int:
        return max(1, len(self._lines()) - self.query_one("#list", Lines).size.height + 1)

    def paint(self, ages: Ages) -> None:
        lines, every = self.query_one("#list", Lines), self._lines()
        end = self.at + lines.size.height
        shown = every[self.at : end]
        if shown and len(every) > end:
            shown[-1] = fit(beyond(0, len(every) - end + 1, self.style), lines.size.width, self.style("text"))
        lines.draw(shown)

    def _lines(self) -> list[Strip]:
        width, text = self.query_one("#list", Lines).size.width, self.style("text")
        many = [key for key in self.view.ways.keys if len(key.where) > 1]
        moving = [key for key in many if key.where == keys.MOVING]
        left = [*self._titled("Moving", moving), *self._titled("On several screens", [key for key in many if key not in moving])]
        left += self._of(keys.TOWN, keys.WALL, keys.QUEUES)
        right = [*self._of(keys.MONITOR, keys.PROBLEMS, keys.AGENT, keys.ANYWHERE, keys.PALETTE), *self._states()]
        if width < _WIDE:
            return [fit(runs, width, text) for runs in [*left, *right]]
        half = width // 2
        pairs = zip_longest(left, right, fillvalue=list[Run]())
        return [Strip.join([fit(one, half, text), fit(other, width - half, text)]) for one, other in pairs]

    def _of(self, *scopes: str) -> list[list[Run]]:
        """Returns the keys of each of these screens alone."""
        alone = {scope: [key for key in self.view.ways.keys if key.where == (scope,)] for scope in scopes}
        return [runs for scope, found in alone.items() for runs in self._titled(scope.capitalize(), found)]

    def _titled(self, title: str, found: Sequence[Key]) -> list[list[Run]]:
        style = self.style
        lines = [[(f"   {key.shown or '(palette)':11}", style("text bold")), (key.help, style("dim"))] for key in found]
        return [[(f" {title}", style("accent"))], *lines, []]

    def _states(self) -> list[list[Run]]:
        style = self.style
        lines: list[list[Run]] = [[(" States", style("accent"))]]
        for state, meaning in _MEANINGS.items():
            lines.append([(f"   {SHAPES[state]} {state:9}", style(STATE_TOKENS[state])), (meaning, style("dim"))])
        return [*lines, [(f"   {FOREIGN_SHAPE} {'foreign':9}no agent of this town: listed, never touched", style("dim"))]]


class PaletteScreen(ListPage):
    """Actions of the screen below, found by typing."""

    SCOPES: ClassVar[tuple[str, ...]] = (keys.LIST, keys.PALETTE)

    def __init__(self, view: View, below: Page) -> None:
        super().__init__(view)
        self._below = below
        self._query = ""

    def on_mount(self) -> None:
        self.ask(":", self._search, lambda: "Enter runs it · Esc goes back")

    def _search(self, query: str) -> None:
        self._query, self.at = query, 0

    def _found(self) -> list[Key]:
        """Returns what can be done on the screen below and matches: what holds the very words first, mere moving last."""
        usable = [key for key in self._below.table if self._below.has(key.needs)]
        found = [key for key in usable if fuzzy(self._query, f"{key.label} {key.help}")]
        return sorted(
            found, key=lambda key: (self._query.casefold() not in f"{key.label} {key.help}".casefold(), key.where == keys.MOVING)
        )

    def count(self) -> int:
        return max(1, len(self._found()))

    def paint(self, ages: Ages) -> None:
        lines = self.query_one("#list", Lines)
        width, style = lines.size.width, self.style
        top = max(0, self.at - lines.size.height + 3)
        drawn = [fit([(" Do what?", style("accent bold"))], width, style("text")), fit([], width, style("text"))]
        for index, key in enumerate(self._found()[top : top + lines.size.height - 2], top):
            drawn.append(self._line(key, width, chosen=index == self.at))
        lines.draw(drawn)

    def _line(self, key: Key, width: int, *, chosen: bool) -> Strip:
        style = self.console.ink(selected=chosen)
        runs = [
            ("▌" if chosen else " ", style("accent")),
            (f"  {key.label:{_LABEL}}", style("text")),
            (f"{key.shown:12}", style("accent")),
        ]
        return fit([*runs, (key.help, style("dim"))], width, style("text"))

    async def keep_typed(self) -> None:
        await self.action_choose()

    async def action_choose(self) -> None:
        found = self._found()
        self.dismiss()
        if found:
            await self.console.run_action(found[min(self.at, len(found) - 1)].action, self._below)
