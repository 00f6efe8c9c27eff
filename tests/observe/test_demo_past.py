"""The demo town's automonitor and its invented past: what they tell agrees with itself, and with what is really there."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gastown_tui.demo import leftovers
from gastown_tui.demo.automonitor import FOLDER, KEPT_ANALYSES, Automonitor
from gastown_tui.demo.box import open_box
from gastown_tui.demo.past import DIED, LASTED_S, SLEPT, Past
from gastown_tui.demo.roster import Resident, residents
from gastown_tui.demo.town import DemoTown
from gastown_tui.memory.ribbon import KeptDays, kept_in_box
from gastown_tui.observe.monitor_log import read_once
from gastown_tui.town.facts import MonitorRead
from gastown_tui.town.lines import Line, Parser
from gastown_tui.town.monitor import GAP_S
from gastown_tui.town.ribbon import CODE
from gastown_tui.town.snapshot import Moment, State
from gastown_tui.town.text import stamp

NOW = 1_795_280_430.0
KEYS = [
    *("last_known_release", "last_known_commit", "last_check_ts", "last_upgrade_ts"),
    *("cycles_run", "upgrades_applied", "handoffs_triggered", "ai_analyses_run"),
]


class Told(NamedTuple):
    """One past, told: by whom, the lines of the log, the events, and the files beside the log."""

    past: Past
    people: tuple[Resident, ...]
    lines: list[Line]
    events: list[dict[str, Any]]
    pages: dict[str, str]


def told(agents: int = 12, seed: int = 0) -> Told:
    people = residents(agents)
    past = Past(people, NOW, seed=seed)
    events = past.run(Automonitor(people, past, seed=seed))
    pages = {name: "".join(texts) for name, texts in past.pages.items()}
    parser, lines = Parser(), list[Line]()
    for number, raw in enumerate(pages["monitor.jsonl"].encode().split(b"\n")):
        lines += parser.feed([(number, raw)])[0]
    return Told(past, people, lines, [json.loads(line) for line in events.splitlines()], pages)


@pytest.mark.parametrize("agents", [1, 2, 3, 12, 47])
def test_a_past_ends_before_now_and_speaks_of_those_who_are_there(agents: int) -> None:
    one = told(agents)
    ends = [event["ts"] for event in one.events]
    assert ends == sorted(ends)
    assert all(NOW - LASTED_S <= at <= NOW for at in map(stamp, ends) if at is not None)
    names = {person.address for person in one.people} | {"daemon", "automonitor", "mayor", "deacon"}
    assert {event["actor"] for event in one.events} <= names | {f"{person.rig}/refinery" for person in one.people}
    assert [event["type"] for event in one.events[-2:]] == ["halt", "boot"]
    stamps = [line.ts for line in one.lines if line.ts is not None]
    assert stamps == sorted(stamps) and stamps[-1] < NOW


def test_nobody_who_is_dead_now_was_stopped() -> None:
    one = told()
    dead = next(person for person in one.people if person.fate == "dead")
    assert [
        event for event in one.events if event["type"] == "session_death" and event["payload"]["session"] == dead.session
    ] == []
    last = [line.message for line in one.lines if dead.session in line.message and line.component == "handoff"][-1]
    assert last == f"Session {dead.session} is gone, left to a person after 5 restarts"


def test_its_log_is_a_shell_s() -> None:
    lines = told().lines
    assert {line.message[:5] for line in lines if line.verdict == "rejected"} == {"fatal"}
    flags = {flag for line in lines for flag in line.flags}
    assert flags == {"unescaped", "open", "interleaved"}, "a quote, a line break, a torn end"
    assert 0.9 < sum(line.verdict == "ok" for line in lines) / len(lines) < 1


def test_its_files_agree_with_its_log(tmp_path: Path) -> None:
    one = told()
    for name, text in one.pages.items():
        (tmp_path / name).write_text(text)
    state = json.loads(one.pages["state.json"])
    assert [*state] == KEYS
    read = read_once(str(tmp_path), Moment(NOW, 0.0))
    assert isinstance(read, MonitorRead) and read.faults == ()
    assert read.cycles is not None and 0 <= (read.log.number or 0) - read.cycles <= 1
    assert read.pending_upgrade == "v0.6.1"
    said = [line.message for line in one.lines if line.message.startswith("Restarted ")]
    assert sum(read.log.restarts.values()) == len(said)
    asked = [line.message for line in one.lines if "→ restart" in line.message]
    assert len(asked) - 1 <= len(said) <= len(asked), "of the last the laptop may have slept through the end"
    assert set(read.handoffs) <= {person.session for person in one.people if person.role != "polecat"}
    assert len([name for name in one.pages if name.startswith("ai_analysis_")]) == KEPT_ANALYSES


def test_the_laptop_slept_for_half_an_hour() -> None:
    stamps = [line.ts for line in told().lines if line.ts is not None]
    (pause,) = (after - before for before, after in pairwise(stamps) if after - before >= GAP_S)
    assert 60 * (SLEPT[0] - SLEPT[1]) <= pause < 60 * (SLEPT[0] - SLEPT[1]) + 150


def test_a_gap_a_mass_death_and_a_flap_are_what_a_console_saw(tmp_path: Path) -> None:
    one, last = told(), int(NOW // 60)
    days = KeptDays(tmp_path, "/gt")
    one.past.remember(days)
    ribbon = days.recall(last)
    rows = {person: ribbon.cells(person.address, last, 120) for person in one.people}
    dead = CODE[State.DEAD]
    gap = range(119 - SLEPT[0] + 1, 119 - SLEPT[1])
    assert {row[at] for row in rows.values() for at in gap} == {0}
    assert {row[at] for row in rows.values() for at in range(119 - SLEPT[1] + 1, 118)} & {0} == set()
    columns = [{person.rig for person, row in rows.items() if row[at] == dead} for at in range(119 - DIED, 124 - DIED)]
    together = [
        all(row[at] == dead for person, row in rows.items() if person.rig == "gastown") for at in range(119 - DIED, 124 - DIED)
    ]
    assert any(together) and {"beads", ""}.isdisjoint(set().union(*columns))
    flapping = next(row for person, row in rows.items() if person.fate == "dead")
    deaths = sum(now == dead != before for before, now in pairwise(flapping))
    assert deaths >= 5 and flapping[-2] == dead


def test_the_same_seed_has_the_same_past() -> None:
    one, same, other = told(seed=3), told(seed=3), told(seed=4)
    assert one.pages == same.pages and one.events == same.events
    assert one.pages != other.pages


@pytest.fixture
def environ() -> Iterator[dict[str, str]]:
    """An environment whose temporary folders belong to the test alone."""
    folder = Path(tempfile.mkdtemp(prefix="gttui-"))
    yield {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TMPDIR": str(folder), "TMUX_TMPDIR": str(folder)}
    leftovers.sweep(folder)
    shutil.rmtree(folder, ignore_errors=True)


def test_crew_that_crashed_is_restarted_by_the_automonitor(environ: dict[str, str], wait_for: Callable[..., Any]) -> None:
    with open_box(agents=12, speed=40.0, environ=environ) as box:
        log = box.root / FOLDER / "monitor.jsonl"
        start, seen = len(log.read_text()), box.root / ".events.jsonl"
        os.kill(int((box.root / ".runtime/pids/gt-crew-emma.pid").read_text().split("|")[0]), 9)
        wait_for(lambda: "Restarted gt-crew-emma via gt crew restart emma --rig gastown" in log.read_text()[start:], 20.0)
        after = seen.read_text().rpartition('"boot"')[2]
        assert after.count('"session_start", "actor": "gastown/crew/emma"') >= 2
        assert "is gone, left to a person after 5 restarts" in log.read_text()[start:]
        ages = {line.partition(" age: ")[2].split()[0] for line in log.read_text()[start:].splitlines() if " age: " in line}
        assert ages == {"0m"}, "it tells the ages of the sessions that are there"


def test_its_folder_may_be_taken_away_and_its_log_may_be_no_file(environ: dict[str, str], wait_for: Callable[..., Any]) -> None:
    with open_box(agents=2, speed=100.0, environ=environ) as box:
        folder = box.root / FOLDER

        def in_the_way() -> bool:
            (folder / "monitor.jsonl").unlink(missing_ok=True)
            # The loop may be quicker.
            with suppress(FileExistsError):
                (folder / "monitor.jsonl").mkdir()
                return True
            return False

        folder.rename(folder.with_name("old"))
        wait_for(lambda: (folder / "state.json").exists(), 20.0)
        wait_for(in_the_way, 20.0)
        (folder / "state.json").unlink()
        events = box.root / ".events.jsonl"
        before = events.stat().st_size
        wait_for(lambda: events.stat().st_size > before, 20.0)
        (folder / "monitor.jsonl").rmdir()
        wait_for(lambda: (folder / "state.json").exists(), 20.0)
        assert box.process.poll() is None


def test_a_restart_is_a_new_session_in_the_place_of_the_old(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMUX_TMPDIR", environ["TMUX_TMPDIR"])
    root = Path(environ["TMPDIR"]) / "gastown-tui-demo-restart" / "gt"
    root.mkdir(parents=True)
    socket = leftovers.socket_path(root, environ)
    town = DemoTown(root, socket, residents(2))
    try:
        leftovers.mark(root, socket)
        town.build(20.0)
        before, born = dict(town.pids), town.born()
        town.restart(town.people[0])
        assert town.pids["hq-mayor"] != before["hq-mayor"] and town.pids["hq-deacon"] == before["hq-deacon"]
        assert set(town.born()) == set(born) == {"hq-mayor", "hq-deacon"}
        assert kept_in_box(str(root)), "it brought its past along"
        assert time.time() - town.born()["hq-mayor"] < 60
    finally:
        leftovers.end(root, socket)


def test_only_a_box_has_a_past_beside_it(tmp_path: Path) -> None:
    assert kept_in_box(str(tmp_path / "gt")) is None
