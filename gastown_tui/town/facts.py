"""Facts: what the sources saw, as small frozen values. Text in them is as it came and is hostile until `text.safe`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Self

from .acks import Ack
from .snapshot import NOTHING, Moment, Notice, Origin, Phase, Tally, Told

if TYPE_CHECKING:  # a town without beads need not load what knows them
    from .beads.bead import Bead
    from .beads.queues import Beads

OUR_PREFIX = "_gttui-"
"""What the names of our own hidden sessions begin with; they are left out of every answer."""


class Pane(NamedTuple):
    """One pane as tmux lists it. Times are wall seconds, ids keep their sigils; `env` holds the named variables only.

    `sessions` names every session that shows the pane (a group or a linked window shows one pane several times). `blank`: its
    cursor never left the first cell, so nothing was drawn yet.
    """

    pane_id: str
    session_id: str
    session: str
    session_created: float
    pid: int
    window_activity: float
    attached: int = 0
    window_index: int = 0
    pane_index: int = 0
    dead: bool = False
    dead_status: int | None = None
    dead_signal: int | None = None
    dead_time: float | None = None
    command: str = ""
    width: int = 0
    height: int = 0
    alternate: bool = False
    blank: bool = False
    respawn_hook: bool = False
    env: Mapping[str, str] = NOTHING
    title: str = ""
    cwd: str = ""
    sessions: tuple[str, ...] = ()


class Listing(NamedTuple):
    """One complete answer of the tmux server. `epoch` is its pid and start time: ids of another epoch mean nothing.

    Who is there is as of `at`; after an end, how they are may be of the answer before. `beside`: the notice that another
    server listens by the same path: whoever is not listed here may be there.
    """

    epoch: str
    panes: Mapping[str, Pane]
    at: Moment
    beside: Notice | None = None


class Frame(NamedTuple):
    """What one pane shows: rows as `capture-pane -e` gives them, last rows at the bottom.

    `cursor` is (x, y), None while it is hidden; `caret` is where it stands, shown or not.
    """

    pane_id: str
    rows: tuple[str, ...]
    at: Moment
    cursor: tuple[int, int] | None = None
    history: int = 0
    caret: tuple[int, int] | None = None


class Process(NamedTuple):
    """One process of a pane's tree. `argv1` is the first argument only: the rest may be a prompt or a secret.

    `flags` are those of its arguments that say that it draws no screen.
    """

    pid: int
    parent: int
    comm: str
    argv0: str = ""
    argv1: str = ""
    exe: str = ""
    state: str = "S"
    started: float | None = None
    flags: frozenset[str] = frozenset()


class Tree(NamedTuple):
    """The processes at and below a pane's process, the pane's own first; empty when it is gone. `error`: why unreadable."""

    pane_id: str
    root: int
    processes: tuple[Process, ...]
    at: Moment
    error: str | None = None


class Exited(NamedTuple):
    """A process was seen to end."""

    pid: int
    at: Moment


class SourceFailed(NamedTuple):
    """A source could not answer. Nothing else changes but the age of what is known. `absent`: there is nothing to ask."""

    name: str
    error: str
    at: Moment
    absent: bool = False

    def says_as(self, other: Self | None) -> bool:
        """Whether it could not answer for the same reason then, whenever that was."""
        return other is not None and self == other._replace(at=self.at)


class PidFile(NamedTuple):
    """`.runtime/pids/<session>.pid`: a process the town started. `alive`: that very process still runs (None: cannot tell)."""

    session: str
    pid: int
    started: float | None
    alive: bool | None


class Heartbeat(NamedTuple):
    session: str
    at: float
    state: str | None = None
    context: str | None = None
    bead: str | None = None


class Stop(NamedTuple):
    """A stop (or a death) on record. `target` is an address or a session; `crash`: the record speaks of a crash.

    `known` is False where nobody knows what the reason means: it counts as neither and is quoted.
    """

    target: str
    at: float
    reason: str
    crash: bool = False
    known: bool = True


class Halt(NamedTuple):
    """`gt down` on record, with the services that it stopped."""

    at: float
    services: tuple[str, ...]


class Daemon(NamedTuple):
    """The town's daemon. `period` is its heartbeat in seconds."""

    running: bool
    pid: int | None = None
    started: float | None = None
    last_heartbeat: float | None = None
    period: float = 180.0


class Rig(NamedTuple):
    """A registered rig. `parked`: `parked`, `docked`, None (not so) or `unknown`."""

    name: str
    prefix: str
    parked: str | None = None
    crew: tuple[str, ...] = ()
    polecats: tuple[str, ...] = ()


class TownFiles(NamedTuple):
    """What the town's own files say. `recorded`: why its events cannot be read, empty where they can, None if there are none."""

    at: Moment
    name: str = ""
    registered: bool = False
    rigs: tuple[Rig, ...] = ()
    dogs: Mapping[str, str] = NOTHING
    daemon: Daemon = Daemon(running=False)
    pids: Mapping[str, PidFile] = NOTHING
    heartbeats: Mapping[str, Heartbeat] = NOTHING
    stops: tuple[Stop, ...] = ()
    halt: Halt | None = None
    starts: Mapping[str, float] = NOTHING
    estop: tuple[tuple[str, float | None, str], ...] = ()
    errors: tuple[str, ...] = ()
    events: tuple[Told, ...] = ()
    recorded: str | None = None

    def says_as(self, other: Self | None) -> bool:
        """Whether the files said the same then, whenever that was."""
        return other is not None and self == other._replace(at=self.at)


class Remembered(NamedTuple):
    """What earlier runs saw alive: session -> (agent id, wall seconds)."""

    seen: Mapping[str, tuple[str, float]]
    at: Moment


class Acknowledgements(NamedTuple):
    """What people have acknowledged: agent id -> its entry."""

    entries: Mapping[str, Ack]
    at: Moment


class Digest(NamedTuple):
    """What the automonitor's log says as far as it was read, from byte `from_offset` on. Stamps are wall seconds.

    `number`: how the log itself counts its newest cycle. `pause` and `period`: the usual seconds from the end of a cycle,
    and from its begin, to the begin of the next; None until two were seen. `restarted`: the last restarts, session and moment.
    """

    last_at: float | None = None
    cycles: int = 0
    number: int | None = None
    began: float | None = None
    pause: float | None = None
    period: float | None = None
    phases: tuple[Phase, ...] = ()
    restarts: Mapping[str, int] = NOTHING
    restarted: tuple[tuple[str, float], ...] = ()
    repaired: int = 0
    rejected: int = 0
    from_offset: int = 0
    faults: tuple[str, ...] = ()


class MonitorRead(NamedTuple):
    """What the automonitor's folder holds. `written`: when the log last changed, None where there is no log.

    `cycles` is state.json's count and `told` the rest of it; `files`: name -> when it was written.
    """

    folder: str
    at: Moment
    log: Digest = Digest()
    written: float | None = None
    cycles: int | None = None
    told: Mapping[str, str] = NOTHING
    handoffs: Mapping[str, float] = NOTHING
    pending_upgrade: str | None = None
    files: Mapping[str, float] = NOTHING
    faults: tuple[str, ...] = ()

    def says_as(self, other: Self | None) -> bool:
        """Whether the folder said the same then, whenever that was."""
        return other is not None and self == other._replace(at=self.at)


class BeadsRead(NamedTuple):
    """What the town's databases of beads say: how many stand in which queue, who has what, and how well each is known.

    `hooked`: agent id -> the bead that it is to work on, by databases that are up to date.
    """

    at: Moment
    tallies: "tuple[Tally, ...]"
    assigned: "Beads"
    origins: "tuple[Origin, ...]"
    notices: tuple[Notice, ...] = ()
    hooked: "Mapping[str, Bead]" = NOTHING


class Located(NamedTuple):
    """Which sockets were found for this town, the warning that goes with them, and whom the server says it serves."""

    notices: tuple[Notice, ...]
    at: Moment


Fact = (
    Listing | Frame | Tree | Exited | SourceFailed | TownFiles | Remembered | Acknowledgements | Located | MonitorRead | BeadsRead
)
