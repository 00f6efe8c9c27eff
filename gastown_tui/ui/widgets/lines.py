"""The base of every widget: finished lines in, and only what differs goes to the terminal.

Textual compares nothing with what is already on screen: whatever is refreshed is sent again. So the comparison is here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from textwrap import wrap
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.filter import ANSIToTruecolor
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from gastown_tui.town.text import safe

from ..themes import Ink

Run = tuple[str, Style]
_NOTHING = Segment("")


def fit(runs: Iterable[Run], width: int, base: Style) -> Strip:
    """Returns runs as a line of exactly `width` columns: neighbours that look alike joined, cut or padded at the right.

    Everything that is drawn comes through here, so here every text is made safe, whatever was done to it before.
    """
    segments: list[Segment] = []
    for raw, style in runs:
        text = safe(raw)
        if segments and segments[-1].style == style:
            text = segments.pop().text + text
        if text:
            segments.append(Segment(text, style))
    return Strip(segments).crop_extend(0, width, base)


def width_of(runs: Iterable[Run]) -> int:
    """Returns how many columns the runs take."""
    return sum(cell_len(text) for text, _ in runs)


def beyond(above: int, below: int, style: Ink) -> list[Run]:
    """Returns how many rows are out of sight."""
    parts = [*([f"{above} above"] if above else []), *([f"+{below}"] if below else [])]
    return [("   ⋮", style("faint")), (" " + " · ".join(parts), style("dim"))]


def clip(text: str, width: int) -> str:
    """Returns the text, made safe, in at most `width` columns, its end replaced by `…` where it is longer."""
    text = safe(text)
    if cell_len(text) <= width:
        return text
    kept = ""
    room = width - 1
    for char in text:
        room -= cell_len(char)
        if room < 0:
            break
        kept += char
    return kept + "…" if width > 0 else ""


@lru_cache(maxsize=1024)
def wrapped(text: str, width: int, most: int) -> tuple[str, ...]:
    """Returns a text in at most so many lines, names with hyphens whole; wrapping costs much, and few texts change between two
    paintings.
    """
    return tuple(wrap(text, max(8, width), max_lines=most, placeholder=" …", break_on_hyphens=False))


def changed_columns(old: Strip | None, new: Strip | None) -> int:
    """Returns the column behind the last cell that differs, 0 where nothing does.

    A refresh always sends a line from its left edge, so the equal cells at the right are all that can be saved.
    """
    if old is new:
        return 0
    if old is None or new is None or old.cell_length != new.cell_length:
        return max(strip.cell_length for strip in (old, new) if strip is not None)
    columns = new.cell_length
    ours, theirs = ((segment for segment in reversed(strip) if segment.text) for strip in (old, new))
    was = now = alike = ""
    style = ink = None
    # From the right ends only as far as they look alike: most lines that change differ soon.
    while True:
        if not was:
            was, style, _ = next(ours, _NOTHING)
        if not now:
            now, ink, _ = next(theirs, _NOTHING)
        if not was or not now or (style is not ink and style != ink):
            break
        most = min(len(was), len(now))
        differ = was[-most:] != now[-most:]
        if differ and not (most := _common(was, now)):
            break
        alike, was, now = now[-most:], was[:-most], now[:-most]
        columns -= cell_len(alike)
        if differ:
            break
    # A cut leaves out what stands upon its last cell: an accent of its own.
    whole = now and alike and not (cell_len(now[-1]) and cell_len(alike[0]))
    return new.cell_length if whole else columns


def _common(one: str, other: str) -> int:
    """Returns how many characters two texts have in common at their ends, which differ somewhere."""
    return next(number for number, pair in enumerate(zip(reversed(one), reversed(other), strict=False)) if pair[0] != pair[1])


class Lines(Widget):
    """A block of lines. Subclasses compose strips of the widget's width and call `draw`."""

    can_focus = False
    # Whether nothing in it but our own inks has a colour: there is no agent's to be translated for the terminal, piece by piece.
    OWN_INKS: ClassVar[bool] = False

    class Resized(Message):
        """A block has another size. The first of many has all of them painted: whoever hears of it asks whether that is done."""

        def __init__(self, lines: Lines) -> None:
            super().__init__()
            self.lines = lines

    def __init__(self, name: str) -> None:
        super().__init__(id=name)
        self._lines: Sequence[Strip] = ()
        self._blank: Strip | None = None
        self._drawn_for: Size | None = None

    @property
    def outdated(self) -> bool:
        """Whether the lines were composed for another size than the block has now."""
        return self._drawn_for != self.size

    def draw(self, lines: Sequence[Strip]) -> None:
        """Shows the lines, sending those that differ from the last ones as far as they differ."""
        old, self._lines, self._blank, self._drawn_for = self._lines, lines, None, self.size
        regions = []
        for y in range(min(self.size.height, max(len(old), len(lines)))):
            columns = changed_columns(old[y] if y < len(old) else None, lines[y] if y < len(lines) else None)
            if columns:
                regions.append(Region(0, y, columns, 1))
        if regions:
            self.refresh(*regions)

    def on_hide(self) -> None:
        # What is out of sight has no size, and is not drawn: it may come back with the old one.
        self._drawn_for = None

    def on_resize(self) -> None:
        self.post_message(self.Resized(self))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Returns the lines as they were made: Textual looks for borders and tints in each of them, and there are none."""
        width, behind = self.outer_size.width, self.screen.styles.background
        lines = [self._line(y, width) for y in crop.line_range]
        for one in self.get_line_filters():
            if self.OWN_INKS and isinstance(one, ANSIToTruecolor):
                continue
            lines = [line.apply_filter(one, behind) for line in lines]
        return lines if crop.width == width else [line.crop(crop.x, crop.right) for line in lines]

    def render_line(self, y: int) -> Strip:
        return self._line(y, self.size.width)

    def _line(self, y: int, width: int) -> Strip:
        if y < len(self._lines) and self._lines[y].cell_length == width:
            return self._lines[y]
        # Below the last line, or between a new size and the lines for it. Asking for the style costs more than the line.
        if self._blank is None or self._blank.cell_length != width:
            self._blank = Strip.blank(width, self.rich_style)
        return self._blank
