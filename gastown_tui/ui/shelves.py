"""What the Queues screen lists: every queue of every database, and which of their beads pass a filter. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from gastown_tui.town.beads.bead import Bead
from gastown_tui.town.beads.queues import Beads, Convoy, Escalation, Merge, Queues

from .roster import in_order

Item = Bead | Merge | Escalation | Convoy
NAMES = ("convoys", "escalated", "active", "blocked", "merge", "ready", "aside")
"""The queues in the order of the list: what calls and what is worked on before what waits, which may be long."""


class Shelf(NamedTuple):
    """One queue of one database, the `section`-th; `items` is None where nobody knows what is in it."""

    section: int
    name: str
    items: Sequence[Item] | None


def shelves(beads: Beads) -> tuple[Shelf, ...]:
    """Returns every queue, by database; the convoys stand with the town's own."""
    return tuple(Shelf(number, *one) for number, queues in enumerate(beads.queues) for one in _of(queues, beads))


def _of(queues: Queues, beads: Beads) -> Iterator[tuple[str, Sequence[Item] | None]]:
    if queues.rig is None:
        yield NAMES[0], beads.convoys
    told = (queues.escalations, queues.active, queues.blocked, queues.merges, queues.ready, queues.aside)
    yield from zip(NAMES[1:], told, strict=True)


def bead_of(item: Item) -> Bead:
    return item if isinstance(item, Bead) else item.bead


def test(query: str) -> Callable[[Item, str], bool]:
    """Returns what a bead of a queue must pass, for each word: it stands in it, or its letters do, in order.

    In its id and its agent they may begin anywhere, else where a word begins, and go no further than that: in a whole title
    most letters stand somewhere.
    """
    words = [(word, _word_like(word)) for word in query.casefold().split()]

    def passes(item: Item, queue: str) -> bool:
        bead = bead_of(item)
        told = f"{bead.id} {bead.assignee} {queue} {bead.status} {bead.type} p{bead.priority} {bead.title}".casefold()
        return all(
            word in told or like.search(told) or in_order(word, bead.id.casefold()) or in_order(word, bead.assignee.casefold())
            for word, like in words
        )

    return passes


def _word_like(letters: str) -> re.Pattern[str]:
    """Returns what finds a word that begins with the first of these letters and has the others in order."""
    first, *others = map(re.escape, letters)
    return re.compile(rf"\b{first}" + "".join(rf"[^\W{letter}]*{letter}" for letter in others))


class Sift:
    """The beads that pass a query, looked for a slice at a time. What it looks through never changes."""

    def __init__(self, every: Sequence[Shelf], query: str = "") -> None:
        self.query = query
        self.every = every
        self.whole = not query.split()
        self.examined = 0
        self._found: list[list[Item]] = [[] for _ in every]
        self._passes = test(query)
        self._ahead = _all(every)

    @property
    def shown(self) -> Sequence[Shelf]:
        """The queues with what passes, as far as it was looked at."""
        if not self.query.split():
            return self.every
        pairs = zip(self.every, self._found, strict=True)
        return [shelf if shelf.items is None else shelf._replace(items=found) for shelf, found in pairs]

    def narrowed(self, query: str) -> Sift:
        """Returns the sift of another query; of one that only adds to this one, over what has passed this one."""
        wider = self.whole and bool(self.query) and query.startswith(self.query)
        narrow = Sift(self.every, query)
        if wider:
            narrow._ahead = _all([*self.shown])
        return narrow

    def take(self, most: int) -> bool:
        """Looks at up to `most` more beads, and returns whether that was all."""
        if not self.whole:
            before = self.examined
            for at, name, item in islice(self._ahead, most):
                self.examined += 1
                if self._passes(item, name):
                    self._found[at].append(item)
            self.whole = self.examined - before < most
        return self.whole


def _all(every: Sequence[Shelf]) -> Iterator[tuple[int, str, Item]]:
    return ((at, shelf.name, item) for at, shelf in enumerate(every) for item in shelf.items or ())


class Row(NamedTuple):
    """One row of the list, in a section: its heading or, below that, what is wrong with it (both without a shelf), a bead, or a
    whole queue that is folded (without an item). `first`: the first one of its queue.
    """

    section: int
    shelf: Shelf | None = None
    item: Item | None = None
    first: bool = True
    remark: bool = False


class _Piece(NamedTuple):
    """Rows that stand together, from row `start` on, behind `before` rows that can be chosen."""

    start: int
    before: int
    row: Row
    size: int


class Plan:
    """All rows of the list, of which each is made when it is asked for: `choices` of them can be chosen.

    Each of `remarked` sections has a row for its remark; of a queue whose (section, name) is in `folded` there is one row.
    """

    def __init__(
        self,
        sections: Iterable[int],
        shown: Sequence[Shelf],
        remarked: Collection[int] = (),
        folded: Collection[tuple[int, str]] = (),
    ) -> None:
        self.shown = shown
        self.count = self.choices = 0
        self._pieces: list[_Piece] = []
        for section in sections:
            self._add(Row(section), 1)
            if section in remarked:
                self._add(Row(section, remark=True), 1)
            for shelf in shown:
                if shelf.section == section and shelf.items:
                    self._add(Row(section, shelf), 1 if (section, shelf.name) in folded else len(shelf.items))
        self._starts = [piece.start for piece in self._pieces]
        self._queues = [piece for piece in self._pieces if piece.row.shelf]
        self._befores = [piece.before for piece in self._queues]
        self._folded = folded

    def _add(self, row: Row, count: int) -> None:
        self._pieces.append(_Piece(self.count, self.choices, row, count))
        self.count += count
        self.choices += count if row.shelf else 0

    def row(self, number: int) -> Row:
        """Returns the row with that number, below `count`."""
        piece = self._pieces[bisect_right(self._starts, number) - 1]
        shelf, at = piece.row.shelf, number - piece.start
        if shelf is None or not shelf.items or (shelf.section, shelf.name) in self._folded:
            return piece.row
        return piece.row._replace(item=shelf.items[at], first=at == 0)

    def number(self, choice: int) -> int:
        """Returns the number of the row that is the `choice`-th of those that can be chosen."""
        piece = self._queues[bisect_right(self._befores, choice) - 1]
        return piece.start + choice - piece.before

    def choice(self, number: int) -> int | None:
        """Returns which choice the row with that number is; None for one that cannot be chosen."""
        piece = self._pieces[bisect_right(self._starts, number) - 1]
        return piece.before + number - piece.start if piece.row.shelf else None

    def around(self, number: int) -> tuple[int, int]:
        """Returns the first and the last row of those that are seen with one that can be chosen: the headings and remarks right
        above it, to which nothing else leads, and those below the last one.
        """
        if not self.choices:
            return 0, 0
        at = top = bisect_right(self._starts, number) - 1
        while number == self._pieces[at].start and top and not self._pieces[top - 1].row.shelf:
            top -= 1
        last = self._queues[-1].start + self._queues[-1].size - 1
        return number if top == at else self._starts[top], self.count - 1 if number == last else number

    def first(self, choice: int) -> int:
        """Returns the first choice of the queue that `choice` is in."""
        return self._befores[bisect_right(self._befores, choice) - 1]

    def next_queue(self, choice: int) -> int:
        """Returns the first choice of the queue after that of `choice`, around the end."""
        after = bisect_right(self._befores, choice)
        return self._befores[after % len(self._befores)] if self._befores else 0

    def find(self, section: int, bead_id: str) -> int | None:
        """Returns the choice that is a bead of a section, or the queue that it is folded in."""
        for piece in self._queues:
            if piece.row.section == section:
                ids = (bead_of(item).id for item in (piece.row.shelf.items if piece.row.shelf else None) or ())
                at = next((at for at, one in enumerate(ids) if one == bead_id), None)
                if at is not None:
                    return piece.before + min(at, piece.size - 1)
        return None
