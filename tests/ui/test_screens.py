"""Every screen as text at the three sizes people use, and as a picture at one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fleet
import pytest
import scene

from gastown_tui.town.snapshot import Notice, Nowhere, SourceState, Town
from gastown_tui.ui.themes import ink

Golden = Callable[[str, str], None]
SIZES = ((80, 24), (120, 32), (200, 60))
BLIND = scene.TOWN._replace(sources=(SourceState("tmux", "stale", scene.WALL - 42, "no answer within 2 s"), *scene.OK[1:]))
WARNED = scene.TOWN._replace(
    ref=scene.TOWN.ref._replace(demo=True),
    notices=(
        Notice("estop", "stop requested by mayor", "gt thaw lifts it", scene.WALL - 700),
        Notice("two_sockets", "agents of this town live on two sockets", "name one with --socket"),
    ),
)
SCREENS: dict[str, tuple[Town | Nowhere, tuple[str, ...]]] = {
    "town": (scene.TOWN, ("w", "w")),
    "well": (scene.WELL, ()),
    "folded": (scene.TOWN, ("w", "h")),
    "filter": (scene.TOWN, ("slash", "n", "u", "x")),
    "sorted": (scene.TOWN, ("s",)),
    "only": (scene.TOWN, ("exclamation_mark",)),
    "problems": (fleet.NIGHT, ("5", "j")),
    "problems_below": (fleet.NIGHT, ("5", "G", "k")),
    "problems_none": (scene.WELL, ("5",)),
    "jump": (scene.TOWN, ("f",)),
    "zoom": (scene.TOWN, ("z",)),
    "blind": (BLIND, ()),
    "warned": (WARNED, ()),
    "agent": (scene.TOWN, ("w", "w", "space")),
    "search": (scene.TOWN, ("space", "slash", "p", "a", "s", "t")),
    "help": (scene.TOWN, ("question_mark",)),
    "palette": (scene.TOWN, ("colon", "c", "o", "p")),
    "nowhere": (scene.NOWHERE, ()),
}


VARIANTS = ("well", "folded", "sorted", "only", "problems_none", "jump")
CASES = [(name, size) for name in SCREENS for size in SIZES if size == SIZES[1] or name not in VARIANTS]


@pytest.mark.parametrize(("name", "size"), CASES, ids=[f"{name}-{wide}x{high}" for name, (wide, high) in CASES])
async def test_text(name: str, size: tuple[int, int], golden: Golden) -> None:
    town, keys = SCREENS[name]
    app = scene.console(scene.Eye(town), read_only=name == "warned")
    async with app.run_test(size=size) as pilot:
        for key in keys:
            await pilot.press(key)
        await app.workers.wait_for_complete()
        await pilot.pause()
        shown = scene.text(app)
    assert all(len(row) <= size[0] for row in shown.splitlines())
    golden(f"{name}-{size[0]}x{size[1]}", shown)


@pytest.mark.parametrize(("size", "rows"), [((80, 24), 2), ((80, 12), 1), ((200, 60), 1)])
async def test_what_is_wrong_with_the_whole_town_is_cut_only_on_a_low_screen(size: tuple[int, int], rows: int) -> None:
    told = "no tmux server listens at /run/user/1000/tmux/gastown-main, but one does at default"
    app = scene.console(scene.Eye(scene.TOWN._replace(sources=(SourceState("tmux", "stale", None, told), *scene.OK[1:]))))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        shown = [row.strip() for row in scene.text(app).splitlines()[1 : 1 + rows]]
    assert (" ".join(shown) == f"tmux: no answer yet, {told}") is (size != (80, 12))


@pytest.mark.parametrize("source", ["tmux", "process", "town", "beads", "events", "monitor"])
async def test_only_what_agents_are_judged_by_is_told_before_a_notice_of_the_town(source: str) -> None:
    """An export of beads is old for days; the stop that was asked for stood behind it unseen."""
    town = WARNED._replace(sources=(*scene.OK[1:], SourceState(source, "stale", scene.WALL - 42, "it is old")))
    app = scene.console(scene.Eye(town))
    async with app.run_test(size=(120, 32)) as pilot:
        await pilot.pause()
        shown = scene.text(app)
    blind = source in ("tmux", "process", "town")
    assert (f"{source}: stale 42 s, it is old" in shown) is blind
    assert ("stop requested by mayor" in shown) is not blind and ("(+2)" in shown) is not blind


@pytest.mark.parametrize(("code", "token"), [("bd_import_hazard", "danger"), ("estop", "attention")])
async def test_work_that_is_undone_is_told_in_red(code: str, token: str) -> None:
    app = scene.console(scene.Eye(scene.TOWN._replace(notices=(Notice(code, "an old export is imported", "move it away"),))))
    async with app.run_test(size=(120, 32)) as pilot:
        await pilot.pause()
        line = app.screen.query_one("#header").render_line(1)
        (run,) = [one for one in line if "an old export is imported" in one.text]
        assert run.style is not None and run.style.color == ink(app.inks, token).color


@pytest.mark.parametrize("name", ["town", "problems", "blind", "warned", "agent", "help", "nowhere"])
def test_picture(name: str, snap_compare: Any) -> None:
    town, keys = SCREENS[name]
    assert snap_compare(scene.console(scene.Eye(town), read_only=name == "warned"), press=keys, terminal_size=(120, 32))


def test_picture_of_the_light_theme(snap_compare: Any) -> None:
    app = scene.console(environ={"TEXTUAL_THEME": "gastown-light"})
    assert snap_compare(app, press=("w", "w"), terminal_size=(120, 32))
