"""A followed file through everything that happens to logs: no line is lost or told twice. Its clock is the tests' own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gastown_tui.observe import following
from gastown_tui.observe.following import BLOCK, LATE_S, LONGEST, SETTLE_S, TORN_S, Follower
from gastown_tui.town import lines

Act = Callable[[Path], None]


class Followed:
    """A follower, and what it told so far. `look` passes a second of its clock and takes what there is."""

    def __init__(self, path: Path, tail: int | None = None) -> None:
        self.follower = Follower(path, tail)
        self.now = 100.0
        self.told: list[str] = []
        self.places: list[int] = []

    def look(self, after: float = 1.0, most: int = BLOCK) -> list[str]:
        self.now += after
        new: list[str] = []
        more = True
        while more:
            found, more = self.follower.read(self.now, most)
            new += [raw.decode("utf-8", "replace") for _, raw in found]
            self.places += [offset for offset, _ in found]
        self.told += new
        return new

    def settle(self) -> list[str]:
        """Looks until a file that appeared or was rewritten is decided about."""
        return [*self.look(0.0), *self.look(SETTLE_S + 0.01), *self.look(0.0)]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder/monitor.jsonl"


def add(path: Path, *words: object) -> None:
    with path.open("a") as file:
        file.write("".join(f"{word}\n" for word in words))


def run(first: int, last: int) -> list[str]:
    """Returns numbered lines of unlike length, as a loop writes them."""
    return [f"line {number} {'x' * (number % 7)}" for number in range(first, last)]


def opened() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def bytes_read() -> int:
    return int(Path("/proc/self/io").read_text().split()[1])


def test_a_line_too_long_is_what_the_parser_calls_so() -> None:
    assert following.LONGEST == lines.LONGEST


def test_whole_lines_with_their_places(log: Path) -> None:
    log.write_bytes(b"one\n\ntw\xc3\xb6\r\nhalf")
    followed = Followed(log)
    assert followed.look() == ["one", "", "twö\r"]
    assert followed.places == [0, 4, 5]
    assert followed.look() == []
    add(log, " whole", "next")
    assert followed.look() == ["half whole", "next"]
    assert followed.places[3:] == [11, 22]


def test_a_half_line_is_told_of_once_it_has_not_grown_for_a_while(log: Path) -> None:
    log.write_bytes(b"one\nha")
    followed = Followed(log)
    followed.look()
    assert followed.follower.torn(followed.now + TORN_S - 0.1) == b""
    log.write_bytes(b"one\nhalf")
    followed.look(TORN_S - 0.5)
    assert followed.follower.torn(followed.now + 1) == b""
    assert followed.follower.torn(followed.now + TORN_S) == b"half"
    add(log, "")
    assert followed.look() == ["half"]
    assert followed.follower.torn(followed.now + TORN_S) == b""


def test_much_is_taken_in_slices(log: Path) -> None:
    add(log, *run(0, 20_000))
    follower, told, sizes = Follower(log), list[bytes](), list[int]()
    more = True
    while more:
        found, more = follower.read(0.0, 10_000)
        told += [raw for _, raw in found]
        sizes.append(sum(len(raw) + 1 for _, raw in found))
    assert [raw.decode() for raw in told] == run(0, 20_000)
    assert max(sizes) <= 10_000


def test_of_a_long_file_the_end_alone_is_read_and_the_rest_on_demand(log: Path) -> None:
    add(log, *run(0, 10_000))
    followed = Followed(log, 1000)
    end = followed.look()
    assert end == run(0, 10_000)[-len(end) :] and 900 < len("\n".join(end)) <= 1000
    follower = followed.follower
    assert follower.start == followed.places[0] > 0
    blocks = []
    while follower.start:
        place = follower.start
        blocks.append(follower.earlier(20_000))
        assert blocks[-1][0][0] == follower.start < place
    earlier = [raw.decode() for block in reversed(blocks) for _, raw in block]
    assert earlier + end == run(0, 10_000)
    assert follower.earlier() == ()
    add(log, "next")
    assert followed.look() == ["next"]


def test_a_tail_begins_with_a_whole_line(log: Path) -> None:
    log.write_text("1234\n1234\n1234\n")
    assert [Followed(log, size).look() for size in (4, 5, 6, 9, 10, 14, 15, 99)] == [
        ["1234"] * count for count in (0, 1, 1, 1, 2, 2, 3, 3)
    ]


def test_a_gigabyte_is_opened_by_its_end(log: Path) -> None:
    log.touch()
    os.truncate(log, 1 << 30)
    add(log, "", *run(0, 3))
    followed = Followed(log, 1 << 20)
    before = bytes_read()
    assert followed.look()[-3:] == run(0, 3)
    assert bytes_read() - before < 3 << 20


def renamed(log: Path) -> None:
    log.rename(log.with_name("monitor.jsonl.1"))
    log.touch()


def copied_and_cut(log: Path) -> None:
    shutil.copyfile(log, log.with_name("monitor.jsonl.1"))
    os.truncate(log, 0)


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


def time_passes(log: Path) -> None:
    """Waits until the file system's clock, a few milliseconds coarse, gives files another time."""
    mark = log.with_name("clock")
    mark.touch()
    began = mark.stat().st_mtime_ns
    while mark.stat().st_mtime_ns == began:
        os.utime(mark)


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


def test_a_file_that_was_deleted_and_one_that_comes_late(log: Path) -> None:
    followed = Followed(log, 10)
    assert followed.look() == [] and followed.follower.state == "absent"
    add(log, *run(0, 5))
    assert followed.settle() == run(0, 5)
    assert followed.follower.state == ""
    log.unlink()
    assert followed.look() == [] and followed.follower.state == "absent"
    log.touch()
    assert followed.look() == [] and followed.follower.state == "empty"
    add(log, *run(5, 9))
    assert followed.settle() == run(5, 9)


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


@pytest.mark.parametrize("gone", [1.0, 3 * LATE_S])
def test_a_file_that_is_put_back_goes_on_where_it_was(log: Path, gone: float) -> None:
    add(log, *run(0, 100))
    followed = Followed(log)
    followed.look()
    aside = log.with_name("aside")
    log.rename(aside)
    followed.look()
    followed.look(gone)
    aside.rename(log)
    add(log, "new")
    assert followed.settle() == ["new"]


def test_a_link_that_is_swapped_to_and_fro(log: Path) -> None:
    one, two = log.with_name("one"), log.with_name("two")
    add(one, *run(0, 20_000))
    add(two, *run(20_000, 40_000))
    log.symlink_to(one)
    followed = Followed(log)
    followed.look()
    for after, target in ((1.0, two), (1.0, one), (3 * LATE_S, two), (3 * LATE_S, one)):
        log.unlink()
        log.symlink_to(target)
        followed.settle()
        followed.look(after)
        add(target, f"more {after} {target.name}")
        followed.look()
    assert len(followed.told) == len(set(followed.told)) == 40_004
    log.unlink()
    log.symlink_to(log)
    followed.look()
    assert followed.follower.state == "Too many levels of symbolic links"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_said_and_never_waited_for(log: Path, make: Callable[[Path], None]) -> None:
    add(log, "one")
    followed = Followed(log)
    followed.look()
    log.unlink()
    make(log)
    assert followed.look() == [] and followed.follower.state == "not a regular file"
    log.rmdir() if log.is_dir() else log.unlink()
    add(log, "one", "two")
    assert followed.settle() == ["two"]


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    followed = Followed(tmp_path / "file/monitor.jsonl")
    assert followed.look() == [] and followed.follower.state == "Not a directory"
    (tmp_path / "file").unlink()
    (tmp_path / "file").mkdir()
    add(tmp_path / "file/monitor.jsonl", "one")
    assert followed.settle() == ["one"]


@pytest.mark.parametrize("closed", ["file", "folder"])
def test_what_may_not_be_read_is_said_and_read_once_it_may(log: Path, closed: str) -> None:
    """In a process of its own, since root may read everything."""
    add(log, "one")
    log.parent.parent.chmod(0o755)
    path = log if closed == "file" else log.parent
    path.chmod(0)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        _as_nobody(log, write)
    os.close(write)
    with os.fdopen(read) as told:
        assert told.readline() == "Permission denied\n"
        path.chmod(0o755)
        assert told.read() == "['one']\n"
    os.waitpid(child, 0)


def _as_nobody(log: Path, write: int) -> None:
    """The child's part: reads as a user who is not root, tells the state, and what came once it could read."""
    try:
        # Others may not enter what is above a test's folder.
        os.chdir(log.parent.parent)
        if os.getuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        followed = Followed(Path(log.parent.name) / log.name)
        followed.look()
        os.write(write, f"{followed.follower.state}\n".encode())
        deadline = time.monotonic() + 10
        while not followed.settle() and time.monotonic() < deadline:
            time.sleep(0.005)
        os.write(write, f"{followed.told}\n".encode())
    finally:
        os._exit(0)


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


def test_of_a_line_without_end_no_more_is_held_than_is_told(log: Path) -> None:
    log.write_bytes(b"one\n" + b"y" * (3 * LONGEST))
    followed = Followed(log)
    assert [len(line) for line in followed.look()] == [3, LONGEST + 1]
    add(log, "z" * 100, "next")
    assert followed.look() == ["next"]
    assert followed.places == [0, 4, 3 * LONGEST + 105]


def test_equal_lines_are_each_told(log: Path) -> None:
    followed = Followed(log)
    for _ in range(30):
        add(log, *["the same"] * 100)
        followed.settle()
    assert followed.told == ["the same"] * 3000


def test_a_full_disk_leaves_a_half_line_that_waits(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        log, ballast = disk / "monitor.jsonl", disk / "ballast"
        ballast.write_bytes(b"x" * 32_768)
        followed = Followed(log)
        with pytest.raises(OSError, match="No space left"), log.open("w", buffering=1) as file:
            file.writelines(f"{line}\n" for line in run(0, 10_000))
        whole = followed.settle()
        assert whole == run(0, len(whole)) and whole
        ballast.unlink()
        rest = run(len(whole), len(whole) + 1)[0][len(followed.follower.torn(followed.now + TORN_S)) :]
        add(log, rest, "next")
        assert followed.look() == [run(len(whole), len(whole) + 1)[0], "next"]
        followed.follower.close()
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_follower_that_nobody_holds_closes_its_files(log: Path) -> None:
    files = opened()
    add(log, "one")
    followed = Followed(log)
    followed.look()
    renamed(log)
    followed.settle()
    assert opened() > files
    del followed
    assert opened() == files


WRITER = """
import os, shutil, sys, time
path, kind, count, every = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
out = open(path, "ab", buffering=0)
for number in range(count):
    out.write(b"line %06d\\n" % number)
    if number % 40 == 39:
        time.sleep(0.001)
    if number % every == every - 1:
        turn = "%s.%d" % (path, number // every)
        if kind == "rename":
            os.rename(path, turn)
        elif kind == "copytruncate":
            shutil.copyfile(path, turn)
            os.truncate(path, 0)
        elif kind == "delete":
            os.unlink(path)
        else:
            with open(path, "rb") as file:
                kept = file.read().splitlines(True)[-5000:]
            with open(path if kind == "prune" else path + "~", "wb") as file:
                file.writelines(kept)
            if kind == "replace":
                os.rename(path + "~", path)
        if kind in ("rename", "delete", "replace"):
            out.close()
            out = open(path, "ab", buffering=0)
"""


@pytest.fixture
def writing(log: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []

    def start(*words: object) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, "-c", WRITER, str(log), *map(str, words)]))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("kind", "every"),
    [
        ("rename", 4000),
        ("rename", 300),
        ("copytruncate", 4000),
        ("copytruncate", 300),
        ("prune", 6000),
        ("replace", 6000),
        ("delete", 9000),
    ],
)
def test_a_rotation_while_a_burst_is_written(
    log: Path, kind: str, every: int, writing: Callable[..., subprocess.Popen[bytes]]
) -> None:
    log.touch()
    told: list[bytes] = []
    with Follower(log) as follower:
        follower.read(time.monotonic())
        writer = writing(kind, 20_000, every)
        deadline = time.monotonic() + 60
        while len(told) < 20_000 and time.monotonic() < deadline:
            found, more = follower.read(time.monotonic())
            told += [raw for _, raw in found]
            if not more:
                time.sleep(0.002)
        assert writer.wait(10) == 0
        assert follower.read(time.monotonic() + SETTLE_S).lines == ()
    assert told == [b"line %06d" % number for number in range(20_000)]
