"""A day of the believable town: a gap, a mass death, a flapping agent, and at its end what the town shows now."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from gastown_tui.town.ribbon import CODE, DAY, Ribbon
from gastown_tui.town.snapshot import Agent, State

GAP = range(340, 435)
"""Minutes before now in which nobody looked."""
DEATH = range(262, 270)
"""Minutes before now in which a whole rig was dead."""
FLAPS = range(1, 46, 6)
"""Minutes before now at which one agent died."""


def day(agents: Iterable[Agent], now: float) -> Ribbon:
    """Returns the day before `now` (wall seconds) of these agents."""
    ribbon, last = Ribbon(), int(now // 60)
    ribbon.turn(last)
    for number, agent in enumerate(agents):
        ribbon.add(agent.id, last - DAY + 1, *_cells(agent, number, now))
    return ribbon


# Every console under test has a day.
@cache
def _cells(agent: Agent, number: int, now: float) -> tuple[bytes, bytes]:
    age = DAY if agent.since is None else int(now - agent.since) // 60
    told = [_minute(agent, number, ago, age) for ago in reversed(range(DAY))]
    return bytes(CODE[state] for state, _ in told), bytes(activity for _, activity in told)


def _minute(agent: Agent, number: int, ago: int, age: int) -> tuple[State | None, int]:
    if ago in GAP or (agent.id.endswith(("toast", "slit")) and ago > 9):
        return None, 0
    if ago in DEATH and agent.rig == "gastown":
        return State.DEAD, 1
    if ago in FLAPS and agent.id.endswith("jack"):
        return State.DEAD, 2
    works = (ago // 7 + number) % 5 > 1
    if ago <= age and agent.state not in (State.WORKING, State.IDLE):
        return agent.state, 1
    return (State.WORKING, 2 + (ago * 7 + number * 3) % 8) if works else (State.IDLE, 1)
