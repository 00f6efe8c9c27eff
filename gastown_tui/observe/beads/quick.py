"""Beads read several times as fast as by `json`, for a source of so many that loading msgspec pays.

What this does not take as it stands, `town.beads.reading` judges: both read the same out of the same bytes.
"""

from __future__ import annotations

from sys import intern
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field
from msgspec.json import Decoder

from gastown_tui.town.beads import reading
from gastown_tui.town.beads.bead import Bead, Dependency, stamp
from gastown_tui.town.beads.reading import Skipped, any_closed_child


class _Glance(Struct, gc=False):
    id: Annotated[str, Meta(min_length=1)]
    status: str = ""
    marked: Literal["issue"] = field(name="_type", default="issue")


class _Edge(Struct, gc=False):
    depends_on_id: str | None = None
    id: str | None = None
    dependency_type: str | None = None
    type: str | None = None
    metadata: Any = None


class _Told(_Glance, gc=False):
    title: str = ""
    issue_type: str | None = None
    type: str = ""
    priority: int | None = None
    assignee: str = ""
    labels: list[str] | None = None
    dependencies: list[_Edge] | None = None
    ephemeral: bool | None = None
    no_history: bool | None = None
    pinned: bool | None = None
    created_at: str = ""
    updated_at: str = ""
    started_at: str = ""
    defer_until: str | None = None


glance = Decoder(_Glance).decode
_decode = Decoder(_Told).decode


def read(raw: bytes) -> Bead | Skipped:
    try:
        told = _decode(raw)
    except (ValueError, RecursionError):
        return reading.read(raw)
    told_of = (
        told.id,
        told.title,
        intern(told.status),
        intern(told.issue_type or told.type),
        told.priority,
        told.assignee,
        tuple(map(intern, told.labels)) if told.labels else (),
        _needs(told.dependencies) if told.dependencies else (),
        told.ephemeral is True,
        told.no_history is True,
        told.pinned is True,
        told.created_at,
        told.updated_at,
        told.started_at,
        stamp(told.defer_until),
        raw,
    )
    return tuple.__new__(Bead, told_of)


def _needs(edges: list[_Edge]) -> tuple[Dependency, ...]:
    needs = []
    for edge in edges:
        target, kind = edge.depends_on_id or edge.id, edge.dependency_type or edge.type
        if target is not None and kind is not None:
            any_child = kind == "waits-for" and any_closed_child(edge.metadata)
            needs.append(tuple.__new__(Dependency, (target, intern(kind), any_child)))
    return tuple(needs)
