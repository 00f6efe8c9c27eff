"""The last line: the keys that do something here, or what is being typed, or what just happened."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from ..keys import Key
from ..themes import Ink
from .lines import Lines, Run, clip, fit, width_of

# Fewer with their words are worth less than many without.
_FEW = 3


class Footer(Lines):
    """Shows keys by rank, those that fit: with their words, else, where those are next to none, the keys alone."""

    _told: object = None

    def keys(self, keys: Sequence[Key], style: Ink) -> None:
        told = keys, self.size.width, style("text"), style("dim")
        if told != self._told:
            ranked = sorted((key for key in keys if key.rank), key=lambda key: key.rank)
            self._put(_fitting(ranked, style, self.size.width - 1), style)
            self._told = told

    def say(self, text: str, style: Ink) -> None:
        """Says what just happened."""
        self._put([(" " + clip(text, self.size.width - 2), style("accent"))], style)

    def ask(self, sign: str, typed: str, hint: str, style: Ink) -> None:
        """Shows what is being typed behind its sign, of a long text the end, where one types; the caret stands still, because
        blinking costs bytes for ever.
        """
        told = clip(typed[::-1], self.size.width - cell_len(sign) - 4)[::-1]
        self._put(
            [(f" {sign}", style("accent bold")), (told, style("text")), ("▏", style("accent")), (f"  {hint}", style("dim"))],
            style,
        )

    def _put(self, runs: Sequence[Run], style: Ink) -> None:
        self._told = None
        self.draw([fit(runs, self.size.width, style("text"))])


def _fitting(ranked: list[Key], style: Ink, room: int) -> list[Run]:
    """Returns what fits: the last key, help, at the right, because it names all the others; of these those that fit, by rank."""
    *others, last = [_run(key, style) for key in ranked] or [[]]
    runs: list[Run] = []
    for key in others:
        if width_of([*runs, *key, *last]) <= room:
            runs += key
    if len(runs) < 2 * min(len(others), _FEW):
        runs = [_run(key, style)[0] for key in ranked[: max(1, (room - 8) // 3)]] if room > 24 else []
    return [*runs, (" " * max(0, room - width_of(runs) - width_of(last)), style("text")), *last]


def _run(key: Key, style: Ink) -> list[Run]:
    return [(" " + key.shown.split(" ")[0], style("text")), (f" {key.label} ", style("dim"))]
