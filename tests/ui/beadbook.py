"""The beads of the fixed town: every queue has some, one rig's come from an export, another's cannot be read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from gastown_tui.town.beads.index import Index
from gastown_tui.town.beads.queues import Source, survey
from gastown_tui.town.beads.stock import assigned, stock, tallies
from gastown_tui.town.beads.trees import Account, account
from gastown_tui.town.snapshot import Agent, Origin, Stock

WALL = 1795257725.0  # 2026-11-21 10:42:05 UTC
HOUR = 3600.0


def bead(bead_id: str, title: str, ago: float, status: str = "open", *, needs: str = "", **more: object) -> bytes:
    """Returns a line of an export. `needs`: as in `blocks gt-1, parent-child gt-2`."""
    edges = [edge.split(" ") for edge in needs.split(", ") if edge]
    record = {
        "_type": "issue",
        "id": bead_id,
        "title": title,
        "status": status,
        "priority": 2,
        "issue_type": "task",
        "created_at": _stamp(ago),
        "updated_at": _stamp(min(ago / 4, 400.0)),
        **more,
        "dependencies": [{"issue_id": bead_id, "depends_on_id": target, "type": kind} for kind, target in edges],
    }
    return json.dumps(record, separators=(",", ":")).encode()


def _stamp(ago: float) -> str:
    return datetime.fromtimestamp(WALL - ago, UTC).isoformat().replace("+00:00", "Z")


def _of_kind(label: str, **fields: str) -> dict[str, object]:
    return {"labels": [label], "ephemeral": True, "description": "\n".join(f"{key}: {value}" for key, value in fields.items())}


HQ = (
    bead(
        "hq-cv-7kq",
        "Session names, old and new",
        9 * HOUR,
        issue_type="convoy",
        needs="tracks gt-aa7, tracks bd-71c, tracks gt-3m2",
    ),
    bead(
        "hq-4d1",
        "Decide which releases the wasteland follows",
        50 * HOUR,
        "in_progress",
        priority=1,
        assignee="mayor",
        updated_at=_stamp(5 * HOUR),
    ),
    bead("hq-9p0", "Write down who may push to main", 70 * HOUR),
    bead("hq-m01", "POLECAT_DONE slit", 2 * HOUR, assignee="mayor/", labels=["gt:message", "from:gastown/witness"]),
    bead(
        "hq-wisp-e1",
        "CI has been red since the upgrade of tmux",
        1.5 * HOUR,
        **_of_kind("gt:escalation", severity="high", escalated_by="gastown/witness", related_bead="gt-4f2"),
    ),
)
GASTOWN = (
    bead("gt-100", "Names of sessions", 200 * HOUR, issue_type="epic"),
    bead("gt-4f2", "Retry the push when the remote is busy", 20 * HOUR, "hooked", assignee="gastown/crew/jack"),
    bead("gt-9x1", "Say which hook failed, and where", 19 * HOUR, "in_progress", assignee="gastown/crew/emma", priority=1),
    bead(
        "gt-aa7",
        "Take session names from the registry",
        8 * HOUR,
        "hooked",
        assignee="gastown/polecats/nux",
        needs="parent-child gt-100",
    ),
    bead("gt-b01", "Hold a refinery that lost its worktree", 5 * HOUR, "in_progress", assignee="gastown/polecats/slit"),
    bead(
        "gt-0aa",
        "A mayor without a hook is told to wait",
        30 * HOUR,
        priority=0,
        issue_type="bug",
        description="Seen twice this week.\n\n1. start a town\n2. unhook the mayor\n\nIt waits, and nobody is told why.",
        comments=[{"id": "1", "author": "mayor", "text": "Again at 09:12.", "created_at": _stamp(HOUR)}],
    ),
    bead("gt-3m2", "Old names stay valid for a release", 7 * HOUR, needs="parent-child gt-100, blocks gt-aa7"),
    bead("gt-3m3", "Remove the old names", 6 * HOUR, needs="parent-child gt-100, blocks gt-3m2, related gt-3m2"),
    bead("gt-77d", "Sort the ready queue as bd does", 3 * HOUR, priority=3),
    bead("gt-77e", "Title with \x1b[31mcolour\x1b[0m and [red]markup[/red]", 2 * HOUR, priority=3),
    bead("gt-def", "Look again after the release", 90 * HOUR, "deferred", defer_until=_stamp(-20 * HOUR)),
    bead("gt-old", "Count sessions once", 400 * HOUR, "closed", close_reason="done in v0.5.0", closed_at=_stamp(300 * HOUR)),
    bead(
        "gt-wisp-m1",
        "Merge: gt-b00",
        2 * HOUR,
        assignee="gastown/refinery",
        **_of_kind(
            "gt:merge-request", branch="polecat/slit-b00", target="main", source_issue="gt-b00", worker="slit", rig="gastown"
        ),
    ),
    bead(
        "gt-wisp-m2",
        "Merge: gt-a90",
        1 * HOUR,
        **_of_kind(
            "gt:merge-request", branch="polecat/nux-a90", target="main", source_issue="gt-a90", worker="nux", rig="gastown"
        ),
    ),
)
BEADS = (
    bead("bd-71c", "Keep the export of a database that is empty", 12 * HOUR, "hooked", assignee="beads/polecats/furiosa"),
    bead("bd-820", "Name the flag that an older bd lacks", 11 * HOUR),
)
ORIGINS = (
    Origin("hq", None, "/home/op/gt/.beads", "dump", WALL - 41, "ok", wisps=True),
    Origin(
        "beads",
        "beads",
        "/home/op/gt/beads/.beads",
        "export",
        WALL - 5400,
        "stale",
        said="bd list: unknown database version 14",
        remedy="install bd 1.0.4 or later",
    ),
    Origin("gastown", "gastown", "/home/op/gt/gastown/mayor/rig/.beads", "dump", WALL - 44, "ok", wisps=True),
    Origin(
        "wasteland",
        "wasteland",
        "/home/op/gt/wasteland/.beads",
        None,
        None,
        "error",
        said="no export, and bd list did not end within 15 s",
        remedy="gt dolt status",
    ),
)


def _index(lines: Iterable[bytes]) -> Index:
    index = Index(now=WALL)
    index.replace(lines)
    return index


def sources() -> tuple[Source, ...]:
    """Returns the databases of the fixed town, read."""
    read = {"hq": HQ, "beads": BEADS, "gastown": GASTOWN}
    return tuple(Source(one.name, one.rig, _index(read[one.name]) if one.name in read else None, one.wisps) for one in ORIGINS)


def beads_of(agents: Iterable[Agent]) -> Stock:
    """Returns what the beads of the fixed town come to beside those agents."""
    beads = survey(sources(), WALL)
    return stock(tallies(beads), ORIGINS, assigned(beads), agents, WALL)


class BeadBook:
    """A `BeadBook` of what a test gives it; an empty one is that of a town without beads."""

    def __init__(self, read: Iterable[Source] | None = None, origins: Iterable[Origin] = ORIGINS) -> None:
        self._sources = sources() if read is None else tuple(read)
        self.beads = survey(self._sources, WALL)
        self.origins = tuple(origins)
        self.version = 1
        self._tells: list[Callable[[], None]] = []

    def tell(self, told: Callable[[], None]) -> None:
        self._tells.append(told)

    def put(self, database: str, *lines: bytes) -> None:
        """Changes beads of one database, and tells it."""
        for source in self._sources:
            if source.name == database and source.beads is not None:
                for line in lines:
                    source.beads.put(line)
        self.beads = survey(self._sources, WALL)
        self.version += 1
        for told in self._tells:
            told()

    async def account(self, bead_id: str) -> Account | None:
        found = (account(one.beads, bead_id, one.rig) for one in self._sources if one.beads is not None)
        return next(filter(None, found), None)
