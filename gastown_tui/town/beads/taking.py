"""What a source tells of a whole database, taken line by line beside what is known: most of it is known, or history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from . import reading
from .bead import Bead
from .reading import Glance, Ways


class Taken:
    """`told`: the JSON of every bead by its id, the last where an id stands twice; the very bytes that are known, where it is the
    same. `other`: the ids of what is new or not the same, `read`: that without what is closed. `skipped`: why a line is no bead,
    or does not count.
    """

    def __init__(self, known: Mapping[str, bytes], ways: Ways = reading) -> None:
        self._known = known
        self._ways = ways
        self.told: dict[str, bytes] = {}
        self.other: list[str] = []
        self.read: dict[str, Bead] = {}
        self.skipped: dict[bytes, str] = {}

    def take(self, raws: Iterable[bytes]) -> None:
        known, told, glance = self._known, self.told, self._ways.glance
        for raw in raws:
            one: Glance | None
            try:
                one = glance(raw)
            except (ValueError, RecursionError):
                one = self._read(raw)
            if one is None:
                continue
            key = one.id
            old = known.get(key)
            if old == raw:
                raw = old
            elif one.status == "closed":
                self.other.append(key)
            elif bead := one if isinstance(one, Bead) else self._read(raw):
                self.other.append(key)
                self.read[key] = bead
            else:
                continue
            if (before := told.setdefault(key, raw)) is not raw:
                self._again(key, before, raw)

    def _read(self, raw: bytes) -> Bead | None:
        told = self._ways.read(raw)
        if isinstance(told, Bead):
            return told
        if told.why and not raw.isspace() and raw:
            self.skipped[raw] = told.why
        return None

    def _again(self, key: str, before: bytes, raw: bytes) -> None:
        """Lets the last count of what stands in it several times."""
        self.told[key] = raw
        self.other.append(key)
        if (bead := self.read.get(key)) and bead.raw is not raw:
            del self.read[key]
        self.skipped[before] = f"{key} stands in it twice"
        self.skipped.pop(raw, None)
