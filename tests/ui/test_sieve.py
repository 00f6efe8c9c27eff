"""Which lines a query keeps, and that looking at them is done in slices, each line once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.town.lines import Line
from gastown_tui.ui.sieve import Sieve, condition, next_level

AGE = Line(0, "ok", (), 10.0, "INFO", "handoff", "Session gt-crew-jack age: 72m (>3600s) → restart")
OTHER = Line(1, "ok", (), 11.0, "INFO", "handoff", "Session gt-crew-jack-2 age: 5m → OK")
WARNING = Line(2, "ok", (), 12.0, "Warn", "upstream", "Upgrade to v0.5.1 still pending")
FAILED = Line(3, "flagged", ("utf-8",), 13.0, "ERROR", "ai", "timed out")
ODD = Line(4, "ok", (), 14.0, "NOISE", None, "what no level tells")
BARE = Line(5, "recovered", ("cut short",), None, None, None, "", '{"ts":"')
REJECTED = Line(6, "rejected", (), raw="Traceback: gt-crew-jack")
ALL = (AGE, OTHER, WARNING, FAILED, ODD, BARE, REJECTED)


def kept(query: str) -> list[int]:
    passes = condition(query)
    return [line.offset for line in ALL if passes is None or passes(line)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [0, 1, 2, 3, 4, 5, 6]),
        ("   ", [0, 1, 2, 3, 4, 5, 6]),
        ("level:warn", [2, 3, 4, 5, 6]),
        ("LEVEL:Warning", [2, 3, 4, 5, 6]),
        ("level:error", [3, 4, 5, 6]),
        ("level:err", [3, 4, 5, 6]),
        ("level:noise", [4]),
        ("level:noises", []),
        ("level:broken", [3, 5, 6]),
        ("level:", []),
        ("comp:HAND", [0, 1]),
        ("component:ai", [3]),
        ("session:gt-crew-jack", [0, 6]),
        ("session:gt-crew-jac", []),
        ("session:gt-crew-jack-2", [1]),
        ("session:crew-jack", []),
        ("age 5M", [1]),
        ("traceback", [6]),
        ("level:warn upgrade", [2]),
        ("(>3600s)", [0]),
        ("ts:1", []),
    ],
)
def test_a_query_keeps_these_lines(query: str, expected: list[int]) -> None:
    assert kept(query) == expected


def test_the_level_is_one_word_of_the_query_and_goes_round() -> None:
    query, seen = "jack level:WARN now", []
    for _ in range(4):
        query = next_level(query)
        seen.append(query)
    assert seen == ["level:error jack now", "level:broken jack now", "jack now", "level:warn jack now"]
    assert next_level("level:what") == ""


def test_what_belongs_to_an_event_passes_with_it_wherever_a_slice_ends() -> None:
    told = [AGE, Line(0, "joined", raw="more"), Line(0, "joined", raw="and more"), WARNING, Line(0, "joined", raw="even more")]
    for most in range(1, 6):
        sieve = Sieve("jack")
        while not sieve.take(told, 0, len(told), most):
            pass
        assert list(sieve.shown) == [0, 1, 2], most


def test_the_newest_are_found_first_and_a_key_waits_for_one_slice() -> None:
    told = [Line(number, "ok", message=f"line {number}") for number in range(100_000)]
    sieve = Sieve("9")
    assert not sieve.take(told, 0, len(told), 4000)
    assert sieve.examined == 4000
    assert sieve.shown[-1] == 99_999 and sieve.shown[0] == 96_000
    slices = 1
    while not sieve.take(told, 0, len(told), 4000):
        slices += 1
    assert slices == 24 and sieve.examined == 100_000
    assert len(sieve.shown) == sum("9" in line.message for line in told)
    more = [*told, Line(0, "ok", message="99"), Line(0, "ok", message="1")]
    assert sieve.take(more, 0, len(more), 4000)
    assert sieve.examined == 100_002 and sieve.shown[-1] == 100_000


def test_without_a_query_no_line_is_looked_at() -> None:
    sieve = Sieve("")
    assert sieve.take([AGE] * 1000, 7, 900, 10)
    assert sieve.shown == range(7, 900) and sieve.examined == 0


@given(
    st.text(alphabet="ab", max_size=1),
    st.lists(st.tuples(st.sampled_from(["grow", "drop", "earlier", "clear"]), st.integers(0, 9), st.integers(1, 6)), max_size=20),
)
def test_it_keeps_what_one_look_at_all_would_keep(query: str, changes: list[tuple[str, int, int]]) -> None:
    """Whatever comes, goes or is read before: once all is looked at, it is what a new one finds, and the numbers ascend."""
    first, lines = 50, [Line(0, "ok", message="a")]
    sieve = Sieve(query)
    for change, count, most in changes:
        told = [Line(0, "joined" if number % 4 == 3 else "ok", message="ab"[number % 2]) for number in range(count)]
        if change == "grow":
            lines = [*lines, *told]
        elif change == "earlier":
            first, lines = first - len(told), [*told, *lines]
        else:
            gone = len(lines) if change == "clear" else min(count, len(lines))
            first, lines = first + gone, lines[gone:]
        sieve.take(lines, first, first + len(lines), most)
        assert list(sieve.shown) == sorted(set(sieve.shown))
        assert all(first <= number < first + len(lines) for number in sieve.shown)
    while not sieve.take(lines, first, first + len(lines), 3):
        pass
    fresh = Sieve(query)
    while not fresh.take(lines, first, first + len(lines), 1000):
        pass
    joined = {first + index for index, line in enumerate(lines) if line.verdict == "joined"}
    assert set(sieve.shown) - joined == set(fresh.shown) - joined
