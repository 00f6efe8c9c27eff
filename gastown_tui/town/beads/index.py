"""What can be begun and what is held up, as `bd ready` and `bd blocked` say it, kept up to date bead by bead.

The rules are those of bd 1.0.4, confirmed on recorded graphs:

* A bead is *active* unless it is closed or pinned; deferred, hooked and every custom status are active.
* `blocks` and `conditional-blocks` hold an active bead while their target is active *in the same database*: foreign and missing
  targets never do. `waits-for` looks at the target's children, not at the target: all-children holds while one child is
  active, any-children while one is and none is closed. No other kind of dependency holds.
* A parent never holds its child, but being held passes on to its children: by one hop, or all the way down (`Rules.cascades`).
* *Ready* is exactly `open`, not pinned, none of seven types, not deferred, no child of a deferred bead, and not held; wisps and
  no-history beads are never ready and hold nothing there. `bd blocked` does count them, so a bead can be in both.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain, islice
from typing import NamedTuple

from . import reading
from .bead import Bead
from .kinds import kind
from .ranked import Placed, Ranked, in_order, rank
from .reading import Ways, read
from .taking import Taken

_INACTIVE = frozenset({"closed", "pinned"})
_HOLDING = frozenset({"blocks", "conditional-blocks"})
_AT_WORK = frozenset({"hooked", "in_progress"})
_NEVER_READY = frozenset({"merge-request", "gate", "molecule", "message", "agent", "role", "rig"})
# Nobody nests work deeper; a file that does must not stop whoever reads it.
_DEEPEST = 64
# From so many changes on, settling everything is cheaper than settling each.
_MANY = 500
_STEPS = 200


class Rules(NamedTuple):
    """`cascades`: being held passes down to every descendant, as from bd 1.0.5 on, not only to children."""

    cascades: bool = False


def rules_of(version: str | None) -> Rules:
    """Returns the rules of a version as `bd version` tells it; one that nobody knows has those of 1.0.4."""
    numbers = re.search(r"(\d+)\.(\d+)\.(\d+)", version or "")
    return Rules(numbers is not None and tuple(map(int, numbers.groups())) >= (1, 0, 5))


DEFAULT = Rules()


class Index:
    """The beads of one database. Changes only by `replace`, `put`, `drop` and `at`; not safe for several threads at once.

    `ready` and `blocked` are bd's own lists; every open piece of work is in one of `queues`: ready, active, blocked or aside.
    `held_by` names the holders of all that is blocked, of whatever kind. `kinds` holds what is not closed, by its kind.
    """

    def __init__(self, rules: Rules = DEFAULT, now: float = 0.0, formulas: Collection[str] = ()) -> None:
        self.rules = rules
        self.now = now
        self._formulas = formulas
        self._ways: Ways = reading
        self._clear()

    def _clear(self) -> None:
        self.live: dict[str, Bead] = {}
        self.ready = Ranked()
        self.blocked = Ranked()
        self.queues = {name: Ranked() for name in ("ready", "active", "blocked", "aside")}
        self.held_by: dict[str, tuple[str, ...]] = {}
        self.kinds: defaultdict[str, dict[str, Bead]] = defaultdict(dict)
        self.skipped: dict[bytes, str] = {}
        self._told: dict[str, bytes] = {}
        self._children: dict[str, dict[str, None]] = {}
        self._held: dict[str, dict[str, None]] = {}
        self._waiting: dict[str, dict[str, None]] = {}
        self._tables = {"parent-child": self._children, "waits-for": self._waiting, **dict.fromkeys(_HOLDING, self._held)}
        self._family = {"parent-child": self._children}
        self._deferred: dict[str, float] = {}
        self._filed = True

    def __len__(self) -> int:
        return len(self._told)

    def __contains__(self, bead_id: str) -> bool:
        return bead_id in self._told

    def get(self, bead_id: str) -> Bead | None:
        """Returns the bead, None where this database has no such bead or it cannot be read."""
        return self.live.get(bead_id) or _read(self._told.get(bead_id))

    def status(self, bead_id: str) -> str | None:
        """Returns the word that stands in the bead, None where this database has no such bead."""
        bead = self.live.get(bead_id)
        return bead.status if bead else "closed" if bead_id in self._told else None

    def needed_by(self, bead_id: str) -> list[tuple[str, str]]:
        """Returns (the kind of its need, id) of every bead that `bead_id` is a parent of, or can hold up."""
        self._file_history()
        tables = (self._held, self._waiting, self._children)
        near = dict.fromkeys(chain.from_iterable(table.get(bead_id, ()) for table in tables))
        beads = (bead for one in near if (bead := self.get(one)))
        return [(need.kind, bead.id) for bead in beads for need in bead.needs if need.target == bead_id]

    # What a source tells

    def known(self, raw: bytes) -> bytes:
        """Returns the very bytes that are kept already, where these are the same."""
        if not self._told:
            return raw
        try:
            kept = self._told.get(self._ways.glance(raw).id)
        except (ValueError, RecursionError):
            return raw
        return kept if kept == raw else raw

    def replace(self, raws: Iterable[bytes], rest: Callable[[], None] | None = None, ways: Ways = reading) -> bool:
        """Takes all of the database as a source tells it now. Returns whether anything differed; only that is read.

        Where `raws` raises, nothing was taken. `rest` is called every few hundred steps, for whoever must not keep others
        waiting.
        """
        self._ways = ways
        taken, raws = Taken(self._told, ways), iter(raws)
        while batch := [*islice(raws, _STEPS)]:
            taken.take(batch)
            if rest:
                rest()
        told, before = taken.told, self._told
        other = [key for key in dict.fromkeys(taken.other) if before.get(key) is not told[key]] if before else taken.other
        new = sum(key not in before for key in other) if before else len(told)
        gone = [key for key in before if key not in told] if len(told) - new < len(before) else []
        changed = bool(gone or other) or taken.skipped != self.skipped
        if len(gone) + len(other) > _MANY:
            self._begin(taken)
        else:
            for key in [*gone, *other]:
                self._change(self.get(key), taken.read.get(key) or _read(told.get(key)))
        self._told, self.skipped = told, taken.skipped
        return changed

    def put(self, raw: bytes) -> None:
        """Takes one bead as a source tells it now."""
        told = read(raw)
        if isinstance(told, Bead):
            self._change(self.get(told.id), told)

    def drop(self, bead_id: str) -> None:
        self._change(self.get(bead_id), None)

    def at(self, now: float) -> None:
        """Lets time pass, by wall seconds, in either direction: only what is deferred depends on it."""
        earlier, later = sorted((self.now, now))
        self.now = now
        due = [bead_id for bead_id, until in self._deferred.items() if earlier < until <= later]
        for bead_id in {*due, *self._heirs(due)}:
            self._settle(bead_id)

    @property
    def next_at(self) -> float | None:
        """Returns when something becomes ready by itself, in wall seconds."""
        return min((until for until in self._deferred.values() if until > self.now), default=None)

    def _begin(self, taken: Taken) -> None:
        """Takes many as if they were all: what of it is history is filed when somebody asks."""
        same = [bead for bead in self.live.values() if taken.told.get(bead.id) is bead.raw]
        self._clear()
        self._told = taken.told
        for bead in chain(same, taken.read.values()):
            self._shelve(bead)
        self._filed = False
        self._settle_all()

    def _file_history(self) -> None:
        """Notes whose children the beads are that are closed."""
        if not self._filed:
            self._filed = True
            for key, raw in self._told.items():
                # However it is written, one of these stands in a bead that has a parent.
                told = self._ways.read(raw) if b"parent-child" in raw or b"\\u" in raw else None
                for parent in told.parents if isinstance(told, Bead) else ():
                    self._children.setdefault(parent, {})[key] = None

    def _change(self, old: Bead | None, new: Bead | None) -> None:
        if old is new:
            return
        touched = self._touched(old, new)
        before = {bead_id: self._bearing(bead_id) for bead_id in touched}
        self._swap(old, new)
        passed_on = [bead_id for bead_id, bearing in before.items() if self._bearing(bead_id) != bearing]
        for bead_id in {*touched, *self._heirs(passed_on)}:
            self._settle(bead_id)

    def _touched(self, old: Bead | None, new: Bead | None) -> set[str]:
        """Returns the bead, and whom it can hold or no longer hold, or be named by."""
        both = [bead for bead in (old, new) if bead is not None]
        mine = both[0].id
        if len(both) == 2 and _weight(both[0]) == _weight(both[1]):
            return {mine}
        waiting = (self._waiting.get(parent, ()) for bead in both for parent in bead.parents)
        return {mine, *self._held.get(mine, ()), *self._waiting.get(mine, ()), *chain.from_iterable(waiting)}

    def _bearing(self, bead_id: str) -> tuple[object, ...]:
        """Returns what bears on a bead's children: its parents, whether it is held, whether it passes that on, and until when."""
        bead, until, both = self.live.get(bead_id), self._deferred.get(bead_id), (False, True)
        if bead is None:
            return (until,)
        held = [self._is_held(bead, wisps) for wisps in both]
        return (bead.parents, *held, *(self._active(bead_id, wisps) for wisps in both), until)

    def _heirs(self, bead_ids: Iterable[str]) -> set[str]:
        """Returns all to whom it passes on."""
        heirs: set[str] = set()
        level = set(bead_ids)
        while level:
            level = {child for bead_id in level for child in self._children.get(bead_id, ())} - heirs
            heirs |= level
            if not self.rules.cascades:
                break
        return heirs

    def _swap(self, old: Bead | None, new: Bead | None) -> None:
        if old is not None:
            for table, target in self._edges(old):
                table.get(target, {}).pop(old.id, None)
            del self._told[old.id]
            if self.live.pop(old.id, None):
                del self.kinds[kind(old, self._formulas)][old.id]
            self._deferred.pop(old.id, None)
        if new is not None:
            self._told[new.id] = new.raw
            self._shelve(new)

    def _shelve(self, bead: Bead) -> None:
        bead_id = bead.id
        for table, target in self._edges(bead) if bead.needs else ():
            table.setdefault(target, {})[bead_id] = None
            if table is self._children and target not in self.live:
                self._look_up(target)
        if bead.defer_until is not None and not bead.wisp:
            self._deferred[bead_id] = bead.defer_until
        if bead.status != "closed":
            self.live[bead_id] = self.kinds[kind(bead, self._formulas)][bead_id] = bead

    def _look_up(self, parent: str) -> None:
        """Notes until when a parent is deferred that is closed: its children are nevertheless."""
        raw = self._told.get(parent, b"")
        if (b'"defer_until"' in raw or b"\\u" in raw) and (bead := _read(raw)) and bead.defer_until is not None and not bead.wisp:
            self._deferred[parent] = bead.defer_until

    def _edges(self, bead: Bead) -> list[tuple[dict[str, dict[str, None]], str]]:
        """Returns where a bead stands in the tables. A closed one holds on to nothing, but stays its parents' child."""
        tables = self._family if bead.status == "closed" else self._tables
        return [(table, target) for target, kind, _ in bead.needs if (table := tables.get(kind)) is not None]

    # What follows

    def named(self, bead: Bead) -> tuple[str, ...]:
        """Returns what `bd blocked` names as holding a blocked bead: every active target, else the parents that are held.

        Nothing where it leaves the bead out: one that waits only for the children of a closed bead.
        """
        own = [n.target for n in bead.needs if (n.kind in _HOLDING or n.kind == "waits-for") and self._active(n.target, True)]
        return tuple(dict.fromkeys(own or [parent for parent in bead.parents if self._passes_on(parent, True)]))

    def holders(self, bead: Bead) -> tuple[str, ...]:
        """Returns what holds a blocked bead: what bd names, else the children that it waits for."""
        return self.named(bead) or tuple(dict.fromkeys(self._waited_for(bead)))

    def _waited_for(self, bead: Bead) -> list[str]:
        spawners = [need.target for need in bead.needs if need.kind == "waits-for"]
        return [child for spawner in spawners for child in self._children.get(spawner, ()) if self._active(child, True)]

    def _active(self, bead_id: str, wisps: bool) -> bool:
        bead = self.live.get(bead_id)
        return bead is not None and _is_active(bead, wisps)

    def _is_held(self, bead: Bead, wisps: bool) -> bool:
        """Whether the bead itself is held; without `wisps`, by the issues alone."""
        if not bead.needs or not self._active(bead.id, wisps):
            return False
        for need in bead.needs:
            if need.kind in _HOLDING and self._active(need.target, wisps):
                return True
            if need.kind == "waits-for" and self._is_shut(need.target, need.any_child, wisps):
                return True
        return False

    def _is_shut(self, spawner: str, any_child: bool, wisps: bool) -> bool:
        if any_child:
            self._file_history()
        children = self._children.get(spawner, ())
        if any_child and any(self._has_closed(child, wisps) for child in children):
            return False
        return any(self._active(child, wisps) for child in children)

    def _has_closed(self, bead_id: str, wisps: bool) -> bool:
        if wisps or self.status(bead_id) != "closed":
            return self.status(bead_id) == "closed"
        bead = self.get(bead_id)
        return bead is not None and not bead.wisp

    def _passes_on(self, bead_id: str, wisps: bool) -> bool:
        """Whether a bead is held so that its children are; where it cascades, what it has from above too."""
        bead = self.live.get(bead_id)
        if bead is None or not self._active(bead_id, wisps):
            return False
        return self._is_caught(bead, wisps) if self.rules.cascades else self._is_held(bead, wisps)

    def _above(self, bead: Bead, wisps: bool) -> Iterator[Bead]:
        """Returns parents, or all ancestors where it cascades; what is not active passes nothing on."""
        if not bead.parents:
            return
        seen, level = {bead.id}, [bead]
        for _ in range(_DEEPEST if self.rules.cascades else 1):
            parents = {parent for one in level for parent in one.parents} - seen
            seen |= parents
            level = [self.live[parent] for parent in parents if self._active(parent, wisps)]
            yield from level

    def _is_ready(self, bead: Bead) -> bool:
        return self._may_begin(bead) and not (bead.needs and self._is_caught(bead, False))

    def _may_begin(self, bead: Bead) -> bool:
        """Whether nothing but what holds it keeps a bead from being ready."""
        if bead.status != "open" or bead.wisp or bead.pinned or bead.type in _NEVER_READY:
            return False
        return not (self._deferred and any(self._deferred.get(one, 0.0) > self.now for one in (bead.id, *bead.parents)))

    def _is_blocked(self, bead: Bead) -> bool:
        return bool(bead.needs) and bead.status != "pinned" and self._is_caught(bead, True)

    def _is_caught(self, bead: Bead, wisps: bool) -> bool:
        """Whether a bead is held, itself or from above."""
        return self._is_held(bead, wisps) or any(self._is_held(one, wisps) for one in self._above(bead, wisps))

    def _settle(self, bead_id: str) -> None:
        for ranked in (self.ready, self.blocked, *self.queues.values()):
            ranked.drop(bead_id)
        self.held_by.pop(bead_id, None)
        if (bead := self.live.get(bead_id)) is None:
            return
        place, ready, blocked = rank(bead), self._is_ready(bead), self._is_blocked(bead)
        if ready:
            self.ready.put(bead, place)
        if blocked:
            self.blocked.put(bead, place)
            self.held_by[bead_id] = self.holders(bead)
        if bead_id in self.kinds["work"]:
            self.queues[_queue(bead, ready, blocked)].put(bead, place)

    def _settle_all(self) -> None:
        held, caught, work = self._all_caught(False), self._all_caught(True), self.kinds["work"]
        ready, blocked, queued = list[Placed](), list[Placed](), {name: list[Placed]() for name in self.queues}
        for one in in_order(self.live):
            (_, _, bead_id), bead = one
            if free := bead_id not in held and self._may_begin(bead):
                ready.append(one)
            if stuck := bead_id in caught and bead.status != "pinned":
                blocked.append(one)
            if bead_id in work:
                queued[_queue(bead, free, stuck)].append(one)
        self.ready.fill(ready)
        self.blocked.fill(blocked)
        self.held_by = {place[2]: self.holders(bead) for place, bead in blocked}
        for name, queue in self.queues.items():
            queue.fill(queued[name])

    def _all_caught(self, wisps: bool) -> set[str]:
        """Returns all for whom `_is_caught` holds; some that are not active are among them.

        From the holders down, once for all: to ask for each from itself up takes a tenth of a first reading more.
        """
        active = {bead_id for bead_id, bead in self.live.items() if _is_active(bead, wisps)}
        held = active.intersection(chain.from_iterable(ids for target, ids in self._held.items() if target in active))
        waiting = chain.from_iterable(self._waiting.values())
        held.update(bead_id for bead_id in waiting if self._is_held(self.live[bead_id], wisps))
        caught, level = set(held), held
        for _ in range(_DEEPEST if self.rules.cascades else 1):
            level = {child for bead_id in level for child in self._children.get(bead_id, ())} - caught
            caught |= level
            level &= active
        return caught


def _is_active(bead: Bead, wisps: bool) -> bool:
    return bead.status != "pinned" and (wisps or not bead.wisp)


def _queue(bead: Bead, ready: bool, blocked: bool) -> str:
    return "active" if bead.status in _AT_WORK else "ready" if ready else "blocked" if blocked else "aside"


def _read(raw: bytes | None) -> Bead | None:
    told = None if raw is None else read(raw)
    return told if isinstance(told, Bead) else None


def _weight(bead: Bead) -> tuple[object, ...]:
    """Returns all by which a bead bears on others than itself and its children."""
    return (bead.status if bead.status in _INACTIVE else ""), bead.wisp, bead.parents
