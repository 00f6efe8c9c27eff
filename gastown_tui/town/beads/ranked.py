"""Beads in bd's order, kept in order as they come and go."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from operator import itemgetter

from .bead import Bead

Rank = tuple[int, float, str]
_UNTOLD = 1 << 30
_ID = itemgetter(2)


def rank(bead: Bead) -> Rank:
    """Returns the place of `bd ready` and `bd blocked`: the most urgent first, then the newest, then by id.

    A bead without a priority stands behind all others.
    """
    return (_UNTOLD if bead.priority is None else bead.priority, -(bead.created or 0.0), bead.id)


class Ranked:
    """A set of beads in order: one more or less costs no sorting."""

    def __init__(self) -> None:
        self._places: dict[str, Rank] = {}
        self._order: list[Rank] = []

    def __iter__(self) -> Iterator[str]:
        return map(_ID, self._order)

    def __len__(self) -> int:
        return len(self._order)

    def __contains__(self, bead_id: str) -> bool:
        return bead_id in self._places

    def place(self, bead_id: str) -> Rank | None:
        return self._places.get(bead_id)

    def fill(self, places: Iterable[Rank]) -> None:
        """Replaces everything."""
        self._order = sorted(places)
        self._places = {place[-1]: place for place in self._order}

    def put(self, bead_id: str, place: Rank | None) -> None:
        """Sets a bead's place; None takes it out."""
        old = self._places.pop(bead_id, None)
        if place is not None:
            self._places[bead_id] = place
        if place != old:
            if old is not None:
                del self._order[bisect_left(self._order, old)]
            if place is not None:
                insort(self._order, place)
