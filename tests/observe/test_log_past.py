"""What stands before a line of a log, in files that grow, are renamed, copied and cut meanwhile."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from followed import add, copied_and_cut, renamed, run, time_passes

from gastown_tui.observe.log_past import before
from gastown_tui.town.lines import LONGEST, Line, Parser


def line_at(log: Path, offset: int) -> Line:
    raw = log.read_bytes()[offset:].partition(b"\n")[0]
    return Parser().feed([(offset, raw)])[0][0]


def last_line(log: Path) -> Line:
    return line_at(log, log.read_bytes().rfind(b"\n", 0, -1) + 1)


def all_before(log: Path, line: Line, most: int) -> list[str]:
    """Returns every line that can be had before one, read block by block."""
    told: list[str] = []
    while found := before(str(log), line, most):
        told[:0] = [raw.decode() for _, raw in found]
        line = Parser().feed(found[:1])[0][0]
    return told


@pytest.mark.parametrize("most", [300, 1 << 20])
def test_a_log_is_read_back_to_its_first_line(log: Path, most: int) -> None:
    add(log, *run(0, 200))
    assert all_before(log, last_line(log), most) == run(0, 199)


@pytest.mark.parametrize("rotate", [renamed, copied_and_cut])
@pytest.mark.parametrize("most", [300, 1 << 20])
def test_it_goes_on_in_the_file_that_was_rotated(log: Path, rotate: object, most: int) -> None:
    add(log, *run(0, 50))
    log.rename(log.with_name("monitor.jsonl.2"))
    time_passes(log)
    add(log, *run(50, 100))
    held = last_line(log)
    assert callable(rotate)
    rotate(log)
    assert all_before(log, held, most) == run(0, 99), "the line stands in a file that was rotated since"
    time_passes(log)
    add(log, *run(100, 150))
    assert all_before(log, last_line(log), most) == run(0, 149)


def test_of_a_log_that_was_rewritten_nothing_is_taken_for_what_was_before(log: Path) -> None:
    add(log, *run(0, 50))
    held = last_line(log)
    log.write_text("".join(f"{line}\n" for line in run(20, 60)))
    assert before(str(log), held) == ()


@pytest.mark.parametrize("name", ["monitor.jsonl.1.gz", "monitor.jsonl.tmp", "events.jsonl.1"])
def test_what_else_lies_there_is_not_read(log: Path, name: str) -> None:
    add(log.with_name(name), *run(0, 50))
    time_passes(log)
    add(log, "first", "second")
    assert all_before(log, last_line(log), 300) == ["first"]


def test_what_is_no_file_holds_nobody(log: Path) -> None:
    os.mkfifo(log.with_name("monitor.jsonl.1"))
    add(log, "first")
    assert before(str(log), last_line(log)) == ()


def test_a_line_that_is_longer_than_a_block_is_taken_as_the_follower_takes_it(log: Path) -> None:
    add(log, "first", "x" * (LONGEST + 100), "last")
    found: Sequence[tuple[int, bytes]] = before(str(log), last_line(log), 300)
    assert found[-1][1] == b"x" * (LONGEST + 1)


def test_a_generation_that_leads_nowhere_hides_no_other(log: Path) -> None:
    add(log, *run(0, 50))
    log.rename(log.with_name("monitor.jsonl.1"))
    log.with_name("monitor.jsonl.2").symlink_to("gone")
    time_passes(log)
    add(log, *run(50, 100))
    assert all_before(log, last_line(log), 1 << 20) == run(0, 99)


def test_a_copy_of_the_log_is_not_what_was_before_it(log: Path) -> None:
    add(log, *run(0, 50))
    log.with_name("monitor.jsonl.0").write_bytes(log.read_bytes())
    add(log, *run(50, 100))
    assert before(str(log), line_at(log, 0)) == ()
