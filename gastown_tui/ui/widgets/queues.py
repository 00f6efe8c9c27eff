"""The queues of beads: databases as sections, a row for each bead, of which only those in sight are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from rich.cells import set_cell_size
from textual.strip import Strip

from gastown_tui.town.beads.joins import Roll
from gastown_tui.town.beads.queues import STALE_CLAIM_S, Convoy, Escalation, Merge, Queues
from gastown_tui.town.snapshot import Origin, State
from gastown_tui.town.text import rfc3339, shown
from gastown_tui.town.words import SHAPES, title

from ..ages import Ages
from ..shelves import Item, Plan, Row, Shelf, bead_of
from ..themes import STATE_TOKENS, Ink, ink
from .choices import Choices
from .lines import Run, beyond, clip, fit, width_of
from .strip import section

_QUEUE, _PRIORITY, _AGE = 10, 3, 8
_MOST_CHARACTERS = 400
_WIDE, _FULL = 110, 160
_WORDS = {"merge": "to merge", "aside": "set aside"}
_BAD = frozenset({"stale", "error"})


@dataclass(frozen=True, slots=True)
class Scene:
    """What the list is to show: the rows of a plan, `chosen` by number, and whose beads they are.

    `queues` and `origins` belong to the sections; the origins of orphans, which have no queues, stand behind all others. `blind`:
    the states of agents are not known now.
    """

    plan: Plan
    queues: Sequence[Queues]
    origins: Sequence[Origin]
    roll: Roll
    chosen: int
    theme: str
    blind: bool = False


class Columns(NamedTuple):
    """Widths; 0 leaves a column out."""

    width: int
    id: int
    title: int
    type: int
    status: int
    written: int
    who: int

    @classmethod
    def of(cls, width: int) -> Columns:
        status, written = (13, _AGE) if width >= _FULL else (0, 0)
        name, type_, who = (14, 9, min(40, width // 4)) if width >= _WIDE else (12, 0, max(0, min(22, width // 4 + 1)))
        rest = 2 + _QUEUE + name + type_ + status + _PRIORITY + _AGE + written + 2 + who + 1
        return cls(width, name, max(0, width - rest), type_, status, written, who)

    @property
    def names(self) -> str:
        """The names of the columns right of the titles, where two of them are ages, up to the right end."""
        if not self.written:
            return ""
        return (
            f"{'type':{self.type}}{'status':{self.status}}{'':{_PRIORITY}}{'age':>{_AGE}}{'written':>{_AGE}}{'':{self.who + 3}}"
        )


class BeadList(Choices):
    """Shows rows under the heading of the section that the first of them is in; the last line says what is out of sight."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._top = 0
        self._plan: Plan | None = None
        self._made: dict[tuple[object, ...], Strip] = {}

    @property
    def page(self) -> int:
        """How many rows one page has."""
        return max(1, self.size.height - 2)

    def show(self, scene: Scene, ages: Ages) -> None:
        """Draws the scene; asks `ages` for every age that is visible, and for no other."""
        width, height = self.size
        room = max(1, height)
        hidden = scene.plan.count > room
        room -= hidden and room > 2
        self._plan, self._top = scene.plan, _scrolled(self._top, scene.chosen, room, scene.plan)
        last = min(scene.plan.count, self._top + room)
        columns, made, lines = Columns.of(width), dict[tuple[object, ...], Strip](), list[Strip]()
        for number in range(self._top, last):
            row = scene.plan.row(number)
            if number == self._top and (row.shelf or row.remark):
                row = Row(row.section)
            told = _told(row, scene, columns, ages, chosen=number == scene.chosen, first=number == self._top + 1)
            key = told, columns, scene.theme
            made[key] = self._made.get(key) or told.drawn(columns, scene.theme)
            lines.append(made[key])
        self._made = made
        if hidden and height > 2:
            style = partial(ink, scene.theme)
            lines.append(fit(beyond(self._top, scene.plan.count - last, style), width, style("text")))
        self.draw(lines)

    def key_at(self, y: int) -> str:
        number = self._top + y
        known = self._plan is not None and y > 0 and number < self._plan.count and self._plan.choice(number) is not None
        return str(number) if known else ""


def _scrolled(top: int, at: int, room: int, plan: Plan) -> int:
    """Returns the first visible row: moved only as far as the chosen one demands, above which a heading always stands, and what
    is seen with it.
    """
    first, last = plan.around(at)
    top = max(min(top, at - 1, first), min(last - room + 1, at - 1), at - room + 1)
    return max(0, min(top, plan.count - room))


class Heading(NamedTuple):
    """What is known of a database: how many beads wait where, and where that comes from; or what is wrong with that."""

    name: str
    counts: tuple[str, ...]
    source: str
    bad: bool
    remark: str = ""

    def drawn(self, columns: Columns, theme: str) -> Strip:
        style: Ink = partial(ink, theme)
        if self.remark:
            return fit([(f"   {clip(self.remark, columns.width - 4)}", style("attention"))], columns.width, style("text"))
        left: list[Run] = [(self.name, style("text bold"))]
        right = [(f" {self.source} ", style("attention" if self.bad else "dim"))]
        room = columns.width - width_of([*left, *right]) - 8
        left += [(told, style("attention" if "?" in told else "dim")) for told in abridged(self.counts, room)]
        return section(left, right, columns.width, style)


class Who(NamedTuple):
    """Who has a bead and how they are, by what it is held up, or how far it is: a sign, a text, and a word that is not cut."""

    sign: str = ""
    text: str = ""
    state: str = ""
    token: str = "dim"

    def drawn(self, width: int, style: Ink, dim: str) -> list[Run]:
        sign = f"{self.sign} " if self.sign else ""
        state = f" {self.state}" if self.state else ""
        token = "faint" if dim == "faint" else self.token
        loud = token if token in ("danger", "attention", "held") else dim
        return [(sign, style(token)), (clip(self.text, width - len(sign) - len(state)), style(dim)), (state, style(loud))]

    def __str__(self) -> str:
        return " ".join(part for part in (self.sign, self.text, self.state) if part)


class Line(NamedTuple):
    """The texts of a bead's row, or of a folded queue's: all that decides how it looks."""

    chosen: bool
    queue: str
    id: str
    title: str = ""
    type: str = ""
    status: str = ""
    priority: str = ""
    age: str = ""
    written: str = ""
    who: Who = Who()
    faded: bool = False

    def drawn(self, columns: Columns, theme: str) -> Strip:
        style: Ink = partial(ink, theme, selected=self.chosen)
        dim, text = ("faint", "dim") if self.faded else ("dim", "text")
        words = f"{_cell(self.type, columns.type)}{_cell(self.status, columns.status)}"
        written = f"{self.written:>{_AGE}}" if columns.written else ""
        runs: list[Run] = [
            ("▌ " if self.chosen else "  ", style("accent")),
            (_cell(self.queue, _QUEUE), style("faint")),
            (_cell(self.id, columns.id), style(dim)),
            (_cell(self.title, columns.title), style(text)),
            (f"{words}{self.priority:>{_PRIORITY}}{self.age:>{_AGE}}{written}  ", style(dim)),
            *self.who.drawn(columns.who, style, dim),
        ]
        return fit([*runs, (" " * columns.width, style(dim))], columns.width, style("text"))


def _cell(text: str, width: int) -> str:
    return set_cell_size(clip(text, width - 1), width) if width else ""


def _told(row: Row, scene: Scene, columns: Columns, ages: Ages, *, chosen: bool, first: bool) -> Heading | Line:
    if row.shelf is None:
        return _heading(scene, row, ages)
    faded = scene.origins[row.section].state in _BAD
    queue = named(row.shelf.name) if row.first or first else ""
    if row.item is None:
        return Line(chosen, queue, f"▸ {len(row.shelf.items or ()):,}", faded=faded)
    bead = bead_of(row.item)
    return Line(
        chosen,
        queue,
        bead.id,
        inert(bead.title),
        bead.type,
        bead.status,
        "P?" if bead.priority is None else f"P{bead.priority}",
        "–" if bead.created is None else ages.quiet(bead.created),
        "" if not columns.written else "–" if bead.updated is None else ages.quiet(bead.updated),
        _who(row.item, row.shelf, scene, ages),
        faded,
    )


def named(queue: str) -> str:
    """Returns what a person is told of a queue's name."""
    return _WORDS.get(queue, queue)


def count(number: int, queue: str) -> str:
    return "1 convoy" if queue == "convoys" and number == 1 else f"{number:,} {named(queue)}"


def abridged(counts: Sequence[str], room: int) -> list[str]:
    """Returns counts, each with what parts it from the one before: in fewer words, or fewer, where `room` columns are too few."""
    told = [f" · {one}" for one in counts]
    if sum(map(len, told)) > room:
        told = [*told[:1], *(f", {one}" for one in counts[1:])]
        told = [one.replace("to merge", "merge").replace("set aside", "aside") for one in told]
    if sum(map(len, told)) > room:
        kept = list(told)
        while kept and sum(map(len, kept)) + len(" … ?") > room:
            kept.pop()
        # That something is not known is told also where there is no room to tell what.
        told = [*kept, " … ?" if any("?" in one for one in told[len(kept) :]) else " …"]
    return told


def inert(text: str) -> str:
    return shown(text, _MOST_CHARACTERS)


def _heading(scene: Scene, row: Row, ages: Ages) -> Heading:
    origin, shown = scene.origins[row.section], scene.plan.shown
    told, bad, remark = source(origin, ages), origin.state in _BAD, remark_of(origin) if row.remark else ""
    if origin.orphan:
        return Heading(inert(origin.name), (), told, bad, remark)
    queues = scene.queues[row.section]
    counted = {shelf.name: shelf.items for shelf in shown if shelf.section == row.section}
    counts = [count(len(items), name) for name, items in counted.items() if items]
    counts += [f"{sum(queues.unread.values()):,} unread"] if queues.unread else []
    unknown = [named(name) for name, items in counted.items() if items is None]
    unknown += ["mail"] if queues.unread is None else []
    counts += [f"? {', '.join(unknown)}"] if 0 < len(unknown) <= len(counted) else ["? all queues"] if unknown else []
    counts += [f"{origin.skipped} not understood"] if origin.skipped else []
    counts += ["docked"] if queues.docked else []
    return Heading(inert(queues.name), tuple(counts), told, bad, remark)


def remark_of(origin: Origin) -> str:
    """Returns in one line why a database is not better known, and what helps; empty where there is nothing to say."""
    return " · ".join(inert(text) for text in (origin.said, origin.remedy) if text)


def source(origin: Origin, ages: Ages) -> str:
    """Returns where the beads of a database come from, as of when, and what such a source leaves out."""
    if origin.by is None:
        return "not read"
    ago = "" if origin.at is None else ages.quiet(origin.at)
    when = {"": "of an unknown time", "now": "just now", "clock": "of the future"}.get(ago, f"{ago} old")
    name = {"dump": "bd", "export": "export"}.get(origin.by, inert(origin.by))
    told = [f"{name} {when}", *([] if origin.wisps else ["no wisps"]), *([origin.state] if origin.state in _BAD else [])]
    return ", ".join(told)


def _who(item: Item, shelf: Shelf, scene: Scene, ages: Ages) -> Who:
    match item:
        case Convoy():
            return Who("", _progress(item))
        case Escalation():
            return _call(item)
        case Merge():
            return _claim(item, scene, ages)
    if shelf.name == "aside":
        until = f" until {(rfc3339(item.defer_until) or '?')[5:16].replace('T', ' ')}" if item.defer_until else ""
        return Who("", f"{item.status}{until}")
    held = scene.queues[shelf.section].held_by.get(item.id, ())
    if held and shelf.name != "active":
        # Only what bd's own list of the ready does not see holds a bead that stands there.
        return Who("⊣", _holding(held), token="attention" if shelf.name == "ready" else "dim")
    if item.assignee:
        return agent_of(item.assignee, scene.roll, blind=scene.blind)
    return Who("", "", "nobody", "attention") if shelf.name == "active" else Who()


def _holding(holders: Sequence[str]) -> str:
    return holders[0] + (f" +{len(holders) - 1}" if len(holders) > 1 else "")


def agent_of(assignee: str, roll: Roll, *, blind: bool) -> Who:
    """Returns the shape, name and state of the agent that an assignee is; `?` for one that the town does not have."""
    agent = roll.find(assignee)
    if agent is None:
        return Who("?", inert(assignee), "is not here" if roll.is_nobodys(assignee) else "", "unknown")
    state = State.UNKNOWN if blind else agent.state
    rig = f"{agent.rig} " if agent.rig and agent.name == agent.role else ""
    return Who(SHAPES[state], f"{rig}{title(agent)}", state, STATE_TOKENS[state])


def _progress(convoy: Convoy) -> str:
    told = f"{convoy.closed} of {len(convoy.members)} closed"
    return told + (f", {convoy.unknown} unknown" if convoy.unknown else "") + (", staged" if convoy.staged else "")


def _call(call: Escalation) -> Who:
    token = "danger" if call.severity in ("critical", "high") else "attention"
    by = f"by {inert(call.by)}" if call.by else ""
    word = inert(call.severity) or "severity not told"
    return Who("✓", f"{word} {by}") if call.acknowledged else Who("!", by, word, token)


def _claim(merge: Merge, scene: Scene, ages: Ages) -> Who:
    retries = f"{merge.retries} retries" if merge.retries else ""
    if merge.blocked_by:
        return Who("⊣", _holding(merge.blocked_by), retries)
    if not merge.claimed_by:
        return Who("", inert(merge.branch) or "not claimed", retries)
    claim = agent_of(merge.claimed_by, scene.roll, blind=scene.blind)
    if merge.bead.updated is not None:
        ages.due(merge.bead.updated + STALE_CLAIM_S)
    if merge.is_stale(ages.now):
        return claim._replace(state=f"for {ages.quiet(merge.bead.updated)}", token="attention")
    return claim._replace(text=f"{claim.text} merges", state=retries, token="dim")
