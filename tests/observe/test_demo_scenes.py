"""What the demo town's agents show: recorded screens, which the console reads as what they are, at any size of their pane."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from recorded import scene
from servers import Tmux

from gastown_tui.demo import agent
from gastown_tui.demo.box import Box, open_box
from gastown_tui.demo.roster import residents
from gastown_tui.town.activity.readers import read_screen
from gastown_tui.town.activity.rules import Reading
from gastown_tui.town.activity.screen import screen_of
from gastown_tui.town.cells import Attributes, Cells, parse_rows

SIZES = ("80x24", "120x40", "200x50")
FILES = sorted(Path(agent.SCENES).glob("*.ansi"))
SCENES = [path.stem for path in FILES if "-" in path.stem]
# It plays one scene for an hour. With -I nobody's package but this one is found.
PLAYER = (
    "import sys; sys.path.insert(0, sys.argv[1]); from agent import Agent; a = Agent(3, 1.0, ''); a.fill(); a.hold(sys.argv[2])"
)


def looks(cells: Cells) -> list[tuple[str, Attributes]]:
    """Returns the row character by character, without the blanks at its end; of a blank the ground alone is seen."""
    row = [(char, look._replace(fg=None) if char == " " else look) for text, look in cells for char in text]
    row = [(char, Attributes(bg=look.bg, reverse=look.reverse) if char == " " else look) for char, look in row]
    while row and row[-1] == (" ", Attributes()):
        row.pop()
    return row


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_is_a_piece_of_a_recording(name: str) -> None:
    played = agent.Scene(name)
    recorded, *spans = played.head["from"].split()
    rows = parse_rows(scene(recorded).rows)
    picked = [row for span in spans for row in rows[int(span.split("-")[0]) : int(span.split("-")[1]) + 1]]
    shown = [row for row, _ in (*played.says, *played.rows)]
    assert [looks(row) for row in parse_rows(shown)] == [looks(row) for row in picked]
    assert played.width == scene(recorded).meta["size"][0]
    state, *_ = played.head["plays"].split()
    assert state == scene(recorded).meta["expected"]["state"]


def test_every_scene_is_played_by_somebody_and_all_are_small() -> None:
    played = set()
    for one in residents(300):
        book = agent.Picture(one.program).head
        asks = book["asks"].split() if one.mood == "asking" else []
        held = [book[one.mood]] if one.mood in ("held", "refused") else []
        played |= {f"{one.program}-{name}" for name in ("idle", *book["works"].split(), *asks, *held)}
    assert played == set(SCENES)
    assert sum(path.stat().st_size for path in FILES) < 120_000


class Stage(NamedTuple):
    """One server on which every scene is played, each in a session of its own."""

    tmux: Tmux
    folder: Path

    def start(self, size: str = "80x24") -> None:
        """Starts them all; what one plays is told in `plays` once it is drawn."""
        (self.folder / "plays").mkdir()
        (self.folder / "gt").mkdir()
        player = [sys.executable, "-ISBc", PLAYER, str(Path(agent.SCENES).parent)]
        for name in SCENES:
            program, play = name.split("-", 1)
            env = {"GT_AGENT": program, "GT_ROOT": str(self.folder / "gt"), "GT_SESSION": name}
            self.tmux.new(name, *player, play, env=env, cwd=self.folder / "gt", size=size)

    def read(self, name: str) -> Reading:
        """Returns what the screen of that scene says."""
        fields = "#{pane_width}\t#{pane_height}\t#{cursor_x}\t#{cursor_y}\t#{alternate_on}\t#{pane_title}"
        width, height, x, y, alternate, title = self.tmux.get(f"={name}:", fields).split("\t")
        rows = self.tmux.cmd("capture-pane", "-e", "-p", "-t", f"={name}:").split("\n")
        product = {"kimi": "kimi-cli"}.get(name.split("-")[0], name.split("-")[0])
        return read_screen(
            product,
            screen_of(
                rows, title=title, caret=(int(x), int(y)), width=int(width), height=int(height), alternate=alternate == "1"
            ),
        )


@pytest.fixture
def stage(tmux: Tmux, tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmux, tmp_path)
    made.start()
    yield made


def said(reading: Reading) -> list[str]:
    """Returns a reading in the words in which an agent says what it plays."""
    told, state = reading.activity, str(reading.state)
    more = {
        "working": told.what,
        "waiting": told.question and told.question.kind,
        "held": told.held and told.held.why,
    }.get(state)
    return [state, more] if more else [state]


def test_every_scene_is_read_as_what_it_is_at_every_size(stage: Stage, wait_for: Callable[..., Any]) -> None:
    claims = {name: agent.Scene(name).head["plays"].split()[:2] for name in SCENES}
    for size in SIZES:
        wide, high = size.split("x")
        for name in SCENES:
            stage.tmux.cmd("resize-window", "-t", f"={name}:", "-x", wide, "-y", high)
        wait_for(lambda: {name: said(stage.read(name)) for name in SCENES} == claims, 20.0)


@pytest.mark.parametrize("size", ["1x1", "3x2", "20x6"])
def test_no_pane_is_too_small_to_be_played_in(tmux: Tmux, tmp_path: Path, size: str, wait_for: Callable[..., Any]) -> None:
    small = Stage(tmux, tmp_path)
    small.start(size)
    wait_for(lambda: {path.name for path in (tmp_path / "plays").iterdir()} >= set(SCENES), 20.0)


def plays(folder: Path) -> str:
    """Returns what joe plays; nothing before he begins."""
    said = folder / "plays/joe"
    return said.read_text() if said.exists() else ""


def test_whoever_asks_is_answered_and_asks_something_else(tmux: Tmux, tmp_path: Path, wait_for: Callable[..., Any]) -> None:
    (tmp_path / "plays").mkdir()
    (tmp_path / "gt").mkdir()
    env = {"GT_AGENT": "claude", "GT_ROOT": str(tmp_path / "gt"), "GT_SESSION": "joe"}
    pane = tmux.new("joe", sys.executable, "-ISB", agent.__file__, "3", "200", "-", "asking", env=env, cwd=tmp_path / "gt")
    for asked in ("permission", "question", "plan", "permission"):
        wait_for(lambda asked=asked: f"waiting {asked}\n" in plays(tmp_path), 20.0)
    history = tmux.cmd("capture-pane", "-p", "-S", "-", "-t", pane)
    assert "● Bash(python3 -m pytest -q tests)\n  ⎿ \N{NO-BREAK SPACE}41 passed in 3.20s\n" in history
    assert history.count("❯ continue with the next bead") >= 3
    assert "Do you want to proceed?" not in history.partition("41 passed")[0], "what is answered goes without a trace"


def claimed(box: Box) -> dict[str, list[str]]:
    """Returns what every agent says that it plays; whoever is gone plays nothing any more."""
    claims = {}
    for path in (box.root.parent / "plays").iterdir():
        if path.suffix == ".new":
            continue
        pid, *plays = path.read_text().split()
        gone = not Path(f"/proc/{pid}").exists()
        claims[path.name] = ["dead"] if gone and plays != ["zombie"] else plays
    return claims


def judged(box: Box) -> dict[str, list[str]]:
    """Returns what the console says of every agent, in the same words."""
    command = [sys.executable, "-m", "gastown_tui", "--town", str(box.root), "--socket", str(box.socket), "status", "--json"]
    env = {"PATH": os.environ["PATH"], "HOME": str(box.root.parent), "TMUX_TMPDIR": str(box.socket.parents[1])}
    town = json.loads(subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=30).stdout)
    return {one["session"]: in_words(one) for one in town["agents"]}


def ask(box: Box, *words: str) -> str:
    return subprocess.run(["tmux", "-S", str(box.socket), *words], capture_output=True, text=True, timeout=10, check=False).stdout


def in_words(one: dict[str, Any]) -> list[str]:
    doing, state = one["activity"], str(one["state"])
    if state == "held":
        until = doing["held"]["until"]
        return [state, doing["held"]["why"], *([f"{datetime.fromisoformat(until).timestamp():.0f}"] if until else [])]
    more = doing["question"]["kind"] if state == "waiting" else doing["what"] if state == "working" else None
    return [state, more] if more else [state]


def same(claim: list[str], told: list[str]) -> bool:
    """Whether two say the same; a moment that is told as a countdown is right to a few seconds."""
    moments = zip(claim[2:], told[2:], strict=False)
    return claim[:2] == told[:2] and len(claim) == len(told) and all(abs(int(one) - int(other)) <= 3 for one, other in moments)


@pytest.mark.parametrize("size", SIZES)
def test_the_console_says_of_everybody_what_he_plays(tmux: Tmux, size: str, wait_for: Callable[..., Any]) -> None:
    """Thirty-six agents: every program, and every lot that a worker can draw."""
    with open_box(agents=36, seed=7, environ={**tmux.env, "TMPDIR": str(tmux.folder)}) as box:
        wide, high = size.split("x")
        for one in residents(36):
            ask(box, "resize-window", "-t", f"={one.session}:", "-x", wide, "-y", high)
        wait_for(lambda: set(ask(box, "list-panes", "-a", "-F", "#{pane_width}x#{pane_height}").split()) == {size})
        right: set[str] = set()

        def agrees() -> bool:
            before, told = claimed(box), judged(box)
            stood = {session for session, plays in claimed(box).items() if plays == before.get(session)}
            now = {session for session in stood if same(before[session], told[session])}
            right.update(now)
            return now == stood and len(right) == 36

        wait_for(agrees, 30.0)
        states = [plays[0] for plays in claimed(box).values()]
        assert {state: states.count(state) for state in ("dead", "zombie", "waiting", "held")} == {
            "dead": 1, "zombie": 1, "waiting": 6, "held": 5,
        }  # fmt: skip


def test_of_twelve_agents_two_ask_the_same_and_three_more_need_somebody(tmux: Tmux, wait_for: Callable[..., Any]) -> None:
    with open_box(seed=7, environ={**tmux.env, "TMPDIR": str(tmux.folder)}) as box:
        wait_for(lambda: len(claimed(box)) == 12)
        plays = [" ".join(plays[:2]) for plays in claimed(box).values() if plays[0] not in ("working", "idle")]
    assert sorted(plays) == ["dead", "held limit", "waiting permission", "waiting permission", "zombie"]
