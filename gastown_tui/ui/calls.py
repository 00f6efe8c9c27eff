"""How the console calls a person who looks elsewhere: one ring for each new need, and the count in the terminal's title."""

from __future__ import annotations

from math import inf
from pathlib import PurePath
from typing import NamedTuple

from gastown_tui.town.acks import Ack, Subject, acknowledged, subject
from gastown_tui.town.snapshot import CALLING, GONE, Agent, Nowhere, State, Town
from gastown_tui.town.text import safe
from gastown_tui.town.words import need_you

# Troubles have company: what comes so soon after a ring was called by it.
TOGETHER_S = 2.0
# Whoever was rung for is being seen to, or flickers: the same need soon again, and another wording of it, are no new one.
AGAIN_S, REWORDED_S = 10.0, 30.0


class Need(NamedTuple):
    """What an agent needed, since when (wall seconds), and when that was over; None while it stands."""

    subject: Subject
    since: float
    over: float | None = None


class Calls:
    """Remembers for what it rang. What was there at the start, and what we only now can see of it, rings for nobody."""

    def __init__(self, rings: frozenset[State] = CALLING) -> None:
        self._rings = rings
        self._needs: dict[str, Need] = {}
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
        known = self._needs.get(agent.id)
        if not agent.needs_you(now):
            if known is not None and known.over is None and agent.acknowledged is None:
                self._needs[agent.id] = known._replace(over=now)
            return False
        if known is not None and _goes_on(known, agent, now):
            self._needs[agent.id] = Need(subject(agent), known.since)
            return False
        self._needs[agent.id] = Need(subject(agent), now)
        if agent.state not in self._rings:
            return False
        return before is not None or (agent.state not in GONE and agent.id not in (self._unsure or ()))


def _goes_on(need: Need, agent: Agent, now: float) -> bool:
    if acknowledged(agent, Ack(inf, "", need.subject)):
        return need.over is None or now - need.over < AGAIN_S
    return need.over is None and need.subject.state is agent.state and now - need.since < REWORDED_S


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
