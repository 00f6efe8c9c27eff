"""One bead, as a database of beads tells it. Text in it is as it came and is hostile until `text.safe`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, NamedTuple


def _number(digits: str) -> float:
    """Returns what `int` refuses to read, as it does thousands of digits, as nearly as a float can tell."""
    try:
        return int(digits)
    except ValueError:
        return float(digits)


DECODER = json.JSONDecoder(parse_int=_number)


class Dependency(NamedTuple):
    """The bead it stands in needs `target`. `any_child`: a waits-for that one closed child satisfies, not only all of them."""

    target: str
    kind: str
    any_child: bool = False


class Bead(NamedTuple):
    """What the rules and the queues ask of a bead; all else, also what nobody knows yet, is in `detail`.

    Unknown words of status, type and dependency stay as they are. `priority` is None where it was not told (0 is the most
    urgent). `created`, `updated`, `started` and `defer_until` are wall seconds, None where unknown. `raw` is the JSON as it came.
    """

    id: str
    title: str
    status: str
    type: str
    priority: int | None
    assignee: str
    labels: tuple[str, ...]
    needs: tuple[Dependency, ...]
    ephemeral: bool
    no_history: bool
    pinned: bool
    created_at: str
    updated_at: str
    started_at: str
    defer_until: float | None
    raw: bytes

    @property
    def wisp(self) -> bool:
        """Whether bd keeps it beside the issues: `bd ready` sees no such bead, neither as work nor as a blocker."""
        return self.ephemeral or self.no_history

    @property
    def created(self) -> float | None:
        return stamp(self.created_at)

    @property
    def updated(self) -> float | None:
        return stamp(self.updated_at)

    @property
    def started(self) -> float | None:
        return stamp(self.started_at)

    def told_with(self, name: str) -> str:
        """Returns for people who has it: it is hooked to them, in_progress with them."""
        return f"{self.id} is {self.status} {'to' if self.status == 'hooked' else 'with'} {name}"

    @property
    def parents(self) -> tuple[str, ...]:
        return tuple(need.target for need in self.needs if need.kind == "parent-child")

    @property
    def detail(self) -> dict[str, Any]:
        """Returns every field as it was told: description, notes, comments and what a later bd adds.

        Nothing where one is nested so deep that it could be read once, but not from where it is asked for.
        """
        try:
            detail: dict[str, Any] = DECODER.decode(self.raw.decode("utf-8", "replace"))
        except RecursionError:
            return {}
        return detail

    @property
    def fields(self) -> dict[str, str]:
        """Returns the `key: value` lines in which Gas Town keeps facts; unset ones, written `null`, are left out."""
        lines = (line.partition(":") for line in str(self.detail.get("description", "")).splitlines())
        told = {key.strip().lower().replace("-", "_"): value.strip() for key, colon, value in lines if colon}
        return {key: value for key, value in told.items() if value and value != "null"}


def stamp(text: object) -> float | None:
    """Returns wall seconds of an RFC 3339 time, UTC where it names no zone; None for none, and for the zeros that mean none."""
    if not isinstance(text, str) or not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return seconds if seconds > 0 else None
