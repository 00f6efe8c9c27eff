"""The list: a table with one chosen row that keeps its place, drawn row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from rich.cells import set_cell_size
from textual.strip import Strip

from gastown_tui.observe.ports import History
from gastown_tui.town.ribbon import mean
from gastown_tui.town.snapshot import UNTOLD, Agent, State, Stock
from gastown_tui.town.words import FOREIGN_SHAPE, SHAPES, doing, work

from ..ages import Ages
from ..roster import Row
from ..themes import STATE_TOKENS, Ink, ink
from .choices import Choices
from .lines import Run, beyond, clip, fit

_STATE, _AGE, _QUIET, _BEAD, _LATELY, _RUNTIME, _RESTARTS = 9, 7, 8, 12, 10, 10, 4
_NAME = 36
_LEAD = 5
_LEAST_NAME, _LEAST_DOING, _TITLE = 16, 12, 28
# Only the last cell can change, once a minute: what is drawn for each second of work would be sent for each.
_CELLS, _CELL_MINUTES = 8, 5
_LEVELS = " ▁▂▃▄▅▆▇██"


class Columns(NamedTuple):
    """Widths in columns; 0 leaves a column out. Where there is no room for beads, what agents do begins with theirs."""

    width: int
    name: int
    bead: int = 0
    lately: int = 0
    runtime: int = 0
    restarts: int = 0
    doing: int = 0
    labels: int = 0
    beads: bool = False

    @classmethod
    def of(cls, scene: Scene, width: int) -> Columns:
        """Returns what fits into `width` beside the names: what agents do before their beads, these before the last activity,
        before runtimes, before restarts.

        Only where nobody does anything names get all that is left.
        """
        label = 3 if scene.labels is not None else 0
        room = width - _LEAD - label - _STATE - _AGE - _QUIET - 2
        name = max(_LEAST_NAME, min(_NAME, -(-scene.longest // 4) * 4))
        agents = [row.agent for row in scene.rows if row.agent]
        beads = bool(scene.beads and scene.beads.work) or any(one.bead for one in agents)
        wishes = (
            ("doing", _LEAST_DOING, any(one.activity != UNTOLD for one in agents)),
            ("bead", _BEAD, beads),
            ("lately", _LATELY, scene.history is not None),
            ("runtime", _RUNTIME, scene.full),
            ("restarts", _RESTARTS, scene.full and scene.restarts is not None),
        )
        left, found = room - name, dict[str, int]()
        for column, least, wished in wishes:
            if wished and least <= left:
                found[column] = least
                left -= least
        if "bead" in found and scene.beads is not None:
            more = min(_TITLE, left // 2)
            found["bead"] += more
            left -= more
        if "doing" in found:
            found["doing"] += left
        else:
            name = max(4, min(_NAME, name + left))
        return cls(width, name, labels=label, beads=beads, **found)


class Scene(NamedTuple):
    """What the list is to show: its rows, which one is chosen, and how. `longest`: the columns of the longest name.

    `restarts` are by session, None where nobody counts them. `full`: on a screen that has room for all columns.
    """

    rows: Sequence[Row]
    chosen: str
    theme: str
    heading: str = "agent"
    labels: dict[str, str] | None = None
    history: History | None = None
    beads: Stock | None = None
    restarts: Mapping[str, int] | None = None
    full: bool = False
    stale: bool = False
    longest: int = 0


Look = tuple["Told", Columns, str, bool]


class Rows(Choices):
    """Shows rows under a line of column names; the last line says how many rows are out of sight."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._top = 0
        self._on_screen: Sequence[Row] = ()
        self._made: dict[Look, Strip] = {}

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
        room -= hidden and room > 2
        at = next((index for index, row in enumerate(scene.rows) if row.key == scene.chosen), 0)
        self._top = _scrolled(self._top, at, room, len(scene.rows))
        self._on_screen = scene.rows[self._top : self._top + room]
        columns = Columns.of(scene, width)
        made: dict[Look, Strip] = {}
        style = partial(ink, scene.theme)
        lines = [fit(_names(columns, scene), width, style("text"))]
        for row in self._on_screen:
            key = _told(row, columns, scene, ages), columns, scene.theme, scene.stale
            made[key] = self._made.get(key) or _line(key[0], columns, scene)
            lines.append(made[key])
        self._made = made
        if hidden and height > 3:
            lines.append(fit(beyond(self._top, len(scene.rows) - room - self._top, style), width, style("text")))
        self.draw(lines)

    def key_at(self, y: int) -> str:
        row = self._on_screen[y - 1] if 0 < y <= len(self._on_screen) else None
        return row.key if row and row.selectable else ""


def _scrolled(top: int, at: int, room: int, count: int) -> int:
    """Returns the first visible row: moved only as far as the chosen one and the heading above it demand."""
    if at <= top:
        top = max(0, at - 1)
    elif at >= top + room:
        top = at - room + 1
    return max(0, min(top, count - room))


def _names(columns: Columns, scene: Scene) -> list[Run]:
    text = " " * (_LEAD + columns.labels - 2) + f"{clip(scene.heading, columns.name + 2):{columns.name + 3}}"
    text += "state".ljust(_STATE) + "age".rjust(_AGE) + "quiet".rjust(_QUIET)
    text += "  bead".ljust(columns.bead) if columns.bead else ""
    text += f"  {_CELLS * _CELL_MINUTES} min".ljust(columns.lately) if columns.lately else ""
    text += "  runtime".ljust(columns.runtime) if columns.runtime else ""
    text += "↻".rjust(columns.restarts) if columns.restarts else ""
    doing = "  bead, doing" if columns.beads and not columns.bead else "  doing"
    return [(text + (doing if columns.doing else ""), ink(scene.theme, "faint"))]


class Told(NamedTuple):
    """The texts of a row: everything that decides how it looks, so that equal texts are the very same line."""

    chosen: bool
    name: str
    label: str = ""
    state: State | None = None
    calls: bool = False
    quelled: bool = False
    age: str = "–"
    quiet: str = "–"
    bead: str = ""
    lately: str = ""
    runtime: str = ""
    restarts: str = ""
    doing: str = ""
    foreign: bool = False
    problems: str = ""
    folded: int = 0


def _told(row: Row, columns: Columns, scene: Scene, ages: Ages) -> Told:
    chosen, label, agent = row.key == scene.chosen, (scene.labels or {}).get(row.key, ""), row.agent
    if agent is None:
        return Told(chosen, row.name, label, foreign=row.foreign is not None, problems=row.problems, folded=row.folded)
    ages.due(agent.expects.overdue_at if agent.expects else None)
    held = work(agent, scene.beads)
    return Told(
        chosen,
        row.name,
        label,
        agent.state,
        calls=agent.needs_you(ages.now),
        quelled=agent.acknowledged is not None,
        age=ages.age(agent.born) if agent.born is not None else "–",
        quiet=ages.quiet(agent.last_output) if agent.last_output is not None else "–",
        bead=" ".join(held).rstrip() if columns.bead else "",
        lately=_lately(agent, scene.history, ages) if columns.lately and scene.history else "",
        runtime=agent.runtime or "",
        restarts=str((scene.restarts or {}).get(agent.session, 0)) if agent.session else "",
        doing=" ".join(part for part in ("" if columns.bead else held[0], doing(agent, ages.now)) if part),
    )


def _lately(agent: Agent, history: History, ages: Ages) -> str:
    """Returns how much an agent printed in the minutes that are over, a cell each five of them; blank where nobody looked."""
    over = int(ages.now // 60) - 1
    ages.due(60.0 * (over + 2))
    levels = history.activity(agent.id, over, (_CELLS - 1) * _CELL_MINUTES + over % _CELL_MINUTES + 1)
    return "".join(_LEVELS[mean(levels[cell : cell + _CELL_MINUTES])] for cell in range(0, len(levels), _CELL_MINUTES))


def _line(told: Told, columns: Columns, scene: Scene) -> Strip:
    style: Ink = partial(ink, scene.theme, selected=told.chosen)
    runs = (_other_runs if told.state is None else _agent_runs)(told, columns, style, scene.stale)
    # Blanks of the last text cost no bytes of their own; what is too much is cut.
    return fit([*runs, (" " * columns.width, runs[-1][1])], columns.width, style("text"))


def _agent_runs(told: Told, columns: Columns, style: Ink, stale: bool) -> list[Run]:
    state = told.state or State.UNKNOWN
    token, text, numbers = STATE_TOKENS[state], "text", "dim"
    if told.quelled:
        token = text = "dim"
    if stale:
        token = text = numbers = "faint"
    bead = f"  {_padded(told.bead, columns.bead - 2)}" if columns.bead else ""
    lately = f"  {told.lately}" if columns.lately else ""
    runtime = f"  {_padded(told.runtime, columns.runtime - 2)}" if columns.runtime else ""
    restarts = f"{told.restarts:>{columns.restarts}}" if columns.restarts else ""
    does = f"  {clip(told.doing, columns.doing - 2)}" if columns.doing else ""
    return [
        _bar(told, style, token),
        (f"{'!' if told.calls else ' '} {SHAPES[state]} ", style(token)),
        *_label(told, columns, style),
        (_padded(told.name, columns.name) + " ", style(text)),
        (f"{state:{_STATE}}", style(token if told.calls else numbers)),
        (f"{told.age:>{_AGE}}{told.quiet:>{_QUIET}}{bead}{lately}{runtime}{restarts}{does}", style(numbers)),
    ]


def _other_runs(told: Told, columns: Columns, style: Ink, stale: bool) -> list[Run]:
    token = "faint" if stale else "dim"
    text = style(token)
    shape = f"{FOREIGN_SHAPE} " if told.foreign else "▸ " if told.folded else ""
    count = f"  ({told.folded})" if told.folded else ""
    return [
        _bar(told, style, token),
        (f"  {shape}", text),
        *_label(told, columns, style),
        (clip(told.name, columns.name) + count, text),
        (f"  {told.problems}", text if stale else style("attention")),
    ]


def _bar(told: Told, style: Ink, token: str) -> Run:
    """Returns the bar of the chosen row, else a blank that looks like what follows and so costs no bytes of its own."""
    return ("▌", style("accent")) if told.chosen else (" ", style(token))


def _label(told: Told, columns: Columns, style: Ink) -> list[Run]:
    return [(f"{told.label:{columns.labels}}", style("accent bold"))] if columns.labels else []


def _padded(text: str, width: int) -> str:
    return set_cell_size(clip(text, width), width)
