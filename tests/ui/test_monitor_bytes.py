"""What the Monitor sends to the terminal, in bytes, on a real one of 200×50 with true colour."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from terminal import Terminal


@pytest.fixture
def monitor(tmp_path: Path) -> Iterator[Terminal]:
    running = Terminal(tmp_path)
    running.settle()
    running.type(b"4")
    running.until(b"Cycle 14 complete")
    running.drain()
    yield running
    running.close()


def test_a_second_in_which_nothing_shown_changes_sends_nothing(monitor: Terminal) -> None:
    monitor.order("same")
    assert monitor.drain(2.5) == b""


def test_a_line_that_comes_sends_itself_and_the_count(monitor: Terminal) -> None:
    for number in (16, 17, 18):
        monitor.order("append")
        sent = monitor.drain()
        assert f"Session hq-mayor age: {number}m".encode() in sent
        assert len(sent) <= 400


def test_a_key_in_the_log_or_the_ribbon_sends_what_it_moves(monitor: Terminal) -> None:
    monitor.type(b"k")
    assert 0 < len(monitor.drain()) <= 2500, "the line, what is above it, and the keys that work on it"
    monitor.type(b"\t")
    monitor.drain()
    monitor.type(b"j")
    assert 0 < len(monitor.drain()) <= 3000
