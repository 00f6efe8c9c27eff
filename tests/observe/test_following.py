"""A followed file that grows: whole lines, told once, from its end and on demand from before. Its clock is the tests' own."""

from __future__ import annotations

import os
from pathlib import Path

from followed import Followed, add, opened, renamed, run

from gastown_tui.observe import following
from gastown_tui.observe.following import LONGEST, TORN_S, Follower
from gastown_tui.town import lines


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


def test_of_a_long_file_the_end_alone_is_read(log: Path) -> None:
    add(log, *run(0, 10_000))
    followed = Followed(log, 1000)
    end = followed.look()
    assert end == run(0, 10_000)[-len(end) :] and 900 < len("\n".join(end)) <= 1000
    assert followed.follower.start == followed.places[0] > 0
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
