"""The queues of a town: what waits, who works on what, what is held up, what calls. None is *unknown*, which is never none.

Whether a queue can be known depends on the source: merge requests, escalations and most mail are wisps, which an export leaves
out from bd 1.0.4 on, and `bd list` from 1.1 on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from ..snapshot import NOTHING
from .bead import Bead, stamp
from .index import Index
from .ranked import rank

STALE_CLAIM_S = 30 * 60.0
_SEVERITIES = ("critical", "high", "medium", "low")
_HOUR = 3600.0


class Source(NamedTuple):
    """One database as far as it could be read: `beads` is None where it could not. `rig` is None for the town's own.

    `wisps`: whether the source shows wisps at all.
    """

    name: str
    rig: str | None
    beads: Index | None
    wisps: bool = True


class Merge(NamedTuple):
    """A merge request, open until merged; whoever works on it has claimed it."""

    bead: Bead
    rig: str | None
    branch: str = ""
    target: str = ""
    source_issue: str = ""
    worker: str = ""
    retries: int = 0
    convoy_created: float | None = None
    blocked_by: tuple[str, ...] = ()

    @property
    def claimed_by(self) -> str | None:
        return self.bead.assignee or None

    def is_stale(self, now: float) -> bool:
        """Whether its claim was not written to for half an hour, from when on the refinery may give it to another."""
        return bool(self.bead.assignee) and self.bead.updated is not None and now - self.bead.updated >= STALE_CLAIM_S

    def score(self, now: float) -> float:
        """Returns by what Gas Town's refinery orders its queue: the highest is merged first."""
        urgency = 4 if self.bead.priority not in range(5) else self.bead.priority or 0
        convoy, own = (max(0.0, now - at) / _HOUR if at is not None else 0.0 for at in (self.convoy_created, self.bead.created))
        return 1000 + 10 * convoy + 100 * (4 - urgency) - min(50 * self.retries, 300) + own


class Escalation(NamedTuple):
    """A call for help that nobody closed. `severity` is the word that it came with."""

    bead: Bead
    severity: str
    acknowledged: bool
    by: str = ""
    related: str = ""


class Member(NamedTuple):
    """A bead that a convoy tracks; `status` is None where no database that was read has it."""

    id: str
    rig: str | None = None
    title: str = ""
    status: str | None = None


class Convoy(NamedTuple):
    """A convoy that is not closed; `staged`: not yet begun."""

    bead: Bead
    staged: bool
    members: tuple[Member, ...]

    @property
    def closed(self) -> int:
        return sum(member.status == "closed" for member in self.members)

    @property
    def unknown(self) -> int:
        return sum(member.status is None for member in self.members)


class Queues(NamedTuple):
    """The queues of one database. `ready`, `active` (hooked, in progress) and `blocked` share no bead; `aside` is what else is
    open: deferred, pinned, of a status of one's own. All are in bd's order.

    `held_by` tells for every bead by what it is held up, also for those in `ready` that only a wisp holds, and in `active`.
    `unread` counts mail by address. `docked`: the rig was taken out of service.
    """

    name: str
    rig: str | None
    ready: tuple[Bead, ...] | None = None
    active: tuple[Bead, ...] | None = None
    blocked: tuple[Bead, ...] | None = None
    aside: tuple[Bead, ...] | None = None
    held_by: Mapping[str, tuple[str, ...]] = NOTHING
    merges: tuple[Merge, ...] | None = None
    escalations: tuple[Escalation, ...] | None = None
    unread: Mapping[str, int] | None = None
    docked: bool | None = None


class Beads(NamedTuple):
    """Everything known of a town's beads; `convoys` is None where the town's own database could not be read."""

    queues: tuple[Queues, ...] = ()
    convoys: tuple[Convoy, ...] | None = None


def survey(sources: Sequence[Source], now: float) -> Beads:
    """Returns the queues of every database, in the order given, and the convoys across them."""
    town = [source for source in sources if source.rig is None and source.beads is not None]
    return Beads(tuple(queues(source, now) for source in sources), convoys(sources) if town else None)


def queues(source: Source, now: float) -> Queues:
    """Returns the queues of one database; all unknown where it was not read."""
    index = source.beads
    if index is None:
        return Queues(source.name, source.rig)
    index.at(now)
    ready, active, blocked, aside = (queue.beads for queue in index.queues.values())
    return Queues(
        source.name,
        source.rig,
        ready,
        active,
        blocked,
        aside,
        MappingProxyType(index.held_by.copy()),
        merges(index, source.rig, now) if source.wisps else None,
        escalations(index) if source.wisps else None,
        _unread(_open(index, "mail")) if source.wisps else None,
        _docked(index),
    )


def _open(index: Index, kind: str) -> Iterable[Bead]:
    return index.kinds.get(kind, {}).values()


def merges(index: Index, rig: str | None, now: float) -> tuple[Merge, ...]:
    """Returns the merge queue in the refinery's order of now."""
    found = [_merge(index, bead, rig) for bead in _open(index, "merge")]
    return tuple(sorted(found, key=lambda merge: (-merge.score(now), merge.bead.id)))


def _merge(index: Index, bead: Bead, rig: str | None) -> Merge:
    told = bead.fields
    retries = told.get("retry_count", "")
    return Merge(
        bead,
        told.get("rig", rig),
        told.get("branch", ""),
        told.get("target", ""),
        told.get("source_issue", ""),
        told.get("worker", ""),
        int(retries) if retries.isdecimal() and len(retries) < 9 else 0,
        stamp(told.get("convoy_created_at")),
        index.held_by.get(bead.id, ()),
    )


def escalations(index: Index) -> tuple[Escalation, ...]:
    """Returns what calls for help: what nobody acknowledged first, then the most severe, then the oldest."""
    return tuple(sorted(map(_escalation, _open(index, "escalation")), key=_call))


def _escalation(bead: Bead) -> Escalation:
    told = bead.fields
    label = next((label for label in bead.labels if label.startswith("severity:")), "")
    severity = label.removeprefix("severity:") or told.get("severity", "")
    related = told.get("related_bead", "")
    return Escalation(bead, severity, "acked" in bead.labels, told.get("escalated_by", ""), related)


def _call(call: Escalation) -> tuple[bool, float, float, str]:
    # A word that nobody knows may mean anything: it stands before the mildest, where it is seen and hides nothing worse.
    weight = _SEVERITIES.index(call.severity) if call.severity in _SEVERITIES else 2.5
    return call.acknowledged, weight, call.bead.created or 0.0, call.bead.id


def _unread(mail: Iterable[Bead]) -> dict[str, int]:
    return dict(Counter(letter.assignee.rstrip("/") for letter in mail if "read" not in letter.labels))


def _docked(index: Index) -> bool | None:
    rigs = _open(index, "rig")
    return any("status:docked" in bead.labels for bead in rigs) if rigs else None


def convoys(sources: Sequence[Source]) -> tuple[Convoy, ...]:
    """Returns the open convoys in bd's order, their members looked up in every database that was read."""
    read = [(source.rig, source.beads) for source in sources if source.beads is not None]
    found = sorted((bead for _, index in read for bead in _open(index, "convoy")), key=rank)
    return tuple(Convoy(bead, bead.status.strip().lower().startswith("staged_"), _members(bead, read)) for bead in found)


def _members(convoy: Bead, read: Sequence[tuple[str | None, Index]]) -> tuple[Member, ...]:
    tracked = (need.target for need in convoy.needs if need.kind == "tracks")
    # `external:<prefix>:<id>`, or the id alone.
    named = dict.fromkeys(target.split(":", 2)[-1] if target.startswith("external:") else target for target in tracked)
    return tuple(_member(bead_id, read) for bead_id in named)


def _member(bead_id: str, read: Sequence[tuple[str | None, Index]]) -> Member:
    for rig, index in read:
        if bead := index.get(bead_id):
            return Member(bead_id, rig, bead.title, bead.status)
    return Member(bead_id)
