"""What a demo town leaves on the machine, and how it is removed: one temporary folder, one tmux server on its own socket."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from gastown_tui.memory.documents import MARKER

BOX = "gastown-tui-demo-"
TOWN = "gt"


def temporary(environ: Mapping[str, str]) -> Path:
    """Returns the folder in which the boxes stand."""
    return Path(environ.get("TMPDIR") or "/tmp").resolve()


def socket_path(root: Path, environ: Mapping[str, str]) -> Path:
    """Returns where the tmux server of this town listens: Gas Town's name for it, in the folder that tmux chooses.

    tmux passes over a TMUX_TMPDIR that does not exist.
    """
    wished = Path(environ.get("TMUX_TMPDIR") or "/tmp")
    folder = wished if wished.is_dir() else Path("/tmp")
    return folder.resolve() / f"tmux-{os.getuid()}" / _socket_name(root)


def _socket_name(root: Path) -> str:
    return f"{TOWN}-{hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:6]}"


def start_ticks(pid: int) -> int | None:
    """Returns when a process started, in clock ticks since the machine did; None when there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[19])


def mark(root: Path, socket: Path) -> None:
    """Says whose town this is, so that a later start can tell a town in use from one left behind."""
    owner = {"schema": 1, "pid": os.getpid(), "started": start_ticks(os.getpid()), "socket": str(socket)}
    (root / MARKER).write_text(json.dumps(owner) + "\n")


def sweep(folder: Path) -> None:
    """Removes every demo town in `folder` whose owner is gone, with its tmux server; never anything else."""
    for marker in folder.glob(f"{BOX}*/{TOWN}/{MARKER}"):
        root = marker.parent
        owner = _owner(root)
        if owner is None or start_ticks(owner[0]) == owner[1]:
            continue
        end(root, owner[2])


def _owner(root: Path) -> tuple[int, int, Path] | None:
    """Returns pid, start and socket from a marker; None unless folder, marker and socket are ours by owner and by name."""
    marker = root / MARKER
    try:
        if any(path.lstat().st_uid != os.getuid() or path.is_symlink() for path in (root.parent, root, marker)):
            return None
        said = json.loads(marker.read_text())
        pid, started, socket = int(said["pid"]), int(said["started"]), Path(said["socket"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return (pid, started, socket) if socket.name == _socket_name(root) else None


def end(root: Path, socket: Path, *, patience: float = 5.0) -> bool:
    """Ends the town's tmux server and removes its folder; returns whether both are gone within `patience` seconds.

    A server that does not answer keeps its folder and marker, so that the next start tries again.
    """
    deadline = time.monotonic() + patience
    if not _end_server(socket, patience):
        return False
    # Agents that have not yet noticed the hang-up may still write a heartbeat into the folder that is being removed.
    while root.parent.exists():
        shutil.rmtree(root.parent, ignore_errors=True)
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _end_server(socket: Path, patience: float) -> bool:
    if socket.exists():
        command = ["tmux", "-S", str(socket), "kill-server"]
        try:
            subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=patience, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return False
        socket.unlink(missing_ok=True)
    return True
