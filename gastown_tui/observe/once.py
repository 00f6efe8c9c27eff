"""One look, and a second one a second later where something would be missing, zombie or vanished."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from gastown_tui.town.facts import Acknowledgements, Fact, Listing, SourceFailed
from gastown_tui.town.judging import alive_sessions, judge, living_panes
from gastown_tui.town.known import Judgement, Known, fold
from gastown_tui.town.liveness import CONFIRM_S
from gastown_tui.town.snapshot import Evidence, Moment, Nowhere, State, Town

from .locate import Wanted
from .ports import AckStore, Capture, GatewayError, Look, Past
from .processes import read_tree
from .survey import LEAST_S, Survey, resolved, survey
from .tmux.fork import Asking, ForkGateway

FIRST_TIMEOUT_S = 1.0
SETTLE_S = 0.7
# `status` answers within 2.5 s, the start of the interpreter among them.
ALL_S = 2.2


@dataclass(frozen=True, slots=True)
class Means:
    """What a look needs from outside."""

    tmux: str
    host: str
    clock: Callable[[], Moment]
    sleep: Callable[[float], None]
    past: Callable[[str, str], Past]
    acks: Callable[[str], AckStore] | None = None
    patience: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class OneLook:
    """A town as a one-shot command knows it, and the way to look at it again. `deadline` (mono) is that of all looks."""

    place: Survey
    wanted: Wanted
    means: Means
    known: Known
    judgement: Judgement
    deadline: float

    @property
    def town(self) -> Town:
        """Returns the town as the last look shows it: a server that did not answer makes its agents unknown."""
        return _with_unknown_agents(self.judgement.town, self.means.clock())

    def gateway(self, timeout: float) -> ForkGateway | None:
        """Returns the way to ask the town's server, None where there is none; an answer may take `timeout` seconds."""
        if self.place.look is None or self.place.ref.socket is None:
            return None
        return ForkGateway(self.means.tmux, self.place.ref.socket, self.wanted.environ, clock=self.means.clock, timeout=timeout)

    def _left(self) -> float:
        return round(self.deadline - self.means.clock().mono, 1)

    def take(self, facts: Sequence[Fact], frames: Asking | None = None) -> None:
        """Folds the facts, captures with `frames` the screens of those who live by them, and judges."""
        for fact in facts:
            self.known = fold(self.known, fact)
        for fact in self._screens(frames) if frames else ():
            self.known = fold(self.known, fact)
        now = self.means.clock()
        self.judgement = judge(self.known, now)
        self.known = fold(self.known, self.judgement)

    def _screens(self, frames: Asking) -> list[Fact]:
        """Returns the screens of the living that were not seen yet."""
        wishes = [Capture(pane) for pane in living_panes(self.known) if pane not in self.known.screens]
        return self._captured(frames, wishes) if wishes else []

    def _captured(self, frames: Asking, wishes: Sequence[Capture]) -> list[Fact]:
        try:
            return [frame for frame in frames(wishes).values() if frame is not None]
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
                self.take([files, *_seen(resolved(talk.look), self.means.clock())], talk.frames)
        except GatewayError as error:
            self.take([files, SourceFailed("tmux", str(error), now, absent=error.absent)])

    def _elsewhere(self) -> None:
        """Surveys again where the first survey found no server."""
        with ExitStack() as talks:
            place = _survey(self.wanted, self.means, max(LEAST_S, self._left()), talks)
            if not isinstance(place, Nowhere) and place.ref.root == self.place.ref.root:
                self.place, self.known = place, self.known._replace(ref=place.ref)
            self.take(_found(self.place, self.means.clock()), self.place.frames)

    def settle(self) -> None:
        """Looks at the screens of the undecided once more, an odd gap after the first time."""
        undecided = (State.UNKNOWN, State.STARTING)
        wishes = [Capture(agent.pane_id) for agent in self.town.agents if agent.state in undecided and agent.pane_id]
        gateway = self.gateway(max(LEAST_S, self._left() - SETTLE_S))
        if gateway is None or not wishes or self._left() < SETTLE_S:
            return
        self.means.sleep(SETTLE_S)
        self.take(self._captured(gateway.frames_once, wishes))


def _seen(look: Look, now: Moment) -> list[Fact]:
    panes = look.panes or {}
    trees = [read_tree(pane.pane_id, pane.pid, now) for pane in panes.values() if not pane.dead]
    return [Listing(look.epoch, panes, now), *trees]


def look_once(wanted: Wanted, means: Means, *, settle: bool = False) -> OneLook | Nowhere:
    """Returns the town after one look, after two where the first would call something missing, zombie or vanished."""
    deadline = means.clock().mono + ALL_S
    with ExitStack() as talks:
        place = _survey(wanted, means, FIRST_TIMEOUT_S, talks)
        if isinstance(place, Nowhere):
            return place
        now = means.clock()
        past = means.past(place.ref.root, place.ref.socket or "")
        known = Known(place.ref, patience=means.patience)
        looking = OneLook(place, wanted, means, known, judge(known, now), deadline)
        noted = [Acknowledgements(means.acks(place.ref.root).recall(now.wall), now)] if means.acks else []
        looking.take([past.recall(now), *noted, *_found(place, now)], place.frames)
    if looking.judgement.confirm and looking.known.answer is not None:
        looking.look_again()
    if settle:
        looking.settle()
    if looking.known.answer is not None and not place.ref.demo:
        past.keep(alive_sessions(looking.town), looking.known.remembered, looking.known.answer)
    return looking


def _survey(wanted: Wanted, means: Means, timeout: float, talks: ExitStack) -> Survey | Nowhere:
    return survey(wanted, tmux=means.tmux, host=means.host, clock=means.clock, timeout=timeout, talks=talks)


def _found(place: Survey, now: Moment) -> list[Fact]:
    facts: list[Fact] = [place.files, place.located]
    if place.look is not None:
        return [*facts, *_seen(place.look, now)]
    return [*facts, SourceFailed("tmux", str(place.error), now, absent=place.error is not None and place.error.absent)]


def blind(town: Town) -> bool:
    """Whether we cannot see: tmux did not answer, which is not the same as that nobody listens."""
    tmux = town.source("tmux")
    return tmux is not None and tmux.state in ("error", "stale")


def _with_unknown_agents(town: Town, now: Moment) -> Town:
    """A look must not pass off an older one as its own."""
    tmux = town.source("tmux")
    if tmux is None or not blind(town):
        return town
    why = Evidence("tmux", f"tmux does not answer: {tmux.error}", now.wall)
    agents = (replace(one, state=State.UNKNOWN, expects=None, evidence=(why, *one.evidence)) for one in town.agents)
    return replace(town, agents=tuple(agents))
