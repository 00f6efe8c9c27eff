"""What `status` and `doctor` tell of an automonitor, by the installed command."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import jsonschema
import pytest
from towns import HandTown

import gastown_tui

RECORDED = Path(__file__).parents[1] / "data" / "automonitor"
SCHEMA = json.loads((Path(gastown_tui.__file__).parent / "schema" / "status.json").read_text("utf-8"))
LINE = '{"ts":"2026-02-10T05:45:01Z","level":"INFO","component":"monitor","message":"line %d"}\n'

Run = Callable[..., CompletedProcess[str]]


@pytest.fixture
def folder(town: HandTown) -> Path:
    """The town's own folder, as the loop leaves it after its fourteenth cycle."""
    made = town.root / "settings" / "automonitor"
    made.mkdir(parents=True)
    shutil.copy(RECORDED / "monitor_wellformed.jsonl", made / "monitor.jsonl")
    shutil.copy(RECORDED / "state" / "valid_after_wellformed.json", made / "state.json")
    shutil.copy(RECORDED / "handoffs" / "valid_epoch_after_wellformed.json", made / "handoffs.json")
    shutil.copy(RECORDED / "pending_upgrade" / "hostile.txt", made / "pending_upgrade.txt")
    return made


def status(run: Run, *words: str) -> Any:
    document = json.loads(run("status", "--json", *words).stdout)
    jsonschema.validate(document, SCHEMA)
    return document


def test_a_town_without_an_automonitor(run: Run) -> None:
    document = status(run)
    assert document["monitor"] is None and "monitor" not in [source["name"] for source in document["sources"]]
    assert "automonitor" not in run("status").stdout


def test_a_town_with_an_automonitor(run: Run, folder: Path) -> None:
    document = status(run)
    monitor = document["monitor"]
    assert (monitor["writer"], monitor["last_line_at"], monitor["cycles"]) == ("alive", "2026-02-10T10:54:17.000Z", 14)
    assert (monitor["repaired"], monitor["rejected"], monitor["from_offset"]) == (0, 0, 0)
    assert {phase["name"]: phase["fails"] for phase in monitor["phases"]} == {
        "monitor": 0,
        "upstream": 1,
        "handoff": 1,
        "ai": 2,
        "watcher": 0,
    }
    assert monitor["restarts"]["hq-mayor"] == 5 and monitor["handoff_age_s"]["hq-mayor"] > 0
    assert not set(monitor["pending_upgrade"]) & set("\033\007\n\0")
    assert [source["state"] for source in document["sources"] if source["name"] == "monitor"] == ["ok"]
    done = run("status")
    assert "  automonitor alive, last line " in done.stdout and " · 14 cycles · upgrade pending: [/red]�" in done.stdout
    assert not set(done.stdout) & set("\033\007\0")


def test_a_writer_that_has_stopped_is_told_with_a_remedy(run: Run, folder: Path) -> None:
    at = time.time() - 3600
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
    (folder / "monitor.jsonl").write_text(LINE.replace("2026-02-10T05:45:01Z", stamp) % 1)
    os.utime(folder / "monitor.jsonl", (at, at))
    document = status(run)
    assert (document["monitor"]["writer"], document["monitor"]["next_cycle_at"]) == ("silent", None)
    assert [notice["code"] for notice in document["town"]["notices"]] == ["monitor_silent"]
    told = run("status").stdout
    assert "  automonitor silent, last line 1 h ago" in told and f"has said nothing since {stamp[11:19]}" in told


def test_another_folder_by_name(town: HandTown, run: Run, folder: Path) -> None:
    moved = folder.rename(town.root / "elsewhere")
    assert status(run)["monitor"] is None
    assert status(run, "--monitor-dir", str(moved))["monitor"]["cycles"] == 14
    document = status(run, "--monitor-dir", str(town.root / "none"))
    (source,) = (source for source in document["sources"] if source["name"] == "monitor")
    assert document["monitor"] is None
    assert (source["state"], source["error"]) == ("absent", f"{town.root / 'none'}: no such file or directory")


def test_a_folder_that_is_a_file(town: HandTown, run: Run) -> None:
    town.write("settings/automonitor", "")
    document = status(run)
    (source,) = (source for source in document["sources"] if source["name"] == "monitor")
    assert document["monitor"] is None and source["state"] == "error" and source["error"].endswith("it is no folder")


def test_of_a_long_log_only_the_last_mebibyte_is_read(run: Run, folder: Path) -> None:
    with (folder / "monitor.jsonl").open("w") as log:
        log.seek(1 << 30)
        log.write("\n")
        log.writelines(LINE % number for number in range(20_000))
    size = (folder / "monitor.jsonl").stat().st_size
    monitor = status(run)["monitor"]
    assert size - (1 << 20) <= monitor["from_offset"] < size - (1 << 20) + 200
    assert monitor["rejected"] == 0 and monitor["last_line_at"] == "2026-02-10T05:45:01.000Z"


def test_broken_lines_and_files_are_counted_and_hurt_nothing(run: Run, folder: Path) -> None:
    with (folder / "monitor.jsonl").open("ab") as log:
        log.write(
            b'Traceback\n{"ts":"2026-02-10T10:55:00Z","level":"INFO","component":"ai","message":"said "no" twice"}\n\0\0\n\xff\n'
        )
        log.write(b"[" * 100_000 + b"\n")
    (folder / "state.json").write_text("")
    (folder / "handoffs.json").write_text("[]")
    os.utime(folder / "state.json", (1000, 1000))
    monitor = status(run)["monitor"]
    assert (monitor["repaired"], monitor["rejected"]) == (1, 4) and monitor["cycles"] == 14
    assert "! state.json cannot be read: it is empty\n" in run("status").stdout
