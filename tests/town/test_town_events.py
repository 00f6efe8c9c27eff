"""Which of the town's own events a person is told of, and in which words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from story import Story

from gastown_tui.town.events import MOST_TEXT, names, told
from gastown_tui.town.snapshot import Agent, Evidence, State, Told, Town

AT = 1_800_000_000.0


def words(kind: str, actor: str = "mayor/", **payload: Any) -> tuple[str, str]:
    found = told({"type": kind, "actor": actor, "payload": payload}, AT)
    assert found is not None and (found.at, found.kind) == (AT, kind)
    return found.who, found.text


@pytest.mark.parametrize(
    ("kind", "actor", "payload", "who", "text"),
    [
        ("session_start", "gastown/crew/jack", {"role": "gastown/crew/jack"}, "gastown/crew/jack", "session began"),
        (
            "session_death",
            "daemon",
            {"session": "gt-nux", "agent": "gastown/polecats/nux", "reason": "self-clean: done means idle", "caller": "daemon"},
            "gastown/polecats/nux",
            "session ended: self-clean: done means idle",
        ),
        ("session_death", "daemon", {"session": "gt-nux"}, "gt-nux", "session ended"),
        (
            "mass_death",
            "daemon",
            {"count": 12, "window": "30s", "sessions": ["a", "b"], "possible_cause": "tmux was killed"},
            "",
            "12 sessions died within 30s: tmux was killed",
        ),
        (
            "nudge",
            "mayor/",
            {"rig": "gastown", "target": "gastown/nux", "reason": "go  on"},
            "gastown/nux",
            "nudged by mayor: go on",
        ),
        ("polecat_nudged", "gastown/witness", {"target": "nux", "reason": "idle"}, "nux", "nudged by gastown/witness: idle"),
        ("handoff", "gastown/crew/jack", {"to_session": True, "subject": "tired"}, "gastown/crew/jack", "handed off: tired"),
        ("sling", "mayor/", {"bead": "gt-1", "target": "gastown/nux"}, "gastown/nux", "slung gt-1 by mayor"),
        ("done", "gastown/nux", {"bead": "gt-1", "branch": "nux/gt-1"}, "gastown/nux", "done with gt-1: nux/gt-1"),
        ("spawn", "mayor", {"rig": "gastown", "polecat": "nux"}, "gastown/polecats/nux", "spawned by mayor"),
        ("boot", "mayor", {"rig": "town", "agents": ["mayor", "deacon"]}, "mayor", "booted town: mayor, deacon"),
        ("halt", "overseer", {"services": ["daemon"]}, "overseer", "halted: daemon"),
        ("merge_failed", "x", {"worker": "gastown/nux", "branch": "b", "reason": "red"}, "gastown/nux", "failed to merge b: red"),
        ("merged", "gastown/refinery", {"rig": "g", "message": "all green"}, "gastown/refinery", "merged: all green"),
        (
            "escalation_sent",
            "gastown/witness",
            {"rig": "gt-9", "target": "mayor", "to": "human", "reason": "stuck", "severity": "high"},
            "gastown/witness",
            "escalated to human, high: stuck",
        ),
        ("escalation_acked", "x", {"escalation_id": "gt-9", "acked_by": "mayor"}, "mayor", "acknowledged the escalation gt-9"),
        ("escalation_closed", "x", {"escalation_id": "gt-9", "reason": "done"}, "x", "closed the escalation gt-9: done"),
        ("lunch_break", "gastown/crew/jack", {"message": "soup"}, "gastown/crew/jack", "lunch break: soup"),
        ("lunch_break", "gastown/crew/jack", {}, "gastown/crew/jack", "lunch break"),
    ],
)
def test_what_a_person_is_told(kind: str, actor: str, payload: dict[str, Any], who: str, text: str) -> None:
    assert words(kind, actor, **payload) == (who, text)


@pytest.mark.parametrize(
    "kind", ["mail", "hook", "unhook", "patrol_started", "patrol_complete", "polecat_checked", "", None, 7, []]
)
def test_what_nobody_is_told(kind: Any) -> None:
    assert told({"type": kind, "actor": "mayor", "payload": {}}, AT) is None


@given(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(
                ["session_start", "session_death", "mass_death", "nudge", "spawn", "merged", "escalation_sent", "x"]
            ),
            "actor": st.none() | st.text() | st.integers() | st.lists(st.text()),
            "payload": st.none()
            | st.text()
            | st.dictionaries(
                st.sampled_from(["target", "session", "reason", "count", "rig", "polecat", "to", "agent", "message"]),
                st.none() | st.text() | st.integers() | st.floats() | st.lists(st.text()) | st.booleans(),
            ),
        }
    )
)
def test_whatever_the_fields_hold_it_is_one_short_line(event: dict[str, Any]) -> None:
    found = told(event, AT)
    assert found is not None and len(found.who) <= MOST_TEXT and len(found.text) <= MOST_TEXT and "\n" not in found.text


def test_an_agent_goes_by_its_address_a_short_one_and_its_session() -> None:
    nux = Agent(
        "gastown/polecats/nux", "polecat", "nux", State.IDLE, (Evidence("tmux", "-", 0),), rig="gastown", session="gt-nux"
    )
    mayor = Agent("mayor", "mayor", "mayor", State.IDLE, (Evidence("tmux", "-", 0),))
    crew = Agent("gastown/crew/nux", "crew", "nux", State.IDLE, (Evidence("tmux", "-", 0),), rig="gastown")
    called = {"mayor": "mayor", "gastown/polecats/nux": "gastown/polecats/nux", "gt-nux": "gastown/polecats/nux"}
    assert names([mayor, nux]) == {**called, "gastown/nux": "gastown/polecats/nux"}
    assert names([mayor, nux, crew]) == {**called, "gastown/crew/nux": "gastown/crew/nux"}


def test_a_town_carries_its_events_and_says_where_they_cannot_be_read() -> None:
    event = Told(1.0, "nudge", "mayor", "nudged")
    story = Story(events=(event,), recorded="")
    assert story.judgement.town.events == (event,)
    assert states(story.judgement.town) == {"town": "ok", "events": "ok"}
    town = story.tell(story.files._replace(recorded=".events.jsonl: Permission denied"))
    assert states(town) == {"town": "ok", "events": "stale"} and town.events == (event,)
    assert states(Story().judgement.town) == {"town": "ok"}


def states(town: Town) -> dict[str, str]:
    return {source.name: source.state for source in town.sources}
