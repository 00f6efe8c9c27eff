"""The demo town's beads: real exports, consistent with its agents, something in every queue, the same for the same seed."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from gastown_tui.demo.beads import Exports, invent
from gastown_tui.demo.roster import residents, rigs
from gastown_tui.observe.beads.store import Seen, Store
from gastown_tui.town.beads.stock import tallies
from gastown_tui.town.snapshot import Moment

NOW = 1_795_257_725.0


def written(root: Path, agents: int, seed: int = 0, *, at: float = NOW) -> tuple[Exports, Seen]:
    """Returns the exports of a town of that many agents of which the dead do not run, and what they say."""
    people = residents(agents)
    registry = {"version": 1, "rigs": {rig.name: {"beads": {"prefix": rig.prefix}} for rig in rigs(agents)}}
    (root / "mayor").mkdir()
    (root / "mayor/rigs.json").write_text(json.dumps(registry))
    exports = Exports(root, people, NOW, seed=seed, runs=lambda one: one.fate != "dead")
    exports.write(at)
    seen = Store(str(root)).look(Moment(at, 1000.0))
    assert seen is not None
    return exports, seen


@pytest.mark.parametrize("agents", [4, 12, 60, 300])
def test_every_worker_has_its_bead_and_every_queue_something(tmp_path: Path, agents: int) -> None:
    _, seen = written(tmp_path, agents)
    hq, *of_rigs = tallies(seen.beads)
    assert len(of_rigs) == len(rigs(agents)) and all(origin.skipped == 0 for origin in seen.fact.origins)
    assert hq.escalations and hq.convoys == 2 and hq.unread and hq.ready
    assert all(tally.ready and tally.blocked and tally.merge for tally in of_rigs)
    has = {bead.assignee: bead.id for queues in seen.beads.queues for bead in queues.active or ()}
    assert has == {one.address: one.bead for one in residents(agents) if one.bead}
    assert all(convoy.unknown == 0 for convoy in seen.beads.convoys or ()) and [one.state for one in seen.fact.origins] == [
        "ok"
    ] * (len(of_rigs) + 1)


def test_ids_are_unique_and_needs_lead_somewhere() -> None:
    databases = invent(residents(300), NOW, 0)
    ids = [record["id"] for records in databases.values() for record in records]
    assert len(ids) == len(set(ids))
    assert {
        edge["depends_on_id"] for records in databases.values() for one in records for edge in one.get("dependencies", ())
    } <= set(ids)


def test_another_seed_is_another_history_and_the_same_one_the_same() -> None:
    people = residents(12)
    assert invent(people, NOW, 1) == invent(people, NOW, 1) != invent(people, NOW, 2)


def test_whoever_runs_goes_on_writing_to_its_bead(tmp_path: Path) -> None:
    now = float(int(time.time()))
    exports, first = written(tmp_path, 12, at=now - 3600)
    exports.write(now)
    later = Store(str(tmp_path)).look(Moment(now, 4600.0))
    assert later is not None
    dead = {one.address for one in residents(12) if one.fate == "dead"}
    for before, after in zip(first.beads.queues, later.beads.queues, strict=True):
        for old, new in zip(before.active or (), after.active or (), strict=True):
            assert (new.updated == old.updated) is (new.assignee in dead)
    assert all(origin.at == now for origin in later.fact.origins)
