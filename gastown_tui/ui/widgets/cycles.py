"""What the automonitor does, in a line or in a few: its writer, its cycles and phases, and what a person should know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from gastown_tui.town.snapshot import Monitor, Phase
from gastown_tui.town.text import mask, safe

from ..ages import Ages
from ..themes import Ink
from .lines import Lines, Run, clip, fit, width_of, wrapped

_LABEL = 11
_OLDEST = 3
_BRIEF, _WORDS = 26, 60
_LINES = 4
_WRITERS = {"alive": ("●", "good"), "silent": ("◐", "attention"), "absent": ("◌", "danger")}


class Part(NamedTuple):
    """A few words and their ink. In one line for all stands `brief`, the lowest `rank` the surest; without a brief, nothing."""

    text: str
    token: str = "text"
    brief: str = ""
    rank: int = 9


class Cycles(Lines):
    """Shows the facts under their labels, or the most urgent of them in one line."""

    def show(self, rows: Sequence[Sequence[Run]], style: Ink) -> None:
        self.draw([fit(runs, self.size.width, style("text")) for runs in rows[: self.size.height]])


def rows(monitor: Monitor | None, ages: Ages, style: Ink, width: int, height: int) -> list[list[Run]]:
    """Returns what is known of the automonitor in at most so many lines."""
    if monitor is None:
        return [[(" no automonitor is known", style("dim")), (" · --monitor-dir DIR names its folder", style("faint"))]]
    facts = list(_facts(monitor, ages))
    if height < 3:
        return [_line([part for _, parts in facts for part in parts], style, width)]
    every = [(label, row) for label, parts in facts if parts for row in _flowed(label, parts, style, width)]
    if len(every) > height:
        left = every[height - 1 :]
        told = f" +{len(left)}: {', '.join(dict.fromkeys(label for label, _ in left))}"
        every[height - 1 :] = [("", [("  ⋮", style("faint")), (told, style("dim"))])]
    return [row for _, row in every]


def _facts(monitor: Monitor, ages: Ages) -> Iterator[tuple[str, list[Part]]]:
    yield "automonitor", [*_writer(monitor, ages), *_read(monitor)]
    yield "faults", [Part(fault := _one_line(told), "attention", clip(fault, _BRIEF), 2) for told in monitor.faults]
    yield "phases", [_phase(phase, ages) for phase in monitor.phases]
    if monitor.pending_upgrade is not None:
        told = clip(_one_line(monitor.pending_upgrade), 96) or "one is pending, no word of which"
        yield "upgrade", [Part(told, "attention", "upgrade pending", 3), Part("never acted on here", "dim")]
    yield "handoffs", list(_handoffs(monitor, ages))
    yield "files", [Part(f"{_one_line(name)} {ages.ago(at)}", "dim") for name, at in monitor.files.items()]
    yield "state", [Part(f"{_one_line(name)} {clip(_one_line(value), _WORDS)}", "dim") for name, value in monitor.told.items()]
    yield "folder", [Part(_one_line(monitor.folder), "dim")]


def _writer(monitor: Monitor, ages: Ages) -> Iterator[Part]:
    shape, token = _WRITERS.get(monitor.writer, ("?", "unknown"))
    yield Part(word := f"{shape} {_one_line(monitor.writer)}", token, word, 0)
    if monitor.last_line_at is not None:
        ago = ages.ago(monitor.last_line_at)
        yield Part(f"last line {ago}", "text" if monitor.writer == "alive" else token, ago, 0)
    yield Part(cycles := _counted(monitor.cycles, "cycle"), "text", cycles, 6)
    if monitor.next_cycle_at is not None:
        soon = ages.left(monitor.next_cycle_at).replace("over", "is due")
        yield Part(f"next {soon}, an estimate", "dim", f"next {soon}", 5)


def _read(monitor: Monitor) -> Iterator[Part]:
    if monitor.repaired:
        yield Part(f"{monitor.repaired:,} repaired")
    if monitor.rejected:
        yield Part(told := f"{monitor.rejected:,} rejected", "attention", told, 4)
    if monitor.from_offset:
        yield Part(f"read from byte {monitor.from_offset:,} on", "dim")


def _counted(count: int | None, thing: str) -> str:
    return f"{thing}s not known" if count is None else f"{count:,} {thing}{'' if count == 1 else 's'}"


def _phase(phase: Phase, ages: Ages) -> Part:
    failed, went, name = phase.last_fail_at, phase.last_ok_at, _one_line(phase.name)
    told = [f"ok {ages.ago(went)}"] if went is not None else []
    if failed is not None:
        told.append(f"failed {ages.ago(failed)}" + (f" ({phase.fails:,} ×)" if phase.fails > 1 else ""))
    if failed is None or (went is not None and failed < went):
        return Part(f"{name} {', '.join(told) or 'not seen'}")
    return Part(f"{name} {', '.join(told)}", "danger", f"{name} {told[-1]}", 1)


def _handoffs(monitor: Monitor, ages: Ages) -> Iterator[Part]:
    """Yields the oldest handoffs: who was handed off longest ago comes next."""
    oldest = sorted(monitor.handoffs.items(), key=lambda one: one[1])
    for number, (session, at) in enumerate(oldest[:_OLDEST]):
        told = f"{_one_line(session)} {ages.ago(at)}"
        yield Part(told, "text", "" if number else f"oldest handoff {told}", 8)
    if len(oldest) > _OLDEST:
        yield Part(f"+{len(oldest) - _OLDEST}", "dim")


def _one_line(text: str) -> str:
    return mask(safe(" ".join(text.split())))


def _line(parts: Sequence[Part], style: Ink, width: int) -> list[Run]:
    """Returns the most urgent parts that fit, in their order."""
    head: Run = (" monitor ", style("dim"))
    brief = [part._replace(text=part.brief) for part in parts if part.brief]
    kept: list[Part] = []
    for part in sorted(brief, key=lambda part: part.rank):
        if width_of([head, *_joined([*kept, part], style)]) < width:
            kept.append(part)
    return [head, *_joined([part for part in brief if part in kept], style)]


def _flowed(label: str, parts: Sequence[Part], style: Ink, width: int) -> Iterator[list[Run]]:
    """Yields the parts in as many lines as they need, the first of which has the label."""
    head: Run = (f" {label:{_LABEL}} ", style("faint"))
    row: list[Part] = []
    for part in chain.from_iterable(_pieces(part, width - _LABEL - 3) for part in parts):
        if row and width_of(_joined([*row, part], style)) > width - _LABEL - 3:
            yield [head, *_joined(row, style)]
            head, row = (" " * (_LABEL + 2), style("faint")), []
        row.append(part)
    yield [head, *_joined(row, style)]


def _pieces(part: Part, width: int) -> list[Part]:
    """Returns a part in as many as it takes lines."""
    return [part._replace(text=line) for line in wrapped(part.text, width, _LINES)]


def _joined(parts: Sequence[Part], style: Ink) -> list[Run]:
    runs: list[Run] = []
    for part in parts:
        runs += [(" · ", style("faint"))] if runs else []
        runs.append((part.text, style(part.token)))
    return runs
