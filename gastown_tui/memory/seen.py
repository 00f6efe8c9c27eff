"""Who was last seen alive, per town: so that a death between two runs is not taken for an absence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gastown_tui.town.facts import Remembered
from gastown_tui.town.snapshot import Moment

from .documents import file_name, folder_identity, read_document, replace_document

KEEP_S = 7 * 86400.0
MOST_SESSIONS = 2000
MOST_BYTES = 1 << 20
WRITE_EVERY_S = 60.0


class Memory:
    """The file of one town on one server: who lived on another is not known to be gone. `error`: why it cannot be written."""

    def __init__(self, state_dir: Path, root: str, server: str = "") -> None:
        name = file_name("\0".join((root, server)))
        self._path = state_dir / "seen" / f"{name}.json"
        self._folder = folder_identity(root)
        self._written: dict[str, str] = {}
        self._written_at = float("-inf")
        self.error: str | None = None

    def recall(self, at: Moment) -> Remembered:
        """Returns whom earlier runs saw alive. A file of another folder that stood at this path counts for nothing."""
        document = read_document(self._path, MOST_BYTES)
        entries = document.get("seen") if isinstance(document, dict) and document.get("folder") == self._folder else None
        seen: dict[str, tuple[str, float]] = {}
        for session, entry in entries.items() if isinstance(entries, dict) else ():
            match entry:
                case [str(agent_id), int() | float() as stamp] if at.wall - KEEP_S < stamp <= at.wall:
                    seen[session] = (agent_id, float(stamp))
        return Remembered(seen, at)

    def keep(self, alive: Mapping[str, str], before: Mapping[str, tuple[str, float]], at: Moment, *, now: bool = False) -> None:
        """Remembers session -> agent id of everyone alive, beside what was known `before`; once a minute or when it changed."""
        if alive == self._written and not now and at.mono - self._written_at < WRITE_EVERY_S:
            return
        seen = {session: entry for session, entry in before.items() if at.wall - entry[1] < KEEP_S}
        seen |= {session: (agent_id, round(at.wall, 3)) for session, agent_id in alive.items()}
        newest = dict(sorted(seen.items(), key=lambda item: -item[1][1])[:MOST_SESSIONS])
        self._written, self._written_at = dict(alive), at.mono
        self._write({"schema": 1, "folder": self._folder, "seen": newest})

    def _write(self, document: Mapping[str, Any]) -> None:
        try:
            replace_document(self._path, document)
            self.error = None
        except OSError as error:
            self.error = f"{self._path.parent} cannot be written: {error.strerror or error}"
