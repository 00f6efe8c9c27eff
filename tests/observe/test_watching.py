"""`watch` from within: what is told, when it ends, and with which code."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from servers import Tmux
from towns import HandTown, clock

from gastown_tui.memory.seen import Memory
from gastown_tui.observe.stream import Stream
from gastown_tui.observe.tmux.source import Rhythm
from gastown_tui.observe.watching import WatchError, Watching

MAX = "alpha/crew/max"
QUICK = Rhythm(light=0.1, full=0.4, fork_tick=0.1, retry=0.1, timeout=1.0)
Document = dict[str, Any]


@pytest.fixture
def town(tmux: Tmux) -> HandTown:
    made = HandTown(tmux)
    made.start("hq-mayor", "mayor")
    made.start("al-crew-max", MAX)
    return made


def watching(town: HandTown, tell: Callable[[Document], Any], **named: Any) -> Watching:
    state = town.tmux.folder / "state"
    place = {"town": str(town.root), "socket": town.tmux.socket} | named.pop("place", {})
    eye = Stream(town.wanted(**place), "tmux", "here", clock, lambda root, _server: Memory(state, root), "fork", QUICK)
    wishes: dict[str, Any] = {"initial": False, "until": None, "timeout": None} | named
    return Watching(eye, clock, tell, **wishes)


def test_without_initial_a_quiet_town_is_silent(town: HandTown) -> None:
    told: list[Document] = []
    assert watching(town, told.append, timeout=0.5).run() == 0
    assert [one for one in told if one["from"] is None] == []


def test_initial_tells_everybody_once(town: HandTown) -> None:
    told: list[Document] = []

    def tell(document: Document) -> None:
        told.append(document)
        if document.get("agent") == MAX and document["from"] is None:
            town.kill("al-crew-max")

    assert watching(town, tell, initial=True, until=("dead", MAX)).run() == 0
    assert [one["agent"] for one in told if one["from"] is None] == ["mayor", MAX]


def test_a_state_that_holds_already_is_reached_at_once(town: HandTown) -> None:
    town.tmux.cmd("kill-session", "-t", "=al-crew-max:")
    Memory(town.tmux.folder / "state", str(town.root)).keep({"al-crew-max": MAX}, {}, clock())
    (town.root / MAX).mkdir(parents=True, exist_ok=True)
    assert watching(town, lambda _: None, until=("dead", MAX), timeout=20).run() == 0


def test_a_state_that_is_not_reached_is_1(town: HandTown) -> None:
    assert watching(town, lambda _: None, until=("dead", MAX), timeout=0.3).run() == 1


@pytest.mark.parametrize(
    ("named", "code", "usage"),
    [
        ({"until": ("sleepy", MAX)}, "state", True),
        ({"until": ("dead", "nobody")}, "target", True),
        ({"place": {"town": "/nonexistent"}}, "no_town", False),
    ],
)
def test_what_cannot_be_watched_is_an_error(town: HandTown, named: Any, code: str, usage: bool) -> None:
    with pytest.raises(WatchError) as error:
        watching(town, lambda _: None, **named).run()
    assert (error.value.code, error.value.usage) == (code, usage) and error.value.remedy


def test_a_reader_that_breaks_off_ends_it(town: HandTown) -> None:
    def broken(_: Document) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        watching(town, broken, initial=True, timeout=20).run()


def test_a_reader_that_is_gone_is_noticed_in_silence(town: HandTown) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    began = clock().mono
    try:
        assert watching(town, lambda _: None, reader=writing, timeout=20).run() == 0
    finally:
        os.close(writing)
    assert clock().mono - began < 10


def test_a_file_is_no_reader_that_goes_away(town: HandTown, tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as out:
        assert watching(town, lambda _: None, reader=out.fileno(), until=("dead", MAX), timeout=0.3).run() == 1
