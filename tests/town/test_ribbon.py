"""The last day: who tells it, in which order and how often is no matter; the worst wins; minutes are those of the wall clock."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.town.lines import Line
from gastown_tui.town.monitor import Reckoning
from gastown_tui.town.ribbon import CODE, CODES, DAY, MOST_AGENTS, Recorder, Ribbon, told_by_log, worst
from gastown_tui.town.snapshot import Agent, Evidence, Moment, SourceState, State, Town, TownRef

NOW = 29_920_962
STATES = [state for state in CODES if state]
WORKING, IDLE, DEAD = (CODE[state] for state in (State.WORKING, State.IDLE, State.DEAD))

Mark = tuple[str, int, State, int]
marks = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(NOW - DAY - 5, NOW + 2), st.sampled_from(STATES), st.integers(0, 9)),
    max_size=30,
)
rows = st.binary(min_size=1, max_size=200).map(lambda row: bytes(byte & 127 for byte in row))


def ribbon(told: Sequence[Mark], minute: int = NOW) -> Ribbon:
    made = Ribbon()
    made.turn(minute)
    for mark in told:
        made.mark(*mark)
    return made


def days(of: Ribbon, minute: int = NOW) -> dict[str, tuple[bytes, bytes]]:
    every = {agent: (of.cells(agent, minute, DAY), of.activity(agent, minute, DAY)) for agent in of.agents}
    return {agent: day for agent, day in every.items() if any(day[0])}


def test_every_state_has_its_code() -> None:
    assert set(CODES) == {None, *State} and len(CODES) == len(CODE)


@given(rows, rows)
def test_the_greater_byte_wins_at_each_place(one: bytes, other: bytes) -> None:
    other = other[: len(one)].ljust(len(one), b"\0")
    assert worst(one, other) == bytes(map(max, one, other))


@given(marks, st.randoms())
def test_order_and_repetition_are_no_matter(told: list[Mark], chance: Random) -> None:
    shuffled = [*told, *told]
    chance.shuffle(shuffled)
    assert days(ribbon(told)) == days(ribbon(shuffled))


@given(marks, marks)
def test_two_sources_join_as_one_whoever_comes_first(one: list[Mark], other: list[Mark]) -> None:
    ours, theirs = ribbon(one), ribbon(other)
    ours.merge(ribbon(other))
    theirs.merge(ribbon(one))
    assert days(ours) == days(theirs) == days(ribbon([*one, *other]))
    ours.merge(theirs)
    assert days(ours) == days(theirs)


@given(marks, st.integers(-3, DAY + 3))
def test_a_day_that_rolled_on_is_the_day_that_was_told_then(told: list[Mark], by: int) -> None:
    rolled = ribbon(told)
    rolled.turn(NOW + by)
    end = max(NOW, NOW + by)
    kept = [mark for mark in told if mark[1] <= NOW]
    assert days(rolled, end) == days(ribbon(kept, end), end)


@given(marks, st.integers(NOW - 100, NOW + 100), st.integers(1, 40), st.sampled_from([1, 5, 15, 30]))
def test_a_cell_is_the_worst_of_its_minutes(told: list[Mark], minute: int, count: int, step: int) -> None:
    made = ribbon(told)
    cells = made.cells("a", minute, count, step)
    minutes = made.cells("a", minute // step * step + step - 1, count * step)
    assert list(cells) == [max(minutes[start : start + step]) for start in range(0, count * step, step)]


@given(marks, st.sampled_from([1, 5, 15, 30]))
def test_activity_is_the_mean_of_the_minutes_that_were_looked_at(told: list[Mark], step: int) -> None:
    made = ribbon(told)
    minutes = [level for level in made.activity("a", NOW // step * step + step - 1, step) if level]
    (level,) = made.activity("a", NOW, 1, step)
    assert (level == 0) == (not minutes)
    assert not minutes or (min(minutes) <= level <= max(minutes) and 0 <= level - sum(minutes) / len(minutes) < 1)


def test_what_is_known_of_nobody_is_nothing() -> None:
    made = ribbon([("a", NOW, State.IDLE, 1)])
    for step in (1, 5, 30):
        assert made.cells("b", NOW, 7, step) == made.activity("b", NOW, 7, step) == bytes(7)
    assert made.cells("a", NOW + 5000, 7) == made.cells("a", NOW - 5000, 7) == bytes(7)
    assert made.cells("a", NOW, 5000, 30)[-1] == IDLE and made.cells("a", NOW, 0) == b""


def test_who_left_a_day_ago_is_forgotten() -> None:
    made = ribbon([("a", NOW, State.DEAD, 1), ("b", NOW - 1, State.DEAD, 1)])
    made.turn(NOW + DAY - 1)
    assert made.agents == ("a",)
    made.turn(NOW + DAY)
    assert made.agents == ()


def test_a_clock_that_is_set_back_by_more_than_a_day_begins_anew() -> None:
    made = ribbon([("a", NOW, State.DEAD, 1)])
    made.turn(NOW - 2 * DAY)
    made.mark("a", NOW - 2 * DAY, State.IDLE)
    assert days(made, NOW - 2 * DAY)["a"][0][-2:] == bytes([0, IDLE])
    assert made.cells("a", NOW, 1) == b"\0"


def test_more_agents_than_a_town_has_are_not_kept() -> None:
    made = ribbon([(str(number), NOW, State.IDLE, 1) for number in range(MOST_AGENTS + 5)])
    assert len(made.agents) == MOST_AGENTS


def test_only_a_cell_that_changes_is_a_new_version() -> None:
    made = ribbon([("a", NOW, State.WORKING, 5)])
    version = made.version
    made.mark("a", NOW, State.IDLE, 5)
    made.mark("a", NOW + 1, State.DEAD)
    made.turn(NOW)
    assert made.version == version
    made.mark("a", NOW, State.DEAD)
    assert made.version > version


def agent(agent_id: str, state: State, output: float | None = None) -> Agent:
    return Agent(agent_id, "crew", agent_id, state, (Evidence("tmux", "seen", 0.0),), last_output=output)


def town(*agents: Agent, tmux: str = "ok") -> Town:
    return Town(TownRef("/gt", None), 0.0, agents=agents, sources=(SourceState("tmux", tmux),))


def at(minute: float) -> Moment:
    return Moment(60 * (NOW + minute), 60 * minute)


def test_a_minute_shows_its_worst_moment() -> None:
    made = Ribbon()
    recorder = Recorder(made)
    for second, state in enumerate((State.WORKING, State.DEAD, State.STARTING, State.IDLE)):
        assert recorder.see(town(agent("a", state)), at(second / 60)) is None
    assert list(made.cells("a", NOW, 2)) == [0, DEAD]


def test_the_turn_of_a_minute_marks_who_did_not_change_and_tells_the_minute_before() -> None:
    made, still, gone = Ribbon(), agent("a", State.IDLE), agent("b", State.WORKING)
    recorder = Recorder(made)
    recorder.see(town(still, gone), at(0))
    over = recorder.see(town(still), at(1))
    assert over is not None and over.minute == NOW and over.seen == {"a": (IDLE, 1), "b": (WORKING, 1)}
    assert list(made.cells("a", NOW + 1, 2)) == [IDLE, IDLE] and list(made.cells("b", NOW + 1, 2)) == [WORKING, 0]
    last = recorder.last()
    assert last is not None and last == (NOW + 1, {"a": (IDLE, 1)})


@pytest.mark.parametrize("tmux", ["stale", "error"])
def test_while_the_server_does_not_answer_nobody_looked(tmux: str) -> None:
    made, still = Ribbon(), agent("a", State.WORKING)
    recorder = Recorder(made)
    assert recorder.last() is None
    for minute, how in enumerate(("ok", tmux, tmux, "ok", "absent")):
        recorder.see(town(still, tmux=how), at(minute))
    assert list(made.cells("a", NOW + 4, 5)) == [WORKING, 0, 0, WORKING, WORKING]


def test_a_clock_that_jumps_leaves_a_gap_and_one_that_goes_back_meets_its_cells() -> None:
    made = Ribbon()
    recorder = Recorder(made)
    for minute, state in ((0, State.DEAD), (60, State.WORKING), (0, State.IDLE), (1, State.IDLE)):
        recorder.see(town(agent("a", state)), at(minute))
    assert list(made.cells("a", NOW + 60, 61)) == [DEAD, IDLE, *[0] * 58, WORKING]


@pytest.mark.parametrize(("every", "level"), [(1, 9), (4, 9), (10, 5), (30, 3), (60, 2), (None, 1)])
def test_activity_is_the_share_of_a_minute_in_which_it_printed(every: int | None, level: int) -> None:
    made = Ribbon()
    recorder = Recorder(made)
    told = agent("a", State.WORKING, 60.0 * NOW - 300)
    for second in range(60):
        if every and second % every == 0:
            told = told._replace(last_output=60.0 * NOW + second)
        recorder.see(town(told), at(second / 60))
    assert list(made.activity("a", NOW, 1)) == [level]


def test_output_of_another_minute_is_none_of_this_one() -> None:
    made = Ribbon()
    recorder = Recorder(made)
    for second in range(60):
        recorder.see(town(agent("a", State.IDLE, 60.0 * NOW + 60 + second)), at(second / 60))
    assert list(made.activity("a", NOW, 1)) == [1]


def test_who_did_not_change_costs_nothing() -> None:
    made = Ribbon()
    recorder = Recorder(made)
    fleet = [agent(str(number), State.WORKING) for number in range(300)]
    recorder.see(town(*fleet), at(0))
    version = made.version
    recorder.see(town(*fleet[1:], agent("0", State.DEAD)), at(0.1))
    assert made.version == version + 1


def test_whom_the_automonitor_restarted_is_told_once_with_its_moment() -> None:
    reckoning = Reckoning()
    for second, text in enumerate(
        (
            "Session hq-mayor age: 72m (>3600s) → restart",
            "Restarted hq-mayor via gt mayor restart",
            "Restarted session gt-x",
            "fine",
        )
    ):
        line = Line(second, "ok", ts=60.0 * NOW + 30 * second, level="INFO", component="handoff", message=text)
        reckoning.take([line], 60.0 * NOW + 90)
    assert list(told_by_log(reckoning.digest())) == [
        ("hq-mayor", 60.0 * NOW, State.STARTING),
        ("gt-x", 60.0 * NOW + 60, State.STARTING),
    ]
