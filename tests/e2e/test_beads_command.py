"""`beads` and `status` of a town with beads, as the installed command prints them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from beadtown import DATA, BeadTown
from servers import Tmux
from towns import HandTown, gttui
from waiting import wait_for


@pytest.fixture(name="town")
def _town(tmux: Tmux) -> BeadTown:
    """A town whose polecat works, with beads that a bd tells."""
    hand = HandTown(tmux)
    hand.start("al-nux", "alpha/polecats/nux")
    town = BeadTown(hand.root)
    hand.register(alpha="al")
    town.serve("", "alpha")
    for place in ("hq", "alpha"):
        folder = f"{hand.root.name}" if place == "hq" else place
        town.says((DATA / f"{place}.list.json").read_bytes(), place=folder)
    return town


def told(tmux: Tmux, town: BeadTown, *words: str) -> tuple[int, str, str]:
    place = ("--town", str(town.root), "--socket", tmux.socket)
    path = {**town.environ, "PATH": f"{town.root}/bin:{tmux.env['PATH']}"}
    done = gttui(tmux, *words, *place, **{name: path[name] for name in ("PATH", "TMPDIR")})
    return done.returncode, done.stdout, done.stderr


def status(tmux: Tmux, town: BeadTown) -> tuple[int, Any]:
    """Returns exit code and beads. A look has two seconds: on a busy machine none may be left for these."""
    code, out, _ = told(tmux, town, "status", "--json")
    return code, json.loads(out)["beads"]


def test_beads_asks_bd_and_tells_who_has_what(tmux: Tmux, town: BeadTown) -> None:
    code, out, _ = told(tmux, town, "beads", "--json", "--queue", "active", "--queue", "convoys")
    document = json.loads(out)
    assert code == 0 and list(document["queues"]) == ["active", "convoys"] and len(town.asked) == 2
    assert [(one["name"], one["from"], one["state"]) for one in document["sources"]] == [
        ("hq", "dump", "ok"),
        ("alpha", "dump", "ok"),
    ]
    has = {one["id"]: one["agent_state"] for one in document["queues"]["active"]["beads"]}
    assert has["al-lfr"] not in (None, "dead") and has["al-o5l"] is None
    assert document["queues"]["convoys"]["known"] and document["queues"]["convoys"]["beads"][0]["total"]


def test_beads_for_people_and_one_rig(tmux: Tmux, town: BeadTown) -> None:
    code, out, _ = told(tmux, town, "beads", "--rig", "alpha")
    assert code == 0 and out.startswith("ready 17\n") and "alpha by dump" in out and "hq by" not in out
    assert "al-wj7" in out and "blocked by" in out


def test_the_towns_own_beads_are_the_towns(tmux: Tmux, town: BeadTown) -> None:
    code, out, _ = told(tmux, town, "beads", "--rig", "town", "--queue", "convoys")
    assert code == 0 and out.startswith("convoys 3\n") and "hq by dump" in out and len(town.asked) == 1


def test_status_tells_of_exports_and_starts_no_bd(tmux: Tmux, town: BeadTown) -> None:
    code, beads = wait_for(lambda: (one := status(tmux, town))[1] and one)
    assert code in (0, 1) and not town.asked and beads[1]["queues"]["ready"] is None and beads[1]["state"] == "absent"
    town.export("alpha", {"bead_id": "al-1"}, {"bead_id": "al-2", "status": "hooked"})
    document = wait_for(lambda: (one := json.loads(told(tmux, town, "status", "--json")[1]))["beads"] and one)
    assert document["beads"][1]["from"] == "export" and document["beads"][1]["queues"]["active"] == 1
    assert document["beads"][1]["queues"]["merge"] is None and not town.asked
    assert next(source for source in document["sources"] if source["name"] == "beads")["state"] == "ok"


def test_nothing_to_read_and_nobody_of_that_name(tmux: Tmux, town: BeadTown) -> None:
    town.says("", "Error: no beads database found", 1)
    for place in (town.root.name, "alpha"):
        (town.root / f"bd/{place}.out").unlink()
    code, out, _ = told(tmux, town, "beads", "--json")
    assert code == 2 and json.loads(out)["queues"]["ready"] == {"known": False, "count": None, "beads": []}
    code, out, err = told(tmux, town, "beads", "--rig", "nope", "--json")
    assert code == 64 and json.loads(out)["error"]["code"] == "target"
    assert "nope (there are: town or hq, alpha)" in err
    assert told(tmux, town, "beads", "--queue", "nope")[0] == 64


def test_a_town_without_beads(tmux: Tmux) -> None:
    town = HandTown(tmux)
    town.start("hq-mayor", "mayor")
    place = ("--town", str(town.root), "--socket", tmux.socket)
    assert json.loads(gttui(tmux, "status", "--json", *place).stdout)["beads"] is None
    done = gttui(tmux, "beads", "--json", *place)
    assert done.returncode == 2 and json.loads(done.stdout)["error"]["code"] == "beads"
