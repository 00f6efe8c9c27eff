"""Both palettes can be read."""

from __future__ import annotations

import pytest

from gastown_tui.town.cells import Attributes
from gastown_tui.town.snapshot import State
from gastown_tui.ui.themes import PALETTES, STATE_TOKENS, Palette, cell_style, contrast, ink

TEXTS = ("text", "dim", "accent", "good", "attention", "danger", "held", "frozen", "unknown")


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)
def test_contrast(palette: Palette) -> None:
    for token in TEXTS:
        assert contrast(getattr(palette, token), palette.back) >= 4.5, token
    for token in ("text", "dim"):
        assert contrast(getattr(palette, token), palette.select) >= 4.5, token
    assert contrast(palette.faint, palette.back) >= 3


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_every_state_has_a_colour() -> None:
    assert set(STATE_TOKENS) == set(State)


def test_a_dimmed_pane_has_no_colour_of_its_own() -> None:
    loud = Attributes(fg=1, bg=(1, 2, 3), bold=True)
    dimmed = cell_style("gastown-dark", loud, dimmed=True)
    assert (dimmed.color, dimmed.bgcolor, dimmed.bold) == (*_plain("dim"), None)


def _plain(token: str) -> tuple[object, object]:
    style = ink("gastown-dark", token)
    return style.color, style.bgcolor


def test_without_colour_there_is_only_weight() -> None:
    assert cell_style("mono", Attributes(fg=1, bold=True), dimmed=False).color is None
    assert ink("mono", "danger").bold and ink("mono", "dim").dim
