"""What a source tells of a whole database, taken line by line beside what is known: most of it is known, or history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .bead import Bead
from .reading import NAME, is_closed, named, read


class Taken:
    """`told`: the JSON of every bead by its id, the last where an id stands twice; the very bytes that are known, where it is the
    same. `other`: the ids of what is new or not the same, `read`: that without what is plainly closed. `skipped`: why a line is
    no bead, or does not count.
    """

    def __init__(self, known: Mapping[bytes, bytes]) -> None:
        self._known = known
        self.told: dict[bytes, bytes] = {}
        self.other: list[bytes] = []
        self.read: dict[bytes, Bead] = {}
        self.skipped: dict[bytes, str] = {}

    def take(self, raws: Iterable[bytes]) -> None:
        known, told, begins = self._known, self.told, NAME.match
        for raw in raws:
            key = found[1] if (found := begins(raw)) else named(raw)
            old = known.get(key)
            if old == raw:
                raw = old
            elif (key and is_closed(raw) and (old is None or is_closed(old))) or (key := self._read(raw)):
                self.other.append(key)
            else:
                continue
            if told.setdefault(key, raw) is not raw:
                self._again(key, raw)

    def _read(self, raw: bytes) -> bytes:
        """Returns the id of a bead that had to be read for it; nothing where it is none."""
        told = read(raw)
        if isinstance(told, Bead):
            key = key_of(told.id)
            self.read[key] = told
            return key
        if told.why and not raw.isspace() and raw:
            self.skipped[raw] = told.why
        return b""

    def _again(self, key: bytes, raw: bytes) -> None:
        """Lets the last count of what stands in it several times, unless that only looks like a bead."""
        if self._read(raw):
            before, self.told[key] = self.told[key], raw
            self.other.append(key)
            if before != raw:
                self.skipped[before] = f"{id_of(key)} stands in it twice"
            self.skipped.pop(raw, None)


def key_of(bead_id: str) -> bytes:
    return bead_id.encode("utf-8", "surrogatepass")


def id_of(key: bytes) -> str:
    return key.decode("utf-8", "surrogatepass")
