"""Which rows of a picture are the evidence for what its agent is said to be."""

from __future__ import annotations

import pytest

from gastown_tui.town.activity.marks import evidence_rows
from gastown_tui.town.facts import Frame
from gastown_tui.town.snapshot import Agent, Evidence, Moment, State

RULE = "─" * 80
ASKS = (
    RULE,
    " Bash command",
    "",
    "   git push",
    "",
    " Do you want to proceed?",
    " ❯ 1. Yes",
    "   2. No",
    "",
    " Esc to cancel · Tab to amend",
)
FRAME = Frame("%1", (" ● Update(names.go)", "", *ASKS, "", ""), Moment(0, 0))
AGENT = Agent("mayor", "mayor", "mayor", State.WAITING, (Evidence("pane", "it asks", 0),), runtime="claude")


def test_the_rows_are_counted_from_the_top_of_the_picture() -> None:
    assert {FRAME.rows[row].strip() for row in evidence_rows(AGENT, FRAME)} == {"Do you want to proceed?", "❯ 1. Yes", "2. No"}


@pytest.mark.parametrize(
    "change", [{"state": State.WORKING}, {"state": State.DEAD}, {"runtime": "kimi"}, {"runtime": None}, {"runtime": "shell"}]
)
def test_a_picture_that_says_another_thing_has_no_marks(change: dict[str, object]) -> None:
    assert evidence_rows(AGENT._replace(**change), FRAME) == frozenset()  # type: ignore[arg-type]


def test_an_empty_picture_has_no_marks() -> None:
    assert evidence_rows(AGENT, FRAME._replace(rows=())) == evidence_rows(AGENT, FRAME._replace(rows=("", ""))) == frozenset()
