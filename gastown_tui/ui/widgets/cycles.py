"""What the automonitor does, in a line or in a few: its writer, its cycles and phases, and what a person should know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gastown_tui.town.snapshot import Monitor, Phase
from gastown_tui.town.text import mask, safe

from ..ages import Ages
from ..themes import Ink
from .lines import Lines, Run, clip, fit, width_of

_LABEL = 11
_OLDEST = 3
_WRITERS = {"alive": ("●", "good"), "silent": ("◐", "attention"), "absent": ("◌", "danger")}


class Part(NamedTuple):
    """A few words, the ink for them, and how readily they give way where there is one line for all (the higher, the sooner)."""

    text: str
    token: str = "text"
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
    every = [row for label, parts in facts if parts for row in _flowed(label, parts, style, width)]
    if len(every) > height:
        every = [*every[: height - 1], [("  ⋮", style("faint")), (f" +{len(every) - height + 1}", style("dim"))]]
    return every


def _facts(monitor: Monitor, ages: Ages) -> Iterator[tuple[str, list[Part]]]:
    yield "automonitor", list(_writer(monitor, ages))
    yield "faults", [Part(_one_line(fault), "attention", 1) for fault in monitor.faults]
    yield "phases", [_phase(phase, ages) for phase in monitor.phases]
    if monitor.pending_upgrade is not None:
        told = _one_line(monitor.pending_upgrade) or "pending, no word of what"
        yield "upgrade", [Part(f"upgrade: {clip(told, 80)}", "attention", 3), Part("never acted on here", "dim")]
    yield "handoffs", list(_handoffs(monitor, ages))
    yield "read", list(_read(monitor))


def _writer(monitor: Monitor, ages: Ages) -> Iterator[Part]:
    shape, token = _WRITERS.get(monitor.writer, ("?", "unknown"))
    yield Part(f"{shape} {safe(monitor.writer)}", token, 0)
    if monitor.last_line_at is not None:
        yield Part(f"last line {_ago(monitor.last_line_at, ages)}", "text" if monitor.writer == "alive" else token, 0)
    yield Part(f"{monitor.cycles:,} cycles" if monitor.cycles is not None else "cycles not known", "text", 6)
    if monitor.next_cycle_at is not None:
        yield Part(f"next {ages.left(monitor.next_cycle_at).replace('over', 'due')}, an estimate", "dim", 5)


def _phase(phase: Phase, ages: Ages) -> Part:
    failed, went = phase.last_fail_at, phase.last_ok_at
    told = [f"ok {_ago(went, ages)}"] if went is not None else []
    if failed is not None:
        often = f" ({phase.fails} ×)" if phase.fails > 1 else ""
        told.append(f"failed {_ago(failed, ages)}{often}")
    worse = failed is not None and (went is None or failed >= went)
    return Part(f"{_one_line(phase.name)} {', '.join(told) or 'not seen'}", "danger" if worse else "text", 2 if worse else 7)


def _handoffs(monitor: Monitor, ages: Ages) -> Iterator[Part]:
    """Yields the oldest handoffs: who was handed off longest ago comes next."""
    oldest = sorted(monitor.handoffs.items(), key=lambda one: one[1])
    for session, at in oldest[:_OLDEST]:
        yield Part(f"{_one_line(session)} {_ago(at, ages)}", "text", 8)
    if len(oldest) > _OLDEST:
        yield Part(f"+{len(oldest) - _OLDEST}", "dim")


def _read(monitor: Monitor) -> Iterator[Part]:
    yield Part(f"{monitor.repaired:,} repaired", "text" if monitor.repaired else "dim")
    yield Part(f"{monitor.rejected:,} rejected", "attention" if monitor.rejected else "dim", 4 if monitor.rejected else 9)
    yield Part(f"from byte {monitor.from_offset:,} on" if monitor.from_offset else "the whole file", "dim")
    yield Part(_one_line(monitor.folder), "dim")


def _ago(stamp: float, ages: Ages) -> str:
    age = ages.quiet(stamp)
    return "just now" if age == "now" else "by a stamp from the future" if age == "clock" else f"{age} ago"


def _one_line(text: str) -> str:
    return mask(safe(" ".join(text.split())))


def _line(parts: Sequence[Part], style: Ink, width: int) -> list[Run]:
    """Returns the most urgent parts that fit, in their order."""
    kept = sorted((part for part in parts if part.rank < 9), key=lambda part: part.rank)
    while len(kept) > 1 and sum(len(part.text) + 3 for part in kept) > width - 9:
        kept.pop()
    told = [part for part in parts if part in kept]
    return [(" monitor ", style("dim")), *_joined(told, style)]


def _flowed(label: str, parts: Sequence[Part], style: Ink, width: int) -> Iterator[list[Run]]:
    """Yields the parts in as many lines as they need, the first of which has the label."""
    head: Run = (f" {label:{_LABEL}} ", style("faint"))
    row: list[Part] = []
    for part in parts:
        if row and width_of(_joined([*row, part], style)) > width - _LABEL - 3:
            yield [head, *_joined(row, style)]
            head, row = (" " * (_LABEL + 2), style("faint")), []
        row.append(part)
    yield [head, *_joined(row, style)]


def _joined(parts: Sequence[Part], style: Ink) -> list[Run]:
    runs: list[Run] = []
    for part in parts:
        runs += [(" · ", style("faint"))] if runs else []
        runs.append((part.text, style(part.token)))
    return runs
