"""Beads as the command line prints them: the document of schema 1, and lines for people. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..snapshot import NOTHING, Agent, Notice, Origin, Stock, Tally
from ..text import age, age_s, mask, rfc3339, safe
from ..words import notice_documents, notice_line
from .bead import Bead
from .joins import Roll
from .queues import Beads, Convoy, Escalation, Merge, Queues
from .ranked import rank

SCHEMA = 1
TOWN = "town"
QUEUES = ("ready", "active", "blocked", "merge", "escalations", "convoys")
Document = dict[str, Any]


class Entry(NamedTuple):
    """A bead in a queue: whose database it is from, by what it is held up, and what only this queue tells of it."""

    bead: Bead
    rig: str | None
    held_by: tuple[str, ...] = ()
    more: Mapping[str, Any] = NOTHING


def chosen(beads: Beads, origins: Sequence[Origin], rig: str | None) -> tuple[Beads, tuple[Origin, ...]]:
    """Returns what concerns one rig, by its name or its database's, or the town alone, or all; nothing where it is neither."""
    if rig is None:
        return beads, tuple(origins)
    queues = tuple(one for one in beads.queues if rig in called(one.name, one.rig))
    town = any(one.rig is None for one in queues)
    return Beads(queues, beads.convoys if town else None), tuple(
        one for one in origins if not one.orphan and rig in called(one.name, one.rig)
    )


def called(name: str, rig: str | None) -> tuple[str, ...]:
    """Returns by what a person may call a database: as its rig's, or as the town's, and by its own name."""
    return (rig or TOWN, name)


def entries(beads: Beads, name: str, now: float) -> tuple[list[Entry], bool]:
    """Returns (the beads of one queue, whether every database tells of it), in bd's order, or in that of the refinery."""
    if name == "convoys":
        return [_convoy(convoy) for convoy in beads.convoys or ()], beads.convoys is not None
    told = [(queues, _queue(queues, name)) for queues in beads.queues]
    found = [_entry(one, queues, now) for queues, queue in told for one in queue or ()]
    if name in ("ready", "active", "blocked"):
        found.sort(key=lambda entry: rank(entry.bead))
    return found, all(queue is not None for _, queue in told)


def _queue(queues: Queues, name: str) -> Sequence[Bead | Merge | Escalation] | None:
    return queues.merges if name == "merge" else getattr(queues, name)


def _entry(one: Bead | Merge | Escalation, queues: Queues, now: float) -> Entry:
    if isinstance(one, Merge):
        told = {"branch": one.branch, "target": one.target, "source_issue": one.source_issue, "worker": one.worker}
        more = {**_shown(told), "stale": one.is_stale(now), "score": round(one.score(now), 1)}
        return Entry(one.bead, one.rig, one.blocked_by, more)
    if isinstance(one, Escalation):
        more = {**_shown({"severity": one.severity, "by": one.by, "related": one.related}), "acknowledged": one.acknowledged}
        return Entry(one.bead, queues.rig, (), more)
    return Entry(one, queues.rig, queues.held_by.get(one.id, ()))


def _convoy(convoy: Convoy) -> Entry:
    members = [{"id": safe(one.id), "rig": one.rig and safe(one.rig), "status": _text(one.status)} for one in convoy.members]
    more = {"staged": convoy.staged, "closed": convoy.closed, "total": len(members), "members": members}
    return Entry(convoy.bead, None, (), more)


def _shown(told: Mapping[str, str]) -> Document:
    return {name: _text(value) for name, value in told.items()}


def _text(text: str | None) -> str | None:
    return mask(safe(text)) if text else None


def beads_document(
    beads: Beads,
    origins: Iterable[Origin],
    names: Iterable[str],
    agents: Iterable[Agent],
    now: float,
    notices: Iterable[Notice] = (),
) -> Document:
    """Returns the document of `beads --json`. `known` is false where a database does not tell; `count` None where none does."""
    roll = Roll(agents)
    return {
        "schema": SCHEMA,
        "observed_at": rfc3339(now),
        "notices": notice_documents(notices),
        "sources": [origin_document(origin, now) for origin in origins],
        "queues": {name: _queue_document(beads, name, roll, now) for name in names},
    }


def _queue_document(beads: Beads, name: str, roll: Roll, now: float) -> Document:
    found, known = entries(beads, name, now)
    told = [_document(entry, roll, now) for entry in found]
    return {"known": known, "count": len(told) if told or known else None, "beads": told}


def _document(entry: Entry, roll: Roll, now: float) -> Document:
    bead, agent = entry.bead, roll.find(entry.bead.assignee)
    return {
        "id": safe(bead.id),
        "title": _text(bead.title) or "",
        "rig": _text(entry.rig),
        "type": _text(bead.type),
        "priority": bead.priority,
        "status": _text(bead.status),
        "assignee": _text(bead.assignee),
        "agent_state": agent.state.value if agent else None,
        "age_s": age_s(bead.created, now),
        "blocked_by": [safe(one) for one in entry.held_by],
        **entry.more,
    }


def origin_document(origin: Origin, now: float) -> Document:
    return {
        "name": safe(origin.name),
        "rig": _text(origin.rig),
        "from": origin.by,
        "state": origin.state,
        "age_s": age_s(origin.at, now),
        "wisps": origin.wisps,
        "skipped": origin.skipped,
        "error": _text(origin.said),
        "remedy": _text(origin.remedy),
    }


def stock_document(stock: Stock, now: float) -> list[Document]:
    """Returns "beads" of `status --json`: each database, and how many beads stand in its queues."""
    told = {(one.name, one.rig): one for one in stock.tallies}
    return [{**origin_document(one, now), "queues": _counts(told.get((one.name, one.rig)))} for one in stock.origins]


def _counts(tally: Tally | None) -> Document:
    counts = (tally or Tally("", None))._asdict()
    return {name: count for name, count in counts.items() if name not in ("name", "rig")}


def beads_lines(
    beads: Beads,
    origins: Iterable[Origin],
    names: Iterable[str],
    agents: Iterable[Agent],
    now: float,
    notices: Iterable[Notice] = (),
) -> list[str]:
    """Returns the queues for people: a heading with its count (`?`: a database does not tell), a line for each bead.

    Behind them, where a long list ends, stand the sources and what is wrong with them.
    """
    roll = Roll(agents)
    lines = [line for name in names for line in _queue_lines(beads, name, roll, now)]
    return [*lines, *(origin_line(origin, now) for origin in origins), *map(notice_line, notices)]


def _queue_lines(beads: Beads, name: str, roll: Roll, now: float) -> Iterator[str]:
    found, known = entries(beads, name, now)
    rigs_only = all(queues.rig for queues in beads.queues)
    why = f" (the town's own: --rig {TOWN})" if name == "convoys" and not known and rigs_only else ""
    yield f"{name} {len(found) if found or known else ''}{'' if known else '?'}{why}"
    ids = max((len(safe(entry.bead.id)) for entry in found), default=0)
    rigs = max((len(safe(entry.rig or TOWN)) for entry in found), default=0)
    for entry in found:
        bead = entry.bead
        priority = "P?" if bead.priority is None else f"P{bead.priority}"
        lived = age(now - bead.created) if bead.created is not None else "?"
        place = f"{safe(entry.rig or TOWN):<{rigs}}  {safe(bead.id):<{ids}}"
        told = " · ".join(filter(None, (mask(safe(bead.title)), *_beside(entry, roll))))
        yield f"  {priority} {place}  {lived:>7}  {told}".rstrip()


def _beside(entry: Entry, roll: Roll) -> Iterator[str]:
    """Yields who has it, and what its queue tells of it."""
    bead, more = entry.bead, entry.more
    if bead.assignee:
        agent = roll.find(bead.assignee)
        yield f"{safe(bead.assignee)}{f' ({agent.state.value})' if agent else ''}"
    if entry.held_by:
        yield f"blocked by {', '.join(map(safe, entry.held_by))}"
    if "total" in more:
        yield f"{more['closed']} of {more['total']} closed"
    yield from (str(more[name]) for name in ("branch", "severity") if more.get(name))
    yield from (name for name in ("stale", "acknowledged", "staged") if more.get(name))


def origin_line(origin: Origin, now: float) -> str:
    """Returns where one database's beads come from, how old that is, and what helps."""
    helps = f" ({mask(safe(origin.remedy))})" if origin.remedy else ""
    return f"{'  ' if origin.state == 'ok' else '! '}{origin_sentence(origin, now)}{helps}"


def origin_sentence(origin: Origin, now: float) -> str:
    """Returns by what one database is read, how old that is, what of it was not understood, and why it is not better."""
    ago = f", {age(now - origin.at)} old" if origin.at is not None else ""
    ago += f", {origin.skipped} not understood" if origin.skipped else ""
    why = f": {mask(safe(origin.said))}" if origin.said else ""
    return f"{safe(origin.name)} by {origin.by or 'nothing'}{ago}{why}"
