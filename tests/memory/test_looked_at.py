"""When a person last looked, and at what, on real files."""

from __future__ import annotations

from pathlib import Path

import pytest

from gastown_tui.memory.looked import Looked
from gastown_tui.town.acks import Subject
from gastown_tui.town.looked import Sight
from gastown_tui.town.snapshot import State

SIGHT = Sight(100.5, {"mayor": Subject(State.WAITING, "$1", 90.0, 10, 11, "0123"), "alpha/witness": Subject(State.MISSING)})


def test_a_sight_outlives_the_run(tmp_path: Path) -> None:
    assert Looked(tmp_path, "/gt").recall() is None
    Looked(tmp_path, "/gt").keep(Sight(1.0, {}))
    Looked(tmp_path, "/gt").keep(SIGHT)
    assert Looked(tmp_path, "/gt").recall() == SIGHT
    assert Looked(tmp_path, "/other").recall() is None
    assert [path.suffix for path in (tmp_path / "looked").iterdir()] == [".json"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"at":"x","agents":{}}',
        '{"at":NaN,"agents":{}}',
        '{"at":-1e400,"agents":{}}',
        '{"at":1,"agents":{"a":["odd",0,0,0,0,""]}}',
        '{"at":1,"agents":{"a":[]}}',
        '{"at":1,"agents":{"a":3}}',
    ],
)
def test_a_damaged_file_is_none(tmp_path: Path, text: str) -> None:
    Looked(tmp_path, "/gt").keep(SIGHT)
    next((tmp_path / "looked").iterdir()).write_text(text)
    assert Looked(tmp_path, "/gt").recall() is None


def test_what_cannot_be_kept_is_not_worth_a_word(tmp_path: Path) -> None:
    (tmp_path / "looked").write_text("in the way")
    Looked(tmp_path, "/gt").keep(SIGHT)
    assert Looked(tmp_path, "/gt").recall() is None
