"""The beads of one town: each database by the best that was read of it. Used in one thread at a time; uses the disk."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NamedTuple

from gastown_tui.town.beads import reading
from gastown_tui.town.beads.index import Index, rules_of
from gastown_tui.town.beads.queues import Beads, Source, survey
from gastown_tui.town.beads.reading import Ways
from gastown_tui.town.beads.stock import assigned, hooked, tallies
from gastown_tui.town.beads.trees import Account, account
from gastown_tui.town.facts import BeadsRead
from gastown_tui.town.snapshot import Moment, Notice, Origin

from .databases import Database, Found, find, listed, read_text
from .dump import Dump, Keep
from .export import Export, Reading, Unreadable, signature
from .rhythm import written_at

FORMULA = ".formula.toml"
# bd adds what was written to its export a minute later, or whenever it runs next.
SETTLED_S = 2.0
OLDER = "export it with that bd: bd export -o .beads/issues.jsonl; the export is read"
NONE = "bd writes one where export.auto is on; with bd on PATH, the console and `beads` ask it"
AWAITED = "no export was written, and bd has not answered yet"
IMPORTING = "1.0.4"
# From so many bytes of JSON on, one look is sooner done by loading msgspec; a console has read so many sooner or later.
WORTH_LOADING = 3 << 19
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")
_WISPS_SINCE, _WISPS_UNTIL = (0, 58, 0), (1, 1, 0)


class Seen(NamedTuple):
    """What there is to tell: all of it for the screens, and what is judged by."""

    beads: Beads
    fact: BeadsRead


class _Shelf:
    """One database. `by`, `at`: where its beads come from and of when; `refused`: the last dump, where that was none."""

    def __init__(self, database: Database, now: float) -> None:
        self.database = database
        formulas = {name.removesuffix(FORMULA) for name in listed(f"{database.folder}/formulas") if name.endswith(FORMULA)}
        self.index = Index(rules_of(database.version), now, formulas)
        self.export = Export(database.folder)
        self.by: str | None = None
        self.at: float | None = None
        self.wisps = False
        self.refused: Dump | None = None
        self.imports = False

    def fill(self, told: Reading, ways: Ways, rest: Callable[[], None] | None, by: str, *, asked: bool) -> bool:
        """Takes what a source says; `asked`: whether it was asked for wisps. Returns whether it differs from before."""
        changed = self.index.replace(told.lines, rest, ways) or self.by != by
        self.by, self.at = by, told.at
        # Who shows one shows them all; where there is none, only a bd that is known to tell of them says so.
        shown = any(bead.ephemeral for bead in self.index.live.values())
        self.wisps = shown or (asked and _WISPS_SINCE <= _numbers(self.database.version) < _WISPS_UNTIL)
        return changed

    def source(self) -> Source:
        return Source(self.database.name, self.database.rig, self.index if self.by else None, self.wisps)

    def origin(self, *, asks: bool) -> Origin:
        """Returns where its beads come from; `asks`: whether bd is asked about databases."""
        state, said, remedy = self._standing()
        if state == "absent" and asks and self.database.known:
            said, remedy = AWAITED, ""
        name, rig, folder = self.database.name, self.database.rig, self.database.folder
        skipped = len(self.index.skipped) if self.by else 0
        return Origin(name, rig, folder, self.by, self.at, state, self.wisps, said, remedy, skipped=skipped)

    def _standing(self) -> tuple[str, str, str]:
        """Returns (how well it is known, why not better, what helps)."""
        refused = self.refused
        why, remedy = (
            (refused.said, refused.remedy) if refused else (self.database.why_not, OLDER if self.database.why_not else "")
        )
        if self.by is None:
            return (
                ("error" if why or self.export.said else "absent"),
                why or self.export.said or "no export was written",
                remedy or NONE,
            )
        if self.by == "dump":
            return ("stale" if refused else "ok"), why, remedy
        if self.export.said:
            return "stale", self.export.said, remedy or "wait for bd's next export: any bd command writes it"
        written = written_at(self.database)
        if self.at is not None and written is not None and written > self.at + SETTLED_S:
            return "stale", why or "its database was written to since this export", remedy
        return "ok", why, remedy


class Store:
    """`rest` is called every few hundred steps of long work, and may raise to end it. `asks`: whether bd will be asked, too."""

    def __init__(self, root: str, rest: Callable[[], None] | None = None) -> None:
        self._root = root
        self._rest = rest
        self.asks = False
        self._found = Found(())
        self._shelves: dict[str, _Shelf] = {}
        self._told: tuple[object, ...] | None = None
        self._changed = False
        # Bytes, of all databases and looks.
        self._read = 0
        self._down_since: float | None = None

    @property
    def databases(self) -> dict[str, Database]:
        """Returns the databases that bd can be asked about, by their folders."""
        databases = {folder: shelf.database for folder, shelf in self._shelves.items()}
        return {folder: one for folder, one in databases.items() if one.known and not one.why_not}

    def keep(self, folder: str) -> Keep:
        """Returns what gives for a bead's bytes those that are kept already; it may be called in any thread."""
        shelf = self._shelves.get(folder)
        return shelf.index.known if shelf else bytes

    def look(self, now: Moment) -> Seen | None:
        """Reads what changed. Returns what there is to tell, None where that is nothing new."""
        self._find(now.wall)
        for shelf in self._shelves.values():
            if shelf.by != "dump" or shelf.refused:
                self._read_export(shelf, now.wall)
            due = shelf.index.next_at
            self._changed |= due is not None and due <= now.wall
        return self._tell(now)

    def take(self, folder: str, dump: Dump, at: float) -> None:
        """Takes what bd said of a database at a moment (wall seconds); it is told by the next look."""
        shelf = self._shelves.get(folder)
        if shelf is None:
            return
        shelf.refused = dump if dump.beads is None else None
        shelf.imports |= dump.imports
        if dump.beads is not None:
            self._fill(shelf, Reading(dump.beads, at, sum(map(len, dump.beads))), "dump", asked=dump.wisps)

    def account(self, bead_id: str) -> Account | None:
        """Returns all about a bead; None where no database that was read has it."""
        found = (account(one.index, bead_id, one.database.rig) for one in self._shelves.values())
        return next(filter(None, found), None)

    def _find(self, now: float) -> None:
        found = find(self._root)
        if found == self._found:
            return
        self._found, self._changed, before = found, True, self._shelves
        self._shelves = {}
        for database in found.databases:
            kept = before.get(database.folder)
            same = kept is not None and kept.database == database
            self._shelves[database.folder] = kept if kept is not None and same else _Shelf(database, now)

    def _read_export(self, shelf: _Shelf, now: float) -> None:
        told = shelf.export.look(now)
        if told is None or (shelf.by == "dump" and told.at <= (shelf.at or 0.0)):
            return
        with suppress(Unreadable):
            self._fill(shelf, told, "export", asked=False)

    def _fill(self, shelf: _Shelf, told: Reading, by: str, *, asked: bool) -> None:
        self._read += told.size
        self._changed |= shelf.fill(told, _ways(self._read), self._rest, by, asked=asked)

    def _tell(self, now: Moment) -> Seen | None:
        shelves = self._shelves.values()
        origins = (*(shelf.origin(asks=self.asks) for shelf in shelves), *map(_orphan, self._found.orphans))
        notices = tuple(self._notices(now.wall))
        told = (tuple(origin._replace(at=None) for origin in origins), notices)
        # A town that never had any says nothing.
        if not (origins or self._told) or (not self._changed and told == self._told):
            return None
        self._told, self._changed = told, False
        beads = survey([shelf.source() for shelf in self._shelves.values()], now.wall)
        had = assigned(beads)
        sure = (queues for queues, origin in zip(had.queues, origins, strict=False) if origin.state == "ok")
        # The first in bd's order is the one to work on.
        held = dict(reversed([pair for queues in sure for pair in hooked(queues)]))
        return Seen(beads, BeadsRead(now, tallies(beads), had, origins, notices, held))

    def _notices(self, now: float) -> Iterator[Notice]:
        down = [shelf.database for shelf in self._shelves.values() if shelf.refused and shelf.refused.down]
        self._down_since = (self._down_since or now) if down else None
        if down:
            place = " at {}:{}".format(*down[0].server) if down[0].server else ""
            text = f"Dolt{place} cannot be reached: beads are as of before, and witnesses may vanish"
            yield Notice("dolt_down", text, "gt dolt status; gt dolt start starts it", self._down_since)
        for shelf in self._shelves.values():
            if shelf.imports or _may_import(shelf.database):
                text = f"bd imports an old export over the live beads of {shelf.database.name}: what was done may be undone"
                remedy = (
                    f"set export.auto: false in {shelf.database.folder}/config.yaml, move issues.jsonl away, install bd 1.0.5"
                )
                yield Notice("bd_import_hazard", text, remedy)


def _ways(size: int) -> Ways:
    """Returns how so many bytes are read soonest."""
    if size >= WORTH_LOADING:
        # Where msgspec is missing or broken, it takes longer.
        with suppress(ImportError):
            from . import quick

            return quick
    return reading


def _numbers(version: str) -> tuple[int, ...]:
    found = _VERSION.search(version)
    return tuple(map(int, found.groups())) if found else ()


def _orphan(found: tuple[str, str]) -> Origin:
    name, folder = found
    return Origin(name, None, folder, said="no rig of this town has this database", orphan=True)


def _may_import(database: Database) -> bool:
    """Whether the bd that used it last imports its own export at nearly every command that is no reading one."""
    if database.version != IMPORTING or database.server is None:
        return False
    export = signature(f"{database.folder}/issues.jsonl")
    return export is not None and export[1] > 0 and "export.auto: false" not in read_text(f"{database.folder}/config.yaml")
