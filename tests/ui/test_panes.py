"""Panes on the screens of the town and of an agent: which are asked for, whose picture is shown, scrollback and search."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import scene
from pressing import pressed
from textual.events import AppBlur, AppFocus, Key

from gastown_tui.observe.ports import GatewayError
from gastown_tui.town.facts import Frame
from gastown_tui.town.snapshot import State
from gastown_tui.ui.screens.agent import AgentScreen
from gastown_tui.ui.widgets.pane import Pane


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


async def test_the_dead_keep_their_last_words() -> None:
    eye = scene.Eye()
    async with scene.console(eye).run_test(size=(120, 32)) as pilot:
        eye.frame(Frame("%1", ("my last words",), scene.NOW))
        gone = scene.with_agent(
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
        eye.town(scene.with_agent("mayor", pane_id="%99"))
        shown = await pressed(pilot)
    assert "waiting for its picture" in shown


async def test_an_agent_that_leaves_stays_in_its_view_but_not_as_alive() -> None:
    eye = scene.Eye()
    app = scene.console(eye)
    async with app.run_test(size=(120, 32)) as pilot:
        await pressed(pilot, "space")
        eye.frame(Frame("%1", ("my last words",), scene.NOW))
        eye.town(scene.TOWN._replace(agents=scene.AGENTS[1:]))
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
        eye.town(scene.with_agent("mayor", session_id="$77"))
        assert "OF            $77" in await pressed(pilot)
        eye.town(scene.with_agent("mayor", session_id="$77")._replace(epoch="9-9"))
        await pressed(pilot, "j")
    assert read == ["$1", "$77", "$77"]


async def test_a_picture_of_another_server_is_nobodys() -> None:
    eye = scene.Eye()
    async with scene.console(eye).run_test(size=(120, 32)) as pilot:
        eye.frame(Frame("%1", ("of the old server",), scene.NOW))
        assert "of the old server" in await pressed(pilot)
        eye.town(scene.TOWN._replace(epoch="9-9"))
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


async def test_pictures_may_come_while_a_screen_is_being_opened(eventually: Callable[..., Awaitable[Any]]) -> None:
    eye = scene.Eye()
    async with scene.console(eye).run_test(size=(120, 32)) as pilot:

        async def flood() -> None:
            while True:
                eye.frame(scene.frame(scene.AGENTS[0]))
                await asyncio.sleep(0)

        flooding = asyncio.create_task(flood())
        for key, opened in (("space", True), ("escape", False)) * 3:
            pilot.app.simulate_key(key)
            await eventually(lambda opened=opened: isinstance(pilot.app.screen, AgentScreen) is opened)
        assert not flooding.done()
        flooding.cancel()


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
