"""What the operator set of the console."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gastown_tui.town.snapshot import CALLING, State

from .keys import KEYS, Key


@dataclass(frozen=True, slots=True)
class Ways:
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
