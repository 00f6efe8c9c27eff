"""When a limit ends: a program's words, read at a moment."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.town.activity.resets import FARTHEST_S, resets_at
from gastown_tui.town.snapshot import Moment
from tests.cost import least


def stamp(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


NOON = Moment(stamp("2026-11-21 10:00:00"), 0.0, 3600.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("You've hit your limit · resets 12:20pm (UTC)", "2026-11-21 12:20:00"),
        ("resets 3pm (America/New_York)", "2026-11-21 20:00:00"),
        ("resets 3pm UTC", "2026-11-21 15:00:00"),
        ("resets Nov 25, 3pm (UTC)", "2026-11-25 15:00:00"),
        ("resets Nov 25 at 3pm", "2026-11-25 14:00:00"),
        ("resets 11am", "2026-11-21 10:00:00"),
        ("resets 12am", "2026-11-20 23:00:00"),
        ("resets at 15:00", "2026-11-21 14:00:00"),
        ("resets tomorrow at 9am", "2026-11-22 08:00:00"),
        ("resets today at 9pm", "2026-11-21 20:00:00"),
        ("resets Mon 9am", "2026-11-23 08:00:00"),
        ("resets Friday at 9am (UTC)", "2026-11-27 09:00:00"),
        ("You\N{RIGHT SINGLE QUOTATION MARK}ve hit your usage limit. Upgrade or try again at 12:24 PM.", "2026-11-21 11:24:00"),
        ("try again at 12:24\N{NARROW NO-BREAK SPACE}PM.", "2026-11-21 11:24:00"),
        ("or try again at Nov 25th, 2026 12:24 PM.", "2026-11-25 11:24:00"),
        ("try again in 3 hours 20 minutes", "2026-11-21 13:20:00"),
        ("try again in 1 hour and 5 min", "2026-11-21 11:05:00"),
        ("try again in about 2 days, 1 hour", "2026-11-23 11:00:00"),
        ("in 9m 56s", "2026-11-21 10:09:56"),
        ("your quota will reset after 18h20m34s.", "2026-11-22 04:20:34"),
        ("Rate limit reached, try again later [retrying in 34s attempt #1]", "2026-11-21 10:00:34"),
        ("Retry-After: 120", "2026-11-21 10:02:00"),
        ("limit reached|1795255200", "2026-11-21 10:00:00"),
        ("resets 2026-11-21T15:00:00Z", "2026-11-21 15:00:00"),
        ("resets at 2026-11-21T15:00:00.123456+02:00", "2026-11-21 13:00:00"),
        ("until 2026-11-21 15:00", "2026-11-21 14:00:00"),
    ],
)
def test_the_words_are_read(text: str, expected: str) -> None:
    assert resets_at(text, NOON) == stamp(expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Stop and wait for limit to reset",
        "resets 3pm (Nowhere/Land)",
        "resets 3pm (../../etc/passwd)",
        "resets 3pm (America)",
        "resets 3pm PST",
        "resets 13pm",
        "resets 25:99",
        "resets Feb 31, 3pm",
        "resets Dec 25, 3pm",
        "resets Nov 25 2024 at 3pm",
        "resets in 3 weeks",
        "try again in 9 days",
        "2026-99-99T15:00:00Z",
        "resets 1999-01-01T00:00:00Z",
        "available 24/7",
        "retry 3/10",
        "after 3 attempts",
        "Error at 10:15: overloaded",
        "exit status 4294967295",
    ],
)
def test_what_is_no_such_time_is_none(text: str) -> None:
    assert resets_at(text, NOON) is None


def test_a_time_seen_after_it_passed_is_past() -> None:
    for minutes in range(0, 11 * 60, 7):
        later = NOON._replace(wall=stamp("2026-11-21 23:50:00") + minutes * 60)
        assert resets_at("resets 11:50pm (UTC)", later) == stamp("2026-11-21 23:50:00")


def test_a_time_after_midnight_is_the_next_day() -> None:
    evening = NOON._replace(wall=stamp("2026-12-31 23:30:00"))
    assert resets_at("resets 2am (UTC)", evening) == stamp("2027-01-01 02:00:00")
    assert resets_at("resets Jan 2, 2am (UTC)", evening) == stamp("2027-01-02 02:00:00")


@pytest.mark.parametrize(
    ("now", "text", "expected"),
    [
        # The clocks of Berlin go forward on 2026-03-29 at 01:00 UTC, back on 2026-10-25 at 01:00 UTC.
        ("2026-03-28 22:00:00", "resets 8am (Europe/Berlin)", "2026-03-29 06:00:00"),
        ("2026-03-29 00:30:00", "resets 3:30am (Europe/Berlin)", "2026-03-29 01:30:00"),
        ("2026-10-24 22:30:00", "resets 8am (Europe/Berlin)", "2026-10-25 07:00:00"),
        ("2026-03-07 23:00:00", "resets Mar 8, 9am (America/New_York)", "2026-03-08 13:00:00"),
        ("2026-10-31 23:00:00", "resets Nov 1, 9am (America/New_York)", "2026-11-01 14:00:00"),
    ],
)
def test_clocks_that_change_by_season(now: str, text: str, expected: str) -> None:
    assert resets_at(text, Moment(stamp(now), 0.0)) == stamp(expected)


def test_local_time_is_that_of_the_moment() -> None:
    for hours in (-9.5, -5, 0, 5.75, 13):
        now = NOON._replace(offset=hours * 3600)
        local = datetime.fromtimestamp(NOON.wall + hours * 3600 + 7200, UTC)
        assert resets_at(f"try again at {local:%I:%M %p}.", now) == NOON.wall + 7200


VOCABULARY = """resets retrying try again in at until after wait 3pm 12:20pm (UTC) (Europe/Berlin) Nov Feb 31 25, 9m 56s 3 hours
days and 99999 1795255200 2026-11-21T15:00:00Z 2026-02-30T25:61:00+99:99 tomorrow Mon 0am 00:00 · | [ ] . (Asia/\ud800) \0"""
WORDS = st.sampled_from(VOCABULARY.split())


@given(
    text=st.one_of(st.text(max_size=80), st.lists(WORDS, max_size=12).map(" ".join)),
    wall=st.floats(-1e18, 1e18),
    offset=st.floats(-1e9, 1e9),
)
def test_it_never_raises_and_stays_near(text: str, wall: float, offset: float) -> None:
    for now in (Moment(wall, 0.0, offset), Moment(NOON.wall, 0.0, offset % 86400 - 43200)):
        found = resets_at(text, now)
        assert found is None or abs(found - now.wall) <= FARTHEST_S


@pytest.mark.parametrize("text", ["resets " * 200, "in " + "9m " * 200, "(" * 600, "resets Nov 25 " + "1" * 500, "a" * 100_000])
def test_hostile_text_costs_nothing(text: str) -> None:
    assert least(lambda: resets_at(text, NOON)) < 0.01
