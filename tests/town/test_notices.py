"""What concerns the whole town: every word of it may come from a file's name or an agent's own variables."""

from __future__ import annotations

from gastown_tui.town.facts import TownFiles
from gastown_tui.town.notices import notices
from gastown_tui.town.snapshot import Agent, Evidence, Moment, Notice, State
from gastown_tui.town.text import safe

NOW = Moment(1_800_000_000.0, 100.0)
HOSTILE = "\x1b]0;owned\x07\u202e\x9b31m"


def test_no_notice_carries_an_escape() -> None:
    files = TownFiles(NOW, estop=((HOSTILE, None, HOSTILE),), errors=(HOSTILE,))
    located = [Notice("two_sockets", HOSTILE, HOSTILE)]
    agent = Agent(HOSTILE, "crew", "x", State.IDLE, (Evidence("pane", "x", 0.0),), session=HOSTILE, also=(HOSTILE,))
    told = notices(files, located, (agent,), None, None, NOW)
    assert [notice.code for notice in told] == ["estop", "two_sockets", "duplicate", "town_file"]
    for notice in told:
        assert (safe(notice.text), safe(notice.remedy)) == (notice.text, notice.remedy)
