"""What holds for the values of a town, however they are made."""

from __future__ import annotations

from operator import eq, ne

import pytest

from gastown_tui.town.snapshot import Agent, Evidence, SourceState, State, Town, TownRef

FIRST, LATER = (Evidence("tmux", "it runs", at) for at in (1.0, 2.0))
AGENT = Agent("mayor", "mayor", "mayor", State.IDLE, (FIRST,))
TOWN = Town(TownRef("/gt", None), 1.0, agents=(AGENT,), sources=(SourceState("tmux", "ok", 1.0),))


def alike(one: object, other: object) -> None:
    assert eq(one, other) and not ne(one, other) and hash(one) == hash(other)


def test_no_state_is_made_without_evidence() -> None:
    with pytest.raises(ValueError, match="mayor is said to be idle without evidence"):
        Agent("mayor", "mayor", "mayor", State.IDLE, evidence=())
    with pytest.raises(ValueError, match="mayor is said to be dead without evidence"):
        AGENT._replace(state=State.DEAD, evidence=())
    assert AGENT._replace(title="x").title == "x"


def test_when_one_looked_is_no_part_of_what_one_saw() -> None:
    alike(FIRST, LATER)
    again = Town(TOWN.ref, 2.0, agents=(AGENT._replace(evidence=(LATER,)),), sources=(SourceState("tmux", "ok", 2.0),))
    alike(again, TOWN)


@pytest.mark.parametrize(
    "other",
    [
        FIRST._replace(fact="it ran"),
        FIRST._replace(ago=True),
        ("tmux", "it runs", 1.0, False),
        SourceState("tmux", "it runs", 1.0),
    ],
)
def test_all_else_is_part_of_it(other: object) -> None:
    assert ne(FIRST, other) and not eq(FIRST, other)
