"""The lines above a pane: who it is, why we think so, and what will happen by itself."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from rich.cells import cell_len

from gastown_tui.town.snapshot import Agent
from gastown_tui.town.text import safe
from gastown_tui.town.words import SHAPES, evidence_text, outlook

from ..ages import Ages
from ..roster import Row
from ..themes import STATE_TOKENS, Ink
from .lines import Lines, Run, clip, fit, width_of


class Title(Lines):
    """Three lines beside a list, one line (a rule with the name in it) below one."""

    def show(self, row: Row | None, ages: Ages, style: Ink, *, live: bool, stale: bool, work: Sequence[str] = ()) -> None:
        """Draws who, why and at what `work`; what is `stale` looks neither well nor ill, and what is not `live` says so."""
        width, height = self.size
        style = _faded(style) if stale else style
        if row is None or row.agent is None:
            told = _other(row, style)
            told = told if height > 1 else [*told, (" " + "─" * width, style("rule"))]
            self.draw([fit(told, width, style("text"))])
        elif height > 1:
            self.draw([fit(runs, width, style("text")) for runs in why(row.agent, ages, style, width, live=live, work=work)])
        else:
            self.draw([fit(_rule(row.agent, ages, style, width), width, style("text"))])


def why(agent: Agent, ages: Ages, style: Ink, width: int, *, live: bool, work: Sequence[str] = ()) -> list[list[Run]]:
    """Returns who and what, the first evidence and who saw it, and the outlook and the bead (empty where there is none)."""
    state = _state(agent, ages, style)
    name: list[Run] = [
        (f" {clip(agent.id, max(8, width - width_of(state) - 14))}", style("text bold")),
        ("  ", style("text")),
        *state,
    ]
    room = width - width_of(name) - 3
    right = _facts(agent, ages, room, live=live)
    head = [*name, (right.rjust(room + 2), style("dim"))]
    told = outlook(agent, ages.now), " ".join(work).strip()
    hope = clip(" · ".join(part for part in told if part), width - 2)
    return [head, *_evidence(agent, ages, style, width), [(f" {hope}", style("dim"))]]


def _state(agent: Agent, ages: Ages, style: Ink) -> list[Run]:
    token = STATE_TOKENS[agent.state]
    loud = agent.needs_you(ages.now)
    words: list[Run] = [(f"{SHAPES[agent.state]} {agent.state}", style(f"{token} bold" if loud else token))]
    return [*words, (" · acknowledged", style("dim"))] if agent.acknowledged else words


def _facts(agent: Agent, ages: Ages, room: int, *, live: bool) -> str:
    """Returns runtime, age, and that the picture is not live: as much as fits, the last the longest."""
    told = [agent.runtime or "", ages.age(agent.born) if agent.born is not None else "", "" if live else "not live"]
    parts = [safe(part) for part in told if part]
    while parts and cell_len(" · ".join(parts)) > room:
        del parts[0]
    return " · ".join(parts)


def _evidence(agent: Agent, ages: Ages, style: Ink, width: int) -> list[list[Run]]:
    """Returns the first evidence and who saw it in a line, or, where it is too long, the evidence alone in two."""
    told, seen = _told(agent, ages), f" · seen by {safe(agent.evidence[0].source)}"
    if cell_len(told + seen) <= width - 2:
        return [[(f" {told}", style("text")), (seen, style("dim"))]]
    return [[(f" {line}", style("text"))] for line in wrap(told, max(8, width - 2), max_lines=2, placeholder=" …")]


def _told(agent: Agent, ages: Ages) -> str:
    first = agent.evidence[0]
    if first.ago:
        ages.quiet(first.at)
    ages.due(agent.expects.overdue_at if agent.expects else None)
    return evidence_text(first, ages.now, stepped=True)


def _rule(agent: Agent, ages: Ages, style: Ink, width: int) -> list[Run]:
    state, rule = _state(agent, ages, style), style("rule")
    left: list[Run] = [("── ", rule), (clip(safe(agent.id), width // 3), style("text bold")), (" ─ ", rule), *state]
    hope = outlook(agent, ages.now)
    told = clip(f": {_told(agent, ages)}" + (f" · {hope}" if hope else ""), width - width_of(left) - 2)
    return [*left, (told + " ", style("text")), ("─" * width, rule)]


def _other(row: Row | None, style: Ink) -> list[Run]:
    if row is None:
        return [(" nobody is listed", style("dim"))]
    if row.foreign:
        return [(f" {row.name}", style("text bold")), ("  no agent of this town: listed, never touched", style("dim"))]
    return [(f" {row.name}", style("text bold")), (f"  {row.folded} folded", style("dim"))]


def _faded(style: Ink) -> Ink:
    return lambda token: style(token if token == "rule" else "dim")
