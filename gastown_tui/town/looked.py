"""What changed while nobody looked: a town as a person last saw it, compared with what it is now. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from math import inf
from typing import NamedTuple

from .acks import Ack, Subject, acknowledged, subject
from .snapshot import ALIVE, GONE, Agent, State, Town

# Who looks away for less has not been away.
AWAY_S = 60.0


class Sight(NamedTuple):
    """A town as somebody saw it at `at` (wall seconds): agent id -> what it was. Whom we could not see is left out."""

    at: float
    agents: Mapping[str, Subject]


def sight(town: Town, now: float) -> Sight:
    """Returns what a person who looks at the town now sees."""
    return Sight(now, {agent.id: subject(agent) for agent in town.agents if agent.state is not State.UNKNOWN})


def news(before: Sight, town: Town) -> str:
    """Returns `1 died · 3 were started again · 2 new questions`, or `nothing new`.

    Two sights are compared: who died and lives again was started again, whoever did it.
    """
    counts = Counter(kind for agent in town.agents if (kind := _kind(before.agents.get(agent.id), agent)))
    counts["left"] = len(before.agents.keys() - {agent.id for agent in town.agents})
    return " · ".join(_counted(counts)) or "nothing new"


_WORDS = {
    "died": ("{} died", "{} died"),
    "again": ("{} was started again", "{} were started again"),
    "question": ("{} new question", "{} new questions"),
    "held": ("{} newly held", "{} newly held"),
    "stalled": ("{} newly stalled", "{} newly stalled"),
    "came": ("{} came", "{} came"),
    "left": ("{} left", "{} left"),
}
_NEW = {State.WAITING: "question", State.HELD: "held", State.STALLED: "stalled"}


def _counted(counts: Mapping[str, int]) -> Iterator[str]:
    for kind, (one, many) in _WORDS.items():
        if count := counts[kind]:
            yield (one if count == 1 else many).format(count)


def _kind(was: Subject | None, agent: Agent) -> str:
    """Returns the one thing about an agent that is most worth telling; empty where nothing is."""
    if agent.state is State.UNKNOWN:
        return ""
    if agent.state in GONE:
        return "died" if was is not None and was.state in ALIVE else ""
    if agent.state in _NEW and agent.acknowledged is None and not (was and acknowledged(agent, Ack(inf, "", was))):
        return _NEW[agent.state]
    if was is None:
        return "came"
    return "again" if agent.state in ALIVE and _is_another(was, subject(agent)) else ""


def _is_another(was: Subject, now: Subject) -> bool:
    """Whether another process lives there: what died is another when it lives, and so is what has another pid or session."""
    if was.state in GONE:
        return True
    pairs = ((was.session_created, now.session_created), (was.agent_pid, now.agent_pid))
    return any(one is not None and other is not None and one != other for one, other in pairs)
