"""How the console calls a person who looks elsewhere: one ring for each new need, and the count in the terminal's title."""

from __future__ import annotations

from math import inf
from pathlib import PurePath

from gastown_tui.town.acks import Ack, Subject, acknowledged, subject
from gastown_tui.town.snapshot import CALLING, GONE, Agent, Nowhere, State, Town
from gastown_tui.town.text import safe
from gastown_tui.town.words import need_you

# Troubles have company: what comes so soon after a ring was called by it.
TOGETHER_S = 2.0


class Calls:
    """Remembers for what it rang. What was there at the start, and what we only now can see of it, rings for nobody."""

    def __init__(self, rings: frozenset[State] = CALLING) -> None:
        self._rings = rings
        self._needs: dict[str, Subject] = {}
        self._states: dict[str, State] = {}
        self._unsure: frozenset[str] | None = None
        self._rang_at = -inf

    def take(self, town: Town, now: float) -> bool:
        """Returns whether to ring, once for all that is new in this town. `now`: wall seconds."""
        first = self._unsure is None
        new = [agent for agent in town.agents if self._is_new(agent, now)]
        if self._unsure is None:
            self._unsure = frozenset(agent.id for agent in town.agents if agent.state is State.UNKNOWN)
        gone = self._states.keys() - {agent.id for agent in town.agents}
        for agent_id in gone:
            self._states.pop(agent_id)
            self._needs.pop(agent_id, None)
        if first or not new or 0 <= now - self._rang_at < TOGETHER_S:
            return False
        self._rang_at = now
        return True

    def _is_new(self, agent: Agent, now: float) -> bool:
        """Notes what an agent needs, and returns whether that began while we looked. Whom we cannot see is as it was."""
        if agent.state is State.UNKNOWN:
            return False
        before, self._states[agent.id] = self._states.get(agent.id), agent.state
        if not agent.needs_you(now):
            if agent.acknowledged is None:
                self._needs.pop(agent.id, None)
            return False
        known = self._needs.get(agent.id)
        self._needs[agent.id] = subject(agent)
        if agent.state not in self._rings or (known is not None and acknowledged(agent, Ack(inf, "", known))):
            return False
        return before is not None or (agent.state not in GONE and agent.id not in (self._unsure or ()))


def overdue_next(town: Town, now: float) -> float | None:
    """Returns when (wall) the next agent needs a person because nothing has revived it in time."""
    due = (agent.expects.overdue_at for agent in town.agents if agent.expects and agent.expects.overdue_at is not None)
    return min((at for at in due if at > now), default=None)


def terminal_title(town: Town | Nowhere | None, now: float) -> str:
    """Returns `gastown-tui: 3 need you · gt`: who needs somebody, or that we cannot see; without either the town alone."""
    if not isinstance(town, Town):
        return "gastown-tui"
    name = safe(town.ref.name or PurePath(town.ref.root).name or "town")
    tmux = town.source("tmux")
    if tmux is not None and tmux.state in ("stale", "error"):
        return f"gastown-tui: cannot see · {name}"
    count = need_you(town, now)
    return f"gastown-tui: {count} need{'s' if count == 1 else ''} you · {name}" if count else f"gastown-tui · {name}"
