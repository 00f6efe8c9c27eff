"""How well a database of beads is known."""

from __future__ import annotations

from typing import NamedTuple


class Origin(NamedTuple):
    """Where the beads of one database come from. `rig` is None for the town's own.

    `by`: `dump` (bd's own answer), `export` (`issues.jsonl`), None where nothing could be read. `at` (wall seconds): of when that
    is. `state` is one of `SourceState`; `said` is why there is nothing better, for a person, and `remedy` what helps. `rig` may
    name one that is not registered any more: `orphan`.
    """

    name: str
    rig: str | None
    folder: str
    by: str | None = None
    at: float | None = None
    state: str = "absent"
    wisps: bool = False
    said: str = ""
    remedy: str = ""
    orphan: bool = False
