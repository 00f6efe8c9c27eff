"""The demo town's beads, as the exports that bd 1.0.3 writes beside its databases: of the town itself and of each rig."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any

from .roster import POLECATS, Resident, Rig, rigs

VERSION = "1.0.3"
DAY = 86400.0
TITLES = (
    "Say which hook failed, and where",
    "Take session names from the registry",
    "Hold a refinery that lost its worktree",
    "Retry the push when the remote is busy",
    "Sort the ready queue as bd does",
    "Keep the export of an empty database",
    "Name the flag that an older bd lacks",
    "Tell a parked rig from one that is gone",
    "Read the heartbeat once for each look",
    "Old names stay valid for a release",
    "Count sessions that share a pane once",
    "A convoy without members is told as such",
    "Write the log in UTC",
    "Let a nudge wait until the prompt is empty",
    "Drop the lock when its owner is dead",
    "Show who claimed a merge, and since when",
    "Do not follow a redirect in a circle",
    "Bound what one command may print",
    "Show the age of every number",
    "Ask the server once, not once for each rig",
    "A worktree on a full disk is named",
    "Accept a prefix with a dash",
    "Explain why a bead is held up",
    "End a patrol that finds nothing to do",
)
KINDS = ("task", "task", "task", "bug", "bug", "feature", "chore")
EPICS = ("Names of sessions", "Exports that can be trusted", "Nobody waits for a dead agent")
Record = dict[str, Any]


class Exports:
    """What the databases hold. `runs` tells whether an agent's process is there; whoever runs goes on writing to its bead."""

    def __init__(
        self, root: Path, people: Sequence[Resident], now: float, *, seed: int, runs: Callable[[Resident], bool]
    ) -> None:
        self._root, self._people, self._runs = root, people, runs
        self._databases = invent(people, now, seed)
        self._held = {one.bead: one for one in people if one.bead}

    def write(self, now: float) -> None:
        """Writes every export anew, each in one step, as bd does it."""
        for place, records in self._databases.items():
            for record in records:
                if (who := self._held.get(record["id"])) and self._runs(who):
                    record["updated_at"] = stamp(now)
            text = "".join(json.dumps(record, separators=(",", ":"), ensure_ascii=False) + "\n" for record in records)
            self._put(place, "issues.jsonl", text)
            state = {"last_dolt_commit": "", "timestamp": stamp(now), "issues": len(records), "memories": 0}
            self._put(place, "export-state.json", json.dumps(state))
            self._put(place, ".local_version", VERSION)

    def _put(self, place: str, name: str, text: str) -> None:
        folder = self._root / place / ".beads"
        folder.mkdir(parents=True, exist_ok=True)
        new = folder / f"{name}.tmp"
        new.write_text(text)
        new.replace(folder / name)


def stamp(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def invent(people: Sequence[Resident], now: float, seed: int) -> Mapping[str, list[Record]]:
    """Returns the beads of each database, by its folder below the town's root: the same for the same seed and moment."""
    town = rigs(len(people))
    databases = {rig.name: list(_rig(rig, [one for one in people if one.rig == rig.name], now, seed)) for rig in town}
    return {"": list(_town(people, databases, now)), **databases}


def _bead(
    bead_id: str, title: str, made: float, status: str = "open", *, needs: Iterable[tuple[str, str]] = (), **more: Any
) -> Record:
    """Returns a line of an export; `needs` are (kind, id)."""
    edges = [{"issue_id": bead_id, "depends_on_id": target, "type": kind, "created_at": stamp(made)} for kind, target in needs]
    times = {"created_at": stamp(made), "created_by": "mayor", "updated_at": stamp(made)}
    record = {"_type": "issue", "id": bead_id, "title": title, "status": status, "priority": 2, "issue_type": "task", **times}
    counts = {"dependency_count": len(edges), "dependent_count": 0, "comment_count": 0}
    return {**record, **more, **({"dependencies": edges} if edges else {}), **counts}


def _described(**fields: str) -> str:
    return "\n".join(f"{key}: {value}" for key, value in fields.items())


def _rig(rig: Rig, people: Sequence[Resident], now: float, seed: int) -> Iterator[Record]:
    """Yields the work of one rig: what its agents have, what waits for it, what is ready, an epic, history, and merges."""
    dice = random.Random(f"beads {rig.name} {seed}")
    titles = cycle(dice.sample(TITLES, len(TITLES)))
    ids = (f"{rig.prefix}-{number:03x}" for number in dice.sample(range(0x100, 0xFFF), 0x400))
    taken = {one.bead for one in people}
    fresh = (one for one in ids if one not in taken)
    epic = next(fresh)
    yield _bead(epic, dice.choice(EPICS), now - 9 * DAY, issue_type="epic", priority=1)
    yield from _work(people, titles, epic, now, dice)
    ready = [next(fresh) for _ in range(6)]
    for one in ready:
        made, priority = now - dice.uniform(0.02, 6) * DAY, dice.choice((0, 1, 2, 2, 3))
        yield _bead(one, next(titles), made, priority=priority, issue_type=dice.choice(KINDS))
    holders = [one.bead for one in people if one.bead][:2] + ready[:2]
    for at, holder in enumerate(holders):
        needs = [("blocks", holder), *([("parent-child", epic)] if at else [])]
        yield _bead(next(fresh), next(titles), now - dice.uniform(0.1, 4) * DAY, needs=needs, priority=dice.choice((1, 2, 3)))
    yield _bead(next(fresh), next(titles), now - 3 * DAY, "deferred", defer_until=stamp(now + DAY), priority=3)
    for number in range(12):
        made = now - (number + 2) * DAY
        ended: Record = {"closed_at": stamp(made + DAY / 2), "updated_at": stamp(made + DAY / 2), "close_reason": "merged"}
        yield _bead(next(fresh), dice.choice(TITLES), made, "closed", needs=[("parent-child", epic)], **ended)
    yield from _merges(rig, people, fresh, now)


def _work(people: Sequence[Resident], titles: Iterator[str], epic: str, now: float, dice: random.Random) -> Iterator[Record]:
    for one in people:
        if one.bead:
            status = "hooked" if one.role == "polecat" else "in_progress"
            told: Record = {"assignee": one.address, "priority": dice.choice((1, 2)), "started_at": stamp(now)}
            yield _bead(one.bead, next(titles), now - dice.uniform(0.2, 3) * DAY, status, needs=[("parent-child", epic)], **told)


def _merges(rig: Rig, people: Sequence[Resident], fresh: Iterator[str], now: float) -> Iterator[Record]:
    """Yields the merge requests, wisps, of polecats that are done; the refinery, where there is one, has claimed the first."""
    refinery = next((one.address for one in people if one.role == "refinery"), None)
    for number, worker in enumerate(POLECATS[-2:]):
        source = next(fresh)
        fields = _described(branch=f"polecat/{worker}/{source}", target="main", source_issue=source, rig=rig.name, worker=worker)
        claimed = {"assignee": refinery} if refinery and number == 0 else {}
        wisp: Record = {"labels": ["gt:merge-request"], "ephemeral": True, "description": fields, **claimed}
        yield _bead(f"{rig.prefix}-wisp-{source[-3:]}", f"Merge: {source}", now - (number + 1) * 1500, priority=1, **wisp)


def _town(people: Sequence[Resident], databases: Mapping[str, Sequence[Record]], now: float) -> Iterator[Record]:
    """Yields the town's own: convoys across the rigs, escalations, mail, and the bead of each agent."""
    tracked = [record["id"] for records in databases.values() for record in records if record["status"] != "closed"][1::7][:5]
    done = [record["id"] for records in databases.values() for record in records if record["status"] == "closed"][:3]
    if tracked:
        needs = [("tracks", one) for one in (*tracked, *done)]
        yield _bead("hq-cv-7kq2a", "The next release", now - 2 * DAY, issue_type="convoy", needs=needs)
        yield _bead("hq-cv-x03fd", "After the release", now - DAY, "staged_ready", issue_type="convoy", needs=needs[:2])
    yield _bead("hq-4d1", "Decide which releases the rigs follow", now - 4 * DAY, priority=1)
    fallen = next((one for one in people if one.fate == "dead"), None)
    if fallen:
        yield _escalation("hq-wisp-e7a", f"{fallen.address} died and nobody restarts it", "high", fallen, now - 2400)
    yield _escalation("hq-wisp-b20", "The upgrade of tmux needs a window", "medium", None, now - 9000, "acked")
    for number, subject in enumerate(("Work done, ready to merge", "Which branch is the release?")):
        labels = ["gt:message", f"from:{people[-1].address}", "msg-type:task"]
        yield _bead(f"hq-m{number}f", subject, now - 600 * (number + 1), assignee="mayor/", labels=labels)
    for one in people:
        fields = _described(role_type=one.role, rig=one.rig or "null", agent_state="working" if one.bead else "idle")
        name = one.address.replace("/", "-")
        yield _bead(f"hq-{name}", one.address, now - 9 * DAY, labels=["gt:agent"], description=fields)


def _escalation(bead_id: str, title: str, severity: str, about: Resident | None, made: float, *labels: str) -> Record:
    by = f"{about.rig}/witness" if about else "mayor"
    fields = _described(severity=severity, escalated_by=by, related_bead=about.bead if about else "null")
    told: Record = {"labels": ["gt:escalation", f"severity:{severity}", *labels], "ephemeral": True, "wisp_type": "escalation"}
    return _bead(bead_id, title, made, priority=1, description=fields, **told)
