"""A line that is being typed, in the place of the footer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual.events import Key

from gastown_tui.town.text import safe


@dataclass(slots=True)
class Typing:
    """`changed` is told its text on every key; `kept`, where there is one, when Enter ends it."""

    sign: str
    changed: Callable[[str], None]
    hint: Callable[[], str]
    text: str = ""
    kept: Callable[[str], None] | None = None

    def after(self, key: Key) -> str | None:
        """Returns what the text is after a key; None where the key is no text."""
        if key.key in ("backspace", "ctrl+h"):
            return self.text[:-1]
        if key.key == "ctrl+u":
            return ""
        if key.key == "ctrl+w":
            return self.text.rstrip().rpartition(" ")[0]
        return self.text + safe(key.character) if key.is_printable and key.character else None
