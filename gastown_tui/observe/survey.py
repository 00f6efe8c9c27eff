"""One look at everything, without an event loop: which town, which server, what it lists, what runs in its panes.

The one-shot commands are a survey and a second look where one cannot tell; the console begins with a survey.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from gastown_tui.town.agents import Identity, identify
from gastown_tui.town.facts import Located, Rig, TownFiles
from gastown_tui.town.report import short_socket
from gastown_tui.town.snapshot import NOTHING, Moment, Nowhere, TownRef

from .listeners import unreachable
from .locate import (
    REMEDY,
    Candidate,
    Root,
    Served,
    Wanted,
    candidates,
    choose,
    find_root,
    named_socket,
    probe,
    root_from_sessions,
    unplaced,
    whom_it_serves,
)
from .ports import Capture, GatewayError, Look
from .tmux.fork import Asking, Conversation, ForkGateway, nothing
from .tmux.listing import resolved

if TYPE_CHECKING:
    from .files import FileReader

DEMO_MARKER = ".gastown-tui-demo"
# What a server gets to answer in where an earlier one has used up the time.
LEAST_S = 0.2


class Survey(NamedTuple):
    """What a survey found. `look` is the chosen server's answer, or None with the `error` that stands in its place.

    `frames` captures from that server what is decided next.
    """

    ref: TownRef
    reader: "FileReader"
    files: TownFiles
    located: Located
    look: Look | None
    error: GatewayError | None
    at: Moment
    probes: Mapping[str, str] = NOTHING
    tried: tuple[str, ...] = ()
    frames: Asking | None = None

    def with_screens(self) -> Self:
        """Returns it with the screens of its agents, from the process that listed; without, where that fails."""
        panes = self.look.panes if self.look else None
        if not panes or not self.look or not self.frames:
            return self
        living = [pane for pane in panes.values() if not pane.dead]
        agents = [pane for pane in living if isinstance(identify(pane, self.files.rigs, self.ref.root), Identity)]
        with suppress(GatewayError):
            frames = self.frames([Capture(pane.pane_id) for pane in agents])
            return self._replace(look=self.look._replace(frames=frames))
        return self


class _Search(NamedTuple):
    """What was tried on the way to a town, and what each socket answered."""

    wanted: Wanted
    root: Root | None
    tried: tuple[str, ...]
    found: tuple[Candidate, ...]
    probes: Mapping[str, str]
    talks: Mapping[str, Conversation]
    errors: Mapping[str, GatewayError]

    def served(self, rigs: tuple[Rig, ...], root: Root | None) -> list[Served]:
        home = str(root.real) if root else ""
        return [
            whom_it_serves(one, self.talks[one.path].look.panes or {}, rigs, home) for one in self.found if one.path in self.talks
        ]

    def place(self) -> Root | Nowhere | None:
        """Returns the town's root; None where a named server has agents and nobody says where their town lies."""
        served = self.served((), self.root)
        if named_socket(self.wanted) is not None:
            agreed = root_from_sessions(served, self.root)
            if agreed is not self.root:
                return agreed
        if any(one.ours for one in served) or (self.root and self.root.marked):
            return self.root
        return unplaced(self.root, self.tried, self.answers())

    def answers(self) -> dict[str, str]:
        """Returns what each socket answered: to the probe, or to the question after it."""
        return {path: str(self.errors.get(path, answer)) for path, answer in self.probes.items()}

    def unanswered(self) -> tuple[str | None, GatewayError]:
        """Returns (the socket to name, why it does not answer): one that failed, else one that refuses, else the derived one.

        One that failed may hold the agents, whatever its name: then nothing can be said of them, not even that they are gone.
        """
        own = [candidate.path for candidate in self.found if candidate.own]
        reachable = [path for path in own if self.probes[path] not in ("absent", "stale")]
        path = next(iter([path for path in own if path in self.errors] + reachable + list(self.errors) + own), None)
        if path and path in self.errors:
            return path, self.errors[path]
        answer = self.probes.get(path, "absent") if path else "absent"
        if answer in ("absent", "stale"):
            silent = (one.path for one in self.found if self.probes[one.path] in ("absent", "stale"))
            return unreachable(silent) or (path, self._nobody(path))
        why = "permission denied" if answer == "refused" else answer
        remedy = "run this as the user who owns that socket"
        return path, GatewayError(f"the socket {path} cannot be reached: {why}", remedy=remedy)

    def _nobody(self, path: str | None) -> GatewayError:
        """Returns that nobody listens, which is an answer, unless a server that was not named may hold the agents."""
        text = f"no tmux server listens at {path}"
        unnamed = self.wanted._replace(socket=None, environ={**self.wanted.environ, "GT_TMUX_SOCKET": "auto"})
        own = [one.path for one in candidates(self.root, unnamed) if one.own] if named_socket(self.wanted) else []
        other = next((one for one in own if probe(one) == "live"), None)
        if other is None:
            return GatewayError(text, absent=True, remedy="start the town: gt up")
        name = short_socket(other)
        return GatewayError(
            f"{text}, but one does at {name}, which this town implies", remedy=f"leave --socket out, or name {name}"
        )


def survey(
    wanted: Wanted,
    *,
    tmux: str,
    host: str,
    clock: Callable[[], Moment],
    timeout: float,
    talks: ExitStack | None = None,
    meanwhile: Callable[[], None] = nothing,
) -> Survey | Nowhere:
    """Returns the town as one look shows it, or Nowhere. One tmux process for each live socket, none for the others.

    `timeout` (seconds) is for all of them together. With `talks` each process stays until that is left, and answers `frames`;
    `meanwhile` is done while it lists.
    """
    root, tried = find_root(wanted)
    if wanted.town is not None and root is None:
        return Nowhere(tried, f"{wanted.town} is no folder", REMEDY)
    found = candidates(root, wanted)
    probes = {candidate.path: probe(candidate.path) for candidate in found}
    answers: dict[str, Conversation] = {}
    errors: dict[str, GatewayError] = {}
    until = clock().mono + timeout
    for path in [path for path, answer in probes.items() if answer == "live"]:
        gateway = ForkGateway(tmux, path, wanted.environ, clock=clock, timeout=max(LEAST_S, round(until - clock().mono, 1)))
        try:
            answers[path] = _asked(gateway, talks, meanwhile)
        except GatewayError as error:
            errors[path] = error
    search = _Search(wanted, root, tried, found, probes, answers, errors)
    place = search.place()
    return place if isinstance(place, Nowhere) else _read(search, place, host, clock())


def _asked(gateway: ForkGateway, talks: ExitStack | None, meanwhile: Callable[[], None]) -> Conversation:
    if talks is None:
        return Conversation(resolved(gateway.look_once(full=True)), gateway.frames_once)
    talk = talks.enter_context(gateway.converse(meanwhile=meanwhile))
    return talk._replace(look=resolved(talk.look))


def listening(wanted: Wanted) -> frozenset[str]:
    """Returns the candidate sockets of the town on which somebody listens; asks no server anything."""
    root, _ = find_root(wanted)
    return frozenset(candidate.path for candidate in candidates(root, wanted) if probe(candidate.path) == "live")


def _read(search: _Search, root: Root | None, host: str, now: Moment) -> Survey:
    from .files import FileReader  # a single look loads it while tmux lists

    folder = root.real if root else Path("/nonexistent")
    reader = FileReader(folder)
    present = frozenset(pane.session for talk in search.talks.values() for pane in (talk.look.panes or {}).values())
    files = reader.read(now, present)
    chosen, notices = choose(search.served(files.rigs, root))
    path, error = (chosen.path, None) if chosen else search.unanswered()
    ref = TownRef(str(folder) if root else "", path, files.name if root else "", host, os.path.exists(folder / DEMO_MARKER))
    look, frames = search.talks[chosen.path] if chosen else (None, None)
    return Survey(ref, reader, files, Located(notices, now), look, error, now, search.answers(), search.tried, frames)
