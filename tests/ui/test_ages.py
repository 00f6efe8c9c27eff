"""Ages change exactly when they say: nothing is drawn in between, and nothing is drawn too late."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.town import text
from gastown_tui.ui.ages import Ages

stamps = st.one_of(st.floats(-10, 200), st.floats(3000, 40000), st.floats(80000, 300000))


@pytest.mark.parametrize("kind", ["age", "quiet"])
@given(seconds=stamps)
def test_the_text_is_the_same_until_then_and_another_at_that_moment(kind: str, seconds: float) -> None:
    write = getattr(text, kind)
    ages = Ages(1_000_000.0)
    shown = getattr(ages, kind)(1_000_000.0 - seconds)
    later = ages.next - 1_000_000.0 + seconds
    assert ages.next > ages.now
    assert shown == write(seconds)
    assert write(later + 0.001) != shown
    # Minutes turn together, so they may turn five seconds late; seconds never do.
    late = 5 if later >= 60 else 0
    assert write(max(seconds, later - late - 0.001)) == write(max(seconds, (seconds + later - late) / 2)) == shown


def test_the_first_of_all_is_next() -> None:
    ages = Ages(1000.0)
    ages.age(1000.0 - 61)
    ages.age(1000.0 - 0.5)
    ages.due(999.0)
    assert ages.next == 1000.5


def test_what_is_not_known_never_changes() -> None:
    ages = Ages(1000.0)
    assert (ages.age(None), ages.quiet(None)) == ("?", "?")
    ages.due(None)
    assert ages.next == inf


@pytest.mark.parametrize(
    ("seconds", "told"), [(3, "just now"), (12, "10 s ago"), (7200, "2 h ago"), (-900, "by a stamp from the future")]
)
def test_how_long_ago_is_told_in_words(seconds: float, told: str) -> None:
    assert Ages(1000.0).ago(1000.0 - seconds) == told


def test_the_minute_changes_on_the_minute() -> None:
    ages = Ages(1795257725.0)
    assert ages.minute() == "10:42"
    assert ages.next == 1795257780.0


@given(seconds=st.floats(0.01, 35_000))
def test_what_is_left_is_counted_in_minutes_begun_until_it_is_over(seconds: float) -> None:
    ages = Ages(1_000_000.0)
    shown, end = ages.left(1_000_000.0 + seconds), 1_000_000.0 + seconds
    assert ages.now < ages.next <= end
    assert Ages((ages.now + ages.next) / 2).left(end) == shown
    assert Ages(ages.next + 0.001).left(end) != shown
    assert shown == f"in {text.age(-(-seconds // 60) * 60)}"
    assert Ages(end).left(end) == "over"
