"""What a person does on the Wall: marks, turns pages, filters, zooms, copies, and goes on to other screens and back."""

from __future__ import annotations

import scene
from pressing import pressed

from gastown_tui.town.snapshot import Agent
from gastown_tui.ui.screens.agent import AgentScreen
from gastown_tui.ui.screens.town import TownScreen
from gastown_tui.ui.screens.wall import WallScreen
from gastown_tui.ui.widgets.tile import Tile

MIDDLE = (120, 32)


def crowd(count: int) -> tuple[Agent, ...]:
    like = scene.AGENTS[0]
    return tuple(
        like._replace(id=f"rig/polecats/p{number:03}", rig="rig", name=f"p{number:03}", role="polecat", pane_id=f"%{number}")
        for number in range(1, count + 1)
    )


MARKED = (
    ((), "mayor"),
    (("l",), "deacon"),
    (("j",), "beads/polecats/furiosa"),
    (("j", "k"), "mayor"),
    (("k",), "mayor"),
    (("h",), "mayor"),
    (("l", "l", "l"), "beads/polecats/furiosa"),
    (("j", "j", "j"), "gastown/crew/max"),
    (("G",), "wasteland/polecats/rictus"),
    (("G", "j"), "wasteland/polecats/rictus"),
    (("G", "g"), "mayor"),
    (("l", "pagedown"), "gastown/polecats/nux"),
    (("pagedown", "pagedown"), "wasteland/polecats/rictus"),
    (("pagedown", "pageup"), "mayor"),
    (("w",), "beads/polecats/furiosa"),
    (("w", "w", "w"), "gastown/polecats/nux"),
    (("w", "w", "w", "w"), "beads/polecats/furiosa"),
)
"""Keys, and who is marked after them where the first one was before."""


async def test_the_mark_moves() -> None:
    app = scene.console()
    async with app.run_test(size=MIDDLE) as pilot:
        await pressed(pilot, "2")
        for keys, marked in MARKED:
            shown = await pressed(pilot, *keys)
            assert isinstance(app.screen, WallScreen)
            assert app.screen.agent is not None
            assert app.screen.agent.id == marked, keys
            assert shown.count("┏") == shown.count("┙") == 1, keys
            corner = shown.index("┏")
            assert marked.split("/")[-1] in shown[corner : shown.index("┑", corner)], keys
            await pressed(pilot, "g")


async def test_the_marked_pane_is_copied_whole() -> None:
    app = scene.console()
    async with app.run_test(size=MIDDLE) as pilot:
        await pressed(pilot, "2", "w", "w", "Y")
        assert app.clipboard.startswith("● Update(internal/session/names.go)")
        assert app.clipboard.endswith("Pane is dead (status 1, Sat Nov 21 10:41:55 2026)")


async def test_who_leaves_hands_the_mark_to_whoever_has_the_place_then() -> None:
    eye = scene.Eye()
    app = scene.console(eye)
    async with app.run_test(size=MIDDLE) as pilot:
        await pressed(pilot, "2", "l")
        eye.town(scene.TOWN._replace(agents=(scene.AGENTS[0], *scene.AGENTS[2:])))
        await pilot.pause()
        assert isinstance(app.screen, WallScreen)
        assert app.screen.agent is scene.AGENTS[2]


async def test_three_hundred_agents_page_by_page() -> None:
    eye = scene.Eye(scene.TOWN._replace(agents=crowd(300)))
    app = scene.console(eye)
    async with app.run_test(size=(300, 100)) as pilot:
        shown = await pressed(pilot, "2")
        seen = set()
        for _ in range(19):
            seen |= set(eye.wishes[-1])
            await pilot.press("pagedown")
            await pilot.pause()
        assert " 1–16 of 300 · page 1 of 19" in shown
        assert " 289–300 of 300 · page 19 of 19" in scene.text(app)
    assert seen == {f"%{number}" for number in range(1, 301)}


async def test_a_filter_and_only_problems_leave_fewer_and_larger_tiles() -> None:
    app = scene.console()
    async with app.run_test(size=MIDDLE) as pilot:
        shown = await pressed(pilot, "2", "exclamation_mark")
        assert shown.splitlines()[1] == " 1–3 of 3 · only problems"
        assert [tile.size.width for tile in app.screen.query(Tile) if tile.display] == [120] * 3
        await pilot.press("slash", "n", "u", "x")
        await pilot.pause()
        assert "1 of 15" in scene.text(app)
        await pilot.press("enter", "escape")
        await pilot.pause()
        assert " 1–3 of 3 · only problems" in scene.text(app)
        await pilot.press("slash", *"nobody")
        await pilot.pause()
        assert "nobody is listed" in scene.text(app)
        for _ in range(3):
            assert isinstance(app.screen, WallScreen)
            await pilot.press("escape")
            await pilot.pause()
        assert not isinstance(app.screen, WallScreen)


async def test_zoom_has_the_whole_screen_scrolls_searches_and_gives_back() -> None:
    app = scene.console()
    async with app.run_test(size=(200, 60)) as pilot:
        before = await pressed(pilot, "2", "w")
        await pilot.press("z")
        await pilot.pause()
        zoomed = scene.text(app)
        assert "ANTHROPIC" not in zoomed, "the facts are the agent view's"
        assert app.screen.query_one("#pane").size == (200, 57)
        await pilot.press("slash", *"line 7 of", "enter")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert "line 7 of the past" in scene.text(app)
        await pilot.press("escape", "k")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert "of the past" in scene.text(app)
        await pilot.press("z")
        await pilot.pause()
        assert scene.text(app) == before


async def test_the_agent_view_has_the_same_zoom() -> None:
    app = scene.console()
    async with app.run_test(size=(200, 60)) as pilot:
        before = await pressed(pilot, "2", "space")
        assert "ANTHROPIC" in before
        await pilot.press("z")
        await pilot.pause()
        assert "ANTHROPIC" not in scene.text(app)
        await pilot.press("z")
        await pilot.pause()
        assert scene.text(app) == before
        assert isinstance(app.screen, AgentScreen)


async def test_every_screen_is_a_number_away_from_every_other() -> None:
    app = scene.console()
    async with app.run_test(size=MIDDLE) as pilot:
        names = {"1": "TownScreen", "2": "WallScreen", "5": "ProblemsScreen"}
        for key in "2512152":
            await pilot.press(key)
            await pilot.pause()
            assert type(app.screen).__name__ == names[key]
            assert len(app.screen_stack) == (1 if key == "1" else 2)
            await pilot.press("space")
            await pilot.pause()
            assert isinstance(app.screen, AgentScreen)


async def test_the_choice_goes_along_from_screen_to_screen() -> None:
    app = scene.console()
    async with app.run_test(size=MIDDLE) as pilot:
        await pilot.press("w", "w", "w")
        await pressed(pilot, "2")
        assert isinstance(app.screen, WallScreen)
        assert app.screen.agent is next(agent for agent in scene.AGENTS if agent.name == "nux")
        await pilot.press("l", "1")
        await pilot.pause()
        assert isinstance(app.screen, TownScreen)
        assert app.screen.agent is next(agent for agent in scene.AGENTS if agent.name == "slit")
        await pilot.press("h", "question_mark", "q")
        await pilot.pause()
        assert app.screen.row is not None
        assert app.screen.row.key == "group:gastown"


async def test_a_click_marks_and_the_wheel_moves() -> None:
    app = scene.console()
    async with app.run_test(size=MIDDLE) as pilot:
        await pressed(pilot, "2")
        await pilot.click(offset=(60, 15))
        await pilot.pause()
        assert isinstance(app.screen, WallScreen)
        assert app.screen.agent is scene.AGENTS[4]


async def test_what_is_acknowledged_is_dim_and_calls_no_more() -> None:
    app = scene.console()
    async with app.run_test(size=MIDDLE) as pilot:
        assert "! ✖ gastown/crew/jack" in await pressed(pilot, "2", "w", "w")
        await pilot.press("a", "enter")
        await app.workers.wait_for_complete()
        await pilot.pause()
        shown = scene.text(app)
    assert "! ✖" not in shown
    assert "✖ gastown/crew/jack" in shown
