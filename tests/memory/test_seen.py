"""What is remembered between runs: whole files, one town each, and a life without where none can be written."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gastown_tui.memory.seen import KEEP_S, MOST_SESSIONS, WRITE_EVERY_S, Memory
from gastown_tui.town.snapshot import Moment

WALL = 1_795_225_392.0
AT = Moment(WALL, 100.0)
JACK = {"gt-crew-jack": "gastown/crew/jack"}


def at(seconds: float) -> Moment:
    return Moment(WALL + seconds, 100.0 + seconds)


@pytest.fixture
def root(tmp_path: Path) -> str:
    (tmp_path / "town").mkdir()
    return str(tmp_path / "town")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state" / "gastown-tui"


def file_of(state: Path) -> Path:
    (file,) = (state / "seen").iterdir()
    return file


def test_the_next_run_knows_who_lived(state: Path, root: str) -> None:
    assert Memory(state, root).recall(AT).seen == {}
    Memory(state, root).keep(JACK, {}, AT)
    assert Memory(state, root).recall(at(60)).seen == {"gt-crew-jack": ("gastown/crew/jack", WALL)}


def test_it_is_for_nobody_else(state: Path, root: str) -> None:
    memory = Memory(state, root)
    memory.keep(JACK, {}, AT)
    assert memory.error is None
    assert file_of(state).parent.stat().st_mode & 0o77 == 0


def test_another_town_is_another_file(state: Path, root: str, tmp_path: Path) -> None:
    Memory(state, root).keep(JACK, {}, AT)
    assert Memory(state, str(tmp_path)).recall(AT).seen == {}


def test_another_folder_at_the_same_path_is_another_town(state: Path, root: str) -> None:
    Memory(state, root).keep(JACK, {}, AT)
    Path(root).rename(root + ".old")
    Path(root).mkdir()
    assert Memory(state, root).recall(AT).seen == {}


def test_what_is_too_old_or_from_the_future_counts_for_nothing(state: Path, root: str) -> None:
    Memory(state, root).keep(JACK, {}, AT)
    assert Memory(state, root).recall(at(KEEP_S + 1)).seen == {}
    assert Memory(state, root).recall(at(-60)).seen == {}
    Memory(state, root).keep({}, {"old": ("a/crew/b", WALL - KEEP_S), **Memory(state, root).recall(AT).seen}, AT)
    assert set(json.loads(file_of(state).read_text())["seen"]) == {"gt-crew-jack"}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"seen": {}}', "[" * 100_000, '{"seen": {"a": ["x", "soon"], "b": [1, 2], "c": 3, "d": []}}']
)
def test_a_broken_file_counts_for_nothing(state: Path, root: str, text: str) -> None:
    Memory(state, root).keep(JACK, {}, AT)
    file_of(state).write_text(text)
    memory = Memory(state, root)
    assert memory.recall(AT).seen == {}
    memory.keep(JACK, {}, AT)
    assert set(memory.recall(AT).seen) == set(JACK)


def test_entries_of_another_form_are_passed_over(state: Path, root: str) -> None:
    Memory(state, root).keep(JACK, {}, AT)
    document = json.loads(file_of(state).read_text())
    document["seen"] |= {"a": ["x", "soon"], "b": [1, 2], "c": 3, "d": [], "e": ["x", None]}
    file_of(state).write_text(json.dumps(document))
    assert set(Memory(state, root).recall(AT).seen) == set(JACK)


def test_it_is_written_when_somebody_came_or_went_else_once_a_minute(state: Path, root: str) -> None:
    memory = Memory(state, root)
    memory.keep(JACK, {}, AT)

    def stamp() -> float:
        return float(json.loads(file_of(state).read_text())["seen"]["gt-crew-jack"][1])

    memory.keep(JACK, {}, at(WRITE_EVERY_S - 1))
    assert stamp() == WALL
    memory.keep(JACK, {}, at(WRITE_EVERY_S))
    assert stamp() == WALL + WRITE_EVERY_S
    memory.keep(JACK, {}, at(WRITE_EVERY_S + 1), now=True)
    assert stamp() == WALL + WRITE_EVERY_S + 1
    memory.keep({**JACK, "gt-nux": "gastown/polecats/nux"}, {}, at(WRITE_EVERY_S + 2))
    assert stamp() == WALL + WRITE_EVERY_S + 2


def test_it_does_not_grow_without_end(state: Path, root: str) -> None:
    crowd = {f"s{number}": (f"a/crew/{number}", WALL - number) for number in range(MOST_SESSIONS + 5)}
    Memory(state, root).keep(JACK, crowd, AT)
    kept = json.loads(file_of(state).read_text())["seen"]
    assert len(kept) == MOST_SESSIONS and "gt-crew-jack" in kept and f"s{MOST_SESSIONS}" not in kept


def test_two_writers_leave_a_whole_file_and_no_other(state: Path, root: str) -> None:
    console, status = Memory(state, root), Memory(state, root)
    for number in range(50):
        console.keep({f"c{number}": "a/crew/c"}, {}, at(number))
        status.keep({f"s{number}": "a/crew/s"}, {}, at(number))
        assert set(Memory(state, root).recall(at(number)).seen) == {f"s{number}"}
    assert file_of(state).suffix == ".json"


@pytest.mark.parametrize("place", ["state", "state/gastown-tui", "state/gastown-tui/seen"])
def test_where_nothing_can_be_written_it_is_lived_without(state: Path, root: str, tmp_path: Path, place: str) -> None:
    blocked = tmp_path / place
    blocked.parent.mkdir(parents=True, exist_ok=True)
    blocked.write_text("a file where the folder should be")
    memory = Memory(state, root)
    assert memory.recall(AT).seen == {}
    memory.keep(JACK, {}, AT)
    assert memory.error is not None and memory.error.startswith(f"{state}/seen cannot be written: ")
    blocked.unlink()
    memory.keep(JACK, {}, at(WRITE_EVERY_S))
    assert memory.error is None


def test_a_write_that_fails_leaves_nothing_behind(state: Path, root: str) -> None:
    memory = Memory(state, root)
    memory.keep(JACK, {}, AT)
    file = file_of(state)
    file.unlink()
    file.mkdir()
    memory.keep({}, {}, at(1))
    assert memory.error is not None
    assert list(file.parent.iterdir()) == [file]


def test_a_pipe_and_an_endless_file_in_its_place_hold_nobody(tmp_path: Path) -> None:
    memory = Memory(tmp_path, "/town")
    memory.keep({"gt-a": "mayor"}, {}, Moment(1e9, 0.0), now=True)
    (file,) = (tmp_path / "seen").iterdir()
    for make in (
        lambda: os.mkfifo(file),
        lambda: file.symlink_to("/dev/zero"),
        lambda: file.write_text('{"seen": {"a": ["b", 1e400]}}'),
    ):
        file.unlink()
        make()
        assert Memory(tmp_path, "/town").recall(Moment(1e9, 0.0)).seen == {}
