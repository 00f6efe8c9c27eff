"""What the demo town's agents tell of themselves: work that is slung, done and merged, mail and handoffs."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from .roster import Resident

SUBJECTS = ("half of the tests pass, the rest is in my notes", "context is full", "waiting for a review")
TROUBLES = ("conflict in internal/session/names.go", "2 tests fail on main")


def event_line(at: float, kind: str, actor: str, payload: Mapping[str, Any]) -> str:
    """Returns a line of `.events.jsonl`; `at`: wall seconds."""
    ts = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    event = {"ts": ts, "source": "gt", "type": kind, "actor": actor, "payload": payload, "visibility": "feed"}
    return json.dumps(event) + "\n"


def gossip(dice: random.Random, people: Sequence[Resident]) -> tuple[str, str, dict[str, Any]]:
    """Returns (type, actor, payload) of something that happens all day long."""
    workers = [one for one in people if one.bead and one.fate == "lives"] or list(people)
    one = dice.choice(workers)
    bead, branch = one.bead or "hq-mol", f"{one.name or one.role}/{one.bead}"
    merge = {"mr": f"{bead}-mr", "worker": one.address, "branch": branch}
    refinery = f"{one.rig}/refinery" if one.rig else "mayor"
    return dice.choice(
        (
            ("sling", "mayor", {"bead": bead, "target": one.address}),
            ("done", one.address, {"bead": bead, "branch": branch}),
            ("merge_started", refinery, merge),
            ("merged", refinery, merge),
            ("merge_failed", refinery, {**merge, "reason": dice.choice(TROUBLES)}),
            ("handoff", one.address, {"to_session": True, "subject": dice.choice(SUBJECTS)}),
            ("nudge", "deacon", {"rig": one.rig, "target": one.address, "reason": "check your hook"}),
            ("mail", one.address, {"to": "mayor/", "subject": dice.choice(SUBJECTS)}),
        )
    )
