"""Being called, in a real terminal and by the user's own choice."""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from servers import Tmux
from towns import HandTown, argv, environment

from gastown_tui.config import load

Wait = Callable[..., Any]


def test_which_states_ring_is_chosen_by_name(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('bell = ["waiting", "dead"]')
    assert (load(file).config.bell, load(file).wrong) == (["waiting", "dead"], ())
    file.write_text("bell = []")
    assert load(file).config.bell == []
    file.write_text('bell = ["working"]')
    (told,) = load(file).wrong
    assert load(file).config.bell is None
    assert told.key == "bell" and "'waiting'" in told.why


@pytest.mark.parametrize(("bell", "rung"), [("", "1"), ("bell = ['waiting']", "0")], ids=["by itself", "told not to"])
def test_a_death_rings(tmux: Tmux, new_tmux: Callable[..., Tmux], wait_for: Wait, tmp_path: Path, bell: str, rung: str) -> None:
    town, desk, config = HandTown(tmux), new_tmux(), tmp_path / "config.toml"
    config.write_text(bell)
    pane = town.start("al-crew-max", "alpha/crew/max")
    words = argv("--town", str(town.root), "--socket", tmux.socket, "--config", str(config))
    desk.new(
        "desk", shlex.join(["env", *(f"{name}={value}" for name, value in environment(tmux).items()), *words]), size="120x32"
    )
    told = "#{window_bell_flag} #{pane_title}"

    def shown() -> str:
        return desk.cmd("display-message", "-p", "-t", "=desk:", told)

    wait_for(lambda: shown() == "0 gastown-tui · town" and "1 alive" in desk.cmd("capture-pane", "-p", "-t", "=desk:"))
    os.kill(town.pid(pane), signal.SIGKILL)
    wait_for(lambda: "gastown-tui: 1 needs you · town" in shown())
    wait_for(lambda: "1 needs you" in desk.cmd("capture-pane", "-p", "-t", "=desk:"))
    assert shown().split()[0] == rung
