"""Lines of the automonitor's log: written by `printf` in a shell, so broken in every way, and none of them is dropped."""

from __future__ import annotations

from typing import NamedTuple


class Line(NamedTuple):
    """One physical line, as text from outside: hostile until `text.safe`.

    `verdict`: `ok` (strict), `flagged` (kept, with a notice), `recovered` (kept after repair), `joined` (belongs to the event
    above) or `rejected`. `flags` name what was found wrong. `ts` is wall seconds as the writer told them. `raw` is the line as
    it stands in the file, for every verdict but `ok`.
    """

    offset: int
    verdict: str
    flags: tuple[str, ...] = ()
    ts: float | None = None
    level: str | None = None
    component: str | None = None
    message: str = ""
    raw: str | None = None
