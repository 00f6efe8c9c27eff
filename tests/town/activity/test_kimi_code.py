"""What screens of kimi-code are read as: the recorded scenes, other sizes and situations, and traps made from them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.town.activity.kimi_code import PROGRAM
from gastown_tui.town.activity.readers import read_screen
from gastown_tui.town.activity.rules import Reading, read
from gastown_tui.town.activity.screen import screen_of
from gastown_tui.town.snapshot import State
from tests.besides import Beside, besides, said
from tests.cost import least
from tests.recorded import Scene, scene, scenes
from tests.together import each

ASKED = [one for one in scenes("kimi-code") if "starting-blank" not in one.id]
BESIDES = besides("kimi-code")
PERMISSION = scene("kimi-code-permission-shell-80x24").rows
RED, BLUE, GREY, YELLOW = (f"\x1b[38;2;{colour}m" for colour in ("232;84;84", "79;168;255", "90;90;90", "255;203;107"))
PLAIN = "\x1b[0m"
CUES = [
    f"{BLUE}⠼{PLAIN} Working… · Tip: /init",
    "🌖",
    "🌓 Retrying (3/10) · APIProviderRateLimitError · in 34s",
    f"{RED}Error: [provider.auth_error] 401 API key not valid.{PLAIN}",
    f'{RED}LLM not set, send "/login" to login{PLAIN}',
    f"{BLUE}▶ Run this command?{PLAIN}",
    f"{BLUE}▶ 1. Approve once{PLAIN}",
    "2. Reject",
    "↑/↓ select · 1/2/3/4 choose · ↵ confirm",
    f"{GREY}{'─' * 60}{PLAIN}",
    f"{GREY}╭{'─' * 50}╮{PLAIN}",
    "│ > ",
    f"{GREY}╰{'─' * 50}╯{PLAIN}",
    "context: 99% (99k/100k)",
]


def composer(*draft: str, width: int = 80) -> list[str]:
    room = width - 6
    typed = [f" {GREY}│{PLAIN} {'>' if not row else ' '} {text:<{room - 1}}{GREY}│" for row, text in enumerate(draft or ("",))]
    edges = [f" {GREY}{left}{'─' * (width - 4)}{right}" for left, right in ("╭╮", "╰╯")]
    return [edges[0], *typed, edges[1], f"{PLAIN} kimi-k2  …/crew/kc", "   context: 2% (1.2k/97.7k)"]


def told(rows: list[str], width: int = 80) -> Reading:
    return read(PROGRAM, screen_of(rows, title="any text", width=width, height=max(24, len(rows))))


def answer(*rows: str) -> list[str]:
    return [f" {YELLOW}✨ show the log{PLAIN}", "", f" ● {rows[0]}", *(f"   {row}" for row in rows[1:]), ""]


@each(ASKED, name=lambda one: one.id)
def test_a_recorded_scene_is_read_as_it_was(one: Scene) -> None:
    assert read_screen("kimi-code", one.screen).state in one.meta["acceptable_states"]


@each([*BESIDES.values()], name=lambda one: one.name)
def test_other_sizes_and_situations(one: Beside) -> None:
    assert said(read_screen("kimi-code", one.screen)) == one.says


APPROVAL = ("Approve once", "Approve for this session", "Reject", "Reject with feedback")


@pytest.mark.parametrize(
    ("name", "kind", "text", "options"),
    [
        ("permission-shell", "permission", "Run this command? · cwd: /home/op/gt/wyvern/crew/kc · $ python3 -m pytest", APPROVAL),
        ("permission-write", "permission", "Write this file? · /home/op/gt/wyvern/crew/kc/NOTES.md", APPROVAL),
        ("question", "question", "? Which store should the queue use?", ("SQLite", "Dolt", "Other")),
        ("trust", "trust", "Trust this folder?", ("Trust this folder", "Don't trust")),
    ],
)
def test_what_is_asked_is_told_with_its_options(name: str, kind: str, text: str, options: tuple[str, ...]) -> None:
    question = read_screen("kimi-code", scene(f"kimi-code-{name}-80x24").screen).activity.question
    assert question is not None
    assert (question.kind, question.options) == (kind, options)
    assert text in question.text


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("question-multi-80x24", ("SQLite", "Dolt", "Other")),
        ("menu-permission-80x24", ("Always Ask ← current", "Ask When Needed", "Never Ask")),
        ("permission-cut-24x10", ("Approve once", "Approve for ...", "Reject", "Reject with ...")),
        ("question-review-80x24", ("Submit", "Cancel")),
    ],
)
def test_options_with_boxes_pointers_or_numbers(name: str, options: tuple[str, ...]) -> None:
    question = read_screen("kimi-code", BESIDES[name].screen).activity.question
    assert question is not None
    assert question.options == options


@pytest.mark.parametrize(
    ("name", "why", "text"),
    [
        ("auth-401", "auth", "401 API key not valid. Please pass a valid API key."),
        ("billing-402", "billing", "402 Insufficient credits"),
        ("overloaded-503", "overloaded", "APIProviderOverloadedError"),
    ],
)
def test_what_holds_it_is_told_in_its_words(name: str, why: str, text: str) -> None:
    held = read_screen("kimi-code", scene(f"kimi-code-{name}-80x24").screen).activity.held
    assert held is not None
    assert held.why == why
    assert text in held.text


def test_context_and_version_are_told() -> None:
    activity = read_screen("kimi-code", scene("kimi-code-auth-401-80x24").screen).activity
    assert (activity.context_used_pct, activity.program_version) == (1, "2.1.0")


def test_an_error_is_over_when_something_newer_stands_below_it() -> None:
    error = [f" {YELLOW}✨ go on{PLAIN}", f"   {RED}Error: [provider.api_error] 402 Insufficient credits{PLAIN}", ""]
    assert told([*error, *composer()]).state is State.HELD
    assert told([*error, *answer("Done."), *composer()]).state is State.IDLE
    advice = f"   \x1b[38;2;136;136;136mIf this persists, run `/export-debug-zip`{PLAIN}"
    assert told([*answer("Half of it"), error[1], advice, "", *composer()]).state is State.HELD
    assert told([*error, f" {YELLOW}✨ again{PLAIN}", "", "  🌒", *composer()]).activity.what == "waiting"


def test_other_errors_hold_nothing() -> None:
    assert told([f"   {RED}Error: [internal] a bug{PLAIN}", "", *composer()]).state is State.IDLE
    assert told([f"   {RED}Interrupted by user{PLAIN}", "", *composer()]).state is State.IDLE


def test_a_retry_that_waits_long_is_held() -> None:
    row = "  🌓 Retrying (2/10) · APIProviderRateLimitError · in {}"
    assert told([row.format("34s"), *composer()]).state is State.WORKING
    assert told([row.format("9m 56s"), *composer()]).state is State.HELD


def test_a_tool_runs_while_the_moon_turns() -> None:
    running = [" ● Running a command · $ pytest", "   Press Ctrl+B to run in background", ""]
    assert told([*running, "  🌒", *composer()]).activity.detail == "Running a command · $ pytest"
    assert told([*running, *composer()]).state is State.IDLE


def test_cues_in_a_draft_are_a_draft() -> None:
    plain = ["⠼ Working…", "▶ 1. Approve once", "─" * 60, "╭" + "─" * 50 + "╮", "│ > x", "╰" + "─" * 50 + "╯"]
    reading = told([*answer("ok"), *composer(*plain)])
    assert (reading.state, reading.activity.draft) == (State.IDLE, True)


def test_a_next_release_with_other_words_is_read_by_its_shape() -> None:
    assert told([f"  {BLUE}⠼{PLAIN} Pondering… 3s", *composer()]).state is State.WORKING
    words = {"Run this command?": "Shall this run?", "Approve": "Let it", "Reject": "No", "choose": "pick", "confirm": "go"}
    rows = list(PERMISSION)
    for old, new in words.items():
        rows = [row.replace(old, new) for row in rows]
    assert told(rows).state is State.WAITING
    more = [*composer(), "   a row that is new"]
    assert (told(more).state, told(more).activity.context_used_pct) == (State.IDLE, 2)


def test_a_plan_for_approval_is_a_plan() -> None:
    rows = [row.replace("Run this command?", "Ready to build with this plan?") for row in PERMISSION]
    question = told(rows).activity.question
    assert question is not None
    assert question.kind == "plan"


@given(st.lists(st.sampled_from(CUES) | st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=60), max_size=9))
def test_quoted_cues_above_a_live_composer_change_nothing(quoted: list[str]) -> None:
    reading = told([*answer("It prints:", *quoted), *composer()])
    assert (reading.state, reading.activity.draft, reading.activity.context_used_pct) == (State.IDLE, False, 2)


@given(st.lists(st.text(max_size=80) | st.sampled_from(CUES) | st.sampled_from(composer()), max_size=40))
def test_any_rows_are_read(rows: list[str]) -> None:
    assert told(rows).fact


@pytest.mark.parametrize("unit", ["⠇ a", "─", "│ ", "│ > ", "[1] ", "Error: [provider.", "╭─", "❯ ", "🌓 Retrying (1/2) · "])
def test_the_cost_of_a_hostile_screen_grows_no_faster_than_its_rows(unit: str) -> None:
    def cost(width: int) -> float:
        row = (unit * width)[:width]
        screen = screen_of([" ✨ a", "", *[RED + row] * 40, "", *composer(row, width=width)], width=width, height=60)
        return least(lambda: read(PROGRAM, screen))

    assert cost(2000) < 8 * cost(500) + 0.001
