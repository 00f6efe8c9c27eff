"""Captured rows made into cells: runs of inert text with attributes. The one parser; drawing and judging both use it.

Rows are as `tmux capture-pane -e` gives them: tmux has already emulated the terminal, so only SGR, OSC 8 and the shifts to
line drawing have a meaning left. Everything else that could steer a terminal is removed.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from unicodedata import combining, east_asian_width

from .text import safe

Colour = int | tuple[int, int, int] | None


class Attributes(NamedTuple):
    """How a run looks. A colour is a palette index, (red, green, blue), or None for the terminal's own."""

    fg: Colour = None
    bg: Colour = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False
    hidden: bool = False
    strike: bool = False


class Pen(NamedTuple):
    """What one row hands on to the next: the attributes, and whether line drawing is shifted in."""

    attributes: Attributes = Attributes()
    drawing: bool = False


Cells = tuple[tuple[str, Attributes], ...]
PLAIN = Attributes()
FRESH = Pen()
_TOKEN = re.compile(
    r"\x1b\[(?P<sgr>[0-9;:]*)m"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # any other CSI, also by its single C1 character
    r"|(?:\x1b[]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # OSC, DCS, SOS, PM, APC with their text
    r"|\x1b[ -/]*[0-Z\\^-~]?"
    r"|(?P<control>[\x00-\x1f\x7f-\x9f])"
)
_DRAWING = str.maketrans("`afgijklmnopqrstuvwxyz{|}~", "◆▒°±␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·")
_ON = ("bold", "dim", "italic", "underline", "reverse", "hidden", "strike", "underline")
_SET: dict[int, dict[str, Any]] = {
    **{code: {name: True} for code, name in zip((1, 2, 3, 4, 7, 8, 9, 21), _ON, strict=True)},
    22: {"bold": False, "dim": False},
    **{code: {name: False} for code, name in zip((23, 24, 27, 28, 29), _ON[2:7], strict=True)},
    39: {"fg": None},
    49: {"bg": None},
}
_GROUND: dict[int, str] = {38: "fg", 48: "bg", 58: ""}


def parse_rows(rows: Iterable[str], pen: Pen = FRESH) -> tuple[Cells, ...]:
    """Returns the cells of each row. tmux does not close SGR at the end of a row, so the pen is carried from row to row."""
    lines = []
    for row in rows:
        cells, pen = parse_row(row, pen)
        lines.append(cells)
    return tuple(lines)


def plain(cells: Cells) -> str:
    """Returns the text of a row without its attributes."""
    return "".join(text for text, _ in cells)


def trim_blank(rows: Sequence[str]) -> Sequence[str]:
    """Returns the rows without the empty ones at the end: a capture is always as high as its pane."""
    end = len(rows)
    while end and not rows[end - 1].strip():
        end -= 1
    return rows[:end]


# As many rows as a hundred panes show: what stands on their screens is parsed once.
@lru_cache(maxsize=4096)
def parse_row(row: str, pen: Pen = FRESH) -> tuple[Cells, Pen]:
    """Returns the cells of one row and the pen after it; the very same object for the same row, which makes a diff cheap."""
    runs: list[tuple[str, Attributes]] = []
    attributes, drawing = pen
    start = tab = 0
    for match in _TOKEN.finditer(row):
        _append(runs, row[start : match.start()], attributes, drawing)
        start = match.end()
        if match["sgr"] is not None:
            attributes = advance(attributes, match["sgr"])
        elif match["control"] == "\t":
            # What stands before the last tab fills whole stops.
            _append(runs, " " * (8 - _columns(_TOKEN.sub("", row[tab : match.start()])) % 8), attributes, False)
            tab = start
        elif match["control"] in ("\x0e", "\x0f"):
            drawing = match["control"] == "\x0e"
    _append(runs, row[start:], attributes, drawing)
    return tuple(runs), pen if pen == (attributes, drawing) else Pen(attributes, drawing)


def _append(runs: list[tuple[str, Attributes]], text: str, attributes: Attributes, drawing: bool) -> None:
    """Adds a run, merged with the one before where they look alike."""
    if not text:
        return
    text = safe(text.translate(_DRAWING) if drawing else text)
    if attributes.hidden:
        text = " " * _columns(text)
    if runs and runs[-1][1] == attributes:
        text = runs.pop()[0] + text
    runs.append((text, attributes))


def _columns(text: str) -> int:
    return sum(0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1 for character in text)


@lru_cache(maxsize=4096)
def advance(attributes: Attributes, parameters: str) -> Attributes:
    """Returns the attributes after one SGR sequence, semicolon or colon form. Unknown parameters change nothing."""
    fields = iter(parameters.split(";"))
    for field in fields:
        code, *rest = field.split(":")
        number = int(code[:4] or 0)
        if number == 0:
            attributes = PLAIN
        elif number in _GROUND:
            changed: dict[str, Any] = {_GROUND[number]: _colour(rest or _take_colour(fields))}
            if number != 58 and None not in changed.values():
                attributes = attributes._replace(**changed)
        elif number == 4 and rest:
            attributes = attributes._replace(underline=rest[0] != "0")
        elif number in _SET:
            attributes = attributes._replace(**_SET[number])
        else:
            attributes = _palette(attributes, number)
    return attributes


def _palette(attributes: Attributes, number: int) -> Attributes:
    """The sixteen named colours, which have codes of their own."""
    for first, index in ((30, 0), (90, 8)):
        if first <= number < first + 8:
            return attributes._replace(fg=number - first + index)
        if first + 10 <= number < first + 18:
            return attributes._replace(bg=number - first - 10 + index)
    return attributes


def _take_colour(fields: Iterable[str]) -> list[str]:
    """Takes `5;n` or `2;r;g;b` off the fields that follow a 38, 48 or 58."""
    fields = iter(fields)
    kind = next(fields, "")
    count = {"5": 1, "2": 3}.get(kind, 0)
    return [kind, *(field for _, field in zip(range(count), fields, strict=False))]


def _colour(parts: list[str]) -> Colour:
    """Returns the colour of `5:n`, `2:r:g:b` or `2:space:r:g:b`, or None where it is none."""
    kind, *values = parts
    numbers = [int(value[:4] or 0) if value.isdigit() or not value else 256 for value in values]
    if kind == "5" and numbers and numbers[0] < 256:
        return numbers[0]
    red_green_blue = numbers[-3:] if len(numbers) <= 4 else numbers[1:4]
    if kind == "2" and len(red_green_blue) == 3 and max(red_green_blue) < 256:
        red, green, blue = red_green_blue
        return red, green, blue
    return None
