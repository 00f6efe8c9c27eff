"""bd, asked: only ever one command that cannot write, and every way in which it has been seen to answer."""

from __future__ import annotations

import json
import os
import threading
import time
from itertools import chain, combinations
from pathlib import Path

import pytest
from beadtown import DATA, BeadTown
from waiting import wait_for

from gastown_tui.observe.beads.databases import Database, find
from gastown_tui.observe.beads.dump import OPTIONAL, Bd, Dump, arguments, breaker_is_open, complained, environment
from gastown_tui.town.beads.reading import MOST_SAID, read

READ_ONLY = "list"
ALPHA = json.dumps([{"id": "al-1", "title": "x", "status": "open"}, {"id": "al-2", "title": "]\n", "status": "closed"}])


@pytest.fixture(name="town")
def _town(tmp_path: Path) -> BeadTown:
    town = BeadTown(tmp_path)
    town.serve("", "alpha")
    return town


def asked(town: BeadTown, timeout: float = 20.0) -> Dump:
    return Bd(town.environ, timeout=timeout).dump(find(str(town.root)).databases[1])


def ids(dump: Dump) -> list[str]:
    return [getattr(read(raw), "id", "?") for raw in dump.beads or ()]


def test_every_command_that_can_be_formed_only_lists() -> None:
    subsets = chain.from_iterable(combinations(OPTIONAL, size) for size in range(len(OPTIONAL) + 1))
    formed = {arguments("/bin/bd", frozenset(lacking)) for lacking in subsets}
    assert len(formed) == 2 ** len(OPTIONAL)
    allowed = {"--json", "--all", "--limit", "0", "--readonly", *OPTIONAL}
    for argv in formed:
        words = [word for word in argv[1:] if not word.startswith("-") and word != "0"]
        assert words == [READ_ONLY] and "--readonly" in argv and set(argv[1:]) <= {READ_ONLY, *allowed}


def test_what_is_inherited_points_nowhere_else_and_changes_nothing(town: BeadTown) -> None:
    inherited = {"BEADS_DIR": "/elsewhere", "BEADS_DB": "x", "BD_DB": "x", "CLAUDE_CODE": "1", "BD_JSON_ENVELOPE": "1"}
    more = {"BD_AGENT_MODE": "1", "BD_DEBUG_ROUTING": "1", "BEADS_DOLT_SERVER_DATABASE": "x", "BD_EXPORT_AUTO": "true"}
    Bd({**town.environ, **inherited, **more}).dump(find(str(town.root)).databases[1])
    told = dict(line.split("=", 1) for line in (town.root / "bd/environ").read_text().splitlines() if "=" in line)
    assert told["BEADS_DIR"] == f"{town.root}/alpha/.beads" and told["BD_EXPORT_AUTO"] == told["BD_EXPORT_GIT_ADD"] == "false"
    assert told["BEADS_DOLT_AUTO_START"] == "0" and told["BD_NON_INTERACTIVE"] == told["NO_COLOR"] == "1"
    assert told["BD_BACKUP_ENABLED"] == "false"
    assert not {"BEADS_DB", "BD_DB", "CLAUDE_CODE", "BD_JSON_ENVELOPE", "BD_AGENT_MODE", "BD_DEBUG_ROUTING"} & told.keys()
    assert "BEADS_DOLT_SERVER_DATABASE" not in environment(more, Database("x", None, "/x"))


@pytest.mark.parametrize(
    ("out", "expected"),
    [
        (ALPHA, ["al-1", "al-2"]),
        (json.dumps(json.loads(ALPHA), indent=2), ["al-1", "al-2"]),
        (f"warning: 1 of 2\nhint: [x]\n{json.dumps(json.loads(ALPHA), indent=2)}", ["al-1", "al-2"]),
        (json.dumps({"schema_version": 1, "data": json.loads(ALPHA)}, indent=2), ["al-1", "al-2"]),
        (json.dumps({"issues": json.loads(ALPHA)}), ["al-1", "al-2"]),
        ("[]\n", []),
        ("null\n", []),
        ("No issues found.\n", []),
        ("Warning: x\nNo issues found.\n", []),
    ],
)
def test_every_form_of_a_good_answer(town: BeadTown, out: str, expected: list[str]) -> None:
    town.says(out, "Warning: /x/.beads has permissions 0755 (recommended: 0700).\n")
    dump = asked(town)
    assert dump.beads is not None and ids(dump) == expected and not dump.said


def test_a_recorded_answer_piece_by_piece(town: BeadTown) -> None:
    town.says((DATA / "alpha.list.json").read_bytes())
    dump = asked(town)
    assert len(ids(dump)) == len(json.loads((DATA / "alpha.list.json").read_text())) and "?" not in ids(dump)


@pytest.mark.parametrize(
    ("out", "complaint", "code", "said"),
    [
        ("", "", 0, "an empty answer"),
        ("", "", 3, "an empty answer"),
        ("[]", "", 1, "bd list ended with 1"),
        (ALPHA[:60], "", 0, "bd's answer ends early"),
        (json.dumps(json.loads(ALPHA), indent=2)[:120], "", 0, "bd's answer ends early"),
        ("", 'Warning: x\n{\n "error": "invalid status",\n "schema_version": 1\n}\n', 1, "invalid status"),
        ('{"error": "no such table", "schema_version": 1}', "", 1, "no such table"),
        ("", "Error: no beads database found\nHint: run 'bd where'\n", 1, "no beads database found"),
        ("", "Error: unknown flag: --json\nUsage:\n", 1, "this bd is older than 0.57: unknown flag: --json"),
        ("{} " * 20, "", 0, "{} {}"),
    ],
)
def test_every_form_of_a_bad_answer(town: BeadTown, out: str, complaint: str, code: int, said: str) -> None:
    town.says(out, complaint, code)
    dump = asked(town)
    assert dump.beads is None and dump.said.startswith(said) and dump.remedy and not dump.down


@pytest.mark.parametrize("before", range(MOST_SAID - 28, MOST_SAID - 16, 6))
def test_a_secret_through_which_its_complaint_is_cut_is_not_told(town: BeadTown, before: int) -> None:
    town.says("", f"Error: {'-' * before} https://gt:hunter2hunter2@example.org/alpha and so on", 1)
    assert "hunt" not in asked(town).said


def test_a_server_that_is_down_is_told_as_that(town: BeadTown) -> None:
    error = "failed to open database: Dolt server unreachable at 127.0.0.1:3999: dial tcp: connection refused\n\nDolt server …"
    town.says("", "Warning: x\n" + json.dumps({"error": error, "schema_version": 1}, indent=2), 1)
    dump = asked(town)
    assert dump.down and dump.said.endswith("connection refused") and "gt dolt start" in dump.remedy


def test_flags_that_it_lacks_are_left_out_and_that_is_remembered_for_that_very_file(town: BeadTown) -> None:
    town.says(ALPHA, lacks="--flat --include-infra")
    bd, database = Bd(town.environ), find(str(town.root)).databases[1]
    first = bd.dump(database)
    assert ids(first) == ["al-1", "al-2"] and not first.wisps and len(town.asked) == 3
    bd.dump(database)
    assert len(town.asked) == 4 and "--flat" not in town.asked[-1] and "--include-gates" in town.asked[-1]
    os.utime(town.root / "bin/bd", (1, 1))
    town.write("bd/lacks", "")
    assert bd.dump(database).wisps and len(town.asked) == 5 and "--flat" in town.asked[-1]


def test_one_that_is_missing_or_no_program_is_told(town: BeadTown) -> None:
    (town.root / "bin/bd").write_text("no program")
    assert "cannot be run" in asked(town).said
    (town.root / "bin/bd").unlink()
    assert asked(town).said == "bd is not on PATH"


def test_one_that_hangs_is_killed_with_all_of_its_group(town: BeadTown) -> None:
    town.write("bd/hang", "")
    dump = asked(town, timeout=0.5)
    assert dump.beads is None and "did not answer within 0.5 s" in dump.said
    # Killed it may be at any moment: whoever was there by then is gone.
    wait_for(lambda: not town.askers)


def test_one_that_is_stopped_ends_at_once_and_begins_no_other(town: BeadTown) -> None:
    town.write("bd/hang", "")
    bd, database = Bd(town.environ), find(str(town.root)).databases[1]
    got: list[Dump] = []
    asking = threading.Thread(target=lambda: got.append(bd.dump(database)))
    asking.start()
    wait_for((town.root / "bd/hangs").exists)
    assert town.askers
    bd.stop()
    # Left alone it hangs for a minute.
    asking.join(30)
    assert got and got[0].beads is None
    assert "nobody asks" in bd.dump(database).said and len(town.asked) == 1


def test_what_it_imports_by_itself_is_noticed(town: BeadTown) -> None:
    town.says("[]", "auto-importing 4096 bytes from /x/.beads/issues.jsonl into empty database...\n")
    assert asked(town).imports


def test_a_line_without_an_end_before_the_answer_costs_little(town: BeadTown) -> None:
    town.says(b"x" * (20 << 20) + b"\n[]")
    dump = asked(town)
    assert dump.beads is None and len(dump.said) <= 200


def test_its_own_breaker_forbids_to_ask(town: BeadTown) -> None:
    hq, alpha = find(str(town.root)).databases
    now = time.time()
    for state, ago, open_ in (("open", 3, True), ("half-open", 3, True), ("closed", 3, False), ("open", 301, False)):
        tripped = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - ago))
        town.write("tmp/beads-circuit/beads-dolt-circuit-127-0-0-1-3307-alpha.json", {"state": state, "tripped_at": tripped})
        assert breaker_is_open(alpha, town.environ, now) is open_ and not breaker_is_open(hq, town.environ, now)
    town.write("tmp/beads-circuit/beads-dolt-circuit-127-0-0-1-3307-alpha.json", '{"state": "op')
    assert not breaker_is_open(alpha, town.environ, now)


def test_the_last_object_is_the_message_and_else_the_first_line_that_is_no_warning() -> None:
    assert complained(b'Warning: a\n{"error": "first"}\n{\n  "error": "last"\n}\n') == "last"
    assert complained(b'Warning: a\n{"hint": "x"}\n') == ""
    assert complained(b"Warning: a\nError: b\nc\n") == "b"
    assert complained(b"\xff{") == "\ufffd{"
