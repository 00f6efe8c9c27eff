"""What the Monitor and the Queues send to the terminal, in bytes, on a real one of 200×50 with true colour."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from terminal import Terminal, showing


@pytest.fixture
def monitor(tmp_path: Path) -> Iterator[Terminal]:
    with showing(tmp_path, b"4", "Cycle 14 complete") as running:
        yield running


@pytest.fixture
def queues(tmp_path: Path) -> Iterator[Terminal]:
    with showing(tmp_path, b"3", "gt dolt status") as running:
        yield running


def test_a_second_in_which_nothing_shown_changes_on_the_monitor_sends_nothing(monitor: Terminal) -> None:
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


def test_a_second_in_which_nothing_shown_changes_among_the_queues_sends_nothing(queues: Terminal) -> None:
    queues.order("same")
    assert queues.drain(2.5) == b""
    queues.type(b"\r")
    queues.until(b"0 of 3 closed")
    queues.drain()
    queues.order("same")
    assert queues.drain(2.5) == b"", "nor in a bead"


def test_a_bead_that_changes_and_a_key_send_the_rows_that_they_change(queues: Terminal) -> None:
    queues.order("bead")
    sent = queues.drain()
    assert b"Sort it at last" in sent and len(sent) <= 400
    queues.type(b"j")
    assert 0 < len(queues.drain()) <= 1000
