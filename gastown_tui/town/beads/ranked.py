"""Beads in bd's order, kept in order as they come and go."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter

from .bead import Bead, stamp

Rank = tuple[int, float, str]
Placed = tuple[Rank, Bead]
_UNTOLD = 1 << 30
_PRIORITY, _CREATED, _ID = map(itemgetter, range(3))


def rank(bead: Bead) -> Rank:
    """Returns the place of `bd ready` and `bd blocked`: the most urgent first, then the newest, then by id.

    A bead without a priority stands behind all others.
    """
    return (_UNTOLD if bead.priority is None else bead.priority, -(stamp(bead.created_at) or 0.0), bead.id)


def in_order(beads: Mapping[str, Bead]) -> list[Placed]:
    places = [rank(bead) for bead in beads.values()]
    # The least first: three sorts by plain values take a quarter of what one by tuples does.
    for part in (_ID, _CREATED, _PRIORITY):
        places.sort(key=part)
    return [(place, beads[place[2]]) for place in places]


class Ranked:
    """A set of beads in order: one more or less costs no sorting."""

    def __init__(self) -> None:
        self._places: dict[str, Rank] = {}
        self._order: list[Rank] = []
        self._beads: list[Bead] = []

    def __iter__(self) -> Iterator[str]:
        return map(_ID, self._order)

    def __len__(self) -> int:
        return len(self._order)

    def __contains__(self, bead_id: str) -> bool:
        return bead_id in self._places

    @property
    def beads(self) -> tuple[Bead, ...]:
        return tuple(self._beads)

    def fill(self, ranked: Sequence[Placed]) -> None:
        """Replaces everything, by what is in order already."""
        self._order = [place for place, _ in ranked]
        self._beads = [bead for _, bead in ranked]
        self._places = {place[2]: place for place in self._order}

    def put(self, bead: Bead, place: Rank) -> None:
        """Takes a bead in, at its rank, for what was known of it before."""
        self.drop(bead.id)
        at = bisect_left(self._order, place)
        self._order.insert(at, place)
        self._beads.insert(at, bead)
        self._places[bead.id] = place

    def drop(self, bead_id: str) -> None:
        if (place := self._places.pop(bead_id, None)) is not None:
            at = bisect_left(self._order, place)
            del self._order[at], self._beads[at]
