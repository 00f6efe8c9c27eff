"""What a person acknowledged, per town: one small file for each agent, so that two consoles need no lock between them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from gastown_tui.town.acks import Ack, Subject
from gastown_tui.town.snapshot import State

from .documents import LATEST, box_of, file_name, read_document, replace_document

MOST = 2000
MOST_BYTES = 1 << 16
LONGEST_REASON = 500
# A file system's clock goes in steps: what is written in the same one does not show in the folder's stamp.
_STEP_NS = 2_000_000_000


class Acks:
    """The acknowledgements of the town at `root`. Only `acknowledge` and `withdraw` raise (OSError: it cannot be written)."""

    def __init__(self, state_dir: Path, root: str) -> None:
        self._box = box_of(root)
        self._folder = self._box / "acks" if self._box else state_dir / "acks" / file_name(root)
        self._stamp: int | None = None
        self._settled = False

    def changed(self) -> bool:
        """Whether anything may be different since the last `recall`: one `stat`."""
        return not self._settled or self._folder_stamp() != self._stamp

    def recall(self, now: float) -> Mapping[str, Ack]:
        """Returns agent id -> acknowledgement, `now` being wall seconds. A file that is damaged or gone counts for nothing."""
        self._stamp = self._folder_stamp()
        self._settled = _is_old(self._stamp, now)
        found: dict[str, Ack] = {}
        with suppress(OSError), os.scandir(self._folder) as entries:
            for entry in islice((one for one in entries if one.name.endswith(".json")), MOST):
                found |= _read(Path(entry.path))
        return found

    def acknowledge(self, entries: Mapping[str, Ack]) -> None:
        """Keeps them, in the place of older ones of the same agents. Raises OSError."""
        for agent_id, ack in entries.items():
            told = {"agent": agent_id, "at": ack.at, "reason": _line(ack.reason), **ack.subject._asdict()}
            replace_document(self._path(agent_id), {"schema": 1, **told}, boxed=self._box is not None)

    def withdraw(self, agent_ids: Iterable[str]) -> None:
        """Forgets them; who was not acknowledged stays so. Raises OSError."""
        for agent_id in agent_ids:
            self._path(agent_id).unlink(missing_ok=True)

    def _path(self, agent_id: str) -> Path:
        return self._folder / f"{file_name(agent_id)}.json"

    def _folder_stamp(self) -> int | None:
        with suppress(OSError):
            return self._folder.stat().st_mtime_ns
        return None


def _is_old(stamp: int | None, now: float) -> bool:
    return stamp is None or now * 1e9 - stamp > _STEP_NS


def _line(reason: str) -> str:
    return " ".join(reason.split())[:LONGEST_REASON]


def _read(path: Path) -> dict[str, Ack]:
    match document := read_document(path, MOST_BYTES):
        case {
            "agent": str(agent_id),
            "at": int() | float() as at,
            "reason": str(reason),
            "state": str(state),
            "cause": str(cause),
        } if abs(at) <= LATEST:
            with suppress(ValueError):
                subject = Subject(
                    State(state),
                    _kept(document, "session_id", str),
                    _kept(document, "session_created", float, int),
                    _kept(document, "pid", int),
                    _kept(document, "agent_pid", int),
                    cause,
                )
                return {agent_id: Ack(float(at), _line(reason), subject)}
    return {}


def _kept(document: Mapping[str, Any], name: str, *kinds: type) -> Any:
    value = document.get(name)
    return value if isinstance(value, kinds) else None
