"""Whom a person means: exact names, the short form, and what is near when nobody is meant."""

from __future__ import annotations

import pytest
from story import START, Story, pane

from gastown_tui.town.snapshot import Town
from gastown_tui.town.targets import TargetError, find

ROLES = ("mayor", "alpha/witness", "alpha/crew/max", "alpha/crew/nux", "alpha/polecats/nux", "alpha/polecats/tom")


@pytest.fixture(name="town")
def _town() -> Town:
    story = Story()
    panes = [pane(role, number) for number, role in enumerate(ROLES, 1)]
    return story.look(*panes, pane("mayor", 9, session="old-mayor", session_created=START.wall - 5000))


@pytest.mark.parametrize(
    ("target", "agent_id"),
    [
        ("mayor", "mayor"),
        ("hq-mayor", "mayor"),
        ("old-mayor", "mayor"),
        ("%1", "mayor"),
        ("alpha/witness", "alpha/witness"),
        ("alpha/crew/nux", "alpha/crew/nux"),
        ("alpha/max", "alpha/crew/max"),
        ("alpha/tom", "alpha/polecats/tom"),
        ("al-crew-max", "alpha/crew/max"),
    ],
)
def test_who_is_meant(town: Town, target: str, agent_id: str) -> None:
    assert find(town, target).id == agent_id


@pytest.mark.parametrize(
    ("target", "message", "remedy"),
    [
        ("alpha/nux", "alpha/nux is ambiguous", "say one of: alpha/crew/nux, alpha/polecats/nux"),
        ("alpha/crew/mx", "no agent, session or pane is called alpha/crew/mx", "nearest: alpha/crew/max"),
        ("Mayor", "no agent, session or pane is called Mayor", "nearest: mayor"),
        ("%", "no agent, session or pane is called %", ""),
        ("max", "no agent, session or pane is called max", ""),
        ("", "no agent, session or pane is called ", "gastown-tui status lists the agents"),
        ("a\x1b[2J", "no agent, session or pane is called a�[2J", ""),
    ],
)
def test_who_is_not_meant(town: Town, target: str, message: str, remedy: str) -> None:
    with pytest.raises(TargetError) as caught:
        find(town, target)
    assert str(caught.value) == message and caught.value.remedy.startswith(remedy)


def test_near_names_are_inert() -> None:
    odd = pane(session="al-crew-\x1bmax", number=1)
    with pytest.raises(TargetError) as caught:
        find(Story().look(odd), "al-crew-max")
    assert "\x1b" not in caught.value.remedy and "al-crew-�max" in caught.value.remedy


def test_the_pane_of_a_session_that_is_gone_means_nobody(town: Town) -> None:
    gone = tuple(one._replace(session_id=None) if one.id == "mayor" else one._replace(pane_id="%1") for one in town.agents[:2])
    assert find(town._replace(agents=gone), "%1").id == "alpha/witness"
