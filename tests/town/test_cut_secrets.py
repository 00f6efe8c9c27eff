"""A secret through which a cut goes, or which a pane broke into rows, is hidden as one that stands there whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from gastown_tui.town.activity import claude, kimi_cli
from gastown_tui.town.activity.rules import read
from gastown_tui.town.activity.screen import MOST_TEXT, clipped, screen_of
from gastown_tui.town.beads.reading import MOST_SAID, answer
from gastown_tui.town.events import MOST_TEXT as MOST_EVENT
from gastown_tui.town.events import told as event_told
from gastown_tui.town.text import mask, shown
from tests.recorded import scene
from tests.town.test_secrets import SECRETS, wrapped

MOST = 100


def texts_cut_within(told: str, secret: str, most: int) -> Iterator[str]:
    """Yields the text so that a cut at `most` comes to lie here and there in the secret."""
    begins = told.index(secret)
    for end in range(begins + 4, begins + len(secret) + 1, 3):
        yield "- " * ((most - end) // 2) + "-" * ((most - end) % 2) + " " + told[: end - 1] + told[end - 1 :] + " and so on" * 100


def asking(*command: str, width: int = 2 * MOST_TEXT, options: tuple[str, ...] = ("Yes", "No")) -> str:
    """Returns what a dialog of Claude Code is told with."""
    rows = ["─" * width, " Bash command", "", *(f"   {row}" for row in command), "", " Do you want to proceed?"]
    rows += [f" {'❯' if number == 1 else ' '} {number}. {option}" for number, option in enumerate(options, 1)]
    question = read(claude.PROGRAM, screen_of([*rows, "", " Esc to cancel · Tab to amend"], width=width)).activity.question
    assert question is not None
    return " · ".join((question.text, *question.options))


def in_an_event(text: str) -> str:
    event = event_told({"type": "note", "actor": "a", "payload": {"message": text}}, 0.0)
    assert event is not None
    return event.text


CUTS: dict[str, tuple[int, Callable[[str], str]]] = {
    "shown": (MOST, lambda text: shown(text, MOST)),
    "a cut and masked": (MOST, lambda text: mask(text, MOST)),
    "of a screen": (MOST_TEXT, clipped),
    "a question": (MOST_TEXT - 15, asking),
    "an option": (MOST_TEXT - 6, lambda text: asking("true", options=(text, "No"))),
    "an event": (MOST_EVENT - 6, in_an_event),
    "a part of an event": (2 * MOST_EVENT, in_an_event),
    "what bd says": (MOST_SAID, lambda text: answer(text.encode()).said),
    "bd's error": (MOST_SAID, lambda text: answer(json.dumps({"error": text}).encode()).said),
}


@pytest.mark.parametrize("name", CUTS)
def test_no_cut_makes_a_secret_readable(name: str) -> None:
    most, cut = CUTS[name]
    read = [
        (kind, made)
        for kind, (told, secret) in SECRETS.items()
        for text in texts_cut_within(told, secret, most)
        if secret[:4] in (made := mask(cut(text)))
    ]
    assert read == []


@pytest.mark.parametrize("width", range(24, 60, 5))
def test_a_secret_that_a_dialog_breaks_into_rows_is_not_told(width: int) -> None:
    rows = {kind: wrapped(f"run {told} now", width) for kind, (told, _) in SECRETS.items()}
    told = {kind: mask(asking(*broken, width=width + 6)) for kind, broken in rows.items()}
    assert [text for text in told.values() if not text.startswith("Bash command · run")] == []
    pieces = {kind: {secret[at : at + 6] for at in range(len(secret) - 5)} for kind, (_, secret) in SECRETS.items()}
    assert [(kind, text) for kind, text in told.items() if any(piece in text for piece in pieces[kind])] == []


@pytest.mark.parametrize(
    ("before", "width"), [*((before, 80) for before in range(42, 52)), *((before, 120) for before in range(42, 62, 3))]
)
def test_what_it_works_at_is_told_without_a_secret_that_is_cut(before: int, width: int) -> None:
    """By the pane's end, so that it ends in the next row, or by the length of what is told."""
    one = scene("kimi-working-tool-120x40")
    row = next(number for number, text in enumerate(one.screen.texts) if " Using Shell" in text)
    command = f"⠏ Using Shell ({'-' * before} https://me:hunter2hunter2@example.org/and/so/on)"
    broken = [command[at : at + width] for at in range(0, len(command), width)]
    reading = read(kimi_cli.PROGRAM, screen_of([*one.rows[:row], *broken, *one.rows[row + 1 :]], width=width))
    assert (reading.activity.detail or "").startswith("Shell (---")
    assert "hunt" not in mask(reading.fact)
