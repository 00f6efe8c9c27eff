"""Text made inert, secrets hidden, times made short."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.town.text import MASK, age, clock_time, json_line, mask, mask_variable, quiet, rfc3339, safe

ANYTHING = st.text(st.characters(exclude_categories=()))


@given(st.dictionaries(ANYTHING, ANYTHING | st.lists(st.integers() | st.none())))
def test_any_document_is_one_line_that_strict_readers_take(document: dict[str, object]) -> None:
    line = json_line(document)
    assert line.isascii() and len(line.splitlines()) == 1
    json.dumps(json.loads(line), ensure_ascii=False).encode()


LONE = (("gt-\udcff", "gt-\ufffd"), ("\\ud800 \\udcff", "\\ud800 \\udcff"), ("😀\ud83d", "😀\ufffd"))


@pytest.mark.parametrize(("text", "told"), LONE)
def test_a_lone_surrogate_is_told_as_what_it_is_and_nothing_else_is(text: str, told: str) -> None:
    assert json.loads(json_line({"root": text})) == {"root": told}


@given(ANYTHING)
def test_safe_text_is_inert_one_line_and_of_the_same_length(text: str) -> None:
    made = safe(text)
    assert len(made) == len(text) and safe(made) == made
    assert not any(
        unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(one) in BIDI for one in made
    )
    assert len(made.splitlines()) <= 1
    made.encode()


BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@given(st.text(st.characters(categories=["L", "N", "S", "P"])))
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert safe(text) == text


@pytest.mark.parametrize(
    "secret",
    [
        "sk-ant-api03-abcdefgh",
        "ghp_0123456789abcdefghij",
        "xoxb-12345678-abcdefgh",
        "AKIAIOSFODNN7EXAMPLE",
        "AIzaSyA0123456789abcdefghij",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefghij",
        "glpat-abcdefghijkl",
        "Bearer abcdefgh12345678",
        "https://user:hunter2@example.org",
        "redis://:hunter2@example.org",
        "github_pat_11ABCDEFG0abcdefghijkl",
        "sk_live_abcdefgh12345678",
        "hf_abcdefghijklmnopqrst",
        "npm_abcdefghijklmnopqrst",
        "ASIAIOSFODNN7EXAMPLE",
        "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXX",
    ],
)
def test_what_looks_like_a_secret_is_hidden(secret: str) -> None:
    hidden = mask(f"before {secret} after")
    assert MASK in hidden and hidden.startswith("before ") and hidden.endswith(" after")
    word = re.sub(r"^(Bearer |https://user:|redis://:|https://hooks\.slack\.com/services/)", "", secret).partition("@")[0]
    assert word not in hidden


@pytest.mark.parametrize(
    "plain", ["the task-force", "ask-me", "gt-crew-jack", "https://example.org/a:b", "eyJ", "a bearer of news"]
)
def test_what_does_not_is_left(plain: str) -> None:
    assert mask(plain) == plain


@pytest.mark.parametrize(
    "name",
    ["ANTHROPIC_API_KEY", "GITHUB_TOKEN", "DB_PASSWORD", "MY_SECRET", "SENTRY_DSN", "CLAUDE_SESSION_ID", "SSHPASS", "MYSQL_PWD"],
)
def test_a_variable_is_hidden_by_its_name(name: str) -> None:
    assert mask_variable(name, "anything") == MASK and mask_variable(name, "") == ""


def test_a_variable_is_hidden_by_its_form() -> None:
    for name, value in (("GT_ROLE", "alpha/crew/max"), ("PWD", "/srv"), ("OLDPWD", "/srv"), ("COMPASS_BEARING", "north")):
        assert mask_variable(name, value) == value
    assert mask_variable("NOTE", "see sk-ant-api03-abcdefgh") == f"see {MASK}"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, "?"),
        (-3600, "clock"),
        (-2.1, "clock"),
        (-2, "0 s"),
        (0.9, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (3720, "1 h 02"),
        (35_999, "9 h 59"),
        (36_000, "10 h"),
        (37_000, "10 h"),
        (86_399, "23 h"),
        (86_400, "1 d"),
        (1e9, "11574 d"),
    ],
)
def test_age(seconds: float | None, told: str) -> None:
    assert age(seconds) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, "?"),
        (-3, "clock"),
        (0, "now"),
        (9.9, "now"),
        (10, "10 s"),
        (29, "10 s"),
        (30, "30 s"),
        (59.9, "30 s"),
        (60, "1 min"),
    ],
)
def test_quiet_goes_in_steps(seconds: float | None, told: str) -> None:
    assert quiet(seconds) == told


@given(st.floats(-1e12, 1e12))
def test_no_time_has_a_minus(seconds: float) -> None:
    assert not age(seconds).startswith("-") and not quiet(seconds).startswith("-")


def test_stamps() -> None:
    assert rfc3339(1_800_000_000.0456) == "2027-01-15T08:00:00.045Z" and rfc3339(None) is None
    assert clock_time(1_800_000_000.9) == "08:00:00"


@given(st.floats())
def test_no_stamp_is_too_strange(stamp: float) -> None:
    told = rfc3339(stamp)
    assert (told is None) == (clock_time(stamp) == "?")
    assert told is None or (len(told) == 24 and told.endswith("Z"))
