"""What was acknowledged outlives the run, on real files."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gastown_tui.memory.acks import Acks
from gastown_tui.memory.documents import BOXED, MARKER
from gastown_tui.memory.looked import Looked
from gastown_tui.town.acks import Ack, Subject
from gastown_tui.town.looked import Sight
from gastown_tui.town.snapshot import State

LATER = 1e12
ACK = Ack(100.5, "looked at it", Subject(State.WAITING, "$3", 90.0, 10, 11, "0123"))
BARE = Ack(101.0, "", Subject(State.MISSING))


def test_it_is_kept_per_town_and_per_agent(tmp_path: Path) -> None:
    Acks(tmp_path, "/gt").acknowledge({"mayor": ACK, "gastown/crew/jack": BARE})
    assert Acks(tmp_path, "/gt").recall(LATER) == {"mayor": ACK, "gastown/crew/jack": BARE}
    assert Acks(tmp_path, "/other").recall(LATER) == {}


def test_a_town_in_a_box_takes_them_along(tmp_path: Path) -> None:
    root, state = str(tmp_path / "box/gt"), tmp_path / "state"
    (tmp_path / "box" / BOXED / "ribbon").mkdir(parents=True)
    (tmp_path / "box/gt").mkdir()
    (tmp_path / "box/gt" / MARKER).touch()
    Acks(state, root).acknowledge({"mayor": ACK})
    Looked(state, root).keep(Sight(1.0, {}))
    assert Acks(state, root).recall(LATER) == {"mayor": ACK} and Looked(state, root).recall() == Sight(1.0, {})
    assert not state.exists()
    acks, looked = Acks(state, root), Looked(state, root)
    shutil.rmtree(tmp_path / "box")
    with pytest.raises(OSError, match="No such file"):
        acks.acknowledge({"mayor": ACK})
    looked.keep(Sight(2.0, {}))
    assert not any(tmp_path.iterdir()), "what was removed is not made anew"


def test_a_folder_beside_a_town_that_is_in_no_box_tells_nothing_of_it(tmp_path: Path) -> None:
    """Whoever may write beside a town could say that its needs were seen."""
    root, state = str(tmp_path / "gt"), tmp_path / "state"
    (tmp_path / BOXED / "ribbon").mkdir(parents=True)
    Acks(state, root).acknowledge({"mayor": ACK})
    Looked(state, root).keep(Sight(1.0, {}))
    assert [*(tmp_path / BOXED).iterdir()] == [tmp_path / BOXED / "ribbon"]
    assert Acks(state, root).recall(LATER) == {"mayor": ACK} and Looked(state, root).recall() == Sight(1.0, {})


def test_it_is_taken_back(tmp_path: Path) -> None:
    acks = Acks(tmp_path, "/gt")
    acks.acknowledge({"mayor": ACK, "deacon": BARE})
    acks.withdraw(["mayor", "nobody"])
    assert acks.recall(LATER) == {"deacon": BARE}


def test_only_what_another_console_does_is_news(tmp_path: Path) -> None:
    ours, theirs = Acks(tmp_path, "/gt"), Acks(tmp_path, "/gt")
    assert ours.changed()
    assert ours.recall(LATER) == {}
    assert not ours.changed()
    theirs.acknowledge({"mayor": ACK})
    assert ours.changed()
    ours.recall(LATER)
    assert not ours.changed()
    theirs.withdraw(["mayor"])
    assert ours.changed()


def test_a_change_in_the_same_step_of_the_disks_clock_is_not_missed(tmp_path: Path) -> None:
    acks = Acks(tmp_path, "/gt")
    acks.acknowledge({"mayor": ACK})
    folder = next((tmp_path / "acks").iterdir())
    acks.recall(folder.stat().st_mtime + 0.5)
    assert acks.changed(), "too soon to believe the stamp"
    acks.recall(folder.stat().st_mtime + 5)
    assert not acks.changed()


def test_consoles_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    names = [f"dog/{number}" for number in range(60)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda name: Acks(tmp_path, "/gt").acknowledge({name: ACK}), names))
    assert Acks(tmp_path, "/gt").recall(LATER).keys() == set(names)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"agent": 3}', '{"agent":"x","at":1,"reason":"","state":"odd","cause":""}', "[" * 9999]
)
def test_a_damaged_file_counts_for_nothing(tmp_path: Path, text: str) -> None:
    acks = Acks(tmp_path, "/gt")
    acks.acknowledge({"mayor": ACK})
    next((tmp_path / "acks").glob("*/*.json")).with_name("bad.json").write_text(text)
    assert acks.recall(LATER) == {"mayor": ACK}


@pytest.mark.parametrize("at", ["NaN", "Infinity", "1e400", "1e300", "9" * 400])
def test_a_moment_that_is_none_counts_for_nothing(tmp_path: Path, at: str) -> None:
    acks = Acks(tmp_path, "/gt")
    acks.acknowledge({"mayor": ACK})
    file = next((tmp_path / "acks").glob("*/*.json"))
    file.write_text(file.read_text().replace("100.5", at))
    assert acks.recall(LATER) == {}


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    acks = Acks(tmp_path, "/gt")
    acks.acknowledge({"mayor": ACK})
    folder = next((tmp_path / "acks").iterdir())
    os.mkfifo(folder / "pipe.json")
    (folder / "endless.json").symlink_to("/dev/zero")
    (folder / "folder.json").mkdir()
    held = os.open(folder / "pipe.json", os.O_RDWR)
    try:
        assert acks.recall(LATER) == {"mayor": ACK}
    finally:
        os.close(held)
    assert acks.recall(LATER) == {"mayor": ACK}


def test_a_reason_that_somebody_else_wrote_is_one_short_line_too(tmp_path: Path) -> None:
    acks = Acks(tmp_path, "/gt")
    acks.acknowledge({"mayor": ACK})
    file = next((tmp_path / "acks").glob("*/*.json"))
    file.write_text(file.read_text().replace("looked at it", "a\\nb" + "x" * 9999))
    assert acks.recall(LATER)["mayor"].reason == ("a b" + "x" * 9999)[:500]


def test_odd_fields_are_left_out(tmp_path: Path) -> None:
    acks = Acks(tmp_path, "/gt")
    acks.acknowledge({"mayor": ACK._replace(subject=ACK.subject._replace(pid="many"))})  # type: ignore[arg-type]
    assert acks.recall(LATER)["mayor"].subject.pid is None


def test_a_reason_is_one_short_line(tmp_path: Path) -> None:
    acks = Acks(tmp_path, "/gt")
    acks.acknowledge({"mayor": ACK._replace(reason="a\nb \t c" + "x" * 9999)})
    reason = acks.recall(LATER)["mayor"].reason
    assert reason.startswith("a b cxxx") and len(reason) == 500


def test_a_folder_that_cannot_be_written_is_said_and_holds_no_rubbish(tmp_path: Path) -> None:
    (tmp_path / "acks").write_text("in the way")
    with pytest.raises(OSError, match="acks"):
        Acks(tmp_path, "/gt").acknowledge({"mayor": ACK})
    assert [path.name for path in tmp_path.iterdir()] == ["acks"]
    assert Acks(tmp_path, "/gt").recall(LATER) == {}


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    Acks(tmp_path, "/gt").acknowledge({"mayor": ACK})
    assert next((tmp_path / "acks").iterdir()).stat().st_mode & 0o077 == 0
