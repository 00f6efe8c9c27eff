"""A running stream, and everything that it said."""

from __future__ import annotations

import asyncio

from gastown_tui.observe.stream import Stream
from gastown_tui.town.facts import Frame
from gastown_tui.town.snapshot import Agent, Nowhere, State, Town

MAX = "alpha/crew/max"


class Seen:
    """A running stream, and everything that it said."""

    def __init__(self, eye: Stream) -> None:
        self.eye = eye
        self.said: list[Town | Nowhere] = []
        self.frames: list[Frame] = []
        eye.subscribe(self.said.append, self.frames.append)
        self.task = asyncio.create_task(eye.run())

    @property
    def town(self) -> Town | None:
        """The town as it was told last; raises what ended the stream."""
        if self.task.done():
            self.task.result()
        last = self.said[-1] if self.said else None
        return last if isinstance(last, Town) else None

    def agent(self, agent_id: str = MAX) -> Agent | None:
        return self.town.agent(agent_id) if self.town else None

    def alive(self, agent_id: str = MAX) -> Agent | None:
        agent = self.agent(agent_id)
        return agent if agent and agent.alive else None

    def became(self, state: State, agent_id: str = MAX) -> Agent | None:
        agent = self.agent(agent_id)
        return agent if agent and agent.state is state else None

    def states(self, agent_id: str = MAX) -> set[State]:
        """Every state that was ever told of an agent."""
        towns = [town for town in self.said if isinstance(town, Town)]
        return {agent.state for town in towns if (agent := town.agent(agent_id))}

    def source(self, name: str = "tmux") -> str | None:
        source = self.town.source(name) if self.town else None
        return source and source.state

    def codes(self) -> list[str]:
        return [notice.code for notice in self.town.notices] if self.town else []


def first_fact(agent: Agent) -> str:
    return agent.evidence[0].fact
