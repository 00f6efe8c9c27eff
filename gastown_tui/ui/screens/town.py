"""The Town screen: who is there, who needs a person, and the live pane of the chosen agent under the line that says why."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.containers import Container

from gastown_tui.town.snapshot import Agent, Town
from gastown_tui.town.words import title, work

from .. import keys, roster
from ..ages import Ages
from ..roster import Row, Wish
from ..view import View
from ..widgets.choices import Choices
from ..widgets.footer import Footer
from ..widgets.header import Header
from ..widgets.pane import Pane
from ..widgets.rows import Rows, Scene
from ..widgets.strip import EventStrip, Rule
from ..widgets.title import Title
from .listing import Listing
from .page import END

WIDE, FULL, TALL = 100, 160, 40
# A pane as tmux makes it where nobody says more, with its margin and the rule before it; and what the list can fill.
PANE, MOST = 82, 144
_LETTERS = "asdfghjklqwertyuiopzxcvbnm"


def list_width(width: int) -> int:
    """Returns the columns of the list beside a pane: half of a middling screen, what 80 columns leave of a wide one."""
    return min(max(min(width * 13 // 25, 62), width - PANE), MOST)


def list_height(rows: int, height: int) -> int:
    """Returns the lines of the list above a pane, its column names among them: what it needs, but at most half."""
    return max(3, min(rows + 1, height // 2))


class TownScreen(Listing):
    """A list and a pane: side by side from 100 columns on, else one above the other."""

    SCOPES: ClassVar[tuple[str, ...]] = (keys.TOWN,)

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self._rows: dict[str, Row] = {}
        self._listed: tuple[Wish, int] | None = None
        self._listed_town: Town | None = None
        self._zoomed = self._in_pane = False
        self._labels: dict[str, str] | None = None
        self._letter = ""

    def compose(self) -> ComposeResult:
        yield Header("header")
        yield Rule("top")
        with Container(id="body"):
            yield Rows("rows")
            yield Rule("between")
            with Container(id="side"):
                yield Title("title")
                yield Pane("pane")
        yield Rule("bottom")
        yield EventStrip("events")
        yield Footer("footer")

    @property
    def row(self) -> Row | None:
        """The chosen row."""
        return self._rows.get(self._chosen)

    @property
    def agent(self) -> Agent | None:
        return self.row.agent if self.row else None

    @property
    def shown(self) -> Mapping[str, float]:
        return self.closely(self._in_sight)

    @property
    def _in_sight(self) -> Agent | None:
        """The agent whose pane is on screen."""
        visible = self.query_one(Pane).display and self.query_one("#side").display
        return self.agent if visible else None

    def has(self, need: str) -> bool:
        match need:
            case "row":
                return self.row is not None
            case "pane":
                return bool(self._in_sight and self.view.frame(self._in_sight))
        return super().has(need)

    @property
    def listed(self) -> int:
        return sum(row.agent is not None for row in self._rows.values())

    def paint(self, ages: Ages) -> None:
        self._keep_choice()
        style = self.style
        joint = self.query_one(Rows).size.width if self.has_class("-wide") and not self._zoomed else None
        self.query_one(Header).show(self.view, ages, style)
        self.query_one("#top", Rule).across(style, joint, "┬")
        self.query_one("#bottom", Rule).across(style, joint, "┴")
        self.query_one("#between", Rule).down(style)
        self.query_one(EventStrip).show(self.view.events, style)
        self._paint_choice(ages)

    def _paint_choice(self, ages: Ages) -> None:
        """Fills what depends on the chosen row."""
        self.query_one(Rows).show(self._scene(), ages)
        if self.query_one("#side").display:
            held = work(self.agent, self.town.beads) if self.agent and self.town else ()
            stale = bool(self.view.stale("tmux", "process"))
            self.query_one(Title).show(self.row, ages, self.style, live=self.live, stale=stale, work=held)
            self._paint_pane()

    def paint_pane(self, agent: Agent) -> None:
        self._paint_pane()

    def _paint_pane(self) -> None:
        self.show_live(self.query_one(Pane), self.agent)

    def _scene(self) -> Scene:
        extra = [f"by {self.wish.sort}"] if self.wish.sort != "place" else []
        extra += ["problems"] if self.wish.only_problems else []
        extra += [f"/{self.wish.query}"] if self.wish.query else []
        return Scene(
            rows=tuple(self._rows.values()),
            chosen=self._chosen,
            theme=self.console.inks,
            heading=" · ".join(["agent", *extra]),
            labels=self._labels,
            history=self.view.eye.history,
            beads=self.town.beads if self.town else None,
            restarts=self.town.monitor.restarts if self.town and self.town.monitor else None,
            full=self.size.width >= FULL,
            stale=bool(self.view.stale("tmux", "process")),
            longest=max((cell_len(self._called(agent)) for agent in self.town.agents), default=0) if self.town else 0,
        )

    def _called(self, agent: Agent) -> str:
        """Returns an agent's name as the list has it: only under the heading of its rig it may go without that."""
        return title(agent) if self.wish.sort == "place" else agent.id

    def _keep_choice(self) -> None:
        """Keeps the choice where it is still listed, else takes the nearest row that can be chosen."""
        choices = [(index, row.key) for index, row in enumerate(self._rows.values()) if row.selectable]
        kept = next((choice for choice in choices if choice[1] == self._chosen), None)
        self._at, self._chosen = kept or min(choices, key=lambda choice: abs(choice[0] - self._at), default=(0, ""))

    def classes_at(self, width: int, height: int) -> Mapping[str, bool]:
        sizes = {"-wide": width >= WIDE, "-tall": height >= TALL, "-low": height < 16, "-tiny": height < 10}
        return {"-zoomed": self._zoomed, **sizes}

    def lay_out(self, width: int, height: int) -> None:
        # Who needs a person may change with the second; for a key in between the list is the same.
        listed = (self.wish, int(self.view.now))
        if self.town is not None and (self._listed != listed or self._listed_town is not self.town):
            self._rows = {row.key: row for row in roster.rows(self.town, self.wish, self.view.now)}
            self._listed, self._listed_town = listed, self.town
        super().lay_out(width, height)
        wide = width >= WIDE
        rows = self.query_one("#rows")
        rows.styles.width = list_width(width) if wide else "100%"
        rows.styles.height = "100%" if wide or height < 10 else list_height(len(self._rows), height - 5)

    def choose(self, key: str) -> None:
        if key != self._chosen:
            self._chosen = key
            self.query_one(Pane).up = 0
        listed = self._listed is not None and self._listed[0] is self.wish and self._listed_town is self.town
        if listed and key in self._rows:
            self._at = list(self._rows).index(key)
            self.repaint(self._paint_choice)
        else:
            self.redraw()

    def _step(self, by: int) -> None:
        """Moves the choice by rows that can be chosen, and stops at the ends."""
        keys_ = [row.key for row in self._rows.values() if row.selectable]
        if keys_:
            at = keys_.index(self._chosen) if self._chosen in keys_ else 0
            self.choose(keys_[max(0, min(len(keys_) - 1, at + by))])

    def _scroll(self, by: int) -> None:
        pane = self.query_one(Pane)
        pane.up = max(0, min(pane.furthest, pane.up - by))
        self._paint_pane()

    def action_move(self, by: int) -> None:
        (self._scroll if self._in_pane or self._zoomed else self._step)(by)

    @property
    def reach(self) -> int:
        return self.query_one(Pane).size.height if self._in_pane or self._zoomed else self.query_one(Rows).page

    def action_fold(self) -> None:
        if self.row and self.row.group and not self.row.folded and self.wish.sort == "place":
            self.wish = self.wish._replace(folded=self.wish.folded | {self.row.group})
            self._refold(f"group:{self.row.group}")

    def action_unfold(self) -> None:
        if self.row and self.row.folded:
            group = self.row.group
            self.wish = self.wish._replace(folded=self.wish.folded - {group})
            self._refold(
                next((agent.id for agent in self.town.agents if roster.group_of(agent) == group), "") if self.town else ""
            )

    def _refold(self, chosen: str) -> None:
        self._chosen = chosen
        self.redraw()

    def action_sort(self) -> None:
        after = roster.SORTS[(roster.SORTS.index(self.wish.sort) + 1) % len(roster.SORTS)]
        self.wish = self.wish._replace(sort=after)
        self.say(f"ordered by {after}")
        self.redraw()

    def action_jump(self) -> None:
        """Writes two letters beside every visible name; the next two keys go there."""
        pairs = ("".join(pair) for pair in product(_LETTERS, repeat=2))
        visible = [row.key for row in self.query_one(Rows).on_screen if row.selectable]
        self._labels = dict(zip(visible, pairs, strict=False))
        self._letter = ""
        self.say("type the two letters beside a name · Esc ends it")
        self.redraw()

    def takes(self, event: events.Key) -> bool:
        if self._labels is None:
            return super().takes(event)
        if not event.is_printable:
            self._labels = None
            self.redraw()
            return event.key == "escape"
        self._letter += event.character or ""
        if len(self._letter) == 2:
            found = next((key for key, label in self._labels.items() if label == self._letter), self._chosen)
            self._labels = None
            self.choose(found)
        return True

    def action_zoom(self) -> None:
        self._zoomed = not self._zoomed
        self.redraw()

    def action_other_side(self) -> None:
        self._in_pane = not self._in_pane
        self.say("j and k move in the pane" if self._in_pane else "j and k move in the list")

    def action_copy_id(self) -> None:
        if self.row:
            self.console.copy(self.row.agent.id if self.row.agent else self.row.name)

    def action_copy_pane(self) -> None:
        self.console.copy("\n".join(self.query_one(Pane).texts))

    def action_back(self) -> None:
        """Undoes one thing: a filter, the zoom, the pane's scrolling, the restriction to problems."""
        if self.typing is None and not self.wish.query and self._zoomed:
            self.action_zoom()
        elif self.typing is None and not self.wish.query and (self._in_pane or self.query_one(Pane).up):
            self._in_pane = False
            self._scroll(END)
        else:
            super().action_back()

    def on_choices_chosen(self, message: Choices.Chosen) -> None:
        self.choose(message.key)

    def on_choices_scrolled(self, message: Choices.Scrolled) -> None:
        self._step(message.by)

    def on_pane_scrolled(self, message: Pane.Scrolled) -> None:
        self._scroll(message.by)
