"""Our own files: read without waiting or ending, replaced whole."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

BOXED = "memory"
"""Where, beside a town in a box, what is remembered of it is kept."""
MARKER = ".gastown-tui-demo"
"""What stands in the root of a town in a box. Beside any other town a folder of that name is somebody else's."""
LATEST = 1e12
"""No moment that anybody kept lies further away, in wall seconds: what does is damaged, and ages of it cannot be told."""


def box_of(root: str) -> Path | None:
    """Returns the folder in which a town in a box keeps what is remembered of it, and takes it along; None for other towns."""
    folder = Path(root).parent / BOXED
    with suppress(OSError):
        if (Path(root) / MARKER).exists() and (folder / "ribbon").is_dir():
            return folder
    return None


def file_name(of: str) -> str:
    """Returns a file's name for what may be named anyhow, as a town's root, which need not be text."""
    return hashlib.sha256(of.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def read_document(path: Path, most: int) -> Any:
    """Returns the JSON of a file's first `most` bytes, None for no JSON; at once, since somebody may have put a pipe there."""
    with suppress(ValueError, RecursionError):
        return json.loads(read_start(path, most))
    return None


def read_start(path: Path, most: int) -> bytes:
    """Returns a file's first `most` bytes, nothing where it cannot be read; at once, whatever it is."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            pieces, left = [], most
            while left and (piece := os.read(descriptor, left)):
                pieces.append(piece)
                left -= len(piece)
        finally:
            os.close(descriptor)
        return b"".join(pieces)
    return b""


def replace_document(path: Path, document: Any, *, boxed: bool = False) -> None:
    """Replaces a file, which every reader sees whole: a name of our own and a rename see to that. Raises OSError.

    `boxed`: who made the folder above the file's own removes it, and then it stays removed.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=not boxed, exist_ok=True)
        temporary.write_text(json.dumps(document), "utf-8")
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise


def folder_identity(root: str) -> list[int] | None:
    """Returns what tells a folder from another one that stood at the same path; None where there is none."""
    with suppress(OSError):
        stat = Path(root).stat()
        return [stat.st_dev, stat.st_ino]
    return None
