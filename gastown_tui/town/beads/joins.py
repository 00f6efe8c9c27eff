"""Beads beside agents: where what the beads say of who works and what the agents do do not fit together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from ..problems import began
from ..snapshot import GONE, TOWN_ROLES, Agent, Evidence, Finding, State
from .bead import Bead
from .queues import Beads

_LIVES_FOR_WORK = "polecat"
# Work is hooked first, and then the session begins that is to do it.
SLUNG_S = 120.0
# Between two turns anybody stands idle for a while.
UNMOVED_S = 300.0


class Roll:
    """Who is meant by an assignee."""

    def __init__(self, agents: Iterable[Agent]) -> None:
        self.agents = tuple(agents)
        self._by_id = {agent.id: agent for agent in self.agents}
        self._rigs = {agent.rig for agent in self.agents if agent.rig}
        self._called: dict[str, list[Agent]] = {}
        self._naming: dict[str, list[Agent]] = {}
        for agent in self.agents:
            if agent.rig:
                self._called.setdefault(f"{agent.rig}/{agent.name}", []).append(agent)
            if agent.alive and agent.bead:
                self._naming.setdefault(agent.bead, []).append(agent)

    def find(self, assignee: str) -> Agent | None:
        """Returns the agent of an address: its id, also with a slash behind it, or `<rig>/<name>` where only one is called so."""
        address = assignee.rstrip("/")
        called = self._called.get(address, ())
        return self._by_id.get(address) or (called[0] if len(called) == 1 else None)

    def is_nobodys(self, assignee: str) -> bool:
        """Whether it can only be the address of an agent, and of none that there is. A person may have a bead in progress too."""
        address = assignee.rstrip("/")
        if address in self._by_id or address in self._called:
            return False
        place, slash, _ = assignee.partition("/")
        return address in TOWN_ROLES or (bool(slash) and place in self._rigs)

    def naming(self, bead_id: str) -> list[Agent]:
        """Returns the living agents whose heartbeats name a bead."""
        return self._naming.get(bead_id, [])


def findings(beads: Beads, agents: Iterable[Agent], now: float) -> tuple[Finding, ...]:
    """Returns all that does not fit, in the order of the queues, then of the agents. What is unknown proves nothing."""
    roll = Roll(agents)
    active = [bead for queue in beads.queues for bead in queue.active or ()]
    found = [finding for bead in active for finding in _of_bead(bead, roll, now)]
    return (*found, *_shared(active, roll), *_beadless(beads, roll))


def holdings(beads: Beads, agents: Iterable[Agent]) -> Mapping[str, tuple[Bead, ...]]:
    """Returns agent id -> the beads that are hooked to it or that it has in progress, in bd's order."""
    roll = Roll(agents)
    held: dict[str, tuple[Bead, ...]] = {}
    for bead in (bead for queue in beads.queues for bead in queue.active or ()):
        if agent := roll.find(bead.assignee):
            held[agent.id] = (*held.get(agent.id, ()), bead)
    return held


def _of_bead(bead: Bead, roll: Roll, now: float) -> Iterator[Finding]:
    agent = roll.find(bead.assignee)
    if agent is None:
        yield from _without_agent(bead, roll)
    elif agent.state in GONE:
        text = f"{bead.told_with(agent.id)}, which is {'a zombie' if agent.state is State.ZOMBIE else agent.state}"
        # All of its evidence stands beside the agent.
        yield Finding("orphaned", bead.id, (agent.id,), text, (_written(bead), agent.evidence[0]))
    elif agent.state is State.IDLE and now - max(began(agent) or now, bead.updated or 0.0) >= UNMOVED_S:
        text = f"{agent.id} stands idle with {bead.id} {bead.status}"
        yield Finding("unmoved", bead.id, (agent.id,), text, (_written(bead), *agent.evidence))
    if agent is not None and agent.alive:
        yield from _outlived(bead, agent)


def _without_agent(bead: Bead, roll: Roll) -> Iterator[Finding]:
    if not bead.assignee and bead.status == "hooked":
        yield Finding("orphaned", bead.id, (), f"{bead.id} is hooked to nobody", (_written(bead),))
    elif roll.is_nobodys(bead.assignee):
        text = f"{bead.told_with(bead.assignee)}, whom the town does not have"
        yield Finding("orphaned", bead.id, (), text, (_written(bead),))


def _outlived(bead: Bead, agent: Agent) -> Iterator[Finding]:
    begun = agent.agent_started
    if begun is not None and bead.updated is not None and bead.updated < begun - SLUNG_S:
        text = f"{bead.id} is {bead.status} from before {agent.id} began"
        evidence = (_written(bead), Evidence("process", f"{agent.id} began", begun, ago=True))
        yield Finding("outlived", bead.id, (agent.id,), text, evidence)


def _shared(active: Iterable[Bead], roll: Roll) -> Iterator[Finding]:
    for bead in active:
        assigned = roll.find(bead.assignee)
        named = roll.naming(bead.id)
        names = tuple(dict.fromkeys(one.id for one in (assigned, *named) if one is not None and one.alive))
        if len(names) > 1:
            told = [_told(agent) for agent in named]
            text = f"{bead.told_with(bead.assignee or 'nobody')} and has {len(names)} agents: {', '.join(names)}"
            yield Finding("shared", bead.id, names, text, (_written(bead), *told))


def _beadless(beads: Beads, roll: Roll) -> Iterator[Finding]:
    if not beads.queues or any(queue.active is None for queue in beads.queues):
        return
    every = (bead for q in beads.queues for bead in chain(q.active or (), q.blocked or (), q.aside or (), q.ready or ()))
    assigned = {bead.assignee.rstrip("/") for bead in every}
    for agent in roll.agents:
        names = {agent.id, f"{agent.rig}/{agent.name}"}
        if agent.role == _LIVES_FOR_WORK and agent.state is State.WORKING and not agent.bead and not names & assigned:
            yield Finding("beadless", None, (agent.id,), f"{agent.id} works, and no bead is assigned to it", agent.evidence)


def _written(bead: Bead) -> Evidence:
    """The sentence above it says already what the bead is, and whose."""
    fact = f"{bead.id} was written to" if bead.updated is not None else f"nothing says when {bead.id} was written to"
    return Evidence("beads", fact, bead.updated or 0.0, ago=bead.updated is not None)


def _told(agent: Agent) -> Evidence:
    at = agent.heartbeat_at
    return Evidence("town", f"the heartbeat of {agent.id} names {agent.bead}", at or 0.0, at is not None)
