"""The console's screens as the kiosk shows them: below large figures, choosing nobody, and turning their own pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container

from ..ages import Ages
from ..view import View
from ..widgets.band import Band, Clock, Measure, Plate
from ..widgets.footer import Footer
from ..widgets.header import Header
from ..widgets.lines import Lines, Run, fit
from ..widgets.problems import Block, Problems
from ..widgets.ribbon import Ribbon
from ..widgets.rows import Rows, Scene
from ..widgets.strip import Rule
from .monitor import MonitorScreen
from .nowhere import NowhereScreen
from .page import Page
from .problems import ProblemsScreen
from .town import TownScreen
from .wall import BESIDE, WallScreen

if TYPE_CHECKING:
    Shown = Page
else:
    # The layout of a screen is looked up by its class, and by the first of its bases that is one of Textual's.
    Shown = object


class Exhibit(Shown):
    """A screen under glass: the band instead of the header, the plate instead of the footer; no key ever reaches it."""

    def __init__(self, view: View, plate: Callable[[], Plate]) -> None:
        super().__init__(view)
        self.add_class("glass")
        self._plate = plate
        self._measure = Measure(1, 0, 0)

    def compose(self) -> ComposeResult:
        for widget in super().compose():
            yield Band("header") if isinstance(widget, Header) else Lines("plate") if isinstance(widget, Footer) else widget
        yield Clock("clock")

    def enter(self) -> None:
        """Begins with the first page."""

    def advance(self) -> bool:
        """Turns to the next page of this screen, and returns whether there was one."""
        return False

    def beat(self) -> None:
        """Shows the second, as a sign of life."""
        self.query_one(Clock).show(self.view.now, self._measure.clock, self.style)

    def lay_out(self, width: int, height: int) -> None:
        self._measure = Measure.of(self.view, width, height)
        rows = self._measure.rows
        # To a screen of the console it is as if its terminal were lower by what the band has more than a header.
        super().lay_out(width, max(1, height - rows + 1))
        self.query_one(Header).styles.height = rows
        self.query_one(Clock).put(width, self._measure)

    def paint(self, ages: Ages) -> None:
        super().paint(ages)
        plate = self.query_one("#plate", Lines)
        plate.draw([fit(self._plate().runs(self.style, plate.size.width), plate.size.width, self.style("text"))])
        self.beat()


class WallExhibit(Exhibit, WallScreen):
    """The Wall, page by page; no tile is marked, and none is read more often than the others."""

    @property
    def marked(self) -> str:
        return ""

    @property
    def shown(self) -> Mapping[str, float]:
        return {one.pane_id: BESIDE for one in self.on_page if one.pane_id}

    def enter(self) -> None:
        self._chosen, self._at = "", 0

    def advance(self) -> bool:
        after = self._at - self._at % self._grid.size + self._grid.size
        if after < len(self._agents):
            self.choose(self._agents[after].id)
        return after < len(self._agents)


class TownExhibit(Exhibit, TownScreen):
    """The list alone, page by page."""

    def __init__(self, view: View, plate: Callable[[], Plate]) -> None:
        super().__init__(view, plate)
        self._first = 0

    def enter(self) -> None:
        self._first = 0

    def lay_out(self, width: int, height: int) -> None:
        super().lay_out(width, height)
        rows = self.query_one(Rows)
        rows.styles.width = rows.styles.height = "100%"
        self.query_one("#side", Container).display = self.query_one("#between", Rule).display = False

    def _scene(self) -> Scene:
        scene = super()._scene()
        self._first = self._first if self._first < len(scene.rows) else 0
        return scene._replace(rows=scene.rows[self._first : self._first + self._room], chosen="")

    @property
    def _room(self) -> int:
        return max(1, self.query_one(Rows).size.height - 1)

    def advance(self) -> bool:
        more = self._first + self._room < len(self._rows)
        if more:
            self._first += self._room
            self.redraw()
        return more


class ProblemsExhibit(Exhibit, ProblemsScreen):
    """What needs a person, page by page, without the keys that nobody can press here."""

    def __init__(self, view: View, plate: Callable[[], Plate]) -> None:
        super().__init__(view, plate)
        self._first = self._after = self._count = 0

    def enter(self) -> None:
        self._first = 0

    def _hint_of(self, action: str) -> list[Run]:
        return []

    def _keep_choice(self) -> None:
        """Chooses nobody."""

    def _blocks(self, ages: Ages, width: int) -> Iterator[Block]:
        """Yields the blocks of this page: those that fit whole, no heading without what it heads, and always one."""
        blocks, room = list(super()._blocks(ages, width)), self.query_one(Problems).size.height
        self._first = self._first if self._first < len(blocks) else 0
        self._after, self._count = self._first, len(blocks)
        while self._after < self._count and (room := room - len(blocks[self._after].lines)) >= 0:
            self._after += 1
        while self._first < self._after < self._count and not blocks[self._after - 1].key:
            self._after -= 1
        self._after = max(self._after, self._first + 1)
        yield from blocks[self._first : self._after]

    def advance(self) -> bool:
        more = self._after < self._count
        if more:
            self._first = self._after
            self.redraw()
        return more


class MonitorExhibit(Exhibit, MonitorScreen):
    """The Monitor as it is; where there is no room for the ribbon beside the log, that is its next page."""

    def enter(self) -> None:
        self._in_ribbon = False

    def advance(self) -> bool:
        more = not self.query_one(Ribbon).display
        if more:
            self.action_other_side()
        return more


class NowhereExhibit(Exhibit, NowhereScreen):
    """What was tried, while there is no town."""
