"""Captured rows in which no secret can be read, though their colours and columns stay as they are. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from unicodedata import east_asian_width

from .secrets import Span, spans

_DOT = "•"
_ESCAPE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]|[\x00-\x1f\x7f-\x9f]")
_EDGES = " \xa0│┃║▏▎▌▐▕|⎿└"
_ANNOUNCERS = ("key", "token", "secret", "password", "passwd", "passphrase", "credential", "credentials", "bearer", "basic")
_BETWEEN = " \\:=>\"'"
_TOKEN_START = re.compile(r"[\w+/.=~-]+").match
# What goes on without a sign of its own: long, and of letters and figures, as no word is.
_GOES_ON = re.compile(r"(?=[\w+/-]*\d)(?=[\w+/-]*[A-Za-z])[\w+/-]{16,}=*").match
_MARGIN = 12
_BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}|[A-Za-z0-9+/]{4,}={1,2}").fullmatch
_PEM = re.compile(r"-----(BEGIN|END) [A-Z ]*PRIVATE KEY-----").search
# The rows that one picture shows, and a few that come next.
_MOST_ROWS = 1024
_spans = lru_cache(maxsize=_MOST_ROWS)(spans)


def masked(rows: Sequence[str]) -> tuple[str, ...]:
    """Returns captured rows with their colours and columns, in which every character of what looks like a secret is a dot.

    A secret is found across attributes, and where a terminal or a program broke it into rows.
    """
    texts = [_text(row) for row in rows]
    hidden: list[list[Span]] = [[*_spans(text)] for text in texts]
    _across(texts, hidden)
    _keys(texts, hidden)
    return tuple(_dotted(row, here) if here else row for row, here in zip(rows, hidden, strict=True))


@lru_cache(maxsize=_MOST_ROWS)
def _text(row: str) -> str:
    return _ESCAPE.sub("", row)


def _across(texts: Sequence[str], hidden: list[list[Span]]) -> None:
    """Adds what goes on in the next row: at the margin whatever stands there, elsewhere what can be nothing else."""
    bodies = [_body(text) for text in texts]
    margin = max((end for _, end in bodies), default=0) - _MARGIN
    for at in range(len(texts) - 1):
        end, (start, below) = bodies[at][1], bodies[at + 1]
        head = _TOKEN_START(texts[at + 1], start, below)
        if head and any(high >= end for _, high in hidden[at]) and (end >= margin or _GOES_ON(head[0])):
            hidden[at + 1].append(head.span())
        if _announces(texts[at]):
            hidden[at + 1] += _announced(texts[at][:end], texts[at + 1][:below], start)
        if end >= margin:
            _seams(texts, bodies[at : at + (3 if below >= margin else 2)], at, hidden)


@lru_cache(maxsize=_MOST_ROWS)
def _announces(text: str) -> bool:
    """Whether a row ends with what may announce a secret, as `--token` does, also where a shell's line goes on below."""
    return text[: _body(text)[1]].rstrip(_BETWEEN).lower().endswith(_ANNOUNCERS)


def _announced(text: str, below: str, start: int) -> list[Span]:
    """Returns where in the row below a secret stands that this row announces: as if both were one."""
    text = text.rstrip(" \\") + " "
    found = _spans(text + below[start:])
    return [(max(low - len(text), 0) + start, high - len(text) + start) for low, high in found if high > len(text)]


def _seams(texts: Sequence[str], bodies: Sequence[Span], at: int, hidden: list[list[Span]]) -> None:
    """Adds what shows its shape, or where it ends, only with the rows below: they are read as one."""
    found = _spans("".join(texts[at + row][slice(*body)] for row, body in enumerate(bodies)))
    left = 0
    for row, (begins, ends) in enumerate(bodies, at):
        ahead = left - begins
        here = [(max(begins, low - ahead), min(ends, high - ahead)) for low, high in found]
        hidden[row] += [(low, high) for low, high in here if low < high]
        left += ends - begins


@lru_cache(maxsize=_MOST_ROWS)
def _body(text: str) -> Span:
    """Returns where the text in a row begins and ends, without the frame of a box and the blanks around it."""
    end = len(text.rstrip(_EDGES))
    return min(end, len(text) - len(text.lstrip(_EDGES))), end


def _keys(texts: Sequence[str], hidden: list[list[Span]]) -> None:
    """Adds the rows of private keys, of which the beginning or the end may be out of sight."""
    marks = [(at, match[1]) for at, text in enumerate(texts) if (match := _PEM(text))]
    for at, word in marks:
        way = 1 if word == "BEGIN" else -1
        row = at + way
        while 0 <= row < len(texts) and (body := _body(texts[row])) and _BASE64(texts[row][slice(*body)]):
            hidden[row].append(body)
            row += way


def _dotted(row: str, hidden: Sequence[Span]) -> str:
    """Returns a captured row with dots for the characters of these spans of its text, as many as they have columns."""
    parts, at, done = list[str](), 0, 0
    for match in (*_ESCAPE.finditer(row), None):
        piece = row[done : match.start() if match else len(row)]
        parts.append("".join(_dots(one) if _within(at + n, hidden) else one for n, one in enumerate(piece)))
        at += len(piece)
        if match:
            parts.append(match[0])
            done = match.end()
    return "".join(parts)


def _within(at: int, hidden: Sequence[Span]) -> bool:
    return any(start <= at < end for start, end in hidden)


def _dots(character: str) -> str:
    return _DOT * 2 if east_asian_width(character) in "WF" else _DOT
