"""The automonitor's log as screens read it: bounded, with numbers that stay, and told in good measure."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from gastown_tui.observe import log_book
from gastown_tui.observe.log_book import Book
from gastown_tui.town.lines import Line

Eventually = Callable[..., Awaitable[Any]]


def lines(begin: int, end: int) -> list[Line]:
    """Lines of ten bytes each, of which these stand in the file."""
    return [Line(10 * number, "ok", (), 1.0, "INFO", "ai", str(number)) for number in range(begin, end)]


async def before(line: Line) -> Sequence[Line]:
    """What lies before a line, fifty lines at once."""
    number = line.offset // 10
    return lines(max(0, number - 50), number)


@pytest.fixture
def book() -> Book:
    made = Book()
    made.begin(before)
    return made


def numbers(book: Book) -> tuple[int, int]:
    """The first and the last line kept."""
    return int(book.lines[0].message), int(book.lines[-1].message)


async def test_lines_keep_their_numbers_while_the_oldest_are_forgotten(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_book, "MOST_LINES", 100)
    book.begin(before)
    book.take(lines(0, 80), "", "")
    assert (book.first, book.dropped, numbers(book)) == (0, 0, (0, 79))
    book.take(lines(80, 130), "", "")
    assert (book.first, book.dropped, numbers(book)) == (30, 300, (30, 129))


async def test_of_lines_made_to_fill_the_memory_fewer_are_kept(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_book, "MOST_WEIGHT", 1000)
    book.take([line._replace(raw="x" * 300) for line in lines(0, 10)], "", "")
    assert (book.first, numbers(book)) == (7, (7, 9))
    book.take(lines(10, 40), "", "")
    assert (book.first, numbers(book)) == (7, (7, 39))
    await book.earlier()
    assert numbers(book)[1] == 39
    book.take([lines(40, 41)[0]._replace(raw="x" * 2000)], "", "")
    assert numbers(book) == (40, 40)


async def test_earlier_lines_come_before_and_stay_until_there_are_too_many(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_book, "MOST_LINES", 100)
    monkeypatch.setattr(log_book, "MOST_IN_ALL", 160)
    book.begin(before)
    book.take(lines(200, 300), "", "")
    first = book.first
    await book.earlier()
    assert (book.first, numbers(book), book.dropped) == (first - 50, (150, 299), 1500)
    book.take(lines(300, 301), "", "")
    assert numbers(book) == (151, 300) and book.lines[-1].message == str(book.first - first + 200 + len(book.lines) - 1)
    await book.earlier()
    assert len(book.lines) == 160 and numbers(book)[1] == 300


async def test_at_the_begin_of_the_file_nothing_is_earlier(book: Book) -> None:
    book.take(lines(0, 10), "", "")
    await book.earlier()
    assert (book.first, len(book.lines), book.dropped, book.more) == (0, 10, 0, False)


async def test_of_another_file_the_lines_go_on_and_of_the_old_one_what_is_earlier_is_read(book: Book) -> None:
    book.take(lines(500, 510), "", "")
    book.take(lines(0, 5), "", "")
    assert (book.first, len(book.lines), book.dropped) == (0, 15, 5000)
    await book.earlier()
    assert (book.first, len(book.lines), book.dropped) == (-50, 65, 4500)


async def test_what_cannot_be_had_is_asked_for_once_until_more_is_forgotten(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_book, "MOST_LINES", 12)
    asked: list[Line] = []

    async def gone(line: Line) -> Sequence[Line]:
        asked.append(line)
        return ()

    book.begin(gone)
    book.take(lines(500, 510), "", "")
    for _ in range(2):
        await book.earlier()
    assert (len(asked), book.dropped, book.more) == (1, 0, False)
    book.take(lines(510, 513), "", "")
    assert (book.dropped, book.more) == (5010, True)


async def test_a_follower_that_begins_anew_goes_on_with_the_numbers(book: Book) -> None:
    book.take(lines(0, 10), "", "")
    book.begin(before)
    book.take(lines(0, 10), "", "")
    assert (book.first, len(book.lines)) == (10, 10)


async def test_once_nobody_follows_nothing_is_earlier(book: Book) -> None:
    book.take(lines(500, 510), "", "")
    book.end()
    await book.earlier()
    assert numbers(book) == (500, 509)


async def test_it_is_told_at_once_then_twenty_times_a_second_at_most(book: Book, eventually: Eventually) -> None:
    told: list[int] = []
    book.on_change(lambda: told.append(len(book.lines)))
    for number in range(200):
        book.take(lines(number, number + 1), "", "")
        await asyncio.sleep(0)
    assert told == [1] or len(told) <= 2
    await eventually(lambda: told[-1] == 200)
    assert len(told) <= 4


async def test_what_says_nothing_new_is_not_told(book: Book, eventually: Eventually) -> None:
    told: list[str] = []
    book.on_change(lambda: told.append(book.state + book.torn))
    book.take([], "absent", "")
    await eventually(lambda: told == ["absent"])
    book.take([], "absent", "")
    book.take([], "", "{")
    await eventually(lambda: told == ["absent", "{"])
