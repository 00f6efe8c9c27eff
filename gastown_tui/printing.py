"""What the commands say, and how they say that they cannot: on standard output, in JSON where that is wanted, and to a person."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any, TextIO

from gastown_tui.settings import GOOD, Complaint


def print_json(document: dict[str, Any]) -> None:
    from gastown_tui.town.text import json_line

    print_text(json_line(document))


def say(text: str, to: TextIO | None = None) -> None:
    """Writes a line, on standard output unless told where, at once. What cannot be written in its encoding is a `?`."""
    file = to or sys.stdout
    try:
        print(text, file=file, flush=True)
    except UnicodeEncodeError:
        print(text.encode(file.encoding, "replace").decode(file.encoding), file=file, flush=True)


def note(text: str) -> None:
    """Writes a line on standard error, which may be closed."""
    if sys.stderr:
        say(text, sys.stderr)


def print_text(text: str) -> None:
    try:
        say(text)
    except BrokenPipeError:
        raise SystemExit(GOOD) from None


def complain(failure: Complaint, *, json_wanted: bool) -> None:
    from gastown_tui.town.text import json_line, safe

    message, remedy = safe(str(failure)), safe(failure.remedy)
    # Where nobody can be told, the exit code still tells.
    with suppress(OSError):
        note(f"gastown-tui: {message} ({remedy})")
    if json_wanted:
        from gastown_tui.town.report import error_document

        with suppress(OSError):
            say(json_line(error_document(failure.code, message, remedy)))
