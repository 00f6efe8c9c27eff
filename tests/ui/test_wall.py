"""The Wall: which panes, in how many tiles, how often they are read, and what a tile says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import scene
from pressing import pressed
from rich.cells import cell_len
from textual import events

from gastown_tui.town.facts import Frame
from gastown_tui.town.snapshot import Agent, SourceState, State
from gastown_tui.ui.tiling import Grid, grid
from gastown_tui.ui.widgets.tile import Tile

MIDDLE = (120, 32)
MISSING, RICTUS = scene.AGENTS[-2:]


def one(agent: Agent) -> scene.Eye:
    return scene.Eye(scene.TOWN._replace(agents=(agent,), foreign=()))


@pytest.mark.parametrize(
    ("count", "width", "height", "expected"),
    [
        (300, 80, 22, Grid(2, 2)),
        (300, 120, 30, Grid(3, 3)),
        (300, 200, 58, Grid(4, 4)),
        (300, 300, 98, Grid(4, 4)),
        (12, 300, 98, Grid(3, 4)),
        (17, 200, 58, Grid(5, 4)),
        (26, 200, 58, Grid(4, 4)),
        (1, 300, 98, Grid(1, 1)),
        (2, 80, 22, Grid(1, 2)),
        (2, 200, 58, Grid(2, 1)),
        (0, 120, 30, Grid(1, 1)),
        (5, 20, 3, Grid(1, 1)),
    ],
)
def test_a_grid_shows_most_of_each(count: int, width: int, height: int, expected: Grid) -> None:
    assert grid(count, width, height) == expected


def test_all_fit_on_one_page_or_it_is_full_and_tiles_are_never_too_small() -> None:
    for width in range(20, 400, 19):
        for height in range(4, 160, 7):
            for count in range(1, 70):
                columns, rows = found = grid(count, width, height)
                assert count <= found.size or count > grid(1000, width, height).size, (width, height, count)
                assert columns == 1 or width // columns >= 38, (width, height, count)
                assert rows == 1 or height // rows >= 8, (width, height, count)
                assert columns * (rows - 1) < max(count, found.size), (width, height, count)


async def test_the_wall_is_in_the_order_of_the_list_and_has_only_who_has_a_pane_or_calls() -> None:
    parked = MISSING._replace(id="parked/witness", rig="parked", state=State.FROZEN, expects=None)
    app = scene.console(scene.Eye(scene.TOWN._replace(agents=(*scene.AGENTS, parked))))
    async with app.run_test(size=(400, 120)) as pilot:
        shown = await pressed(pilot, "2")
    places = [shown.index(f" {agent.id} ") for agent in scene.AGENTS]
    assert places == sorted(places)
    assert "parked" not in shown
    assert "notes" not in shown


async def test_the_marked_pane_is_read_often_the_others_on_the_page_seldom_and_nothing_else() -> None:
    eye = scene.Eye()
    app = scene.console(eye)
    async with app.run_test(size=MIDDLE) as pilot:
        await pressed(pilot, "2", "l")
        assert eye.wishes[-1] == {"%1": 1, "%2": 5, "%3": 1, "%4": 1, "%12": 1, "%6": 1, "%7": 1, "%5": 1, "%8": 1}
        await pilot.press("pagedown")
        await pilot.pause()
        assert eye.wishes[-1] == {"%13": 1, "%9": 5, "%10": 1, "%14": 1, "%16": 1}
        await pilot.press("question_mark")
        await pilot.pause()
        assert eye.wishes[-1] == {}


async def test_without_a_connection_no_pane_is_read_more_than_once_a_second() -> None:
    eye = scene.Eye()
    eye.backend = "fork"
    app = scene.console(eye)
    async with app.run_test(size=MIDDLE) as pilot:
        await pressed(pilot, "2")
        assert set(eye.wishes[-1].values()) == {1}


async def test_a_page_says_what_calls_on_the_others() -> None:
    app = scene.console()
    async with app.run_test(size=MIDDLE) as pilot:
        first = await pressed(pilot, "2")
        await pilot.press("G")
        await pilot.pause()
        second = scene.text(app)
    assert first.splitlines()[1] == " 1–9 of 15 · page 1 of 2   on other pages 1 asks"
    assert second.splitlines()[1] == " 10–15 of 15 · page 2 of 2   on other pages 1 dead · 1 held"


async def test_a_small_page_says_it_too() -> None:
    app = scene.console()
    async with app.run_test(size=(40, 12)) as pilot:
        shown = await pressed(pilot, "2")
    assert shown.splitlines()[1] == " 1–1 of 15 · others 1 dead · 1 asks · 1…"


async def test_the_last_words_of_the_dead_have_lost_their_colours() -> None:
    app = scene.console()
    async with app.run_test(size=MIDDLE) as pilot:
        await pressed(pilot, "2")
        dim, text = (app.ink(selected=False)(token).color for token in ("dim", "text"))
        used = {tile.key: inside(tile) for tile in app.screen.query(Tile)}
    assert used["gastown/crew/jack"] <= {dim, text}
    assert not used["mayor"] <= {dim, text}


def inside(tile: Tile) -> set[object]:
    """The colours between the sides of a tile's frame."""
    rows = [list(tile.render_line(y))[1:-1] for y in range(1, tile.size.height - 1)]
    return {segment.style.color for row in rows for segment in row if segment.style}


async def test_where_a_screen_does_not_fit_its_empty_rows_give_way_from_the_top() -> None:
    rows = ("one", "", "─" * 40, "two", "", *(f"line {number}" for number in range(6)), "", "prompt")
    mayor = scene.AGENTS[0]
    for height, expected in ((17, rows), (15, ("one", "two", *rows[4:])), (13, ("one", "two", *rows[5:11], "prompt"))):
        eye = one(mayor)
        app = scene.console(eye)
        async with app.run_test(size=(60, height)) as pilot:
            eye.frame(scene.frame(mayor, rows))
            shown = (await pressed(pilot, "2")).splitlines()
        assert tuple(row.strip("┃│").rstrip() for row in shown[2:-2]) == expected, height


async def test_a_row_that_goes_on_at_the_right_says_so_and_a_rule_does_not() -> None:
    mayor = scene.AGENTS[0]
    rows = ("x" * 58, "y" * 59, "─" * 80, "z" * 58 + "   ", "漢" * 30, "w" * 57 + " ─")
    eye = one(mayor)
    app = scene.console(eye)
    async with app.run_test(size=(60, 17)) as pilot:
        eye.frame(scene.frame(mayor, rows))
        shown = (await pressed(pilot, "2")).splitlines()[2:8]
    assert [line[-1] for line in shown] == ["│", "›", "│", "│", "›", "│"]
    assert shown[1][1:59] == "y" * 58, "the sign takes no room of the picture"


async def test_who_is_missing_has_a_tile_that_says_what_comes() -> None:
    app = scene.console(one(MISSING))
    async with app.run_test(size=(80, 24)) as pilot:
        shown = await pressed(pilot, "2")
    assert "◌ wasteland/witness" in shown
    assert "the daemon's next heartbeat starts it, within 3 min" in shown


async def test_a_blind_console_fades_all_tiles() -> None:
    town = scene.TOWN._replace(sources=(SourceState("tmux", "stale", scene.WALL - 42), *scene.OK[1:]))
    app = scene.console(scene.Eye(town))
    async with app.run_test(size=MIDDLE) as pilot:
        shown = await pressed(pilot, "2")
        ink = app.ink(selected=False)
        loud = {ink(token).color for token in ("good", "attention", "danger", "held")}
        for tile in app.screen.query(Tile):
            used = {segment.style.color for y in range(tile.size.height) for segment in tile.render_line(y) if segment.style}
            assert not used & loud
    assert "tmux: stale 42 s" in shown
    assert shown.count("not live") == 8


@pytest.mark.parametrize("still", ["hold", "blur"])
async def test_a_wall_that_stands_still_says_so(still: str) -> None:
    eye = scene.Eye()
    app = scene.console(eye)
    async with app.run_test(size=MIDDLE) as pilot:
        assert "not live" not in await pressed(pilot, "2")
        if still == "hold":
            await pilot.press("p")
        else:
            app.post_message(events.AppBlur())
        await pilot.pause()
        assert scene.text(app).count("not live") == 8, "of nine one is dead: its picture is no longer expected to move"
        assert eye.wishes[-1] == {}


async def test_a_new_picture_is_drawn_in_its_tile_and_one_of_another_page_nowhere() -> None:
    eye = scene.Eye()
    app = scene.console(eye)
    async with app.run_test(size=MIDDLE) as pilot:
        before = await pressed(pilot, "2")
        eye.frame(scene.frame(RICTUS, ("somewhere else",)))
        await pilot.pause()
        assert scene.text(app) == before
        eye.frame(scene.frame(scene.AGENTS[1], ("I am the deacon",)))
        await pilot.pause()
        after = scene.text(app).splitlines()
    changed = [row for row, old in zip(after, before.splitlines(), strict=True) if row != old]
    assert all(row[:40] == old[:40] and row[80:] == old[80:] for row, old in zip(after, before.splitlines(), strict=True))
    assert any("I am the deacon" in row for row in changed)


async def test_a_pane_that_vanishes_keeps_its_last_words_and_one_that_leaves_makes_room() -> None:
    eye = scene.Eye()
    app = scene.console(eye)
    async with app.run_test(size=(400, 120)) as pilot:
        await pressed(pilot, "2")
        deacon = scene.AGENTS[1]._replace(state=State.DEAD, pane_id=None, session_id=None)
        eye.frame(scene.frame(scene.AGENTS[1], ("these were my last words",)))
        eye.town(scene.TOWN._replace(agents=(scene.AGENTS[0], deacon, *scene.AGENTS[2:])))
        await pilot.pause()
        assert "these were my last words" in scene.text(app)
        eye.town(scene.TOWN._replace(agents=(scene.AGENTS[0], *scene.AGENTS[2:])))
        await pilot.pause()
        shown = scene.text(app)
        assert len([tile for tile in app.screen.query(Tile) if tile.display]) == 14
    assert "deacon" not in shown


@pytest.mark.parametrize("size", [(20, 5), (38, 10), (80, 24), (300, 100), (41, 7), (1, 1)])
async def test_any_size_is_drawn_and_a_new_one_redraws(size: tuple[int, int]) -> None:
    app = scene.console()
    async with app.run_test(size=MIDDLE) as pilot:
        await pressed(pilot, "2", "w")
        await pilot.resize_terminal(*size)
        await pilot.pause()
        shown = scene.text(app).splitlines()
        assert all(cell_len(row) <= size[0] for row in shown)
        assert len(shown) <= size[1]
        await pilot.resize_terminal(*MIDDLE)
        await pilot.pause()
        again = scene.text(app)
        fresh = scene.console()
    async with fresh.run_test(size=MIDDLE) as pilot:
        assert again == await pressed(pilot, "2", "w")


async def test_what_agents_say_of_themselves_stays_in_its_tile() -> None:
    hostile = "\x1b]0;pwned\x07[red]\x1b[31m\x9b2J漢字漢字漢字" * 8
    agent = scene.AGENTS[0]._replace(
        id=f"rig/{hostile}",
        rig="rig",
        name=hostile,
        bead=hostile,
        activity=scene.Activity("tool", hostile),
    )
    eye = one(agent)
    app = scene.console(eye)
    async with app.run_test(size=(81, 24)) as pilot:
        eye.frame(Frame("%1", (hostile, "混" * 100, "x" + "混" * 100, "e\u0301" * 100), scene.NOW))
        shown = await pressed(pilot, "2")
    assert not set(shown) & set(map(chr, [*range(10), *range(11, 32), *range(127, 160)]))
    assert all(cell_len(row) in (0, 81) for row in shown.splitlines()[1:-1])


async def test_shape_word_and_mark_tell_all_without_colour() -> None:
    coloured, plain = scene.console(), scene.console(environ={"NO_COLOR": "1"})
    async with coloured.run_test(size=MIDDLE) as pilot:
        expected = await pressed(pilot, "2", "w")
    async with plain.run_test(size=MIDDLE) as pilot:
        assert await pressed(pilot, "2", "w") == expected
        styles = {segment.style for tile in plain.screen.query(Tile) for segment in tile.render_line(0)}
    assert not any(style and (style.color or style.bgcolor) for style in styles)


@pytest.mark.parametrize(("width", "said"), [(80, "gastown/polecats/nux ─"), (44, "◆ gastown/nux ─"), (28, "waiting ╮")])
async def test_names_are_shortened_before_states(width: int, said: str) -> None:
    nux = next(agent for agent in scene.AGENTS if agent.name == "nux")
    app = scene.console(scene.Eye(scene.TOWN._replace(agents=(scene.AGENTS[0], nux), foreign=())))
    async with app.run_test(size=(width, 24)) as pilot:
        assert said in await pressed(pilot, "2")


@pytest.mark.parametrize("size", [(80, 24), MIDDLE, (200, 60)], ids=["80x24", "120x32", "200x60"])
async def test_text(size: tuple[int, int], golden: Callable[[str, str], None]) -> None:
    app = scene.console()
    async with app.run_test(size=size) as pilot:
        shown = await pressed(pilot, "2", "w", "w")
    golden(f"wall-{size[0]}x{size[1]}", shown)


def test_picture(snap_compare: Any) -> None:
    assert snap_compare(scene.console(), press=("2", "w", "w"), terminal_size=MIDDLE)
