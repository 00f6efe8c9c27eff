"""What a shell offers at the tab key, asked for as bash asks: by the function that the installed command prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from servers import Tmux
from towns import HandTown, environment, gttui

MAX = "alpha/crew/max"


@pytest.fixture
def place(tmux: Tmux) -> str:
    town = HandTown(tmux)
    town.start("hq-mayor", "mayor")
    town.start("al-crew-max", MAX)
    town.start("al-nux", "alpha/polecats/n$x")
    return f"--town {town.root} --socket {tmux.socket}"


def offered(tmux: Tmux, line: str) -> list[str]:
    ask = 'eval "$(gastown-tui completion bash)" && _python_argcomplete gastown-tui && printf "%s\\n" "${COMPREPLY[@]}"'
    words = f"gastown-tui {line}"
    env = environment(tmux, COMP_LINE=words, COMP_POINT=str(len(words)))
    env["PATH"] = f"{Path(sys.executable).parent}:{env['PATH']}"
    done = subprocess.run(["bash", "-c", ask], env=env, cwd=tmux.folder, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def test_commands_options_and_their_words_are_offered(tmux: Tmux) -> None:
    assert offered(tmux, "st") == ["status"]
    assert offered(tmux, "show --ju") == []
    assert offered(tmux, "show --js") == ["--json"]
    assert offered(tmux, "beads --queue me") == ["merge"]
    assert offered(tmux, "logs --level D") == ["DEBUG"]
    (tmux.folder / "afar").mkdir()
    assert offered(tmux, "--town afa") == ["afar/"]
    assert offered(tmux, "demo --agents ") == offered(tmux, "ack --reason afa") == []
    assert offered(tmux, "--backend f") == offered(tmux, "status --backend f") == ["fork"]


def test_each_shell_is_told_how_to_ask(tmux: Tmux) -> None:
    for shell, registers in (("bash", "complete "), ("zsh", "compdef "), ("fish", "complete --command ")):
        done = gttui(tmux, "completion", shell)
        assert done.returncode == 0 and any(line.strip().startswith(registers) for line in done.stdout.splitlines())


def test_names_of_the_town_are_offered_and_only_plain_ones(tmux: Tmux, place: str) -> None:
    assert offered(tmux, f"show {place} ") == ["mayor", MAX]
    assert offered(tmux, f"{place} ack mayor alpha/c") == [MAX]
    assert offered(tmux, f"show {place} al-c") == ["al-crew-max"]
    assert offered(tmux, f"watch {place} --until dea") == ["dead"]
    assert offered(tmux, f"watch {place} --until dead alpha/cr") == [MAX]
    assert offered(tmux, f"logs {place} --session al-c") == ["al-crew-max"]
    assert offered(tmux, f"beads {place} --rig ") == ["town", "alpha"]


def test_where_no_town_is_or_the_settings_are_wrong_nothing_is_offered_nor_said(tmux: Tmux, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("theme = [")
    assert offered(tmux, "show --town /nonexistent ") == offered(tmux, f"--config {file} show ") == offered(tmux, "show ") == []
