"""The one value: everything known of a town at one moment.

Values hold stamps (seconds since the epoch), never ages; whoever draws makes the ages. When something was looked at takes
no part in equality, so two looks that saw the same give equal values.

Values are named tuples: a frozen dataclass costs seven times as much to define, and its module loads `inspect`; there are fifty
to define before a one-shot command can look. For the same reason the modules that define them leave annotations to be evaluated
at once: each that is kept as text is compiled by itself.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from operator import itemgetter
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

NOTHING: Mapping[Any, Any] = MappingProxyType({})

Kind = TypeVar("Kind", bound=type)


def _whenever(stamp: str) -> Callable[[Kind], Kind]:
    """Has values of a kind be equal whatever this field of theirs holds."""

    def decorate(kind: Any) -> Any:
        rest = itemgetter(*(at for at, name in enumerate(kind._fields) if name != stamp))

        def same(one: Any, other: Any) -> bool:
            return bool(other.__class__ is kind and rest(one) == rest(other))

        kind.__eq__ = same
        kind.__ne__ = lambda one, other: not same(one, other)
        kind.__hash__ = lambda one: hash(rest(one))
        return kind

    return decorate


def _evident(kind: Any) -> Any:
    """Has no value of a kind be made without evidence, be it from another one."""
    made = kind.__new__

    def make(kind: Any, *values: Any, **named: Any) -> Any:
        one = made(kind, *values, **named)
        if not one.evidence:
            raise ValueError(f"{one.id} is said to be {one.state} without evidence")
        return one

    kind.__new__ = make
    kind._make = classmethod(lambda kind, values: kind(*values))
    return kind


class Moment(NamedTuple):
    """Now, by both clocks: `wall` across processes and in files, `mono` for durations within this process (seconds).

    `offset`: the seconds by which local clocks are ahead of UTC; programs tell some times in local time, without a zone.
    """

    wall: float
    mono: float
    offset: float = 0.0


class State(StrEnum):
    """What an agent is doing, in the words that a person reads."""

    WORKING = "working"
    IDLE = "idle"
    WAITING = "waiting"
    STALLED = "stalled"
    DEAD = "dead"
    MISSING = "missing"
    ZOMBIE = "zombie"
    HELD = "held"
    FROZEN = "frozen"
    STARTING = "starting"
    UNKNOWN = "unknown"


ALIVE = frozenset({State.WORKING, State.IDLE, State.WAITING, State.STALLED, State.HELD, State.STARTING})
GONE = frozenset({State.DEAD, State.MISSING, State.ZOMBIE})
CALLING = GONE | {State.WAITING, State.STALLED, State.HELD}
CALM = ALIVE - CALLING


@_whenever("at")
class Evidence(NamedTuple):
    """One reason for a state. With `ago`, `at` is when the fact happened and a reader is told how long ago that was."""

    source: str
    fact: str
    at: float
    ago: bool = False


TOWN_ROLES = ("mayor", "deacon", "boot")
"""The roles that a town has once, whose names are their addresses."""


class Expects(NamedTuple):
    """What will happen by itself. `at` is None where only a period is known; past `overdue_at` nobody should wait for it."""

    what: str
    at: float | None = None
    overdue_at: float | None = None


class Question(NamedTuple):
    """What an agent asks. `kind`: permission, question, plan, trust, signin or menu. Texts are single inert lines."""

    kind: str
    text: str
    options: tuple[str, ...] = ()


class Held(NamedTuple):
    """What holds an agent: auth, limit, rate, billing, overloaded, network or disk. `until` is wall seconds, if it was told."""

    why: str
    text: str
    until: float | None = None


class Activity(NamedTuple):
    """What a living agent does, as its screen says; None where it does not tell. Nothing in it ticks.

    `what`: thinking, tool, answering, compacting, retrying, loading …; `detail`: at what. `draft`: somebody typed and did not
    send.
    """

    what: str | None = None
    detail: str | None = None
    question: Question | None = None
    held: Held | None = None
    draft: bool | None = None
    context_used_pct: float | None = None
    program_version: str | None = None


UNTOLD = Activity()


class Acknowledged(NamedTuple):
    at: float
    reason: str


@_evident
class Agent(NamedTuple):
    """One agent of the town and what is known of it. A state without evidence cannot be constructed."""

    id: str
    role: str
    name: str
    state: State
    evidence: tuple[Evidence, ...]
    rig: str | None = None
    session: str | None = None
    session_id: str | None = None
    pane_id: str | None = None
    pid: int | None = None
    agent_pid: int | None = None
    also: tuple[str, ...] = ()
    runtime: str | None = None
    command: str | None = None
    cwd: str | None = None
    title: str = ""
    since: float | None = None
    expects: Expects | None = None
    session_created: float | None = None
    agent_started: float | None = None
    last_output: float | None = None
    heartbeat_at: float | None = None
    bead: str | None = None
    exit_status: int | None = None
    exit_signal: int | None = None
    attached: int = 0
    acknowledged: Acknowledged | None = None
    activity: Activity = UNTOLD

    @property
    def alive(self) -> bool:
        return self.state in ALIVE

    @property
    def born(self) -> float | None:
        """When its process began, else its session, where either is known."""
        return self.session_created if self.agent_started is None else self.agent_started

    def needs_you(self, now: float) -> bool:
        """Whether a person must act: the state calls for one, nobody acknowledged it, and nothing will mend it in time."""
        if self.state not in CALLING or self.acknowledged:
            return False
        if self.state not in GONE or self.expects is None:
            return True
        return self.expects.overdue_at is not None and now >= self.expects.overdue_at


class Foreign(NamedTuple):
    """A session on the town's socket that is no agent of this town: listed, never judged, never touched."""

    session: str
    session_id: str
    kind: str | None = None


class Notice(NamedTuple):
    """Something that concerns the whole town."""

    code: str
    text: str
    remedy: str
    since: float | None = None


class Told(NamedTuple):
    """An event that the town itself wrote down: when, of which type, whom it concerns, as the town calls them, and in words."""

    at: float
    kind: str
    who: str
    text: str


@_whenever("at")
class SourceState(NamedTuple):
    """How well a source of facts answers: `ok`, `stale`, `error` or `absent`. `at` is the last good answer."""

    name: str
    state: str
    at: float | None = None
    error: str | None = None


class Phase(NamedTuple):
    """One phase of the automonitor's cycle. Stamps are wall seconds; `fails` counts in what was read of the log."""

    name: str
    last_ok_at: float | None = None
    last_fail_at: float | None = None
    fails: int = 0


class Monitor(NamedTuple):
    """What the automonitor's folder says. `writer`: alive, silent or absent. None is unknown, never zero.

    `repaired`, `rejected` and `restarts` count what was read of the log, which begins at byte `from_offset`; `cycles` are
    the loop's own count, else those read. `handoffs` and `restarts` are by session. `told`: what else state.json holds, as
    text. `files`: when its newest analysis and its last snapshot were written. `faults`: what is wrong with the folder's
    files, or strange in them, for a person.
    """

    folder: str
    writer: str
    last_line_at: float | None = None
    cycles: int | None = None
    next_cycle_at: float | None = None
    phases: tuple[Phase, ...] = ()
    restarts: Mapping[str, int] = NOTHING
    handoffs: Mapping[str, float] = NOTHING
    pending_upgrade: str | None = None
    repaired: int = 0
    rejected: int = 0
    from_offset: int = 0
    faults: tuple[str, ...] = ()
    told: Mapping[str, str] = NOTHING
    files: Mapping[str, float] = NOTHING


class Origin(NamedTuple):
    """Where the beads of one database come from. `rig` is None for the town's own.

    `by`: `dump` (bd's own answer), `export` (`issues.jsonl`), None where nothing could be read. `at` (wall seconds): of when that
    is. `state` is one of `SourceState`; `said` is why there is nothing better, for a person, and `remedy` what helps. `rig` may
    name one that is not registered any more: `orphan`. `skipped` counts what is there and was not understood.
    """

    name: str
    rig: str | None
    folder: str
    by: str | None = None
    at: float | None = None
    state: str = "absent"
    wisps: bool = False
    said: str = ""
    remedy: str = ""
    orphan: bool = False
    skipped: int = 0


class Tally(NamedTuple):
    """How many beads stand in each queue of one database; None is unknown, which is never none. `rig` is None for the town's."""

    name: str
    rig: str | None
    ready: int | None = None
    active: int | None = None
    blocked: int | None = None
    merge: int | None = None
    escalations: int | None = None
    convoys: int | None = None
    unread: int | None = None


class Work(NamedTuple):
    """A bead that is hooked to an agent, or that it has in progress."""

    id: str
    title: str
    status: str


class Finding(NamedTuple):
    """Something that does not fit, with its evidence. `code`:

    `orphaned`: hooked or in progress, and its agent is gone, or nobody has it; `unmoved`: its agent has stood idle for five
    minutes; `shared`: more than one agent works on it; `outlived`: its agent came after it was last written to; `beadless`: a
    polecat works on no bead.
    """

    code: str
    bead_id: str | None
    agent_ids: tuple[str, ...]
    text: str
    evidence: tuple[Evidence, ...]


class Stock(NamedTuple):
    """`work`: agent id -> its beads, in bd's order; `findings`: where beads and agents do not fit together.

    `tallies` are of the databases that the town has, `origins` of those that no rig has any more, too.
    """

    tallies: tuple[Tally, ...] = ()
    origins: tuple[Origin, ...] = ()
    work: Mapping[str, tuple[Work, ...]] = NOTHING
    findings: tuple[Finding, ...] = ()


class TownRef(NamedTuple):
    """Which town: everything else is keyed from here. `socket` is a path, or None where no server was found."""

    root: str
    socket: str | None
    name: str = ""
    host: str = ""
    demo: bool = False


@_whenever("observed_at")
class Town(NamedTuple):
    """A town at one moment. `agents` are in the order of `interface.md`: town level first, then rigs by name.

    `events`: the last five hundred of the town's own that a person may want to see, newest last, in the order of the file.
    `beads`: what its databases of beads come to, None where there is none.
    """

    ref: TownRef
    observed_at: float
    epoch: str | None = None
    agents: tuple[Agent, ...] = ()
    foreign: tuple[Foreign, ...] = ()
    sources: tuple[SourceState, ...] = ()
    notices: tuple[Notice, ...] = ()
    monitor: Monitor | None = None
    events: tuple[Told, ...] = ()
    beads: Stock | None = None

    @property
    def blind(self) -> bool:
        """Whether we cannot see: tmux did not answer, which is not the same as that nobody listens."""
        tmux = self.source("tmux")
        return tmux is not None and tmux.state in ("error", "stale")

    def agent(self, agent_id: str) -> Agent | None:
        return next((agent for agent in self.agents if agent.id == agent_id), None)

    def source(self, name: str) -> SourceState | None:
        return next((source for source in self.sources if source.name == name), None)


class Nowhere(NamedTuple):
    """No town was found (or the choice was not ours to make): what was tried, and what would help."""

    tried: tuple[str, ...]
    reason: str
    remedy: str
