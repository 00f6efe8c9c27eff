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
    """Returns what fits: the last key, help, at the right, because it names all the others; of these the first ranks."""
    *others, last = [_run(key, style) for key in ranked] or [[]]
    while others and width_of(runs := [run for key in others for run in key]) + width_of(last) > room:
        others.pop()
        if len(others) < 3:
            others = [[_run(key, style)[0]] for key in ranked[: max(1, (room - 8) // 3)]] if room > 24 else []
            runs = [run for key in others for run in key]
            break
    else:
        runs = [run for key in others for run in key]
    return [*runs, (" " * max(0, room - width_of(runs) - width_of(last)), style("text")), *last]


def _run(key: Key, style: Ink) -> list[Run]:
    return [(" " + key.shown.split(" ")[0], style("text")), (f" {key.label} ", style("dim"))]
