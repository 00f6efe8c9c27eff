"""What the Wall sends to a real terminal: nothing where nothing changes, and of a tile only the rows that did."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from terminal import Terminal, showing


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with showing(tmp_path, b"2", "┑", 300, 100) as running:
        yield running


def rows(sent: bytes) -> set[tuple[bytes, ...]]:
    """Where something was written, but for the corner in which the cursor rests."""
    return set(re.findall(rb"\x1b\[(\d+);(\d+)H", sent)) - {(b"1", b"1")}


def test_a_second_in_which_nothing_changes_sends_nothing(terminal: Terminal) -> None:
    terminal.order("same")
    assert terminal.drain(2.5) == b""


def test_a_spinner_sends_its_row_of_its_tile_alone(terminal: Terminal) -> None:
    terminal.order("line")
    sent = terminal.drain()
    assert len(rows(sent)) == 1
    assert 0 < len(sent) <= 300


def test_a_tile_that_does_not_begin_at_the_left_sends_from_its_own_edge(tmp_path: Path) -> None:
    with showing(tmp_path, b"2", "┑", 150, 50) as terminal:
        terminal.order("row")
        sent = terminal.drain()
    assert {column for _, column in rows(sent)} == {b"101"}, "hers is the ninth, of three abreast"
    assert 0 < len(sent) <= 500


def test_the_mark_redraws_two_tiles(terminal: Terminal) -> None:
    terminal.type(b"l")
    assert 0 < len(terminal.drain()) <= 5_000
