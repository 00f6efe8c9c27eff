"""That no text, no size and no lack of colours upsets the console."""

from __future__ import annotations

import random

import pytest
import scene
from pressing import pressed
from servers import limited
from textual.dom import DOMNode

from gastown_tui.town.facts import Frame
from gastown_tui.town.snapshot import Foreign, Notice, Town


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
        agent._replace(
            id=f"{agent.id}{scene.NASTY}",
            name=agent.name + scene.NASTY,
            title=scene.NASTY,
            cwd=scene.NASTY,
            bead=scene.NASTY,
            runtime=scene.NASTY,
            evidence=scene.told(scene.NASTY, scene.NASTY, ago=True),
        )
        for agent in scene.AGENTS
    )
    return scene.TOWN._replace(
        ref=scene.TOWN.ref._replace(name=scene.NASTY, socket=f"/tmp/{scene.NASTY}"),
        agents=agents,
        foreign=(Foreign(scene.NASTY, "$50"),),
        notices=(Notice("odd", scene.NASTY, scene.NASTY),),
    )


@pytest.mark.parametrize("size", [(120, 32), (80, 24)])
async def test_hostile_text_stays_text(size: tuple[int, int]) -> None:
    eye = scene.Eye(hostile_town())
    app = scene.console(eye)
    async with app.run_test(size=size) as pilot:
        eye.frame(Frame("%1", (scene.NASTY, "\x1b[31mred\x1b[?1049h\x1bc"), scene.NOW))
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
