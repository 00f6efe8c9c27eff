"""What changed between two Towns, as `watch` tells it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf

from .report import Document, change_document, source_document
from .snapshot import Agent, Moment, SourceState, State, Town

SETTLED_S = 2.0
_RESTLESS = frozenset({State.WORKING, State.IDLE})


@dataclass(slots=True)
class Changes:
    """The agents and sources as they were told last. A change between working and idle is told once it has lasted 2 s.

    What the first look cannot tell yet is no beginning: such an agent begins with its first answer, or as unknown after 2 s.
    """

    told: dict[str, Agent] = field(default_factory=dict)
    sources: dict[str, SourceState] = field(default_factory=dict)
    _waiting: dict[str, float] = field(default_factory=dict)
    _unsure: dict[str, float] = field(default_factory=dict)
    _begun: bool = False

    def take(self, town: Town, now: Moment, *, initial: bool = False) -> Iterator[Document]:
        """Yields a line for every change. The first town is the beginning, told only with `initial`."""
        began, self._begun = self._begun, True
        if not began:
            self._unsure = {agent.id: now.mono for agent in town.agents if agent.state is State.UNKNOWN}
        late = {agent.id for agent in town.agents if self._is_sure_now(agent, now)}
        lines = [*self._source_lines(town, now), *self._agent_lines(town, now)]
        if began or initial:
            yield from (line for line in lines if initial or line.get("agent") not in late)

    def hurry(self, agent_id: str) -> None:
        """Lets a change of this agent that waits have lasted long enough."""
        if agent_id in self._waiting:
            self._waiting[agent_id] = -inf

    def next_at(self) -> float | None:
        """Returns when (mono) a change that waits has lasted long enough, or None."""
        return min((since + SETTLED_S for since in (*self._waiting.values(), *self._unsure.values())), default=None)

    def _is_sure_now(self, agent: Agent, now: Moment) -> bool:
        """Whether an agent that the first look could not tell is told now for the first time."""
        since = self._unsure.get(agent.id)
        if since is None or (agent.state is State.UNKNOWN and now.mono - since < SETTLED_S):
            return False
        del self._unsure[agent.id]
        return True

    def _source_lines(self, town: Town, now: Moment) -> Iterator[Document]:
        for source in town.sources:
            before, self.sources[source.name] = self.sources.get(source.name), source
            if before is not None and before.state != source.state:
                yield source_document(before, source, now.wall)

    def _agent_lines(self, town: Town, now: Moment) -> Iterator[Document]:
        agents = {agent.id: agent for agent in town.agents}
        for agent in agents.values():
            if agent.id in self._unsure:
                continue
            before = self.told.get(agent.id)
            if before is None or (before.state is not agent.state and self._settled(before, agent, now)):
                self.told[agent.id] = agent
                yield change_document(before, agent, now.wall)
            elif before.state is agent.state:
                self._waiting.pop(agent.id, None)
        for agent_id in self.told.keys() - agents.keys():
            self._waiting.pop(agent_id, None)
            yield change_document(self.told.pop(agent_id), None, now.wall)

    def _settled(self, before: Agent, agent: Agent, now: Moment) -> bool:
        if not {before.state, agent.state} <= _RESTLESS:
            self._waiting.pop(agent.id, None)
            return True
        if now.mono - self._waiting.setdefault(agent.id, now.mono) < SETTLED_S:
            return False
        del self._waiting[agent.id]
        return True
