"""What the operator set of the console."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gastown_tui.town.snapshot import CALLING, State

from .keys import KEYS, Key

THEMES = ("dark", "light", "contrast", "terminal")
PREFIX = "gastown-"
"""What our themes are called among Textual's own, before the name that a person gives them."""


class Ways(NamedTuple):
    """The operator's own ways.

    `bell`: the states whose beginning rings. `theme`: its short name, where one is wanted. `keys`: the table in force.
    `rate`: pictures a second of the pane that is looked at. `complaints`: what is wrong in the file that says all this.
    """

    bell: frozenset[State] = CALLING
    theme: str | None = None
    keys: Sequence[Key] = KEYS
    rate: float = 5.0
    complaints: Sequence[str] = ()


USUAL = Ways()


def theme_named(environ: Mapping[str, str]) -> str | None:
    """Returns which of our themes TEXTUAL_THEME names, by its short name; it may name one of another program."""
    name = environ.get("TEXTUAL_THEME", "").removeprefix(PREFIX)
    return name if name in THEMES else None
