"""The automonitor's log: the lines that pass a filter, a row each, following its end until somebody scrolls."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from rich.cells import chop_cells, set_cell_size
from textual.strip import Strip

from gastown_tui.town.lines import Line
from gastown_tui.town.text import mask, rfc3339, safe, shown

from ..sieve import SHOWN_CHARACTERS
from ..themes import Ink, ink
from .choices import Choices
from .lines import Lines, Run, clip, fit, width_of
from .strip import section

_LEVEL, _COMPONENT = 6, 10
_MOST_CHARACTERS = 65536
_MARKS = {"ok": " ", "flagged": "~", "recovered": "≈", "joined": "│", "rejected": "✗"}
_VERDICTS = {
    "ok": "as it should be",
    "flagged": "kept, with a notice",
    "recovered": "repaired",
    "joined": "belongs to the event above",
    "rejected": "not understood",
}
_TOKENS = {"warn": "attention", "warning": "attention", "error": "danger", "critical": "danger", "fatal": "danger"}


@dataclass(frozen=True, slots=True)
class Scene:
    """What the log is to show: of `lines`, the first of which has the number `first`, those whose numbers are in `shown`.

    `chosen` is the number of the chosen line, None where the end is followed. `empty` says why there is nothing;
    with `more` there are earlier lines that can be read.
    """

    lines: Sequence[Line]
    first: int
    shown: Sequence[int]
    chosen: int | None
    theme: str
    head: Sequence[tuple[str, str]]
    torn: str = ""
    empty: Sequence[str] = ()
    more: bool = False


class Log(Choices):
    """A line that says what is shown, and the lines that fit.

    While it follows, it goes on below and moves up by a third once it is full: of a line that comes only that line is sent.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._top = 0
        self._on_screen: Sequence[int] = ()
        self._made: dict[tuple[object, ...], Strip] = {}

    @property
    def page(self) -> int:
        """How many lines one page has."""
        return max(1, self.size.height - 1)

    def show(self, scene: Scene) -> None:
        """Draws the lines around the chosen one, or the last ones."""
        width, height = self.size
        style: Ink = partial(ink, scene.theme)
        torn = bool(scene.torn) and scene.chosen is None
        room = max(1, height - 1 - torn)
        top = self._place(scene, room)
        self._on_screen = scene.shown[top : top + room]
        self._top = self._on_screen[0] if self._on_screen else 0
        below = len(scene.shown) - top - len(self._on_screen)
        head = section([(text, style(token)) for text, token in scene.head], _beyond(top, below, scene, style), width, style)
        rows = list(self._rows(scene, width))
        if not rows:
            rows = [fit([(f" {text}", style("dim"))], width, style("text")) for text in scene.empty]
        if torn:
            rows.append(fit([("   … ", style("faint")), (_told(scene.torn), style("faint"))], width, style("text")))
        # Blank ones too: a line that takes the place of a blank one is sent as far as they differ.
        blank = fit([], width, style("text"))
        self.draw([head, *rows, *[blank] * (height - 1 - len(rows))])

    def key_at(self, y: int) -> str:
        return str(self._on_screen[y - 1]) if 0 < y <= len(self._on_screen) else ""

    def _place(self, scene: Scene, room: int) -> int:
        """Returns the index of the first line on screen: the one that was, moved only as far as it must be."""
        count, top = len(scene.shown), bisect_left(scene.shown, self._top)
        if scene.chosen is not None:
            at = bisect_left(scene.shown, scene.chosen)
            return max(0, min(max(min(top, at), at - room + 1), count - room))
        beyond, free = count - top - room, room // 3
        if beyond > room or -beyond > free:
            # A burst, another filter or the first look: there is nothing to hold on to.
            return max(0, count - room)
        return count - room + free if beyond > 0 else top

    def _rows(self, scene: Scene, width: int) -> Iterator[Strip]:
        made: dict[tuple[object, ...], Strip] = {}
        lines = [(number, scene.lines[number - scene.first]) for number in self._on_screen]
        days = {_day(line) for _, line in lines} - {""}
        dated = len(days) > 1 and width >= 80
        for number, line in lines:
            key = line, number == scene.chosen, dated, width, scene.theme
            made[key] = self._made.get(key) or _line(line, key[1], dated, scene.theme, width)
            yield made[key]
        self._made = made


def _beyond(above: int, below: int, scene: Scene, style: Ink) -> Iterator[Run]:
    """Yields how many lines are out of sight; those that came below somebody who reads are told louder."""
    if below:
        yield f" +{below:,} ", style("attention" if scene.chosen is not None else "dim")
    told = [*([f"{above:,} above"] if above else []), *(["earlier ones not read"] if scene.more else [])]
    if told:
        yield f" {', '.join(told)} ", style("dim")


def _day(line: Line) -> str:
    return (rfc3339(line.ts) or "")[:10]


def _line(line: Line, chosen: bool, dated: bool, theme: str, width: int) -> Strip:
    style: Ink = partial(ink, theme, selected=chosen)
    level = (line.level or "").casefold()
    token = "dim" if line.verdict == "joined" else _TOKENS.get(level, "text")
    head = line.verdict not in ("joined", "rejected")
    stamp = "" if line.ts is None else (rfc3339(line.ts) or "?")[5 if dated else 11 : 19].replace("T", " ")
    when = stamp or ("--:--:--" if head else "")
    words = f"{_cell(line.level, _LEVEL)} {_cell(line.component, _COMPONENT)} "
    runs: list[Run] = [
        ("▌" if chosen else " ", style("accent")),
        (f"{_MARKS[line.verdict]} ", style("attention" if head or line.verdict == "rejected" else "faint")),
        (f"{when:>{14 if dated else 8}} ", style("faint")),
    ]
    if head:
        runs.append((words[: _LEVEL + 1], style(token if level in _TOKENS else "dim")))
        runs.append((words[_LEVEL + 1 :], style("dim")))
    told = clip(_told(line.message or line.raw or ""), width - width_of(runs))
    return fit([*runs, (told, style(token))], width, style("text"))


def _cell(text: str | None, width: int) -> str:
    return set_cell_size(clip(mask(text or "?"), width), width)


def _told(text: str) -> str:
    return shown(text, SHOWN_CHARACTERS)


class Whole(Lines):
    """One line of the log in full: what is wrong with it, its message, and how it stands in the file."""

    def show(self, line: Line | None, style: Ink) -> None:
        width, height = self.size
        if line is None:
            self.draw([section([("no line is chosen", style("dim"))], (), width, style)])
            return
        told, stands = inert(line.message), inert(raw(line))
        texts = [(text, token) for text, token in ((told, "text"), (stands if stands != told else "", "dim")) if text]
        rows = [section([(text, style("dim")) for text in _facts(line)], (), width, style)]
        for text, token in texts:
            shown = _wrapped(text, width - 2, max(1, (height - 1) // len(texts)))
            rows += [fit([(f" {row}", style(token))], width, style("text")) for row in shown]
        self.draw(rows[:height])


def raw(line: Line) -> str:
    """Returns a line as it stands in the file; of one that is as it should be only the message was kept."""
    return line.message if line.raw is None else line.raw


@lru_cache(maxsize=8)
def inert(text: str) -> str:
    """Returns at most 64 KiB of a text as it may be shown: safe, secrets masked."""
    return shown(text, _MOST_CHARACTERS)


def _facts(line: Line) -> Iterator[str]:
    yield f"byte {line.offset:,}"
    yield f" · {_VERDICTS[line.verdict]}" + (f": {mask(safe(', '.join(line.flags)))}" if line.flags else "")
    if line.ts is not None:
        yield f" · {rfc3339(line.ts) or 'a time that is no time'}"


def _wrapped(text: str, width: int, most: int) -> list[str]:
    """Returns an inert text in at most so many rows, the last of which says how much there is below it."""
    room = max(8, width)
    rows = chop_cells(text[: room * (most + 1)], room)
    if len(rows) <= most:
        return rows
    left = f" (+{len(text) - sum(map(len, rows[:most])):,} characters)"
    return [*rows[: most - 1], clip(rows[most - 1], max(1, room - len(left))) + left]
