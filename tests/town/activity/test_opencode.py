"""What opencode's screens say, and kilo's: recorded ones, narrow and wide ones, and others that lie in its own colours."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.town.activity.opencode import PROGRAM
from gastown_tui.town.activity.readers import read_screen
from gastown_tui.town.activity.rules import Reading, read
from gastown_tui.town.activity.screen import Screen, screen_of
from gastown_tui.town.snapshot import State
from tests.cost import least
from tests.recorded import Scene, scene, scenes
from tests.together import each

FOLDER = Path(__file__).parents[2] / "data/screens/opencode"
GROUND = "\x1b[0m\x1b[38;2;255;255;255m\x1b[48;2;10;10;10m"
RED, WARN, BLUE, GREY, TEXT = (
    f"\x1b[38;2;{rgb}m" for rgb in ("224;108;117", "245;167;66", "92;156;245", "128;128;128", "238;238;238")
)
PANEL = "\x1b[48;2;20;20;20m"
TOLD_BY_PROCESSES = ("starting-blank", "zombie-killed")
ASKED = [one for one in scenes("opencode") if not any(part in one.id for part in TOLD_BY_PROCESSES)]
IDLE = scene("opencode-idle-after-turn-120x40")
WORKING = scene("opencode-working-streaming-120x40")
REFUSED = scene("opencode-auth-403-120x40")


def rows_of(one: Scene) -> list[str]:
    return list(one.rows)


def shown(rows: list[str], like: Scene = IDLE, *, caret: tuple[int, int] | None = None) -> Screen:
    width, height = like.meta["size"]
    return screen_of(rows, title=like.meta["tmux"]["pane_title"], caret=caret, width=width, height=height, alternate=True)


def told(rows: list[str], like: Scene = IDLE, *, caret: tuple[int, int] | None = None) -> Reading:
    return read(PROGRAM, shown(rows, like, caret=caret))


@cache
def index() -> dict[str, dict[str, list[int]]]:
    entries: dict[str, dict[str, list[int]]] = json.loads((FOLDER / "index.json").read_text())
    return entries


@cache
def screen_named(name: str) -> Screen:
    entry = index()[name]
    (width, height), (x, y) = entry["size"], entry["caret"]
    rows = (FOLDER / f"{name}.ansi").read_text().split("\n")
    return screen_of(rows, title=str(entry["title"]), caret=(x, y), width=width, height=height, alternate=True)


def reading_named(name: str) -> Reading:
    return read_screen("kilo" if name.startswith("kilo-") else "opencode", screen_named(name))


@each(ASKED, name=lambda one: one.id)
def test_every_recorded_scene_is_judged_as_it_was(one: Scene) -> None:
    assert read_screen("opencode", one.screen).state == one.meta["expected"]["state"]


@pytest.mark.parametrize(
    ("name", "what", "detail", "draft", "why"),
    [
        ("idle-after-turn", None, None, False, None),
        ("idle-draft", None, None, True, None),
        ("idle-draft-multiline", None, None, True, None),
        ("idle-empty", None, None, False, None),
        ("trap-quoted-cues", None, None, False, None),
        ("working-thinking", "thinking", None, False, None),
        ("working-streaming", "working", None, False, None),
        ("working-queued", "working", None, False, None),
        ("auth-403", None, None, False, "auth"),
        ("rate-429-retrying", "retrying", "Rate limit reached, try again later · attempt 1", False, "rate"),
    ],
)
def test_what_a_scene_tells(name: str, what: str | None, detail: str | None, draft: bool, why: str | None) -> None:
    activity = read_screen("opencode", scene(f"opencode-{name}-120x40").screen).activity
    assert (activity.what, activity.detail, activity.draft) == (what, detail, draft)
    assert (activity.held and activity.held.why) == why


def test_what_is_asked_is_told_with_its_choices() -> None:
    asked = read_screen("opencode", scene("opencode-permission-bash-120x40").screen).activity.question
    assert asked is not None
    assert (asked.kind, asked.options) == ("permission", ("Allow once", "Allow always", "Reject"))
    assert asked.text.endswith("# Shell command · $ python3 -m pytest -q tests")
    asked = read_screen("opencode", scene("opencode-question-120x40").screen).activity.question
    assert asked == ("question", "Which store should the queue use?", ("SQLite", "Dolt", "Type your own answer"))


def test_version_and_context_are_told_where_they_stand() -> None:
    assert read_screen("opencode", scene("opencode-idle-empty-120x40").screen).activity.program_version == "1.18.33"
    assert read_screen("opencode", scene("opencode-idle-after-turn-120x40").screen).activity.context_used_pct == 1.0


PERMISSION = ("Allow once", "Allow always", "Reject")
SIZED: dict[str, tuple[State, str | None, object]] = {
    # name: state; at what it works, what holds it, or the kind of question; its detail or its options; whether a draft stands
    "after-40x24": (State.IDLE, None, False),
    "ask-40x24": (State.WAITING, "question", ("SQLite", "Dolt", "Type your own answer")),
    "ask12-40x24": (State.WAITING, "question", tuple(f"choice {number}" for number in range(1, 6))),
    "ask2-40x24": (State.WAITING, "question", ("[ ] lint", "[ ] types", "[ ] Type your own answer")),
    "ask2-confirm-40x24": (State.WAITING, "question", ()),
    "bash-40x24": (State.WAITING, "permission", PERMISSION),
    "bash-always-40x24": (State.WAITING, "permission", ("Confirm", "Cancel")),
    "connect-40x24": (State.WAITING, "signin", None),
    "cues-40x24": (State.IDLE, None, False),
    "draft10-40x24": (State.IDLE, None, True),
    "e401-40x24": (State.HELD, "auth", None),
    "edit-40x24": (State.WAITING, "permission", PERMISSION),
    "fast-scrolled-40x24": (State.IDLE, None, False),
    "hang-draft-40x24": (State.WORKING, "working", None),
    "hang-queued-40x24": (State.WORKING, "working", None),
    "longbash-40x24": (State.WAITING, "permission", PERMISSION),
    "models-40x24": (State.WAITING, "menu", None),
    "palette-40x24": (State.WAITING, "menu", ("Switch session ctrl+x l", "New session ctrl+x n", "Switch model ctrl+x m")),
    "r429-40x24": (State.HELD, "rate", "Rate limit reached, try again later · attempt 1"),
    "r500-40x24": (State.WORKING, "retrying", None),
    "slash-40x24": (State.IDLE, None, True),
    "sleep-running-40x24": (State.WORKING, "tool", "echo one; sleep 600"),
    "stream-esc1-40x24": (State.WORKING, "working", None),
    "stream-stopped-40x24": (State.IDLE, None, False),
    "task-40x24": (State.WORKING, "tool", "General Task — Look at things"),
    "think-40x24": (State.WORKING, "thinking", None),
    "after-200x50": (State.IDLE, None, False),
    "ask2-200x50": (State.WAITING, "question", ("[ ] lint", "[ ] types", "[ ] Type your own answer")),
    "draft10s-200x50": (State.IDLE, None, True),
    "e401-200x50": (State.HELD, "auth", None),
    "hang-palette-200x50": (State.WAITING, "menu", None),
    "r429-200x50": (State.HELD, "rate", "Rate limit reached, try again later · attempt 1"),
    "sleep-running-200x50": (State.WORKING, "tool", "echo one; sleep 600"),
    "ask12-80x24": (State.WAITING, "question", tuple(f"choice {number}" for number in range(1, 8))),
    "at-80x24": (State.IDLE, None, True),
    "connect-key-80x24": (State.WAITING, "signin", None),
    "help-80x24": (State.WAITING, "menu", ("ok",)),
    "longbash-full-80x24": (State.WAITING, "permission", PERMISSION),
    "plan-80x24": (State.IDLE, None, False),
    "r429q-80x24": (State.WORKING, "retrying", None),
    "r503-80x24": (State.WORKING, "retrying", "Service overloaded · attempt 2"),
    "sessions-80x24": (State.WAITING, "menu", None),
    "shellmode-80x24": (State.IDLE, None, False),
    "shellmode-cmd-80x24": (State.IDLE, None, True),
    # A subagent's page has no composer.
    "child-80x30": (State.WORKING, "working", None),
    # In 256 colours from here.
    "compact-80x30": (State.WORKING, "compacting", None),
    "compact-done-80x30": (State.IDLE, None, False),
    "draft-80x30": (State.IDLE, None, True),
    "e401-80x30": (State.HELD, "auth", None),
    "palette-80x30": (State.WAITING, "menu", None),
    "timeline-80x30": (State.WAITING, "menu", None),
    # kilo 7.7.7
    "kilo-after-120x40": (State.IDLE, None, False),
    "kilo-ask-120x40": (State.WAITING, "question", ("SQLite", "Dolt", "Type your own answer")),
    "kilo-ask-40x24": (State.WAITING, "question", ("SQLite", "Dolt", "Type your own answer")),
    "kilo-e401-40x24": (State.HELD, "auth", None),
    "kilo-hang-40x24": (State.WORKING, "working", None),
    "kilo-hang-draft-40x24": (State.WORKING, "working", None),
    "kilo-r429-40x24": (State.HELD, "rate", "Rate limit reached, try again later · attempt 1"),
    "kilo-bash-40x24": (State.WAITING, "permission", PERMISSION),
    "kilo-bash-120x40": (State.WAITING, "permission", PERMISSION),
    "kilo-draft-120x40": (State.IDLE, None, True),
    "kilo-e401-120x40": (State.HELD, "auth", None),
    "kilo-hang-120x40": (State.WORKING, "working", None),
    "kilo-palette-120x40": (State.WAITING, "menu", None),
    "kilo-r429-120x40": (State.HELD, "rate", "Rate limit reached, try again later · attempt 1"),
    "kilo-sleep-running-120x40": (State.WORKING, "tool", "echo one; sleep 600"),
    "kilo-think-120x40": (State.WORKING, "thinking", None),
}


@each(list(SIZED))
def test_narrow_and_wide_panes_say_the_same(name: str) -> None:
    state, why, more = SIZED[name]
    reading = reading_named(name)
    activity = reading.activity
    assert reading.state == state, reading.fact
    assert why == (activity.question.kind if activity.question else activity.held.why if activity.held else activity.what)
    if more is not None:
        assert more == (activity.question.options if activity.question else activity.detail if why else activity.draft)


def test_every_recorded_size_is_asked() -> None:
    assert SIZED.keys() == index().keys()


def test_a_sidebar_has_no_say() -> None:
    reading = reading_named("ask2-200x50")
    assert reading.activity.question is not None
    assert "LSP" not in reading.activity.question.text and "OpenCode" not in reading.activity.question.text


def test_a_menu_is_told_by_its_title() -> None:
    question = reading_named("hang-palette-200x50").activity.question
    assert question is not None and question.text == "Commands"
    assert "Switch model ctrl+x m" in question.options


def test_a_menu_over_another_script_is_found_by_columns() -> None:
    lines = (FOLDER / "palette-80x30.ansi").read_text().split("\n")
    rows = [re.sub(r"^((?:\x1b\[[0-9;]*m)*) {8}", r"\g<1>漢漢漢漢", row) for row in lines]
    assert sum("漢" in row for row in rows) > 10
    question = read(PROGRAM, screen_of(rows, width=80, height=30)).activity.question
    was = reading_named("palette-80x30").activity.question
    assert was is not None and question == was


def test_a_subagent_that_ended_its_turn_is_idle() -> None:
    rows = (FOLDER / "child-80x30.ansi").read_text().split("\n")
    ended = [row.replace("· Mock 1", "· Mock 1 · 2.0s") for row in rows]
    assert read(PROGRAM, screen_of(ended, width=80, height=30)).state is State.IDLE
    scrolled = [row for row in rows if "▣" not in row]
    assert read(PROGRAM, screen_of(scrolled, width=80, height=30)).state is None


def test_a_bar_without_a_hint_at_keys_asks_nothing() -> None:
    rows = (FOLDER / "child-80x30.ansi").read_text().split("\n")
    taller = [*rows[6:26], *[rows[26]] * 4, *rows[26:]]
    assert read(PROGRAM, screen_of(taller, width=80, height=30)).state is None


# What a next release might change.


@pytest.mark.parametrize(
    ("was", "becomes"),
    [("Permission required", "Erlaubnis erforderlich"), ("Allow once", "Just now"), ("△", "⚠"), ("Shell command", "Bash")],
)
def test_a_permission_is_known_by_other_words_too(was: str, becomes: str) -> None:
    one = scene("opencode-permission-bash-120x40")
    reading = told([row.replace(was, becomes) for row in one.rows], one)
    assert reading.state is State.WAITING and reading.activity.question is not None
    assert reading.activity.question.kind == "permission" and len(reading.activity.question.options) == 3


@pytest.mark.parametrize("name", ["permission-bash", "question"])
def test_a_dialog_whose_top_is_cut_still_waits(name: str) -> None:
    one = scene(f"opencode-{name}-120x40")
    for cut in range(1, 36):
        assert told(rows_of(one)[cut:], one).state is State.WAITING


def test_a_row_more_below_the_composer_blinds_nothing() -> None:
    for one, state in ((IDLE, State.IDLE), (WORKING, State.WORKING), (scene("opencode-rate-429-retrying-120x40"), State.HELD)):
        rows = [*rows_of(one)[1:39], f"{GROUND}   {GREY}new: press ctrl+y to share this session", ""]
        assert told(rows, one).state is state


def test_another_word_beside_the_spinner_is_work_still() -> None:
    rows = [row.replace("interrupt", "stop") for row in WORKING.rows]
    assert told(rows, WORKING).state is State.WORKING
    plain = [re.sub("[⬝■]+", "", re.sub(r"\x1b\[[0-9;]*m(?=[⬝■])", "", row)) for row in WORKING.rows]
    assert told([row.replace("esc ", "[⋯] esc ") for row in plain], WORKING).state is State.WORKING


def test_retries_are_work_at_first_and_held_when_they_last() -> None:
    one = scene("opencode-rate-429-retrying-120x40")
    for words, state in (
        ("[retrying in 4s attempt #1]", State.WORKING),
        ("[retrying attempt #2]", State.WORKING),
        ("[retrying in 2s attempt #3]", State.HELD),
        ("[retrying in 1h 2m attempt #1]", State.HELD),
    ):
        reading = told([row.replace("[retrying in 9m 57s attempt #1]", words) for row in one.rows], one)
        assert (reading.state, reading.activity.what) == (state, "retrying"), words
        assert re.fullmatch(r"Rate limit reached, try again later · attempt \d", reading.activity.detail or "")


# What lies.

CUES = (
    "△ Permission required",
    "  Allow once   Allow always   Reject        ⇆ select  enter confirm",
    "1. Yes",
    "2. No",
    "3. Type your own answer",
    "↑↓ select  enter submit  esc dismiss",
    "⬝⬝⬝⬝■■■■  esc interrupt",
    "⬝⬝⬝⬝■■■■ Rate limit reached [retrying in 9m 57s attempt #7]                    esc interrupt",
    "⠇ Thinking",
    "┃  Unauthorized: 401 invalid API key",
    "╹▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀",
    "Commands                                                      esc",
    "~ Writing command...",
    "QUEUED",
)


def with_answer(one: Scene, lines: list[str], at: int = 11) -> list[str]:
    """Returns the scene's rows with more of an answer above its composer, indented as answers are."""
    rows = rows_of(one)
    top = next(row for row in range(len(rows) - 1, 0, -1) if "╹" in rows[row]) - 5
    rows[at : at + len(lines)] = [f"{GROUND}     {line}{GROUND}" for line in lines][: max(0, top - at)]
    return rows


@pytest.mark.parametrize("colour", [TEXT, RED, WARN, BLUE, GREY, PANEL + GREY])
def test_quoted_cues_mean_nothing_in_any_colour(colour: str) -> None:
    for one, state in ((IDLE, State.IDLE), (WORKING, State.WORKING)):
        reading = told(with_answer(one, [colour + cue for cue in CUES]), one)
        assert reading.state is state, reading.fact
        assert reading.activity.question is None and reading.activity.held is None


def test_a_draft_that_quotes_is_a_draft() -> None:
    rows = rows_of(IDLE)
    draft = [f"{GROUND}  {BLUE}┃{TEXT}\x1b[48;2;30;30;30m  {cue:<113}{GROUND}" for cue in CUES]
    reading = told([*rows[:19], rows[33], *draft, *rows[35:]], IDLE)
    assert reading.state is State.IDLE and reading.activity.draft is True


@pytest.mark.parametrize(
    "newer",
    [
        [f"{BLUE}┃{PANEL}  {TEXT}continue{GROUND}"],
        [f"   {TEXT}Done, it works now.", "", f"   {BLUE}▣ {TEXT} Build{GREY} · Mock 1 · 2.0s"],
        [f"   {GREY}→ Read parser.py"],
    ],
)
def test_an_error_is_over_when_something_newer_stands_below(newer: list[str]) -> None:
    rows = rows_of(REFUSED)
    rows[11 : 11 + len(newer)] = [f"{GROUND}  {line}{GROUND}" for line in newer]
    assert told(rows, REFUSED).state is State.IDLE


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ("Insufficient balance, please add credits", "billing"),
        ("Incorrect API key provided", "auth"),
        ("Too Many Requests", "rate"),
        ("Your weekly usage limit is used up", "limit"),
        ("Unable to connect. Is the computer able to access the url?", "network"),
        ("Der Dienst ist gerade nicht da", "overloaded"),
    ],
)
def test_what_holds_it_is_told_by_the_words_that_it_holds_by_the_bar(message: str, why: str) -> None:
    reading = told([row.replace("Access to this model is forbidden", message) for row in REFUSED.rows], REFUSED)
    assert reading.state is State.HELD and reading.activity.held is not None
    assert (reading.activity.held.why, reading.activity.held.text) == (why, message)


def test_an_error_cut_over_rows_is_read_whole() -> None:
    held = reading_named("e401-40x24").activity.held
    assert held is not None and held.text.startswith("Incorrect API key provided: sk-")


def inverted(row: str) -> str:
    """Returns the row as a light theme draws it."""
    return re.sub(r"([34]8);2;(\d+);(\d+);(\d+)", lambda m: f"{m[1]};2;" + ";".join(str(255 - int(m[n])) for n in (2, 3, 4)), row)


@pytest.mark.parametrize(
    "name",
    ["idle-empty", "idle-draft", "idle-after-turn", "idle-draft-multiline", "permission-bash", "question", "working-queued"],
)
def test_a_light_theme_says_the_same(name: str) -> None:
    one = scene(f"opencode-{name}-120x40")
    x, y = one.meta["tmux"]["cursor"]
    dark, light = read_screen("opencode", one.screen), told([inverted(row) for row in one.rows], one, caret=(x, y))
    assert (light.state, light.activity) == (dark.state, dark.activity)


@pytest.mark.parametrize(
    "name", ["idle-empty", "idle-draft", "auth-403", "rate-429-retrying", "permission-bash", "working-queued"]
)
def test_a_theme_whose_weak_text_is_blue_says_the_same(name: str) -> None:
    one = scene(f"opencode-{name}-120x40")
    x, y = one.meta["tmux"]["cursor"]
    blue = told([row.replace("38;2;128;128;128", "38;2;130;139;184") for row in one.rows], one, caret=(x, y))
    assert (blue.state, blue.activity) == ((was := read_screen("opencode", one.screen)).state, was.activity)


def test_versions_and_percentages_in_an_answer_are_not_the_programs() -> None:
    was = told(rows_of(REFUSED), REFUSED).activity
    said = told(with_answer(REFUSED, ["/usr/bin/python 3.11.7", "~/gt 9.9.9", "done (50%)"], at=14), REFUSED).activity
    assert (said.program_version, said.context_used_pct) == (was.program_version, was.context_used_pct) == (None, None)


def test_a_spinner_makes_no_progress_and_a_word_does() -> None:
    one = scene("opencode-working-thinking-120x40")
    turned = told([row.replace("⠇", "⠙").replace("⬝⬝⬝", "■⬝■") for row in one.rows], one)
    assert turned.progress == told(rows_of(one), one).progress
    assert told(with_answer(WORKING, ["more"]), WORKING).progress != told(rows_of(WORKING), WORKING).progress


def test_blank_and_foreign_screens_say_nothing() -> None:
    for rows in ([], [""] * 40, ["op@host:~$ opencode", "command not found"], ["  ┃", "  ┃ hello", "prompt$ "]):
        assert told(rows).state is None


ROW = st.one_of(
    st.text(max_size=130),
    st.sampled_from(CUES),
    st.sampled_from([row for one in scenes("opencode") for row in one.rows if row.strip()]),
)


@given(st.lists(ROW, max_size=50), st.integers(1, 200), st.tuples(st.integers(0, 200), st.integers(0, 60)))
def test_no_rows_are_too_much(rows: list[str], width: int, caret: tuple[int, int]) -> None:
    reading = read(PROGRAM, screen_of(rows, caret=caret, width=width, height=len(rows)))
    assert reading.fact


@given(st.lists(st.one_of(st.sampled_from(CUES), st.text("┃╹▀⬝■△⇆⠇▣ esc dismiss12.\x1b[31m", max_size=90)), max_size=20))
def test_nothing_said_above_a_composer_changes_its_state(lines: list[str]) -> None:
    for one, state in ((IDLE, State.IDLE), (WORKING, State.WORKING)):
        assert told(with_answer(one, [RED + line for line in lines]), one).state is state


@pytest.mark.parametrize("cell", ["┃", "⬝", "  esc", "△ ", "▀", " ", "1. x ", "[retrying in ", "in 9m ", "Allow once   ", "漢"])
def test_hostile_rows_cost_little(cell: str) -> None:
    row = (cell * 500)[:500]
    screen = screen_of([row] * 40 + ["  ╹" + "▀" * 490, "   ⬝⬝⬝" + row], width=500, height=42)
    assert least(lambda: read(PROGRAM, screen)) < 0.02
