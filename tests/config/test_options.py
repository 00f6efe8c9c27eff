"""How a line is read: as everybody's `getopt` reads one, and what is said of one that cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from gastown_tui import cli
from gastown_tui.options import read
from gastown_tui.settings import USAGE, Complaint


@pytest.mark.parametrize(
    ("line", "run", "given"),
    [
        ("", None, {}),
        ("--read-only", None, {"read_only": True}),
        ("--town a status --town b --json", cli.status, {"town": "b", "json_wanted": True, "settle": False}),
        ("status --backend=fork", cli.status, {"backend": "fork", "json_wanted": False}),
        ("--town -x -- status", cli.status, {"town": "-x"}),
        ("status --", cli.status, {}),
        ("logs --grep --> --since -1", cli.logs, {"grep": "-->", "since": "-1", "level": None}),
        ("logs --grep=", cli.logs, {"grep": ""}),
        ("ack a --reason --later b", cli.ack, {"targets": ["a", "b"], "reason": "--later"}),
        ("ack -- --json -x --", cli.ack, {"targets": ["--json", "-x", "--"], "json_wanted": False}),
        ("show - --lines 3", cli.show, {"target": "-", "lines": 3}),
        ("watch --until dead a --initial", cli.watch, {"until": ["dead", "a"], "initial": True}),
        ("watch --until=dead a --initial", cli.watch, {"until": ["dead", "a"], "initial": True}),
        ("beads --queue ready --queue merge", cli.beads, {"queues": ["ready", "merge"], "rig": None}),
    ],
)
def test_a_line_is_read_as_everywhere(line: str, run: Any, given: dict[str, Any]) -> None:
    found, told = read(line.split())
    assert found is run and told.items() >= given.items()


@pytest.mark.parametrize(
    ("line", "message", "of"),
    [
        ("stauts", "'stauts' is unknown; did you mean status?", ""),
        ("--redonly status", "'--redonly' is unknown; did you mean --read-only?", ""),
        ("status --setle", "'--setle' is unknown; did you mean --settle?", " status"),
        ("--help --nonsense", "'--nonsense' is unknown", ""),
        ("show --nonsense", "'--nonsense' is unknown", " show"),
        ("show mayor deacon", "'deacon' is one word too many", " show"),
        ("beads ready", "'ready' is one word too many", " beads"),
        ("show", "the following arguments are required: TARGET", " show"),
        ("status --json=1", "argument --json: ignored explicit argument '1'", " status"),
        ("logs --grep", "argument --grep: expected one argument", " logs"),
        ("--town -- status", "argument --town: expected one argument", ""),
        ("logs --grep=--", "argument --grep: expected one argument", " logs"),
        ("watch --until dead", "argument --until: expected 2 arguments", " watch"),
        ("show a --lines -1", "argument --lines: -1 is no number from 0 to 100000", " show"),
    ],
)
def test_what_cannot_be_read_is_named(line: str, message: str, of: str) -> None:
    with pytest.raises(Complaint) as caught:
        read(line.split())
    assert (str(caught.value), caught.value.remedy) == (message, f"see gastown-tui{of} --help")
    assert caught.value.exit_code == USAGE
