"""Recorded screens painted into real panes, at the recorded and at other sizes, and judged by the installed command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from recorded import Scene, scenes
from servers import Tmux
from towns import HandTown, gttui
from waiting import wait_for

COMM = {"kimi-cli": "Kimi Code"}
BY_PROCESS = {"dead", "zombie", "frozen", "starting"}
BY_SCREEN = [one for one in scenes() if one.product != "plain" and one.meta["expected"]["state"] not in BY_PROCESS]


def painting(one: Scene, folder: Path) -> Path:
    """A file that paints the scene when it is printed: each row at its place, then title and cursor."""
    tmux = one.meta["tmux"]
    x, y = tmux["cursor"]
    words = ["\033[?1049h" if tmux["alternate_on"] else "", "\033[?7l\033[H\033[2J"]
    words += [f"\033[{row};1H{text}" for row, text in enumerate(one.rows[: one.meta["size"][1]], 1)]
    words += [f"\033[0m\033]2;{tmux['pane_title']}\033\\", f"\033[{y + 1};{x + 1}H"]
    file = folder / one.id
    file.write_text("".join(words))
    return file


def start(town: HandTown, number: int, one: Scene) -> str:
    comm = COMM.get(one.product, one.product)
    program = town.bin / comm
    if not program.exists():
        program.symlink_to((town.bin / "claude").readlink())
    role = f"alpha/crew/s{number}"
    names = one.meta["env"].get("GT_PROCESS_NAMES", comm)
    env = {"GT_ROLE": role, "GT_ROOT": str(town.root), "GT_AGENT": one.meta["runtime"], "GT_PROCESS_NAMES": f"{names},{comm}"}
    (town.root / role).mkdir(parents=True)
    line = f"cat '{painting(one, town.tmux.folder)}'; exec '{program}' 3600"
    width, height = one.meta["size"]
    town.tmux.new(f"al-crew-s{number}", line, env=env, size=f"{width}x{height}")
    return role


@pytest.mark.parametrize("half", [0, 1])
def test_painted_screens_are_judged_as_they_were(tmux: Tmux, half: int) -> None:
    town = HandTown(tmux)
    played = {start(town, number, one): one for number, one in enumerate(BY_SCREEN[half::2])}
    wait_for(lambda: not {"sh", "cat"} & set(tmux.cmd("list-panes", "-a", "-F", "#{pane_current_command}").split()))
    done = gttui(tmux, "status", "--json", "--settle", "--town", str(town.root), "--socket", tmux.socket)
    agents = {agent["id"]: agent for agent in json.loads(done.stdout)["agents"]}
    wrong = {
        one.id: (agents[role]["state"], [told["fact"] for told in agents[role]["evidence"]])
        for role, one in played.items()
        if agents[role]["state"] not in one.meta["acceptable_states"]
    }
    assert not wrong
    for role, one in played.items():
        if agents[role]["state"] == "waiting":
            assert agents[role]["activity"]["question"]["text"], one.id
