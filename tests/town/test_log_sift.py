"""What is wanted of a log, and how it is told."""

from __future__ import annotations

import re

import pytest

from gastown_tui.town.lines import Line, Parser
from gastown_tui.town.log import Sift, Wish, log_document, log_line, since

NOW = 1770702301.0
LINES = (
    Line(0, "ok", (), NOW, "DEBUG", "a", "Checking gt-x"),
    Line(1, "ok", (), NOW + 60, "WARN", "a", "Session gt-x age: 72m (>3600s) → restart"),
    Line(2, "recovered", ("open",), NOW + 30, "ERROR", "a", "gt-x-2 failed:", "{"),
    Line(3, "joined", (), message="no space", raw="no space"),
    Line(4, "rejected", (), message="Traceback", raw="Traceback"),
    Line(5, "flagged", ("missing",), NOW + 90, "Odd", None, "odd", "{"),
    Line(6, "ok", (), NOW + 40, "info", "b", "done"),
)


def wanted(wish: Wish) -> list[int]:
    sift = Sift(wish)
    return [line.offset for line in LINES if sift.wants(line)]


@pytest.mark.parametrize(
    ("wish", "offsets"),
    [
        (Wish(), [0, 1, 2, 3, 4, 5, 6]),
        (Wish(level="INFO"), [1, 2, 3, 4, 5, 6]),
        (Wish(level="warning"), [1, 2, 3, 4, 5]),
        (Wish(level="err"), [2, 3, 4, 5]),
        (Wish(level="odd"), [5]),
        (Wish(level="od"), []),
        (Wish(level="broken"), [2, 3, 4, 5]),
        (Wish(session="gt-x"), [0, 1]),
        (Wish(session="gt-x-2"), [2, 3]),
        (Wish(session="gt"), []),
        (Wish(grep=re.compile("fail|Trace")), [2, 3, 4]),
        (Wish(grep=re.compile("space")), [3]),
        (Wish(grep=re.compile("space"), level="INFO"), [3]),
        (Wish(grep=re.compile("space"), level="odd"), []),
        (Wish(since=NOW + 60), [1, 2, 3, 4, 5, 6]),
        (Wish(since=NOW + 61, level="INFO"), [5, 6]),
        (Wish(since=NOW + 1000), []),
    ],
)
def test_which_lines_are_wanted(wish: Wish, offsets: list[int]) -> None:
    assert wanted(wish) == offsets


@pytest.mark.parametrize(("level", "met"), [("err", True), ("broken", True), ("odd", True), ("od", False), (None, True)])
def test_whether_a_level_is_one_that_anybody_knows_or_that_is_in_the_log(level: str | None, met: bool) -> None:
    sift = Sift(Wish(level=level, session="gt-nobody"))
    assert not any(map(sift.wants, LINES)) and sift.met is met


@pytest.mark.parametrize(
    ("text", "stamp"),
    [
        ("90s", NOW - 90),
        ("10m", NOW - 600),
        ("2h", NOW - 7200),
        (" 1d ", NOW - 86400),
        ("2026-02-10T05:45:01Z", NOW),
        ("2026-02-10 06:45:01+01:00", NOW),
        ("2026-02-10", 1770681600.0),
        ("soon", None),
        ("-5m", None),
        ("10", None),
        ("", None),
    ],
)
def test_since_when(text: str, stamp: float | None) -> None:
    assert since(text, NOW) == stamp


def test_a_line_for_a_person_is_inert_and_says_what_was_mended() -> None:
    assert [log_line(line) for line in LINES[1:5]] == [
        "  2026-02-10 05:46:01  WARN   a          Session gt-x age: 72m (>3600s) → restart",
        "~ 2026-02-10 05:45:31  ERROR  a          gt-x-2 failed:",
        "|                                        no space",
        "!                                        Traceback",
    ]
    hostile = Line(0, "flagged", (), 1e18, "\x1b[2J", "\r", "a\nb\u202e", "")
    assert log_line(hostile).split() == ["~", "\ufffd[2J", "\ufffd", "a\ufffdb\ufffd"]


def test_the_json_of_a_line_of_several_events() -> None:
    head = b'{"ts":"2026-02-10T05:45:01Z","level":"INFO","component":"ai","message":"%s"}'
    (events,) = Parser().feed([(7, b"x" + head % b"about gt-x" + head % b"b")])
    document = log_document(events, {"gt-x"})
    assert document == {
        "schema": 1,
        "offset": 7,
        "verdict": "recovered",
        "flags": ["interleaved"],
        "ts": "2026-02-10T05:45:01.000Z",
        "level": "INFO",
        "component": "ai",
        "message": "about gt-x",
        "session": "gt-x",
        "also": [
            {"verdict": "rejected", "flags": [], "ts": None, "level": None, "component": None, "message": "x", "session": None},
            {**{key: document[key] for key in ("verdict", "flags", "ts", "level", "component")}, "message": "b", "session": None},
        ],
    }


def test_the_json_of_a_rejected_line_holds_it_as_it_stands() -> None:
    ((event,),) = Parser().feed([(7, b"\0Traceback \xff")])
    assert log_document([event], ()) == {
        "schema": 1,
        "offset": 7,
        "verdict": "rejected",
        "flags": ["nul", "encoding"],
        "ts": None,
        "level": None,
        "component": None,
        "message": "Traceback \N{REPLACEMENT CHARACTER}",
        "session": None,
        "raw": "\0Traceback \N{REPLACEMENT CHARACTER}",
    }
