"""What the doctor says of a town's beads: a line for each database, by the source that answers."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from beadtown import BeadTown
from servers import Tmux
from towns import HandTown, clock

from gastown_tui.memory.seen import Memory
from gastown_tui.observe.doctor import examine
from gastown_tui.observe.means import Means
from gastown_tui.town.text import rfc3339


@pytest.fixture
def hand(tmux: Tmux) -> HandTown:
    made = HandTown(tmux)
    made.start("hq-mayor", "mayor")
    return made


@pytest.fixture
def town(hand: HandTown) -> BeadTown:
    made = BeadTown(hand.root)
    made.serve("", "alpha")
    return made


def told(hand: HandTown, path: str = os.defpath, **env: str) -> Iterator[tuple[str, str, str | None]]:
    """Yields status, what was found and the remedy of each check of beads."""
    state = Path(hand.tmux.folder / "state")
    means = Means("tmux", "here", clock, time.sleep, lambda root, _server: Memory(state, root))
    wanted = hand.wanted(town=str(hand.root), socket=hand.tmux.socket, PATH=path, **env)
    checks: list[dict[str, Any]] = examine(wanted, means, "auto", False, state)["checks"]
    for check in checks:
        if check["name"] == "beads":
            yield check["status"], check["found"], check["remedy"]


def test_a_town_without_beads_has_none_to_check(hand: HandTown) -> None:
    assert [*told(hand)] == [("skip", "this town has no database of beads", None)]


def test_each_database_is_checked_by_the_source_that_answers(hand: HandTown, town: BeadTown) -> None:
    town.export("alpha", {"bead_id": "al-1"})
    (_, hq, helps), alpha = told(hand)
    assert hq == "hq by nothing: no export was written" and helps and "with bd on PATH" in helps
    assert alpha[0] == "ok" and alpha[1].startswith("alpha by export, ")
    by_bd = list(told(hand, f"{town.root}/bin:{os.defpath}"))
    assert [(status, found.partition(",")[0]) for status, found, _ in by_bd] == [("ok", "hq by dump"), ("ok", "alpha by dump")]


def test_a_bd_that_fails_is_told_with_its_remedy(hand: HandTown, town: BeadTown) -> None:
    town.says("", "Error: Dolt server unreachable", 1)
    for status, found, remedy in told(hand, f"{town.root}/bin:{os.defpath}"):
        assert status == "fail" and "by nothing: " in found and remedy


def test_a_bd_that_imports_by_itself_is_a_warning(hand: HandTown, town: BeadTown) -> None:
    town.says("[]", "auto-importing 4096 bytes from /x/.beads/issues.jsonl into empty database...\n")
    checks = list(told(hand, f"{town.root}/bin:{os.defpath}"))
    assert [status for status, _, _ in checks] == ["warn", "warn", "ok", "ok"]
    assert all("imports an old export" in found and helps and "export.auto: false" in helps for _, found, helps in checks[:2])


def test_a_bd_that_asks_no_more_is_told_so(hand: HandTown, town: BeadTown) -> None:
    town.export("alpha", {"bead_id": "al-1"})
    tripped = json.dumps({"state": "open", "tripped_at": rfc3339(time.time())})
    town.write("tmp/beads-circuit/beads-dolt-circuit-127-0-0-1-3307.json", tripped)
    (first, hq, helps), (second, alpha, _) = told(hand, f"{town.root}/bin:{os.defpath}", TMPDIR=f"{town.root}/tmp")
    assert (first, second) == ("fail", "ok") and helps == "gt dolt status" and town.asked == [" version"]
    assert all("bd asks its server no more for a while" in said for said in (hq, alpha))
