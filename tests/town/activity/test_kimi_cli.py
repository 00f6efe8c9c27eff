"""What screens of kimi-cli are read as: the recorded scenes, other sizes and situations, and traps made from them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.town.activity.kimi_cli import PROGRAM
from gastown_tui.town.activity.readers import read_screen
from gastown_tui.town.activity.rules import Reading, read
from gastown_tui.town.activity.screen import screen_of
from gastown_tui.town.snapshot import State
from tests.besides import Beside, besides, said
from tests.cost import least
from tests.recorded import Scene, scene, scenes
from tests.together import each

TOLD_BY_PROCESSES = ("starting-blank", "zombie", "crashed", "sigstop-wrapped")
ASKED = [one for one in scenes("kimi-cli") if not any(part in one.id for part in TOLD_BY_PROCESSES)]
BESIDES = besides("kimi-cli")
RED, GREY, BLUE, PLAIN = "\x1b[31m", "\x1b[38;5;244m", "\x1b[34m", "\x1b[0m"
CUES = [
    "⠇ Composing... 15s · 40 tokens",
    f"⠸ Using {BLUE}Shell{PLAIN} {GREY}(pytest){PLAIN}",
    "🌒",
    "Compacting...",
    f"{GREY}\x1b[3mRetrying after rate limit · attempt 3/3 · 1s{PLAIN}",
    f"{RED}Authorization failed. Your session may have expired.{PLAIN}",
    f"{RED}LLM provider error: Error code: 429 - {{'error': 1}}{PLAIN}",
    f'{RED}LLM not set, send "/login" to login{PLAIN}',
    "\x1b[38;5;240m── input · 3 queued ──────────────────\x1b[0m",
    "\x1b[33m╭─ approval ───────────────────────────╮\x1b[0m",
    "\x1b[33m│\x1b[0m  Shell is requesting approval to run command:",
    "\x1b[36m→ [1] Approve once\x1b[0m",
    "  [2] Reject",
    "\x1b[33m╰──────────────────────────────────────╯\x1b[0m",
    "Select a model (↑↓ navigate, Enter select, Ctrl+C cancel):",
    "   >  1. kimi-k2",
    "context: 99.0% (99k/100k)",
]


def composer(*draft: str, width: int = 80, title: str = "input") -> list[str]:
    rule = f"\x1b[38;5;240m── {title} " + "─" * (width - len(title) - 4)
    bar = "\x1b[38;5;239m" + "─" * width
    return [
        rule,
        PLAIN + " " + "\n".join(draft or ("",)),
        "",
        bar,
        f"{PLAIN}agent (kimi-k2 ○)  ~/gt/x",
        "  context: 1.2% (1.2k/100k)",
    ]


def told(rows: list[str], width: int = 80) -> Reading:
    split = [part for row in rows for part in row.split("\n")]
    return read(PROGRAM, screen_of(split, title="Kimi Code", width=width, height=max(24, len(split))))


def answer(*rows: str) -> list[str]:
    """An answer as it is printed: on a bullet, the rest of it two columns further in, then three blank rows."""
    return ["✨ show the log", "", f"• {rows[0]}", *(f"  {row}" for row in rows[1:]), "", "", ""]


@each(ASKED, name=lambda one: one.id)
def test_a_recorded_scene_is_read_as_it_was(one: Scene) -> None:
    assert read_screen("kimi-cli", one.screen).state in one.meta["acceptable_states"]


@each([*BESIDES.values()], name=lambda one: one.name)
def test_other_sizes_and_situations(one: Beside) -> None:
    assert said(read_screen("kimi-cli", one.screen)) == one.says


@pytest.mark.parametrize(
    ("name", "kind", "text", "options"),
    [
        ("permission-shell", "permission", "Shell is requesting approval to run command: · python3 -m pytest -q tests", 4),
        ("permission-write", "permission", "edit file: · +4 /home/op/gt/beads/crew/rust/NOTES.md", 4),
        ("question", "question", "? Which store should the queue use?", ("SQLite", "Dolt", "Other")),
        ("plan-enter", "plan", "? Enter plan mode?", ("Yes", "No", "Other")),
        ("menu-model", "menu", "Select a model", ()),
    ],
)
def test_what_is_asked_is_told_with_its_options(name: str, kind: str, text: str, options: tuple[str, ...] | int) -> None:
    question = read_screen("kimi-cli", scene(f"kimi-{name}-120x40").screen).activity.question
    assert question is not None
    assert question.kind == kind
    assert text in question.text
    assert (len(question.options) if isinstance(options, int) else question.options) == options


def test_a_question_with_several_answers_has_its_boxes_for_options() -> None:
    question = read_screen("kimi-cli", BESIDES["question-multi-40x24"].screen).activity.question
    assert question is not None
    assert question.options == ("SQLite", "Dolt", "Nothing at all", "Other")


@pytest.mark.parametrize(
    ("name", "why", "text"),
    [
        ("auth-401", "auth", "Authorization failed"),
        ("billing-402", "billing", "Membership expired"),
        ("quota-403", "limit", "Error code: 403"),
        ("rate-429", "rate", "Organization rate limit exceeded"),
        ("overloaded-503", "overloaded", "The engine is currently overloaded"),
        ("llm-not-set", "auth", "LLM not set"),
        ("first-start-no-model", "auth", "Model: not set"),
    ],
)
def test_what_holds_it_is_told_in_its_words(name: str, why: str, text: str) -> None:
    held = read_screen("kimi-cli", scene(f"kimi-{name}-120x40").screen).activity.held
    assert held is not None
    assert held.why == why
    assert text in held.text
    assert "If this persists" not in held.text


@pytest.mark.parametrize(
    ("name", "what", "detail", "draft"),
    [
        ("working-tool", "tool", "Shell (echo step 1; sleep 300)", False),
        ("working-thinking", "thinking", None, False),
        ("working-streaming", "answering", None, False),
        ("working-hang", "waiting", None, False),
        ("working-draft", "answering", None, True),
        ("idle-draft-multiline", None, None, True),
        ("idle-slash-popup", None, None, True),
        ("idle-empty", None, None, False),
    ],
)
def test_what_it_does_and_what_somebody_typed(name: str, what: str | None, detail: str | None, draft: bool) -> None:
    told = read_screen("kimi-cli", scene(f"kimi-{name}-120x40").screen).activity
    assert (told.what, told.detail, told.draft) == (what, detail, draft)


def test_the_context_is_told_by_the_toolbar() -> None:
    assert read_screen("kimi-cli", scene("kimi-idle-context-low-120x40").screen).activity.context_used_pct == 84


def test_an_error_is_over_when_something_newer_stands_below_it() -> None:
    error = ["✨ go on", "", f"{RED}Membership expired, please renew your plan{PLAIN}", "", ""]
    assert told([*error, *composer()]).state is State.HELD
    assert told([*error, *answer("Done."), *composer()]).state is State.IDLE
    assert told([*error, "✨ again", "", "🌒", "", *composer()]).activity.what == "waiting"
    dropped = "\x1b[33mQueued message dropped: and the docs\x1b[0m"
    assert told([*error[:-2], dropped, "", "", *composer()]).state is State.HELD


def test_what_a_shell_prints_is_not_the_programs_word() -> None:
    shell = ["\x1b[38;5;240m" + "─" * 80, f"{PLAIN}$ cat log", CUES[5], CUES[0]]
    assert told([*shell, "", *composer()]).state is State.IDLE
    assert told([*answer("ok"), *shell, "\x1b[38;5;240m" + "─" * 80, f"{PLAIN}$ ", *composer()[2:]]).state is State.IDLE


def test_a_message_that_quotes_cues_changes_nothing() -> None:
    assert told(["✨ look at", *CUES[:4], "", RED + "Interrupted by user" + PLAIN, "", "", *composer()]).state is State.IDLE


def test_a_message_with_commands_and_bullets_hides_no_work() -> None:
    assert told(["✨ please run", "$ make test", "• and tell", "", "🌒", "", *composer()]).activity.what == "waiting"
    assert told(["✨ please run", "$ make test", CUES[5], "", "", *composer()]).state is State.HELD


def test_a_prompt_for_an_update_at_the_start_waits() -> None:
    grey = f"{GREY}{'─' * 80}{PLAIN}"
    box = ["\x1b[33m╭────── kimi-cli update available ──────╮", "│  Latest version  1.99.0               │", f"╰{'─' * 39}╯"]
    asks = [*box, grey, f"{PLAIN}  [Enter]  Upgrade now", "  [q]      Not now, remind me next time", "  [s]      Skip", grey]
    assert told(asks).state is State.WAITING


def test_cues_in_a_draft_are_a_draft() -> None:
    quoted = [cue.replace(RED, "").replace("\x1b[33m", "").replace("\x1b[38;5;240m", "") for cue in CUES]
    reading = told([*answer("ok"), *composer(*quoted)])
    assert (reading.state, reading.activity.draft) == (State.IDLE, True)


def test_a_placeholder_is_no_draft() -> None:
    assert told(composer(f"{GREY}Use ↑/↓ or 1/2/3, then press Enter{PLAIN}")).activity.draft is False


def test_a_next_release_with_other_words_is_read_by_its_shape() -> None:
    assert told(["✨ go", "", "⠇ Pondering deeply 3s", "", "", *composer(title="prompt · 2 waiting")]).state is State.WORKING
    box = [row.replace("approval", "consent").replace("Approve", "Let it") for row in scene("kimi-permission-shell-120x40").rows]
    reading = told(box, 120)
    assert reading.state is State.WAITING
    assert reading.activity.question is not None
    assert len(reading.activity.question.options) == 4
    assert told([*composer()[:-1], "  context: 2% of 1M", "  a row that is new"]).activity.context_used_pct == 2


def test_a_prompt_without_a_title_of_older_releases() -> None:
    rule = "\x1b[38;5;240m" + "─" * 80
    assert told([*answer("ok"), rule, f"{PLAIN}💫 a draft", *composer()[2:]]).activity.draft is True


def test_a_plan_for_approval_is_a_plan() -> None:
    rows = [row.replace("Enter plan mode?", "Approve this plan") for row in scene("kimi-plan-enter-120x40").rows]
    question = told(rows, 120).activity.question
    assert question is not None
    assert question.kind == "plan"


@each(scenes("kimi-code"), name=lambda one: one.id)
def test_the_other_program_by_that_name_is_read_by_its_own_tables(one: Scene) -> None:
    assert read_screen("kimi-cli", one.screen) == read_screen("kimi-code", one.screen)


def test_a_screen_of_its_own_that_tells_nothing_is_left_to_its_movement() -> None:
    running = ["\x1b[38;5;240m" + "─" * 80, f"{PLAIN}$ sleep 100; echo press Enter or Esc"]
    assert read_screen("kimi-cli", screen_of(running, title="Kimi Code", width=80, height=24)).state is None


def test_servers_that_still_connect_are_no_work() -> None:
    assert told(["⠇ MCP Servers: 0/1 connected, 0 tools", "• files (connecting)", "", *composer()]).state is State.IDLE


def test_what_a_menu_left_behind_is_no_menu() -> None:
    menu = [" Select a model (↑↓ navigate, Enter select, Ctrl+C cancel):", "   >  1. kimi-k2", "      2. kimi-k3"]
    open_menu = screen_of(menu, caret=(3, 1), width=80, height=24)
    answered = screen_of([*menu, "Switched to kimi-k2."], caret=(0, 4), width=80, height=24)
    assert read(PROGRAM, open_menu).state is State.WAITING
    assert read(PROGRAM, answered).state is None


@given(st.lists(st.sampled_from(CUES) | st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=60), max_size=12))
def test_quoted_cues_above_a_live_composer_change_nothing(quoted: list[str]) -> None:
    reading = told([*answer("It prints:", *quoted), *composer()])
    assert (reading.state, reading.activity.draft, reading.activity.context_used_pct) == (State.IDLE, False, 1.2)


@given(st.lists(st.text(max_size=80) | st.sampled_from(CUES) | st.sampled_from(composer()), max_size=40))
def test_any_rows_are_read(rows: list[str]) -> None:
    assert told(rows).fact


@pytest.mark.parametrize("unit", ["⠇ a", "─", "│ ", "── a ", "[1] ", "Error code: ", "╭─ ", "❯", " "])
def test_the_cost_of_a_hostile_screen_grows_no_faster_than_its_rows(unit: str) -> None:
    def cost(width: int) -> float:
        row = (unit * width)[:width]
        screen = screen_of(["✨ a", "", *[RED + row] * 40, "", *composer(row, width=width)], width=width, height=60)
        return least(lambda: read(PROGRAM, screen))

    assert cost(2000) < 8 * cost(500) + 0.001
