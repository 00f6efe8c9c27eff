"""The one table of keys: every key in it does something, is in the help and in the palette, and nothing else is bound."""

from __future__ import annotations

from collections import Counter

import pytest
import scene
from pressing import pressed

from gastown_tui.ui import keys
from gastown_tui.ui.app import Console
from gastown_tui.ui.keys import Key

BEFORE = {
    keys.TOWN: ("w", "w"),
    keys.WALL: ("2", "w"),
    keys.QUEUES: ("3", "tab"),
    keys.MONITOR: ("4",),
    keys.PROBLEMS: ("5",),
    keys.AGENT: ("w", "w", "space"),
    keys.BEAD: ("3", "slash", *"gt-aa7", "enter", "enter"),
    keys.LIST: ("question_mark",),
    keys.PALETTE: ("colon",),
    keys.ANYWHERE: (),
}
PREPARE: dict[tuple[str, str], tuple[str, ...]] = {
    (keys.TOWN, "unfold"): ("h",),
    (keys.TOWN, "back"): ("slash", "n", "u", "x", "enter"),
    **{(keys.MONITOR, action): ("tab",) for action in ("inspect", "copy_id", "open", "cell(-1)", "step(1)")},
    (keys.MONITOR, "cell(1)"): ("tab", "h"),
    (keys.MONITOR, "step(-1)"): ("tab", "plus"),
    (keys.QUEUES, "to_agent"): ("tab",),
    (keys.QUEUES, "unfold"): ("h",),
    (keys.BEAD, "open"): tuple("jjjjjj"),
    (keys.MONITOR, "acknowledge"): ("tab", *"jjjjjjj"),
    (keys.AGENT, "next_hit(-1)"): ("slash", "p", "a", "s", "t", "enter"),
    (keys.AGENT, "next_hit(1)"): ("slash", "p", "a", "s", "t", "enter"),
}
# From where a key that moves the choice has somewhere to go.
FROM = {
    **dict.fromkeys(("move(1)", "half(1)", "page(1)", "last"), "g"),
    **dict.fromkeys(("move(-1)", "half(-1)", "page(-1)", "first"), "G"),
}
CASES = [(key, scope, name) for key in keys.KEYS if key.action not in FROM for scope in key.where for name in key.keys]


def state(app: Console, eye: scene.Eye) -> tuple[object, ...]:
    """Everything that a key could change."""
    return scene.text(app), type(app.screen), app.clipboard, eye.looks, app.return_code, app.view.held_since


@pytest.mark.parametrize(("key", "scope", "name"), CASES, ids=[f"{scope}-{name}" for _, scope, name in CASES])
async def test_a_key_does_something(key: Key, scope: str, name: str) -> None:
    eye = scene.Eye()
    app = scene.console(eye)
    async with app.run_test(size=(100, 20)) as pilot:
        await pressed(pilot, *BEFORE[scope], *PREPARE.get((scope, key.action), ()))
        before = state(app, eye)
        await pressed(pilot, name)
        assert state(app, eye) != before


@pytest.mark.parametrize("scope", {scope: None for key in keys.KEYS if key.action in FROM for scope in key.where})
async def test_every_key_that_moves_the_choice_does(scope: str) -> None:
    moving = [(FROM[key.action], name) for key in keys.KEYS if key.action in FROM and scope in key.where for name in key.keys]
    eye = scene.Eye()
    app = scene.console(eye)
    async with app.run_test(size=(100, 20)) as pilot:
        await pressed(pilot, *BEFORE[scope])
        for start, name in moving:
            await pressed(pilot, start)
            before = state(app, eye)
            await pressed(pilot, name)
            assert state(app, eye) != before, name


async def test_every_key_is_in_the_help() -> None:
    app = scene.console()
    async with app.run_test(size=(120, 60)) as pilot:
        shown = await pressed(pilot, "question_mark")
    for key in keys.KEYS:
        assert f"{key.shown or '(palette)':10} {key.help}" in shown


@pytest.mark.parametrize("scope", [keys.TOWN, keys.WALL, keys.PROBLEMS, keys.AGENT])
async def test_every_usable_action_is_in_the_palette_and_runs_from_there(scope: str) -> None:
    app = scene.console()
    async with app.run_test(size=(120, 60)) as pilot:
        shown = await pressed(pilot, *BEFORE[scope], "ctrl+p")
        for key in keys.of_screen(scope):
            assert (key.help in shown) == (key.needs != "hits")
            assert key.needs == "hits" or f" {key.label} " in shown
        await pressed(pilot, *"read again", "enter")
        eye = app.view.eye
        assert isinstance(eye, scene.Eye)
        assert eye.looks == 1


async def test_a_palette_entry_without_a_key_runs() -> None:
    app = scene.console()
    async with app.run_test() as pilot:
        await pressed(pilot, "colon", *"next colours", "enter")
        assert app.theme == "gastown-light"


def test_no_key_has_two_meanings_on_a_screen() -> None:
    for scope in (*keys.SCREENS, keys.LIST):
        counted = Counter(name for key in keys.of_screen(scope) for name in key.keys)
        assert [name for name, count in counted.items() if count > 1] == []


def test_the_readme_lists_every_key() -> None:
    table = keys.readme()
    assert table.count("\n") == len(keys.KEYS) + 2
    assert "| `j` `↓` | town, wall, queues, monitor, problems, agent view, bead, lists | one row down |" in table
    assert "| (palette) | anywhere | next colours: dark, light, contrast, terminal |" in table


async def test_enter_does_nothing_yet() -> None:
    app = scene.console()
    async with app.run_test() as pilot:
        before = scene.text(app)
        assert await pressed(pilot, "enter") == before
