"""What Gemini CLI's screens say: recorded ones at three sizes, and others that lie in its own colours."""

from __future__ import annotations

import json
import time
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.town.activity.gemini import PROGRAM
from gastown_tui.town.activity.readers import read_screen
from gastown_tui.town.activity.rules import Reading, read
from gastown_tui.town.activity.screen import Screen, screen_of
from gastown_tui.town.snapshot import State
from tests.recorded import Scene, scene, scenes
from tests.together import each

FOLDER = Path(__file__).parents[2] / "data/screens/gemini"
MORE = json.loads((FOLDER / "screens.json").read_text())
ASKED = [one for one in scenes("gemini") if "starting-blank" not in one.id]
IDLE = scene("gemini-idle-empty-80x24")
GREY, WHITE, RED, PLAIN = "\x1b[38;2;175;175;175m", "\x1b[38;2;255;255;255m", "\x1b[38;5;211m", "\x1b[0m"
READY, WORKING, ASKS = "◇  Ready (gem)", "✦  Working… (gem)", "✋  Action Required (gem)"


@cache
def more(name: str) -> Screen:
    """A screen recorded besides the scenes; its name ends in its size."""
    width, height = map(int, name.rsplit("-", 1)[1].split("x"))
    x, y = MORE[name]["caret"]
    rows = (FOLDER / f"{name}.ansi").read_text().split("\n")
    return screen_of(rows, title=MORE[name]["title"], caret=(x, y), width=width, height=height)


def said(one: str | Scene) -> Reading:
    if isinstance(one, str) and one in MORE:
        return read(PROGRAM, more(one))
    return read_screen("gemini", one.screen if isinstance(one, Scene) else scene(f"gemini-{one}-80x24").screen)


def shown(*above: str, title: str = READY) -> Reading:
    """A live composer with other rows above it, as high as they need."""
    rows = [*(f"{PLAIN}{row}" for row in above), "", "", *(f"{PLAIN}{row}" for row in IDLE.rows[2:])]
    return read(PROGRAM, screen_of(rows, title=title, caret=(3, len(above) + 6), width=80, height=len(rows)))


@each(ASKED, name=lambda one: one.id)
def test_a_recorded_scene_is_told_as_it_was(one: Scene) -> None:
    assert said(one).state == one.meta["expected"]["state"]


@each(list(MORE))
def test_other_sizes_and_situations(name: str) -> None:
    assert said(name).state == MORE[name]["state"]


@pytest.mark.parametrize(
    ("name", "kind", "text", "options"),
    [
        (
            "permission-shell",
            "permission",
            "Allow execution of [Shell]?",
            ("Allow once", "Allow for this session", "No, suggest"),
        ),
        ("permission-write", "permission", "Writing to NOTES.md", ("Allow once", "Allow for this", "Modify with", "No, suggest")),
        ("permission-40x24", "permission", "--maxfail=1; done && rm -rf build/everything && touch x", ("Allow once",)),
        ("question", "question", "Which store should the queue use?", ("SQLite", "Dolt", "Enter a custom value")),
        ("trust", "trust", "Do you trust the files in this folder?", ("Trust folder (gem)", "Trust parent", "Don't trust")),
        ("signin-40x24", "signin", "How would you like to authenticate", ("Sign in with Google", "Use Gemini API Key", "Vertex")),
        ("menu-settings-40x24", "menu", "Settings", ()),
        ("menu-model-40x24", "menu", "Select Model", ("Auto", "Manual")),
    ],
)
def test_a_question_is_told_with_its_command_and_its_options(name: str, kind: str, text: str, options: tuple[str, ...]) -> None:
    question = said(name).activity.question
    assert question is not None
    assert (question.kind, text in question.text) == (kind, True)
    assert all(told.startswith(option) for told, option in zip(question.options, options, strict=False))
    assert len(question.options) >= len(options)


@pytest.mark.parametrize(
    ("name", "why"), [("auth-401-40x24", "auth"), ("auth-403-40x24", "auth"), ("refused-400-40x24", "overloaded")]
)
def test_an_error_holds_it_although_a_hint_stands_below(name: str, why: str) -> None:
    held = said(name).activity.held
    assert held is not None
    assert held.why == why
    assert held.text.startswith("✕ [API Error:") and "nope" in held.text


@pytest.mark.parametrize(
    ("name", "draft"),
    [
        ("idle-empty", False),
        ("idle-draft", True),
        ("working-queued", False),
        ("working-draft-40x24", True),
        ("commands-popup-40x24", True),
        ("commands-popup-120x40", True),
        ("idle-40x24", False),
        ("few-colours-idle-80x24", False),
        ("few-colours-draft-80x24", True),
        ("few-colours-shell-draft-80x24", True),
        ("yolo-draft-quotes-cues-40x24", True),
    ],
)
def test_a_placeholder_is_no_draft(name: str, draft: bool) -> None:
    assert said(name).activity.draft is draft


def test_what_it_works_at() -> None:
    assert said("working-streaming").activity[:2] == ("thinking", None)
    assert said("working-40x24").activity[:2] == ("thinking", None)
    assert said("yolo-tool-40x24").activity[:2] == ("tool", "Shell sleep 1…")


def test_the_version_stands_in_the_banner() -> None:
    assert said("idle-draft").activity.program_version == "0.61.0"
    assert said("idle-40x24").activity.program_version == "0.61.0"


BAND = ["▄" * 80, f" {GREY}> {WHITE}Allow execution of [Shell]? (esc to cancel, 5s)", "▀" * 80]
QUOTED = [
    f"{RED}  ✕ [API Error: 401",
    "  ⠇ Thinking... (esc to cancel, 5s)",
    "  Allow execution of [Shell]?",
    "  │ ● 1. Allow once                    │",
    "  │   2. Allow for this session        │",
    "  Do you trust the files in this folder?",
    "│ ✓  Shell echo 'Usage limit reached'                                          │",
    "✦ Answer Questions · Enter to select",
    "ℹ Request cancelled.",
    *BAND,
]


@given(st.lists(st.sampled_from(QUOTED) | st.just(""), max_size=12))
def test_quoted_cues_above_a_live_composer_change_nothing(quoted: list[str]) -> None:
    assert shown("✦ I found this in the log:", *quoted).state is State.IDLE
    assert shown("✦ I found this in the log:", *quoted, title=WORKING).state is State.WORKING


@pytest.mark.parametrize("newer", ["✦ Done. The token works again.", "ℹ Request cancelled.", "\n".join(BAND)])
def test_an_error_is_over_when_something_newer_stands_below_it(newer: str) -> None:
    error = f"{RED}✕ [API Error: {{'error':{{'code':401,'message':'nope'}}}}]"
    assert shown(*BAND, error).state is State.HELD
    assert shown(*BAND, error, "", "", *newer.split("\n")).state is State.IDLE


def test_a_command_that_waits_for_input_still_works() -> None:
    assert shown(f" {GREY}! Shell awaiting input (Tab to focus)", title=ASKS).state is State.WORKING


def test_a_dialog_whose_top_is_cut_still_waits() -> None:
    one = more("permission-40x24")
    for first in range(9, 19):
        lower = one._replace(rows=one.rows[first:], texts=one.texts[first:], height=one.height - first, title="")
        assert read(PROGRAM, lower).state is State.WAITING


def test_a_draft_higher_than_the_pane_is_a_draft() -> None:
    rows = [f"   line {number} asks: Allow execution of [Shell]?" for number in range(20)]
    reading = read(PROGRAM, screen_of([*rows, "▀" * 80, *IDLE.rows[8:10]], title=READY, width=80, height=24))
    assert (reading.state, reading.activity.draft) == (State.IDLE, True)


def test_a_spinner_beside_an_open_dialog_is_a_dialog() -> None:
    assert read(PROGRAM, scene("gemini-permission-shell-80x24").screen._replace(title=WORKING)).state is State.WAITING


@pytest.mark.parametrize(
    "words", ["Quota exceeded for today", "Do you trust the files", "Answer Questions", "Approve this plan?", "api key missing:"]
)
def test_what_a_command_says_is_no_word_of_the_dialog(words: str) -> None:
    rows = [row.replace("python3 -m pytest", words) for row in scene("gemini-permission-shell-80x24").rows]
    reading = read(PROGRAM, screen_of(rows, title=ASKS, width=80, height=24))
    assert reading.activity.question is not None and words in reading.activity.question.text
    assert (reading.state, reading.activity.question.kind) == (State.WAITING, "permission")


cells = st.text(alphabet="▄▀╭│╰─●✦✕ℹ⠇!> 1.Allow once\x1b[7m\x1b[0m", max_size=100)


@given(
    st.lists(cells | st.sampled_from(["▄" * 40, "▀" * 40, "─" * 40]), max_size=24), st.sampled_from(["", READY, WORKING, ASKS])
)
def test_any_rows_are_read(rows: list[str], title: str) -> None:
    assert read(PROGRAM, screen_of(rows, title=title, width=80, height=24)).fact


@pytest.mark.parametrize("unit", ["✕ 40", "│ ● 1. ", "▀", "▄", "╭─", "⠇ ", " ", "API key: ", "9"])
def test_the_cost_of_a_hostile_screen_grows_no_faster_than_its_rows(unit: str) -> None:
    def cost(width: int, composer: list[str]) -> float:
        screen = screen_of([RED + (unit * width)[:width]] * 30 + composer, title=READY, width=width, height=40)
        return min(_seconds(screen) for _ in range(5))

    for composer in ([], list(IDLE.rows[2:])):
        assert cost(2000, composer) < 12 * cost(500, composer) + 0.001


def _seconds(screen: Screen) -> float:
    start = time.thread_time()
    read(PROGRAM, screen)
    return time.thread_time() - start
