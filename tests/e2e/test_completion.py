"""What a shell offers at the tab key, as click's own scripts ask the installed command for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from servers import Tmux
from towns import HandTown, gttui

MAX = "alpha/crew/max"


@pytest.fixture
def place(tmux: Tmux) -> str:
    town = HandTown(tmux)
    town.start("hq-mayor", "mayor")
    town.start("al-crew-max", MAX)
    town.start("al-nux", "alpha/polecats/n$x")
    return f"--town {town.root} --socket {tmux.socket}"


def offered(tmux: Tmux, line: str) -> list[str]:
    words = f"gastown-tui {line}"
    told = {"_GASTOWN_TUI_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    done = gttui(tmux, **told)
    assert (done.returncode, done.stderr) == (0, "")
    return [one.removeprefix("plain,") for one in done.stdout.splitlines() if one]


def test_names_of_the_town_are_offered_and_only_plain_ones(tmux: Tmux, place: str) -> None:
    assert offered(tmux, f"show {place} ") == ["mayor", MAX]
    assert offered(tmux, f"{place} ack mayor alpha/c") == [MAX]
    assert offered(tmux, f"watch {place} --until dea") == ["dead"]
    assert offered(tmux, f"watch {place} --until dead alpha/cr") == [MAX]
    assert offered(tmux, f"logs {place} --session al-c") == ["al-crew-max"]
    assert offered(tmux, f"beads {place} --rig ") == ["town", "alpha"]


def test_where_no_town_is_or_the_settings_are_wrong_nothing_is_offered_nor_said(tmux: Tmux, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("theme = [")
    assert offered(tmux, "show --town /nonexistent ") == offered(tmux, f"--config {file} show ") == offered(tmux, "show ") == []
