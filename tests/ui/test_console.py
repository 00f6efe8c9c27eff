"""What the console keeps, moves and tells: the choice, a held picture, events, what is copied and pasted."""

from __future__ import annotations

import pytest
import scene
from pressing import pressed
from textual.app import ComposeResult
from textual.containers import Container
from textual.events import Paste
from textual.widget import Widget

from gastown_tui.town.facts import Frame
from gastown_tui.town.snapshot import State
from gastown_tui.ui.screens.nowhere import NowhereScreen
from gastown_tui.ui.screens.page import Page
from gastown_tui.ui.screens.town import TownScreen


@pytest.mark.parametrize("part", [TownScreen, Container])
async def test_an_end_before_the_first_picture_is_no_crash(monkeypatch: pytest.MonkeyPatch, part: type[Widget]) -> None:
    parts = part.compose

    def compose(widget: Widget) -> ComposeResult:
        widget.app.exit(return_code=129)
        yield from parts(widget)

    monkeypatch.setattr(part, "compose", compose)
    app = scene.console(scene.Eye())
    await app.run_async(headless=True)
    assert (app.return_code, app.fault) == (129, None)


async def test_the_eye_hears_of_every_key() -> None:
    eye = scene.Eye()
    async with scene.console(eye).run_test() as pilot:
        await pressed(pilot, "j", "slash", "x", "escape")
        assert eye.keys == 4


async def test_a_held_picture_stands_still_and_then_shows_the_newest() -> None:
    eye, clock = scene.Eye(), scene.Clock()
    async with scene.console(eye, clock=clock).run_test(size=(120, 32)) as pilot:
        before = await pressed(pilot, "p")
        assert "picture held" in before
        clock.wall += 3600
        for state in (State.IDLE, State.STALLED):
            eye.town(scene.with_agent("mayor", state=state))
        eye.frame(Frame("%1", ("newest",), scene.NOW))
        assert await pressed(pilot) == before
        after = await pressed(pilot, "p")
    assert "newest" in after
    assert "◐ stalled" in after
    assert "11:42 UTC" in after


async def test_rows_keep_their_place_and_the_choice_stays() -> None:
    eye = scene.Eye()
    async with scene.console(eye).run_test(size=(120, 32)) as pilot:
        before = await pressed(pilot, "j")
        eye.town(scene.with_agent("beads/witness", state=State.WAITING))
        after = await pressed(pilot)
    names = [[row[5:21] for row in text.splitlines()[3:-4] if row[4:5] == " "] for text in (before, after)]
    assert names[0] == names[1]
    assert next(row for row in after.splitlines() if row.startswith("▌")).startswith("▌  ○ deacon")


async def test_what_needs_you_is_found_inside_a_folded_rig() -> None:
    async with scene.console().run_test(size=(120, 32)) as pilot:
        folded = await pressed(pilot, "w", "h")
        assert "▸ beads  (3)  1 held" in folded
        assert "furiosa" not in folded
        assert "▌! ▲ polecat furiosa" in await pressed(pilot, "k", "w")
        assert "▌! ✖ crew jack" in await pressed(pilot, "w")
        assert "▌! ▲ polecat furiosa" in await pressed(pilot, "w", "w")


async def test_where_nobody_needs_you_it_says_so() -> None:
    async with scene.console(scene.Eye(scene.WELL)).run_test(size=(120, 32)) as pilot:
        assert "nobody needs you" in await pressed(pilot, "w")


async def test_where_a_filter_hides_who_needs_you_it_does_not_say_that_nobody_does() -> None:
    async with scene.console().run_test(size=(120, 32)) as pilot:
        assert "nobody in this list needs you" in await pressed(pilot, "slash", *"mayor", "enter", "w")


async def test_the_choice_moves_on_when_its_row_is_filtered_away() -> None:
    async with scene.console().run_test(size=(120, 32)) as pilot:
        assert "▌! ✖ crew jack" in await pressed(pilot, "slash", *"jck")
        assert "nobody is listed" in await pressed(pilot, *"zzz")
        assert "mayor" in await pressed(pilot, "escape")


async def test_the_choice_goes_to_a_neighbour_when_its_agent_leaves() -> None:
    eye = scene.Eye()
    async with scene.console(eye).run_test(size=(120, 32)) as pilot:
        await pressed(pilot, "w", "w")
        eye.town(scene.TOWN._replace(agents=tuple(agent for agent in scene.AGENTS if agent.name != "jack")))
        assert "▌  ● crew emma" in await pressed(pilot)


async def test_two_letters_jump() -> None:
    async with scene.console().run_test(size=(120, 32)) as pilot:
        labelled = await pressed(pilot, "f")
        label = next(row[5:7] for row in labelled.splitlines() if "polecat nux" in row)
        assert "▌! ◆ polecat nux" in await pressed(pilot, *label)
        assert "▌! ◆ polecat nux" in await pressed(pilot, "f", "z", "z"), "letters that stand nowhere change nothing"


async def test_text_is_pasted_only_where_text_is_typed() -> None:
    async with scene.console().run_test(size=(120, 32)) as pilot:
        before = await pressed(pilot)
        pilot.app.post_message(Paste("q\njjj ctrl"))
        assert await pressed(pilot) == before
        await pressed(pilot, "slash")
        pilot.app.post_message(Paste("jack\x1b[2Jq\nrm -rf"))
        assert "/jack�[2Jq▏" in await pressed(pilot)
        pilot.app.post_message(Paste("x" * 1_000_000))
        assert f"{'x' * 50}▏" in await pressed(pilot)
        page = pilot.app.screen
        assert isinstance(page, Page) and page.typing is not None and len(page.typing.text) == 1000


async def test_copies_go_to_the_terminal_and_say_so() -> None:
    app = scene.console()
    async with app.run_test(size=(120, 32)) as pilot:
        assert "sent to the terminal's clipboard" in await pressed(pilot, "w", "w", "y")
        assert app.clipboard == "gastown/crew/jack"
        await pressed(pilot, "Y")
        assert "● API Error: 401 Unauthorized" in app.clipboard
        await pressed(pilot, "space", "c")
    assert "tmux: exited with 1 at 10:41:55, 10 s ago" in app.clipboard
    assert "ANTHROPIC_API_KEY: ••••" in app.clipboard
    assert "exit_status = 1" in app.clipboard


async def test_events_are_told_newest_first_without_the_coming_and_going_of_work() -> None:
    eye = scene.Eye()
    async with scene.console(eye).run_test(size=(120, 44)) as pilot:
        eye.town(scene.with_agent("mayor", state=State.IDLE))
        eye.town(
            scene.with_agent("mayor", state=State.WAITING, evidence=scene.told("screen", "asks for a name"), since=scene.WALL)
        )
        left = scene.TOWN._replace(agents=scene.AGENTS[1:])
        eye.town(left)
        told = (await pressed(pilot)).splitlines()[-6:-1]
    assert [row.strip() for row in told] == [
        "10:42:05 mayor left",
        "10:42:05 mayor ◆ waiting asks for a name",
        "",
        "",
        "",
    ]


async def test_a_lone_event_has_the_whole_line() -> None:
    eye = scene.Eye()
    reason = "its session is gone, its process was seen to end, and no stop is on record"
    async with scene.console(eye).run_test(size=(120, 32)) as pilot:
        eye.town(scene.with_agent("mayor", state=State.DEAD, since=scene.WALL, evidence=scene.told("tmux", reason)))
        assert f"10:42:05 mayor ✖ dead {reason}" in await pressed(pilot)


async def test_ages_go_on_by_themselves(eventually: object) -> None:
    clock = scene.Clock()
    async with scene.console(clock=clock).run_test(size=(120, 32)) as pilot:
        assert "dead, 37 s" not in await pressed(pilot)
        clock.wall += 1
        await eventually(lambda: "starting    38 s" in scene.text(pilot.app))  # type: ignore[operator,arg-type]


async def test_a_town_that_appears_is_opened() -> None:
    eye = scene.Eye(scene.NOWHERE)
    app = scene.console(eye)
    async with app.run_test(size=(120, 32)) as pilot:
        assert "no town was found" in await pressed(pilot)
        assert isinstance(app.screen, NowhereScreen)
        eye.show(scene.TOWN)
        assert "▌  ● mayor" in await pressed(pilot)
        assert isinstance(app.screen, TownScreen)
        eye.town(scene.NOWHERE)
        assert "no town was found" in await pressed(pilot)


async def test_a_town_that_appears_behind_the_help_is_found_there() -> None:
    eye = scene.Eye(scene.NOWHERE)
    app = scene.console(eye)
    async with app.run_test(size=(120, 32)) as pilot:
        await pressed(pilot, "question_mark")
        eye.show(scene.TOWN)
        assert "▌  ● mayor" in await pressed(pilot, "escape")
        assert isinstance(app.screen, TownScreen)


async def test_what_happens_while_the_picture_is_held_is_told_afterwards() -> None:
    eye, clock = scene.Eye(), scene.Clock()
    async with scene.console(eye, clock=clock).run_test(size=(120, 44)) as pilot:
        await pressed(pilot, "p")
        clock.wall += 5
        eye.town(scene.with_agent("mayor", state=State.DEAD, since=None, evidence=scene.told("tmux", "its process has ended")))
        clock.wall += 5
        assert "its process has ended" not in await pressed(pilot)
        eye.town(scene.with_agent("mayor", since=None))
        told = (await pressed(pilot, "p")).splitlines()[-6:-4]
    assert [row.strip() for row in told] == [
        "10:42:15 mayor ● working again, was dead",
        "10:42:10 mayor ✖ dead its process has ended",
    ]


async def test_the_way_out_stays_open_while_letters_jump() -> None:
    app = scene.console()
    async with app.run_test(size=(120, 32)) as pilot:
        assert "▌  ○ deacon" in await pressed(pilot, "f", "a", "s")
        await pressed(pilot, "f", "ctrl+c")
    assert app.return_code == 0


async def test_many_agents_say_how_many_are_out_of_sight() -> None:
    crowd = tuple(scene.AGENTS[1]._replace(id=f"dog/{number}", name=str(number), role="dog") for number in range(90))
    async with scene.console(scene.Eye(scene.TOWN._replace(agents=crowd, foreign=()))).run_test(size=(120, 32)) as pilot:
        assert "⋮ +66" in await pressed(pilot)
        assert "⋮ 66 above" in await pressed(pilot, "G")
