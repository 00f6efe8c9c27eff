"""What is left behind after a crash: a report with the last facts, secrets masked."""

from __future__ import annotations

import traceback
from pathlib import Path

from gastown_tui.town.snapshot import Nowhere, Town
from gastown_tui.town.text import mask, rfc3339, safe

from .sheet import town_report


def write_report(error: BaseException, town: Town | Nowhere | None, now: float, folder: Path) -> Path:
    """Writes the report into `folder`, readable by its owner alone, and returns its path. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"crash-{int(now)}.txt"
    path.touch(mode=0o600)
    # No values of variables: they may hold anything, secrets among them.
    trace = "".join(traceback.format_exception(error))
    told = "\n".join(mask(safe(line)) for line in trace.splitlines())
    path.write_text(f"gastown-tui crashed at {rfc3339(now)}\n\n{told}\n\nThe last facts\n{town_report(town, now)}", "utf-8")
    return path
