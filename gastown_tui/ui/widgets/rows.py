"""The list: a table with one chosen row that keeps its place, drawn row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from rich.cells import set_cell_size
from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.message import Message
from textual.strip import Strip

from gastown_tui.town.words import FOREIGN_SHAPE, SHAPES

from ..ages import Ages
from ..roster import Row
from ..themes import STATE_TOKENS, Ink, ink
from .lines import Lines, Run, clip, fit

_STATE, _AGE, _QUIET, _BEAD, _RUNTIME = 9, 7, 8, 12, 9
_NAME = 36
_LEAD = 5


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths in columns; 0 leaves a column out."""

    width: int
    name: int
    bead: int = 0
    runtime: int = 0
    labels: int = 0

    @classmethod
    def of(cls, width: int, *, beads: bool, runtime: bool, labels: bool) -> Columns:
        """Returns what fits into `width`: names give way last, beads before runtimes."""
        label = 3 if labels else 0
        room = width - _LEAD - label - _STATE - _AGE - _QUIET - 2
        runtimes = _RUNTIME if runtime and room >= 24 + _RUNTIME else 0
        bead = _BEAD if beads and room - runtimes >= 16 + _BEAD else 0
        return cls(width, max(4, min(_NAME, room - bead - runtimes)), bead, runtimes, label)


@dataclass(frozen=True, slots=True)
class Scene:
    """What the list is to show: its rows, which one is chosen, and how."""

    rows: Sequence[Row]
    chosen: str
    theme: str
    heading: str = "agent"
    labels: dict[str, str] | None = None
    runtime: bool = False
    stale: bool = False


class Rows(Lines):
    """Shows rows under a line of column names; the last line says how many rows are out of sight."""

    class Chosen(Message):
        """A row was clicked."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class Scrolled(Message):
        """The wheel was turned by that many rows."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name for it
        super().__init__(id=id)
        self._top = 0
        self._on_screen: Sequence[Row] = ()
        self._made: dict[tuple[object, ...], Strip] = {}

    @property
    def on_screen(self) -> Sequence[Row]:
        """The rows that are on screen now."""
        return self._on_screen

    @property
    def page(self) -> int:
        """How many rows one page has."""
        return max(1, self.size.height - 2)

    def show(self, scene: Scene, ages: Ages) -> None:
        """Draws the scene; asks `ages` for every age that is visible, and for no other."""
        width, height = self.size
        room = max(1, height - 1)
        hidden = len(scene.rows) > room
        room -= hidden and room > 1
        at = next((index for index, row in enumerate(scene.rows) if row.key == scene.chosen), 0)
        self._top = _scrolled(self._top, at, room, len(scene.rows))
        self._on_screen = scene.rows[self._top : self._top + room]
        beads = any(row.agent and row.agent.bead for row in scene.rows)
        columns = Columns.of(width, beads=beads, runtime=scene.runtime, labels=scene.labels is not None)
        made: dict[tuple[object, ...], Strip] = {}
        style = partial(ink, scene.theme)
        lines = [fit(_names(columns, scene), width, style("text"))]
        for row in self._on_screen:
            told = _cells(row, scene, ages)
            key = (told, columns, scene.theme, scene.stale)
            made[key] = self._made.get(key) or _line(row, told, columns, scene)
            lines.append(made[key])
        self._made = made
        if hidden and height > 2:
            lines.append(fit(_beyond(self._top, len(scene.rows) - room - self._top, style), width, style("text")))
        self.draw(lines)

    def on_click(self, event: Click) -> None:
        """Chooses the row below the pointer."""
        index = event.y - 1
        if 0 <= index < len(self._on_screen) and self._on_screen[index].selectable:
            self.post_message(self.Chosen(self._on_screen[index].key))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        event.stop()
        self.post_message(self.Scrolled(1))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        event.stop()
        self.post_message(self.Scrolled(-1))


def _scrolled(top: int, at: int, room: int, count: int) -> int:
    """Returns the first visible row: moved only as far as the chosen one and the heading above it demand."""
    if at <= top:
        top = max(0, at - 1)
    elif at >= top + room:
        top = at - room + 1
    return max(0, min(top, count - room))


def _beyond(above: int, below: int, style: Ink) -> list[Run]:
    """Returns how many rows are out of sight."""
    parts = [*([f"{above} above"] if above else []), *([f"+{below}"] if below else [])]
    return [("   ⋮", style("faint")), (" " + " · ".join(parts), style("dim"))]


def _names(columns: Columns, scene: Scene) -> list[Run]:
    text = " " * (_LEAD + columns.labels - 2) + f"{clip(scene.heading, columns.name + 2):{columns.name + 3}}"
    text += "state".ljust(_STATE) + "age".rjust(_AGE) + "quiet".rjust(_QUIET)
    text += "  bead".ljust(columns.bead) if columns.bead else ""
    return [(text + ("  runtime" if columns.runtime else ""), ink(scene.theme, "faint"))]


Told = tuple[str, ...]


def _cells(row: Row, scene: Scene, ages: Ages) -> Told:
    """Returns the texts of a row: everything that decides how it looks, so that equal texts are the very same line."""
    bar = "▌" if row.key == scene.chosen else " "
    label = (scene.labels or {}).get(row.key, "")
    agent = row.agent
    if agent is None:
        return bar, "", FOREIGN_SHAPE if row.foreign else "", row.name, label, row.problems, str(row.folded or "")
    ages.due(agent.expects.overdue_at if agent.expects else None)
    mark = "!" if agent.needs_you(ages.now) else "~" if agent.acknowledged else " "
    began = agent.agent_started if agent.agent_started is not None else agent.session_created
    age = ages.age(began) if began is not None else "–"
    quiet = ages.quiet(agent.last_output) if agent.last_output is not None else "–"
    return bar, mark, agent.state, row.name, label, age, quiet, agent.bead or "", agent.runtime or ""


def _line(row: Row, told: Told, columns: Columns, scene: Scene) -> Strip:
    chosen = told[0] != " "
    style: Ink = lambda token: ink(scene.theme, token, selected=chosen)  # noqa: E731 - a name for one argument's worth
    runs = _agent_runs(told, columns, scene, style) if row.agent else _other_runs(row, told, columns, style, scene.stale)
    return fit(runs, columns.width, style("text"))


def _agent_runs(told: Told, columns: Columns, scene: Scene, style: Ink) -> list[Run]:
    bar, mark, state, name, label, age, quiet, bead, runtime = told
    loud = mark == "!" and not scene.stale
    token = "faint" if scene.stale else "dim" if mark == "~" else STATE_TOKENS[state]  # type: ignore[index]
    text = "faint" if scene.stale else "dim" if mark == "~" else "text"
    numbers = f"{age:>{_AGE}}{quiet:>{_QUIET}}"
    tail = f"  {clip(bead, columns.bead - 2):{columns.bead - 2}}" if columns.bead else ""
    tail += f"  {clip(runtime, columns.runtime - 2)}" if columns.runtime else ""
    return [
        (bar, style("accent")),
        (f"{'!' if loud or mark == '!' else ' '} {SHAPES[state]} ", style(token)),  # type: ignore[index]
        *_label(label, columns, style),
        (_padded(name, columns.name) + " ", style(text)),
        (f"{state:{_STATE}}", style(token if loud else "faint" if scene.stale else "dim")),
        (numbers + tail, style("faint" if scene.stale else "dim")),
    ]


def _other_runs(row: Row, told: Told, columns: Columns, style: Ink, stale: bool) -> list[Run]:
    text = style("faint" if stale else "dim")
    bar, _, shape, name, label, problems, folded = told
    if row.foreign:
        return [(f"{bar}  {shape} ", text), *_label(label, columns, style), (clip(name, columns.name), text)]
    count = f"  ({folded})" if folded else ""
    return [
        (bar, style("accent")),
        ("  " + ("▸ " if folded else ""), text),
        *_label(label, columns, style),
        (clip(name, columns.name) + count, text),
        (f"  {problems}", text if stale else style("attention")),
    ]


def _label(label: str, columns: Columns, style: Ink) -> list[Run]:
    return [(f"{label:{columns.labels}}", style("accent bold"))] if columns.labels else []


def _padded(text: str, width: int) -> str:
    return set_cell_size(clip(text, width), width)
