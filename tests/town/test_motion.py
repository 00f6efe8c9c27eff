"""Working, idle, starting: by change and time alone, at the edges of every threshold and whatever the clock does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from story import START, Story, facts, living, pane, tree

from gastown_tui.town.activity.judging import FIRST, Subject, judge_activity
from gastown_tui.town.activity.motion import Motion, output_age
from gastown_tui.town.facts import Frame
from gastown_tui.town.programs import find_agent
from gastown_tui.town.snapshot import Moment, State

WORKING, IDLE, STARTING, UNKNOWN = State.WORKING, State.IDLE, State.STARTING, State.UNKNOWN
MAX = pane()
KIMI = pane(env={"GT_ROLE": "alpha/crew/max", "GT_AGENT": "kimi", "GT_PROCESS_NAMES": "kimi,Kimi Code"})


def ago(seconds: float | None) -> Moment | None:
    return None if seconds is None else Moment(START.wall - seconds, START.mono - seconds)


def activity(
    *,
    output: float = 600.0,
    watched: float | None = None,
    changed: float | None = None,
    still: float | None = None,
    former: State | None = None,
    age: float = 3600.0,
    first: float = 300.0,
    program: str = "claude",
    **more: Any,
) -> tuple[State, float | None]:
    """The state and when it changes, from how many seconds ago things happened. `first` was the first look."""
    since_watched = None if watched is None else START.mono - watched
    motion = Motion(ago(first) or START, START.wall - output, since_watched, ago(changed), "text", ago(still))
    found = find_agent(tree(MAX, program, started=START.wall - age), {})
    got = judge_activity(Subject("crew", found, MAX._replace(**more), motion), former, FIRST, START)
    assert got.evidence and all(one.at <= START.wall + 3700 for one in got.evidence)
    return got.state, None if got.next_at is None else round(got.next_at - START.mono, 3)


@pytest.mark.parametrize(
    ("seen", "state", "changes_in"),
    [
        ({"output": 0.0}, WORKING, 3.001),
        ({"output": 3.0}, WORKING, 0.001),
        ({"output": 3.1, "former": WORKING}, WORKING, 6.9),
        ({"output": 3.1, "former": IDLE}, IDLE, 6.9),
        ({"output": 9.9, "former": WORKING}, WORKING, 0.1),
        ({"output": 10.0, "former": WORKING}, IDLE, None),
        ({"output": 10.0}, IDLE, None),
        ({"changed": 0.0}, WORKING, 5.0),
        ({"changed": 4.9}, WORKING, 0.1),
        ({"changed": 5.0, "former": WORKING}, WORKING, 5.0),
        ({"changed": 9.9, "former": WORKING}, WORKING, 0.1),
        ({"changed": 10.0, "former": WORKING}, IDLE, None),
        # What moved last decides.
        ({"changed": 60.0, "output": 2.0}, WORKING, 1.001),
        ({"changed": 2.0, "output": 60.0}, WORKING, 3.0),
        # What we saw move is timed by our own clock, whatever the stamp says.
        ({"watched": 1.0, "output": -3600.0}, WORKING, 2.001),
        ({"watched": 60.0, "output": 0.0}, IDLE, None),
        # One look cannot tell, unless the text was compared.
        ({"output": 6.0}, UNKNOWN, 4.0),
        ({"output": 6.0, "former": UNKNOWN}, UNKNOWN, 4.0),
        ({"output": 6.0, "still": 0.1}, IDLE, None),
        ({"output": 6.0, "still": 6.0, "changed": 5.5}, UNKNOWN, 4.5),
        ({"output": 6.0, "age": 89.0}, STARTING, 4.0),
        ({"output": 6.0, "age": 89.0, "former": IDLE}, IDLE, 4.0),
        ({"output": 6.0, "age": 90.0}, UNKNOWN, 4.0),
        # Nothing drawn yet.
        ({"output": 1.0, "age": 5.0, "blank": True}, STARTING, 85.0),
        ({"output": 60.0, "age": 89.9, "blank": True}, STARTING, 0.1),
        ({"output": 60.0, "age": 90.0, "blank": True}, IDLE, None),
        ({"output": 1.0, "age": 5.0, "blank": True, "watched": 1.0}, WORKING, 2.001),
        ({"output": 60.0, "age": -3600.0, "blank": True}, IDLE, None),
        # kimi-cli repaints itself all the time: its output says nothing, only its title and its text do.
        ({"output": 0.0, "program": "Kimi Code", "first": 0.0}, UNKNOWN, 10.0),
        ({"output": 0.0, "watched": 0.0, "program": "Kimi Code", "first": 9.9}, UNKNOWN, 0.1),
        ({"output": 0.0, "watched": 0.0, "program": "Kimi Code", "first": 10.0}, IDLE, None),
        ({"output": 0.0, "program": "Kimi Code", "first": 0.7, "still": 0.0}, IDLE, None),
        ({"output": 0.0, "program": "Kimi Code", "changed": 1.0}, WORKING, 4.0),
        ({"output": 0.0, "program": "Kimi Code", "changed": 7.0, "former": WORKING}, WORKING, 3.0),
        ({"output": 0.0, "program": "Kimi Code", "changed": 10.0, "former": WORKING}, IDLE, None),
        # A stamp from the future says nothing, until something moves.
        ({"output": -2.0}, WORKING, 3.001),
        ({"output": -3600.0, "first": 1.0}, UNKNOWN, 9.0),
        ({"output": -3600.0, "first": 10.0}, IDLE, None),
    ],
)
def test_thresholds(seen: dict[str, Any], state: State, changes_in: float | None) -> None:
    assert activity(**seen) == (state, changes_in)


def test_a_change_between_two_looks_is_work_and_ten_quiet_seconds_are_idleness() -> None:
    story = Story()
    story.look(MAX)
    assert story.agent().state == IDLE
    story.wait(1.0)
    story.tell(story.listing(MAX._replace(title="⠂ Claude Code")))
    assert (story.agent().state, facts(story.agent()).split(" | ")[0]) == (WORKING, "its title changed")
    assert story.agent().since == story.now.wall
    assert story.later(9.9).agents[0].state == WORKING
    assert story.later(0.1).agents[0].state == IDLE


def test_output_is_told_by_the_stamp_and_seen_by_our_own_clock() -> None:
    story = Story()
    story.look(MAX)
    story.wait(1.0)
    story.tell(story.listing(MAX._replace(window_activity=START.wall + 1)))
    assert (story.agent().state, story.agent().last_output) == (WORKING, START.wall + 1)
    assert story.agent().evidence[0].fact == "last output" and story.agent().evidence[0].ago


def test_text_that_was_compared_settles_what_one_look_cannot() -> None:
    for changed, state in ((False, IDLE), (True, WORKING)):
        story = Story()
        amp = pane(window_activity=START.wall - 6, env={"GT_ROLE": "alpha/crew/max", "GT_AGENT": "amp"})
        story.tell(story.listing(amp), tree(amp, "amp"), Frame("%1", ("words",), story.now))
        assert story.agent().state == UNKNOWN
        assert facts(story.agent()).split(" | ")[:2] == ["last output", "one look cannot tell whether it works"]
        assert story.judgement.judged["alpha/crew/max"].look_at == story.now.mono + 0.7
        story.wait(0.7)
        story.tell(Frame("%1", ("other" if changed else "words",), story.now), Frame("%99", ("x",), story.now))
        assert story.agent().state == state


def test_kimi_is_quiet_since_its_text_moved_last() -> None:
    story = Story()
    story.tell(story.listing(KIMI), tree(KIMI, "Kimi Code"), Frame("%1", ("words",), story.now))
    assert (story.agent().runtime, story.agent().last_output) == ("kimi", None)
    story.wait(3.0)
    story.tell(Frame("%1", ("other",), story.now))
    assert story.agent().last_output == START.wall + 3
    story.wait(10.0)
    story.tell(story.listing(KIMI._replace(window_activity=story.now.wall)), Frame("%1", ("other",), story.now))
    assert story.agent().last_output == START.wall + 3


@pytest.mark.parametrize("hours", [-1.0, 1.0])
def test_a_clock_that_is_set_changes_no_state_and_is_told_for_ten_minutes(hours: float) -> None:
    story = Story()
    quiet, busy = pane(number=1), pane("alpha/crew/joe", 2, window_activity=START.wall - 1)
    story.look(quiet, busy)
    assert [one.state for one in story.judgement.town.agents] == [WORKING, IDLE]
    story.now = Moment(START.wall + hours * 3600 + 1, START.mono + 1)
    story.tell(story.listing(quiet, busy))
    assert [one.state for one in story.judgement.town.agents] == [WORKING, IDLE]
    assert story.agent().last_output == quiet.window_activity + hours * 3600
    (notice,) = story.judgement.town.notices
    assert notice.code == "clock" and notice.text.startswith(f"the clock was set {'forward' if hours > 0 else 'back'} by 1 h;")
    story.wait(599.0)
    story.tell(story.listing(quiet, busy))
    assert story.judgement.town.notices == (notice,)
    assert story.later(1.0).notices == ()


def test_a_clock_that_only_drifts_is_not_told() -> None:
    story = Story()
    story.look(MAX)
    story.now = Moment(START.wall + 61.9, START.mono + 60)
    story.tell(story.listing(MAX))
    assert story.judgement.town.notices == ()


def test_a_stamp_from_the_future_is_named_as_such() -> None:
    story = Story()
    story.look(pane(window_activity=START.wall + 3600))
    assert story.agent().state == UNKNOWN
    assert "the stamp of its last output lies in the future: the clock was set back" in facts(story.agent())


STAMPS = st.floats(-1e9, 1e9)
SINCE = st.one_of(st.none(), st.floats(0, 1e6))


@given(STAMPS, SINCE, SINCE, SINCE, STAMPS, st.sampled_from([None, *State]), st.booleans(), st.sampled_from(["claude", "kimi"]))
def test_no_age_is_ever_negative_and_no_moment_lies_behind(
    output: float,
    watched: float | None,
    changed: float | None,
    still: float | None,
    age: float,
    former: State | None,
    blank: bool,
    program: str,
) -> None:
    motion = Motion(
        START, START.wall - output, None if watched is None else START.mono - watched, ago(changed), "text", ago(still)
    )
    assert (output_age(motion, START) or 0.0) >= 0.0
    found = find_agent(tree(MAX, program, started=START.wall - age), {})
    got = judge_activity(Subject("crew", found, MAX._replace(blank=blank), motion), former, FIRST, START)
    assert got.state in (WORKING, IDLE, STARTING, UNKNOWN) and got.evidence
    assert got.next_at is None or START.mono < got.next_at <= START.mono + 92


def test_a_pane_that_was_respawned_is_looked_at_afresh() -> None:
    story = Story()
    story.look(pane(window_activity=START.wall - 1))
    story.wait(1.0)
    again = pane(pid=777, window_activity=START.wall - 1)
    story.tell(story.listing(again), living(again, story.now, started=story.now.wall - 20))
    assert story.agent().agent_started == story.now.wall - 20 and story.agent().session_created == MAX.session_created
