"""Every theme can be read, and a state is known without its colour."""

from __future__ import annotations

import re
from functools import reduce

import pytest
import scene
from rich.color import Color
from textual.strip import Strip
from waiting import wait_until

from gastown_tui.town.cells import Attributes, Colour
from gastown_tui.town.snapshot import State
from gastown_tui.town.words import SHAPES
from gastown_tui.ui.app import Console
from gastown_tui.ui.themes import CONTRAST, DARK, PALETTES, STATE_TOKENS, TERMINAL, Palette, cell_style, contrast, ink, themes
from gastown_tui.ui.ways import Ways

INKS = [token for token in TERMINAL._fields if token not in ("back", "select", "rule")]
OWN = {name: palette for name, palette in PALETTES.items() if palette is not TERMINAL}


@pytest.mark.parametrize("ground", ["back", "select"])
@pytest.mark.parametrize("palette", OWN.values(), ids=OWN)
def test_contrast(palette: Palette, ground: str) -> None:
    """WCAG 2: 4.5 for text, 7 for the enhanced grade, 3 for what only has to be seen."""
    under = getattr(palette, ground)
    for token in INKS:
        least = 7 if palette is CONTRAST else 3 if token == "faint" else 4.5
        assert contrast(getattr(palette, token), under) >= least, token
    assert contrast(palette.rule, palette.back) >= (3 if palette is CONTRAST else 1.5)


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_every_state_has_a_colour_a_shape_and_a_word_of_its_own() -> None:
    assert set(STATE_TOKENS) == set(SHAPES) == set(State)
    assert len({*SHAPES.values()}) == len({str(state) for state in State}) == len(State)


async def test_every_state_is_told_by_shape_and_word_where_there_is_no_colour() -> None:
    agents = tuple(agent._replace(state=state) for agent, state in zip(scene.AGENTS, State, strict=False))
    app = scene.console(scene.Eye(scene.TOWN._replace(agents=agents)), environ={"NO_COLOR": "1"})
    async with app.run_test(size=(120, 40)):
        strips = _drawn(app)
    colours = {colour for strip in strips for one in strip if one.style for colour in (one.style.color, one.style.bgcolor)}
    assert all(colour is None or colour.is_default for colour in colours)
    rows = [strip.text for strip in strips]
    for agent in agents:
        told = re.compile(rf"{re.escape(SHAPES[agent.state])} .*\b{agent.name} .*\b{agent.state} ")
        assert any(map(told.search, rows)), agent.state


def _drawn(app: Console) -> list[Strip]:
    """What the terminal is sent: the rows on screen behind the filters."""
    ground = app.screen.background_colors[1]
    rows = app.screen._compositor.render_strips()
    return [reduce(lambda strip, one: strip.apply_filter(one, ground), app.get_line_filters(), row) for row in rows]


def test_a_dimmed_pane_has_no_colour_of_its_own() -> None:
    loud = Attributes(fg=1, bg=(1, 2, 3), bold=True)
    dimmed = cell_style("gastown-dark", loud, dimmed=True)
    assert (dimmed.color, dimmed.bgcolor, dimmed.bold) == (*_plain("dim"), None)


@pytest.mark.parametrize("theme", ["gastown-dark", "gastown-light", "gastown-contrast"])
@pytest.mark.parametrize("ground", [(0, 40, 0), (240, 255, 240), 234, 255])
def test_what_an_agent_writes_on_a_ground_of_its_own_is_read_in_every_theme(theme: str, ground: Colour) -> None:
    style = cell_style(theme, Attributes(bg=ground), dimmed=False)
    assert style.color and style.bgcolor
    assert contrast(style.color.get_truecolor().hex, style.bgcolor.get_truecolor().hex) >= 4.5


def test_a_colour_that_an_agent_names_is_kept() -> None:
    assert cell_style("gastown-light", Attributes(fg=(1, 2, 3), bg=(0, 0, 0)), dimmed=False).color == Color.from_rgb(1, 2, 3)
    named = cell_style("gastown-light", Attributes(bg=1), dimmed=False).color
    assert named == ink("gastown-light", "text").color, "how the terminal draws its red nobody knows"


def _plain(token: str) -> tuple[object, object]:
    style = ink("gastown-dark", token)
    return style.color, style.bgcolor


def test_without_colour_there_is_only_weight() -> None:
    assert cell_style("mono", Attributes(fg=1, bold=True), dimmed=False).color is None
    assert ink("mono", "danger").bold and ink("mono", "dim").dim


def test_the_terminals_own_colours_are_named_and_never_numbers_of_ours() -> None:
    for token in INKS:
        for selected in (False, True):
            style = ink("gastown-terminal", token, selected=selected)
            assert style.color is not None and style.bgcolor is not None
            assert style.color.triplet is None and style.bgcolor.is_default
    assert ink("gastown-terminal", "text", selected=True).bold and not ink("gastown-terminal", "text").bold
    assert [theme.name for theme in themes() if theme.ansi] == ["gastown-terminal"]


async def test_the_terminals_own_colours_reach_it() -> None:
    """Nothing on the way makes fixed colours of them, when the theme is changed to as when it is begun with."""
    begun, changed = scene.console(ways=Ways(theme="terminal")), scene.console()
    first = set[str]()
    async with begun.run_test(size=(120, 32)) as pilot:
        for key in ("1", "2", "4", "5", "space", "question_mark"):
            await pilot.press(key)
            await begun.workers.wait_for_complete()
            await pilot.pause()
            first |= _colours(begun)
    async with changed.run_test(size=(120, 32)) as pilot:
        for _ in range(3):
            changed.action_theme()
        # A theme reaches the parts of a screen in several turns of the loop.
        second = await wait_until(lambda: (seen := _colours(changed)).isdisjoint(DARK) and seen)
    assert {"default", "red", "green"} <= second & first
    assert first.isdisjoint(DARK)


def _colours(app: Console) -> set[str]:
    cells = [one.style for strip in _drawn(app) for one in strip if one.style]
    return {colour.name for style in cells for colour in (style.color, style.bgcolor) if colour}


@pytest.mark.parametrize(
    ("wanted", "named", "theme"),
    [(None, "", "dark"), ("light", "", "light"), ("light", "gastown-contrast", "contrast"), ("terminal", "nord", "terminal")],
)
def test_the_theme_to_begin_with(wanted: str | None, named: str, theme: str) -> None:
    app = scene.console(environ={"TEXTUAL_THEME": named}, ways=Ways(theme=wanted))
    assert app.theme == f"gastown-{theme}"


async def test_the_palette_goes_round_the_themes() -> None:
    app = scene.console()
    async with app.run_test():
        seen = []
        for _ in PALETTES:
            seen.append(app.theme)
            app.action_theme()
        assert seen == list(PALETTES) and app.theme == seen[0]
