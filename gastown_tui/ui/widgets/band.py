"""What the kiosk shows above and below each of its screens: the town in large figures, the time, and what hangs on this wall."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.cells import cell_len

from gastown_tui.town.problems import problems
from gastown_tui.town.snapshot import Agent, State, Town
from gastown_tui.town.text import clock_time, safe
from gastown_tui.town.words import SHAPES, need_you, title

from ..ages import Ages
from ..themes import STATE_TOKENS, Ink
from ..view import View
from .digits import big, rows_of
from .header import Header, notice, sentence, token
from .lines import Lines, Run, clip, fit, width_of

_GAP = 3
_PART = 4
_SHADED = str.maketrans("█▀▄", "▒▒▒")


class Figure(NamedTuple):
    """A large number: what it counts, and the ink that says how good or bad it is."""

    number: int
    word: str
    token: str


class Measure(NamedTuple):
    """How much of a screen the band takes: its rows, the scale of its figures, and that of the clock's; 0 is plain text."""

    rows: int
    scale: int
    clock: int

    @classmethod
    def of(cls, view: View, width: int, height: int) -> Measure:
        """Returns the largest figures that leave three quarters of the screen to what is below them, and fit beside the clock."""
        told = 1 + bool(notice(view, Ages(view.now)))
        for scale in (3, 2, 1):
            rows, clock = rows_of(scale) + 2 + told, max(1, scale - 1)
            if rows * _PART <= height + _PART and width_of_figures(figures(view), scale) + clock_width(clock) <= width:
                return cls(rows, scale, clock)
        return cls(min(1 + told, max(1, height // _PART)), 0, 0)


def figures(view: View) -> Sequence[Figure]:
    """Returns what is counted. Alive is a good colour only where every source answers and nobody needs a person."""
    town = view.town
    if not isinstance(town, Town):
        return ()
    calling = need_you(town, view.now)
    states = [agent.state for agent in town.agents]
    dead, unknown = states.count(State.DEAD), states.count(State.UNKNOWN)
    well = not view.stale() and not calling and not unknown
    return (
        Figure(sum(agent.alive for agent in town.agents), "alive", "good" if well else "text"),
        Figure(calling, "needs you" if calling == 1 else "need you", "attention" if calling else "faint"),
        Figure(dead, "dead", "danger" if dead else "faint"),
        *([Figure(unknown, "unknown", "unknown")] if unknown else []),
    )


def width_of_figures(shown: Sequence[Figure], scale: int) -> int:
    """Returns how many columns the figures take, the gaps around them among them."""
    return _GAP + sum(_width(one, scale) + _GAP * scale for one in shown)


def clock_width(scale: int) -> int:
    """Returns how many columns the time takes, with a margin."""
    return (len(big("00:00:00", scale)[0]) if scale else 8) + 2


def _width(figure: Figure, scale: int) -> int:
    # A place for a question mark, so that nothing moves when the town goes out of sight.
    return max(len(big(str(figure.number), scale)[0]), cell_len(figure.word) + 1)


class Band(Header):
    """The sentence, the figures with their words, who needs a person, and what concerns the whole town."""

    def show(self, view: View, ages: Ages, style: Ink) -> None:
        width, height = self.size
        scale = Measure.of(view, self.app.size.width, self.app.size.height).scale
        lines = [sentence(view, ages, style, width)]
        if scale:
            lines += _large(figures(view), scale, style, blind=bool(view.stale("tmux", "process")))
        if isinstance(view.town, Town):
            lines.append(_calling(view.town, ages, style, width, blind=bool(view.stale("tmux", "process"))))
        if told := notice(view, ages):
            lines.append([(" " + clip(told, width - 2), style(f"{token(view)} bold"))])
        self.draw([fit(line, width, style("text")) for line in lines[:height]])


def _large(shown: Sequence[Figure], scale: int, style: Ink, *, blind: bool) -> Iterator[list[Run]]:
    """Yields the rows of the figures and of their words. What may no longer be so is shaded, without colour, and asked."""
    # As wide as a digit: figures as near to each other as their digits are read as one number, 10 5 1 as 1051.
    lead, gap = (" " * _GAP, style("text")), (" " * _GAP * scale, style("text"))
    inks = [style("dim") if blind else style(f"{one.token} bold") for one in shown]
    for row in range(rows_of(scale)):
        line = [lead]
        for figure, look in zip(shown, inks, strict=True):
            cells = big(str(figure.number), scale)[row].ljust(_width(figure, scale))
            line += [(cells.translate(_SHADED) if blind else cells, look), gap]
        yield line
    words = (figure.word + ("?" if blind else "") for figure in shown)
    yield [
        lead,
        *(
            run
            for figure, word, look in zip(shown, words, inks, strict=True)
            for run in ((word.ljust(_width(figure, scale)), look), gap)
        ),
    ]


def _calling(town: Town, ages: Ages, style: Ink, width: int, *, blind: bool) -> list[Run]:
    """Returns who needs a person, the worst first, as many as fit."""
    agents = [agent for group in problems(town, ages.now) for agent in group.agents]
    if not agents:
        return [(" nobody is known to need you" if blind else " nobody needs you", style("dim"))]
    runs: list[Run] = []
    for number, agent in enumerate(agents):
        told = _named(agent, style if not blind else _faded(style))
        rest = [(f"  +{len(agents) - number}", style("attention"))]
        if runs and width_of([*runs, *told]) + (width_of(rest) if number < len(agents) - 1 else 0) > width - 1:
            return [*runs, *rest]
        runs += told
    return runs


def _named(agent: Agent, style: Ink) -> list[Run]:
    where = f"{safe(agent.rig)} " if agent.rig else ""
    return [
        (f" {SHAPES[agent.state]} {where}{title(agent)} ", style("text")),
        (f"{agent.state} ", style(STATE_TOKENS[agent.state])),
    ]


def _faded(style: Ink) -> Ink:
    return lambda _: style("dim")


class Clock(Lines):
    """The time of day in UTC with its seconds, which show that this picture is alive."""

    def put(self, width: int, measure: Measure) -> None:
        """Puts it where the band leaves room for it, at the right."""
        self.styles.width = columns = clock_width(measure.clock)
        self.styles.height = rows_of(measure.clock) if measure.clock else 1
        self.styles.offset = (max(0, width - columns), min(1, measure.clock))
        self.display = width > columns + 8

    def show(self, now: float, scale: int, style: Ink) -> None:
        told = clock_time(now)
        lines = big(told, scale) if scale and "?" not in told else (told,)
        self.draw([fit([(f" {line}", style("dim"))], self.size.width, style("text")) for line in lines])


class Plate(NamedTuple):
    """What the last line says: where it hangs, the tour and which stop this is, what could not be drawn, how it is left."""

    place: str
    tour: Sequence[str]
    at: int
    faults: Sequence[str]
    ways_out: str

    def runs(self, style: Ink, width: int) -> list[Run]:
        """Returns the line; what is wrong comes before the tour, and how it is left gives way last."""
        out: list[Run] = [("▣ locked", style("dim")), (f" · {self.ways_out} ", style("faint"))]
        told: list[Run] = [(f" {self.place}  ", style("accent"))] if self.place else [(" ", style("text"))]
        told += [(f"{fault}  ", style("attention")) for fault in self.faults]
        for number, stop in enumerate(self.tour):
            told.append((f"{stop} ", style("text bold" if number == self.at else "faint")))
        room = width - width_of(out)
        while told and width_of(told) > room:
            told.pop()
        return [*told, (" " * max(0, room - width_of(told)), style("text")), *out]
