"""A picture of a pane as the rules see it, and the structures that programs draw: rules, boxes, lists of options."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple
from unicodedata import east_asian_width

from gastown_tui.town.cells import Attributes, Cells, parse_rows, plain
from gastown_tui.town.masking import masked
from gastown_tui.town.text import mask

MOST_OPTIONS = 20
MOST_TEXT = 400
MARGIN = 3
_OPTION = re.compile(
    r"^(?P<lead>[\s│┃|]*+)(?P<pointer>[❯›→▶●>]\s*)?(?:\[(?P<boxed>\d{1,3})\]|(?P<number>\d{1,3})[.)])(?:\s+|(?=[^\W\da-z_]))(?P<text>\S.*)"
)
_BESIDE = re.compile(r" {2,}|[\s│┃|]+$")
_STROKES = frozenset("─━═╌╍┄┈▔▁▀▄-")


class Screen(NamedTuple):
    """The visible rows of a pane from the top, blank ones at the end left out; `height` and `width` are the pane's.

    `caret` is where the cursor stands (x, y), shown or hidden; None where nobody asked.
    """

    rows: tuple[Cells, ...]
    texts: tuple[str, ...]
    title: str = ""
    caret: tuple[int, int] | None = None
    width: int = 0
    height: int = 0
    alternate: bool = False


def screen_of(
    rows: Iterable[str],
    *,
    title: str = "",
    caret: tuple[int, int] | None = None,
    width: int = 0,
    height: int = 0,
    alternate: bool = False,
) -> Screen:
    """Returns the screen of rows as `capture-pane -e` gives them. NBSP reads as a space, and trailing spaces are nothing."""
    cells = parse_rows(rows)
    texts = [_text(row) for row in cells]
    while texts and not texts[-1]:
        texts.pop()
    return Screen(cells[: len(texts)], tuple(texts), title, caret, width, height or len(cells), alternate)


@lru_cache(maxsize=4096)
def _text(cells: Cells) -> str:
    return plain(cells).replace("\N{NO-BREAK SPACE}", " ").rstrip()


def veiled(screen: Screen, rows: range) -> Screen:
    """Returns the screen with dots for the secrets in these rows, of which parts are told that do not show what they are."""
    texts = screen.texts
    return screen._replace(texts=(*texts[: rows.start], *masked(texts[rows.start : rows.stop]), *texts[rows.stop :]))


def look_at(cells: Cells, column: int) -> Attributes:
    """Returns how the character at an index of a row's text looks; plain past its end."""
    for text, attributes in cells:
        if column < len(text):
            return attributes
        column -= len(text)
    return Attributes()


def columns(text: str) -> int:
    """Returns how many columns a text takes."""
    return len(text) if text.isascii() else sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


@lru_cache(maxsize=4096)
def cut(cells: Cells, start: int, stop: int) -> tuple[Cells, str]:
    """Returns the part of a row between two columns, and its text. A character of which half is outside is outside."""
    runs, column = [], 0
    for text, look in cells:
        kept = ""
        for character in text:
            width = 2 if east_asian_width(character) in "WF" else 1
            if start <= column and column + width <= stop:
                kept += character
            column += width
        if kept:
            runs.append((kept, look))
    row = tuple(runs)
    return row, _text(row)


def coloured(look: Attributes) -> bool:
    """Whether a text has a colour of its own: neither the terminal's own foreground, nor a grey, black or white."""
    match look.fg:
        case None:
            return False
        case int() as index:
            return index not in (0, 7, 8, 15, 16, 231) and not 232 <= index <= 255 and index not in (59, 102, 145, 188)
        case red, green, blue:
            return max(red, green, blue) - min(red, green, blue) > 24


def is_colourless(screen: Screen) -> bool:
    """Whether nothing has a colour at all, as under NO_COLOR: then a colour that is missing tells nothing."""
    return not any(look.fg is not None for cells in screen.rows for _, look in cells)


def reddish(look: Attributes) -> bool:
    """Whether a text is in some theme's red. Orange is none: it has next to no blue."""
    match look.fg:
        case red, green, blue:
            return green < 0.6 * red and blue < 0.75 * red and blue * 2 >= green
        case int() as index if 16 <= index < 232:
            return reddish(Attributes(fg=_CUBE[index - 16]))
        case index:
            return index in (1, 9)


_LEVELS = (0, 95, 135, 175, 215, 255)
_CUBE = [(red, green, blue) for red in _LEVELS for green in _LEVELS for blue in _LEVELS]


def faint(look: Attributes) -> bool:
    """Whether a text is drawn weaker than what a person types: dim, or in a grey."""
    match look.fg:
        case None | 7 | 15 | 231:
            return look.dim
        case int() as index:
            return look.dim or index == 8 or 232 <= index <= 250 or index in (59, 102, 145)
        case red, green, blue:
            return look.dim or (max(red, green, blue) - min(red, green, blue) <= 24 and max(red, green, blue) < 200)


def is_rule(text: str, least: int = 8) -> bool:
    """Whether a row is nothing but a horizontal line."""
    bare = text.strip()
    return len(bare) >= least and bare[0] in _STROKES and _STROKES.issuperset(bare)


def last_where(texts: Sequence[str], pattern: re.Pattern[str], start: int = 0, end: int | None = None) -> int | None:
    """Returns the lowest row of a range in which the pattern is found, or None."""
    for index in range((len(texts) if end is None else end) - 1, start - 1, -1):
        if pattern.search(texts[index]):
            return index
    return None


def block_above(texts: Sequence[str], end: int) -> range:
    """Returns the lowest rows above `end` without a blank one among them; empty where there is none."""
    while end and not texts[end - 1]:
        end -= 1
    start = end
    while start and texts[start - 1]:
        start -= 1
    return range(start, end)


def blocks_above(texts: Sequence[str], end: int, start: int = 0) -> Iterator[range]:
    """Returns the blocks between two rows, the lowest first."""
    while (block := block_above(texts, end)) and block.start >= start:
        yield block
        end = block.start


class Options(NamedTuple):
    """A numbered list that a program offers: what stands before it, the texts, the rows, and whether one is pointed at."""

    first: int
    texts: tuple[str, ...]
    rows: tuple[int, ...]
    pointed: bool


def options_in(texts: Sequence[str], start: int, end: int, width: int = 0) -> Options | None:
    """Returns the last list numbered 1, 2, 3 … between two rows, at most twenty of it; None where there is none.

    Rows between two numbers explain the upper one and are left out, unless the pane's `width` broke its text; so is what
    stands in a column beside. A list that scrolls may begin above 1.
    """
    found: list[tuple[int, int, str, bool]] = []
    for index in range(start, end):
        if not (match := _OPTION.match(texts[index][:MOST_TEXT])):
            continue
        number = int(match["number"] or match["boxed"])
        if not found or number != found[-1][1] + 1:
            found = []
        found.append((index, number, _BESIDE.split(match["text"], maxsplit=1)[0], bool(match["pointer"])))
    if len(found) < 2:
        return None
    ends = [row for row, *_ in found[1:]] + [end]
    shown = [_whole(texts, option, below, width) for option, below in zip(found[:MOST_OPTIONS], ends, strict=False)]
    pointed = any(pointer for *_, pointer in found)
    return Options(found[0][0], tuple(map(clipped, shown)), tuple(row for row, *_ in found), pointed)


def _whole(texts: Sequence[str], option: tuple[int, int, str, bool], end: int, width: int) -> str:
    """Returns an option's text with the rows that continue it: a word stands under it if it did not fit beside it."""
    row, _, text, _ = option
    margin = texts[row].index(text) + 1
    for below in range(row + 1, end if width else row):
        words = texts[below].split(maxsplit=1)
        fits = not words or len(texts[below - 1]) + len(words[0]) < width - MARGIN
        if (
            fits
            or texts[below - 1][-1] in "│┃|"
            or is_rule(texts[below])
            or len(texts[below]) - len(texts[below].lstrip()) > margin
        ):
            break
        text += " " + texts[below].strip()
    return text


def clipped(text: str, most: int = MOST_TEXT) -> str:
    """Returns one line of bounded length; where it is cut, without secrets, which nobody would know by what is left."""
    line = " ".join(text.split())
    return line if len(line) <= most else mask(line, most - 1) + "…"
