"""Stops and starts on record, from files that grow, are cut and are replaced while they are read."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from towns import utc

from gastown_tui.observe.records import TAIL_BYTES, Records, local_stamp, utc_stamp
from gastown_tui.town.facts import Halt, Stop

WALL = float(int(time.time()))


def event(kind: str, wall: float = WALL, actor: str = "gt", **payload: Any) -> str:
    return json.dumps({"ts": utc(wall), "source": "gt", "type": kind, "actor": actor, "payload": payload}) + "\n"


def line(kind: str, target: str, detail: str, wall: float = WALL) -> str:
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(wall))} [{kind}] {target} {detail}\n"


def add(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as file:
        file.write(text)


def stops(records: Records) -> list[Stop]:
    return list(records.read(0.0)[0])


def test_kills_and_crashes_of_the_log(tmp_path: Path) -> None:
    log = tmp_path / "logs/town.log"
    add(log, line("nudge", "alpha/crew/max", "hello [kill] x y (z)"))
    add(log, line("kill", "alpha/crew/max", "killed (gt crew stop)"))
    add(log, line("crash", "alpha/nux", "exited"))
    add(log, "not a time at all [kill] x y\n")
    assert stops(Records(tmp_path)) == [
        Stop("alpha/crew/max", WALL, "gt crew stop"),
        Stop("alpha/nux", WALL, "exited", crash=True),
    ]


@pytest.mark.parametrize(
    ("reason", "crash", "known"),
    [
        ("user shutdown", False, True),
        ("idle-reap: 30m", False, True),
        ("self-clean: done means idle", False, True),
        ("done", False, True),
        ("crash detected by daemon health check", True, True),
        ("the moon was full", False, False),
        ("", False, False),
    ],
)
def test_deaths_of_the_events(tmp_path: Path, reason: str, crash: bool, known: bool) -> None:
    add(tmp_path / ".events.jsonl", event("session_death", session="al-nux", agent="alpha/nux", reason=reason))
    assert stops(Records(tmp_path)) == [Stop("al-nux", WALL, reason, crash, known)]


def test_the_last_halt_and_the_last_starts(tmp_path: Path) -> None:
    events = tmp_path / ".events.jsonl"
    add(events, event("halt", WALL + 5, services=["mayor", "crew"]) + event("halt", WALL, services="odd"))
    add(events, event("session_start", WALL + 9, "mayor") + event("session_start", WALL + 2, "mayor"))
    _, halt, starts = Records(tmp_path).read(0.0)
    assert (halt, starts) == (Halt(WALL + 5, ("mayor", "crew")), {"mayor": WALL + 9})


ODD = (
    "session_death",
    '["session_death"]\n',
    '{"type": "session_death", "ts": 5, "payload": {"session": "x"}}\n',
    '{"type": "session_death", "ts": "2026-11-21T10:00:00Z", "payload": null}\n',
    '{"type": "session_death", "ts": "2026-11-21T10:00:00Z", "payload": {"session": 5}}\n',
    '{"type": "halt"\n',
    "\xff\0[kill] \n",
    '{"a":' * 5000 + '"session_death"\n',
)


@pytest.mark.parametrize("text", ODD)
def test_a_line_of_another_form_is_passed_over(tmp_path: Path, text: str) -> None:
    for name in (".events.jsonl", "logs/town.log"):
        add(tmp_path / name, text)
    records = Records(tmp_path)
    assert (stops(records), records.errors) == ([], ())


def test_a_line_is_taken_once_it_is_whole(tmp_path: Path) -> None:
    events, whole = tmp_path / ".events.jsonl", event("session_death", session="al-nux", reason="done é")
    records = Records(tmp_path)
    assert stops(records) == []
    for at in range(0, len(whole) - 1, 7):
        add(events, whole[at : min(at + 7, len(whole) - 1)])
        assert stops(records) == []
    add(events, "\n")
    assert [stop.target for stop in stops(records)] == ["al-nux"]
    assert len(stops(records)) == 1


def test_a_file_that_is_pruned_and_put_in_its_place_tells_nothing_twice(tmp_path: Path) -> None:
    events = tmp_path / ".events.jsonl"
    add(events, event("nudge") + event("session_death", session="al-nux", reason="done"))
    records = Records(tmp_path)
    first = stops(records)
    pruned = tmp_path / ".events.jsonl.tmp"
    pruned.write_text("".join(events.read_text().splitlines(keepends=True)[1:]) + event("session_death", session="b", reason=""))
    pruned.replace(events)
    assert [stop.target for stop in stops(records)] == [first[0].target, "b"]


def test_a_file_that_was_cut_is_read_from_its_beginning(tmp_path: Path) -> None:
    log = tmp_path / "logs/town.log"
    add(log, line("kill", "one", "killed (x)") * 20)
    records = Records(tmp_path)
    stops(records)
    log.write_text(line("kill", "two", "killed (x)"))
    assert [stop.target for stop in stops(records)] == ["one", "two"]


def test_a_file_that_vanished_comes_back(tmp_path: Path) -> None:
    log = tmp_path / "logs/town.log"
    add(log, line("kill", "one", "killed (x)"))
    records = Records(tmp_path)
    stops(records)
    log.unlink()
    stops(records)
    add(log, line("kill", "two", "killed (x)"))
    assert [stop.target for stop in stops(records)] == ["one", "two"]


def test_of_a_long_file_the_end_alone_is_read(tmp_path: Path) -> None:
    log = tmp_path / "logs/town.log"
    add(log, line("kill", "long-ago", "killed (x)"))
    add(log, line("nudge", "x", "y" * 1000) * (TAIL_BYTES // 1000 + 1))
    add(log, line("kill", "lately", "killed (x)"))
    assert [stop.target for stop in stops(Records(tmp_path))] == ["lately"]


def test_much_that_is_written_between_two_readings_is_read_whole(tmp_path: Path) -> None:
    log = tmp_path / "logs/town.log"
    add(log, line("nudge", "x", "y"))
    records = Records(tmp_path)
    assert stops(records) == []
    add(log, line("kill", "first", "killed (x)"))
    add(log, line("nudge", "x", "y" * 1000) * (2 * TAIL_BYTES // 1000))
    add(log, line("kill", "last", "killed (x)"))
    assert [stop.target for stop in stops(records)] == ["first", "last"]


def test_of_each_target_the_last_stop_is_kept_and_the_last_of_unknown_meaning(tmp_path: Path) -> None:
    for ago in range(100, 0, -1):
        add(tmp_path / "logs/town.log", line("kill", "al-nux", f"killed ({ago})", WALL - ago))
        add(tmp_path / ".events.jsonl", event("session_death", WALL - ago, session="al-nux", reason=f"moon {ago}"))
    add(tmp_path / "logs/town.log", line("kill", "al-nux", "killed (told late)", WALL - 50))
    assert {(stop.reason, stop.known) for stop in stops(Records(tmp_path))} == {("1", True), ("moon 1", False)}


def test_what_is_no_file_is_an_error_and_never_waited_for(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("")
    os.mkfifo(tmp_path / ".events.jsonl")
    records = Records(tmp_path)
    assert stops(records) == []
    assert records.errors == ("logs/town.log cannot be read: Not a directory",)


def test_stamps() -> None:
    stamp = pytest.approx(1795225392.0)
    assert (
        utc_stamp("2026-11-21T01:43:12Z") == utc_stamp("2026-11-21T02:43:12+01:00") == utc_stamp("2026-11-21T01:43:12") == stamp
    )
    assert [utc_stamp(value) for value in ("", "soon", None, 5, "9999-99-99", "0001-01-01T00:00:00Z")] == [None] * 6
    assert local_stamp(time.ctime(WALL)) == local_stamp(time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(WALL))) == WALL
    assert local_stamp("Sat Nov  1 09:40:09 2026") is not None
    assert [local_stamp(text) for text in ("", "x", "Sat Foo 21 09:40:09 2026", "2026-11 09:40:09", "2026-11-21 09:40")] == [
        None
    ] * 5
