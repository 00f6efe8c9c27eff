"""What a one-shot command knows of a town, and how it looks again. Loaded while tmux answers for the first time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from functools import partial

from gastown_tui.town.activity.readers import program_named
from gastown_tui.town.facts import Acknowledgements, Fact, Frame, Listing, Pane, SourceFailed
from gastown_tui.town.judging import agents_panes, alive_sessions, identified, judge, living_panes
from gastown_tui.town.known import Judgement, Known, fold
from gastown_tui.town.liveness import CONFIRM_S
from gastown_tui.town.snapshot import Evidence, Moment, Nowhere, State, Town

from .listeners import beside
from .locate import Wanted
from .means import Means, surveyed
from .ports import Capture, GatewayError, Past
from .processes import read_tree
from .survey import LEAST_S, Survey
from .tmux.fork import Asking, ForkGateway, nothing
from .tmux.listing import resolved

SETTLE_S = 0.7


class OneLook:
    """A town as a one-shot command knows it, and the way to look at it again. `deadline` (mono) is that of all looks."""

    def __init__(self, place: Survey, wanted: Wanted, means: Means, known: Known, judgement: Judgement, deadline: float) -> None:
        self.place, self.wanted, self.means, self.deadline = place, wanted, means, deadline
        self.known, self.judgement = known, judgement

    @property
    def town(self) -> Town:
        """Returns the town as the last look shows it: a server that did not answer makes its agents unknown."""
        return _with_unknown_agents(self.judgement.town, self.means.clock())

    def gateway(self, timeout: float) -> ForkGateway | None:
        """Returns the way to ask the town's server, None where there is none; an answer may take `timeout` seconds."""
        if self.place.look is None or self.place.ref.socket is None:
            return None
        return ForkGateway(self.means.tmux, self.place.ref.socket, self.wanted.environ, clock=self.means.clock, timeout=timeout)

    @property
    def alive(self) -> dict[str, str]:
        """Returns session -> agent id of every agent that is alive."""
        return alive_sessions(self.town)

    def take_survey(self, facts: Sequence[Fact] = ()) -> None:
        """Takes these facts and what the survey found."""
        place, now = self.place, self.means.clock()
        facts = [*facts, place.files, place.located]
        if place.look is None:
            error = place.error
            self.take([*facts, SourceFailed("tmux", str(error), now, absent=error is not None and error.absent)])
            return
        panes = place.look.panes or {}
        self.take([*facts, Listing(place.look.epoch, panes, now)], panes.values(), place.frames)

    def _left(self) -> float:
        return round(self.deadline - self.means.clock().mono, 1)

    def take(self, facts: Iterable[Fact], panes: Iterable[Pane] = (), frames: Asking | None = None) -> None:
        """Folds the facts and what runs in the panes, captures with `frames` the screens of those who live, and judges."""
        self._fold(facts)
        self.known = identified(self.known)
        # Who lives is found out while tmux captures: the screens of all who may are asked for.
        wishes = [Capture(pane) for pane in agents_panes(self.known) if pane not in self.known.screens] if frames else []
        processes = partial(self._read_processes, panes)
        if frames and wishes:
            screens = self._captured(frames, wishes, processes)
            living = living_panes(self.known)
            self._fold(fact for fact in screens if not isinstance(fact, Frame) or fact.pane_id in living)
        else:
            processes()
        now = self.means.clock()
        self.judgement = judge(self.known, now)
        self.known = fold(self.known, self.judgement)

    def _fold(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            self.known = fold(self.known, fact)

    def _read_processes(self, panes: Iterable[Pane]) -> None:
        """Reads what runs in the panes, and loads the tables of the programs that do."""
        now = self.means.clock()
        self._fold(read_tree(pane.pane_id, pane.pid, now) for pane in panes if not pane.dead)
        for product in {found.program.product for found in self.known.finds.values() if found.program}:
            program_named(product)

    def _captured(self, frames: Asking, wishes: Sequence[Capture], meanwhile: Callable[[], None] = nothing) -> list[Fact]:
        try:
            return [frame for frame in frames(wishes, meanwhile).values() if frame is not None]
        except GatewayError as error:
            return [SourceFailed("tmux", str(error), self.means.clock(), absent=error.absent)]

    def look_again(self) -> None:
        """Looks a second time, at least a second after the first."""
        first = self.known.answer
        if first is not None:
            self.means.sleep(max(0.0, first.mono + CONFIRM_S + 0.001 - self.means.clock().mono))
        gateway = self.gateway(max(LEAST_S, self._left()))
        if gateway is None:
            self._elsewhere()
            return
        now = self.means.clock()
        present = frozenset(pane.session for pane in self.known.panes.values())
        files = self.place.reader.read(now, present)
        try:
            with gateway.converse() as talk:
                look = resolved(talk.look)
                panes = look.panes or {}
                listing = Listing(look.epoch, panes, self.means.clock(), beside(gateway.socket, look.epoch))
                self.take([files, listing], panes.values(), talk.frames)
        except GatewayError as error:
            self.take([files, SourceFailed("tmux", str(error), now, absent=error.absent)])

    def read_monitor(self) -> None:
        """Reads what the automonitor's folder says, where there is one."""
        path, named = self.wanted.monitor_folder(self.place.ref.root), self.wanted.monitor_dir is not None
        if path and (named or os.path.exists(path)):
            from .monitor_log import read_once

            fact = read_once(path, self.means.clock(), named=named)
            self.take([fact] if fact else [])

    def read_beads(self) -> None:
        """Reads what the town's exports say of its beads, where it has any; bd is not asked."""
        from .beads.databases import find

        root = self.place.ref.root
        if root and find(root).databases:
            from .beads.once import read_exports

            seen = read_exports(root, self.means.clock, self.deadline)
            if seen is not None:
                self.take([seen if isinstance(seen, SourceFailed) else seen.fact])

    def _elsewhere(self) -> None:
        """Surveys again where the first survey found no server."""
        with ExitStack() as talks:
            place = surveyed(self.wanted, self.means, max(LEAST_S, self._left()), talks)
            if not isinstance(place, Nowhere) and place.ref.root == self.place.ref.root:
                self.place, self.known = place, self.known._replace(ref=place.ref)
            self.take_survey()

    def settle(self) -> None:
        """Looks at the screens of the undecided once more, an odd gap after the first time."""
        undecided = (State.UNKNOWN, State.STARTING)
        wishes = [Capture(agent.pane_id) for agent in self.town.agents if agent.state in undecided and agent.pane_id]
        gateway = self.gateway(max(LEAST_S, self._left() - SETTLE_S))
        if gateway is None or not wishes or self._left() < SETTLE_S:
            return
        self.means.sleep(SETTLE_S)
        self.take(self._captured(gateway.frames_once, wishes))


def begin(place: Survey, wanted: Wanted, means: Means, deadline: float, past: Past) -> OneLook:
    """Returns the first look: what the survey found, with what was known before."""
    now, known = means.clock(), Known(place.ref, wishes=means.wishes)
    looking = OneLook(place, wanted, means, known, judge(known, now), deadline)
    noted = [Acknowledgements(means.acks(place.ref.root).recall(now.wall), now)] if means.acks else []
    looking.take_survey([past.recall(now), *noted])
    return looking


def _with_unknown_agents(town: Town, now: Moment) -> Town:
    """A look must not pass off an older one as its own."""
    tmux = town.source("tmux")
    if tmux is None or not town.blind:
        return town
    why = Evidence("tmux", f"tmux does not answer: {tmux.error}", now.wall)
    agents = (one._replace(state=State.UNKNOWN, expects=None, evidence=(why, *one.evidence)) for one in town.agents)
    return town._replace(agents=tuple(agents))
