"""What `watch` tells: every change once, restless ones when they have lasted, sources too."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from story import START

from gastown_tui.town.changes import SETTLED_S, Changes
from gastown_tui.town.snapshot import Agent, Evidence, Moment, SourceState, State, Town, TownRef

REF = TownRef("/gt", None)


class Watch:
    """Changes, and a clock to let pass."""

    def __init__(self) -> None:
        self.changes = Changes()
        self.now = START

    def see(
        self, *sources: SourceState, after: float = 0.0, initial: bool = False, **states: State
    ) -> list[tuple[str, str | None, str | None]]:
        self.now = Moment(self.now.wall + after, self.now.mono + after)
        agents = tuple(Agent(name, "crew", name, state, (Evidence("tmux", "so", 0.0),)) for name, state in states.items())
        town = Town(REF, self.now.wall, agents=agents, sources=sources)
        lines = self.changes.take(town, self.now, initial=initial)
        return [(line.get("agent") or line["source"], line["from"], line["to"]) for line in lines]


WORKS, RESTS, DEAD, UNSEEN = State.WORKING, State.IDLE, State.DEAD, State.UNKNOWN


def test_the_first_town_is_told_only_if_that_was_asked_for() -> None:
    assert Watch().see(max=WORKS) == []
    assert Watch().see(max=WORKS, joe=DEAD, initial=True) == [("max", None, "working"), ("joe", None, "dead")]


def test_what_is_not_restless_is_told_at_once() -> None:
    watch = Watch()
    watch.see(max=WORKS)
    assert watch.see(max=DEAD) == [("max", "working", "dead")]
    assert watch.see(max=DEAD) == []
    assert watch.see(max=UNSEEN) == [("max", "dead", "unknown")]
    assert watch.see(max=WORKS) == [("max", "unknown", "working")]


def test_working_and_idle_are_told_once_they_lasted_two_seconds() -> None:
    watch = Watch()
    watch.see(max=WORKS)
    assert watch.see(max=RESTS, after=5.0) == []
    assert watch.changes.next_at() == watch.now.mono + SETTLED_S
    assert watch.see(max=RESTS, after=1.9) == []
    assert watch.see(max=RESTS, after=0.1) == [("max", "working", "idle")]
    assert watch.changes.next_at() is None


def test_what_was_waited_for_is_told_before_it_has_lasted() -> None:
    watch = Watch()
    watch.see(max=WORKS, joe=WORKS)
    assert watch.see(max=RESTS, joe=RESTS, after=5.0) == []
    watch.changes.hurry("max")
    assert watch.see(max=RESTS, joe=RESTS) == [("max", "working", "idle")]
    watch.changes.hurry("max")
    assert watch.see(max=RESTS, joe=RESTS, after=1.0) == []


def test_a_moment_of_idleness_is_not_told() -> None:
    watch = Watch()
    watch.see(max=WORKS)
    assert watch.see(max=RESTS, after=5.0) == [] and watch.see(max=WORKS, after=1.0) == []
    assert watch.changes.next_at() is None
    assert watch.see(max=RESTS, after=1.5) == [] and watch.see(max=RESTS, after=1.9) == []
    assert watch.see(max=RESTS, after=0.2) == [("max", "working", "idle")]


def test_a_death_in_a_moment_of_idleness_is_told_from_what_was_told_last() -> None:
    watch = Watch()
    watch.see(max=WORKS)
    watch.see(max=RESTS, after=5.0)
    assert watch.see(max=DEAD, after=1.0) == [("max", "working", "dead")]
    assert watch.changes.next_at() is None


def test_who_comes_and_who_leaves() -> None:
    watch = Watch()
    watch.see(max=WORKS)
    assert watch.see(max=WORKS, nux=State.STARTING) == [("nux", None, "starting")]
    watch.see(max=RESTS, nux=State.STARTING)
    assert watch.see(nux=State.STARTING) == [("max", "working", None)]
    assert watch.changes.next_at() is None
    assert watch.see(nux=State.STARTING, max=RESTS) == [("max", None, "idle")]


def test_a_source_that_is_lost_and_comes_back() -> None:
    watch = Watch()
    ok, lost = SourceState("tmux", "ok", 1.0), SourceState("tmux", "stale", 1.0, "hung")
    assert watch.see(ok) == [] and watch.see(SourceState("tmux", "ok", 9.0)) == []
    assert watch.see(lost) == [("tmux", "ok", "stale")] and watch.see(lost) == []
    assert watch.see(ok) == [("tmux", "stale", "ok")]


@given(st.lists(st.tuples(st.sampled_from([None, *State]), st.floats(0.01, 3.0)), min_size=1, max_size=30))
def test_the_lines_make_one_story_that_ends_where_the_town_stands(steps: list[tuple[State | None, float]]) -> None:
    watch, told = Watch(), None
    watch.see(initial=True)
    for state, wait in [*steps, (steps[-1][0], SETTLED_S), (steps[-1][0], SETTLED_S)]:
        for name, before, after in watch.see(after=wait, **({"max": state} if state else {})):
            assert (name, before) == ("max", told) and after != before
            told = after
    assert told == (steps[-1][0] and steps[-1][0].value)
    assert watch.changes.next_at() is None
