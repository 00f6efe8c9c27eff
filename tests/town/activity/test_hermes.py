"""What screens of hermes are read as: the recorded scenes, other sizes and situations, and traps made from them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.town.activity.hermes import PROGRAM
from gastown_tui.town.activity.readers import read_screen
from gastown_tui.town.activity.rules import Reading, read
from gastown_tui.town.activity.screen import screen_of
from gastown_tui.town.snapshot import State
from tests.besides import Beside, besides, said
from tests.cost import least
from tests.recorded import Scene, scene, scenes
from tests.together import each

BESIDES = besides("hermes")
GOLD, BRONZE, PLAIN = "\x1b[3;38;5;136m", "\x1b[38;5;173m", "\x1b[0m"
CUES = [
    "⚕ ❯ msg=interrupt · /queue · /bg · /steer · Ctrl+C cancel",
    f"{GOLD}  💻 sleep 20  (  2.5s){PLAIN}",
    "❌ Non-retryable error (HTTP 402): Insufficient credits",
    "❌ Rate limited after 3 retries — HTTP 429",
    f"{BRONZE}╭───────────────────────╮{PLAIN}",
    f"{BRONZE}│{PLAIN} ❯ 1. Allow once        {BRONZE}│{PLAIN}",
    f"{BRONZE}│{PLAIN}   2. Deny              {BRONZE}│{PLAIN}",
    f"{BRONZE}╰───────────────────────╯{PLAIN}",
    "⚠ ❯",
    "? ❯",
    f"{BRONZE}────────────────────────{PLAIN}",
    " ⚕ mock-1 │ 199K/200K │ [██████████] 99% │ 1m │ ⏱ 2s",
]


def composer(typed: str = "", *more: str, sign: str = "❯", used: int = 1) -> list[str]:
    rule = BRONZE + "─" * 80 + PLAIN
    return [f" ⚕ mock-1 │ 1.2K/200K │ [░░░░░░░░░░] {used}% │ 17s │ ⏲ 0s", rule, f"{sign} {typed}".rstrip(), *more, rule]


def told(rows: list[str]) -> Reading:
    return read(PROGRAM, screen_of(rows, title="host", width=80, height=max(24, len(rows))))


def answer(*rows: str) -> list[str]:
    """A message and an answer to it: in a box without sides, four columns in."""
    return [
        "● show the log",
        "─" * 40,
        "",
        "╭─ ⚕ Hermes " + "─" * 60 + "╮",
        *(f"    {row}" for row in rows),
        "╰" + "─" * 70 + "╯",
    ]


@each(scenes("hermes"), name=lambda one: one.id)
def test_a_recorded_scene_is_read_as_it_was(one: Scene) -> None:
    assert read_screen("hermes", one.screen).state in one.meta["acceptable_states"]


@each([*BESIDES.values()], name=lambda one: one.name)
def test_other_sizes_and_situations(one: Beside) -> None:
    assert said(read_screen("hermes", one.screen)) == one.says


@pytest.mark.parametrize(
    ("name", "kind", "text", "options"),
    [
        ("permission-shell", "permission", "rm -rf build && git reset --hard", ("Allow once", "Deny")),
        ("question", "question", "Which store should the queue use?", ("SQLite", "Other (type your answer)")),
    ],
)
def test_what_is_asked_is_told_with_its_options(name: str, kind: str, text: str, options: tuple[str, str]) -> None:
    question = read_screen("hermes", scene(f"hermes-{name}-80x24").screen).activity.question
    assert question is not None
    assert (question.kind, question.options[0], question.options[-1]) == (kind, *options)
    assert text in question.text


def test_choices_without_numbers_are_told() -> None:
    question = read_screen("hermes", BESIDES["menu-model-80x24"].screen).activity.question
    assert question is not None
    assert question.options[1:] == ("Custom endpoint (2 models) ← current", "openai-api (16 models)", "Cancel")


def test_the_context_is_told_by_the_status_bar() -> None:
    assert told(composer(used=42)).activity.context_used_pct == 42


def test_an_error_is_over_when_something_newer_stands_below_it() -> None:
    error = ["● go on", "─" * 40, "❌ Non-retryable error (HTTP 402): Insufficient credits", ""]
    assert told([*error, *composer()]).state is State.HELD
    assert told([*error, *answer("Done."), *composer()]).state is State.IDLE
    assert told([*error, "● again", "", *composer(sign="⚕ ❯")]).state is State.WORKING


def test_a_message_that_quotes_an_error_changes_nothing() -> None:
    message = ["● look at", "❌ Rate limited after 3 retries", "─" * 40]
    assert told([*message, "⚡ Interrupted during API call.", *composer()]).state is State.IDLE


@pytest.mark.parametrize("sign", ["⚠ ❯", "? ❯", "✎ ❯", "🔐 ❯", "⚠", "?"])
def test_a_sign_that_asks_waits_though_its_box_is_out_of_sight(sign: str) -> None:
    hint = f"{GOLD}  ↑/↓ to select, Enter to confirm{PLAIN}  (58s)"
    assert told([f"{GOLD}  💻 sleep 20  (  2.5s){PLAIN}", hint, *composer(sign=f"{GOLD}{sign}{PLAIN}")]).state is State.WAITING


@pytest.mark.parametrize(("sign", "state"), [("coder ❯", State.IDLE), ("⚕ coder ❯", State.WORKING), ("⠧ ❯", State.WORKING)])
def test_a_profile_has_its_name_in_the_sign(sign: str, state: State) -> None:
    assert told([*answer("ok"), *composer(sign=sign)]).state is state


def test_its_own_hint_is_no_draft() -> None:
    assert told(composer(f"{GOLD}type or ctrl+b to record{PLAIN}")).activity.draft is False
    assert told(composer(f"{GOLD}msg=interrupt · /queue{PLAIN}", sign=f"{GOLD}⚕ ❯{PLAIN}")).activity.draft is False
    assert told(composer("and the docs", sign=f"{GOLD}⚕ ❯{PLAIN}")).activity.draft is True
    assert told(composer("one", "two")).activity.draft is True


def test_a_draft_whose_first_row_is_out_of_sight() -> None:
    rows = composer()
    assert told([*rows[:2], "the middle of it", "its end", rows[-1]]).activity.draft is True
    assert told([*rows[:2], "? what does it print", "its end", rows[-1]]).state is State.IDLE


def test_cues_in_a_draft_are_a_draft() -> None:
    reading = told([*answer("ok"), *composer("⚠ ❯ look", "❌ Rate limited", "╭────────╮", "│ ❯ 1. Yes │", "╰────────╯")])
    assert (reading.state, reading.activity.draft) == (State.IDLE, True)


@given(st.lists(st.sampled_from(CUES) | st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=60), max_size=9))
def test_quoted_cues_above_a_live_composer_change_nothing(quoted: list[str]) -> None:
    reading = told([*answer("It prints:", *quoted), *composer()])
    assert (reading.state, reading.activity.draft, reading.activity.context_used_pct) == (State.IDLE, False, 1)


@given(st.lists(st.text(max_size=80) | st.sampled_from(CUES) | st.sampled_from(composer()), max_size=40))
def test_any_rows_are_read(rows: list[str]) -> None:
    assert told(rows).fact


@pytest.mark.parametrize("unit", ["❌ ", "─", "│ ", " ⚕ ", "1. ", "  x  (1", "╭─ ", "❯ ", "⚕ "])
def test_the_cost_of_a_hostile_screen_grows_no_faster_than_its_rows(unit: str) -> None:
    def cost(width: int) -> float:
        row = (unit * width)[:width]
        screen = screen_of(["● a", "", *[row] * 40, *composer(row, row)], width=width, height=60)
        return least(lambda: read(PROGRAM, screen))

    assert cost(2000) < 8 * cost(500) + 0.001
