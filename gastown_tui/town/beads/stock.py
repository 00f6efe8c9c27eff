"""What a town's beads come to: small enough to be told with every Town."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..snapshot import Agent, Origin, Stock, Tally, Work
from .bead import Bead
from .joins import findings, holdings
from .queues import Beads, Queues


def tallies(beads: Beads) -> tuple[Tally, ...]:
    """Returns how many beads there are, for each of `beads.queues`."""
    return tuple(_tally(queues, beads) for queues in beads.queues)


def _tally(queues: Queues, beads: Beads) -> Tally:
    return Tally(
        queues.name,
        queues.rig,
        _count(queues.ready),
        _count(queues.active),
        _count(queues.blocked),
        _count(queues.merges),
        _count(queues.escalations),
        _count(beads.convoys) if queues.rig is None else None,
        None if queues.unread is None else sum(queues.unread.values()),
    )


def _count(queue: Sequence[object] | None) -> int | None:
    return None if queue is None else len(queue)


def assigned(beads: Beads) -> Beads:
    """Returns only what somebody has: all that `stock` asks for, where a hundred thousand beads wait."""
    return Beads(tuple(_assigned(queues) for queues in beads.queues))


def hooked(queues: Queues) -> Iterator[tuple[str, Bead]]:
    """Yields (agent id, bead) of what is on somebody's hook, and of what a polecat has begun: it lives for that alone."""
    for bead in queues.active or ():
        if bead.assignee and (bead.status == "hooked" or "/polecats/" in bead.assignee):
            yield bead.assignee.rstrip("/"), bead


def _assigned(queues: Queues) -> Queues:
    ready, active, blocked, aside = (
        None if queue is None else tuple(bead for bead in queue if bead.assignee or bead.status == "hooked")
        for queue in (queues.ready, queues.active, queues.blocked, queues.aside)
    )
    return Queues(queues.name, queues.rig, ready, active, blocked, aside)


def stock(counted: tuple[Tally, ...], origins: tuple[Origin, ...], had: Beads, agents: Iterable[Agent], now: float) -> Stock:
    """Returns what the beads come to beside these agents; `had` is what was `assigned`."""
    agents = tuple(agents)
    work = {who: tuple(Work(one.id, one.title, one.status) for one in held) for who, held in holdings(had, agents).items()}
    return Stock(counted, origins, work, findings(had, agents, now))
