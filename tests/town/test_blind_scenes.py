"""Screens recorded by one who had not seen the rules, judged whole, early and late in the life of their programs."""

from __future__ import annotations

from typing import Any

import pytest
from blind import AGENTS, Blind, blind, verdicts
from together import every

from gastown_tui.town.snapshot import Agent, State

AGES = {"early": 30.0, "late": 3600.0}
GONE = {State.DEAD, State.ZOMBIE, State.MISSING}


@pytest.mark.parametrize("product", AGENTS)
def test_screens_that_nobody_had_seen_are_judged_as_they_were(product: str) -> None:
    asked = [(one, when) for one in blind() if one.truth["product"] == product for when in AGES if one.asked(when)]
    every(asked, lambda case: _is_no_lie(*case), lambda case: f"{case[0].id}-{case[1]}")


def test_every_program_is_asked() -> None:
    assert {one.truth["product"] for one in blind()} == set(AGENTS)


def _is_no_lie(one: Blind, when: str) -> None:
    for look, agent in enumerate(verdicts(one, AGES[when])):
        told = [evidence.fact for evidence in agent.evidence]
        assert agent.state.value in one.states(look), told
        assert (agent.state in GONE) == bool({"dead", "zombie"} & set(one.states(look))), told
        if one.kinds and agent.state in (State.WAITING, State.HELD):
            assert _kind(agent) in one.kinds, told
        if one.truth.get("draft"):
            assert agent.activity.draft, told


def _kind(agent: Agent) -> Any:
    """Why it is held, or what kind of question it asks; None for all else."""
    activity = agent.activity
    return activity.held.why if activity.held else activity.question.kind if activity.question else None
