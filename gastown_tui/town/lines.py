"""Lines of the automonitor's log: written by `printf` in a shell, so broken in every way, and none of them is dropped."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from sys import intern
from typing import Any, NamedTuple

from .text import stamp

LONGEST = 1 << 20
HEAD_BYTES = 4 << 10
JOIN_LINES = 20
JOIN_BYTES = 16 << 10
# A line of more objects than this was made to hurt.
MOST_PIECES = 1000
KEYS = ("ts", "level", "component", "message")

_FORM = r'^\{"ts":"(%s)","level":"(%s)","component":"(%s)","message":"(%s)"\}\r?$|^.*$'
# One match a line, of empty groups where it is not strict. The plain one is faster, and right where nothing odd is about and
# it matches as often as there are lines.
_STRICT, _PLAIN = (re.compile(_FORM % ((word,) * 4), re.MULTILINE).findall for word in (r'[^"\\\x00-\x1f]*+', '[^"]*+'))
_ODD = bytes({*range(32), *b"\\"} - {*b"\n"})
_START = '{"ts":"'
_HEAD = r'\s*\{"ts":"([^"]*)","level":"([^"]*)","component":"([^"]*)","message":"(.*)'
_TEMPLATE = re.compile(_HEAD + r'"\}\s*').fullmatch
_OPEN = re.compile(_HEAD + r"(?<!\})").fullmatch
_CUT = re.compile(r'\s*\{"ts":"(?:([^"]*)"(?:,"level":"([^"]*)")?(?:,"component":"([^"]*)")?(?:,"message":"(.*))?)?').match
_END = re.compile(r'"\}\s*\Z')
_NEXT = re.compile(r"[^ \t\r]").search
_SURROGATE = re.compile("[\ud800-\udfff]")
_SESSION = re.compile(r"Session (\S+) age: ").search
_WORDS = re.compile(r"[A-Za-z0-9_-]+").finditer

_new = tuple.__new__


class Line(NamedTuple):
    """One physical line, as text from outside: hostile until `text.safe`.

    `verdict`: `ok` (strict), `flagged` (kept, with a notice), `recovered` (kept after repair), `joined` (belongs to the event
    above: the next part of its message) or `rejected`. `flags` name what was found wrong. `ts` is wall seconds as the writer
    told them. `raw` is the line as it stands in the file, for every verdict but `ok`; the first 4 KiB of one above 1 MiB.
    Several events of one physical line share its offset and its `raw`.
    """

    offset: int
    verdict: str
    flags: tuple[str, ...] = ()
    ts: float | None = None
    level: str | None = None
    component: str | None = None
    message: str = ""
    raw: str | None = None


class _Object(tuple[tuple[str, Any], ...]):
    """A JSON object with every key in its place: of a key that stands twice the first value wins."""


# A number is never looked at, and one of 5,000 digits is no reason to fail.
_DECODER = json.JSONDecoder(object_pairs_hook=_Object, parse_int=len, parse_float=len)


class Parser:
    """Makes events of one physical line after the other; all it remembers is whether the last message is still open.

    Nothing is held back: the further lines of a message that holds line breaks are told as they come.
    """

    def __init__(self) -> None:
        self._lines_left = self._bytes_left = 0

    def feed(self, raws: Sequence[tuple[int, bytes]]) -> list[Sequence[Line]]:
        """Returns the events of each further line: mostly one, none of a blank one. Nothing is raised, whatever it holds."""
        data = b"\n".join([raw for _, raw in raws])
        try:
            text = data.decode()
        except UnicodeDecodeError:
            half = len(raws) // 2
            return [*self.feed(raws[:half]), *self.feed(raws[half:])] if half else [self._repaired(*raws[0])]
        found = _PLAIN(text) if len(data.translate(None, _ODD)) == len(data) else ()
        if len(found) != len(raws):
            found = _STRICT(text)
        lines: list[Sequence[Line]] = []
        for (offset, raw), (ts, level, component, message) in zip(raws, found, strict=False):
            if ts and (at := stamp(ts)) is not None and len(raw) <= LONGEST:
                self._lines_left = 0
                lines.append((_new(Line, (offset, "ok", (), at, intern(level), intern(component), message, None)),))
            else:
                lines.append(self._repaired(offset, raw))
        return lines

    def _repaired(self, offset: int, raw: bytes) -> Sequence[Line]:
        if not raw.strip():
            return ()
        text, flags = _text(offset, raw)
        whole = raw[: HEAD_BYTES if "long" in flags else None].decode("utf-8", "replace")
        if self._lines_left and not _starts_anew(text):
            self._lines_left -= 1
            self._bytes_left -= len(raw)
            if self._bytes_left >= 0:
                part = _END.sub("", text)
                self._lines_left *= part == text
                return (Line(offset, "joined", flags, message=part, raw=whole),)
        lines = _cut(text) if "long" in flags else _events(text) or _pieces(text) or _mended(text)
        self._lines_left, self._bytes_left = JOIN_LINES * ("open" in lines[-1].flags), JOIN_BYTES
        return [_placed(line, offset, flags, whole) for line in lines]


def _text(offset: int, raw: bytes) -> tuple[str, tuple[str, ...]]:
    """Returns (the line's text without what surrounds it, what was found wrong with its bytes)."""
    flags: list[str] = []
    if offset == 0 and raw.startswith(b"\xef\xbb\xbf"):
        raw = raw[3:]
        flags.append("bom")
    if raw.startswith(b"\0"):
        raw = raw.lstrip(b"\0")
        flags.append("nul")
    if len(raw) > LONGEST:
        return raw[:HEAD_BYTES].decode("utf-8", "replace"), (*flags, "long")
    raw = raw.removesuffix(b"\r")
    try:
        return raw.decode(), tuple(flags)
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace"), (*flags, "encoding")


def _placed(line: Line, offset: int, flags: tuple[str, ...], raw: str) -> Line:
    flags += line.flags
    verdict = "flagged" if flags and line.verdict == "ok" else line.verdict
    return line._replace(offset=offset, verdict=verdict, flags=flags, raw=None if verdict == "ok" else raw)


def _starts_anew(text: str) -> bool:
    return text.lstrip().startswith(_START) or _objects(text) is not None


def _objects(text: str) -> list[_Object] | None:
    """Returns the objects that the text is made of, None where it holds anything else."""
    found: list[_Object] = []
    at = 0
    try:
        while begin := _NEXT(text, at):
            value, at = _DECODER.raw_decode(text, begin.start())
            if not isinstance(value, _Object) or len(found) == MOST_PIECES:
                return None
            found.append(value)
    except (ValueError, RecursionError):
        return None
    return found


def _events(text: str) -> list[Line]:
    """Rules 3 and 4: strict JSON."""
    events = [_event(one, text) for one in _objects(text) or ()]
    return events if len(events) < 2 else [line._replace(flags=("several", *line.flags)) for line in events]


def _event(pairs: _Object, text: str) -> Line:
    fields: dict[str, Any] = {}
    for key, value in pairs:
        fields.setdefault(key, value)
    texts = {key: fields[key] for key in KEYS if isinstance(fields.get(key), str)}
    at = stamp(texts.pop("ts", ""))
    clean = {key: _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value) for key, value in texts.items()}
    wrong = (
        ("duplicate", len(fields) < len(pairs)),
        ("missing", not fields.keys() >= set(KEYS)),
        ("type", any(key in fields and not isinstance(fields[key], str) for key in KEYS)),
        ("stamp", at is None and isinstance(fields.get("ts"), str)),
        ("surrogate", clean != texts),
    )
    return Line(0, "ok", tuple(flag for flag, found in wrong if found), at, **{"message": text, **clean})


def _pieces(text: str) -> list[Line]:
    """Rule 5: what was written into the middle of something else, each piece alone."""
    first, *rest = text.split(_START, MOST_PIECES)
    if len(rest) < 2:
        return []
    pieces = ([first] if first.strip() else []) + [_START + piece for piece in rest]
    lines = [line for piece in pieces for line in _events(piece) or _mended(piece)]
    kept = ("interleaved",)
    return [line if line.verdict == "rejected" else line._replace(verdict="recovered", flags=kept + line.flags) for line in lines]


def _mended(text: str) -> list[Line]:
    """Rules 6 to 9: the template without JSON, its head with or without what may follow, and what is neither."""
    for flag, form in (("unescaped", _TEMPLATE), ("open", _OPEN)):
        if match := form(text):
            return [_recovered(flag, *match.groups())]
    return _cut(text)


def _cut(text: str) -> list[Line]:
    if match := _CUT(text):
        return [_recovered("cut", *match.groups())]
    return [Line(0, "rejected", message=text)]


def _recovered(flag: str, ts: str | None, level: str | None, component: str | None, message: str | None) -> Line:
    return Line(0, "recovered", (flag,), stamp(ts or ""), level, component, _END.sub("", message or ""))


def session_of(line: Line, names: Collection[str]) -> str | None:
    """Returns which session a line speaks of: the one whose age it tells, else the first of `names` in it as a whole word."""
    if told := _SESSION(line.message):
        return told[1]
    words = (word[0].strip("-") for word in _WORDS(line.message)) if names else ()
    return next((word for word in words if word in names), None)
