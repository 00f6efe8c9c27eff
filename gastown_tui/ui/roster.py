"""Which rows the list has, and in which order. Pure."""

from typing import NamedTuple

from gastown_tui.town.snapshot import Agent, Foreign, State, Town
from gastown_tui.town.text import safe
from gastown_tui.town.words import title, work

SORTS = ("place", "attention", "name", "quiet")
TOWN_LEVEL = "hq"
_WORST_FIRST = (
    State.DEAD,
    State.ZOMBIE,
    State.MISSING,
    State.WAITING,
    State.HELD,
    State.STALLED,
    State.UNKNOWN,
    State.FROZEN,
    State.STARTING,
    State.WORKING,
    State.IDLE,
)


class Row(NamedTuple):
    """One row: an agent, a foreign session, or (neither) the heading of a group with what is wrong in it."""

    key: str
    name: str
    group: str
    agent: Agent | None = None
    foreign: Foreign | None = None
    problems: str = ""
    folded: int = 0

    @property
    def selectable(self) -> bool:
        """A heading can be chosen only where it stands for folded rows: something must unfold them."""
        return self.agent is not None or self.foreign is not None or self.folded > 0


class Wish(NamedTuple):
    """What the operator wants listed."""

    query: str = ""
    sort: str = "place"
    only_problems: bool = False
    folded: frozenset[str] = frozenset()


def group_of(agent: Agent) -> str:
    return agent.rig or TOWN_LEVEL


def fuzzy(query: str, text: str) -> bool:
    """Returns whether every word of the query is in the text, its letters in order but not necessarily together."""
    return all(in_order(word, text.casefold()) for word in query.casefold().split())


def in_order(word: str, text: str) -> bool:
    """Whether the letters of the word stand in the text in that order, together or not."""
    at = -1
    for letter in word:
        at = text.find(letter, at + 1)
        if at < 0:
            return False
    return True


def rows(town: Town, wish: Wish, now: float) -> tuple[Row, ...]:
    """Returns the rows to list. By place they are grouped under headings; any other order is one flat list of full names."""
    agents = [agent for agent in town.agents if _wanted(agent, town, wish, now)]
    foreign = [] if wish.only_problems else [session for session in town.foreign if fuzzy(wish.query, session.session)]
    if wish.sort != "place":
        ordered = sorted(agents, key=lambda agent: _rank(agent, wish.sort, now))
        return (*(Row(agent.id, safe(agent.id), group_of(agent), agent) for agent in ordered), *map(_foreign_row, foreign))
    groups: dict[str, list[Agent]] = {}
    for agent in agents:
        groups.setdefault(group_of(agent), []).append(agent)
    listed = [row for group, members in groups.items() for row in _group(group, members, group in wish.folded, now)]
    if foreign:
        listed.append(Row("group:", "other sessions", ""))
    return (*listed, *map(_foreign_row, foreign))


def next_calling(town: Town, wish: Wish, now: float, after: str) -> Agent | None:
    """Returns who needs a person next in the order of the list, around its end, whether or not their rig is folded."""
    order = rows(town, wish._replace(folded=frozenset()), now)
    here = next((index for index, row in enumerate(order) if row.key == after), -1)
    around = (*order[here + 1 :], *order[: here + 1])
    return next((row.agent for row in around if row.agent and row.agent.needs_you(now)), None)


def _wanted(agent: Agent, town: Town, wish: Wish, now: float) -> bool:
    if wish.only_problems and not agent.needs_you(now):
        return False
    told = agent.id, agent.state, work(agent, town.beads)[0], agent.runtime or ""
    return all(any(fuzzy(word, part) for part in told) for word in wish.query.split())


def _group(group: str, members: list[Agent], folded: bool, now: float) -> list[Row]:
    heading = Row(f"group:{group}", safe(group), group, problems=problems(members, now), folded=len(members) if folded else 0)
    return [heading] if folded else [heading, *(Row(agent.id, title(agent), group, agent) for agent in members)]


def problems(agents: list[Agent], now: float) -> str:
    """Returns `1 dead · 2 ask`: what needs a person among these agents, worst first."""
    states = [agent.state for agent in agents if agent.needs_you(now)]
    counts = {state: states.count(state) for state in _WORST_FIRST if state in states}
    ask = "asks" if counts.get(State.WAITING) == 1 else "ask"
    return " · ".join(f"{count} {ask if state is State.WAITING else state}" for state, count in counts.items())


def _foreign_row(session: Foreign) -> Row:
    return Row(f"session:{session.session_id}", safe(session.session), "", foreign=session)


def _rank(agent: Agent, sort: str, now: float) -> tuple[object, ...]:
    if sort == "attention":
        return not agent.needs_you(now), _WORST_FIRST.index(agent.state)
    if sort == "quiet":
        return (agent.last_output if agent.last_output is not None else float("inf"),)
    return (agent.id,)
