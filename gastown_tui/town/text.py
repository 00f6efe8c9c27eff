"""Words for people: hostile text made safe, and times made short."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from .secrets import FURTHEST, spans

_UNSAFE = "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
_SECRET_NAME = r"(?i)(key|token|secret|pass(w|phrase|$)|_pwd$|credential|auth|cookie|session_?id$|dsn|private|webhook)"
MASK = "••••"


def safe(text: str) -> str:
    """Returns one line of inert text: controls, escape bytes, direction marks and lone surrogates become `�`."""
    # None of them is printable, which is seen at once; a class of such ranges takes long to compile, too.
    return text if text.isprintable() else re.sub(_UNSAFE, "\N{REPLACEMENT CHARACTER}", text)


def json_line(document: object) -> str:
    """Returns the one line of ASCII that a document is in JSON. Lone surrogates, which no strict reader takes, become `�`."""
    import json

    line = json.dumps(document, separators=(",", ":"))
    if "\\ud" not in line:
        return line
    clean = re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", json.dumps(document, ensure_ascii=False))
    return json.dumps(json.loads(clean), separators=(",", ":"))


def mask(text: str, most: int | None = None) -> str:
    """Returns the text, or what stands in its first `most` characters, with everything that looks like a secret replaced.

    That a cut leaves too little of a secret to know it by is no reason to show that little: it is looked for before the cut.
    """
    kept, pieces, done = text[:most], list[str](), 0
    for start, end in spans(text if most is None else text[: most + FURTHEST]):
        if start < len(kept):
            pieces += kept[done:start], MASK
            done = end
    return "".join([*pieces, kept[done:]])


def shown(text: str, most: int) -> str:
    """Returns what stands in the first `most` characters as it may be shown: inert, and without secrets."""
    return mask(safe(text[: most + FURTHEST]), most)


def mask_variable(name: str, value: str) -> str:
    """Returns a variable's value as it may be shown: hidden whole when its name or its form is that of a secret."""
    return MASK if value and re.search(_SECRET_NAME, name) else mask(value)


def age(seconds: float | None) -> str:
    """Returns at most two units below ten, one above: `12 s`, `44 min`, `1 h 02`, `3 h`, `2 d`; `?` for None, `clock` below 0.

    A stamp from the future is a step of the clock and is named so, never a negative or a huge age.
    """
    if seconds is None:
        return "?"
    if seconds < -2:
        return "clock"
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    hours, minutes = whole // 3600, whole // 60 % 60
    if hours < 24:
        return f"{hours} h {minutes:02}" if hours < 10 and minutes else f"{hours} h"
    return f"{hours // 24} d"


def quiet(seconds: float | None) -> str:
    """Returns a quiet time in steps, so that a second in which nothing happens changes nothing: now, 10 s, 30 s, minutes."""
    if seconds is None or seconds < -2 or seconds >= 60:
        return age(seconds)
    return "now" if seconds < 10 else "10 s" if seconds < 30 else "30 s"


def age_s(stamp: float | None, now: float) -> float | None:
    """Returns the seconds since a stamp; None where it is unknown or from the future, which says that a clock was set."""
    return None if stamp is None or now - stamp < -2 else round(max(0.0, now - stamp), 3)


def rfc3339(stamp: float | None) -> str | None:
    """Returns UTC with milliseconds, or None."""
    if stamp is None:
        return None
    try:
        return datetime.fromtimestamp(stamp, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (OverflowError, OSError, ValueError):
        return None


def stamp(text: str) -> float | None:
    """Returns the wall seconds of an RFC 3339 time (without a zone: UTC), or None.

    So it is for the year 1 too, with which Go says never.
    """
    return _stamp(text) if len(text) < 40 else None


# Neighbours tell the same second.
@lru_cache(maxsize=256)
def _stamp(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
        at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return at if at > 0 else None


def clock_time(stamp: float) -> str:
    """Returns `10:41:55` in UTC, the zone that the header names; `?` for a stamp of no year that has a name."""
    return (rfc3339(stamp) or "")[11:19] or "?"
