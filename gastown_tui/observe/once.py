"""One look, and a second one a second later where something would be missing, zombie or vanished."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from gastown_tui.town.snapshot import Moment, Nowhere, Town
from gastown_tui.town.wishes import NO_WISHES, Wishes

from .locate import Wanted
from .ports import AckStore, Past
from .survey import Survey, survey

if TYPE_CHECKING:
    from .looking import OneLook

FIRST_TIMEOUT_S = 1.0
# `status` answers within 2.5 s, the start of the interpreter among them.
ALL_S = 2.2


class Means(NamedTuple):
    """What a look needs from outside."""

    tmux: str
    host: str
    clock: Callable[[], Moment]
    sleep: Callable[[float], None]
    past: Callable[[str, str], Past]
    acks: Callable[[str], AckStore] | None = None
    wishes: Wishes = NO_WISHES


def look_once(wanted: Wanted, means: Means, *, settle: bool = False) -> OneLook | Nowhere:
    """Returns the town after one look, after two where the first would call something missing, zombie or vanished."""
    deadline = means.clock().mono + ALL_S
    with ExitStack() as talks:
        place = surveyed(wanted, means, FIRST_TIMEOUT_S, talks)
        if isinstance(place, Nowhere):
            return place
        from .looking import begin

        past = means.past(place.ref.root, place.ref.socket or "")
        looking = begin(place, wanted, means, deadline, past)
    if looking.judgement.confirm and looking.known.answer is not None:
        looking.look_again()
    if settle:
        looking.settle()
    if looking.known.answer is not None and not place.ref.demo:
        past.keep(looking.alive, looking.known.remembered, looking.known.answer)
    return looking


def surveyed(wanted: Wanted, means: Means, timeout: float, talks: ExitStack) -> Survey | Nowhere:
    """Returns what a survey finds; what judges it is loaded while tmux lists."""

    def load() -> None:
        import_module(f"{__package__}.looking")

    return survey(wanted, tmux=means.tmux, host=means.host, clock=means.clock, timeout=timeout, talks=talks, meanwhile=load)


def blind(town: Town) -> bool:
    """Whether we cannot see: tmux did not answer, which is not the same as that nobody listens."""
    tmux = town.source("tmux")
    return tmux is not None and tmux.state in ("error", "stale")
