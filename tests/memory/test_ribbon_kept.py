"""The last day outlives the run, whoever writes it and however it ends, on real files."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gastown_tui.memory.documents import BOXED, MARKER
from gastown_tui.memory.ribbon import MOST_BYTES, KeptDays, kept_in_box
from gastown_tui.town.ribbon import CODE, DAY, Minute, Ribbon
from gastown_tui.town.snapshot import State

NOW = 29_920_962
WORKING, DEAD, IDLE = CODE[State.WORKING], CODE[State.DEAD], CODE[State.IDLE]
WRITER = """
import sys
from pathlib import Path
from gastown_tui.memory.ribbon import KeptDays
from gastown_tui.town.ribbon import Minute
folder, agent, start, count, code = Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:])
days = KeptDays(folder, "/gt")
for minute in range(start, start + count):
    days.keep(Minute(minute, {f"{agent}/{number}": (code, 4) for number in range(300)} | {"mayor": (code, 4)}))
    print(minute, flush=True)
"""


def keep(days: KeptDays, minute: int, **seen: tuple[int, int]) -> None:
    days.keep(Minute(minute, seen))


def codes(ribbon: Ribbon, agent_id: str, count: int) -> list[int]:
    return list(ribbon.cells(agent_id, NOW, count))


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.jsonl"))


def written(folder: Path, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", WRITER, str(folder), *map(str, arguments)], stdout=subprocess.PIPE, text=True)


def test_a_day_is_kept_for_its_town_with_its_gaps(tmp_path: Path) -> None:
    days = KeptDays(tmp_path, "/gt")
    keep(days, NOW - 3, mayor=(WORKING, 9), deacon=(IDLE, 1))
    keep(days, NOW - 1, mayor=(DEAD, 1))
    keep(days, NOW, mayor=(WORKING, 2), toast=(WORKING, 5))
    again = KeptDays(tmp_path, "/gt").recall(NOW)
    assert codes(again, "mayor", 5) == [0, WORKING, 0, DEAD, WORKING]
    assert codes(again, "deacon", 5) == [0, IDLE, 0, 0, 0]
    assert codes(again, "toast", 2) == [0, WORKING]
    assert list(again.activity("mayor", NOW, 5)) == [0, 9, 0, 1, 2]
    assert KeptDays(tmp_path, "/other").recall(NOW).agents == ()


def test_a_clock_that_is_set_back_mixes_nobody_up(tmp_path: Path) -> None:
    days = KeptDays(tmp_path, "/gt")
    keep(days, NOW - 1, mayor=(WORKING, 9), deacon=(IDLE, 1))
    keep(days, NOW + 60, deacon=(IDLE, 1))
    keep(days, NOW, deacon=(DEAD, 1), toast=(WORKING, 9))
    day = KeptDays(tmp_path, "/gt").recall(NOW)
    assert {agent: codes(day, agent, 2) for agent in day.agents} == {
        "mayor": [WORKING, 0],
        "deacon": [IDLE, DEAD],
        "toast": [0, WORKING],
    }


def test_a_folder_that_took_the_place_of_the_town_has_no_past(tmp_path: Path) -> None:
    root = tmp_path / "gt"
    root.mkdir()
    keep(KeptDays(tmp_path, str(root)), NOW, mayor=(WORKING, 2))
    assert KeptDays(tmp_path, str(root)).recall(NOW).agents == ("mayor",)
    root.rename(tmp_path / "elsewhere")
    root.mkdir()
    assert KeptDays(tmp_path, str(root)).recall(NOW).agents == ()


def test_the_past_of_a_box_that_was_removed_is_not_made_anew(tmp_path: Path) -> None:
    (tmp_path / "box" / BOXED / "ribbon").mkdir(parents=True)
    (tmp_path / "box/gt").mkdir()
    (tmp_path / "box/gt" / MARKER).touch()
    days = kept_in_box(str(tmp_path / "box/gt"))
    assert days is not None
    days.keep(Minute(100, {"mayor": (1, 1)}))
    assert days.error is None
    shutil.rmtree(tmp_path / "box")
    days.keep(Minute(101, {"mayor": (1, 1)}))
    assert days.error is not None and not (tmp_path / "box").exists()


def test_what_is_older_than_a_day_is_forgotten_and_removed_for_every_town(tmp_path: Path) -> None:
    for root in ("/gt", "/other"):
        keep(KeptDays(tmp_path, root), NOW - 2 * DAY, mayor=(DEAD, 1))
    days = KeptDays(tmp_path, "/gt")
    keep(days, NOW - DAY, mayor=(DEAD, 1), gone=(DEAD, 1))
    keep(days, NOW - DAY + 1, mayor=(WORKING, 1))
    foreign = tmp_path / "ribbon" / "notes.jsonl"
    foreign.write_text("mine")
    again = KeptDays(tmp_path, "/gt").recall(NOW)
    assert codes(again, "mayor", DAY) == [WORKING, *[0] * (DAY - 1)]
    assert again.activity("mayor", NOW, DAY)[0] == 1
    assert [int(path.stem) for path in files(tmp_path) if path != foreign] == [(NOW - DAY) // 60]
    assert foreign.exists()


def test_a_console_that_runs_on_removes_what_is_old(tmp_path: Path) -> None:
    days = KeptDays(tmp_path, "/gt")
    for minute in range(NOW, NOW + 2 * DAY, 60):
        keep(days, minute, mayor=(WORKING, 1))
    assert len(files(tmp_path)) == 25


def test_two_consoles_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    both = [written(tmp_path, agent, NOW - 119, 120, code) for agent, code in (("a", WORKING), ("b", DEAD))]
    for one in both:
        assert len(one.communicate(timeout=60)[0].split()) == 120
    day = KeptDays(tmp_path, "/gt").recall(NOW)
    assert len(day.agents) == 601
    assert {day.cells(f"a/{number}", NOW, 120) for number in range(300)} == {bytes([WORKING]) * 120}
    assert {day.cells(f"b/{number}", NOW, 120) for number in range(300)} == {bytes([DEAD]) * 120}
    assert codes(day, "mayor", 120) == [DEAD] * 120, "the worse of what two consoles saw"


def test_a_console_that_is_killed_keeps_all_that_it_wrote(tmp_path: Path) -> None:
    console = written(tmp_path, "a", NOW - DAY + 1, DAY, WORKING)
    assert console.stdout is not None
    told = [int(console.stdout.readline()) for _ in range(90)]
    console.send_signal(signal.SIGKILL)
    told += [int(line) for line in console.stdout.read().split()]
    console.stdout.close()
    assert console.wait() == -signal.SIGKILL and len(told) < DAY
    day = KeptDays(tmp_path, "/gt").recall(NOW)
    seen = day.cells("a/299", NOW, DAY)
    assert seen[: len(told)] == bytes([WORKING]) * len(told) and not any(seen[len(told) + 1 :])


@pytest.mark.parametrize("left", [1, 20, 100, 400])
def test_a_line_torn_by_a_kill_costs_itself_alone(tmp_path: Path, left: int) -> None:
    keep(KeptDays(tmp_path, "/gt"), NOW - 2, mayor=(WORKING, 1))
    (path,) = files(tmp_path)
    size = path.stat().st_size
    KeptDays(tmp_path, "/gt").keep(Minute(NOW - 1, {f"dog/{number}": (DEAD, 1) for number in range(30)}))
    os.truncate(path, size + left)
    keep(KeptDays(tmp_path, "/gt"), NOW, mayor=(IDLE, 1))
    day = KeptDays(tmp_path, "/gt").recall(NOW)
    assert day.agents == ("mayor",) and codes(day, "mayor", 3) == [WORKING, 0, IDLE]


def test_a_day_of_three_hundred_agents_is_small(tmp_path: Path) -> None:
    days = KeptDays(tmp_path, "/gt")
    for minute in range(NOW - DAY + 1, NOW + 1):
        # Every twentieth minute somebody new comes, in a name that was never used.
        seen = {f"rig{number}/polecats/somebody{max(number, minute // 20)}": (number % 11 + 1, 9) for number in range(300)}
        days.keep(Minute(minute, seen))
    assert sum(path.stat().st_size for path in files(tmp_path)) < 3_000_000


@pytest.mark.parametrize("agent_id", ["a\nb", "\x1b[31mred", '","by":"x"}', "\udcff", "x" * 400, "名前/😀", "\0", ""])
def test_names_of_every_kind_come_back_as_they_were(tmp_path: Path, agent_id: str) -> None:
    days = KeptDays(tmp_path, "/gt")
    days.keep(Minute(NOW - 1, {agent_id: (DEAD, 3), "mayor": (WORKING, 1)}))
    days.keep(Minute(NOW, {"mayor": (WORKING, 1)}))
    day = KeptDays(tmp_path, "/gt").recall(NOW)
    assert set(day.agents) == {agent_id, "mayor"}
    assert codes(day, agent_id, 2) == [DEAD, 0] and codes(day, "mayor", 2) == [WORKING, WORKING]


def line(**other: object) -> str:
    told = {"by": "x", "minute": NOW, "cells": ";9", "from": 0, "names": ["odd"]}
    return json.dumps({**told, **other})


@pytest.mark.parametrize(
    "foreign",
    [
        "",
        "nonsense",
        "[" * 9999,
        "9" * 5000,
        '{"by":"x"}',
        line(minute=NOW + 60),
        line(minute=NOW + 1),
        line(minute=NOW - 60),
        line(minute=10**30),
        line(minute=float("nan")),
        line(cells="?é\ud800~"),
        line(cells=""),
        line(cells=7),
        line(names={}),
        line(names=[3, None]),
        line(**{"from": 4}),
        line(**{"from": -1}),
    ],
)
def test_a_line_that_nobody_of_us_wrote_is_passed_over(tmp_path: Path, foreign: str) -> None:
    days = KeptDays(tmp_path, "/gt")
    keep(days, NOW - 1, mayor=(WORKING, 4))
    (path,) = files(tmp_path)
    with path.open("a") as file:
        file.write(f"\n{foreign}")
    with path.open("ab") as file:
        file.write(b"\n\xff\0\xfe")
    keep(days, NOW, mayor=(IDLE, 1))
    day = KeptDays(tmp_path, "/gt").recall(NOW)
    assert codes(day, "mayor", 2) == [WORKING, IDLE]
    assert not any(day.cells("odd", NOW, DAY))


def test_values_that_are_none_are_gaps(tmp_path: Path) -> None:
    keep(KeptDays(tmp_path, "/gt"), NOW - 1, mayor=(WORKING, 4))
    (path,) = files(tmp_path)
    with path.open("a") as file:
        file.write("\n" + line(cells="z:", names=["odd"]))
    day = KeptDays(tmp_path, "/gt").recall(NOW)
    assert (codes(day, "odd", 1), list(day.activity("odd", NOW, 1))) == ([0], [0])


def test_a_file_too_large_is_neither_read_whole_nor_made_larger(tmp_path: Path) -> None:
    days = KeptDays(tmp_path, "/gt")
    keep(days, NOW - 1, mayor=(WORKING, 4))
    (path,) = files(tmp_path)
    with path.open("ab") as file:
        file.write(b"\n")
        file.truncate(8 << 30)
    keep(days, NOW, mayor=(DEAD, 4))
    assert path.stat().st_size == 8 << 30 > MOST_BYTES
    assert days.error is not None and "File too large" in days.error
    assert codes(KeptDays(tmp_path, "/gt").recall(NOW), "mayor", 2) == [WORKING, 0]


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    days = KeptDays(tmp_path, "/gt")
    keep(days, NOW - 60, mayor=(WORKING, 4))
    (path,) = files(tmp_path)
    os.mkfifo(path.with_name(f"{NOW // 60}.jsonl"))
    path.with_name(f"{NOW // 60 - 2}.jsonl").mkdir()
    path.with_name(f"{NOW // 60 - 3}.jsonl").symlink_to("/dev/zero")
    path.with_name("²³.jsonl").mkdir()
    assert codes(KeptDays(tmp_path, "/gt").recall(NOW), "mayor", 61)[0] == WORKING
    keep(days, NOW, mayor=(WORKING, 4))
    assert days.error is not None


def test_a_full_disk_is_told_and_when_there_is_room_again_nothing_is_missing(tmp_path: Path) -> None:
    days = KeptDays(tmp_path, "/gt")
    keep(days, NOW - 60, mayor=(WORKING, 4))
    path = files(tmp_path)[0].with_name(f"{NOW // 60}.jsonl")
    path.symlink_to("/dev/full")
    keep(days, NOW - 1, mayor=(WORKING, 4))
    assert days.error is not None and "No space left on device" in days.error and str(path.parent) in days.error
    path.unlink()
    keep(days, NOW, mayor=(DEAD, 4))
    assert days.error is None
    assert codes(KeptDays(tmp_path, "/gt").recall(NOW), "mayor", 2) == [0, DEAD], "its name was written with it"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "ribbon").write_text("in the way")
    days = KeptDays(tmp_path, "/gt")
    assert days.recall(NOW).agents == () and days.error is None
    keep(days, NOW, mayor=(WORKING, 4))
    assert days.error is not None and "cannot be written" in days.error


@pytest.fixture
def ours() -> Iterator[Path]:
    """A folder whose permissions bind us: root is bound by none."""
    folder, user = Path(tempfile.mkdtemp(prefix="gttui-")), os.geteuid()
    if user == 0:
        os.chown(folder, 65534, -1)
        os.seteuid(65534)
    yield folder
    os.seteuid(user)
    shutil.rmtree(folder)


def test_a_folder_that_may_only_be_read_is_told_and_read(ours: Path) -> None:
    days = KeptDays(ours, "/gt")
    keep(days, NOW - 60, mayor=(WORKING, 4))
    folder = files(ours)[0].parent
    folder.chmod(0o500)
    keep(days, NOW - 2 * DAY, mayor=(DEAD, 4))
    assert days.error is not None and "Permission denied" in days.error
    assert codes(KeptDays(ours, "/gt").recall(NOW), "mayor", 61)[0] == WORKING
    folder.chmod(0o700)
    keep(days, NOW, mayor=(IDLE, 4))
    assert days.error is None and codes(KeptDays(ours, "/gt").recall(NOW), "mayor", 2) == [0, IDLE]


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    keep(KeptDays(tmp_path, "/gt"), NOW, mayor=(WORKING, 4))
    (path,) = files(tmp_path)
    assert path.stat().st_mode & 0o077 == path.parent.stat().st_mode & 0o077 == 0
