"""Who looks and who has been away: what is kept when somebody looks away, and given back to who returns."""

from __future__ import annotations

from collections.abc import Callable

from gastown_tui.observe.ports import LastLook
from gastown_tui.town.looked import AWAY_S, Sight, sight
from gastown_tui.town.snapshot import Town


class Absence:
    """Remembers the last sight of a town, within this run and, with `past` (root -> what is kept of it), across runs.

    A made-up town has no past: the next one at its place is another.
    """

    def __init__(self, past: Callable[[str], LastLook] | None) -> None:
        self._past = past
        self._root: str | None = None
        self._left: Sight | None = None

    def meets(self, town: Town) -> bool:
        """Returns whether this town is seen for the first time, and something may be kept of it."""
        new, self._root = town.ref.root != self._root, town.ref.root
        return new and self._past is not None and not town.ref.demo

    def recall(self, town: Town, now: float) -> Sight | None:
        """Returns how the town was when an earlier run last saw it, unless that was just now. Uses the disk."""
        return _long_ago(self._past(town.ref.root).recall() if self._past else None, now)

    def leave(self, town: Town, now: float) -> None:
        """Notes that from now on nobody looks. Uses the disk."""
        self._left = sight(town, now)
        if self._past is not None and not town.ref.demo:
            self._past(town.ref.root).keep(self._left)

    def back(self, now: float) -> Sight | None:
        """Returns how the town was when somebody looked away who is back, unless that was just now."""
        left, self._left = self._left, None
        return _long_ago(left, now)


def _long_ago(seen: Sight | None, now: float) -> Sight | None:
    return seen if seen is not None and now - seen.at >= AWAY_S else None
