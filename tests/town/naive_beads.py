"""What bd calls ready and blocked, said once more in the plainest words: sets over a list of records, slow and without an index.

Independent of the package on purpose: the two must agree on every graph.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

Record = dict[str, Any]

NEVER_READY = ["merge-request", "gate", "molecule", "message", "agent", "role", "rig"]


def seconds(record: Record, key: str) -> float:
    text = record.get(key)
    return datetime.fromisoformat(text).astimezone(UTC).timestamp() if text else 0.0


def edges(records: list[Record], *kinds: str) -> list[tuple[str, str, Record]]:
    """Returns (who, whom, edge) of every dependency of these kinds."""
    return [
        (record["id"], edge["depends_on_id"], edge)
        for record in records
        for edge in record.get("dependencies", [])
        if edge["type"] in kinds
    ]


def is_wisp(record: Record) -> bool:
    return bool(record.get("ephemeral") or record.get("no_history"))


def held(records: list[Record]) -> set[str]:
    """Returns who is held by somebody of `records`, itself and not by its parent."""
    active = {record["id"] for record in records if record.get("status") not in ("closed", "pinned")}
    closed = {record["id"] for record in records if record.get("status") == "closed"}
    found = {who for who, whom, _ in edges(records, "blocks", "conditional-blocks") if who in active and whom in active}
    for who, spawner, edge in edges(records, "waits-for"):
        children = {child for child, parent, _ in edges(records, "parent-child") if parent == spawner}
        gate = json.loads(edge.get("metadata") or "{}")
        any_child = isinstance(gate, dict) and gate.get("gate") == "any-children"
        if who in active and children & active and not (any_child and children & closed):
            found.add(who)
    return found


def held_from_above(records: list[Record], everybody: list[Record], cascades: bool) -> set[str]:
    """Returns who is held, or has a held parent; where it cascades, a held ancestor, each on the way there being active."""
    active = {record["id"] for record in records if record.get("status") not in ("closed", "pinned")}
    own = held(records)
    found = set(own)
    while True:
        passing = (found & active) if cascades else own
        more = {child for child, parent, _ in edges(everybody, "parent-child") if parent in passing} - found
        if not more:
            return found
        found |= more
        if not cascades:
            return found


def ready(records: list[Record], now: float, cascades: bool = False) -> list[str]:
    issues = [record for record in records if not is_wisp(record)]
    deferred = {record["id"] for record in issues if seconds(record, "defer_until") > now}
    deferred |= {child for child, parent, _ in edges(issues, "parent-child") if parent in deferred}
    stuck = held_from_above(issues, issues, cascades)
    found = [
        record
        for record in issues
        if record.get("status") == "open"
        and not record.get("pinned")
        and record.get("issue_type") not in NEVER_READY
        and record["id"] not in deferred | stuck
    ]
    return [record["id"] for record in sorted(found, key=lambda one: (one["priority"], -seconds(one, "created_at"), one["id"]))]


def blocked(records: list[Record], cascades: bool = False) -> dict[str, set[str]]:
    """Returns who is blocked, and whom bd names for it: nobody where it leaves one out."""
    active = {record["id"] for record in records if record.get("status") not in ("closed", "pinned")}
    stuck = held_from_above(records, records, cascades)
    passing = stuck & active if cascades else held(records)
    holding = [(who, whom) for who, whom, _ in edges(records, "blocks", "conditional-blocks", "waits-for") if whom in active]
    above = [(child, parent) for child, parent, _ in edges(records, "parent-child") if parent in passing]
    return {
        who: {whom for one, whom in holding if one == who} or {parent for child, parent in above if child == who}
        for who in stuck & active
    }
