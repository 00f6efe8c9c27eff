"""The Problems screen: moving, acknowledging, and that neither many nor hostile questions upset it."""

from __future__ import annotations

import fleet
import pytest
import scene
from pressing import pressed
from textual.events import Paste

from gastown_tui.town.snapshot import Activity, Evidence, Held, Question, State
from gastown_tui.ui.ages import Ages
from gastown_tui.ui.screens.agent import AgentScreen
from gastown_tui.ui.screens.problems import ProblemsScreen
from gastown_tui.ui.screens.town import TownScreen
from gastown_tui.ui.sheet import sections


def chosen(shown: str) -> list[str]:
    return [row.split()[1] for row in shown.splitlines() if row.startswith("▌  ") and row[3] != " "]


async def test_the_screens_lead_to_one_another() -> None:
    app = scene.console()
    async with app.run_test(size=(120, 32)) as pilot:
        for keys, kind, depth in (
            (("5",), ProblemsScreen, 2),
            (("space",), AgentScreen, 3),
            (("5",), ProblemsScreen, 2),
            (("1",), TownScreen, 1),
            (("space", "5"), ProblemsScreen, 2),
            (("space", "1"), TownScreen, 1),
            (("5", "escape"), TownScreen, 1),
            (("5", "space", "q"), ProblemsScreen, 2),
            (("q",), TownScreen, 1),
        ):
            await pressed(pilot, *keys)
            assert (type(app.screen), len(app.screen_stack)) == (kind, depth), keys


async def test_no_pane_is_asked_for_where_none_is_shown() -> None:
    eye = scene.Eye()
    async with scene.console(eye).run_test(size=(120, 32)) as pilot:
        await pressed(pilot, "5")
        assert eye.wishes[-1] == {}
        shown = await pressed(pilot, "j", "space")
        assert "gastown/polecats/nux  ◆ waiting" in shown
        assert eye.wishes[-1] == {"%9": 5.0}


async def test_the_next_that_needs_somebody_is_found_around_the_end() -> None:
    async with scene.console().run_test(size=(120, 32)) as pilot:
        places = [chosen(await pressed(pilot, key)) for key in ("5", "w", "w", "w", "G", "w")]
    jack, nux, furiosa = ["gastown/crew/jack"], ["gastown/polecats/nux"], ["beads/polecats/furiosa"]
    assert places == [jack, nux, furiosa, jack, ["gastown/crew/max"], jack]


async def test_acknowledging_goes_on_to_the_next_and_is_taken_back() -> None:
    async with scene.console().run_test(size=(120, 32)) as pilot:
        assert " a acknowledge " in (await pressed(pilot, "5")).splitlines()[-1]
        asking = await pressed(pilot, "a", *"seen")
        assert "acknowledge: seen▏" in asking
        shown = await pressed(pilot, "enter")
        assert "acknowledged gastown/crew/jack; a takes it back" in shown
        assert "seen · just now" in shown and "2 need you" in shown and "2 acknowledged" in shown
        assert chosen(shown) == ["gastown/polecats/nux"]
        shown = await pressed(pilot, "j", "j")
        assert chosen(shown) == ["gastown/crew/jack"]
        assert " a take back " in shown.splitlines()[-1]
        shown = await pressed(pilot, "a")
        assert "gastown/crew/jack: no longer acknowledged" in shown and "3 need you" in shown
        assert "✖ 1 agent died" in shown


@pytest.mark.parametrize("letter", ["x", "あ"])
async def test_the_end_of_a_long_reason_is_seen_while_it_is_typed(letter: str) -> None:
    async with scene.console().run_test(size=(80, 24)) as pilot:
        await pressed(pilot, "5", "a")
        pilot.app.post_message(Paste(f"begin {letter * 70}"))
        asking = (await pressed(pilot, *"the", "space", *"end")).splitlines()[-1]
    assert asking.startswith(" acknowledge: …") and f"{letter}the end▏" in asking


@pytest.mark.parametrize("way", [("w", "w"), ("w", "w", "space")], ids=["town", "agent view"])
async def test_it_is_acknowledged_where_it_is_seen(way: tuple[str, ...]) -> None:
    async with scene.console().run_test(size=(120, 32)) as pilot:
        shown = await pressed(pilot, *way, "a", "enter")
        assert "acknowledged gastown/crew/jack" in shown and "✖ dead · acknowledged" in shown
        shown = await pressed(pilot, "a")
        assert "✖ dead · acknowledged" not in shown


async def test_escape_acknowledges_nothing_and_keeps_the_filter() -> None:
    async with scene.console().run_test(size=(120, 32)) as pilot:
        shown = await pressed(pilot, "slash", *"jack", "enter", "a", "x", "escape")
        assert "3 need you" in shown and "/jack" in shown and "acknowledge:" not in shown


async def test_a_whole_group_is_acknowledged_at_once() -> None:
    async with scene.console(scene.Eye(fleet.NIGHT)).run_test(size=(120, 60)) as pilot:
        assert "16 need you" in await pressed(pilot, "5", *["j"] * 7)
        shown = await pressed(pilot, "A", *"provider", "enter")
        assert "9 need you" in shown and shown.count("provider · just now") == 7
        shown = await pressed(pilot, "G", "A")
        assert "17 need you" in shown, "whoever was acknowledged before too"


async def test_another_question_than_the_one_that_was_read_goes_on_calling() -> None:
    eye = scene.Eye()
    async with scene.console(eye).run_test(size=(120, 32)) as pilot:
        await pressed(pilot, "5", "j", "a", *"fine")
        eye.town(scene.with_agent("gastown/polecats/nux", activity=Activity(question=Question("permission", "rm -rf /"))))
        shown = await pressed(pilot, "enter")
    assert "not acknowledged: it is no longer what it was" in shown
    assert "3 need you" in shown


async def test_what_cannot_be_kept_is_said() -> None:
    eye = scene.Eye()
    eye.unwritable = OSError(28, "No space left on device", "/home/op/.local")
    async with scene.console(eye).run_test(size=(120, 32)) as pilot:
        assert "not acknowledged: No space left on device: /home/op/.local" in await pressed(pilot, "5", "a", "enter")
        assert "still acknowledged: No space" in await pressed(pilot, "G", "a")


async def test_nothing_to_acknowledge_leaves_the_key_inert() -> None:
    async with scene.console(scene.Eye(scene.WELL)).run_test(size=(120, 32)) as pilot:
        before = await pressed(pilot)
        assert await pressed(pilot, "a") == before
        before = await pressed(pilot, "5")
        for key in ("a", "A", "space", "y", "j", "G"):
            assert await pressed(pilot, key) == before


async def test_the_choice_stays_when_the_list_changes_around_it() -> None:
    eye = scene.Eye()
    async with scene.console(eye).run_test(size=(120, 32)) as pilot:
        await pressed(pilot, "5", "j")
        eye.town(scene.with_agent("mayor", state=State.DEAD))
        assert chosen(await pressed(pilot)) == ["gastown/polecats/nux"]
        eye.town(scene.TOWN)
        assert chosen(await pressed(pilot)) == ["gastown/polecats/nux"]
        eye.town(scene.with_agent("gastown/polecats/nux", state=State.WORKING))
        assert chosen(await pressed(pilot)) == ["beads/polecats/furiosa"], "what has come to its place"


async def test_who_is_blind_calls_nobody_well() -> None:
    stale = scene.WELL._replace(sources=(scene.SourceState("tmux", "stale", scene.WALL - 42, "no answer"), *scene.OK[1:]))
    async with scene.console(scene.Eye(stale)).run_test(size=(120, 32)) as pilot:
        assert "nobody is known to need you" in await pressed(pilot, "5")


@pytest.mark.parametrize("size", [(120, 32), (80, 24), (40, 12), (20, 5), (5, 2), (1, 1)])
async def test_hostile_and_endless_questions_stay_text(size: tuple[int, int]) -> None:
    question = Question("question", scene.NASTY * 40, tuple(f"{scene.NASTY} {number}" for number in range(500)))
    agents = tuple(
        agent._replace(id=f"{agent.id}{scene.NASTY}", state=State.WAITING, activity=Activity(question=question), bead=scene.NASTY)
        for agent in scene.AGENTS
    )
    async with scene.console(scene.Eye(scene.TOWN._replace(agents=agents))).run_test(size=size) as pilot:
        for key in ("5", "j", "G", "a", "x", "enter", "g", "space"):
            shown = await pressed(pilot, key)
            assert len(shown.splitlines()) <= size[1]
            assert not [char for char in shown if char != "\n" and not char.isprintable() and char != "\xa0"]


async def test_on_the_smallest_screen_the_chosen_one_is_in_sight() -> None:
    async with scene.console(scene.Eye(fleet.NIGHT)).run_test(size=(20, 5)) as pilot:
        await pressed(pilot, "5")
        for _ in range(5):
            assert "▌" in await pressed(pilot, "w")


async def test_a_heading_loses_its_times_before_the_key_that_helps() -> None:
    limit = Activity(held=Held("limit", "resets 11am", scene.WALL + 1080.0))
    agents = tuple(
        agent._replace(state=State.HELD, since=scene.WALL - 2400.0, activity=limit, runtime="claude")
        for agent in scene.AGENTS[:2]
    )
    both, one = "until 11:00 (in 18 min) since 10:02  ", "until 11:00  "
    for width, times in ((120, both), (84, one)):
        async with scene.console(scene.Eye(scene.TOWN._replace(agents=agents))).run_test(size=(width, 32)) as pilot:
            shown = await pressed(pilot, "5")
        assert f"▲ 2 claude agents are held by a usage limit {times}" in shown
        assert "A acknowledge all" in shown and "says the same" in shown


async def test_the_wheel_and_the_pointer_choose() -> None:
    async with scene.console().run_test(size=(120, 32)) as pilot:
        await pressed(pilot, "5")
        await pilot.click("#problems", offset=(10, 10))
        assert chosen(await pressed(pilot)) == ["beads/polecats/furiosa"]
        await pilot.click("#problems", offset=(10, 0))
        assert chosen(await pressed(pilot)) == ["beads/polecats/furiosa"]


def marked(shown: str) -> list[str]:
    return [row.split("│")[0].split("▎")[1].strip() for row in shown.splitlines() if "▎" in row]


async def test_the_rows_that_are_the_evidence_are_marked_while_they_are_live() -> None:
    eye = scene.Eye()
    async with scene.console(eye).run_test(size=(120, 32)) as pilot:
        shown = await pressed(pilot, "5", "j", "space")
        asked = [
            "Do you want to proceed?",
            "❯ 1. Yes",
            "2. Yes, and do not ask again for git push commands in /home/op/gt/gastown/pole",
            "3. No",
        ]
        assert marked(shown) == asked
        assert marked(await pressed(pilot, "k")) == [], "the scrollback is the past"
        assert marked(await pressed(pilot, "escape")) == asked
        eye.town(scene.with_agent("gastown/polecats/nux", state=State.WORKING))
        assert marked(await pressed(pilot)) == [], "they say another thing"
        eye.town(scene.TOWN._replace(sources=(scene.SourceState("tmux", "stale", scene.WALL - 42, "no answer"),)))
        assert marked(await pressed(pilot)) == [], "nobody knows whether it is still there"


async def test_of_a_death_that_nobody_saw_the_last_sign_of_life_is_told() -> None:
    gone = scene.Evidence("tmux", "its session is gone, and no stop is on record", scene.WALL)
    started = scene.Evidence("town", "gt-crew-jack.pid says it started as process 7", scene.WALL - 86400, True)
    seen = scene.Evidence("memory", "seen alive here", scene.WALL - 10800, True)
    for output, told in ((None, "seen alive here, 3 h ago · nobody restarts it by itself"), (scene.WALL - 9000, "2 h 30")):
        town = scene.with_agent("gastown/crew/jack", since=None, last_output=output, evidence=(gone, started, seen))
        async with scene.console(scene.Eye(town)).run_test(size=(200, 40)) as pilot:
            (row,) = (line for line in (await pressed(pilot, "5")).splitlines() if "its session is gone" in line)
        assert told in row and ("seen alive" in row) is (output is None)


async def test_a_question_stands_in_the_agent_view_with_every_answer() -> None:
    async with scene.console().run_test(size=(120, 60)) as pilot:
        shown = await pressed(pilot, "5", "j", "space")
    assert "│ asks          permission: Bash" in shown
    assert "│               3 No" in shown


def test_the_time_at_which_a_limit_ends_is_told_once() -> None:
    evidence = (
        Evidence("pane", "a limit is reached", scene.WALL - 60),
        Evidence("pane", "until 11:00:00 UTC", scene.WALL + 1080),
    )
    held = scene.AGENTS[0]._replace(state=State.HELD, evidence=evidence)
    (title, told), *_ = sections(held, "empty", Ages(scene.WALL))
    assert title == "why"
    assert told == [("pane", "a limit is reached (10:41:05)"), ("pane", "until 11:00:00 UTC")]
