"""The sentence at the top, and under it the one line that concerns the whole town."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from gastown_tui.town.snapshot import Monitor, Notice, Nowhere, SourceState, Town
from gastown_tui.town.text import mask, safe
from gastown_tui.town.words import summary_sentence

from ..ages import Ages
from ..themes import Ink
from ..view import View
from .lines import Lines, Run, clip, fit, width_of, wrapped

_WORDS = {
    "dead": "danger",
    "missing": "danger",
    "zombie": "danger",
    "need": "attention",
    "needs": "attention",
    "unknown": "unknown",
}

# What undoes an agent's work while it is looked at is told in red.
_UNDOING = "bd_import_hazard"
# Without an answer of these, nothing that is shown of an agent is sure.
_JUDGED_BY = ("tmux", "process", "town")
_LOW, _TALL = 8, 20
_GIVE_WAY = ("frozen", "unknown", "missing", "zombie", "alive", "dead")


class Header(Lines):
    """One line, and under it what the town has to say as a whole."""

    def show(self, view: View, ages: Ages, style: Ink) -> None:
        width = self.size.width
        lines = [fit(sentence(view, ages, style, width), width, style("text"))]
        told = wrapped(notice(view, ages), width - 2, max(1, self.size.height - 1))
        look = style(token(view))
        self.draw([*lines, *(fit([(f" {line}", look)], width, style("text")) for line in told)])


def height_of(view: View, width: int, height: int) -> int:
    """Returns how many of a screen's lines the header needs: what is wrong with the whole town is cut only on a low one."""
    most = 2 if height >= _TALL else 1
    return 1 + (len(wrapped(notice(view, Ages(view.now)), width - 2, most)) if height >= _LOW else 0)


def notice(view: View, ages: Ages) -> str:
    """Returns the worst thing that concerns the whole town, in one line: a source without which no agent can be judged before the
    town's own notices, these before any other source, as an old export of beads, and that before what is wrong with the user's
    own file.
    """
    first, stale = _first(view), view.stale()
    if first is None:
        return " · ".join(_stale(source, ages) for source in stale) or _wrong(view)
    others = len(_notices(view)) - 1 + len(stale) + len(view.complaints)
    more = f"  (+{others})" if others else ""
    since = f", {ages.age(first.since)} ago" if first.since is not None else ""
    return mask(safe(first.text)) + since + (f" · {mask(safe(first.remedy))}" if first.remedy else "") + more


def token(view: View) -> str:
    """Returns the colour of that."""
    first = _first(view)
    return "danger" if first is not None and first.code == _UNDOING else "attention"


def _first(view: View) -> Notice | None:
    """Returns the town's own notice that is told, None where there is none, or something worse."""
    return None if view.stale(*_JUDGED_BY) else next(iter(_notices(view)), None)


def _notices(view: View) -> Sequence[Notice]:
    return view.town.notices if isinstance(view.town, Town) else ()


def _wrong(view: View) -> str:
    count = len(view.complaints)
    many = f"{count} settings are left out, the first: " if count > 1 else ""
    return view.HIDES + many + safe(view.complaints[0]) if count else ""


def _stale(source: SourceState, ages: Ages) -> str:
    age = f"stale {ages.age(source.at)}" if source.at is not None else "no answer yet"
    return f"{source.name}: {age}" + (f", {mask(safe(source.error))}" if source.error else "")


def sentence(view: View, ages: Ages, style: Ink, width: int) -> list[Run]:
    """Returns the town in one sentence, and at the right as much of socket, badges and clock as fits."""
    town = view.town
    badges = _badges(view, ages, style)
    left: list[Run] = [(f" {clip(_name(town), 24)}  ", style("accent bold"))]
    if isinstance(town, Town):
        for agent in town.agents:
            ages.due(agent.expects.overdue_at if agent.expects else None)
        kept = width_of(_joined([run for rank, run in badges if rank == 0]))
        counted = _counted(summary_sentence(town, ages.now), style, width - width_of(left) - kept - 2)
        left += [(text, style("dim")) for text, _ in counted] if view.stale("tmux", "process") else counted
    right = _fitting(badges, width - width_of(left) - 2)
    return [*left, (" " * max(1, width - width_of(left) - width_of(right) - 1), style("text")), *right, (" ", style("text"))]


def _name(town: Town | Nowhere | None) -> str:
    if isinstance(town, Town):
        return safe(town.ref.name or PurePath(town.ref.root).name or "town")
    return "gastown-tui"


def _counted(sentence: str, style: Ink, room: int) -> list[Run]:
    """Returns the sentence in colour; where it is too long, without its least urgent parts."""
    parts = {part.split(" ")[1]: part for part in sentence.split(" · ")}
    for word in _GIVE_WAY:
        if len(" · ".join(parts.values())) > room:
            parts.pop(word, None)
    runs: list[Run] = []
    for word, part in parts.items():
        runs += [(" · ", style("dim"))] if runs else []
        runs.append((part, style(_WORDS.get(word, "text"))))
    return runs


def _badges(view: View, ages: Ages, style: Ink) -> list[tuple[int, Run]]:
    """Returns what may stand at the right, in order, each with how readily it gives way (the higher, the sooner)."""
    parts: list[tuple[int, Run]] = []
    town = view.town
    if isinstance(town, Town) and town.ref.demo:
        parts.append((0, ("DEMO", style("held bold"))))
    if view.held_since is not None:
        parts.append((0, ("picture held", style("attention bold"))))
    if view.read_only:
        parts.append((0, ("▣ read-only", style("accent"))))
    # While nothing changes nothing is published, so the stamp of a source that answers says little: only silence ages.
    oldest = min((source.at for source in view.stale() if source.at is not None), default=None)
    if oldest is not None and ages.now - oldest > 5:
        parts.append((0, (f"oldest {ages.age(oldest)}", style("attention"))))
    if isinstance(town, Town) and town.monitor is not None:
        parts += _monitor(town.monitor, ages, style)
    if isinstance(town, Town) and town.ref.socket:
        parts.append((5, (clip(safe(PurePath(town.ref.socket).name), 24), style("dim"))))
    clock = ages.minute()
    return [*parts, (2, (clock, style("dim"))), (3, (" UTC", style("dim")))]


def _monitor(monitor: Monitor, ages: Ages, style: Ink) -> list[tuple[int, Run]]:
    """Returns when the automonitor wrote last; that it has stopped keeps its place longer."""
    if monitor.last_line_at is None:
        return []
    if monitor.writer == "silent":
        return [(1, (f"monitor silent {ages.quiet(monitor.last_line_at)}", style("attention")))]
    return [(4, (f"monitor {ages.ago(monitor.last_line_at)}", style("dim")))]


def _joined(parts: list[Run]) -> list[Run]:
    return [((" · " if index and not text.startswith(" ") else "") + text, style) for index, (text, style) in enumerate(parts)]


def _fitting(parts: list[tuple[int, Run]], room: int) -> list[Run]:
    while parts:
        runs = _joined([run for _, run in parts])
        if width_of(runs) <= room:
            return runs
        parts = [part for part in parts if part[0] != max(rank for rank, _ in parts)]
    return []
