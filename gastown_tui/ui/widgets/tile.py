"""One of many panes: a frame that says whose it is and how that agent is, and in it the last rows of its screen."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.strip import Strip

from gastown_tui.town.cells import Cells, parse_rows, plain, trim_blank
from gastown_tui.town.problems import asked, began
from gastown_tui.town.snapshot import CALLING, CALM, Agent, State
from gastown_tui.town.text import safe
from gastown_tui.town.words import SHAPES, doing

from ..ages import Ages
from ..themes import STATE_TOKENS, Ink, cell_style, ink
from .choices import Choices
from .lines import Run, clip, fit, width_of


class _Frame(NamedTuple):
    """The signs of which a frame is drawn. The right side is always the same: a mark that moves leaves the rows as they are."""

    upper: tuple[str, str]
    lower: tuple[str, str]
    line: str
    side: str


_LIGHT, _HEAVY = _Frame(("╭", "╮"), ("╰", "╯"), "─", "│"), _Frame(("┏", "┑"), ("┗", "┙"), "━", "┃")
_MORE = "›"
# A row of nothing but rules and the sides of boxes.
_SILENT = re.compile("[\\s\u2500-\u2580▁▄▌▏▐▔▕]*")


class Face(NamedTuple):
    """What the frame of a tile says; everything that decides how it looks, so that an equal one is not made again.

    `names`: from the longest to the shortest. `faded`: what it says may no longer be so. `past`: nor is its picture.
    """

    names: tuple[str, ...]
    state: State
    lasts: str
    told: str
    facts: str
    calls: bool
    quelled: bool
    chosen: bool
    faded: bool
    past: bool
    empty: str
    theme: str

    @classmethod
    def of(
        cls,
        agent: Agent,
        ages: Ages,
        theme: str,
        *,
        work: tuple[str, str],
        chosen: bool,
        faded: bool,
        past: bool,
        live: bool,
        empty: str,
    ) -> Face:
        """Returns what is said of an agent with its `work` (id and title of a bead), asking `ages` for every age that is."""
        since = None if agent.state in (State.WORKING, State.STARTING) else began(agent)
        told = doing(agent, ages.now) if agent.state in CALM else asked(agent, ages.now)
        ages.quiet(agent.evidence[0].at if agent.evidence[0].ago else None)
        facts = work[0], "" if agent.born is None else ages.quiet(agent.born), "" if live else "not live"
        ages.due(agent.expects.overdue_at if agent.expects else None)
        return cls(
            names=(safe(agent.id), *([safe(f"{agent.rig}/{agent.name}")] if agent.rig else [])),
            state=agent.state,
            lasts="" if since is None else ages.quiet(since).replace("now", ""),
            told=" · ".join(part for part in (told, work[1]) if part),
            facts=" · ".join(part for part in facts if part),
            calls=agent.needs_you(ages.now),
            quelled=agent.state in CALLING and agent.acknowledged is not None,
            chosen=chosen,
            faded=faded,
            past=past,
            empty=empty,
            theme=theme,
        )


class Tile(Choices):
    """Shows a frame, and in it the last rows that fit."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.key = ""
        self._shown: tuple[object, ...] = ()
        self._cells: Sequence[Cells] = ()
        self._edges: tuple[object, Strip, Strip] | None = None
        self._made: dict[tuple[object, ...], Strip] = {}

    @property
    def texts(self) -> list[str]:
        """The rows as plain text."""
        return [plain(cells).rstrip() for cells in self._cells]

    def key_at(self, y: int) -> str:
        return self.key

    def show(self, key: str, face: Face, rows: Sequence[str]) -> None:
        """Draws the frame and captured rows in it. Equal rows stay the same line objects, which makes an unchanged row free."""
        width, height = self.size
        shown = (key, face, rows, width, height)
        if shown == self._shown or width < 4 or height < 2:
            return
        self.key, self._shown, self._cells = key, shown, parse_rows(trim_blank(rows))
        if self._edges is None or self._edges[0] != (face, width):
            style = partial(ink, face.theme)
            self._edges = ((face, width), _top(face, style, width), _bottom(face, style, width))
        _, top, bottom = self._edges
        rows_ = list(self._inside(face, width, height - 2))
        if not self._cells and rows_:
            rows_[0] = _row([(f" {face.empty}", ink(face.theme, "dim"))], face, width)
        self.draw([top, *rows_, bottom])

    def _inside(self, face: Face, width: int, height: int) -> Iterator[Strip]:
        shown = _last(self._cells, width - 2, height)
        look = (face.theme, face.past, face.chosen, _border(face), width)
        made: dict[tuple[object, ...], Strip] = {}
        for cells in (*shown, *[()] * (height - len(shown))):
            key = (cells, look)
            if key not in made:
                made[key] = self._made.get(key) or _row(_runs(cells, face), face, width, more=_goes_on(cells, width - 2))
            yield made[key]
        self._made = made


def _last(cells: Sequence[Cells], width: int, height: int) -> Sequence[Cells]:
    """Returns the last rows that fit. Where that is not all of them, those that say nothing give way, the uppermost first."""
    missing, kept = len(cells) - height, list[Cells]()
    for row in cells:
        if missing > 0 and _SILENT.fullmatch(plain(row)[:width]):
            missing -= 1
        else:
            kept.append(row)
    return kept[-height:] if height > 0 else ()


def _runs(cells: Cells, face: Face) -> list[Run]:
    return [(text, cell_style(face.theme, attributes, dimmed=face.past)) for text, attributes in cells]


def _goes_on(cells: Cells, width: int) -> bool:
    """Whether a row says more at the right than fits."""
    text = plain(cells)
    return cell_len(text) > width and not _SILENT.fullmatch(text, len(set_cell_size(text, width).rstrip()))


def _row(runs: Sequence[Run], face: Face, width: int, *, more: bool = False) -> Strip:
    left = Segment(_frame(face).side, ink(face.theme, _border(face)))
    right = Segment(_MORE, ink(face.theme, "dim"))
    if not more:
        right = Segment(_LIGHT.side, ink(face.theme, _border(face._replace(chosen=False))))
    return Strip([left, *fit(runs, width - 2, ink(face.theme, "text")), right], width)


def _frame(face: Face) -> _Frame:
    return _HEAVY if face.chosen else _LIGHT


def _border(face: Face) -> str:
    """Returns the ink of the frame: the state's where it is no calm one, else next to none, but for the chosen tile."""
    if face.faded or face.quelled or face.state in CALM:
        return "accent" if face.chosen else "rule"
    return STATE_TOKENS[face.state]


def _top(face: Face, style: Ink, width: int) -> Strip:
    """Returns the upper edge: whether it calls, its name and its state, and for how long, where there is room for that."""
    (left, right), _, line, _ = _frame(face)
    border, token = style(_border(face)), STATE_TOKENS[face.state]
    token, text = ("dim", "dim") if face.faded or face.quelled else (token, "text")
    sign = f"{'! ' if face.calls else ''}{SHAPES[face.state]} "
    room = width - 7 - cell_len(sign)
    name, state = _fitting(face, room - 1)
    gap = line * max(1, room - cell_len(name) - cell_len(state))
    loud = f"{token} bold" if face.calls and not face.faded else token
    return fit(
        [
            (f"{left}{line} ", border),
            (sign, style(token)),
            (f"{name} ", style(f"{text} bold" if face.chosen else text)),
            (gap, border),
            (f" {state} ", style(loud)),
            (right, border),
        ],
        width,
        border,
    )


def _fitting(face: Face, room: int) -> tuple[str, str]:
    """Returns name and state as long as they fit beside each other: a shorter name first, then how long goes, then letters."""
    states = (f"{face.state} {face.lasts}", face.state.value) if face.lasts else (face.state.value,)
    for state in states:
        for name in face.names:
            if cell_len(name) + cell_len(state) <= room:
                return name, state
    return clip(face.names[-1], max(1, room - len(face.state))), face.state.value


def _bottom(face: Face, style: Ink, width: int) -> Strip:
    """Returns the lower edge: what the agent does, asks or suffers, its bead and its age."""
    _, (left, right), line, _ = _frame(face)
    border, dim = style(_border(face)), style("dim")
    facts: list[Run] = [(f" {clip(face.facts, width - 6)} ", dim)] if face.facts else []
    room = width - 6 - width_of(facts)
    told: list[Run] = [(f" {clip(face.told, room)} ", dim)] if face.told and room > 8 else []
    gap = line * (width - 3 - width_of(told) - width_of(facts))
    return fit([(f"{left}{line}", border), *told, (gap, border), *facts, (right, border)], width, border)
