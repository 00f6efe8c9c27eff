"""The last line: the keys that do something here, or what is being typed, or what just happened."""

from __future__ import annotations

from collections.abc import Sequence

from ..keys import Key
from ..themes import Ink
from .lines import Lines, Run, clip, fit, width_of


class Footer(Lines):
    """Shows keys by rank as far as they fit: with their words, else fewer, else the keys alone."""

    def keys(self, keys: Sequence[Key], style: Ink) -> None:
        ranked = sorted((key for key in keys if key.rank), key=lambda key: key.rank)
        self._put(_fitting(ranked, style, self.size.width - 1), style)

    def say(self, text: str, style: Ink) -> None:
        """Says what just happened."""
        self._put([(" " + clip(text, self.size.width - 2), style("accent"))], style)

    def ask(self, sign: str, typed: str, hint: str, style: Ink) -> None:
        """Shows what is being typed behind its sign; the caret stands still, because blinking costs bytes for ever."""
        width = self.size.width
        typed = typed if len(typed) < width - 4 else "…" + typed[-(width - 6) :]
        self._put(
            [(f" {sign}", style("accent bold")), (typed, style("text")), ("▏", style("accent")), (f"  {hint}", style("dim"))],
            style,
        )

    def _put(self, runs: Sequence[Run], style: Ink) -> None:
        self.draw([fit(runs, self.size.width, style("text"))])


def _fitting(ranked: list[Key], style: Ink, room: int) -> list[Run]:
    """The lowest ranks go first, but the last key, help, stays: it names all the others."""
    keys = list(ranked)
    while len(keys) > 4:
        runs = _runs(keys, style, words=True)
        if width_of(runs) <= room:
            return runs
        del keys[-2 if len(keys) > 1 else -1]
    return next(
        (runs for words in (True, False) if width_of(runs := _runs(keys, style, words=words)) <= room),
        _runs(keys[-1:], style, words=True),
    )


def _runs(keys: Sequence[Key], style: Ink, *, words: bool) -> list[Run]:
    runs: list[Run] = []
    for key in keys:
        runs.append((" " + key.shown.split(" ")[0], style("text")))
        runs.append((f" {key.label} " if words else "", style("dim")))
    return runs
