"""What changed between two Towns, as `watch` tells it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from .report import Document, change_document, source_document
from .snapshot import Agent, Moment, SourceState, State, Town

SETTLED_S = 2.0
_RESTLESS = frozenset({State.WORKING, State.IDLE})


@dataclass(slots=True)
class Changes:
    """The agents and sources as they were told last. A change between working and idle is told once it has lasted 2 s."""

    told: dict[str, Agent] = field(default_factory=dict)
    sources: dict[str, SourceState] = field(default_factory=dict)
    _waiting: dict[str, float] = field(default_factory=dict)
    _begun: bool = False

    def take(self, town: Town, now: Moment, *, initial: bool = False) -> Iterator[Document]:
        """Yields a line for every change. The first town is the beginning, told only with `initial`."""
        silent = not self._begun and not initial
        self._begun = True
        lines = [*self._source_lines(town, now), *self._agent_lines(town, now)]
        if not silent:
            yield from lines

    def next_at(self) -> float | None:
        """Returns when (mono) a change that waits has lasted long enough, or None."""
        return min((since + SETTLED_S for since in self._waiting.values()), default=None)

    def _source_lines(self, town: Town, now: Moment) -> Iterator[Document]:
        for source in town.sources:
            before, self.sources[source.name] = self.sources.get(source.name), source
            if before is not None and before.state != source.state:
                yield source_document(before, source, now.wall)

    def _agent_lines(self, town: Town, now: Moment) -> Iterator[Document]:
        agents = {agent.id: agent for agent in town.agents}
        for agent in agents.values():
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
