"""One look, and a second one a second later where something would be missing, zombie or vanished."""

from __future__ import annotations

from contextlib import ExitStack
from importlib import import_module
from typing import TYPE_CHECKING

from gastown_tui.town.snapshot import Nowhere

from .locate import Wanted
from .means import FIRST_TIMEOUT_S, Means, surveyed

if TYPE_CHECKING:
    from gastown_tui.town.snapshot import Agent

    from .looking import OneLook

# `status` answers within 2.5 s, the start of the interpreter among them.
ALL_S = 2.2
# A shell waits for it between two keys.
GLANCE_S = 0.5


def look_once(wanted: Wanted, means: Means, *, settle: bool = False) -> OneLook | Nowhere:
    """Returns the town after one look, after two where the first would call something missing, zombie or vanished."""
    deadline = means.clock().mono + ALL_S
    with ExitStack() as talks:
        place = surveyed(wanted, means, FIRST_TIMEOUT_S, talks, _load)
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


def glance(wanted: Wanted, means: Means) -> tuple[Agent, ...]:
    """Returns the agents after one short look that asks for no screens; nobody where there is no town."""
    place = surveyed(wanted, means, GLANCE_S)
    if isinstance(place, Nowhere):
        return ()
    from .looking import begin

    past = means.past(place.ref.root, place.ref.socket or "")
    return begin(place._replace(frames=None), wanted, means, means.clock().mono + GLANCE_S, past).town.agents


def _load() -> None:
    """Loads what judges and what reads files, and what names our own, while tmux lists."""
    for module in (".looking", ".files", ".beads.databases"):
        import_module(module, __package__)
    import_module("hashlib")
