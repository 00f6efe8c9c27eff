"""What needs a person, grouped by common cause, worst first. Pure; ages are made by whoever draws."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from math import inf
from typing import NamedTuple

from .snapshot import CALLING, Agent, Evidence, State, Town
from .text import mask, safe
from .words import evidence_text, until

WORST_FIRST = (State.DEAD, State.ZOMBIE, State.MISSING, State.WAITING, State.HELD, State.STALLED)
_ONE = {
    State.DEAD: "1 agent died",
    State.ZOMBIE: "1 session has lost its agent",
    State.MISSING: "1 agent is missing",
    State.WAITING: "1 question waits",
    State.STALLED: "1 agent makes no progress",
}
_MANY = {
    State.DEAD: "{} agents died",
    State.ZOMBIE: "{} sessions have lost their agent",
    State.MISSING: "{} agents are missing",
    State.WAITING: "{} questions wait",
    State.STALLED: "{} agents make no progress",
}
_HELD_BY = {
    "auth": "by refused credentials",
    "limit": "by a usage limit",
    "rate": "by a rate limit",
    "billing": "by its bill",
    "overloaded": "by an overloaded provider",
    "network": "without network",
    "disk": "by a full disk",
}
# An HTTP status is what a cause is known by; any other number, and whatever has a digit in it, is of the one agent.
_STATUS = re.compile(r"[45]\d\d")
_PARTICULAR = re.compile(r"[\w./:@-]*\d[\w./:@-]*")


class Group(NamedTuple):
    """Agents with one cause, the longest first. `since`: when the first of them began, `until`: when it ends, if it was told."""

    state: State
    headline: str
    agents: tuple[Agent, ...]
    since: float | None = None
    until: float | None = None


def problems(town: Town, now: float) -> tuple[Group, ...]:
    """Returns what needs a person. Questions are one group, identical ones side by side; all else is grouped by its cause."""
    causes: dict[tuple[object, ...], list[Agent]] = {}
    for agent in sorted((one for one in town.agents if one.needs_you(now)), key=_begun):
        causes.setdefault(_cause(agent), []).append(agent)
    groups = [_group(agents, now) for agents in causes.values()]
    questions = [group for group in groups if group.state is State.WAITING]
    asked = [_group((agent for group in questions for agent in group.agents), now)] if questions else []
    others = [group for group in groups if group.state is not State.WAITING]
    return tuple(sorted([*others, *asked], key=lambda group: WORST_FIRST.index(group.state)))


def acknowledged(town: Town) -> tuple[Agent, ...]:
    """Returns who would need a person, had nobody acknowledged it: the latest first."""
    quelled = [agent for agent in town.agents if agent.acknowledged and agent.state in CALLING]
    return tuple(sorted(quelled, key=lambda agent: agent.acknowledged.at if agent.acknowledged else 0, reverse=True))


def began(agent: Agent) -> float | None:
    """Returns since when an agent has needed somebody: its last output where the start of its state was not seen."""
    return agent.since if agent.since is not None else agent.last_output


def lived(agent: Agent) -> Evidence | None:
    """Returns the last proof of life of somebody dead whose end nobody saw: it was some time after that."""
    unseen = agent.state is State.DEAD and began(agent) is None
    return max((one for one in agent.evidence if one.ago), key=lambda one: one.at, default=None) if unseen else None


def alike(one: Agent, other: Agent) -> bool:
    """Whether two agents ask the very same question, or are held by the very same words."""
    if one.state is other.state is State.HELD:
        held, others = one.activity.held, other.activity.held
        return held is not None and others is not None and held.text == others.text
    question = one.activity.question
    return one.state is other.state is State.WAITING and question is not None and question == other.activity.question


def _begun(agent: Agent) -> float:
    stamp = began(agent)
    return inf if stamp is None else stamp


def _cause(agent: Agent) -> tuple[object, ...]:
    question, held = agent.activity.question, agent.activity.held
    if agent.state is State.WAITING and question is not None:
        return agent.state, question
    if agent.state is State.HELD and held is not None:
        return agent.state, held.why, _general(held.text), held.until and held.until // 60
    # Two headings that read alike would tell nothing apart: without a cause on record each agent's own line says how we know.
    return agent.state, agent.exit_status, agent.exit_signal


def _general(text: str) -> str:
    """Returns a text in which what tells one agent's trouble from another's of the same kind is blanked."""
    return _PARTICULAR.sub(lambda found: found[0] if _STATUS.fullmatch(found[0]) else "#", text.casefold())


def _group(agents: Iterable[Agent], now: float) -> Group:
    members = tuple(agents)
    # Of whom it is not known since when, it may be for longer than for all others.
    begun = [stamp for agent in members if (stamp := began(agent)) is not None]
    since = min(begun) if len(begun) == len(members) else None
    held = members[0].activity.held
    ends = held.until if held and members[0].state is State.HELD else None
    return Group(members[0].state, _headline(members, now), members, since, ends)


def _headline(agents: tuple[Agent, ...], now: float) -> str:
    first, count = agents[0], len(agents)
    if first.state is State.HELD:
        held = first.activity.held
        ends = f" {until(held.until, now)}" if held and held.until is not None else ""
        by = f" {_HELD_BY.get(held.why, 'from outside')}" if held else ""
        runtimes = {agent.runtime for agent in agents}
        of = f" {safe(runtime)}" if len(runtimes) == 1 and (runtime := first.runtime) else ""
        return f"{count}{of} agent{'s are' if count > 1 else ' is'} held{by}{ends}"
    if count == 1:
        return _ONE[first.state]
    ending = _ending(first)
    return _MANY[first.state].format(count) + (f": {ending}" if ending else "")


def _ending(agent: Agent) -> str:
    if agent.exit_signal is not None:
        return f"killed by signal {agent.exit_signal}"
    return "" if agent.exit_status is None else f"exited with {agent.exit_status}"


def asked(agent: Agent, now: float) -> str:
    """Returns what an agent needs a person for, as one inert line without secrets: its question, its limit, else the evidence.

    How long ago that was (by `now`, wall seconds) is told where it is not as long as its state lasts.
    """
    question, held = agent.activity.question, agent.activity.held
    if agent.state is State.WAITING and question is not None and question.text:
        return mask(safe(question.text))
    if agent.state is State.HELD and held is not None and held.text:
        return mask(safe(held.text))
    first = agent.evidence[0]
    return evidence_text(first._replace(ago=first.ago and first.at != began(agent)), now, stepped=True)


def options(agent: Agent) -> tuple[str, ...]:
    """Returns the answers that a waiting agent offers, numbered as a person types them: `1 Yes`."""
    question = agent.activity.question if agent.state is State.WAITING else None
    return _numbered(question.options) if question else ()


@lru_cache(maxsize=512)
def _numbered(offered: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{number} {mask(safe(text))}" for number, text in enumerate(offered, 1))
