"""The end of the console on a real terminal: by signal, by a terminal that is gone or does not read, by a crash."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from terminal import RESTORED, Terminal


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Terminal]]:
    made: list[Terminal] = []

    def begin(**env: str) -> Terminal:
        made.append(Terminal(tmp_path, 80, 24, **env))
        made[-1].until(b"\x1b[?2026$p")
        made[-1].drain()
        return made[-1]

    yield begin
    for terminal in made:
        terminal.close()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_a_signal_ends_it_with_the_terminal_restored(start: Callable[[], Terminal], number: signal.Signals, code: int) -> None:
    terminal = start()
    terminal.signal(number)
    assert terminal.ends() == code
    after = terminal.seen.rpartition(RESTORED)[2]
    assert RESTORED in terminal.seen
    assert b"\x1b[?25h" in after and b"\x1b[?1004l" in after
    assert b"\x1b[?1003h" not in terminal.seen, "movements of the mouse are not asked for"


def test_it_is_left_by_its_key(start: Callable[[], Terminal]) -> None:
    terminal = start()
    terminal.type(b"q")
    assert terminal.ends() == 0
    assert RESTORED in terminal.seen


def test_a_terminal_that_is_gone_ends_it(start: Callable[[], Terminal]) -> None:
    terminal = start()
    os.close(terminal.master)
    terminal.master = -1
    assert terminal.process.wait(30) == 129


def test_errors_sent_elsewhere_take_no_picture_with_them(tmp_path: Path) -> None:
    with (tmp_path / "errors").open("w") as errors:
        terminal = Terminal(tmp_path, stderr=errors.fileno())
    try:
        terminal.settle()
        terminal.type(b"q")
        assert terminal.ends() == 0
        assert (tmp_path / "errors").read_text() == ""
    finally:
        terminal.close()


@pytest.mark.parametrize(
    "odd",
    [b"\x1b[M\x40\xe5\xff\x20\x80\xfe", b"\x1b[4294967296201~\x1b[9:~\x1b[99999999999u"],
    ids=["a mouse's bytes that are no text", "absurd numbers"],
)
def test_odd_sequences_do_not_crash_it(start: Callable[[], Terminal], odd: bytes) -> None:
    terminal = start()
    terminal.type(odd)
    terminal.drain()
    terminal.type(b"?")
    terminal.until(b"to the first row")


def test_what_is_typed_before_the_first_picture_counts(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    try:
        terminal.type(b"ww?qz")
        terminal.until(b"gastown/crew/jack")
        terminal.drain()
        assert terminal.process.poll() is None
    finally:
        terminal.close()


@pytest.mark.parametrize("stop", [signal.SIGSTOP, signal.SIGTSTP])
def test_a_console_that_was_stopped_goes_on_and_ends(start: Callable[[], Terminal], stop: signal.Signals) -> None:
    terminal = start()
    for _ in range(2):
        terminal.signal(stop)
        terminal.stopped()
        terminal.drain()
        terminal.seen = b""
        terminal.signal(signal.SIGCONT)
        terminal.until(b"\x1b[?1049h")
        terminal.until(b"polecat")
    terminal.type(b"jq")
    assert terminal.ends() == 0


def test_a_terminal_that_does_not_read_does_not_hold_up_the_end(start: Callable[[], Terminal]) -> None:
    terminal = start()
    terminal.order("flood")
    terminal.fills_up()
    terminal.signal(signal.SIGTERM)
    assert terminal.ends(reading=False) == 143


@pytest.mark.parametrize(("order", "error"), [("break", "ValueError: the eye broke"), ("nonsense", "AttributeError")])
def test_a_crash_restores_the_terminal_and_leaves_a_report(start: Callable[[], Terminal], order: str, error: str) -> None:
    terminal = start()
    terminal.order(order)
    assert terminal.ends() == 70
    after = terminal.seen.rpartition(RESTORED)[2].decode()
    report = Path(after.strip().splitlines()[-1])
    assert report.parent == terminal.folder
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    told = report.read_text("utf-8")
    assert error in told
    assert "sk-abcdefgh12345678" not in told + after
    assert "gastown/crew/jack: dead: exited with 1 at 10:41:55" in told


def test_no_color_sends_no_colour(start: Callable[..., Terminal]) -> None:
    terminal = start(NO_COLOR="1")
    terminal.type(b"jjj")
    terminal.drain()
    assert b"38;2" not in terminal.seen and b"38;5" not in terminal.seen and b"48;" not in terminal.seen
    assert "▲".encode() in terminal.seen
