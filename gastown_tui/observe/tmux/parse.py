"""What tmux answered, as facts. Both backends hand over the same bytes."""

import re
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import dropwhile, takewhile
from typing import NamedTuple, TypeVar

from gastown_tui.observe.ports import Capture, GatewayError, Look, Pulse, Roll
from gastown_tui.observe.tmux.commands import CAPTURED, DEATH, FULL, HEAD, LIVING, PULSE, RESPAWN_HOOK, ROLL, VARIABLES, Marks
from gastown_tui.town.facts import OUR_PREFIX, Frame, Pane
from gastown_tui.town.snapshot import NOTHING, Moment

T = TypeVar("T")
Row = dict[str, str]
_DOLLAR = re.compile(r"\\\$(?=[A-Za-z_{])")
_EXPORT = re.compile(r'^([^=\n"]+)="((?:[^"\\]|\\.)*)"; export \1;$', re.M | re.S)


def failure(stderr: str, socket: str) -> GatewayError:
    """Returns why tmux gave no answer, from what it wrote to stderr, with the remedy."""
    said = stderr.strip().rpartition("\n")[2]
    if "no server running" in said or "No such file" in said or "Connection refused" in said:
        return GatewayError(f"no tmux server at {socket}", absent=True, remedy="start the town: gt up")
    if "ermission denied" in said or "access not allowed" in said:
        return GatewayError(f"the tmux server at {socket} lets us not in", remedy="run this as the user who owns that socket")
    if "can't find session" in said:
        return GatewayError("there is no such session any more", remedy="look at the list again")
    if "server exited" in said or "lost server" in said:
        # A client from before 3.6 is dropped by a later server with the same words.
        why = "the tmux server broke off: it ended, or it and the tmux on PATH are on different sides of 3.6"
        return GatewayError(why, remedy="after an upgrade of tmux, restart the town")
    return garbled(said or "no answer and no error")


def garbled(what: str) -> GatewayError:
    return GatewayError(f"tmux gave an answer that is not understood: {what}", remedy="gastown-tui doctor names the versions")


Captured = Mapping[str, tuple[Row, tuple[str, ...]]]
"""What was captured, by pane: the row that names it, and the lines."""


class Answer(NamedTuple):
    """One complete answer, cut into its rows but not read yet."""

    epoch: str
    version: str
    sessions: bool
    environment: Mapping[str, str]
    rows: Sequence[str] = ()
    captures: Captured = NOTHING


def answer(stdout: bytes, marks: Marks) -> Answer | None:
    """Returns the answer, or None where head or last word is missing: a part of an answer is no answer."""
    pieces = stdout.decode("utf-8", "replace").split(marks.row)
    if len(pieces) < 3 or pieces[0] or pieces[1][:1] != "H" or pieces[-1] != "Z\n":
        return None
    head, _, exported = pieces[1].partition("\n")
    who = _row(head, HEAD, marks)
    # tmux 3.4 alone writes `$HOME` as `\$HOME` everywhere but in captures.
    true = partial(_DOLLAR.sub, "$") if who["version"].startswith("3.4") else str
    captured = [piece for piece in pieces[2:-1] if piece[0] == "C"]
    rows = [true(piece).removesuffix("\n") for piece in pieces[2:-1] if piece[0] != "C"]
    epoch, sessions = f"{who['pid']}-{who['start_time']}", bool(who["session_id"])
    return Answer(epoch, who["version"], sessions, variables(true(exported)), rows, _captured(captured, marks))


def captures(said: bytes, marks: Marks) -> Captured:
    """Returns the captures that were asked for without the head of an answer, and without its last word."""
    first, *pieces = said.decode("utf-8", "replace").split(marks.row)
    if first:
        raise garbled("something before the first capture")
    return _captured(pieces, marks)


def _captured(pieces: Iterable[str], marks: Marks) -> Captured:
    cut = (piece.partition("\n") for piece in pieces)
    found = ((_row(named, CAPTURED, marks), text) for named, _, text in cut)
    return {row["pane_id"]: (row, tuple(text.removesuffix("\n").split("\n"))) for row, text in found}


def _row(text: str, names: Sequence[str], marks: Marks) -> Row:
    values = text[1:].split(marks.field)
    if len(values) != len(names):
        raise garbled(f"{len(values)} fields where {len(names)} belong")
    return dict(zip(names, values, strict=True))


def variables(text: str) -> dict[str, str]:
    """Returns the variables of `show-environment -s`."""
    return {match[1]: _BACKSLASH.sub(r"\1", match[2]) for match in _EXPORT.finditer(text)}


class Rows:
    """Reads the rows of one server's listings. A light row that says what it said the last time is the very same Pulse."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._last: dict[str, Pulse] = {}
        self._ours: frozenset[str] = frozenset()
        self._named: dict[int, dict[str, str]] = {}

    def panes(self, rows: Iterable[str], inherited: Mapping[str, str]) -> dict[str, Pane]:
        """Returns the panes of a full listing. Of its commands, which may hold secrets, no more is kept than a hash."""
        read = [_row(row, FULL, self._marks) for row in rows]
        self._ours = frozenset(row["pane_id"] for row in read if _ours(row))
        groups = _by_pane(row for row in read if not _ours(row))
        last, self._named, panes = self._named, {}, {}
        for pane, shown in groups.items():
            command = shown[0]["pane_start_command"]
            self._named[hash(command)] = named = last.get(hash(command)) or assignments(command)
            panes[pane] = _pane(shown, inherited, named)
        return panes

    def pulses(self, rows: Iterable[str]) -> dict[str, Pulse]:
        """Returns the pulses of a light listing, without the panes that the last full one showed to be our own."""
        last = self._last
        self._last = {row: last.get(row) or _pulse(_row(row, PULSE, self._marks)) for row in rows}
        return {pulse.pane_id: pulse for pulse in self._last.values() if pulse.pane_id not in self._ours}


def look(got: Answer, rows: Rows, *, full: bool, captures: Sequence[Capture], at: Moment) -> Look:
    """Returns the look that an answer makes. Raises GatewayError for an answer that cannot be."""
    if got.sessions and not got.rows:
        raise garbled("sessions without panes")
    try:
        panes = rows.panes(got.rows, got.environment) if full else None
        pulses = None if full else rows.pulses(got.rows)
        return Look(got.epoch, got.version, panes, pulses, frames(got.captures, captures, at))
    except ValueError:
        raise garbled("a number that is none") from None


def roll(got: Answer, marks: Marks) -> Roll:
    """Returns the roll that an answer makes. Raises GatewayError for an answer that cannot be."""
    rows = [row for row in (_row(text, ROLL, marks) for text in got.rows) if not _ours(row)]
    try:
        return Roll(got.epoch, {row["pane_id"]: _int(row[LIVING]) for row in rows})
    except ValueError:
        raise garbled("a number that is none") from None


def frames(got: Captured, captures: Iterable[Capture], at: Moment) -> dict[str, Frame | None]:
    """Returns the frames that were wished for; None for a pane that is gone."""
    return {wish.pane_id: _frame(got, wish.pane_id, at) for wish in captures}


def _frame(got: Captured, pane_id: str, at: Moment) -> Frame | None:
    if pane_id not in got:
        return None
    row, lines = got[pane_id]
    caret = _int(row["cursor_x"]), _int(row["cursor_y"])
    return Frame(pane_id, lines, at, caret if row["cursor_flag"] == "1" else None, _int(row["history_size"]), caret)


def _by_pane(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Returns what each pane is shown as, the lowest session first: a group or a linked window shows one several times."""
    groups: dict[str, dict[int, Row]] = {}
    for row in rows:
        groups.setdefault(row["pane_id"], {}).setdefault(int(row["session_id"][1:]), row)
    return {pane: [found[key] for key in sorted(found)] for pane, found in groups.items()}


def _ours(row: Row) -> bool:
    return row["session_name"].startswith(OUR_PREFIX)


def _pulse(row: Row) -> Pulse:
    status, died_of, died_at = row[DEATH].split("/") if row[DEATH] else ("", "", "")
    return Pulse(
        pane_id=row["pane_id"],
        pid=_int(row["pane_pid"]),
        dead=bool(row[DEATH]),
        dead_status=_maybe(int, status),
        dead_signal=_maybe(_signal, died_of),
        dead_time=_maybe(float, died_at),
        window_activity=float(row["window_activity"] or 0),
        title=row["pane_title"],
    )


def _pane(rows: list[Row], inherited: Mapping[str, str], named: Mapping[str, str]) -> Pane:
    row, pulse = _home(rows, named, inherited), _pulse(rows[0])
    env = {**_told(row, inherited), **named}
    return Pane(
        pane_id=pulse.pane_id,
        session_id=row["session_id"],
        session=row["session_name"],
        session_created=float(row["session_created"]),
        pid=pulse.pid,
        window_activity=pulse.window_activity,
        attached=sum(_int(row["session_attached"]) for row in rows),
        window_index=_int(row["window_index"]),
        pane_index=_int(row["pane_index"]),
        dead=pulse.dead,
        dead_status=pulse.dead_status,
        dead_signal=pulse.dead_signal,
        dead_time=pulse.dead_time,
        command=row["pane_current_command"],
        width=_int(row["pane_width"]),
        height=_int(row["pane_height"]),
        alternate=row["alternate_on"] == "1",
        blank=all(row[name] in ("", "0") for name in ("alternate_on", "cursor_x", "cursor_y", "history_size")),
        respawn_hook=row[RESPAWN_HOOK] == "1",
        env=env,
        title=pulse.title,
        cwd=row["pane_current_path"],
        sessions=tuple(row["session_name"] for row in rows),
    )


def _int(text: str) -> int:
    return int(text or 0)


def _maybe(kind: Callable[[str], T], text: str) -> T | None:
    return kind(text) if text else None


def _signal(text: str) -> int | None:
    """Returns the number: tmux names the signal where the platform knows names (`KILL`), else it numbers it."""
    named = signal.Signals.__members__.get(f"SIG{text}")
    return int(text) if text.isdigit() else int(named) if named else None


def _told(row: Row, inherited: Mapping[str, str]) -> dict[str, str]:
    """Returns the named variables of a row's session. A value equal to the server's own says nothing about this session."""
    return {name: row[name] for name in VARIABLES if row[name] and row[name] != inherited.get(name)}


def _home(rows: list[Row], named: Mapping[str, str], inherited: Mapping[str, str]) -> Row:
    """Returns the row of the session that a pane is of: the one it names, else one that says who it is, else the oldest.

    A window that a person linked or grouped into an older session of their own is still the agent's.
    """
    if len(rows) == 1:
        return rows[0]
    own = [row for row in rows if row["session_name"] == named.get("GT_SESSION")]
    return next(iter(own + [row for row in rows if "GT_ROLE" in _told(row, inherited)]), rows[0])


def assignments(start_command: str) -> dict[str, str]:
    """Returns the named variables that `[exec] [env] NAME=value ... program` sets, from `#{pane_start_command}`.

    Nothing else of the command is kept: it carries prompts and may carry secrets.
    """
    found = (word.group(word.lastindex or 0) for word in _WORD.finditer(start_command))
    arguments = [_ESCAPE.sub(_plain, word) if "\\" in word else word for word in found]
    # tmux quotes each argument; a single one is a line for a shell, several are the program's own.
    words = _shell_words(arguments[0]) if len(arguments) == 1 else iter(arguments)
    pairs = (word.partition("=") for word in dropwhile(("exec", "env").__contains__, words))
    return {name: value for name, _, value in takewhile(lambda pair: pair[0].isidentifier() and pair[1], pairs) if name in _NAMED}


_NAMED = frozenset(VARIABLES)
# Possessive throughout: text that closes no quote costs one pass.
_WORD = re.compile(r"""'([^']*+)'|"((?:[^"\\]++|\\.)*+)"|((?:[^'"\\\s]++|\\.)++)""", re.S)
_ESCAPE = re.compile(r"\\([0-7]{3}|.)", re.S)
_SHELL_WORD = re.compile(r"""\s*+((?:[^'"\\\s]++|\\.|'[^']*+'|"(?:[^"\\]++|\\.)*+")++)(?=\s|$)""", re.S)
_QUOTED = re.compile(r"""'([^']*+)'|"((?:[^"\\]++|\\.)*+)"|([^'"\\]++|\\.)""", re.S)
_MARKED = re.compile(r"""['"\\]""")
_BACKSLASH = re.compile(r"\\(.)", re.S)


def _shell_words(line: str) -> Iterator[str]:
    """Yields the words of a shell's line as far as they are asked for; ends at a quote that is never closed."""
    marked = _MARKED.search(line)
    # What stands before anything quoted is read as it is, up to the last word, which may go on.
    place = line.rfind(" ", 0, marked.start()) + 1 if marked else len(line)
    yield from line[:place].split()
    while found := _SHELL_WORD.match(line, place):
        place = found.end()
        yield _QUOTED.sub(_bare, found[1]) if _MARKED.search(found[1]) else found[1]


def _bare(part: re.Match[str]) -> str:
    return part[1] if part[1] is not None else _BACKSLASH.sub(r"\1", part[part.lastindex or 0])


def _plain(escaped: re.Match[str]) -> str:
    """Returns the character that tmux wrote as `\n`, `\011` or `\"`."""
    code = escaped[1]
    return chr(int(code, 8)) if len(code) == 3 else _CONTROLS.get(code, code)


_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "v": "\v", "f": "\f", "s": " ", "0": "\0"}
