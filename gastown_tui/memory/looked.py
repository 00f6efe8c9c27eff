"""How a town was when a person last looked at it, per town; the last console that was left has said it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from gastown_tui.town.acks import Subject
from gastown_tui.town.looked import Sight
from gastown_tui.town.snapshot import State

from .documents import LATEST, box_of, file_name, read_document, replace_document

MOST_BYTES = 1 << 20


class Looked:
    """The file of the town at `root`. It is a comfort: what cannot be written or read is none, and nobody is told."""

    def __init__(self, state_dir: Path, root: str) -> None:
        self._box = box_of(root)
        self._path = (self._box or state_dir) / "looked" / f"{file_name(root)}.json"

    def recall(self) -> Sight | None:
        """Returns the last sight, None where there is none that can be read."""
        match read_document(self._path, MOST_BYTES):
            case {"at": int() | float() as at, "agents": dict() as agents} if abs(at) <= LATEST:
                with suppress(TypeError, ValueError, OverflowError):
                    return Sight(float(at), {agent_id: _subject(*told) for agent_id, told in agents.items()})
        return None

    def keep(self, sight: Sight) -> None:
        """Replaces the last sight."""
        with suppress(OSError):
            replace_document(
                self._path, {"schema": 1, "at": round(sight.at, 3), "agents": sight.agents}, boxed=self._box is not None
            )


def _subject(state: str, session: Any, created: Any, pid: Any, agent_pid: Any, cause: str) -> Subject:
    return Subject(State(state), session, created, pid, agent_pid, cause)
