"""What codex's screens say: recorded ones at four sizes and of two versions, and others that lie in its own colours."""

from __future__ import annotations

import json
import textwrap
import time
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.town.activity.codex import PROGRAM
from gastown_tui.town.activity.readers import read_screen
from gastown_tui.town.activity.rules import Reading, read
from gastown_tui.town.activity.screen import Screen, screen_of
from gastown_tui.town.snapshot import State
from tests.recorded import Scene, scene, scenes
from tests.together import each

FOLDER = Path(__file__).parents[2] / "data/screens/codex"
MORE = json.loads((FOLDER / "screens.json").read_text())
TOLD_BY_PROCESSES = ("starting-blank", "zombie", "crashed", "sigstop-wrapped")
ASKED = [one for one in scenes("codex") if not any(part in one.id for part in TOLD_BY_PROCESSES)]
IDLE = scene("codex-idle-empty-120x40")
RED, PLAIN, SENT = "\x1b[38;5;1m", "\x1b[0m", "\x1b[1;2;38;2;238;238;238;48;2;68;68;68m"
SPINS, DIM, POINTS = "\x1b[1;38;2;167;167;167m", "\x1b[2m", "\x1b[1;7m"


@cache
def more(name: str) -> Screen:
    """A screen recorded besides the scenes; its name ends in its size."""
    width, height = map(int, name.rsplit("-", 1)[1].split("x"))
    rows = (FOLDER / f"{name}.ansi").read_text().split("\n")
    x, y = MORE[name]["caret"]
    return screen_of(rows, title=MORE[name]["title"], caret=(x, y), width=width, height=height, alternate=True)


def said(one: str | Scene) -> Reading:
    if isinstance(one, str) and one in MORE:
        return read(PROGRAM, more(one))
    return read_screen("codex", one.screen if isinstance(one, Scene) else scene(f"codex-{one}-120x40").screen)


def shown(*above: str, like: Scene = IDLE, title: str | None = None, below: tuple[str, ...] = (), width: int = 0) -> Reading:
    """A live composer with other rows above it, as high as they need."""
    start = next(row for row, text in enumerate(like.screen.texts) if text.startswith("› ") and "Ask Codex" in text)
    composer = below or like.rows[start:]
    rows = [*(f"{PLAIN}{row}" for row in above), "", "", *(f"{PLAIN}{row}" for row in composer)]
    width = width or like.meta["size"][0]
    title = like.screen.title if title is None else title
    return read(PROGRAM, screen_of(rows, title=title, caret=(2, len(above) + 2), width=width, height=len(rows)))


@each(ASKED, name=lambda one: one.id)
def test_a_recorded_scene_is_told_as_it_was(one: Scene) -> None:
    accepted = one.meta["acceptable_states"]
    assert said(one).state in accepted
    assert len(accepted) > 1 or said(one).state == one.meta["expected"]["state"]


@each(list(MORE))
def test_other_sizes_situations_and_a_version_of_long_ago(name: str) -> None:
    expected = MORE[name]["state"]
    assert said(name).state == (None if expected == "starting" else expected)


def test_a_prompt_before_the_session_begins_is_no_idle_agent() -> None:
    reading = said("loading-40x24")
    assert (reading.state, reading.activity.what) == (None, "loading")
    assert "has not begun" in reading.fact


@pytest.mark.parametrize(
    ("name", "kind", "text", "options"),
    [
        (
            "permission-exec",
            "permission",
            "$ touch /home/op/gt/x && python3 -m pytest -q tests",
            ("Yes, proceed (y)", "Yes, and", "No,"),
        ),
        (
            "permission-patch",
            "permission",
            "Destination: /home/op/gt/gastown/crew/emma/NOTES.md",
            ("Yes, proceed (y)", "Yes, and", "No,"),
        ),
        (
            "permission-40x24",
            "permission",
            "done && rm -rf build/everything && touch /home/op/gt/x",
            ("Yes, proceed", "Yes, and"),
        ),
        (
            "permission-tall-40x24",
            "permission",
            "Would you like to run the following command? · Env",
            ("Yes, proceed", "Yes, and"),
        ),
        ("permission-tall-80x24", "permission", "[… 69 lines] ^a view all", ("Yes, proceed (y)", "Yes, and")),
        ("question", "question", "Which store should the queue use?", ("SQLite (Recommended)", "Dolt", "None of the above")),
        (
            "question-40x24",
            "question",
            "given that it must survive a restart and be read by several programs at once?",
            ("SQLite", "Dolt", "Files"),
        ),
        ("question-notes-40x24", "question", "Question 2/2 (1 unanswered) · When should it happen?", ("Now", "Later", "None")),
        ("plan-approval", "plan", "Implement this plan?", ("Yes, implement this plan", "Yes, clear", "No, stay in Plan mode")),
        ("trust", "trust", "Folder access · /home/op/gt/gastown/crew/new · Trust this", ("Trust and continue", "Back to")),
        (
            "login",
            "signin",
            "Choose how you want to use Codex.",
            ("Sign in with ChatGPT", "Sign in with Device", "Sign in another way"),
        ),
        (
            "signin-40x24",
            "signin",
            "Choose how you want to use Codex.",
            ("Sign in with ChatGPT", "Sign in with", "Sign in another"),
        ),
        ("signin-another-way-40x24", "signin", "Sign in another way", ("Use an OpenAI API key", "Use Amazon Bedrock")),
        ("signin-key-40x24", "signin", "Paste or type your API key", ()),
        ("model-migration", "menu", "Meet GPT-6 Sol", ("Try new model", "Use existing model")),
        ("menu-permissions-40x24", "menu", "Update Model Permissions", ("Ask for approval (current)", "Approve", "Full", "Read")),
        ("menu-resume-40x24", "menu", "Resume a previous session", ("10s ago", "10s ago", "2m ago")),
        ("menu-experimental-40x24", "menu", "Experimental features", ("[ ] Analytics plan history", "[ ] Bundled tools")),
        ("older-permission-40x24", "permission", "$ rm -rf build/everything &&", ("Yes, proceed (y)", "Yes, and")),
    ],
)
def test_a_question_is_told_with_its_command_and_its_options(name: str, kind: str, text: str, options: tuple[str, ...]) -> None:
    question = said(name).activity.question
    assert question is not None
    assert question.kind == kind
    assert text in question.text
    assert all(told.startswith(option) for told, option in zip(question.options, options, strict=False))
    assert len(question.options) >= len(options)


@pytest.mark.parametrize(
    ("name", "why", "text"),
    [
        ("auth-401", "auth", "unexpected status 401 Unauthorized"),
        ("auth-403", "auth", "unexpected status 403 Forbidden"),
        ("auth-retrying-40x24", "auth", "401 Unauthorized"),
        ("billing-402", "billing", "insufficient credits"),
        ("billing-quota", "billing", "Quota exceeded."),
        ("connection-lost", "network", "stream disconnected"),
        ("overloaded-503", "overloaded", "Selected model is at capacity"),
        ("usage-limit", "limit", "or try again at 12:31 PM."),
        ("usage-limit-40x24", "limit", "or try again at 5:13 PM."),
        ("usage-limit-200x50", "limit", "or try again at 5:13 PM."),
        ("rate-40x24", "rate", "last status: 429 Too Many Requests"),
        ("billing-40x24", "billing", "402 Payment Required: pay"),
        ("model-missing-40x24", "overloaded", "404 Not Found: model not found"),
    ],
)
def test_what_holds_it_is_told_in_full_at_any_width(name: str, why: str, text: str) -> None:
    held = said(name).activity.held
    assert held is not None
    assert (held.why, text in held.text) == (why, True)


def test_an_address_that_a_rows_end_cut_is_told_whole() -> None:
    limit = "■ You’ve hit your usage limit. Visit {} to purchase more credits or try again at 9:10 PM."
    for address in ("https://chatgpt.com/codex/settings/\nusage", "https://chatgpt.com/settings-\n2/usage?plan=\npro"):
        held = shown(*(RED + line for line in limit.format(address).split("\n"))).activity.held
        assert held is not None and address.replace("\n", "") in held.text
    for apart in ("https://status.openai.com/\nor ask", "the team-\nlead"):
        held = shown(*(RED + line for line in limit.format(apart).split("\n"))).activity.held
        assert held is not None and apart.replace("\n", " ") in held.text


def test_an_address_that_ends_with_its_full_row_is_told_apart() -> None:
    rows = ("■ You’ve hit your usage limit. Upgrade to Pro (https://chatgpt.com/explore/pro),", "visit the settings at 9:10 PM.")
    assert len(rows[0]) == 80
    held = shown(*(RED + row for row in rows), width=80).activity.held
    assert held is not None and "pro), visit the" in held.text


def test_what_an_address_is_told_with_stays_a_secret() -> None:
    rows = ("■ You’ve hit your usage limit. Visit https://example.com/keys_", "ghp_0123456789abcdefghij and try again.")
    held = shown(*(RED + row for row in rows)).activity.held
    assert held is not None and "again" in held.text and "ghp_" not in held.text


@pytest.mark.parametrize(
    ("name", "what", "detail"),
    [
        ("working-hang", "working", None),
        ("working-streaming", "answering", None),
        ("working-thinking", "thinking", "First I read the module, then I compare"),
        ("thinking-40x24", "thinking", "Weighing the order of the locks in th…"),
        ("working-tool", "tool", "background terminal"),
        ("working-compacting", "compacting", None),
        ("connection-dropped", "retrying", "Stream disconnected before completion: error sending request · attempt 2/4"),
        ("rate-429-retrying", "retrying", "Exceeded retry limit, last status: 429 Too Many Requests · attempt 1/4"),
        ("overloaded-retrying-40x24", "retrying", "high demand, which may cause temporary errors. · attempt 2/5"),
        ("network-lost-40x24", "retrying", "Connection failed: error sending request"),
        ("reconnecting-80x24", "retrying", "Reconnecting to server"),
        ("older-working-80x24", "working", None),
        ("few-colours-working-80x24", "working", None),
        ("few-colours-thinking-80x24", "thinking", "Weighing the order of the locks in the queue and more words"),
    ],
)
def test_what_it_works_at(name: str, what: str, detail: str | None) -> None:
    activity = said(name).activity
    assert activity.what == what
    assert (activity.detail or "").endswith(detail or "") and bool(activity.detail) == bool(detail)


@pytest.mark.parametrize(
    ("name", "draft"),
    [
        ("idle-empty", False),
        ("idle-draft", True),
        ("idle-draft-multiline", True),
        ("idle-slash-popup", True),
        ("trap-draft-quotes-cues", True),
        ("working-draft", True),
        ("working-queued", False),
        ("shell-draft-40x24", True),
        ("draft-tall-40x24", True),
        ("draft-200x50", True),
        ("draft-quotes-cues-80x24", True),
        ("loading-draft-80x24", True),
        ("browsing-80x24", False),
        ("help-40x24", False),
        ("older-working-draft-80x24", True),
        ("older-idle-80x24", False),
    ],
)
def test_a_placeholder_is_no_draft(name: str, draft: bool) -> None:
    assert said(name).activity.draft is draft


def test_the_version_stands_in_the_banner_alone() -> None:
    assert said("idle-empty").activity.program_version == "0.169.0"
    assert said("older-idle-80x24").activity.program_version == "0.130.0"
    assert shown("• It says OpenAI Codex (v9.9.9), 12% context left").activity.program_version is None


def test_context_used_is_told_in_the_footer_of_older_versions() -> None:
    footer = ("\x1b[1m›\x1b[0m \x1b[2mAsk Codex to do anything", "", "  ? for shortcuts            36% context left")
    assert shown(f"{DIM}• {PLAIN}Done; 90% context left", below=footer).activity.context_used_pct == 64.0


QUOTED = [
    f"{RED}  ■ unexpected status 401 Unauthorized: Incorrect API key provided",
    f"  {RED}■ You’ve hit your usage limit. Try again at 12:31 PM.",
    f"{DIM}• {PLAIN}Working (7s • esc to interrupt)",
    f"{DIM}• {RED}Reconnecting... 3/4 (2s • esc to interrupt)",
    f"  {SPINS}• {DIM}Working (7s • esc to interrupt)",
    "  Would you like to run the following command?",
    f"  {POINTS}› 1. Yes, proceed (y)",
    "    2. No, and tell Codex what to do differently (esc)",
    "  Press enter to confirm or esc to cancel",
    "  tab to add notes | enter to submit answer | esc to interrupt",
    f"{SENT}› {PLAIN}\x1b[48;2;68;68;68mSign in with ChatGPT",
    "  └ Unexpected status 429 Too Many Requests",
    f"\x1b[1;32m•{PLAIN} \x1b[1mRan{PLAIN} echo 'Working (3s • esc to interrupt)'",
    f"\x1b[1m•{PLAIN} \x1b[1mExited (status 1){PLAIN} python3 scripts/a_very_long_command_of_which_the_end_is_cut…",
    "    +■ stream disconnected before completion",
    "  Worked for 7s • 09:19",
]


@given(st.lists(st.sampled_from(QUOTED) | st.just(""), max_size=12))
def test_quoted_cues_above_a_live_composer_change_nothing(quoted: list[str]) -> None:
    assert shown(f"{DIM}• {PLAIN}I found this in the log:", *quoted).state is State.IDLE
    assert shown(f"{DIM}• {PLAIN}I found this in the log:", *quoted, title="⠼ emma").state is State.WORKING


@given(st.lists(st.sampled_from(QUOTED) | st.just(""), max_size=8))
def test_quoted_cues_in_a_draft_are_a_draft(quoted: list[str]) -> None:
    draft = [f"\x1b[1m›{PLAIN} look at this:", *(f"  {row.replace(PLAIN, '').strip()}" for row in quoted)]
    draft = [draft[0], *(f"{PLAIN}  {screen_of([row]).texts[0].strip() if screen_of([row]).texts else ''}" for row in draft[1:])]
    reading = shown(f"{DIM}• {PLAIN}Done.", below=(*draft, "", *IDLE.rows[-2:]))
    assert (reading.state, reading.activity.draft) == (State.IDLE, True)


@pytest.mark.parametrize(
    "newer",
    [
        f"{DIM}• {PLAIN}Done. The token works again.",
        f"{SENT}› {PLAIN}\x1b[48;2;68;68;68mtry once more",
        "■ Conversation interrupted - use /feedback if something went wrong",
        f"{DIM}• {PLAIN}Model changed to mock-2 medium.",
    ],
)
def test_an_error_is_over_when_something_newer_stands_below_it(newer: str) -> None:
    error = f"{RED}■ unexpected status 401 Unauthorized: Incorrect API key provided"
    assert shown(error).state is State.HELD
    assert shown(error, "", newer).state is State.IDLE
    for beside in (
        f"{DIM}  Worked for 3s • 09:19",
        "⚠ Heads up, you have less than 25% of your 5h limit left.",
        "─ Worked for 3s " + "─" * 60,
    ):
        assert shown(error, "", beside).state is State.HELD


@pytest.mark.parametrize(
    ("error", "why"),
    [
        ("Your workspace is out of credits. Add credits to continue.", "billing"),
        ("Your access token could not be refreshed. Please log out and sign in again.", "auth"),
        ("Codex ran out of room in the model's context window. Start a new thread.", "overloaded"),
        ('{"error": {"message": "bad request", "type": "x"}}', "overloaded"),
        ("exceeded retry limit, last status: 500 Internal Server Error", "overloaded"),
        ("request timed out", "network"),
    ],
)
def test_an_error_of_other_words_holds_too(error: str, why: str) -> None:
    held = shown(f"{SENT}› {PLAIN}\x1b[48;2;68;68;68mgo on", "", f"{RED}■ {error}").activity.held
    assert held is not None and (held.why, error in held.text) == (why, True)


def test_a_command_that_is_refused_holds_nobody() -> None:
    assert shown(f"{RED}■ '/theme' is disabled while a task is in progress.").state is State.IDLE
    assert shown("■ Conversation interrupted - use /feedback if something went wrong").state is State.IDLE


def test_an_error_that_somebody_scrolled_back_to_is_history() -> None:
    error = f"{RED}■ unexpected status 402 Payment Required: pay"
    assert shown(error, "").state is State.HELD
    footer = ("\x1b[1m›\x1b[0m \x1b[2mAsk Codex to do anything", "", *IDLE.rows[-2:])
    rows = [error, f"{PLAIN}                         ↓ Back to bottom · esc", "", *footer]
    assert read(PROGRAM, screen_of(rows, width=120, height=7)).state is State.IDLE


@pytest.mark.parametrize("width", [60, 40, 24])
@pytest.mark.parametrize("name", ["working-hang", "working-thinking", "working-compacting", "working-tool", "connection-dropped"])
def test_a_status_row_that_the_width_cuts_still_tells_of_work(name: str, width: int) -> None:
    one = scene(f"codex-{name}-120x40")
    rows = [row for row, text in zip(one.rows, one.screen.texts, strict=False) if text.startswith("•")]
    kept, seen = [], 0
    for part in rows[-1].split("\x1b"):
        code, text = ("\x1b" + part.split("m", 1)[0] + "m", part.split("m", 1)[1]) if "m" in part else (part, "")
        kept.append(code + text[: max(0, width - 1 - seen)])
        seen += len(text)
    narrow = "".join(kept) + ("…" if seen >= width else "")
    assert shown(narrow, title="").state is State.WORKING


def test_a_next_release_with_other_words_is_read_by_its_shape() -> None:
    one = scene("codex-permission-exec-120x40")
    renamed = {"Would you like to": "Shall I", "Yes, proceed (y)": "Go", "tell Codex what": "do otherwise", "enter": "return"}
    rows = list(one.rows)
    for old, new in renamed.items():
        rows = [row.replace(old, new) for row in rows]
    reading = read(PROGRAM, screen_of(rows, title="emma", width=120, height=40))
    assert reading.state is State.WAITING
    assert reading.activity.question is not None
    assert reading.activity.question.options[0] == "Go"
    spins = f"{SPINS}• {DIM}Pondering (7s • esc to stop)"
    assert shown(spins, title="").state is State.WORKING
    assert (
        shown(below=(f"\x1b[1m›{PLAIN} {DIM}Say what to do", "", "  mock-1 · ~/x", "  another row", "  ? help")).state
        is State.IDLE
    )


@pytest.mark.parametrize("words", ["Do you trust this folder", "Implement this plan?", "Question 1/2", "Sign in with ChatGPT"])
def test_what_a_command_says_is_no_word_of_the_dialog(words: str) -> None:
    one = scene("codex-permission-exec-120x40")
    rows = [words if row.lstrip().startswith("Environment:") else row for row in one.screen.texts]
    reading = read(PROGRAM, screen_of(rows, title=one.screen.title, width=120, height=40))
    assert reading.activity.question is not None and words in reading.activity.question.text
    assert (reading.state, reading.activity.question.kind) == (State.WAITING, "permission")


def test_a_dialog_whose_top_is_cut_still_waits() -> None:
    one = more("permission-tall-40x24")
    for first in range(1, 19):
        lower = one._replace(rows=one.rows[first:], texts=one.texts[first:], height=one.height - first)
        assert read(PROGRAM, lower).state is State.WAITING
        assert read(PROGRAM, lower._replace(title="")).state is State.WAITING


def wrapped(one: Scene, width: int) -> Screen:
    """The scene in a narrower pane: rows that are too long go on in the next one, indented and looking as they begin."""
    rows = []
    for row, text in zip(one.rows, one.screen.texts, strict=False):
        look = row[: row.find("m") + 1] if row.startswith("\x1b[") else ""
        indent = "  " if text.startswith(("  ", "›", "■", "•")) else ""
        rows += [PLAIN + look + line for line in textwrap.wrap(text, width, subsequent_indent=indent)] or [PLAIN]
    return screen_of(rows[-24:], title="", width=width, height=24)


@pytest.mark.parametrize("width", [60, 40, 30])
@pytest.mark.parametrize(
    ("name", "kind"),
    [("trust", "trust"), ("permission-patch", "permission"), ("permission-exec", "permission"), ("model-migration", "menu")],
)
def test_a_dialog_in_a_narrow_pane_asks_the_same(name: str, kind: str, width: int) -> None:
    reading = read(PROGRAM, wrapped(scene(f"codex-{name}-120x40"), width))
    assert reading.state is State.WAITING
    assert reading.activity.question is not None and reading.activity.question.kind == kind


@pytest.mark.parametrize("width", [60, 40, 30])
@pytest.mark.parametrize(
    ("name", "why"), [("auth-401", "auth"), ("billing-402", "billing"), ("usage-limit", "limit"), ("connection-lost", "network")]
)
def test_an_error_in_a_narrow_pane_holds_for_the_same_reason(name: str, why: str, width: int) -> None:
    one = scene(f"codex-{name}-120x40")
    error = next(text for text in one.screen.texts if text.startswith("■"))
    rest = one.screen.texts[one.screen.texts.index(error) + 1]
    held = shown(*(RED + line for line in textwrap.wrap(f"{error} {rest}", width))).activity.held
    assert held is not None and held.why == why


def test_a_spinner_beside_an_open_dialog_is_a_dialog() -> None:
    one = scene("codex-permission-exec-120x40").screen
    assert any(text.startswith("• Running") for text in one.texts)
    assert read(PROGRAM, one._replace(title="⠼ emma")).state is State.WAITING


@pytest.mark.parametrize("name", ["permission-exec", "question", "plan-approval", "trust", "model-migration", "menu-model"])
def test_what_asks_is_told_by_the_screen_without_the_title(name: str) -> None:
    one = scene(f"codex-{name}-120x40").screen
    assert read(PROGRAM, one._replace(title="")) == read(PROGRAM, one)


@pytest.mark.parametrize(
    ("told", "state"), [("4s", State.WORKING), ("59s", State.WORKING), ("1m 05s", State.HELD), ("2h 01m", State.HELD)]
)
def test_who_tries_again_without_end_is_held_after_a_minute(told: str, state: State) -> None:
    reading = shown(f"{SPINS}• {DIM}Reconnecting to server… ({told})", title="⠹ max")
    assert (reading.state, reading.activity.what) == (state, "retrying")
    reading = shown(f"• {DIM}Reconnecting... waiting for network ({told} • esc to interrupt)", title="⠹ max")
    assert reading.state is state


def test_progress_is_what_is_new_and_no_clock() -> None:
    one = scene("codex-working-hang-120x40")
    later = [row.replace("7s", "41m 12s") for row in one.rows]
    told = read(PROGRAM, one.screen)
    assert read(PROGRAM, screen_of(later, title=one.screen.title, width=120, height=40)).progress == told.progress
    answered = [*one.rows[:8], f"{DIM}• {PLAIN}And this is new.", *one.rows[9:]]
    assert read(PROGRAM, screen_of(answered, title=one.screen.title, width=120, height=40)).progress != told.progress


cells = st.text(alphabet="›!•■⚠◦└↳ 1.2)Wo(7s…\x1b[1;7m\x1b[0m\x1b[2m▌│", max_size=120)


@given(st.lists(cells, max_size=30), st.sampled_from(["", "⠼ emma", "[ ! ] Action Required | emma", "emma"]))
def test_any_rows_are_read(rows: list[str], title: str) -> None:
    assert read(PROGRAM, screen_of(rows, title=title, width=80, height=24)).fact


@pytest.mark.parametrize(
    "unit", ["› 1. ", "• Working (", "■ usage limit try again at ", "■ status: ", "  enter ", "[", " ", "› ", "9"]
)
@pytest.mark.parametrize("colour", ["", RED, POINTS])
def test_the_cost_of_a_hostile_screen_grows_no_faster_than_its_rows(unit: str, colour: str) -> None:
    def cost(width: int, *composer: str) -> float:
        rows = [colour + (unit * width)[: width - 1] + "x"] * 36 + list(composer)
        screen = screen_of(rows, title="emma", width=width, height=40)
        return min(_seconds(screen) for _ in range(5))

    for composer in ((), tuple(IDLE.rows[-4:])):
        assert cost(2000, *composer) < 12 * cost(500, *composer) + 0.001


def _seconds(screen: Screen) -> float:
    start = time.thread_time()
    read(PROGRAM, screen)
    return time.thread_time() - start
