"""What the Queues screen sends to the terminal, in bytes, on a real one of 200×50 with true colour."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from terminal import Terminal


@pytest.fixture
def queues(tmp_path: Path) -> Iterator[Terminal]:
    running = Terminal(tmp_path)
    running.settle()
    running.type(b"3")
    running.until(b"gt dolt status")
    running.drain()
    yield running
    running.close()


def test_a_second_in_which_nothing_shown_changes_sends_nothing(queues: Terminal) -> None:
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
