"""The event strip: what changed since the start, newest first; and the rules between the parts of a screen."""

from __future__ import annotations

from collections.abc import Iterable

from textual.strip import Strip

from gastown_tui.town.text import clock_time, safe
from gastown_tui.town.words import SHAPES

from ..themes import STATE_TOKENS, Ink
from ..view import Event
from .lines import Lines, Run, clip, fit, width_of

_BRIEF = 64


class EventStrip(Lines):
    """One line of events side by side, or one event a line where there is room."""

    def show(self, events: Iterable[Event], style: Ink) -> None:
        width, height = self.size
        recent = list(events)[: max(height, 12)]
        if not recent:
            self.draw([fit([(" nothing has changed since the start", style("faint"))], width, style("text"))])
            return
        rows = [_row(recent, style, width)] if height == 1 else [_told(event, style, width) for event in recent[:height]]
        self.draw([fit(row, width, style("text")) for row in rows])


def _told(event: Event, style: Ink, width: int) -> list[Run]:
    token = STATE_TOKENS[event.state] if event.state else "dim"
    state = f"{SHAPES[event.state]} {event.state} " if event.state else ""
    head: list[Run] = [
        (f" {clock_time(event.at)} ", style("faint")),
        (f"{safe(event.agent)} ", style("text")),
        (state, style(token)),
    ]
    return [*head, (clip(event.text, max(0, width - width_of(head) - 1)), style("dim"))]


def _row(events: list[Event], style: Ink, width: int) -> list[Run]:
    row: list[Run] = []
    shown = 0
    for event in events:
        told = _told(event, style, max(_BRIEF, width // len(events)))
        if row and width_of(row) + width_of(told) + 2 > width:
            break
        row += [*([("  ", style("text"))] if row else []), *told]
        shown += 1
    # One event that stands alone after all has the line to itself.
    return row if shown > 1 else _told(events[0], style, width)


def section(left: Iterable[Run], right: Iterable[Run], width: int, style: Ink) -> Strip:
    """Returns a rule with a title in it, and at its right end as much of `right`, from its beginning, as fits."""
    rule = style("rule")
    head = [("── ", rule), *left, (" ", rule)]
    room = width - width_of(head) - 4
    tail: list[Run] = []
    for run in right:
        if width_of([*tail, run]) > room:
            break
        tail.append(run)
    return fit([*head, ("─" * (width - width_of(head) - width_of(tail) - 2), rule), *tail, ("──", rule)], width, rule)


class Rule(Lines):
    """A line between two parts; across it may meet another at column `joint`, which `glyph` joins."""

    def across(self, style: Ink, joint: int | None = None, glyph: str = "─") -> None:
        width = self.size.width
        line = "─" * width if joint is None or joint >= width else "─" * joint + glyph + "─" * (width - joint - 1)
        self.draw([fit([(line, style("rule"))], width, style("text"))])

    def down(self, style: Ink) -> None:
        self.draw([fit([("│", style("rule"))], 1, style("text"))] * self.size.height)
