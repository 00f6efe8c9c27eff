"""What needs a person, drawn: headings with the key that helps, and under each the agents with what they ask or suffer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from textual.strip import Strip

from gastown_tui.town.looked import Sight, news
from gastown_tui.town.problems import Group, alike, asked, began, lived, options
from gastown_tui.town.snapshot import Agent, State, Town
from gastown_tui.town.text import clock_time, mask, rfc3339, safe
from gastown_tui.town.words import SHAPES, evidence_text, outlook

from ..ages import Ages
from ..themes import STATE_TOKENS, Ink
from .choices import Choices
from .lines import Run, beyond, clip, fit, width_of, wrapped

AGE = 8
_LEAD = 3
_MOST_LINES, _MOST_BESIDES = 10, 3
_DAY_S = 86400.0
# The first width at which all answers fit side by side is taken; of a long list each has as much as tells it.
_ANSWER_WIDTHS = (60, 40, 24, 16)
_LIST_WIDTH = 20


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that stand together; a block with a key can be chosen."""

    key: str
    lines: Sequence[Sequence[Run]]


class Problems(Choices):
    """Shows blocks from the one at which the chosen one is in sight; the last line says how many are out of sight."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._top = 0
        self._owners: Sequence[str] = ()

    def show(self, pinned: Sequence[Sequence[Run]], blocks: Sequence[Block], chosen: str, style: Ink) -> None:
        """Draws the pinned lines and under them the blocks, moved only as far as the chosen one and its heading demand."""
        width, height = self.size[0], max(1, self.size[1] - len(pinned))
        rows = [(block.key, runs) for block in blocks for runs in block.lines]
        room = height - 1 if len(rows) > height > 3 else height
        self._top = _scrolled(self._top, _span([key for key, _ in rows], chosen), room, len(rows))
        seen = rows[self._top : self._top + room]
        lines: list[Strip] = [fit(runs, width, _base(runs, style)) for runs in (*pinned, *(runs for _, runs in seen))]
        if room < height:
            parts = rows[: self._top], seen, rows[self._top + room :]
            above, shown, below = ({key for key, _ in part if key} for part in parts)
            lines.append(fit(beyond(len(above - shown), len(below - shown), style), width, style("text")))
        self._owners = [*("" for _ in pinned), *(key for key, _ in seen)]
        self.draw(lines)

    def key_at(self, y: int) -> str:
        return self._owners[y] if y < len(self._owners) else ""


def _base(runs: Sequence[Run], style: Ink) -> Style:
    """Returns what a line is padded with: the background of its last run, so that a chosen block is one even field."""
    return runs[-1][1] if runs else style("text")


def _span(owners: Sequence[str], chosen: str) -> tuple[int, int]:
    rows = [index for index, key in enumerate(owners) if key == chosen and key]
    return (rows[0], rows[-1] + 1) if rows else (0, 0)


def _scrolled(top: int, span: tuple[int, int], room: int, count: int) -> int:
    start, end = span
    top = max(top, end - room)
    # A blank line and a heading stand above the first of a group; they are shown where they do not push out what is chosen.
    top = min(top, max(0, start - max(0, min(2, room - (end - start)))))
    return max(0, min(top, count - room))


def absence(before: Sight, town: Town, ages: Ages, style: Ink, width: int) -> list[list[Run]]:
    """Returns the lines for somebody who has come back: since when, and what is new."""
    day = f"{(rfc3339(before.at) or '')[5:10]} " if ages.now - before.at >= _DAY_S else ""
    since = f" since {day}{clock_time(before.at)[:5]}, {ages.age(before.at)} ago: "
    told = wrapped(news(before, town), width - 2 - cell_len(since), 2)
    first: list[Run] = [(since, style("accent")), (told[0], style("text"))]
    return [first, *([(" " * cell_len(since) + line, style("text"))] for line in told[1:])]


def agents_block(group: Group, ages: Ages, ink: Ink, chosen: Ink, at: str, width: int) -> Iterator[Block]:
    """Yields a block for each agent of a group; `chosen` are the inks of the one whose id is `at`."""
    before: Agent | None = None
    for agent in group.agents:
        style = chosen if agent.id == at else ink
        same = before is not None and alike(before, agent)
        yield Block(agent.id, _agent_lines(agent, ages, style, width, chosen=agent.id == at, same=same))
        before = agent


def heading(group: Group, ages: Ages, style: Ink, hint: Sequence[Run], width: int) -> Block:
    """Returns a blank line and the heading: how many of what, since when, until when, and at the right the key that helps."""
    token = STATE_TOKENS[group.state]
    left: list[Run] = [(f" {SHAPES[group.state]} ", style(token)), (group.headline, style(f"{token} bold"))]
    return Block("", [[], spread(left, [(text, style("dim")) for text in _times(group, ages)], hint, style, width)])


def _times(group: Group, ages: Ages) -> Iterator[str]:
    if group.until is not None:
        yield f" ({ages.left(group.until)})"
    if len(group.agents) > 1 and group.since is not None:
        late = ages.now - group.since >= _DAY_S
        yield f" since {ages.age(group.since) + ' ago' if late else clock_time(group.since)[:5]}"


def spread(left: list[Run], more: list[Run], right: Sequence[Run], style: Ink, width: int) -> list[Run]:
    """Returns a line with `right` at its right end, and as much of `more` as leaves room for that."""
    for kept in range(len(more), -1, -1):
        told = [*left, *more[:kept]]
        gap = width - width_of(told) - width_of(right) - 1
        if gap >= 2:
            return [*told, (" " * gap, style("text")), *right]
    return [*left, *more]


def names_of(width: int) -> int:
    """Returns the columns that names have on a screen."""
    return max(12, min(30, (width - _LEAD - AGE) // 3))


def _agent_lines(agent: Agent, ages: Ages, style: Ink, width: int, *, chosen: bool, same: bool) -> list[list[Run]]:
    names = names_of(width)
    stamp = began(agent)
    age = ages.quiet(stamp) if stamp is not None else "–"
    bar: Run = ("▌  " if chosen else "   ", style("accent"))
    head: list[Run] = [bar, (set_cell_size(clip(agent.id, names), names), style("text")), (f"{age:>{AGE}}  ", style("dim"))]
    indent = width_of(head)
    if same:
        return [[*head, (f"{'asks' if agent.state is State.WAITING else 'says'} the same", style("dim"))]]
    if width - indent < 24:
        indent = _LEAD + 2
        first, rest = [head], _told(agent, ages, style, width - indent - 1)
    else:
        body = _told(agent, ages, style, width - indent - 1)
        first, rest = [[*head, *body[0]]], body[1:]
    mark: Run = (bar[0] + " " * (indent - _LEAD), bar[1])
    return [*first, *([mark, *runs] for runs in rest)]


def _told(agent: Agent, ages: Ages, style: Ink, width: int) -> list[list[Run]]:
    """Returns what the agent asks or suffers, wrapped, and behind or below it its answers, or what else is known."""
    ages.quiet(agent.evidence[0].at if agent.evidence[0].ago else None)
    lines = wrapped(asked(agent, ages.now), width, _MOST_LINES) or ("",)
    body: list[list[Run]] = [[(line, style("text"))] for line in lines]
    tail = _answers(options(agent), width) or _besides(agent, ages)
    if not tail:
        return body
    if cell_len(lines[-1]) + cell_len(tail) + 3 <= width:
        body[-1].append((f"   {tail}", style("dim")))
        return body
    return [*body, *([(line, style("dim"))] for line in wrapped(tail, width, _MOST_BESIDES))]


@lru_cache(maxsize=1024)
def _answers(offered: tuple[str, ...], width: int) -> str:
    """Returns the answers side by side, shortened where that makes room for all; else as many as fit, and how many do not."""
    for most in _ANSWER_WIDTHS:
        told = "  ".join(clip(answer, most) for answer in offered)
        if cell_len(told) <= width:
            return told
    shown, left = "", len(offered)
    for answer in offered:
        longer = f"{shown}{clip(answer, _LIST_WIDTH)}  "
        if cell_len(f"{longer}+{left - 1}") > width:
            break
        shown, left = longer, left - 1
    return f"{shown}+{left}"


def _besides(agent: Agent, ages: Ages) -> str:
    ages.due(agent.expects.overdue_at if agent.expects else None)
    hooked = f"hooked {safe(agent.bead)}" if agent.bead else ""
    proof = lived(agent)
    ages.quiet(proof.at if proof else None)
    last = evidence_text(proof, ages.now, stepped=True) if proof else ""
    return " · ".join(part for part in (last, outlook(agent, ages.now), hooked) if part)


def quelled(agent: Agent, ages: Ages, style: Ink, width: int, *, chosen: bool) -> Block:
    """Returns the line of an agent that somebody acknowledged: why, and how long ago."""
    names = names_of(width)
    ack = agent.acknowledged
    why = f"{mask(safe(ack.reason))} · " if ack and ack.reason else ""
    since = why + (ages.ago(ack.at) if ack else "")
    bar: Run = ("▌  " if chosen else "   ", style("accent"))
    state = f"  {SHAPES[agent.state]} {agent.state:8}  "
    text = set_cell_size(clip(agent.id, names), names) + state
    return Block(agent.id, [[bar, (text, style("dim")), (clip(since, max(1, width - cell_len(text) - 4)), style("dim"))]])
