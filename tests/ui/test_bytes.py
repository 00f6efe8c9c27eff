"""What reaches the terminal, in bytes, on a real one of 200×50 with true colour. Bytes are exact where times are not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from terminal import Terminal, showing

from gastown_tui.ui.driver import unhurried
from gastown_tui.ui.pasting import MOST, Pastes


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with showing(tmp_path) as running:
        yield running


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


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_paste_has_no_escapes_wherever_reading_cuts_it(cut: int) -> None:
    sent = "q\x1b[A\x1b[200~one \x1b[31mred\rq\x1b[200~\x1b\x1b[201~j\x1b[201~\x1b[200~\x1b[201~\x1b"
    pastes = Pastes()
    got = "".join(pastes.feed(sent[at : at + cut]) for at in range(0, len(sent), cut))
    assert got == "q\x1b[A\x1b[200~one \ufffd[31mred\rq\ufffd[200~\ufffd\x1b[201~j\x1b[201~\x1b[200~\x1b[201~\x1b"


def test_an_escape_outside_a_paste_waits_for_nothing() -> None:
    pastes = Pastes()
    assert [pastes.feed(part) for part in ("\x1b", "[20", "0~")] == ["\x1b", "[20", "0~"]
    assert [pastes.feed(part) for part in ("a\x1b", "[201", "~\x1b")] == ["a", "", "\x1b[201~\x1b"]


def test_of_a_paste_without_end_a_bounded_part_is_kept() -> None:
    pastes = Pastes()
    got = "".join(pastes.feed(part) for part in ("\x1b[200~", *["x" * 1000] * 200, "\x1b[201~q"))
    assert got == "\x1b[200~" + "x" * MOST + "\x1b[201~q"


def test_a_flood_of_keys_is_a_paste_though_the_terminal_does_not_say_so(terminal: Terminal) -> None:
    terminal.type(b"q" * 2000 + b"\n" * 2000)
    assert terminal.drain() == b""
    assert terminal.process.poll() is None
    terminal.type(b"q")
    assert terminal.ends() == 0


CLICK = "\x1b[<0;30;10M\x1b[<0;30;10m"


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        (f"j{CLICK * 50}k", f"j{CLICK * 50}k"),
        (f"j{CLICK * 51}k", f"j{CLICK}k"),
        (f"30;10m{CLICK * 60}q\x1b[<0;3", f"30;10m{CLICK}q\x1b[<0;3"),
        ("\x1b[<" * 200, "\x1b[<" * 200),
    ],
)
def test_of_a_flood_of_clicks_the_last_is_taken(sent: str, taken: str) -> None:
    assert unhurried(sent) == taken


def test_a_flood_of_clicks_keeps_nobody_waiting(terminal: Terminal) -> None:
    # A terminal hands on 4 kB at a time.
    for _ in range(100):
        terminal.type(CLICK.encode() * 180)
    terminal.type(b"q")
    assert terminal.ends() == 0


def test_a_pasted_escape_runs_no_keys(terminal: Terminal) -> None:
    terminal.type(b"\x1b[200~hello \x1b[31mred\r?\rq\r\x1b[201~")
    assert b"\x1b" not in terminal.drain()
    assert terminal.process.poll() is None


def test_a_pasted_paragraph_runs_no_keys(terminal: Terminal) -> None:
    terminal.type(b"\x1b[200~quit?\nj k w z\n\x1b[201~")
    assert terminal.drain() == b""
    assert terminal.process.poll() is None
