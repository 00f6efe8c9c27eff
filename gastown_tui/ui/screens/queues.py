"""The Queues screen: what waits, who works on what, what is stuck, in every database of beads of the town."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.app import ComposeResult

from gastown_tui.town.beads.bead import Bead
from gastown_tui.town.beads.joins import Roll
from gastown_tui.town.beads.queues import Beads
from gastown_tui.town.snapshot import Agent, Origin
from gastown_tui.town.text import mask, safe

from .. import keys
from ..ages import Ages
from ..later import Later, later
from ..shelves import NAMES, Plan, Row, Shelf, Sift, bead_of, shelves
from ..view import View
from ..widgets.choices import Choices
from ..widgets.footer import Footer
from ..widgets.header import Header
from ..widgets.lines import Lines, Run, clip, fit, width_of
from ..widgets.queues import BeadList, Columns, Scene, abridged, count, named, remark_of
from .page import Page

SLICE = 2000
"""How many beads are looked at in one go, in a few milliseconds; then keys have their turn."""
_AGAIN_S = 0.002


class QueuesScreen(Page):
    """One list over all databases; the choice stays at its bead wherever that moves."""

    SCOPES: ClassVar[tuple[str, ...]] = (keys.QUEUES,)

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self._version: int | None = None
        self._beads = Beads()
        self._origins: Sequence[Origin] = ()
        self._sift = self._shown = Sift(())
        self._plan = Plan((), ())
        self._next: tuple[Beads, Sequence[Origin]] = (self._beads, ())
        self._folded: frozenset[tuple[str, str]] = frozenset()
        self._at = 0
        self._sifting: Later | None = None
        self._roll: tuple[object, Roll] = (None, Roll(()))

    def compose(self) -> ComposeResult:
        yield Header("header")
        yield Lines("about")
        yield BeadList("beads")
        yield Footer("footer")

    @property
    def row(self) -> Row | None:
        """The chosen row."""
        return self._plan.row(self._plan.number(self._at)) if self._plan.choices else None

    @property
    def bead(self) -> Bead | None:
        """The chosen bead."""
        return bead_of(self.row.item) if self.row and self.row.item else None

    @property
    def agent(self) -> Agent | None:
        """Who has the chosen bead."""
        return self.roll.find(self.bead.assignee) if self.bead and self.bead.assignee else None

    @property
    def roll(self) -> Roll:
        if self._roll[0] is not self.town:
            self._roll = self.town, Roll(self.town.agents if self.town else ())
        return self._roll[1]

    @property
    def is_whole(self) -> bool:
        """Whether all beads were looked at."""
        return self._sift.whole

    def has(self, need: str) -> bool:
        match need:
            case "bead" | "id":
                return self.bead is not None
            case "row":
                return self.row is not None
            case "folded":
                return self.row is not None and self.row.item is None
        return super().has(need)

    def paint(self, ages: Ages) -> None:
        self._take()
        self.query_one(Header).show(self.view, ages, self.style)
        self._paint_beads(ages)

    def paint_beads(self) -> None:
        self._take()
        self.repaint(self._paint_beads)

    def _take(self) -> None:
        """Takes what the book holds now, unless the picture is held still, or beads are still being looked at: else a town whose
        beads change faster than they are looked at would never be seen.
        """
        book, held = self.view.eye.beads, self.view.held_since is not None
        if self._version == book.version or self._sifting is not None or (held and self._version is not None):
            return
        self._version, self._next = book.version, (book.beads, tuple(book.origins))
        self._begin(Sift(shelves(book.beads), self._sift.query))

    def _begin(self, sift: Sift) -> None:
        self._sift = sift
        if self._sifting is not None:
            self._sifting.cancel()
        self._go_on()

    def _go_on(self) -> None:
        """Looks at the next slice; what was found before is shown until all that came in its place was looked at."""
        self._sifting = None
        whole = self._sift.take(SLICE)
        if whole or self._shown.query != self._sift.query:
            self._show(self._sift)
        if not whole:
            self._sifting = later(self, _AGAIN_S, self._look_on)

    def _look_on(self) -> None:
        self._go_on()
        self.paint_beads()

    def _show(self, sift: Sift) -> None:
        """Lists what a sift has found, with the choice at the same bead, else at the same place."""
        bead, database = self.bead, self._database(self.row)
        self._shown, (self._beads, self._origins) = sift, self._next
        self._lay_rows()
        if bead is not None and (self.bead is None or self.bead.id != bead.id or self._database(self.row) != database):
            sections = (at for at, queues in enumerate(self._beads.queues) if queues.name == database)
            found = next((self._plan.find(section, bead.id) for section in sections), None)
            self._at = self._at if found is None else found

    def _database(self, row: Row | None) -> str:
        return self._beads.queues[row.section].name if row else ""

    def _lay_rows(self) -> None:
        shown, filtered = self._shown.shown, bool(self._sift.query.split())
        kept = {shelf.section for shelf in shown if shelf.items} if filtered else range(len(self._origins))
        remarked = [] if filtered else [at for at, origin in enumerate(self._origins) if remark_of(origin)]
        folded = {(at, name) for at, queues in enumerate(self._beads.queues) for of, name in self._folded if of == queues.name}
        self._plan = Plan(sorted(kept), shown, remarked, folded)
        self._at = max(0, min(self._at, self._plan.choices - 1))

    def _paint_beads(self, ages: Ages) -> None:
        about, style = self.query_one("#about", Lines), self.style
        told, width = self._about(about.size.width), about.size.width
        names = Columns.of(width).names
        told += [(names.rjust(width - width_of(told)), style("faint"))] if width_of(told) + len(names.strip()) < width else []
        about.draw([fit(told, width, style("text"))])
        chosen = self._plan.number(self._at) if self._plan.choices else -1
        blind = bool(self.view.stale("tmux", "process"))
        scene = Scene(self._plan, self._beads.queues, self._origins, self.roll, chosen, self.console.inks, blind)
        self.query_one(BeadList).show(scene, ages)

    def _about(self, width: int) -> list[Run]:
        """Returns how many beads of the whole town wait where, or pass the filter, in at most `width` columns."""
        style, sift = self.style, self._shown
        if not self._beads.queues:
            return [(" no database of beads is known", style("dim"))]
        if sift.query.split():
            passing = sum(len(shelf.items or ()) for shelf in sift.shown)
            every = sum(len(shelf.items or ()) for shelf in sift.every)
            so_far = "" if sift.whole else " so far"
            counted = f" · {passing:,} of {every:,}{so_far}"
            return [(clip(f" /{mask(safe(sift.query))}", width - len(counted)), style("accent")), (counted, style("dim"))]
        told = "".join(abridged(tuple(_totals(sift.every)), width + 1)).removeprefix(" ·")
        return [(clip(told or " nothing waits", width), style("dim"))]

    def _choose(self, choice: int) -> None:
        self._at = max(0, min(self._plan.choices - 1, choice))
        self.repaint(self._paint_beads)

    def action_move(self, by: int) -> None:
        self._choose(self._at + by)

    @property
    def reach(self) -> int:
        return self.query_one(BeadList).page

    def action_next_queue(self) -> None:
        self._choose(self._plan.next_queue(self._at))

    def _fold(self, *, folded: bool) -> None:
        row = self.row
        if row is None or row.shelf is None or (row.item is None) is folded:
            return
        place = {(self._database(row), row.shelf.name)}
        first = self._at if row.item is None else self._plan.first(self._at)
        self._folded = self._folded | place if folded else self._folded - place
        self._lay_rows()
        self._choose(first)

    def action_fold(self) -> None:
        self._fold(folded=True)

    def action_unfold(self) -> None:
        self._fold(folded=False)

    async def action_open(self) -> None:
        if self.bead:
            await self.console.open_bead(self.bead.id)

    def action_copy_id(self) -> None:
        if self.bead:
            self.console.copy(self.bead.id)

    def action_find(self) -> None:
        self.ask("/", self._filter, lambda: "words in id, title, agent, type, status, queue · Esc clears", self._sift.query)

    def _filter(self, query: str) -> None:
        self._begin(self._sift.narrowed(query))

    def action_back(self) -> None:
        """Undoes one thing: typing and its filter; then leaves."""
        if self.typing is not None or self._sift.query:
            self._filter("")
            self.stop_typing()
        else:
            self.dismiss()

    def on_choices_chosen(self, message: Choices.Chosen) -> None:
        choice = self._plan.choice(int(message.key)) if int(message.key) < self._plan.count else None
        if choice is not None:
            self._choose(choice)

    def on_choices_scrolled(self, message: Choices.Scrolled) -> None:
        self.action_move(message.by)


def _totals(every: Sequence[Shelf]) -> Iterator[str]:
    for name in NAMES:
        queues = [shelf.items for shelf in every if shelf.name == name]
        known = [items for items in queues if items is not None]
        total, more = sum(map(len, known)), len(known) < len(queues)
        if total and not more:
            yield count(total, name)
        elif more:
            # What nobody sees may be any number.
            yield f"{f'{total:,}+' if total else ''}? {named(name)}"
