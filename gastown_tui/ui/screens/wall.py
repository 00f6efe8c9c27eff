"""The Wall: the live panes of all agents side by side, as many as fit, page by page and in the order of the list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult

from gastown_tui.town.snapshot import CALLING, Agent
from gastown_tui.town.words import outlook, work

from .. import keys, roster
from ..ages import Ages
from ..tiling import Grid, grid
from ..view import ENDED, View
from ..widgets.choices import Choices
from ..widgets.footer import Footer
from ..widgets.header import Header
from ..widgets.lines import Lines, Run, clip, fit
from ..widgets.tile import Face, Tile
from .listing import Listing
from .page import nothing

# Pictures a second of the panes beside the marked one.
BESIDE = 1.0


class WallScreen(Listing):
    """A grid of tiles. Everybody has one who has a pane, or needs a person and has none."""

    SCOPES: ClassVar[tuple[str, ...]] = (keys.WALL,)

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self._agents: Sequence[Agent] = ()
        self._grid = Grid(1, 1)
        self._tiles: Sequence[Tile] = ()

    def compose(self) -> ComposeResult:
        yield Header("header")
        yield Lines("about")
        yield Lines("wall")
        yield Footer("footer")

    @property
    def agent(self) -> Agent | None:
        return self._agents[self._at] if self._at < len(self._agents) else None

    @property
    def marked(self) -> str:
        """Whose tile is marked, by id."""
        return self._chosen

    @property
    def listed(self) -> int:
        return len(self._agents)

    @property
    def on_page(self) -> Sequence[Agent]:
        """The agents on the page that is shown."""
        first = self._at - self._at % self._grid.size
        return self._agents[first : first + self._grid.size]

    @property
    def shown(self) -> Mapping[str, float]:
        return {one.pane_id: BESIDE for one in self.on_page if one.pane_id} | dict(self.closely(self.agent))

    def has(self, need: str) -> bool:
        return bool(self.agent and self.view.frame(self.agent)) if need == "pane" else super().has(need)

    def lay_out(self, width: int, height: int) -> None:
        self._keep_choice()
        super().lay_out(width, height)
        about = self.query_one("#about")
        self._grid = grid(len(self._agents), width, height - 2)
        about.display = (
            len(self._agents) > self._grid.size or bool(self.wish.query) or self.wish.only_problems or not self._agents
        )
        wall = self.query_one("#wall")
        wall.styles.grid_size_columns, wall.styles.grid_size_rows = self._grid
        new = [Tile(f"tile-{number}") for number in range(len(self._tiles), self._grid.size)]
        wall.mount(*new)
        self._tiles = [*self._tiles, *new]
        for number, tile in enumerate(self._tiles):
            tile.display = number < len(self.on_page)

    def _keep_choice(self) -> None:
        """Lists who is there, and keeps the choice where it still is, else takes whoever has its place now."""
        rows = roster.rows(self.town, self.wish, self.view.now) if self.town else ()
        self._agents = [row.agent for row in rows if row.agent and (row.agent.pane_id or row.agent.state in CALLING)]
        at = next((index for index, agent in enumerate(self._agents) if agent.id == self._chosen), self._at)
        self._at = max(0, min(at, len(self._agents) - 1))
        self._chosen = self.agent.id if self.agent else ""

    def paint(self, ages: Ages) -> None:
        self.query_one(Header).show(self.view, ages, self.style)
        about = self.query_one("#about", Lines)
        about.draw([fit(self._about(ages), about.size.width, self.style("text"))])
        for tile, agent in zip(self._tiles, self.on_page, strict=False):
            self._paint_tile(tile, agent, ages)

    def paint_pane(self, agent: Agent) -> None:
        for tile, one in zip(self._tiles, self.on_page, strict=False):
            if one.id == agent.id:
                self._paint_tile(tile, one, Ages(self.view.now))

    def _paint_tile(self, tile: Tile, agent: Agent, ages: Ages) -> None:
        frame = self.view.frame(agent)
        face = Face.of(
            agent,
            ages,
            self.console.inks,
            work=work(agent, self.town.beads if self.town else None),
            chosen=agent.id == self.marked,
            faded=bool(self.view.stale("tmux", "process")),
            past=self.is_past(agent),
            live=self.live or agent.state in ENDED or agent.pane_id is None,
            empty=outlook(agent, ages.now) or nothing(agent, looked_at=self.view.live),
        )
        tile.show(agent.id, face, frame.rows if frame else ())

    def _about(self, ages: Ages) -> list[Run]:
        """Returns which page this is, of whom, and what needs a person on the others."""
        style, size = self.style, self._grid.size
        if not self._agents:
            sought = self.wish.query or self.wish.only_problems or not (self.town and self.town.agents)
            return [(" nobody is listed" if sought else " nobody's pane is known", style("dim"))]
        first, shown = self._at - self._at % size, self.on_page
        told = f" {first + 1}–{first + len(shown)} of {len(self._agents)}"
        page = f" · page {first // size + 1} of {-(-len(self._agents) // size)}" if len(self._agents) > size else ""
        wish = " · only problems" if self.wish.only_problems else ""
        wish += f" · /{self.wish.query}" if self.wish.query else ""
        away = roster.problems([*self._agents[:first], *self._agents[first + size :]], ages.now)
        head = f"{told}{page}{wish}" + ("   on other pages " if away else "")
        # What calls on the other pages must not be what a small terminal cuts off.
        if cell_len(head) + len(away) >= self.size.width:
            head = f"{told}{wish}" + (" · others " if away else "")
        return [(head, style("dim")), (clip(away, self.size.width - cell_len(head)), style("attention"))]

    def choose(self, key: str) -> None:
        self._chosen = key
        self.redraw()

    def _move_to(self, index: int) -> None:
        if self._agents:
            self.choose(self._agents[max(0, min(len(self._agents) - 1, index))].id)

    def action_move(self, by: int) -> None:
        """Moves by rows of tiles, and stays where there is none in that column."""
        index = self._at + by * self._grid.columns
        if 0 <= index < len(self._agents):
            self._move_to(index)

    def action_across(self, by: int) -> None:
        self._move_to(self._at + by)

    @property
    def reach(self) -> int:
        return self._grid.rows

    def action_page(self, way: int) -> None:
        self._move_to(self._at + way * self._grid.size)

    def action_first(self) -> None:
        self._move_to(0)

    def action_last(self) -> None:
        self._move_to(len(self._agents) - 1)

    async def action_zoom(self) -> None:
        if self.agent:
            await self.console.inspect(self.agent.id, zoomed=True)

    def action_copy_pane(self) -> None:
        self.console.copy("\n".join(self._tiles[self._at % self._grid.size].texts))

    def action_back(self) -> None:
        if self.typing is not None or self.wish.query or self.wish.only_problems:
            super().action_back()
        else:
            self.dismiss()

    def on_choices_chosen(self, message: Choices.Chosen) -> None:
        self.choose(message.key)

    def on_choices_scrolled(self, message: Choices.Scrolled) -> None:
        self.action_move(message.by)
