"""The operator's own ways, by the installed command: what is in force, where it came from, and what was left out."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from servers import Tmux
from towns import HandTown, argv, environment, gttui

MAX, JOE = "alpha/crew/max", "alpha/crew/joe"
Wait = Callable[..., Any]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def settings(document: dict[str, Any]) -> dict[str, tuple[object, str, str | None]]:
    assert document["schema"] == 1
    return {one["key"]: (one["value"], one["origin"], one["where"]) for one in document["settings"]}


def test_without_a_file_everything_is_the_default(tmux: Tmux, tmp_path: Path) -> None:
    done = gttui(tmux, "config", "--json", XDG_CONFIG_HOME=str(tmp_path))
    document = json.loads(done.stdout)
    assert (done.returncode, done.stderr, document["complaints"]) == (0, "", [])
    assert document["file"] == {"path": str(tmp_path / "gastown-tui/config.toml"), "found": False}
    found = settings(document)
    assert {origin for _, origin, _ in found.values()} == {"default"}
    assert found["town"][0] is None and found["backend"][0] == "auto" and found["rates.listing"][0] == 1
    assert found["stalled.polecat"][0] == 15 and found["keys.quit"][0] == ["q"] and found["theme"][0] == "dark"


def test_each_setting_says_where_it_came_from(tmux: Tmux, file: Path) -> None:
    file.write_text('theme = "light"\nsocket = "one"\nbackend = "fork"\n\n[keys]\nsort = "f"\n[stalled]\ndog = 5\n')
    env = {"GT_ROOT": "/srv/gt", "GT_TMUX_SOCKET": "two", "TEXTUAL_THEME": "gastown-contrast"}
    done = gttui(tmux, "--backend", "control", "config", "--json", "--config", str(file), "--read-only", **env)
    found = settings(json.loads(done.stdout))
    assert found["town"] == ("/srv/gt", "environment", "GT_ROOT")
    assert found["socket"] == ("one", "file", f"{file}:2")
    assert found["backend"] == ("control", "command line", "--backend")
    assert found["read_only"] == (True, "command line", "--read-only")
    assert found["theme"] == ("contrast", "environment", "TEXTUAL_THEME")
    assert found["stalled.dog"] == (5, "file", f"{file}:8") and found["stalled.crew"] == (30, "default", None)
    assert found["keys.sort"] == (["f"], "file", f"{file}:6")
    # What lost its key by that is told too, with the line that took it.
    assert found["keys.jump"] == ([], "file", f"{file}:6")
    (complaint,) = json.loads(done.stdout)["complaints"]
    assert (complaint["key"], complaint["line"], complaint["why"]) == ("keys.sort", 6, "f was the key of jump")
    assert done.returncode == 1 and done.stderr.startswith(f"gastown-tui: {file}:6: keys.sort: f was the key of jump (")


def test_for_a_person_it_is_a_table(tmux: Tmux, file: Path) -> None:
    file.write_text('theme = "light"\nspede = 3\n')
    done = gttui(tmux, "config", "--config", str(file))
    lines = done.stdout.splitlines()
    assert lines[0] == str(file)
    assert [line.split() for line in lines if line.split()[0] == "theme"] == [["theme", "line", "1", '"light"']]
    assert [line.split() for line in lines if "stalled.crew" in line] == [["stalled.crew", "default", "30"]]
    assert done.returncode == 1 and "spede: unknown key" in done.stderr and "spede" not in done.stdout


def test_the_example_is_a_file_that_changes_nothing(tmux: Tmux, file: Path) -> None:
    shown = gttui(tmux, "config", "--example")
    file.write_text(shown.stdout)
    plain = json.loads(gttui(tmux, "config", "--json").stdout)
    done = gttui(tmux, "config", "--json", "--config", str(file))
    assert (shown.returncode, done.returncode, done.stderr) == (0, 0, "")
    assert settings(json.loads(done.stdout)) == settings(plain)


def test_a_file_that_is_named_and_missing_or_no_toml_is_wrong_usage(tmux: Tmux, file: Path) -> None:
    assert gttui(tmux, "config", "--config", str(file)).returncode == 64
    file.write_text("theme = dark\n")
    done = gttui(tmux, "config", "--config", str(file))
    assert done.returncode == 64 and "line 1" in done.stderr


def test_a_pipe_in_the_place_of_the_file_is_told_and_never_waited_for(tmux: Tmux, file: Path) -> None:
    os.mkfifo(file)
    done = gttui(tmux, "config", "--config", str(file))
    assert done.returncode == 64 and "not a regular file" in done.stderr


def test_who_is_expected_is_missed_and_who_is_ignored_is_foreign(tmux: Tmux, file: Path, wait_for: Wait) -> None:
    town = HandTown(tmux)
    town.start("al-crew-max", MAX)
    wait_for(town.grown)
    place = ("--town", str(town.root), "--socket", tmux.socket, "--config", str(file))
    file.write_text(f'expect = ["{JOE}", "nobody-here"]\nignore = ["*/crew/max"]\n')
    done = gttui(tmux, "status", "--json", *place)
    document = json.loads(done.stdout)
    assert done.returncode == 1
    assert {one["id"]: one["state"] for one in document["agents"]} == {JOE: "missing"}
    assert [one["session"] for one in document["foreign"]] == ["al-crew-max"]
    (notice,) = document["town"]["notices"]
    assert notice["code"] == "expect" and "nobody-here" in notice["text"]


def test_the_console_starts_with_a_bad_file_and_says_so_where_it_is_seen(
    tmux: Tmux, new_tmux: Callable[..., Tmux], wait_for: Wait, file: Path
) -> None:
    town, desk = HandTown(tmux), new_tmux()
    town.start("al-crew-max", MAX)
    file.write_text('speed = 3\ntheme = "terminal"\n[keys]\nsort = "ctrl+o"\nhelp = "H"\njump = 3\n')
    words = argv("--town", str(town.root), "--socket", tmux.socket, "--config", str(file))
    desk.new(
        "desk", shlex.join(["env", *(f"{name}={value}" for name, value in environment(tmux).items()), *words]), size="120x70"
    )

    def screen(*flags: str) -> str:
        return desk.cmd("capture-pane", "-p", *flags, "-t", "=desk:")

    wait_for(lambda: "2 settings are left out, the first: config.toml:1: speed: unknown key" in screen())
    wait_for(lambda: "crew max" in screen() and "H help" in screen())
    # The terminal's own colours: no escape sets a colour of ours.
    assert "38;2;" not in screen("-e").split("crew max")[0]
    desk.cmd("send-keys", "-t", "=desk:", "H")
    wait_for(lambda: "Ctrl+O     order: place, attention" in screen())
