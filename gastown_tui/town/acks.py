"""Acknowledging: a person has seen why an agent needs somebody, and it no longer calls. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from .snapshot import CALLING, Acknowledged, Agent, State, Town


class Subject(NamedTuple):
    """What an acknowledgement is for; it ends where this becomes another. `cause` is no text: questions may hold secrets."""

    state: State
    session_id: str | None = None
    session_created: float | None = None
    pid: int | None = None
    agent_pid: int | None = None
    cause: str = ""


class Ack(NamedTuple):
    """One agent's acknowledgement; `at` in wall seconds."""

    at: float
    reason: str
    subject: Subject


def subject(agent: Agent) -> Subject:
    """Returns what a person who acknowledges the agent now acknowledges."""
    return Subject(agent.state, agent.session_id, agent.session_created, agent.pid, agent.agent_pid, _cause(agent))


def _cause(agent: Agent) -> str:
    question, held = agent.activity.question, agent.activity.held
    if agent.state is State.WAITING and question is not None:
        from hashlib import sha256  # it takes long to load, and few ask

        return sha256("\0".join((question.kind, question.text)).encode("utf-8", "replace")).hexdigest()[:16]
    return held.why if agent.state is State.HELD and held is not None else ""


def acknowledged(agent: Agent, entry: Ack | None) -> Acknowledged | None:
    """Returns the acknowledgement if it is for what the agent needs now, else None.

    A state that began after it is another occasion, even for the same question: it ended in between. Session and processes
    are compared where both are known, because a run that did not see an agent end does not know what it was.
    """
    if entry is None or agent.state not in CALLING or (agent.since is not None and agent.since > entry.at):
        return None
    old, new = entry.subject, subject(agent)
    if (old.state, old.cause) != (new.state, new.cause):
        return None
    pairs = zip(old[1:5], new[1:5], strict=True)
    another = any(one is not None and other is not None and one != other for one, other in pairs)
    return None if another else Acknowledged(entry.at, entry.reason)


def ended(town: Town, entries: Mapping[str, Ack]) -> tuple[str, ...]:
    """Returns the ids of those whose acknowledgement is over and may be forgotten; of whom we cannot see we cannot tell."""
    seen = (agent for agent in town.agents if agent.id in entries and agent.state is not State.UNKNOWN)
    return tuple(agent.id for agent in seen if acknowledged(agent, entries[agent.id]) is None)
