"""What the commands say, and how they say that they cannot: on standard output, in JSON where that is wanted, and to a person."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import click

from gastown_tui.settings import GOOD, Complaint


def print_json(document: dict[str, Any]) -> None:
    print_text(json_text(document))


def json_text(document: dict[str, Any]) -> str:
    import json

    return json.dumps(document, separators=(",", ":"))


def print_text(text: str) -> None:
    try:
        click.echo(text)
    except BrokenPipeError:
        raise SystemExit(GOOD) from None


def complain(failure: Complaint, *, json_wanted: bool) -> None:
    from gastown_tui.town.text import safe

    message, remedy = safe(str(failure)), safe(failure.remedy)
    # Where nobody can be told, the exit code still tells.
    with suppress(OSError):
        click.echo(f"gastown-tui: {message} ({remedy})", err=True)
    if json_wanted:
        from gastown_tui.town.report import error_document

        with suppress(OSError):
            click.echo(json_text(error_document(failure.code, message, remedy)))
