"""A pane's picture: captured rows, the last of them at the bottom, in their own colours."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence, Set
from typing import NamedTuple

from rich.style import Style
from textual.events import MouseScrollDown, MouseScrollUp
from textual.message import Message
from textual.strip import Strip

from gastown_tui.town.cells import Cells, parse_rows, plain, trim_blank

from ..themes import cell_style, ink
from .lines import Lines, Run, fit


class Hit(NamedTuple):
    """Where a search found something: the row, and the characters from `start` to `end`."""

    row: int
    start: int
    end: int


class Pane(Lines):
    """Shows the last rows that fit, or those `up` rows above them."""

    class Scrolled(Message):
        """The wheel was turned by that many rows."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._cells: Sequence[Cells] = ()
        self._made: dict[tuple[object, ...], Strip] = {}
        self.up = 0

    @property
    def blank(self) -> bool:
        """Whether nothing is loaded."""
        return not self._cells

    @property
    def texts(self) -> list[str]:
        """The rows as plain text."""
        return [plain(cells).rstrip() for cells in self._cells]

    @property
    def furthest(self) -> int:
        """How many rows up the first row is reached."""
        return max(0, len(self._cells) - self.size.height)

    def load(self, rows: Sequence[str]) -> None:
        """Takes captured rows; nothing is drawn before `show`."""
        self._cells = parse_rows(trim_blank(rows))

    def show(
        self,
        theme: str,
        *,
        dimmed: bool = False,
        hits: Sequence[Hit] = (),
        current: Hit | None = None,
        empty: str = "",
        marks: Set[int] = frozenset(),
        mark: str = "",
    ) -> None:
        """Draws what is loaded, or says `empty`. Equal rows stay the same line objects, which makes an unchanged row free.

        The first column is a margin, in which the rows of `marks` have a bar in the ink `mark`.
        """
        width, height = self.size
        if not self._cells:
            self.draw([fit([(f" {empty}", ink(theme, "dim"))], width, ink(theme, "text"))])
            return
        self.up = min(self.up, self.furthest)
        end = len(self._cells) - self.up
        start = max(0, end - height)
        found_in: dict[int, list[Hit]] = {}
        for hit in hits[bisect_left(hits, (start,)) : bisect_left(hits, (end,))]:
            found_in.setdefault(hit.row, []).append(hit)
        made: dict[tuple[object, ...], Strip] = {}
        lines = []
        for index in range(start, end):
            cells = self._cells[index]
            found = tuple((hit.start, hit.end, hit == current) for hit in found_in.get(index, ()))
            margin = mark if index in marks else ""
            key = (cells, width, theme, dimmed, found, margin)
            if key not in made:
                made[key] = self._made.get(key) or _strip(cells, width, theme, dimmed, found, margin)
            lines.append(made[key])
        self._made = made
        self.draw(lines)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        event.stop()
        self.post_message(self.Scrolled(1))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        event.stop()
        self.post_message(self.Scrolled(-1))


def _strip(cells: Cells, width: int, theme: str, dimmed: bool, found: tuple[tuple[int, int, bool], ...], margin: str) -> Strip:
    runs: list[Run] = [(text, cell_style(theme, attributes, dimmed=dimmed)) for text, attributes in cells]
    for start, end, current in found:
        mark = Style(reverse=True, bold=current or None, underline=current or None)
        runs = [part for run in _split(runs, start, end) for part in ([(run[0][0], run[0][1] + mark)] if run[1] else [run[0]])]
    bar = ("▎", ink(theme, margin)) if margin else (" ", runs[0][1] if runs and not runs[0][1].bgcolor else ink(theme, "text"))
    return fit([bar, *runs], width, ink(theme, "text"))


def _split(runs: list[Run], start: int, end: int) -> list[tuple[Run, bool]]:
    """Cuts runs at two characters and says which parts lie between them."""
    parts, at = [], 0
    for text, style in runs:
        for low, high, inside in ((0, start, False), (start, end, True), (end, at + len(text), False)):
            piece = text[max(0, low - at) : max(0, high - at)]
            if piece:
                parts.append(((piece, style), inside))
        at += len(text)
    return parts


def find(texts: Sequence[str], query: str) -> tuple[Hit, ...]:
    """Returns where the query stands in the rows, from the top; capitals count only where the query has some."""
    if not query:
        return ()
    pattern = re.compile(re.escape(query), 0 if query != query.lower() else re.IGNORECASE)
    return tuple(Hit(row, *match.span()) for row, text in enumerate(texts) for match in pattern.finditer(text))
