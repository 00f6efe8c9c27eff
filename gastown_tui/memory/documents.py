"""Our own files: read without waiting or ending, replaced whole."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any


def read_document(path: Path, most: int) -> Any:
    """Returns the JSON of a file's first `most` bytes, None for no JSON; at once, since somebody may have put a pipe there."""
    with suppress(OSError, ValueError, RecursionError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            pieces, left = [], most
            while left and (piece := os.read(descriptor, left)):
                pieces.append(piece)
                left -= len(piece)
        finally:
            os.close(descriptor)
        return json.loads(b"".join(pieces))
    return None


def replace_document(path: Path, document: Any) -> None:
    """Replaces a file, which every reader sees whole: a name of our own and a rename see to that. Raises OSError."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary.write_text(json.dumps(document), "utf-8")
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise
