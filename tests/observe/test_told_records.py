"""The town's own events, read from its files as they are written, rewritten and closed."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from gastown_tui.observe.files import FileReader
from gastown_tui.observe.records import MOST_TOLD
from gastown_tui.town.facts import TownFiles
from gastown_tui.town.snapshot import Moment


def line(kind: str, second: int, actor: str = "mayor", **payload: Any) -> str:
    event = {"ts": f"2026-11-21T10:00:{second:02}Z", "source": "gt", "type": kind, "actor": actor, "payload": payload}
    return json.dumps({**event, "visibility": "feed"}) + "\n"


class Place:
    """A town's folder, and a reader of it."""

    def __init__(self, root: Path) -> None:
        self.events = root / ".events.jsonl"
        self.reader = FileReader(root)

    def write(self, *lines: str) -> None:
        with self.events.open("a") as file:
            file.writelines(lines)

    def read(self) -> TownFiles:
        return self.reader.read(Moment(time.time(), time.monotonic()), events=True)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_events_are_told_in_the_order_of_the_file(place: Place) -> None:
    assert (place.read().events, place.read().recorded) == ((), None)
    place.write(
        line("nudge", 1, target="gastown/nux"), "broken\n", line("mail", 2), line("sling", 0, target="gastown/nux", bead="gt-1")
    )
    files = place.read()
    assert [(told.kind, told.text) for told in files.events] == [("nudge", "nudged by mayor"), ("sling", "slung gt-1 by mayor")]
    assert files.recorded == ""


def test_what_says_nothing_new_is_the_same_object(place: Place) -> None:
    place.write(line("nudge", 1))
    first = place.read().events
    place.write(line("mail", 2))
    assert place.read().events is first


def test_a_file_that_is_rewritten_without_its_oldest_lines_tells_nothing_twice(place: Place) -> None:
    lines = [line("nudge", second) for second in range(10)]
    place.write(*lines)
    assert len(place.read().events) == 10
    new = place.events.with_suffix(".tmp")
    new.write_text("".join([*lines[5:], line("sling", 11)]))
    new.rename(place.events)
    assert [told.kind for told in place.read().events] == ["nudge"] * 10 + ["sling"]


def test_only_the_last_are_kept(place: Place) -> None:
    place.write(*(line("nudge", number % 60, reason=str(number)) for number in range(MOST_TOLD + 5)))
    events = place.read().events
    assert len(events) == MOST_TOLD and events[-1].text == f"nudged by mayor: {MOST_TOLD + 4}"


def test_nobody_who_did_not_ask_is_told(place: Place) -> None:
    place.write(line("nudge", 1))
    assert place.reader.read(Moment(time.time(), time.monotonic())).events == ()
    assert len(place.read().events) == 1
