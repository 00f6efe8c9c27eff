"""What a single look needs from outside, and how long it may wait."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import NamedTuple

from gastown_tui.town.snapshot import Moment, Nowhere
from gastown_tui.town.wishes import NO_WISHES, Wishes

from .locate import Wanted
from .ports import AckStore, Past
from .survey import Survey, survey
from .tmux.fork import nothing

FIRST_TIMEOUT_S = 1.0


class Means(NamedTuple):
    """What a look needs from outside."""

    tmux: str
    host: str
    clock: Callable[[], Moment]
    sleep: Callable[[float], None]
    past: Callable[[str, str], Past]
    acks: Callable[[str], AckStore] | None = None
    wishes: Wishes = NO_WISHES


def surveyed(
    wanted: Wanted, means: Means, timeout: float, talks: ExitStack | None = None, meanwhile: Callable[[], None] = nothing
) -> Survey | Nowhere:
    """Returns what `survey` finds by these means."""
    return survey(wanted, tmux=means.tmux, host=means.host, clock=means.clock, timeout=timeout, talks=talks, meanwhile=meanwhile)
