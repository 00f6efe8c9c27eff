"""What a terminal sends, so that nothing in a pasted text can end the paste early and be taken for keys."""

from __future__ import annotations

MOST = 1 << 16
"""So much of a paste is kept, in characters: one without an end would fill the memory."""
_START, _END = "\x1b[200~", "\x1b[201~"


class Pastes:
    """Takes the escapes out of what stands between the marks of a paste, wherever reading cuts the stream.

    Textual's parser looks for sequences within a paste too, and hands on what it does not understand as keys. Terminals that
    filter what they paste are the rule; tmux does not, and its buffer may have been filled by what runs in a pane.
    """

    def __init__(self) -> None:
        self.inside = False
        self._kept = ""
        self._room = MOST

    def feed(self, text: str) -> str:
        """Returns what may go to the parser now. Within a paste the beginning of an end mark waits for the rest of it."""
        out = ""
        while text:
            passed, text = self._within(self._kept + text) if self.inside else self._outside(text)
            out += passed
        return out

    def _outside(self, text: str) -> tuple[str, str]:
        """Everything goes on at once, for a lone escape is a key; what might begin a paste is remembered."""
        seen = self._kept + text
        _, mark, after = seen.partition(_START)
        self.inside, self._room, self._kept = bool(mark), MOST, "" if mark else seen[1 - len(_START) :]
        return text[: len(text) - len(after)] if mark else text, after

    def _within(self, text: str) -> tuple[str, str]:
        inner, mark, after = text.partition(_END)
        if mark:
            self.inside, self._kept = False, ""
            return self._inert(inner) + mark, after
        cut = next((length for length in range(len(_END) - 1, 0, -1) if inner.endswith(_END[:length])), 0)
        self._kept = inner[len(inner) - cut :]
        return self._inert(inner[: len(inner) - cut]), ""

    def _inert(self, text: str) -> str:
        kept = text[: self._room].replace("\x1b", "\ufffd")
        self._room -= len(kept)
        return kept
