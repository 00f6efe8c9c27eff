"""What the screens share: the town as it is drawn, the last picture of every agent's pane, what changed since the start."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple

from gastown_tui.observe.ports import Eye
from gastown_tui.town.events import names
from gastown_tui.town.facts import Frame
from gastown_tui.town.looked import Sight
from gastown_tui.town.snapshot import CALM, GONE, Agent, Moment, Nowhere, SourceState, State, Told, Town
from gastown_tui.town.text import mask, safe

from .ways import USUAL, Ways

ENDED = frozenset({State.DEAD, State.MISSING})
# As many as the largest Wall has tiles.
_KEPT_FRAMES = 64
_KEPT_EVENTS = 100
_HISTORY = 20
# Between an end and the town's word of it, or between two looks that tell of it.
_SAME_S = 10.0
_TURNS = {"session_start": "began", "session_death": "ended"}


class Event(NamedTuple):
    """A change of state: when it was seen, whose, into what, and the first evidence for it; or what the town wrote down.

    `turn` is `began` or `ended` where it is that, so that what was seen and is written down too is told once.
    """

    at: float
    agent: str
    state: State | None
    text: str
    turn: str = ""

    def is_as(self, other: Event) -> bool:
        """Whether both tell of the same begin or end."""
        return bool(self.turn) and (self.turn, self.agent) == (other.turn, other.agent) and abs(self.at - other.at) <= _SAME_S


class View:
    """The picture that all screens draw from. While held it stands still, and what arrives waits.

    `complaints`: what is wrong in the user's own file, until they have read it. `chosen`: who, or what, was chosen in the list
    that was left last. `away`: how the town was when somebody who has come back last looked, until they have read what is new.
    """

    HIDES = "Esc hides this · "

    def __init__(self, eye: Eye, clock: Callable[[], Moment], *, read_only: bool, ways: Ways = USUAL) -> None:
        self.eye = eye
        self.read_only = read_only
        self.ways = ways
        self.complaints = ways.complaints
        self.town: Town | Nowhere | None = None
        self.events: deque[Event] = deque(maxlen=_KEPT_EVENTS)
        self.live = True
        self.away: Sight | None = None
        self.chosen = ""
        self._clock = clock
        self._frames: dict[str, Frame] = {}
        self._panes: dict[str, str] = {}
        self._epoch: str | None = None
        self._newest: Town | Nowhere | None = None
        self._unseen: list[Event] = []
        self._held_at: float | None = None
        self._waiting: list[Town | Nowhere | Frame] = []
        self._began = clock().wall

    @property
    def now(self) -> float:
        """The wall second to draw for."""
        return self._clock().wall if self._held_at is None else self._held_at

    @property
    def held_since(self) -> float | None:
        return self._held_at

    def hold(self) -> None:
        """Holds the picture still, or lets it go and takes in what has arrived meanwhile."""
        if self._held_at is None:
            self._held_at = self._clock().wall
            return
        self._held_at = None
        waiting, self._waiting = self._waiting, []
        for news in waiting:
            if isinstance(news, Frame):
                self._take_frame(news)
            else:
                self._take_town(news)

    def take(self, news: Town | Nowhere | Frame) -> Agent | None:
        """Takes news in, or keeps the newest of each kind while held. Returns the agent whose pane a frame shows, if any."""
        if not isinstance(news, Frame):
            self._note(news)
        if self._held_at is not None:
            self._waiting = [*(old for old in self._waiting if not _replaces(news, old)), news]
        elif isinstance(news, Frame):
            return self._take_frame(news)
        else:
            self._take_town(news)
        return None

    def frame(self, agent: Agent) -> Frame | None:
        """Returns the last picture of an agent's pane; of one that lives, only if it is of the pane it has now."""
        frame = self._frames.get(agent.id)
        past = agent.state in ENDED or agent.pane_id is None
        return frame if frame and (past or frame.pane_id == agent.pane_id) else None

    def stale(self, *names: str) -> list[SourceState]:
        """Returns which of the named sources (of all, where none is named) do not answer; an absent one has nothing to say."""
        sources = self.town.sources if isinstance(self.town, Town) else ()
        return [source for source in sources if source.state in ("stale", "error") and (not names or source.name in names)]

    def _note(self, town: Town | Nowhere) -> None:
        """Notes what changed, while held too: who died and came back meanwhile must not go untold."""
        before, self._newest = self._newest, town
        if isinstance(before, Town) and isinstance(town, Town):
            self._note_events(changes(before, town, self._clock().wall), _written(before, town))

    def _note_events(self, seen: Sequence[Event], written: Sequence[Event]) -> None:
        """Notes what was seen, and what is written of anything else: it tells less."""
        if any(one.turn for one in seen):
            self.events = deque(_but(self.events, seen), _KEPT_EVENTS)
        known = [*_but(self._unseen, seen), *seen]
        news = (one for one in written if one.at >= self._began and not any(map(one.is_as, (*self.events, *known))))
        self._unseen = [*known, *news][-_KEPT_EVENTS:]

    def history(self, agent: Agent) -> list[Event]:
        """Returns what is known to have happened to an agent, newest first: what was seen, and what the town wrote down."""
        seen = [event for event in self.events if event.agent == agent.id]
        town = self.town if isinstance(self.town, Town) else None
        called = names(town.agents) if town and town.events else {}
        told = [_event(one, called) for one in (town.events if town else ()) if called.get(one.who) == agent.id]
        both = [*seen, *(one for one in told if one not in seen and not any(map(one.is_as, seen)))]
        return sorted(both, key=lambda event: event.at, reverse=True)[:_HISTORY]

    def _take_town(self, town: Town | Nowhere) -> None:
        self.events.extendleft(self._unseen)
        self._unseen = []
        if isinstance(town, Town) and town.epoch is not None and town.epoch != self._epoch:
            # Another server counts its panes from the start: an old picture is nobody's but the dead's.
            self._epoch = town.epoch
            self._frames = {agent_id: frame._replace(pane_id="") for agent_id, frame in self._frames.items()}
        self.town = town
        self._panes = {agent.pane_id: agent.id for agent in town.agents if agent.pane_id} if isinstance(town, Town) else {}

    def _take_frame(self, frame: Frame) -> Agent | None:
        agent_id = self._panes.get(frame.pane_id)
        if agent_id is None or not isinstance(self.town, Town):
            return None
        self._frames.pop(agent_id, None)
        self._frames[agent_id] = frame
        if len(self._frames) > _KEPT_FRAMES:
            del self._frames[next(iter(self._frames))]
        return self.town.agent(agent_id)


def _replaces(new: Town | Nowhere | Frame, old: Town | Nowhere | Frame) -> bool:
    if isinstance(new, Frame):
        return isinstance(old, Frame) and old.pane_id == new.pane_id
    return not isinstance(old, Frame)


def _but(events: Iterable[Event], seen: Sequence[Event]) -> list[Event]:
    """Returns the events without what was only written of what is seen now."""
    return [one for one in events if one.state is not None or not any(map(one.is_as, seen))]


def _written(before: Town, after: Town) -> list[Event]:
    """Returns what the town has written down meanwhile."""
    last = before.events[-1] if before.events else None
    news = list(takewhile(lambda one: one != last, reversed(after.events)))
    called = names(after.agents) if news else {}
    return [_event(one, called) for one in reversed(news)]


def _event(told: Told, called: Mapping[str, str]) -> Event:
    return Event(told.at, called.get(told.who, told.who), None, mask(safe(told.text)), _TURNS.get(told.kind, ""))


def changes(before: Town, after: Town, now: float) -> Sequence[Event]:
    """Returns what changed between two looks, without the coming and going of work, which would drown the rest."""
    was = {agent.id: agent for agent in before.agents}
    news = [_change(was.get(agent.id), agent, now) for agent in after.agents]
    here = {agent.id for agent in after.agents}
    left = [Event(now, agent.id, None, "left", "ended") for agent in before.agents if agent.id not in here]
    return [event for event in [*news, *left] if event]


def _change(before: Agent | None, agent: Agent, now: float) -> Event | None:
    if before is None:
        return Event(now, agent.id, agent.state, "came", "began" if agent.alive else "")
    if before.state == agent.state or {before.state, agent.state} <= CALM:
        return None
    told = mask(safe(agent.evidence[0].fact)) if agent.state not in CALM else f"again, was {before.state}"
    turn = "ended" if agent.state in GONE else "began" if before.state in GONE else ""
    return Event(agent.since or now, agent.id, agent.state, told, turn)
