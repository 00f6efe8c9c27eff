"""The terminal, on bad days too: one that is gone, one that does not read, one that sends bytes which are no text."""

from __future__ import annotations

import asyncio
import os
import re
import selectors
import sys
from codecs import getincrementaldecoder
from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import chain
from threading import Condition, Thread

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

from .pasting import Pastes

GONE = 129
_MOST_PENDING = 1 << 18
_PATIENCE = 1.0
# More than that at once nobody typed: it was pasted, and the terminal did not say so.
_MOST_TYPED = 1000
# Whoever sends faster than that is taken in waits, as before a program that does not read.
_MOST_WAITING = 2000
# Nor did anybody click or turn a wheel so often between two readings.
_MOST_CLICKED = 100
_REPORT = re.compile(r"\x1b\[<\d+;\d+;\d+[Mm]")
_PUSH_TITLE, _POP_TITLE = "\x1b[22;2t", "\x1b[23;2t"


class Writer(Thread):
    """Writes to a descriptor in order without ever blocking the caller; past `_MOST_PENDING` characters it drops.

    A reader that has stopped must stop neither the event loop nor the end of the process. `drained` is called, in this
    thread, once everything that was kept has gone out after something was dropped.
    """

    def __init__(self, descriptor: int, drained: Callable[[], object], gone: Callable[[], object]) -> None:
        super().__init__(name="terminal-writer", daemon=True)
        self._descriptor, self._drained, self._gone = descriptor, drained, gone
        self._news = Condition()
        self._queue: deque[str] = deque()
        self._pending = 0
        self._dropped = self._closed = False

    def write(self, data: str) -> None:
        with self._news:
            if not data or self._closed:
                return
            if self._pending and self._pending + len(data) > _MOST_PENDING:
                self._dropped = True
                return
            self._queue.append(data)
            self._pending += len(data)
            self._news.notify()

    def close(self, patience: float = _PATIENCE) -> None:
        """Waits until all is written, but no longer than `patience` seconds."""
        with self._news:
            self._closed = True
            self._news.notify()
        self.join(patience)

    def run(self) -> None:
        while data := self._take():
            try:
                self._put(data.encode("utf-8", "replace"))
            except OSError:
                self._gone()
                return
            with self._news:
                self._pending -= len(data)
                mended = self._dropped and not self._pending
                self._dropped = self._dropped and not mended
            if mended:
                self._drained()

    def _take(self) -> str:
        with self._news:
            self._news.wait_for(lambda: self._queue or self._closed)
            data = "".join(self._queue)
            self._queue.clear()
            return data

    def _put(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]


def unhurried(text: str) -> str:
    """Returns what was read at once; of a flood of reports of the mouse the last two, which are a press and its release."""
    begins = [report.start() for report in _REPORT.finditer(text)]
    if len(begins) <= _MOST_CLICKED:
        return text
    return _REPORT.sub("", text[: begins[-2]]) + text[begins[-2] :]


class SafeDriver(LinuxDriver):
    """Textual's driver for Linux, with a title and five repairs: end of input ends the console, no byte crashes it, no
    reader stalls it, no pasted text presses keys, no flood fills the memory or keeps it busy.
    """

    _out: Writer | None = None
    _title = ""

    def start_application_mode(self) -> None:
        loop = asyncio.get_running_loop()
        self._leave = partial(loop.call_soon_threadsafe, partial(self._app.exit, return_code=GONE))
        self._repaint = partial(loop.call_soon_threadsafe, self._app.refresh)
        # Textual draws on standard error, which somebody may have sent into a file; that this is a terminal was looked at.
        assert sys.__stdout__ is not None
        self._out = Writer(sys.__stdout__.fileno(), self._repaint, self._leave)
        self._out.start()
        start: Callable[[], None] = super().start_application_mode
        start()
        self.write(_PUSH_TITLE)
        self._write_title()

    def stop_application_mode(self) -> None:
        self.write(_POP_TITLE)
        stop: Callable[[], None] = super().stop_application_mode
        stop()

    def title(self, text: str) -> None:
        """Puts a line of inert text into the terminal's title, which gets its old one back at the end."""
        if text != self._title:
            self._title = text
            self._write_title()

    def _write_title(self) -> None:
        if self._title:
            self.write(f"\x1b]2;{self._title}\x1b\\")

    def write(self, data: str) -> None:
        if self._out is not None:
            self._out.write(data)

    def close(self) -> None:
        super().close()
        if self._out is not None:
            self._out.close()

    def _sigcont_application(self, *_: object) -> None:
        """Takes the terminal again and repaints it, which the original leaves empty.

        Who was stopped without a warning still holds it: two readers of one terminal would never end.
        """
        if self._auto_restart and self._key_thread is not None and not self._must_signal_resume:
            self.suspend_application_mode()
            self._must_signal_resume = True
        go_on: Callable[..., None] = super()._sigcont_application
        go_on(*_)
        self._repaint()

    def _enable_mouse_support(self) -> None:
        """Asks for clicks and the wheel alone: reports of every movement would fill a slow line, and nothing follows them."""
        if self._mouse:
            self.write("\x1b[?1000h\x1b[?1006h")

    def mouse(self, on: bool) -> None:
        """Takes the mouse, or leaves it to the terminal so that text can be selected there."""
        (self._enable_mouse_support if on else self._disable_mouse_support)()

    def run_input_thread(self) -> None:
        """Reads until the driver is told to stop or the terminal is gone, which the original takes for a short silence.

        A terminal that was attached anew may report the mouse in bytes that are not UTF-8: they are replaced, not fatal. A
        sequence that the parser chokes on (a number out of all bounds) is forgotten.
        """
        parser, pastes, pasted = XTermParser(self._debug), Pastes(), False
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                text = ""
                if selector.select(0.1):
                    data = self._read()
                    if not data:
                        self._leave()
                        return
                    text = unhurried(pastes.feed(decode(data)))
                plain = bool(text) and not pastes.inside and "\x1b" not in text
                pasted = plain and (pasted or len(text) > _MOST_TYPED)
                try:
                    for message in (events.Paste(text),) if pasted else chain(parser.feed(text) if text else (), parser.tick()):
                        self.process_message(message)
                except (ValueError, OverflowError):
                    parser = XTermParser(self._debug)
                while self._app.message_queue_size > _MOST_WAITING and not self.exit_event.wait(0.01):
                    pass

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, 4096)
        except OSError:
            return b""
