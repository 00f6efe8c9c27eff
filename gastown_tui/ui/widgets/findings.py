"""Where beads and agents do not fit together, drawn below what needs a person: by kind, each with its evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import set_cell_size

from gastown_tui.town.snapshot import Finding
from gastown_tui.town.text import mask, safe
from gastown_tui.town.words import evidence_text

from ..ages import Ages
from ..themes import Ink
from .lines import Run, clip, width_of, wrapped
from .problems import AGE, Block, names_of, spread

_HEADINGS = {
    "orphaned": ("1 bead has lost its agent", "{} beads have lost their agents"),
    "shared": ("1 bead has more than one agent", "{} beads have more than one agent"),
    "unmoved": ("1 agent stands idle with a bead", "{} agents stand idle with beads"),
    "outlived": ("1 bead was last touched before its agent began", "{} beads were last touched before their agents began"),
    "beadless": ("1 polecat works without a bead", "{} polecats work without beads"),
}
_MOST_LINES = 3


def ordered(findings: Sequence[Finding]) -> list[Finding]:
    """Returns the findings by kind, the gravest kind first; a kind that nobody knows comes last."""
    kinds = list(_HEADINGS)
    return sorted(findings, key=lambda one: kinds.index(one.code) if one.code in kinds else len(kinds))


def key_of(finding: Finding) -> str:
    """Returns what tells a finding from all others, and from every agent."""
    return " ".join(("finding", finding.code, finding.bead_id or "", *finding.agent_ids))


def findings_blocks(
    findings: Sequence[Finding], ages: Ages, ink: Ink, chosen: Ink, at: str, hint: Sequence[Run], width: int
) -> Iterator[Block]:
    """Yields the headings and a block for each of `ordered` findings; `chosen` are the inks of the one whose key is `at`."""
    code = None
    for finding in findings:
        if finding.code != code:
            code = finding.code
            count = sum(one.code == code for one in findings)
            one, many = _HEADINGS.get(code, ("1 thing does not fit", "{} things do not fit"))
            left: list[Run] = [(" ≠ ", ink("attention")), (one if count == 1 else many.format(count), ink("attention bold"))]
            yield Block("", [[], spread(left, [], hint, ink, width)])
        here = key_of(finding) == at
        yield Block(key_of(finding), list(_lines(finding, ages, chosen if here else ink, width, chosen=here)))


def _lines(finding: Finding, ages: Ages, style: Ink, width: int, *, chosen: bool) -> Iterator[list[Run]]:
    names = names_of(width)
    first = finding.evidence[0] if finding.evidence else None
    age = ages.quiet(first.at) if first and first.ago else "–"
    called = finding.bead_id or next(iter(finding.agent_ids), "")
    bar = "▌  " if chosen else "   "
    head: list[Run] = [
        (bar, style("accent")),
        (set_cell_size(clip(mask(safe(called)), names), names), style("text")),
        (f"{age:>{AGE}}  ", style("dim")),
    ]
    indent = width_of(head)
    below: list[Run] = [(bar + " " * (indent - len(bar)), style("accent"))]
    for line in wrapped(mask(safe(finding.text)), width - indent - 1, _MOST_LINES):
        yield [*head, (line, style("text"))]
        head = below
    told = [evidence_text(one, ages.now, stepped=True) for one in finding.evidence]
    for line in wrapped(" · ".join(told), width - indent - 1, _MOST_LINES):
        yield [*below, (line, style("dim"))]
