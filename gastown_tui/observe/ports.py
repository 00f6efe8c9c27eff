"""What the other rooms may rely on. Screens know these protocols and nothing behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from gastown_tui.town.facts import Frame, Pane, Remembered
from gastown_tui.town.snapshot import NOTHING, Moment, Nowhere, Origin, Town

if TYPE_CHECKING:  # what one look does not use costs it nothing
    from gastown_tui.town.acks import Ack
    from gastown_tui.town.beads.queues import Beads
    from gastown_tui.town.beads.trees import Account
    from gastown_tui.town.lines import Line
    from gastown_tui.town.looked import Sight
    from gastown_tui.town.ribbon import Minute, Ribbon


class GatewayError(Exception):
    """tmux could not answer. `absent`: no server listens there, which is an answer of its own."""

    def __init__(self, message: str, *, absent: bool = False, remedy: str = "") -> None:
        super().__init__(message)
        self.absent = absent
        self.remedy = remedy


class Pulse(NamedTuple):
    """The fields of a pane that change often. Of a dead one tmux forgets the pid from 3.8 on: it is 0 then."""

    pane_id: str
    pid: int
    dead: bool
    dead_status: int | None
    dead_signal: int | None
    dead_time: float | None
    window_activity: float
    title: str


class Capture(NamedTuple):
    """A wish for a pane's visible rows; with `history`, that many rows of scrollback above them."""

    pane_id: str
    history: int = 0


class Look(NamedTuple):
    """One answer: `panes` of a full look or `pulses` of a light one (the other is None), and the frames asked for.

    A frame is None when its pane was gone by then. `epoch` is server pid and start time; `version` the server's.
    """

    epoch: str
    version: str
    panes: Mapping[str, Pane] | None
    pulses: Mapping[str, Pulse] | None
    frames: Mapping[str, Frame | None] = NOTHING


class Roll(NamedTuple):
    """Who is there, and nothing more: each pane with its pid, 0 where that has ended."""

    epoch: str
    panes: Mapping[str, int]


class Gateway(Protocol):
    """One tmux server, asked by one of two backends. Every method raises GatewayError; none changes the town."""

    name: str
    socket: str

    async def look(self, *, full: bool, captures: Sequence[Capture] = ()) -> Look: ...
    async def decided(self, decide: Callable[[Look], Sequence[Capture]], *, full: bool) -> Look:
        """Returns a look with the frames that `decide` wishes for once it has seen the listing; it may run in a thread."""

    async def roll(self) -> Roll:
        """Calls the roll, which takes a server half the time of a light look."""

    async def frames(self, captures: Sequence[Capture]) -> Mapping[str, Frame | None]: ...
    async def environment(self, session_id: str) -> dict[str, str]: ...
    async def close(self) -> None: ...


class Past(Protocol):
    """What earlier runs saw of one town."""

    error: str | None

    def recall(self, at: Moment) -> Remembered: ...
    def keep(self, alive: Mapping[str, str], before: Mapping[str, tuple[str, float]], at: Moment, *, now: bool = False) -> None:
        """Remembers session -> agent id of everyone alive."""


class AckStore(Protocol):
    """What people acknowledged in one town, kept across runs. `acknowledge` and `withdraw` raise OSError."""

    def changed(self) -> bool: ...
    def recall(self, now: float) -> Mapping[str, Ack]: ...
    def acknowledge(self, entries: Mapping[str, Ack]) -> None: ...
    def withdraw(self, agent_ids: Iterable[str]) -> None: ...


class Days(Protocol):
    """What was seen of one town in the last day, kept across runs. Neither method raises; both use the disk."""

    error: str | None

    def recall(self, minute: int) -> Ribbon:
        """Returns what is kept of the day that ends with `minute` (wall seconds // 60)."""

    def keep(self, minute: Minute) -> None: ...


class LastLook(Protocol):
    """How a town was when a person last looked at it. Neither method raises; both use the disk."""

    def recall(self) -> Sight | None: ...
    def keep(self, sight: Sight) -> None: ...


class LogBook(Protocol):
    """The automonitor's log as far as it was read, in the file's order. Changes on the event loop only."""

    @property
    def lines(self) -> Sequence[Line]:
        """The lines kept, newest last. A line's number is `first` + its index, and stays its number through rotations."""

    @property
    def first(self) -> int: ...
    @property
    def dropped(self) -> int:
        """Returns how many bytes of its file lie before the first line kept; 0 once it is known that they cannot be had."""

    @property
    def more(self) -> bool:
        """Returns whether `earlier` may bring any, as out of a file that was rotated: no, once it brought none."""

    @property
    def state(self) -> str:
        """Returns why there is nothing, or nothing new, to read; empty where all is well."""

    @property
    def torn(self) -> str:
        """Returns a half line at the end that has not grown for five seconds, else nothing."""

    async def earlier(self) -> None:
        """Reads about a MiB before the first line kept, of its file or of the one before."""


class History(Protocol):
    """What every agent did in the last 24 hours, a cell each minute, from the log, the events and what was seen."""

    @property
    def version(self) -> int:
        """Grows whenever a cell changed."""

    @property
    def agents(self) -> Sequence[str]:
        """Returns whose past is known, by id; some may have left the town."""

    def cells(self, agent_id: str, minute: int, count: int, step: int = 1) -> bytes:
        """Returns `count` cells of `step` minutes each, the last of them the one that holds `minute` (wall seconds // 60).

        Each is a code of `ribbon.CODES`, the worst state in its minutes; 0: nobody looked.
        """

    def activity(self, agent_id: str, minute: int, count: int, step: int = 1) -> bytes:
        """Returns likewise how much of each cell's time the agent printed, 1 (nothing) to 9 (always); 0: nobody looked."""


class BeadBook(Protocol):
    """The town's beads as far as they were read. Changes on the event loop only; the values that it holds never change."""

    @property
    def version(self) -> int:
        """Grows whenever `beads` or `origins` changed."""

    @property
    def beads(self) -> Beads:
        """Returns the queues of every database, the town's own first, and the convoys."""

    @property
    def origins(self) -> Sequence[Origin]:
        """Returns where each of `beads.queues` comes from, in the same order, and then the databases that no rig has any more."""

    async def account(self, bead_id: str) -> Account | None:
        """Returns all about a bead, closed or not; None where no database that was read has it."""


class Eye(Protocol):
    """The observing side as a screen sees it. `on_town` and `on_frame` are called on the event loop."""

    @property
    def backend(self) -> str:
        """Returns the backend in use: `control` or `fork`."""

    @property
    def log(self) -> LogBook:
        """Returns the automonitor's log; an empty one where there is none."""

    @property
    def history(self) -> History:
        """Returns what is known of the last day of the town that is observed, or was until it went."""

    @property
    def beads(self) -> BeadBook:
        """Returns the town's beads; an empty book where there are none."""

    def subscribe(self, on_town: Callable[[Town | Nowhere], None], on_frame: Callable[[Frame], None]) -> None: ...
    def on_beads(self, tell: Callable[[], None]) -> None:
        """Has `tell` called on the event loop whenever the beads changed, at most once a second."""

    def on_log(self, tell: Callable[[], None]) -> None:
        """Has `tell` called on the event loop whenever the log says something new, at most twenty times a second."""

    async def run(self) -> None:
        """Observes until cancelled."""

    def interest(self, panes: Mapping[str, float]) -> None:
        """Says which panes are on screen and how often (per second) each wants a fresh frame; empty when none is seen."""

    def keyed(self) -> None:
        """Says that a person just pressed a key."""

    def look_now(self) -> None:
        """Reads everything again at once."""

    async def acknowledge(self, agent_id: str, reason: str) -> None:
        """Keeps that a person knows why the agent needs somebody now; a town that says so follows. Raises OSError."""

    async def withdraw(self, agent_id: str) -> None:
        """Forgets an acknowledgement. Raises OSError."""

    async def scrollback(self, pane_id: str, lines: int) -> tuple[str, ...]:
        """Returns the last `lines` rows of scrollback and the screen, raw. Raises GatewayError."""

    async def environment(self, session_id: str) -> tuple[tuple[str, str], ...]:
        """Returns the session's environment, sorted, secrets masked. Raises GatewayError."""
