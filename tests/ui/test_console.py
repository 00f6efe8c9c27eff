"""What the console does: what it asks of the eye, what it keeps, and that no text and no size upsets it."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest
import scene
from servers import limited
from textual.app import ComposeResult
from textual.containers import Container
from textual.dom import DOMNode
from textual.events import AppBlur, AppFocus, Key, Paste
from textual.pilot import Pilot
from textual.widget import Widget

from gastown_tui.observe.ports import GatewayError
from gastown_tui.town.facts import Frame
from gastown_tui.town.snapshot import Foreign, Notice, State, Town
from gastown_tui.ui.app import Console
from gastown_tui.ui.screens.agent import AgentScreen
from gastown_tui.ui.screens.nowhere import NowhereScreen
from gastown_tui.ui.screens.town import TownScreen
from gastown_tui.ui.widgets.pane import Pane

NASTY = "\x1b]0;owned\x07\x1b[2J[bold red]no[/] \u202egnp\x9b31m\x90q\x1b\\ 日本 \ud800"


async def pressed(pilot: Pilot[None], *keys: str) -> str:
    """What is on screen after these keys."""
    for key in keys:
        await pilot.press(key)
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()
    assert isinstance(pilot.app, Console)
    return scene.text(pilot.app)


def with_agent(agent_id: str, **changed: object) -> Town:
    agents = tuple(replace(agent, **changed) if agent.id == agent_id else agent for agent in scene.AGENTS)  # type: ignore[arg-type]
    return replace(scene.TOWN, agents=agents)


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


@pytest.mark.parametrize(("backend", "rate"), [("control", 5.0), ("fork", 1.0)])
async def test_only_the_pane_on_screen_is_asked_for(backend: str, rate: float) -> None:
    eye = scene.Eye()
    eye.backend = backend
    app = scene.console(eye)
    async with app.run_test(size=(120, 32)) as pilot:
        await pressed(pilot)
        assert eye.wishes[-1] == {"%1": rate}
        await pressed(pilot, "j")
        assert eye.wishes[-1] == {"%2": rate}
        await pressed(pilot, "question_mark")
        assert eye.wishes[-1] == {}
        await pressed(pilot, "escape", "space")
        assert eye.wishes[-1] == {"%2": rate}
        await pressed(pilot, "k")
        assert eye.wishes[-1] == {}, "in the scrollback the pane is not live"
        await pressed(pilot, "escape", "escape", "p")
        assert eye.wishes[-1] == {}, "a held picture needs nothing"
        await pressed(pilot, "p")
        app.post_message(AppBlur())
        shown = await pressed(pilot)
        assert eye.wishes[-1] == {}
        assert "not live" in shown
        app.post_message(AppFocus())
        await pressed(pilot)
        assert eye.wishes[-1] == {"%2": rate}


async def test_a_pane_that_is_not_on_screen_is_not_asked_for() -> None:
    eye = scene.Eye()
    async with scene.console(eye).run_test(size=(20, 5)) as pilot:
        await pressed(pilot)
        assert eye.wishes[-1] == {}
        await pilot.resize_terminal(80, 24)
        await pressed(pilot)
        assert eye.wishes[-1] == {"%1": 5.0}


async def test_the_eye_hears_of_every_key() -> None:
    eye = scene.Eye()
    async with scene.console(eye).run_test() as pilot:
        await pressed(pilot, "j", "slash", "x", "escape")
        assert eye.keys == 4


async def test_the_dead_keep_their_last_words() -> None:
    eye = scene.Eye()
    async with scene.console(eye).run_test(size=(120, 32)) as pilot:
        eye.frame(Frame("%1", ("my last words",), scene.NOW))
        gone = with_agent(
            "mayor", state=State.DEAD, since=scene.WALL, pane_id=None, evidence=scene.told("tmux", "its process has ended")
        )
        eye.town(gone)
        shown = await pressed(pilot)
    assert "my last words" in shown
    assert "its process has ended · seen by tmux" in shown
    assert "nobody restarts it by itself" in shown
    assert "10:42:05 mayor ✖ dead its process has ended" in shown.splitlines()[-2]


async def test_a_frame_of_another_pane_is_not_taken_for_the_living() -> None:
    eye = scene.Eye()
    async with scene.console(eye).run_test(size=(120, 32)) as pilot:
        eye.town(with_agent("mayor", pane_id="%99"))
        shown = await pressed(pilot)
    assert "waiting for its picture" in shown


async def test_a_held_picture_stands_still_and_then_shows_the_newest() -> None:
    eye, clock = scene.Eye(), scene.Clock()
    async with scene.console(eye, clock=clock).run_test(size=(120, 32)) as pilot:
        before = await pressed(pilot, "p")
        assert "picture held" in before
        clock.wall += 3600
        for state in (State.IDLE, State.STALLED):
            eye.town(with_agent("mayor", state=state))
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
        eye.town(with_agent("beads/witness", state=State.WAITING))
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
        eye.town(replace(scene.TOWN, agents=tuple(agent for agent in scene.AGENTS if agent.name != "jack")))
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
        eye.town(with_agent("mayor", state=State.IDLE))
        eye.town(with_agent("mayor", state=State.WAITING, evidence=scene.told("screen", "asks for a name"), since=scene.WALL))
        left = replace(scene.TOWN, agents=scene.AGENTS[1:])
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
        eye.town(with_agent("mayor", state=State.DEAD, since=scene.WALL, evidence=scene.told("tmux", reason)))
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


async def test_an_agent_that_leaves_stays_in_its_view_but_not_as_alive() -> None:
    eye = scene.Eye()
    app = scene.console(eye)
    async with app.run_test(size=(120, 32)) as pilot:
        await pressed(pilot, "space")
        eye.frame(Frame("%1", ("my last words",), scene.NOW))
        eye.town(replace(scene.TOWN, agents=scene.AGENTS[1:]))
        shown = await pressed(pilot)
        assert "mayor  ? unknown" in shown
        assert "it is no longer in this town; it was working when last seen" in shown
        assert "my last words" in shown
        assert eye.wishes[-1] == {}
        assert isinstance(app.screen, AgentScreen)


async def test_an_agent_in_a_new_session_has_its_environment_read_again() -> None:
    eye = scene.Eye()
    read: list[str] = []

    async def environment(session_id: str) -> tuple[tuple[str, str], ...]:
        read.append(session_id)
        return (("OF", session_id),)

    eye.environment = environment  # type: ignore[method-assign]
    async with scene.console(eye).run_test(size=(120, 60)) as pilot:
        assert "OF            $1" in await pressed(pilot, "space", "tab")
        eye.town(with_agent("mayor", session_id="$77"))
        assert "OF            $77" in await pressed(pilot)
        eye.town(replace(with_agent("mayor", session_id="$77"), epoch="9-9"))
        await pressed(pilot, "j")
    assert read == ["$1", "$77", "$77"]


async def test_a_picture_of_another_server_is_nobodys() -> None:
    eye = scene.Eye()
    async with scene.console(eye).run_test(size=(120, 32)) as pilot:
        eye.frame(Frame("%1", ("of the old server",), scene.NOW))
        assert "of the old server" in await pressed(pilot)
        eye.town(replace(scene.TOWN, epoch="9-9"))
        shown = await pressed(pilot)
        assert "of the old server" not in shown
        assert "waiting for its picture" in shown


async def test_a_search_without_scrollback_is_not_called_live() -> None:
    eye = scene.Eye()
    eye.fails = GatewayError("no server listens there")
    async with scene.console(eye).run_test(size=(120, 32)) as pilot:
        shown = await pressed(pilot, "space", "slash", *"Perc")
        assert "1 of 1" in shown and "not live" in shown
        assert eye.wishes[-1] == {}


async def test_steps_into_the_scrollback_that_come_together_all_count() -> None:
    app = scene.console()
    async with app.run_test(size=(120, 32)) as pilot:
        await pressed(pilot, "space")
        for _ in range(3):
            app.post_message(Key("k", "k"))
        await pressed(pilot)
        assert app.screen.query_one(Pane).up == 3


async def test_where_nothing_stands_above_the_pane_stays_live() -> None:
    eye = scene.Eye()
    eye.above = ()
    async with scene.console(eye).run_test(size=(120, 60)) as pilot:
        shown = await pressed(pilot, "space", "k")
        assert "nothing above this" in shown and "not live" not in shown
        assert eye.wishes[-1] == {"%1": 5.0}
        assert "not live" in await pressed(pilot, "slash", *"Perc")


async def test_a_terminal_that_never_had_the_focus_says_why_it_shows_no_pane() -> None:
    eye = scene.Eye(None)
    app = scene.console(eye)
    async with app.run_test(size=(120, 32)) as pilot:
        app.post_message(AppBlur())
        await pressed(pilot)
        eye.town(scene.TOWN)
        assert "its pane is read while this terminal has the focus" in await pressed(pilot)
        app.post_message(AppFocus())
        assert "waiting for its picture" in await pressed(pilot)


async def test_pictures_may_come_while_a_screen_is_being_opened() -> None:
    eye = scene.Eye()
    async with scene.console(eye).run_test(size=(120, 32)) as pilot:

        async def flood() -> None:
            while True:
                eye.frame(scene.frame(scene.AGENTS[0]))
                await asyncio.sleep(0)

        flooding = asyncio.create_task(flood())
        await pressed(pilot, *("space", "escape") * 3)
        assert not flooding.done()
        flooding.cancel()


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
        eye.town(with_agent("mayor", state=State.DEAD, since=None, evidence=scene.told("tmux", "its process has ended")))
        clock.wall += 5
        assert "its process has ended" not in await pressed(pilot)
        eye.town(with_agent("mayor", since=None))
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


async def test_what_cannot_be_read_is_said() -> None:
    eye = scene.Eye()
    eye.fails = GatewayError("no server listens there")
    async with scene.console(eye).run_test(size=(120, 32)) as pilot:
        assert "not read: no server listens" in await pressed(pilot, "space", "tab", "G")
        assert "no scrollback: no server listens there" in await pressed(pilot, "tab", "k")


async def test_search_goes_to_the_nearest_hit_and_around() -> None:
    async with scene.console().run_test(size=(120, 32)) as pilot:
        assert "400 of 400" in await pressed(pilot, "space", "slash", *"past")
        assert "399 of 400: past" in await pressed(pilot, "enter", "n")
        assert "1 of 400: past" in await pressed(pilot, "N", "N")
        assert "line 1 of the past" in await pressed(pilot)
        assert "Percolating" in await pressed(pilot, "escape")
        assert "not found" in await pressed(pilot, "slash", *"PAST")
        assert "not found: PAST" in await pressed(pilot, "enter")
        assert "400 of 400" in await pressed(pilot, "slash", *"past"), "a search begins anew"


async def test_where_no_pane_is_what_is_typed_after_the_slash_runs_no_keys() -> None:
    missing = next(agent.id for agent in scene.TOWN.agents if agent.pane_id is None)
    app = scene.console()
    async with app.run_test(size=(120, 32)) as pilot:
        await app.inspect(missing)
        assert "there is no pane to search" in await pressed(pilot, "slash", *"Bash")
        assert "acknowledge:" not in await pressed(pilot, "enter") and "not found: Bash" in await pressed(pilot)


async def test_colour_is_not_needed() -> None:
    app = scene.console(environ={"NO_COLOR": "1"})
    async with app.run_test(size=(120, 32)) as pilot:
        await pressed(pilot, "w", "w")
        strips = app.screen._compositor.render_strips()
        styles = [segment.style for strip in strips for segment in strip if segment.style]
    colours = [colour for style in styles for colour in (style.color, style.bgcolor) if colour and not colour.is_default]
    assert colours == []
    assert any(style.bold for style in styles) and any(style.dim for style in styles)


def hostile_town() -> Town:
    agents = tuple(
        replace(
            agent,
            id=f"{agent.id}{NASTY}",
            name=agent.name + NASTY,
            title=NASTY,
            cwd=NASTY,
            bead=NASTY,
            runtime=NASTY,
            evidence=scene.told(NASTY, NASTY, ago=True),
        )
        for agent in scene.AGENTS
    )
    return replace(
        scene.TOWN,
        ref=scene.TOWN.ref._replace(name=NASTY, socket=f"/tmp/{NASTY}"),
        agents=agents,
        foreign=(Foreign(NASTY, "$50"),),
        notices=(Notice("odd", NASTY, NASTY),),
    )


@pytest.mark.parametrize("size", [(120, 32), (80, 24)])
async def test_hostile_text_stays_text(size: tuple[int, int]) -> None:
    eye = scene.Eye(hostile_town())
    app = scene.console(eye)
    async with app.run_test(size=size) as pilot:
        eye.frame(Frame("%1", (NASTY, "\x1b[31mred\x1b[?1049h\x1bc"), scene.NOW))
        for keys in ((), ("j",), ("s",), ("space",), ("tab",), ("escape", "slash", "x")):
            shown = await pressed(pilot, *keys)
            assert not [char for char in shown if char != "\n" and not char.isprintable() and char != "\xa0"]


async def test_a_resize_storm_ends_in_a_right_picture() -> None:
    chance = random.Random(7)
    app = scene.console()
    async with app.run_test(size=(120, 32)) as pilot:
        before = await pressed(pilot)
        for _ in range(12):
            await pilot.resize_terminal(chance.randint(5, 220), chance.randint(2, 70))
        await pilot.resize_terminal(120, 32)
        assert await pressed(pilot) == before


@pytest.mark.parametrize("size", [(20, 5), (5, 2), (1, 1), (300, 100)])
async def test_any_size_draws(size: tuple[int, int]) -> None:
    app = scene.console()
    async with app.run_test(size=size) as pilot:
        for keys in (("j",), ("w",), ("z",), ("z", "space"), ("tab",), ("escape", "question_mark"), ("escape", "colon", "x")):
            shown = await pressed(pilot, *keys)
            assert len(shown.splitlines()) <= size[1]


async def test_the_smallest_screen_says_what_matters(golden: object) -> None:
    async with scene.console().run_test(size=(20, 5)) as pilot:
        golden("town-20x5", await pressed(pilot, "w"))  # type: ignore[operator]


async def test_many_agents_say_how_many_are_out_of_sight() -> None:
    crowd = tuple(replace(scene.AGENTS[1], id=f"dog/{number}", name=str(number), role="dog") for number in range(90))
    async with scene.console(scene.Eye(replace(scene.TOWN, agents=crowd, foreign=()))).run_test(size=(120, 32)) as pilot:
        assert "⋮ +66" in await pressed(pilot)
        assert "⋮ 66 above" in await pressed(pilot, "G")


async def test_the_size_of_the_terminal_styles_no_part_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    again: list[str] = []
    style = DOMNode.update_node_styles
    monkeypatch.setattr(DOMNode, "update_node_styles", lambda node, *_, **__: again.append(type(node).__name__) or style(node))
    app = scene.console()
    async with app.run_test(size=(200, 50)) as pilot:
        await pressed(pilot)
        assert app.screen.has_class("-wide") and again.count("TownScreen") == 1, "Textual does so as it shows a screen"
        await pressed(pilot, "space")
        assert app.screen.has_class("-wide") and again.count("AgentScreen") == 1
        await pressed(pilot, "z")
        assert app.screen.has_class("-zoomed") and again.count("AgentScreen") == 2


async def test_a_picture_that_takes_longer_than_it_holds_freezes_nothing() -> None:
    """As on a machine that is overloaded, after a stop of the process, or where the clock is set meanwhile."""

    class Hurrying(scene.Clock):
        def __call__(self) -> scene.Moment:
            self.wall += 2
            return super().__call__()

    with limited(20):
        async with scene.console(clock=Hurrying()).run_test(size=(120, 32)) as pilot:
            before = await pressed(pilot, "j")
            assert await pressed(pilot, "j") != before
