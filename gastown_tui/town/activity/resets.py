"""When a limit ends, from the words in which a program tells it.

A duration counts from now. A time of day without a date is the nearest one, within twelve hours either way: words that stand
longer than their limit name a time that is past, not tomorrow's. What lies farther off than eight days is a misreading.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

from gastown_tui.town.snapshot import Moment

FARTHEST_S = 8 * 86400.0
_MOST_TEXT = 500
_LED = re.compile(
    r"(?i)(?:^|\b(?:resets?|renews?|retry(?:ing)?|again|until|available|wait|after|expires?|limit reached))"
    r"[-\s:·|,(]*(?:(?:at|on|in|after|for|about|again|until)[\s:]+)*(?=\w)"
)
_STAMP = re.compile(r"(?i)(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.\d{1,9})? ?(Z\b|UTC\b|[+-]\d\d:?\d\d)?")
_EPOCH = re.compile(r"\d{10}\b")
_UNIT = r"d(?:ays?)?|h(?:(?:ou)?rs?)?|m(?:in(?:ute)?s?)?|s(?:ec(?:ond)?s?)?|ms"
_SPAN = re.compile(rf"(?i)(?P<number>\d{{1,7}})(?:\.\d{{1,6}})?(?: ?(?P<unit>{_UNIT})(?![a-z]))?(?:[\s,]+and)?[\s,]*")
_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = re.compile(
    rf"(?i)(?:(?P<soon>today|tomorrow)[\s,]+)?(?:(?P<weekday>{'|'.join(_DAYS)})[a-z]*[\s,]+)?"
    rf"(?:(?P<month>{'|'.join(_MONTHS)})[a-z]*\.? (?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,? (?P<year>\d{{4}}))?[\s,]+)?(?:at )?"
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d\d))?(?::(?P<second>\d\d))?(?: ?(?P<half>[ap])\.?m\b)?\.?"
    r"(?: ?\((?P<zone>[^()]{1,40})\)| (?-i:(?P<short>[A-Z]{3,5}))\b)?"
)


def resets_at(text: str, now: Moment) -> float | None:
    """Returns the wall second at which a limit ends, as the program's words say; None where they do not, or say nonsense."""
    line = " ".join(text[:_MOST_TEXT].split())
    for lead in _LED.finditer(line):
        try:
            found = _read(line, lead.end(), now)
        except (ArithmeticError, ValueError, OSError):
            return None
        if found is not None:
            return found if abs(found - now.wall) <= FARTHEST_S else None
    return None


def _read(line: str, start: int, now: Moment) -> float | None:
    if stamp := _STAMP.match(line, start):
        day, clock, zone = stamp.groups()
        aware = zone if zone and zone[0] in "+-" else "+00:00" if zone else ""
        told = datetime.fromisoformat(f"{day}T{clock}{aware}")
        return (told if aware else told.replace(tzinfo=_local(now))).timestamp()
    if epoch := _EPOCH.match(line, start):
        return float(epoch.group())
    named = _TIME.match(line, start)
    if named and (named["half"] or named["minute"]):
        return _nearest(named, now)
    return _after(line, start, bare=line[:start].lower().rstrip(" :").endswith("after"), now=now)


def _after(line: str, start: int, *, bare: bool, now: Moment) -> float | None:
    """Returns the end of a duration: `34s`, `9m 56s`, `18h20m`, `3 hours 20 minutes`; with `bare`, `30` is seconds too."""
    total, end = 0.0, start
    while (part := _SPAN.match(line, end)) and part["unit"]:
        total += int(part["number"]) * (0.001 if part["unit"] == "ms" else _SECONDS[part["unit"][0].lower()])
        end = part.end()
    if end == start and part and bare and not line[part.end() : part.end() + 1].isalpha():
        total, end = float(part["number"]), part.end()
    return now.wall + total if end > start else None


def _nearest(named: re.Match[str], now: Moment) -> float | None:
    """Returns the nearest such time that fits the day it was told with; of weekdays the next, they are told ahead."""
    hour, minute, second = (int(named[part] or 0) for part in ("hour", "minute", "second"))
    if named["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (named["half"] in "pP")
    zone = _zone(named["zone"] or named["short"], now)
    if zone is None:
        return None
    today = datetime.fromtimestamp(now.wall, zone).date()
    days = (today + timedelta(ahead) for ahead in range(-8, 9))
    at = time(hour, minute, second)
    stamps = [datetime.combine(day, at, zone).timestamp() for day in days if _fits(day, today, named)]
    if named["weekday"]:
        stamps = [stamp for stamp in stamps if stamp > now.wall - 43200]
    return min(stamps, key=lambda stamp: abs(stamp - now.wall), default=None)


def _fits(day: date, today: date, named: re.Match[str]) -> bool:
    soon, weekday, month, number, year = (named[part] for part in ("soon", "weekday", "month", "day", "year"))
    return (
        (not soon or (day - today).days == (soon[2] in "mM"))
        and (not weekday or month is not None or day.weekday() == _DAYS.index(weekday.lower()))
        and (not month or (day.month, day.day) == (_MONTHS.index(month.lower()) + 1, int(number)))
        and (not year or day.year == int(year))
    )


def _zone(name: str | None, now: Moment) -> tzinfo | None:
    """Returns the zone of that name, None for one that nobody knows; local time where none is named."""
    if name is None:
        return _local(now)
    if name.upper() in ("UTC", "GMT"):
        return UTC
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def _local(now: Moment) -> tzinfo:
    return timezone(timedelta(seconds=now.offset))
