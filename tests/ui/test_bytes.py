"""What reaches the terminal, in bytes, on a real one of 200×50 with true colour. Bytes are exact where times are not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from terminal import Terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    running = Terminal(tmp_path)
    running.settle()
    yield running
    running.close()


def test_what_a_town_costs_on_the_line(terminal: Terminal) -> None:
    terminal.order("same")
    assert terminal.drain() == b""
    terminal.order("row")
    assert 0 < len(terminal.drain()) <= 300
    terminal.order("line")
    assert 0 < len(terminal.drain()) <= 450
    terminal.type(b"j")
    assert 0 < len(terminal.drain()) <= 1000


@pytest.mark.parametrize(
    ("key", "shown"),
    [(b"5", "usage limit reached"), (b" ", "ANTHROPIC_API_KEY"), (b"?", "to the first row"), (b":", "Do what?")],
    ids=["problems", "agent", "help", "palette"],
)
def test_a_screen_above_the_town_is_as_quiet(terminal: Terminal, key: bytes, shown: str) -> None:
    terminal.type(key)
    terminal.until(shown.encode())
    terminal.drain()
    terminal.order("same")
    assert terminal.drain(2.5) == b"", "the screen below must not paint either"


def test_keys_that_arrive_together_all_count(terminal: Terminal) -> None:
    terminal.type(b"jjj")
    terminal.drain()
    assert b"beads/polecats/furiosa" in terminal.seen


def test_keys_that_change_what_the_next_ones_mean_keep_their_order(terminal: Terminal) -> None:
    terminal.type(b"?qjj:zoom\rz/nux\rh")
    terminal.until("▸ gastown  (1)".encode())
    assert terminal.process.poll() is None


def test_a_pasted_paragraph_runs_no_keys(terminal: Terminal) -> None:
    terminal.type(b"\x1b[200~quit?\nj k w z\n\x1b[201~")
    assert terminal.drain() == b""
    assert terminal.process.poll() is None
