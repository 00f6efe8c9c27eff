"""What changed while nobody looked."""

from __future__ import annotations

import pytest

from gastown_tui.town.looked import news, sight
from gastown_tui.town.snapshot import Acknowledged, Activity, Agent, Evidence, Held, Question, State, Town, TownRef

AGENT = Agent(
    "mayor", "mayor", "mayor", State.WORKING, (Evidence("tmux", "a fact", 0),), session_created=1.0, pid=10, agent_pid=11
)
ASKS = AGENT._replace(state=State.WAITING, activity=Activity(question=Question("permission", "git push")))
ELSE = ASKS._replace(activity=Activity(question=Question("permission", "git pull")))
HELD = AGENT._replace(state=State.HELD, activity=Activity(held=Held("limit", "resets 11am")))
DEAD = AGENT._replace(state=State.DEAD, agent_pid=None)
UNSEEN = AGENT._replace(state=State.UNKNOWN)
AGAIN = AGENT._replace(agent_pid=12)


def town(*agents: Agent) -> Town:
    return Town(TownRef("/gt", None), 0, agents=agents)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (AGENT, AGENT, "nothing new"),
        (AGENT, AGENT._replace(state=State.IDLE), "nothing new"),
        (AGENT, DEAD, "1 died"),
        (DEAD, DEAD, "nothing new"),
        (DEAD, AGENT, "1 was started again"),
        (AGENT, AGAIN, "1 was started again"),
        (AGENT, ASKS, "1 new question"),
        (ASKS, ASKS, "nothing new"),
        (ASKS, ELSE, "1 new question"),
        (AGENT, ASKS._replace(acknowledged=Acknowledged(1, "")), "nothing new"),
        (AGENT, HELD, "1 newly held"),
        (HELD, HELD._replace(activity=Activity(held=Held("limit", "other words"))), "nothing new"),
        (AGENT, AGENT._replace(state=State.STALLED), "1 newly stalled"),
        (AGENT, UNSEEN, "nothing new"),
        (None, AGENT, "1 came"),
        (None, ASKS, "1 new question"),
        (None, DEAD, "nothing new"),
        (AGENT, None, "1 left"),
    ],
)
def test_two_sights_of_one_agent(before: Agent | None, after: Agent | None, told: str) -> None:
    seen = sight(town(*([before] if before else [])), 5)
    assert news(seen, town(*([after] if after else []))) == told


def test_whom_we_did_not_see_is_in_no_sight() -> None:
    assert sight(town(UNSEEN, AGENT._replace(id="deacon")), 5).agents.keys() == {"deacon"}


def test_many_are_counted_the_worst_first() -> None:
    names = [AGENT._replace(id=str(number)) for number in range(8)]
    now = [*(DEAD._replace(id=str(number)) for number in (0, 1)), *(AGAIN._replace(id=str(number)) for number in (2, 3, 4))]
    now += [ASKS._replace(id=str(number)) for number in (5, 6)]
    assert news(sight(town(*names), 5), town(*now)) == "2 died · 3 were started again · 2 new questions · 1 left"
