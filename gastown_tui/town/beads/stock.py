"""What a town's beads come to: small enough to be told with every Town."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..snapshot import NOTHING
from .joins import Finding
from .queues import Beads, Queues


class Tally(NamedTuple):
    """How many beads stand in each queue of one database; None is unknown, which is never none. `rig` is None for the town's."""

    name: str
    rig: str | None
    ready: int | None = None
    active: int | None = None
    blocked: int | None = None
    merge: int | None = None
    escalations: int | None = None
    convoys: int | None = None
    unread: int | None = None


class Work(NamedTuple):
    """A bead that is hooked to an agent, or that it has in progress."""

    id: str
    title: str
    status: str


class Stock(NamedTuple):
    """`work`: agent id -> its beads, in bd's order; `findings`: where beads and agents do not fit together."""

    tallies: tuple[Tally, ...] = ()
    work: Mapping[str, tuple[Work, ...]] = NOTHING
    findings: tuple[Finding, ...] = ()


def tallies(beads: Beads) -> tuple[Tally, ...]:
    """Returns how many beads there are, for each of `beads.queues`."""
    return tuple(_tally(queues, beads) for queues in beads.queues)


def _tally(queues: Queues, beads: Beads) -> Tally:
    known = (queues.ready, queues.active, queues.blocked, queues.merges, queues.escalations)
    convoys = beads.convoys if queues.rig is None else None
    return Tally(
        queues.name,
        queues.rig,
        *(None if queue is None else len(queue) for queue in known),
        None if convoys is None else len(convoys),
        None if queues.unread is None else sum(queues.unread.values()),
    )
