"""The sentences that both faces say."""

from __future__ import annotations

import pytest

from gastown_tui.town.snapshot import Activity, Agent, Evidence, Expects, Held, Question, State, Town, TownRef
from gastown_tui.town.words import SHAPES, doing, evidence_text, need_you, outlook, summary_sentence, title, until

NOW = 1_000_000.0


def agent(state: State, *, role: str = "crew", name: str = "jack", expects: Expects | None = None) -> Agent:
    return Agent(f"gastown/{role}/{name}", role, name, state, (Evidence("tmux", "a fact", NOW),), expects=expects)


def town(*states: State) -> Town:
    return Town(TownRef("/gt", None), NOW, agents=tuple(agent(state, name=str(number)) for number, state in enumerate(states)))


@pytest.mark.parametrize(
    ("states", "sentence"),
    [
        ((), "no agents"),
        ((State.WORKING,) * 3, "3 alive"),
        ((State.WORKING, State.DEAD), "1 alive · 1 dead · 1 needs you"),
        ((State.DEAD, State.DEAD), "2 dead · 2 need you"),
        ((State.IDLE, State.WAITING, State.FROZEN, State.UNKNOWN), "2 alive · 1 frozen · 1 unknown · 1 needs you"),
        ((State.ZOMBIE, State.MISSING), "1 zombie · 1 missing · 2 need you"),
    ],
)
def test_summary(states: tuple[State, ...], sentence: str) -> None:
    assert summary_sentence(town(*states), NOW) == sentence


def test_who_is_revived_in_time_needs_nobody() -> None:
    soon = Expects("the daemon's heartbeat starts it", None, NOW + 10)
    gone = Town(TownRef("/gt", None), NOW, agents=(agent(State.MISSING, expects=soon),))
    assert need_you(gone, NOW) == 0
    assert need_you(gone, NOW + 10) == 1


@pytest.mark.parametrize(
    ("state", "expects", "now", "said"),
    [
        (State.DEAD, None, NOW, "nobody restarts it by itself"),
        (State.WORKING, None, NOW, ""),
        (State.DEAD, Expects("its hook respawns it", NOW + 3, NOW + 4), NOW, "its hook respawns it"),
        (State.DEAD, Expects("its hook respawns it", NOW + 3, NOW + 4), NOW + 4, "its hook respawns it, but that is overdue"),
    ],
)
def test_outlook(state: State, expects: Expects | None, now: float, said: str) -> None:
    assert outlook(agent(state, expects=expects), now) == said


def test_evidence_says_how_long_ago_where_it_should() -> None:
    assert evidence_text(Evidence("tmux", "exited with 1", NOW - 62, True), NOW) == "exited with 1, 1 min ago"
    assert evidence_text(Evidence("tmux", "exited\x1b[2J", NOW - 62), NOW) == "exited�[2J"


def test_titles() -> None:
    assert title(agent(State.IDLE)) == "crew jack"
    assert title(agent(State.IDLE, role="witness", name="witness")) == "witness"


def test_every_state_has_a_shape_of_its_own() -> None:
    assert set(SHAPES) == set(State)
    assert len(set(SHAPES.values())) == len(State)


@pytest.mark.parametrize(
    ("state", "activity", "told"),
    [
        (State.WORKING, Activity("tool", "Bash(pytest)"), "Bash(pytest)"),
        (State.WORKING, Activity("tool"), "tool"),
        (State.WORKING, Activity("retrying", "attempt 2/10"), "retrying attempt 2/10"),
        (State.WORKING, Activity("compacting", draft=True), "compacting"),
        (State.IDLE, Activity(draft=True), "draft"),
        (State.IDLE, Activity(draft=False), ""),
        (State.IDLE, Activity("tool", "Bash(pytest)"), ""),
        (State.WAITING, Activity(question=Question("trust", "Do you trust it?")), "asks: Do you trust it?"),
        (State.WAITING, Activity(question=Question("menu", "")), "asks: menu"),
        (State.HELD, Activity(held=Held("limit", "resets 11am", 1_000_060.0)), "until 13:47"),
        (State.HELD, Activity(held=Held("auth", "401 ghp_0123456789abcdefgh")), "401 ••••"),
        (State.DEAD, Activity("tool", "Bash(pytest)", draft=True), ""),
    ],
)
def test_what_an_agent_does_is_told_in_few_words(state: State, activity: Activity, told: str) -> None:
    assert doing(agent(state)._replace(activity=activity), NOW) == told


def test_a_far_end_names_its_day() -> None:
    assert until(NOW + 43_000, NOW) == "until 01:43"
    assert until(NOW + 50_000, NOW) == "until 01-13 03:40"
    assert until(1e30, NOW) == "until ?"
