"""`logs`: what is wanted of the automonitor's log, from its first line to its last, and on from there."""

from __future__ import annotations

import re
import select
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from gastown_tui.town.lines import Line, Parser, session_of
from gastown_tui.town.log import Sift, Wish, log_document, log_line, since
from gastown_tui.town.snapshot import Moment
from gastown_tui.town.text import json_line, safe

from .files import FileReader
from .following import Follower
from .locate import Wanted, find_root

LOG = "monitor.jsonl"
POLL_MS = 50
# A town has a few hundred; a log that names more was made to hurt.
MOST_NAMES = 10_000


class LogError(Exception):
    """Nothing can be read: no folder, no log, or a wish that makes no sense (`usage`)."""

    def __init__(self, code: str, message: str, remedy: str, *, usage: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.remedy = remedy
        self.usage = usage


def wish(level: str | None, session: str | None, grep: str | None, begin: str | None, now: float) -> Wish:
    """Returns what is wanted, from the words of the command line. Raises LogError."""
    try:
        pattern = None if grep is None else re.compile(grep)
    except (re.error, RecursionError, OverflowError) as error:
        raise LogError("usage", f"--grep {grep}: {error}", "give a regular expression as Python reads it", usage=True) from None
    stamp = None if begin is None else since(begin, now)
    if begin is not None and stamp is None:
        raise LogError("usage", f"--since {begin} is no time", "as in 10m, 2h, 1d or 2026-11-21T10:00:00Z", usage=True)
    return Wish(level, session, pattern, stamp)


class LogReading:
    """What is wanted of one log, as text that may be printed: `form` is `json`, `raw` or `text`."""

    def __init__(self, path: str, wanted: Wish, names: Sequence[str], form: str) -> None:
        self._follower = Follower(path)
        self._parser = Parser()
        self._sift = Sift(wanted)
        self._names = {*names, *([wanted.session] if wanted.session else ())}
        self._form = form
        self._level = wanted.level
        self.path = path

    def fault(self, *, ended: bool) -> LogError | None:
        """Returns why there is nothing to read, or, where the log `ended`, that nothing in it is of the level that is wanted."""
        if (state := self._follower.state) not in ("", "empty"):
            remedy = "name the folder with --monitor-dir, or wait with --follow"
            return LogError("monitor", f"{self.path}: {state}", remedy)
        if ended and not self._sift.met:
            message = f"no line of {self.path} is of the level {self._level}"
            return LogError("usage", message, "DEBUG, INFO, WARN and ERROR mean that level and those above", usage=True)
        return None

    def step(self, now: float) -> tuple[str, bool]:
        """Returns (the lines that came since, as far as they are wanted, whether there is more at once)."""
        read = self._follower.read(now)
        events = self._parser.feed(read.lines)
        told = (self._told(of, raw) for of, (_, raw) in zip(events, read.lines, strict=True))
        return "\n".join(chain.from_iterable(told)), read.more

    def _told(self, events: Sequence[Line], raw: bytes) -> Iterator[str]:
        if self._form == "json" and len(self._names) < MOST_NAMES:
            self._names.update(name for event in events if (name := session_of(event, ())))
        wanted = [event for event in events if self._sift.wants(event)]
        if wanted and self._form == "text":
            yield from map(log_line, wanted)
        elif wanted and self._form == "json":
            yield json_line(log_document(events, self._names))
        elif wanted:
            yield safe(raw.decode("utf-8", "replace").removesuffix("\r"))


def read_log(
    place: Wanted, clock: Callable[[], Moment], form: str, *, follow: bool, note: Callable[[str], None], **words: str | None
) -> Iterator[str]:
    """Yields what is wanted of the log, as it comes; ends at its end, or with `follow` when nobody reads standard output.

    `note` is told what is waited for. Raises LogError.
    """
    now = clock()
    wanted = wish(words["level"], words["session"], words["grep"], words["since"], now.wall)
    folder, names = _folder(place, now)
    reading = LogReading(f"{folder}/{LOG}", wanted, names, form)
    waits, noted = _waits(), ""
    while True:
        text, more = reading.step(clock().mono)
        if text:
            yield text
        fault = reading.fault(ended=not more)
        if fault is not None and not follow:
            raise fault
        if fault is not None and str(fault) != noted:
            note(f"gastown-tui: {safe(str(fault))}; waiting")
        noted = "" if fault is None else str(fault)
        if not more and (not follow or waits()):
            return


def _folder(place: Wanted, now: Moment) -> tuple[str, list[str]]:
    """Returns (the automonitor's folder, the sessions that the town's files name)."""
    root, tried = find_root(place)
    folder = place.monitor_folder(str(root.real) if root else "")
    if folder is None:
        raise LogError(
            "no_town", f"no town was found: {'; '.join(tried)}", "name it with --town DIR, or the folder with --monitor-dir DIR"
        )
    if root is None:
        return folder, []
    files = FileReader(root.real).read(now)
    return folder, [*files.pids, *files.heartbeats]


def _waits() -> Callable[[], bool]:
    """Returns what waits a little, and whether nobody reads standard output any more."""
    poller = select.poll()
    poller.register(1, 0)
    return lambda: bool(poller.poll(POLL_MS))
