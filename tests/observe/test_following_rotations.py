"""A followed file that is rotated, cut, pruned, copied and rewritten between two looks: no line is lost or told twice."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from followed import Followed, add, copied_and_cut, opened, renamed, run, time_passes

from gastown_tui.observe.following import LATE_S, LONGEST

Act = Callable[[Path], None]


def pruned(log: Path) -> None:
    log.write_text("".join(log.read_text().splitlines(keepends=True)[50:]))


def pruned_and_replaced(log: Path) -> None:
    new = log.with_name("monitor.jsonl.tmp")
    new.write_text("".join(log.read_text().splitlines(keepends=True)[50:]))
    new.replace(log)


def pruned_by_words(log: Path) -> None:
    kept = [line for line in log.read_text().splitlines(keepends=True) if "xx" in line]
    log.write_text("".join(kept))


@pytest.mark.parametrize("rotate", [renamed, copied_and_cut, pruned, pruned_and_replaced])
@pytest.mark.parametrize("unseen", [0, 7])
def test_a_rotation_between_two_looks(log: Path, rotate: Act, unseen: int) -> None:
    add(log, *run(0, 100))
    followed = Followed(log)
    followed.look()
    add(log, *run(100, 100 + unseen))
    rotate(log)
    add(log, *run(100 + unseen, 150))
    followed.settle()
    add(log, *run(150, 160))
    followed.settle()
    assert followed.told == run(0, 160)


@pytest.mark.parametrize("rotate", [renamed, copied_and_cut])
def test_a_line_that_is_written_again_and_again_is_told_each_time(log: Path, rotate: Act) -> None:
    add(log, "first", *["again"] * 100)
    followed = Followed(log)
    followed.look()
    rotate(log)
    add(log, *["again"] * 50)
    followed.settle()
    assert followed.told == ["first", *["again"] * 150]


def test_lines_that_were_told_and_pruned_in_the_middle_are_not_told_again(log: Path) -> None:
    add(log, *run(0, 100))
    followed = Followed(log)
    followed.look()
    pruned_by_words(log)
    add(log, "new")
    assert followed.settle() == ["new"]


def test_what_was_written_while_a_file_was_pruned_and_replaced(log: Path) -> None:
    add(log, *run(0, 100))
    followed = Followed(log)
    followed.look()
    kept = log.with_name("monitor.jsonl.tmp")
    kept.write_text("\n".join(run(50, 100)) + "\n")
    add(log, *run(100, 105))
    kept.replace(log)
    add(log, *run(105, 110))
    followed.settle()
    assert followed.told == run(0, 110)


def test_a_file_that_is_being_rewritten_is_waited_for(log: Path) -> None:
    add(log, *run(0, 100))
    followed = Followed(log)
    followed.look()
    log.write_text("")
    assert followed.look(0.01) == []
    add(log, *run(50, 70))
    assert followed.look(0.01) == []
    add(log, *run(70, 101))
    assert followed.settle() == run(100, 101)


@pytest.mark.parametrize("again", ["other {}", "a line that is longer than each of those before it was {}"])
def test_a_file_that_was_cut_and_has_grown_to_its_size_again_or_beyond(log: Path, again: str) -> None:
    old = [f"older {number:03}" for number in range(100)]
    add(log, *old)
    followed = Followed(log)
    followed.look()
    new = [again.format(f"{number:03}").ljust(9) for number in range(100)]
    log.write_text("\n".join(new) + "\n")
    assert log.stat().st_size >= followed.places[-1] + 10
    followed.settle()
    assert followed.told == old + new


def test_the_same_text_rewritten_in_place_says_nothing_new(log: Path) -> None:
    add(log, *run(0, 100))
    followed = Followed(log)
    followed.look()
    log.write_text(log.read_text())
    assert followed.settle() == []


def test_a_renamed_file_is_read_while_somebody_still_writes_to_it(log: Path) -> None:
    files = opened()
    with log.open("a", buffering=1) as writer:
        writer.write("one\nha")
        followed = Followed(log)
        followed.look()
        renamed(log)
        writer.write("lf\ntwo\n")
        assert followed.look(LATE_S - 1) == ["half", "two"]
        add(log, "three")
        assert followed.settle() == ["three"]
        writer.write("four\nfi")
        assert followed.look(LATE_S - 1) == ["four"]
    # Nobody will finish it.
    assert followed.look(LATE_S) == ["fi"]
    assert opened() == files + 1
    followed.follower.close()
    assert opened() == files


def test_files_that_came_and_went_between_two_looks_are_read_in_order(log: Path) -> None:
    add(log, *run(0, 10))
    followed = Followed(log)
    followed.look()
    for number in range(1, 6):
        add(log, *run(number * 10, number * 10 + 10))
        for older in range(number, 1, -1):
            log.with_name(f"monitor.jsonl.{older - 1}").rename(log.with_name(f"monitor.jsonl.{older}"))
        renamed(log)
        time_passes(log)
    add(log, *run(60, 65))
    followed.settle()
    assert followed.told == run(0, 65)


def test_copies_that_were_cut_off_between_two_looks_are_read_in_order(log: Path) -> None:
    add(log, *run(0, 10))
    followed = Followed(log)
    followed.look()
    for number in range(1, 6):
        add(log, *run(number * 10, number * 10 + 10))
        shutil.copyfile(log, log.with_name(f"monitor.jsonl.{number}"))
        os.truncate(log, 0)
        time_passes(log)
    followed.settle()
    assert followed.told == run(0, 60)


def test_a_copy_that_somebody_touched_later_is_told_in_its_turn(log: Path) -> None:
    add(log, *run(0, 100))
    followed = Followed(log)
    followed.look()
    add(log, *run(100, 120))
    copied_and_cut(log)
    add(log, *run(120, 130))
    time_passes(log)
    log.with_name("monitor.jsonl.1").touch()
    followed.settle()
    add(log, *run(130, 140))
    followed.settle()
    renamed(log)
    followed.settle()
    assert followed.told == run(0, 140)


@pytest.mark.parametrize("size", ["smaller", "the same"])
def test_a_copy_that_has_the_number_of_a_file_that_was_read_and_deleted(log: Path, size: str) -> None:
    add(log, *run(0, 20))
    followed = Followed(log)
    followed.look()
    renamed(log)
    add(log, *run(20, 22))
    followed.settle()
    followed.look(LATE_S + 1)
    old, copy = log.with_name("monitor.jsonl.1"), log.with_name("monitor.jsonl.2")
    before = old.stat()
    last = ["end"] if size == "smaller" else ["y" * (before.st_size - log.stat().st_size - 1)]
    add(log, *last)
    old.unlink()
    shutil.copyfile(log, copy)
    if copy.stat().st_ino != before.st_ino:
        pytest.skip("this file system gives the number of a deleted file to nobody")
    os.truncate(log, 0)
    add(log, "new")
    followed.settle()
    assert followed.told == [*run(0, 22), *last, "new"]


def test_what_else_lies_there_is_not_told(log: Path) -> None:
    add(log, *run(0, 100))
    log.with_name("monitor.jsonl.1").write_text("long ago\n")
    followed = Followed(log)
    followed.look()
    shutil.copyfile(log, log.with_name("monitor.jsonl.bak"))
    log.with_name("monitor.errors").write_text("an error\n")
    log.with_name("monitor.jsonl.2.gz").write_bytes(b"\x1f\x8b\x08\n\n")
    log.with_name("monitor.3").mkdir()
    os.mkfifo(log.with_name("monitor.jsonl.4"))
    renamed(log)
    add(log, "new")
    assert followed.settle() == ["new"]


@pytest.mark.parametrize("rotate", [renamed, copied_and_cut])
def test_a_file_that_comes_late_and_is_rotated_at_once(log: Path, rotate: Act) -> None:
    log.with_name("monitor.jsonl.2").write_text("long ago\n")
    time_passes(log)
    followed = Followed(log)
    followed.look()
    add(log, *run(0, 5))
    followed.look(0.01)
    rotate(log)
    add(log, *run(5, 7))
    followed.settle()
    assert followed.told == run(0, 7)


def test_the_zeros_of_a_hole_are_passed_over(log: Path) -> None:
    """A writer that does not append goes on at its old place after the file was cut."""
    with log.open("w", buffering=1) as writer:
        writer.write("x" * 3_000_000 + "\n")
        followed = Followed(log)
        assert [len(line) for line in followed.look()] == [LONGEST + 1]
        os.truncate(log, 0)
        writer.write("after\nnext\n")
        assert [line.strip("\0") for line in followed.settle()] == ["after", "next"]
        assert len(followed.told[-2]) < LONGEST


def test_what_is_renamed_while_one_looks_at_what_lies_beside_is_told_in_its_turn(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers, scan = iter(range(1, 9)), os.scandir

    def turn() -> None:
        number = next(numbers)
        time_passes(log)
        log.rename(log.with_name(f"monitor.jsonl.{number}"))
        add(log, *run(number * 10, number * 10 + 10))

    def turning(folder: str) -> object:
        monkeypatch.setattr(os, "scandir", scan)
        turn()
        turn()
        return scan(folder)

    add(log, *run(0, 10))
    followed = Followed(log)
    followed.look()
    turn()
    followed.look(0.01)
    turn()
    monkeypatch.setattr(os, "scandir", turning)
    followed.look(0.01)
    followed.settle()
    assert followed.told == run(0, 50)
