"""Colours by name. Code says what a thing means; a palette says which colour that is."""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from rich.color import Color, ColorType
from rich.style import Style
from textual.theme import Theme

from gastown_tui.town.cells import Attributes, Colour
from gastown_tui.town.snapshot import State

from .ways import PREFIX, THEMES


class Palette(NamedTuple):
    """The tokens of the look, as `#rrggbb` or the terminal's own names. `back` lies below everything, `select` below the
    chosen row.
    """

    back: str
    select: str
    text: str
    dim: str
    faint: str
    rule: str
    accent: str
    good: str
    attention: str
    danger: str
    held: str
    frozen: str
    unknown: str


DARK = Palette(
    back="#16181d",
    select="#2c313a",
    text="#d5dae1",
    dim="#97a0ac",
    faint="#737c88",
    rule="#3a414b",
    accent="#7fb2e5",
    good="#84b98a",
    attention="#e3b45a",
    danger="#ef7d6f",
    held="#bd9bea",
    frozen="#72a6ef",
    unknown="#97a0ac",
)
LIGHT = Palette(
    back="#fbfaf7",
    select="#e6e7e3",
    text="#24292f",
    dim="#5a626c",
    faint="#7c838c",
    rule="#c9ccd0",
    accent="#1f5fa8",
    good="#25693a",
    attention="#875600",
    danger="#b3261e",
    held="#6d3fb0",
    frozen="#1d58b5",
    unknown="#5a626c",
)
CONTRAST = Palette(
    back="#000000",
    select="#303030",
    text="#ffffff",
    dim="#d6d6d6",
    faint="#c2c2c2",
    rule="#8a8a8a",
    accent="#8cd0ff",
    good="#8df08d",
    attention="#ffd75f",
    danger="#ffaea6",
    held="#dcbcff",
    frozen="#a9ccff",
    unknown="#d6d6d6",
)
# No blue, which many terminals draw too dark to read, and no bright black, which some draw as their ground.
TERMINAL = Palette(
    back="default",
    select="default",
    text="default",
    dim="default",
    faint="default",
    rule="default",
    accent="cyan",
    good="green",
    attention="yellow",
    danger="red",
    held="magenta",
    frozen="cyan",
    unknown="default",
)
PALETTES = {f"{PREFIX}{name}": one for name, one in zip(THEMES, (DARK, LIGHT, CONTRAST, TERMINAL), strict=True)}
STATE_TOKENS = {
    State.WORKING: "good",
    State.IDLE: "dim",
    State.WAITING: "attention",
    State.STALLED: "attention",
    State.DEAD: "danger",
    State.MISSING: "danger",
    State.ZOMBIE: "danger",
    State.HELD: "held",
    State.FROZEN: "frozen",
    State.STARTING: "dim",
    State.UNKNOWN: "unknown",
}
Ink = Callable[[str], Style]
_QUIET = frozenset({"dim", "faint", "rule", "unknown"})
_LOUD = frozenset({"attention", "danger", "held", "accent"})


def themes() -> list[Theme]:
    """Returns the themes as Textual wants them; its own widgets are not used, so few of its names matter."""
    return [
        Theme(
            name=name,
            primary=_for_textual(palette.accent),
            foreground=_for_textual(palette.text),
            background=_for_textual(palette.back),
            surface=_for_textual(palette.back),
            panel=_for_textual(palette.back),
            dark=palette is not LIGHT,
            ansi=palette is TERMINAL,
            variables={"ansi-background": "ansi_default", "ansi-foreground": "ansi_default"} if palette is TERMINAL else {},
        )
        for name, palette in PALETTES.items()
    ]


def _for_textual(colour: str) -> str:
    return colour if colour.startswith("#") else f"ansi_{colour}"


@lru_cache(maxsize=256)
def ink(theme: str, token: str, *, selected: bool = False) -> Style:
    """Returns the style of a token in a theme, over the background or the chosen row's; `mono` is the theme of no colour."""
    name, _, weight = token.partition(" ")
    if theme not in PALETTES:
        return Style(dim=name in _QUIET or None, bold=name in _LOUD or bool(weight) or None)
    palette = PALETTES[theme]
    ground = palette.select if selected else palette.back
    quiet = palette is TERMINAL and name in _QUIET
    # Where the chosen row has no ground of its own, its weight says so.
    heavy = bool(weight) or (selected and ground == palette.back and not quiet)
    return Style(color=getattr(palette, name), bgcolor=ground, bold=heavy or None, dim=quiet or None)


@lru_cache(maxsize=4096)
def cell_style(theme: str, attributes: Attributes, *, dimmed: bool) -> Style:
    """Returns how a run of a pane looks in the console: its own colours on our background, or, dimmed, no colour at all."""
    base = ink(theme, "dim" if dimmed else "text")
    flags = Style(
        bold=(attributes.bold and not dimmed) or None,
        dim=(attributes.dim and not dimmed) or None,
        italic=attributes.italic or None,
        underline=attributes.underline or None,
        reverse=attributes.reverse or None,
        strike=attributes.strike or None,
    )
    if dimmed or theme not in PALETTES:
        return base + flags
    own = _colour(attributes.fg) or _legible(PALETTES[theme], _colour(attributes.bg))
    return base + flags + Style(color=own, bgcolor=_colour(attributes.bg))


def _legible(palette: Palette, ground: Color | None) -> Color | None:
    """Returns which of our two colours is read on a ground that an agent painted without saying in what to write on it.

    It thought of the terminal's own, which may be dark where we are light. None where nobody knows what a colour looks like.
    """
    if ground is None or palette is TERMINAL or ground.type is ColorType.STANDARD:
        return None
    painted = ground.get_truecolor().hex
    return Color.parse(max(palette.text, palette.back, key=lambda one: contrast(one, painted)))


def _colour(colour: Colour) -> Color | None:
    if colour is None:
        return None
    return Color.from_ansi(colour) if isinstance(colour, int) else Color.from_rgb(*colour)


def contrast(one: str, other: str) -> float:
    """Returns the contrast ratio of two `#rrggbb` colours by WCAG 2, from 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
