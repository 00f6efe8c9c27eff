"""Bad days of screens: each on a real pane, judged by the installed command."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from recorded import Scene, scene
from servers import Tmux
from test_replayed import painting
from towns import HandTown, gttui

Wait = Callable[..., Any]
MAX = "alpha/crew/max"
ASKS = "claude-permission-bash-120x40"


@pytest.fixture
def town(tmux: Tmux) -> HandTown:
    return HandTown(tmux)


def status(town: HandTown, *words: str) -> dict[str, Any]:
    done = gttui(town.tmux, "status", "--json", *words, "--town", str(town.root), "--socket", town.tmux.socket)
    return json.loads(done.stdout)


def shows(town: HandTown, one: Scene, wait_for: Wait, program: str = "claude", size: str = "120x40") -> str:
    """An agent of which the pane shows that; returns the pane. `program` is what its process is called."""
    if not (town.bin / program).exists():
        (town.bin / program).symlink_to(shutil.which("sleep") or "/bin/sleep")
    env = {"GT_ROLE": MAX, "GT_ROOT": str(town.root), "GT_AGENT": one.meta["runtime"]}
    line = f"cat '{painting(one, town.tmux.folder)}'; exec '{town.bin / program}' 3600"
    pane = town.tmux.new("al-crew-max", line, env=env, size=size)
    wait_for(lambda: program.startswith(town.tmux.get(pane, "#{pane_current_command}")))
    wait_for(town.grown)
    return pane


def swapped(scene_id: str, old: str, new: str) -> Scene:
    one = scene(scene_id)
    assert any(old in row for row in one.rows)
    return one._replace(rows=tuple(row.replace(old, new) for row in one.rows))


def test_a_question_with_hostile_text(town: HandTown, wait_for: Wait) -> None:
    """Escape sequences die in the pane's emulator; direction marks and lone controls are made visible by us."""
    hostile = "\033]0;owned\007SQLite \u202egnol\u2066 \033[31mred key sk-abcdefgh12345678"
    shows(town, swapped("claude-question-120x40", "SQLite", hostile), wait_for)
    (agent,) = status(town)["agents"]
    assert agent["state"] == "waiting"
    option = agent["activity"]["question"]["options"][0]
    assert option.startswith("SQLite �gnol� red") and "sk-abc" not in json.dumps(agent)
    shown = gttui(town.tmux, "show", MAX, "--town", str(town.root), "--socket", town.tmux.socket).stdout
    assert not set(shown) & set("\033\007\u202e\u2066") and "sk-abc" not in shown


def test_five_hundred_options(town: HandTown, wait_for: Wait) -> None:
    one = scene("claude-question-120x40")
    first = next(index for index, row in enumerate(one.rows) if "1." in row and "SQLite" in row)
    options = [f"\033[39m  {number}. answer {number}" for number in range(2, 501)]
    last = [row.replace("3.", "501.").replace("4.", "502.") for row in one.rows[first + 4 : first + 10]]
    rows = (*one.rows[: first + 1], *options, *last)
    tall = one._replace(rows=rows, meta={**one.meta, "size": [120, 530]})
    shows(town, tall, wait_for, size="120x530")
    (agent,) = status(town)["agents"]
    question = agent["activity"]["question"]
    assert agent["state"] == "waiting" and question["options"][:2] == ["SQLite", "answer 2"]
    assert len(question["options"]) <= 20 and len(json.dumps(question)) < 3000


def test_a_pane_that_is_narrowed_in_the_middle_of_a_dialog(town: HandTown, wait_for: Wait) -> None:
    pane = shows(town, scene(ASKS), wait_for)
    for width in ("80", "40", "200"):
        town.tmux.cmd("resize-window", "-t", "al-crew-max", "-x", width, "-y", "40")
        assert town.tmux.get(pane, "#{pane_width}") == width
        (agent,) = status(town)["agents"]
        assert agent["state"] == "waiting", (width, agent["evidence"])


def test_two_programs_in_one_session(town: HandTown, wait_for: Wait) -> None:
    """The agent's own pane counts: a person looks at something beside it."""
    shows(town, scene("claude-idle-empty-120x40"), wait_for)
    (town.bin / "codex").symlink_to(shutil.which("sleep") or "/bin/sleep")
    other = painting(scene("codex-permission-exec-120x40"), town.tmux.folder)
    beside = town.tmux.cmd(
        "new-window", "-P", "-F", "#{pane_id}", "-t", "al-crew-max", f"cat '{other}'; exec '{town.bin}/codex' 9999"
    )
    wait_for(lambda: town.tmux.get(beside, "#{pane_current_command}") == "codex")
    (agent,) = status(town)["agents"]
    assert (agent["state"], agent["runtime"], agent["command"]) == ("idle", "claude", "claude")


@pytest.mark.parametrize("wrapper", ["ssh", "sudo", "docker", ".claude-wrapped"])
def test_an_agent_that_runs_out_of_sight_is_unknown_not_dead(town: HandTown, wait_for: Wait, wrapper: str) -> None:
    """Behind ssh, sudo or docker exec its process is another's; its screen is here, and still proves no life."""
    shows(town, scene(ASKS), wait_for, wrapper)
    agent = status(town)["agents"][0]
    assert agent["state"] == "unknown" and not agent["needs_you"]
    assert wrapper in agent["evidence"][0]["fact"]


def test_a_program_that_is_updated_while_it_runs(town: HandTown, wait_for: Wait) -> None:
    """Its file is replaced under it; later its banner says another version, which is named."""
    program = town.bin / "claude"
    program.unlink()
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    shows(town, scene("claude-idle-empty-120x40"), wait_for)
    program.unlink()
    program.write_text("the next release")
    (agent,) = status(town)["agents"]
    assert (agent["state"], agent["runtime"], agent["activity"]["program_version"]) == ("idle", "claude", "2.1.197")
    town.tmux.cmd("kill-session", "-t", "al-crew-max")
    (town.bin / "claude").unlink()
    shows(town, swapped("claude-idle-empty-120x40", "2.1.197", "2.9.0"), wait_for)
    (agent,) = status(town)["agents"]
    assert agent["state"] == "idle" and agent["activity"]["program_version"] == "2.9.0"
    assert any("2.9.0 is no version" in told["fact"] for told in agent["evidence"])


@pytest.mark.parametrize(
    ("scene_id", "state"),
    [("claude-menu-model-120x40", "waiting"), ("codex-menu-model-120x40", "waiting"), ("kimi-menu-model-120x40", "waiting")],
)
def test_a_menu_that_a_person_left_open_waits(town: HandTown, wait_for: Wait, scene_id: str, state: str) -> None:
    one = scene(scene_id)
    program = {"kimi-cli": "Kimi Code"}.get(one.product, one.product)
    shows(town, one, wait_for, program)
    assert status(town)["agents"][0]["state"] == state


def test_cues_in_what_an_agent_printed_mean_nothing(town: HandTown, wait_for: Wait) -> None:
    """Every cue, in plain text and in the program's own colours, above a prompt that stands."""
    idle, lies = scene("claude-idle-empty-120x40"), []
    for lie in (
        ASKS,
        "claude-question-120x40",
        "claude-working-tool-120x40",
        "claude-auth-401-120x40",
        "codex-permission-exec-120x40",
    ):
        lies += [f"  \033[0m{row}" for row in scene(lie).rows[14:34] if row.strip()]
    prompt = next(index for index, row in enumerate(idle.rows) if "❯" in row) - 1
    rows = (*(f"\033[0m{row}" for row in lies[:24]), "\033[0m", *idle.rows[prompt : prompt + 6])
    shows(town, idle._replace(rows=rows), wait_for)
    assert status(town)["agents"][0]["state"] == "idle"


def test_no_file_of_the_town_changes(town: HandTown, wait_for: Wait) -> None:
    shows(town, scene(ASKS), wait_for)
    files = {path: path.stat().st_mtime_ns for path in Path(town.root).rglob("*")}
    status(town, "--settle")
    assert {path: path.stat().st_mtime_ns for path in Path(town.root).rglob("*")} == files
