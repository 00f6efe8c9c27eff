"""What the town wrote down, in the event strip and in the history of an agent, beside what we saw ourselves."""

from __future__ import annotations

import pytest
import scene

from gastown_tui.town.snapshot import State, Told, Town
from gastown_tui.ui.view import Event, View

EMMA = "gastown/crew/emma"
EARLIER = Told(scene.WALL - 86400, "nudge", EMMA, "nudged by mayor: go on")
NUDGE = Told(scene.WALL + 1, "nudge", "gastown/emma", "nudged by mayor: \x1b[31m sk-abcdefgh12345678")
DEATH = Told(scene.WALL + 3, "session_death", "gt-crew-emma", "session ended: crash")


def told(*events: Told, emma: State = State.WORKING) -> Town:
    """The fixed town with these events and Emma in that state."""
    agents = [
        one._replace(state=emma, since=scene.WALL + 2, evidence=scene.told("tmux", "exited with 1")) if one.id == EMMA else one
        for one in scene.AGENTS
    ]
    return scene.TOWN._replace(agents=tuple(agents), events=events)


@pytest.fixture
def view() -> View:
    """A view of a town that had written something down the day before."""
    made = View(scene.Eye(None), scene.Clock(), read_only=False)
    made.take(told(EARLIER))
    return made


def strip(view: View) -> list[Event]:
    return list(view.events)


def history(view: View) -> list[str]:
    assert isinstance(view.town, Town)
    emma = view.town.agent(EMMA)
    assert emma is not None
    return [event.text for event in view.history(emma)]


def test_what_was_written_before_the_start_is_history_and_no_news(view: View) -> None:
    assert strip(view) == [] and history(view) == [EARLIER.text]
    view.take(told(EARLIER, NUDGE))
    assert strip(view) == [Event(NUDGE.at, EMMA, None, "nudged by mayor: �[31m ••••")]
    assert history(view) == ["nudged by mayor: �[31m ••••", EARLIER.text]


def test_what_a_second_reading_brings_of_the_past_is_no_news() -> None:
    view = View(scene.Eye(None), scene.Clock(), read_only=False)
    view.take(told())
    view.take(told(EARLIER, NUDGE))
    assert [event.at for event in strip(view)] == [NUDGE.at]


@pytest.mark.parametrize("order", ["seen first", "written first", "at once"])
def test_an_end_that_was_seen_and_is_written_down_is_told_once(view: View, order: str) -> None:
    if order == "seen first":
        view.take(told(EARLIER, emma=State.DEAD))
    if order == "written first":
        view.take(told(EARLIER, DEATH))
        assert [event.text for event in strip(view)] == ["session ended: crash"]
    view.take(told(EARLIER, DEATH, emma=State.DEAD))
    assert [(event.state, event.text) for event in strip(view)] == [(State.DEAD, "exited with 1")]
    assert history(view) == ["exited with 1", EARLIER.text]


def test_two_ends_of_one_agent_are_two(view: View) -> None:
    view.take(told(EARLIER, emma=State.DEAD))
    view.take(told(EARLIER, DEATH._replace(at=scene.WALL + 30), emma=State.DEAD))
    assert [event.turn for event in strip(view)] == ["ended", "ended"]


def test_whom_nobody_knows_is_told_by_the_name_that_was_written(view: View) -> None:
    view.take(
        told(EARLIER, NUDGE._replace(who="elsewhere/nux"), DEATH._replace(who="", kind="mass_death", text="12 sessions died"))
    )
    assert [(event.agent, event.text[:6]) for event in strip(view)] == [("", "12 ses"), ("elsewhere/nux", "nudged")]


def test_while_the_picture_is_held_nothing_is_lost(view: View) -> None:
    view.hold()
    view.take(told(EARLIER, NUDGE))
    assert strip(view) == []
    view.hold()
    assert [event.at for event in strip(view)] == [NUDGE.at]


def test_of_a_long_history_the_last_twenty_are_told(view: View) -> None:
    many = tuple(NUDGE._replace(at=scene.WALL - 1000 + number, text=f"number {number}") for number in range(30))
    view.take(told(*many))
    assert history(view) == [f"number {number}" for number in range(29, 9, -1)]


async def test_the_strip_and_the_agent_view_show_it() -> None:
    eye = scene.Eye(told(EARLIER))
    app = scene.console(eye)
    async with app.run_test(size=(200, 60)) as pilot:
        eye.town(told(EARLIER, NUDGE))
        await pilot.pause()
        assert "10:42:06 gastown/crew/emma nudged by mayor: �[31m ••••" in scene.text(app)
        await app.inspect(EMMA)
        await pilot.pause()
        shown = [" ".join(row.split("│")[-1].split()) for row in scene.text(app).splitlines()]
        start = shown.index("history")
        assert shown[start + 1 : start + 3] == ["10:42:06 nudged by mayor: �[31m ••••", "11-20 10:42 nudged by mayor: go on"]
