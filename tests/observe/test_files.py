"""The town's own files: what is read, what is refused, and what stays known when a file breaks."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from towns import HandTown, clock, utc

from gastown_tui.observe.files import FileReader
from gastown_tui.town.facts import Heartbeat, Rig, TownFiles
from gastown_tui.town.snapshot import Moment

WALL = time.time()
AT = Moment(WALL, 10.0)


@pytest.fixture
def town(tmux: Any) -> HandTown:
    """A town's folder; its server is never started."""
    return HandTown(tmux)


def reader(town: HandTown, **starts: float) -> FileReader:
    """Returns a reader for whom these processes run: `p12=start`."""
    return FileReader(town.root, lambda pid: starts.get(f"p{pid}"))


def files(town: HandTown, **starts: float) -> TownFiles:
    return reader(town, **starts).read(AT)


def test_an_empty_folder_is_a_town_of_which_nothing_is_known(tmp_path: Path) -> None:
    seen = FileReader(tmp_path).read(AT)
    assert seen == TownFiles(AT, name=tmp_path.name)
    assert FileReader(Path("/nonexistent")).read(AT).errors == ()


def test_reads_the_registry(town: HandTown) -> None:
    town.write("mayor/town.json", {"name": "myTown"})
    town.register(alpha="al", widget_shop="Ws-x")
    for folder in ("alpha/crew/max", "alpha/crew/.hidden", "alpha/polecats/nux", "alpha/polecats/furiosa"):
        (town.root / folder).mkdir(parents=True)
    town.write("alpha/crew/state.json", "{}")
    town.write(".beads-wisp/config/alpha.json", {"rig": "alpha", "values": {"status": "docked"}})
    town.write(".beads-wisp/config/widget-shop.json", {"values": {"status": "open"}})
    seen = files(town)
    assert (seen.name, seen.registered) == ("myTown", True)
    assert seen.rigs == (
        Rig("alpha", "al", "docked", ("max",), ("furiosa", "nux")),
        Rig("widget-shop", "Ws-x", None, (), ()),
    )


def test_an_older_registry_stands_in_the_root(town: HandTown) -> None:
    (town.root / "mayor/rigs.json").rename(town.root / "rigs.json")
    assert [rig.prefix for rig in files(town).rigs] == ["al"]


def test_what_changes_is_read_again(town: HandTown) -> None:
    read = reader(town)
    before = read.read(AT)
    assert read.read(AT) == before
    town.register(alpha="al", beta="be")
    (town.root / "alpha/crew/max").mkdir(parents=True)
    after = read.read(AT)
    assert [(rig.name, rig.crew) for rig in after.rigs] == [("alpha", ("max",)), ("beta", ())]
    (town.root / "alpha/crew/max").rmdir()
    (town.root / "mayor/rigs.json").unlink()
    assert read.read(AT).rigs == ()


BROKEN = {
    "half written": lambda path: path.write_text('{"rigs": {"al'),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a fifo": lambda path: (path.unlink(), os.mkfifo(path)),
    "too large": lambda path: path.write_text('"' + "x" * (5 << 20) + '"'),
    "too deep": lambda path: path.write_text("[" * 100_000),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_file_that_breaks_keeps_its_last_good_value_and_is_named(town: HandTown, how: str) -> None:
    read, path = reader(town), town.root / "mayor/rigs.json"
    good = read.read(AT).rigs
    BROKEN[how](path)
    for _ in range(2):
        broken = read.read(AT)
        assert broken.rigs == good and len(broken.errors) == 1
        assert broken.errors[0].startswith("mayor/rigs.json cannot be read: ")
    assert FileReader(town.root).read(AT).rigs == ()


def test_a_file_that_is_mended_is_read_again(town: HandTown) -> None:
    read, path = reader(town), town.root / "mayor/rigs.json"
    path.write_text("{")
    assert read.read(AT).errors
    town.register(beta="be")
    mended = read.read(AT)
    assert [rig.name for rig in mended.rigs] == ["beta"] and mended.errors == ()


@pytest.mark.parametrize("value", [[], "x", 7, None, {"rigs": []}, {"rigs": {"a": 3}}, {"rigs": {"a": {"beads": []}}}])
def test_a_registry_of_another_form_is_no_surprise(town: HandTown, value: Any) -> None:
    town.write("mayor/rigs.json", value)
    assert {rig.prefix for rig in files(town).rigs} <= {""}


def test_a_daemon_runs_when_its_process_can_have_written_its_file(town: HandTown) -> None:
    town.write("daemon/daemon.pid", "12\n00ff")
    town.write("daemon/state.json", {"started_at": utc(WALL - 100), "last_heartbeat": utc(WALL - 5)})
    town.write("mayor/daemon.json", {"heartbeat": {"interval": "1m30s"}})
    daemon = files(town, p12=WALL - 100).daemon
    assert (daemon.running, daemon.pid, daemon.period) == (True, 12, 90.0)
    assert daemon.started == pytest.approx(WALL - 100, abs=0.001)
    assert daemon.last_heartbeat == pytest.approx(WALL - 5, abs=0.001)
    assert not files(town).daemon.running
    # After a reboot its number belongs to somebody else, who began later.
    assert not files(town, p12=clock().wall + 60).daemon.running


@pytest.mark.parametrize(
    ("interval", "period"),
    [
        ("3m0s", 180.0),
        ("1.5h", 5400.0),
        ("45s", 45.0),
        *((odd, 180.0) for odd in (".s", "²m", "1.m", "5", "m", "0s", "500ms", "9" * 400 + "h", None)),
    ],
)
def test_the_period_of_the_daemon(town: HandTown, interval: str | None, period: float) -> None:
    town.write("mayor/daemon.json", {"heartbeat": {"interval": interval}})
    assert files(town).daemon.period == period


def test_a_daemon_that_never_beat_has_no_last_heartbeat(town: HandTown) -> None:
    town.write("daemon/state.json", {"last_heartbeat": "0001-01-01T00:00:00Z"})
    assert files(town).daemon.last_heartbeat is None


@pytest.mark.parametrize("text", ["", "x", "-1", "12x\n", "\n12", "9" * 5000])
def test_a_daemon_file_without_a_number_is_no_daemon(town: HandTown, text: str) -> None:
    town.write("daemon/daemon.pid", text)
    assert not files(town, p12=WALL, p0=WALL).daemon.running


def ctime(wall: float) -> str:
    return time.ctime(wall)


def test_pid_files_say_whether_that_very_process_runs(town: HandTown) -> None:
    for session, pid in (("al-crew-max", 11), ("al-nux", 12), ("al-witness", 13), ("al-crew-joe", 14)):
        town.write(f".runtime/pids/{session}.pid", f"{pid}|{ctime(WALL - 50)}\n")
    town.write(".runtime/pids/old.pid", "15")
    town.write(".runtime/pids/bad.pid", "fifteen|never")
    town.write(".runtime/pids/zero.pid", "0|")
    read = reader(town, p11=WALL - 50.9, p12=WALL - 10, p14=WALL - 50, p15=WALL)
    seen = read.read(AT, frozenset({"al-crew-joe"})).pids
    assert {name: record.alive for name, record in seen.items()} == {
        "al-crew-max": True,
        "al-nux": False,
        "al-witness": False,
        "al-crew-joe": None,
        "old": True,
    }
    assert seen["al-nux"].started == pytest.approx(WALL - 50, abs=1) and seen["old"].started is None


def test_a_pid_file_is_held_against_the_real_process(town: HandTown) -> None:
    town.write(".runtime/pids/us.pid", f"{os.getpid()}|")
    town.write(".runtime/pids/none.pid", f"{2**22 + 5}|")
    seen = FileReader(town.root).read(AT).pids
    assert (seen["us"].alive, seen["none"].alive) == (True, False)


def test_heartbeats_of_sessions_and_of_the_deacon(town: HandTown) -> None:
    said = {"timestamp": utc(WALL - 3), "state": "working", "context": "c", "bead": "al-1"}
    town.write(".runtime/heartbeats/al-crew-max.json", said)
    town.write(".runtime/heartbeats/al-nux.json", {"timestamp": "yesterday"})
    town.write("deacon/heartbeat.json", {"timestamp": utc(WALL - 9), "cycle": 3})
    seen = files(town).heartbeats
    assert set(seen) == {"al-crew-max", "hq-deacon"}
    beat = seen["al-crew-max"]
    assert beat == Heartbeat("al-crew-max", beat.at, "working", "c", "al-1")
    assert beat.at == pytest.approx(WALL - 3, abs=0.001)


def test_a_heartbeat_that_says_the_same_is_the_same_object(town: HandTown) -> None:
    town.write("deacon/heartbeat.json", {"timestamp": utc(WALL)})
    read = reader(town)
    first = read.read(AT)
    town.write("deacon/heartbeat.json", {"timestamp": utc(WALL), "cycle": 2})
    second = read.read(AT)
    assert second.heartbeats["hq-deacon"] is first.heartbeats["hq-deacon"]
    assert second.daemon is first.daemon


def test_emergency_stops_of_the_town_and_of_a_rig(town: HandTown) -> None:
    town.write("ESTOP", f"manual\t{utc(WALL)}\tspend\ttoo high\n")
    town.write("ESTOP.alpha", "manual")
    town.write("ESTOPPED", "no")
    (scope, since, reason), *more = files(town).estop
    assert (scope, since, reason) == ("", pytest.approx(WALL, abs=0.001), "spend\ttoo high")
    assert more == [("alpha", None, "manual")]


def test_dogs_and_their_work(town: HandTown) -> None:
    for dog, state in (("alpha", "working"), ("beta", "idle"), ("boot", "working")):
        town.write(f"deacon/dogs/{dog}/.dog.json", {"name": dog, "state": state})
    town.write("deacon/dogs/bad/.dog.json", "{}")
    assert files(town).dogs == {"alpha": "working", "beta": "idle"}


def test_nothing_is_written(town: HandTown) -> None:
    town.log("[kill] alpha/crew/max killed (gt crew stop)")

    def state() -> dict[str, int]:
        return {str(path): path.stat().st_mtime_ns for path in town.root.rglob("*")}

    before = state()
    files(town)
    assert state() == before


def test_three_hundred_agents_are_read_with_few_calls(town: HandTown, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(300):
        town.write(f".runtime/pids/al-p{number}.pid", f"{number + 1000}|")
    read = reader(town)
    read.read(AT)
    opened: list[str] = []
    keep: Callable[..., Any] = open
    monkeypatch.setattr("builtins.open", lambda path, *more, **named: (opened.append(str(path)), keep(path, *more, **named))[1])
    read.read(AT)
    assert opened == []
