"""Which agent a person means by a TARGET: an id, a session or a pane, always exact."""

from __future__ import annotations

from difflib import get_close_matches

from .snapshot import Agent, Town
from .text import safe


class TargetError(Exception):
    """No agent is meant, or more than one. `remedy` names the nearest."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def find(town: Town, target: str) -> Agent:
    """Returns the agent that `target` names; `<rig>/<name>` is enough where it is unambiguous. Raises TargetError."""
    exact = [agent for agent in town.agents if target in _names(agent)]
    found = exact or [agent for agent in town.agents if agent.rig and target == f"{agent.rig}/{agent.name}"]
    if len(found) == 1:
        return found[0]
    if found:
        raise TargetError(f"{safe(target)} is ambiguous", "say one of: " + ", ".join(safe(agent.id) for agent in found))
    near = get_close_matches(target, [name for agent in town.agents for name in _names(agent)], n=4, cutoff=0.4)
    remedy = "nearest: " + ", ".join(map(safe, near)) if near else "gastown-tui status lists the agents"
    raise TargetError(f"no agent, session or pane is called {safe(target)}", remedy)


def _names(agent: Agent) -> list[str]:
    """Returns all that means this agent. The pane of a session that is gone is none: another server may use its id again."""
    pane = agent.pane_id if agent.session_id else None
    return [name for name in (agent.id, agent.session, pane, *agent.also) if name]
