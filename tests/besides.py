"""Screens recorded besides the scenes: other sizes and situations of programs driven for these tests, and what they say."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from gastown_tui.town.activity.rules import Reading
from gastown_tui.town.activity.screen import Screen, screen_of

FOLDER = Path(__file__).parent / "data/screens"


class Beside(NamedTuple):
    """One screen. `says`: state, what, detail, draft, why held, kind of question."""

    name: str
    screen: Screen
    says: list[Any]


@cache
def besides(product: str) -> dict[str, Beside]:
    """Returns the screens of a program by name; a name ends in the pane's size."""
    index = json.loads((FOLDER / product / "index.json").read_text())
    return {name: Beside(name, _screen(FOLDER / product / f"{name}.ansi", one), one["says"]) for name, one in index.items()}


def _screen(path: Path, one: dict[str, Any]) -> Screen:
    width, height = map(int, path.stem.rsplit("-", 1)[1].split("x"))
    x, y = one["caret"]
    alternate = one.get("alternate", False)
    rows = path.read_text().split("\n")
    return screen_of(rows, title=one["title"], caret=(x, y), width=width, height=height, alternate=alternate)


def said(reading: Reading) -> list[Any]:
    """Returns what a reading says in the form of `Beside.says`."""
    told = reading.activity
    held, question = told.held, told.question
    return [reading.state, told.what, told.detail, told.draft, held and held.why, question and question.kind]
