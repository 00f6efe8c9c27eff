"""A place in the log: it stays its line's while lines come, go and are read before, and following ends where one moves up."""

from __future__ import annotations

from logbook import Book

from gastown_tui.town.lines import Line
from gastown_tui.ui.reading import Reading


def line(number: int, **more: object) -> Line:
    return Line(number, "ok", (), float(number), "INFO", "handoff", f"line {number}", **more)  # type: ignore[arg-type]


def book(count: int, past: int = 0) -> Book:
    return Book([line(number) for number in range(past, past + count)], past=[line(number) for number in range(past)])


def reading(of: Book, query: str = "") -> Reading:
    made = Reading(of, query)
    while not made.look():
        pass
    return made


def text(of: Reading) -> str | None:
    return of.line.message if of.line else None


def test_an_empty_log_has_no_place() -> None:
    empty = reading(book(0))
    assert (empty.count, list(empty.shown), empty.at, empty.line) == (0, [], None, None)
    assert not empty.move(-1) and not empty.move(1)
    assert empty.at is None


def test_it_follows_until_it_is_moved_up_and_again_from_the_last_line_on() -> None:
    log = book(5)
    here = reading(log)
    assert text(here) == "line 4"
    log.grow(line(5))
    here.look()
    assert text(here) == "line 5"
    here.move(-1)
    assert (here.at, text(here)) == (4, "line 4")
    log.grow(line(6))
    here.look()
    assert text(here) == "line 4"
    here.move(1)
    assert here.at == 5
    here.move(1)
    assert here.at is None and text(here) == "line 6"


def test_the_place_stays_through_a_rotation_and_what_is_read_before() -> None:
    log = book(5, past=3)
    here = reading(log)
    here.move(-2)
    assert text(here) == "line 5"
    log.lines, log.first = log.lines[2:], log.first + 2
    log.grow(line(8))
    here.look()
    assert text(here) == "line 5"
    log.lines, log.first = log.lines[1:], log.first + 1
    here.look()
    assert text(here) == "line 6", "the nearest that is still there"
    log.lines, log.first = (), log.first + 3
    here.look()
    assert here.at is None and here.line is None


async def test_at_the_top_it_asks_for_what_is_before() -> None:
    log = book(5, past=3)
    here = reading(log)
    assert not here.move(-2)
    assert here.move(-100)
    assert text(here) == "line 3"
    await log.earlier()
    here.look()
    assert text(here) == "line 3" and here.shown[0] == 0
    assert not here.move(-100), "nothing is before the first byte"
    assert text(here) == "line 0"


def test_what_comes_while_the_picture_is_held_waits() -> None:
    log = book(3)
    here = reading(log)
    log.grow(line(3))
    here.look(held=True)
    assert here.count == 3 and text(here) == "line 2"
    log.lines, log.first = log.lines[1:], log.first + 1
    here.look(held=True)
    assert here.count == 2 and text(here) == "line 2"
    here.look()
    assert text(here) == "line 3"


def test_a_filter_begins_at_the_end_and_moves_in_what_passes() -> None:
    here = reading(book(30))
    here.move(-20)
    here.filter("1")
    here.look()
    assert here.at is None and text(here) == "line 21"
    here.move(-1)
    assert text(here) == "line 19"


def test_the_first_line_of_a_time_is_found_in_the_order_of_the_file() -> None:
    stamps = (10.0, 30.0, None, 20.0, 40.0)
    log = Book([line(number)._replace(ts=stamp) for number, stamp in enumerate(stamps)])
    here = reading(log)
    for stamp, found in ((0, 0), (20, 1), (35, 4), (41, None)):
        assert here.choose_since(stamp) is (found is not None)
        assert here.at == found
    here.filter("line 3")
    here.look()
    assert here.choose_since(15) and here.at == 3


def test_it_knows_whether_lines_of_a_time_may_be_unread() -> None:
    here = reading(book(5, past=3))
    assert here.begins_after(2) and not here.begins_after(3)
    assert not reading(book(5)).begins_after(-1)
