"""Ages as they are drawn, and the moment at which the first of them will read differently."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor, inf

from gastown_tui.town import text

_QUIET_STEPS = (10, 30, 60)
# The minutes of a hundred agents turn at a hundred moments: a little late, they turn together.
_TOGETHER_S = 5


class Ages:
    """Makes the ages of one drawing. `next` is the wall second at which any text made so far changes; nothing is due before."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.next = inf

    def age(self, stamp: float | None) -> str:
        """Returns the age of a stamp as `text.age` writes it."""
        return text.age(self._since(stamp, _next_age))

    def quiet(self, stamp: float | None) -> str:
        """Returns a quiet time, which goes in steps below a minute."""
        return text.quiet(self._since(stamp, _next_quiet))

    def ago(self, stamp: float) -> str:
        """Returns how long ago that was, in the same steps: `just now`, `10 s ago`; of a stamp from the future that it is one."""
        told = self.quiet(stamp)
        return "just now" if told == "now" else "by a stamp from the future" if told == "clock" else f"{told} ago"

    def left(self, stamp: float) -> str:
        """Returns how long it is until a stamp, in minutes begun: `in 18 min`; `over` once it is past."""
        minutes = ceil((stamp - self.now) / 60)
        self.due(stamp - 60 * (minutes - 1))
        return f"in {text.age(60 * minutes)}" if minutes > 0 else "over"

    def minute(self) -> str:
        """Returns the time of day as `hh:mm` in UTC."""
        self.due(60 * (floor(self.now / 60) + 1))
        return text.clock_time(self.now)[:5]

    def due(self, at: float | None) -> None:
        """Says that something drawn changes by itself at `at`."""
        if at is not None and at > self.now:
            self.next = min(self.next, at)

    def _since(self, stamp: float | None, next_step: Callable[[float], float]) -> float | None:
        if stamp is None:
            return None
        step = next_step(self.now - stamp)
        self.due(stamp + step if step < 60 else _TOGETHER_S * ceil((stamp + step) / _TOGETHER_S))
        return self.now - stamp


def _next_age(seconds: float) -> float:
    """Returns the age at which `text.age` of `seconds` changes: a second, a minute, from ten hours on an hour, then a day."""
    if seconds < 0:
        return -2 if seconds < -2 else 1
    unit = 1 if seconds < 60 else 60 if seconds < 36000 else 3600 if seconds < 86400 else 86400
    return unit * (floor(seconds / unit) + 1)


def _next_quiet(seconds: float) -> float:
    return next((step for step in _QUIET_STEPS if -2 <= seconds < step), 0) or _next_age(seconds)
