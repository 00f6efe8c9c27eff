"""The fleet ribbon: a row for each agent, a cell for each minute or more; gaps, flaps and mass deaths are visible shapes."""

from __future__ import annotations

import re
from codecs import charmap_decode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.geometry import Size
from textual.strip import Strip

from gastown_tui.observe.ports import History
from gastown_tui.town.ribbon import CODES
from gastown_tui.town.snapshot import State
from gastown_tui.town.text import age, clock_time
from gastown_tui.town.words import SHAPES

from ..themes import STATE_TOKENS, Ink, ink
from .choices import Choices
from .lines import Run, beyond, clip, fit
from .strip import section

STEPS = (1, 5, 15, 30)
_DAY_MIN = 1440
_LEAD = 4
_MOST_NAME = 26
_LEAST_LABEL = 9
_LABELS_MIN = (10, 15, 30, 60, 120, 180, 360, 720)
# The worse the higher, so that it tells without colour; what is no work and no need is shaded, what nobody saw is blank.
_GLYPHS: dict[State | None, str] = {
    None: " ",
    State.UNKNOWN: "?",
    State.IDLE: "▁",
    State.WORKING: "▂",
    State.STARTING: "▖",
    State.FROZEN: "░",
    State.HELD: "▒",
    State.STALLED: "▄",
    State.WAITING: "▆",
    State.ZOMBIE: "▓",
    State.MISSING: "▞",
    State.DEAD: "█",
}
_BLOCKS = "".join(_GLYPHS[code] for code in CODES)
_TOKENS = tuple("text" if code is None else STATE_TOKENS[code] for code in CODES)
# Neighbours of one ink are drawn in one go.
_ALIKE = re.compile(
    "|".join(
        f"[{re.escape(''.join(block for block, other in zip(_BLOCKS, _TOKENS, strict=True) if other == token))}]+"
        for token in dict.fromkeys(_TOKENS)
    )
)


class Past(NamedTuple):
    """One row: whose it is, how that reads, and what state it is in now; None where it has left the town."""

    agent_id: str
    name: str
    state: State | None


class Cell(NamedTuple):
    """One cell: in whose row, the minute (wall seconds // 60) at which it begins, and the code in it."""

    row: Past
    minute: int
    code: int


@dataclass(frozen=True, slots=True)
class Scene:
    """What the ribbon is to show. `back`: how many cells before the last one the cursor stands, None where it is not here."""

    rows: Sequence[Past]
    chosen: str
    minute: int
    step: int
    theme: str
    back: int | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """How the width is divided: names, then `count` cells of `step` minutes, the last of which holds the minute of now."""

    width: int
    name: int
    count: int
    step: int
    last: int

    @classmethod
    def of(cls, scene: Scene, width: int) -> Measure:
        """Returns room for the longest name, within limits, and as many cells as fit of the day that is kept.

        There is always one cell, though a screen may be too narrow to show it.
        """
        longest = max((cell_len(row.name) for row in scene.rows), default=0)
        name = max(4, min(longest, _MOST_NAME, width // 3))
        count = max(1, min(width - _LEAD - name - 2, _DAY_MIN // scene.step))
        return cls(width, name, count, scene.step, scene.minute // scene.step)

    @property
    def left(self) -> int:
        """The column of the first cell."""
        return _LEAD + self.name + 1

    def at(self, back: int) -> int:
        """Returns which cell stands so many before the last one; the first one, where there are not as many."""
        return max(0, self.count - 1 - back)

    def begin(self, index: int) -> int:
        """Returns the minute at which a cell begins."""
        return (self.last - self.count + 1 + index) * self.step


class Ribbon(Choices):
    """A line that says what the cells are, the rows, and below them the hours."""

    OWN_INKS = True

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._top = 0
        self._on_screen: Sequence[Past] = ()
        self._made: dict[tuple[object, ...], Strip] = {}
        self._look: tuple[Scene, Size, int] | None = None
        self._cursor = Cell(Past("", "", None), 0, 0)
        self._measure = Measure(1, 4, 1, 1, 0)

    @property
    def page(self) -> int:
        """How many rows one page has."""
        return max(1, self.size.height - 2)

    @property
    def count(self) -> int:
        """How many cells a row has."""
        return self._measure.count

    @property
    def cursor(self) -> Cell:
        """The cell at which the cursor stands, or stood last."""
        return self._cursor

    def show(self, scene: Scene, history: History) -> None:
        """Draws the rows around the chosen one. Rows with equal cells stay the same line objects, which cost nothing."""
        look = scene, self.size, history.version
        if look == self._look:
            return
        self._look = look
        width, style = self.size.width, partial(ink, scene.theme)
        measure = self._measure = Measure.of(scene, width)
        self._scroll(scene)
        cells = [history.cells(row.agent_id, scene.minute, measure.count, measure.step) for row in self._on_screen]
        lines = list(self._rows(scene, cells))
        hidden = len(scene.rows) - len(self._on_screen)
        below = beyond(self._top, hidden - self._top, style) if hidden else []
        hours = fit(_hours(measure, scene, below, style), width, style("text"))
        self.draw([section(self._head(scene, style), _legend(b"".join(cells), style), width, style), *lines, hours])

    def _scroll(self, scene: Scene) -> None:
        """Moves the rows only as far as the chosen one demands."""
        room = self.page
        at = next((index for index, row in enumerate(scene.rows) if row.agent_id == scene.chosen), 0)
        self._top = max(0, min(max(min(self._top, at), at - room + 1), len(scene.rows) - room))
        self._on_screen = scene.rows[self._top : self._top + room]

    def _rows(self, scene: Scene, cells: Sequence[bytes]) -> Iterator[Strip]:
        measure, made = self._measure, dict[tuple[object, ...], Strip]()
        for row, codes in zip(self._on_screen, cells, strict=True):
            at = measure.at(scene.back) if row.agent_id == scene.chosen and scene.back is not None else None
            if at is not None:
                self._cursor = Cell(row, measure.begin(at), codes[at])
            key = row, codes, at, measure.width, measure.name, scene.theme
            made[key] = self._made.get(key) or _line(row, codes, measure, scene.theme, at)
            yield made[key]
        self._made = made

    def key_at(self, y: int) -> str:
        return self._on_screen[y - 1].agent_id if 0 < y <= len(self._on_screen) else ""

    def _head(self, scene: Scene, style: Ink) -> list[Run]:
        """Returns what a cell is and how far back they go, or, with the cursor here, what its cell says."""
        measure = self._measure
        span = "a minute" if measure.step == 1 else f"{measure.step} min"
        if scene.back is None or not scene.rows:
            minutes = measure.count * measure.step
            last = "24 h" if minutes == _DAY_MIN else age(60 * minutes)
            return [
                ("fleet", style("dim" if scene.back is None else "text bold")),
                (f" · {span} a cell, the last {last}", style("dim")),
            ]
        row, minute, code = self._cursor
        when = clock_time(minute * 60)[:5]
        told: list[Run] = [
            ("fleet", style("text bold")),
            (f" · {when} {row.name} ", style("text")),
            (said(code), style(_TOKENS[code])),
        ]
        return told if measure.step == 1 else [*told, (f", the worst of {span}", style("dim"))]


def said(code: int) -> str:
    """Returns in words what a cell says."""
    state = CODES[code]
    return "nobody looked" if state is None else f"{SHAPES[state]} {state}"


def _line(row: Past, cells: bytes, measure: Measure, theme: str, at: int | None) -> Strip:
    """Returns a row; one with the cursor, `at` that cell, is the chosen one.

    Made of segments at once: the cells are hundreds of small pieces that hold nothing foreign, too many to be measured.
    """
    selected = at is not None
    blocks = _blocks(cells, theme) if at is None else _marked(cells, at, theme)
    rest = Segment(" " * (measure.width - measure.left - measure.count), ink(theme, "text", selected=selected))
    line = Strip([*_name(row, measure.left, theme, selected), *blocks, rest], max(measure.width, measure.left + measure.count))
    return line if line.cell_length == measure.width else line.crop(0, measure.width)


@lru_cache(maxsize=1024)
def _name(row: Past, width: int, theme: str, selected: bool) -> tuple[Segment, ...]:
    style: Ink = partial(ink, theme, selected=selected)
    shape, token = ("·", "faint") if row.state is None else (SHAPES[row.state], STATE_TOKENS[row.state])
    runs: list[Run] = [
        ("▌", style("accent")) if selected else (" ", style(token)),
        (f" {shape} ", style(token)),
        # The end of a name says more than its beginning.
        (clip(row.name[::-1], width - _LEAD - 1)[::-1], style("dim" if row.state is None else "text")),
    ]
    return tuple(fit(runs, width, style("text")))


def _marked(cells: bytes, at: int, theme: str) -> list[Segment]:
    """Returns the cells with the cursor in the place of one: a block in other colours could be taken for another block."""
    cursor = Segment("┃", ink(theme, "accent", selected=True))
    return [*_blocks(cells[:at], theme, selected=True), cursor, *_blocks(cells[at + 1 :], theme, selected=True)]


def _blocks(cells: bytes, theme: str, *, selected: bool = False) -> list[Segment]:
    """Returns the cells in the inks of their states."""
    return [_run(blocks, theme, selected) for blocks in _ALIKE.findall(charmap_decode(cells, "strict", _BLOCKS)[0])]


@lru_cache(maxsize=4096)
def _run(blocks: str, theme: str, selected: bool) -> Segment:
    """Returns neighbours of one ink."""
    return Segment(blocks, ink(theme, _TOKENS[_BLOCKS.index(blocks[0])], selected=selected))


def _hours(measure: Measure, scene: Scene, beside: Sequence[Run], style: Ink) -> list[Run]:
    """Returns the times of day below their cells, as close as they can be read, and a mark below the cursor."""
    every = next(one for one in _LABELS_MIN if one >= _LEAST_LABEL * measure.step and one % measure.step == 0)
    row, at = [" "] * measure.count, -1 if scene.back is None else measure.at(scene.back)
    for index in range(-measure.begin(0) % every // measure.step, measure.count - 4, every // measure.step):
        # The mark would cut a time in two; what its cell stands for is said above.
        if not index <= at < index + 5:
            row[index : index + 5] = clock_time(measure.begin(index) * 60)[:5]
    told = "".join(row)
    head: list[Run] = [(set_cell_size("".join(text for text, _ in beside), measure.left), style("dim"))]
    if scene.back is None:
        return [*head, (told, style("faint"))]
    return [*head, (told[:at], style("faint")), ("▲", style("accent")), (told[at + 1 :], style("faint"))]


def _legend(seen: bytes, style: Ink) -> list[Run]:
    """Returns what the blocks on screen mean, the worst first."""
    codes = (code for code in range(len(CODES) - 1, 0, -1) if code in seen)
    return [(f" {_BLOCKS[code]} {CODES[code]} ", style(_TOKENS[code])) for code in codes]
