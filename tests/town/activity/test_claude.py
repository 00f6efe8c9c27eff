"""What the screens of Claude Code say: recorded ones, other versions and widths, and others that lie in its own colours."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.town.activity.claude import PROGRAM
from gastown_tui.town.activity.judging import title_shape
from gastown_tui.town.activity.readers import read_screen
from gastown_tui.town.activity.rules import Reading, read
from gastown_tui.town.activity.screen import screen_of
from gastown_tui.town.snapshot import State
from tests.cost import least
from tests.recorded import Scene, scene, scenes
from tests.together import each

FOLDER = Path(__file__).parents[2] / "data/screens/claude"
TOLD_BY_PROCESSES = ("crashed", "zombie", "sigstop-wrapped", "suspended", "root-refused", "offline-first", "starting-blank")
ASKED = [one for one in scenes("claude") if not any(part in one.id for part in (*TOLD_BY_PROCESSES, "plain-"))]

OFF, GREY, ORANGE, YELLOW, PINK, BLUE, GREEN, WHITE = (
    "\x1b[0m",
    *(f"\x1b[38;5;{n}m" for n in (246, 174, 220, 211, 153, 114, 231)),
)
GROUND = "\x1b[38;5;239m\x1b[48;5;237m"
IDLE, WORKING = "✳ Claude Code", "⠐ Claude Code"
CUES = (
    "Do you want to proceed?",
    f"{BLUE}❯{OFF} {GREY}1.{OFF} {BLUE}Yes{OFF}",
    "  2. No",
    f"{ORANGE}✻{OFF} {ORANGE}Cooking… {GREY}(3s · ↓ 12 tokens · esc to interrupt){OFF}",
    "✻ API error · Retrying in 8s · attempt 5/10",
    f"{YELLOW}●{OFF} {YELLOW}Please run /login · API Error: 401 no{OFF}",
    f"  {GREY}⎿  {PINK}You've hit your limit · resets 3pm (UTC){OFF}",
    "❯ 1. Stop and wait for limit to reset",
    "─" * 120,
    "❯\N{NO-BREAK SPACE}",
    f"{GREY}● {OFF}\x1b[1mBash{OFF}(sleep 600)",
    "98% context used",
    "\x1b]0;⠐ evil\x07\x1b[2J",
    "esc to interrupt",
    "你好 … العربية ‮evil",
)


def at_prompt(*transcript: str, draft: str = "", footer: str = "  ? for shortcuts · ← for agents", width: int = 120) -> list[str]:
    edge = f"\x1b[38;5;244m{'─' * width}{OFF}"
    caret = f"{draft}\x1b[7m {OFF}"
    return [*transcript, "", edge, f"❯\N{NO-BREAK SPACE}{caret}", edge, f"{GREY}{footer}{OFF}"]


def told(rows: list[str], title: str = IDLE) -> Reading:
    return read(PROGRAM, screen_of(rows, title=title))


def user(text: str) -> str:
    return f"{GROUND}❯ {WHITE}{text}{OFF}"


def done(text: str) -> str:
    return f"{WHITE}●{OFF} {text}"


FAILED = (user("go on"), "", f"{YELLOW}●{OFF} {YELLOW}API Error: 529 Overloaded.{OFF}", "", f"{GREY}✻ Baked for 1s{OFF}")
LIMITED = (user("go on"), f"  {GREY}⎿ \N{NO-BREAK SPACE}{PINK}You've hit your limit · resets 12:20pm (UTC){OFF}")


@each(ASKED, name=lambda one: one.id)
def test_every_recorded_scene_is_judged_as_it_was(one: Scene) -> None:
    state = read_screen("claude", one.screen).state
    # A retry is held or work; which of them is said turns on how long it has lasted.
    assert state == one.meta["expected"]["state"] or (
        "retrying" in one.id and state is not None and state in one.meta["acceptable_states"]
    )


@pytest.mark.parametrize(
    ("name", "kind", "end", "options"),
    [
        ("permission-bash", "permission", "Do you want to proceed?", ("Yes", "Yes, and don’t ask again for: python3 *", "No")),
        ("permission-webfetch", "permission", "allow Claude to fetch this content?", None),
        ("permission-edit", "permission", "Do you want to make this edit to parser.py?", None),
        ("permission-write", "permission", "Do you want to create NOTES.md?", None),
        ("plan-approval", "plan", "Claude wants to exit plan mode", ("Yes", "No")),
        ("question", "question", "Which store should the queue use?", ("SQLite", "Dolt", "Type something.", "Chat about this")),
        ("question-multi", "question", "Which checks shall run?", None),
        ("trust", "trust", "Security guide", ("Yes, I trust this folder", "No, exit")),
        ("login-menu", "signin", "Select login method:", None),
        ("bypass-warning", "menu", "/security", ("No, exit", "Yes, I accept")),
        ("usage-limit", "menu", "What do you want to do?", ("Stop and wait for limit to reset", "Upgrade your plan")),
    ],
)
def test_what_is_asked_is_told_with_its_choices(name: str, kind: str, end: str, options: tuple[str, ...] | None) -> None:
    question = read_screen("claude", scene(f"claude-{name}-120x40").screen).activity.question
    assert question is not None and question.kind == kind
    assert question.text.endswith(end), question.text
    assert len(question.options) >= 2 and options in (None, question.options)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("onboarding-security", "Welcome to Claude Code v2.1.197 · Security notes:"),
        ("onboarding-theme", "Choose the text style that looks best with your terminal · To change this later, run /theme"),
    ],
)
def test_a_picture_is_no_part_of_what_is_asked(name: str, text: str) -> None:
    question = read_screen("claude", scene(f"claude-{name}-120x40").screen).activity.question
    assert question is not None and question.text.endswith(text) and "█" not in question.text and "...." not in question.text


def test_what_is_allowed_is_told_with_the_question() -> None:
    for name, part in (("permission-bash", "python3 -m pytest -q tests"), ("permission-edit", "parser.py"), ("trust", "~/gt")):
        question = read_screen("claude", scene(f"claude-{name}-120x40").screen).activity.question
        assert question is not None
        assert part.replace("~", "/home/op") in question.text


@pytest.mark.parametrize(
    ("name", "why", "text"),
    [
        ("auth-401", "auth", "Please run /login · API Error: 401 Invalid bearer token"),
        ("oauth-expired", "auth", "obtain a new token or refresh your existing token."),
        ("billing-credit", "billing", "Credit balance too low"),
        ("connection-refused", "network", "Unable to connect to API (ConnectionRefused)"),
        ("rate-429", "rate", "Request rejected (429)"),
        ("server-500", "overloaded", "500 Internal server error"),
        ("overloaded-529-retrying", "overloaded", "attempt 5/10"),
        ("usage-limit", "limit", "You've hit your limit · resets 12:20pm (UTC)"),
        ("usage-limit-after-esc", "limit", "You've hit your limit · resets 12:20pm (UTC)"),
    ],
)
def test_what_holds_it_is_told_in_the_programs_words(name: str, why: str, text: str) -> None:
    held = read_screen("claude", scene(f"claude-{name}-120x40").screen).activity.held
    assert held is not None and (held.why, text in held.text) == (why, True), held


@pytest.mark.parametrize(
    ("name", "what", "detail", "draft"),
    [
        ("working-thinking", "thinking", None, False),
        ("working-streaming", "answering", None, False),
        ("working-tool", "tool", "Bash(echo step 1; sleep 300)", False),
        ("working-compacting", "compacting", None, False),
        ("working-draft", "answering", None, True),
        ("working-queued", "answering", None, False),
        ("rate-429-retrying", "retrying", "attempt 1/10", False),
        ("idle-draft", None, None, True),
        ("idle-draft-multiline", None, None, True),
        ("idle-slash-popup", None, None, True),
        ("trap-draft-quotes-cues", None, None, True),
        ("idle-empty", None, None, False),
    ],
)
def test_what_it_does_and_what_somebody_typed(name: str, what: str | None, detail: str | None, draft: bool) -> None:
    activity = read_screen("claude", scene(f"claude-{name}-120x40").screen).activity
    assert (activity.what, activity.detail, activity.draft) == (what, detail, draft)


def test_many_attempts_hold_it_wherever_they_are_counted() -> None:
    counted, works = "Retrying in 31s · attempt 7/10", f"{YELLOW}✽{OFF} {YELLOW}Vibing…{OFF} {GREY}(41s){OFF}"
    asked = told(at_prompt(user("go on"), f"  {GREY}⎿ \N{NO-BREAK SPACE}{counted}{OFF}", "", works), WORKING)
    assert (asked.state, asked.activity.detail) == (State.HELD, "attempt 7/10")
    printed = told(at_prompt(user("go on"), "", done("Bash(curl x)"), f"  ⎿ \N{NO-BREAK SPACE}{counted}", "", works), WORKING)
    assert printed.state is State.WORKING


def test_what_changes_no_state_is_told_besides() -> None:
    assert read_screen("claude", scene("claude-near-limit-warning-120x40").screen).notes == ("93% of its session limit is used",)
    assert read_screen("claude", scene("claude-idle-background-shell-120x40").screen).notes == ("background shells: 1",)
    assert read_screen("claude", scene("claude-idle-context-low-120x40").screen).activity.context_used_pct == 100
    assert read_screen("claude", scene("claude-idle-empty-120x40").screen).activity.program_version == "2.1.197"
    left = at_prompt(done("ok"), footer="  ? for shortcuts          Context left until auto-compact: 8%")
    assert told(left).activity.context_used_pct == 92


@cache
def others() -> dict[str, dict[str, Any]]:
    """Screens of other widths and of version 2.1.330, and what is true of them."""
    found: dict[str, dict[str, Any]] = json.loads((FOLDER / "index.json").read_text())
    return found


@each([path.stem for path in sorted(FOLDER.glob("*.ansi"))])
def test_other_widths_and_a_later_version_say_the_same(name: str) -> None:
    one = others()[name]
    reading = told((FOLDER / f"{name}.ansi").read_text().split("\n"), one["title"])
    activity = reading.activity
    held, question = activity.held, activity.question
    said = [reading.state, activity.what, activity.detail, activity.draft, held and held.why, question and question.kind]
    assert said == one["says"], reading


def test_a_choice_that_the_width_broke_is_told_whole() -> None:
    rows = (FOLDER / "2.1.197-perm-rm-40x30.ansi").read_text().split("\n")
    question = read(PROGRAM, screen_of(rows, width=40)).activity.question
    assert question is not None
    assert question.options == ("Yes", "Yes, and always allow access to work/ from this project", "No")


def test_the_words_of_another_release_blind_nothing() -> None:
    later = {"Do you want to proceed?": "Shall it run?", "Bash command": "Shell", "Esc to cancel": "q to leave", "Tab to": "t to"}
    rows = list(scene("claude-permission-bash-120x40").rows)
    for old, new in (*later.items(), ("requires approval", "is new")):
        rows = [row.replace(old, new) for row in rows]
    assert told(rows).state is State.WAITING
    working = [row.replace("Sprouting", "Werkelnd").replace("esc to interrupt", "q stops") for row in scene(_STREAMING).rows]
    assert (told(working, "claude").state, told(working, "claude").activity.what) == (State.WORKING, "answering")


_STREAMING = "claude-working-streaming-120x40"


def test_a_dialog_whose_top_is_cut_still_asks() -> None:
    for name in ("permission-bash", "permission-edit", "question-multi", "question", "login-menu", "plan-approval", "trust"):
        rows = list(scene(f"claude-{name}-120x40").rows)
        pointed = next(n for n in range(len(rows) - 1, -1, -1) if "❯" in rows[n] and "1." in rows[n])
        for top in range(max(0, pointed - 12), pointed + 1):
            assert told(rows[top:]).state is State.WAITING, (name, top)


def test_a_draft_is_no_dialog_however_long_it_is() -> None:
    edge = "─" * 80
    draft = [f"  ❯ {n}. Yes" for n in range(1, 31)]
    first = "❯\N{NO-BREAK SPACE}1. Yes"
    assert told([edge, first, *draft, edge, "  ? for shortcuts"]).state is State.IDLE
    assert told([first, *draft, edge, "  ? for shortcuts"]).activity.draft is True
    assert told([*draft, edge, "  ? for shortcuts"]).activity.draft is True
    assert told(["❯\N{NO-BREAK SPACE}", edge, "  ? for shortcuts"]).activity.draft is False
    assert told([user("ask me"), edge, " Shell", " pytest", " Run it?", "❯ 1. Yes", "  2. No"]).state is State.WAITING
    assert told([done("ok"), "", f"─── ↑ 6 more {edge}", *draft[:6], edge, "  ⏸ manual mode on"]).activity.draft is True


@pytest.mark.parametrize(
    "typed",
    [
        f"\x1b[7mP{OFF}\x1b[2mress up to edit queued messages{OFF}",
        f"\x1b[7mT{OFF}{GREY}ry \"fix typecheck errors\"{OFF}",
        f"\x1b[2mResend your message{OFF}",
        "   ",
    ],
)  # fmt: skip
def test_a_placeholder_is_no_draft(typed: str) -> None:
    edge = "─" * 80
    assert told([done("ok"), "", edge, f"❯\N{NO-BREAK SPACE}{typed}", edge]).activity.draft is False


def test_an_error_is_over_when_something_newer_stands_below() -> None:
    for trouble in (FAILED, LIMITED):
        assert told(at_prompt(*trouble)).state is State.HELD
        assert told(at_prompt(*trouble, "", user("again"), "", done("Fixed."))).state is State.IDLE
        assert told(at_prompt(*trouble, "", user("again"))).state is State.IDLE
        assert told(at_prompt(*trouble, "", user("/login"), f"  {GREY}⎿  {OFF}Login successful")).state is State.IDLE
        assert told(at_prompt(*trouble, "", user("/model"), f"  {GREY}⎿  {OFF}Kept model as Opus")).state is State.HELD
        assert told(at_prompt(*trouble, "", f"{ORANGE}✻ Zesting…{OFF}"), WORKING).state is State.WORKING


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("limit", "You've hit your session limit · resets 3am (Europe/Berlin)"),
        ("limit", "You’ve reached your weekly limit · resets Oct 9 at 10am"),
        ("limit", "5-hour limit reached ∙ resets 3pm"),
        ("auth", "Invalid API key · Please run /login"),
        ("auth", "OAuth token revoked · Please run /login"),
        ("rate", "API Error: Rate limit reached"),
        ("network", "API Error: Connection error."),
        ("network", "API Error: Request timed out."),
        ("overloaded", "API Error: 503 upstream connect error"),
        ("overloaded", 'API Error (529 {"type":"error","error":{"type":"overloaded_error"}})'),
        ("billing", "Credit balance is too low"),
    ],
)
def test_refusals_in_the_words_of_other_releases(why: str, words: str) -> None:
    held = told(at_prompt(user("go on"), f"  {GREY}⎿ \N{NO-BREAK SPACE}{PINK}{words}{OFF}")).activity.held
    assert held is not None and (held.why, held.text) == (why, words)


def test_a_limit_that_wraps_keeps_its_time() -> None:
    wrapped = (
        user("go on"),
        f"  {GREY}⎿ \N{NO-BREAK SPACE}{PINK}You've hit your limit · resets{OFF}",
        f"     {PINK}12:20pm (UTC){OFF}",
    )
    chooser = [
        f"{BLUE}{'─' * 40}{OFF}",
        "  What do you want to do?",
        "",
        "  ❯ 1. Stop and wait for limit to",
        "       reset",
        "    2. Upgrade your plan",
    ]
    for rows in (at_prompt(*wrapped, width=40), [*wrapped, "", user("/rate-limit-options"), "", *chooser]):
        held = told(rows).activity.held
        assert held is not None and held.text == "You've hit your limit · resets 12:20pm (UTC)"
    assert told([*wrapped, "", user("/rate-limit-options"), "", *chooser]).activity.question is not None


def test_what_a_tool_prints_is_not_the_programs_word() -> None:
    printed = f"  {GREY}⎿ \N{NO-BREAK SPACE}{PINK}You've hit your limit · resets 3pm (UTC){OFF}"
    tool = f"{GREEN}●{OFF} \x1b[1mBash{OFF}(cat log)"
    assert told(at_prompt(user("go on"), "", tool, printed)).state is State.IDLE
    assert told(at_prompt(user("go on"), "", tool, f"  {GREY}⎿  {OFF}ok", printed)).state is State.HELD
    assert told(at_prompt(f"{GROUND}! cat log{OFF}", printed)).state is State.IDLE
    assert told(at_prompt(done(f"{BLUE}API Error: 401{OFF} is what it says"))).state is State.IDLE


def test_what_is_over_is_no_work() -> None:
    for row in (
        "✻ Churned for 0s",
        "✻ Worked for 2m 3s · 1 shell still run…",
        "✻ Conversation compacted (ctrl+o for history)",
        "✳ Baked for 1h 2m · done 2:32 PM",
        "✻ Cooking… is what it printed, and a resize has put it at the edge",
    ):
        assert told(at_prompt(done("ok"), "", f"{GREY}{row}{OFF}")).state is State.IDLE, row
    edge = "─" * 80
    assert told(["● ok", "", "✻ Conversation compacted", "", edge, "❯\N{NO-BREAK SPACE}", edge]).state is State.IDLE
    assert told(["● ok", "", "✻ Zesting… (3s)", "", edge, "❯\N{NO-BREAK SPACE}", edge]).state is State.WORKING


def test_a_spinner_beside_an_open_dialog_is_a_dialog() -> None:
    rows = list(scene("claude-permission-bash-120x40").rows)
    edge = next(n for n, row in enumerate(rows) if "───────" in row and "38;5;153" in row)
    spinning = [*rows[:edge], f"{ORANGE}✻ Zesting… {GREY}(8s · ↓ 12 tokens){OFF}", *rows[edge:]]
    assert told(spinning, WORKING).state is State.WAITING


def test_a_footer_of_a_persons_own_tells_nothing() -> None:
    for footer in ("  Opus (ctx 45%) main", "  ✻ Cooking… (3s)", "  [esc to interrupt] dev", "  1. main", "  ● Bash(x)"):
        assert told(at_prompt(done("ok"), footer=footer)).state is State.IDLE, footer


@pytest.mark.parametrize("title", [IDLE, "", "op@host", "Parser work"])
def test_without_a_telling_title_the_rows_suffice(title: str) -> None:
    assert told(list(scene(_STREAMING).rows), title).state is State.WORKING
    assert told(list(scene("claude-overloaded-529-retrying-120x40").rows), title).activity.what == "retrying"


@given(st.lists(st.sampled_from(CUES) | st.text(max_size=60), max_size=12))
def test_cues_quoted_above_a_live_prompt_change_nothing(quoted: list[str]) -> None:
    rows = [f"  {row}" for text in quoted for row in text.split("\n")]
    reading = told(at_prompt(user("what does it print"), "", done("It prints:"), "", *rows))
    assert (reading.state, reading.activity.draft, reading.activity.context_used_pct) == (State.IDLE, False, None)


def test_a_title_that_works_is_one_title_in_all_frames_of_its_spinners() -> None:
    frames = [f"{frame} Mend the parser" for frame in "⠂⠐◐◓◑◒"]
    assert all(told([], frame).state is State.WORKING for frame in frames)
    assert len(set(map(title_shape, frames))) == 1 and title_shape("✳ Mend the parser") not in map(title_shape, frames)


@given(st.lists(st.text(max_size=80) | st.sampled_from(CUES), max_size=40), st.text(max_size=20))
def test_no_rows_are_too_much(rows: list[str], title: str) -> None:
    assert told(rows, title).fact


def test_the_cost_of_a_hostile_screen_grows_no_faster_than_its_rows() -> None:
    def cost(width: int, unit: str) -> float:
        screen = screen_of(at_prompt(*[(unit * width)[:width]] * 40, footer=f"  {(unit * width)[:width]}", width=width))
        return least(lambda: read(PROGRAM, screen))

    for unit in ("✻ a", "● a(", "✻ · retrying in 1", "1. ", "  ⎿  a limit ", "─", "❯ 1. ", "(", "9"):
        assert cost(2000, unit) < 12 * cost(500, unit) + 0.001, unit
