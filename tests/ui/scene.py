"""A believable town at a fixed moment, and an eye that shows it: what every test of a screen draws."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from beadbook import BeadBook
from lastday import day
from logbook import Book

from gastown_tui.observe.ports import GatewayError
from gastown_tui.town.facts import Frame
from gastown_tui.town.snapshot import (
    Acknowledged,
    Activity,
    Agent,
    Evidence,
    Expects,
    Foreign,
    Held,
    Moment,
    Monitor,
    Nowhere,
    Phase,
    Question,
    SourceState,
    State,
    Town,
    TownRef,
)
from gastown_tui.ui.app import Console
from gastown_tui.ui.ways import USUAL, Ways

WALL = 1795257725.0  # 2026-11-21 10:42:05 UTC
NOW = Moment(WALL, 5000.0)


def told(source: str, fact: str, at: float = WALL, *, ago: bool = False) -> tuple[Evidence, ...]:
    return (Evidence(source, fact, at, ago),)


def _agent(
    agent_id: str, state: State, number: int, fact: str, *, age: float = 10800, quiet: float | None = 2, **more: object
) -> Agent:
    role = agent_id.split("/")[-2].rstrip("s") if agent_id.count("/") == 2 else agent_id.split("/")[-1]
    began = WALL - age
    known: dict[str, object] = {
        "id": agent_id,
        "role": role,
        "name": agent_id.split("/")[-1],
        "rig": agent_id.split("/")[0] if "/" in agent_id else None,
        "state": state,
        "evidence": told("tmux", fact),
        "session": "-".join(["gt", *agent_id.split("/")[1:]]) if "/" in agent_id else f"hq-{agent_id}",
        "session_id": f"${number}",
        "pane_id": f"%{number}",
        "pid": 4000 + number,
        "agent_pid": 4100 + number,
        "runtime": "claude",
        "command": "node",
        "cwd": f"/home/op/gt/{agent_id}",
        "since": began,
        "session_created": began,
        "agent_started": began,
        "last_output": None if quiet is None else WALL - quiet,
    }
    return Agent(**{**known, **more})  # type: ignore[arg-type]


JACK = _agent(
    "gastown/crew/jack",
    State.DEAD,
    5,
    "exited with 1 at 10:41:55",
    age=3720,
    quiet=10,
    evidence=(
        Evidence("tmux", "exited with 1 at 10:41:55", WALL - 10, True),
        Evidence("process", "pid 4105 is gone", WALL - 9),
    ),
    agent_pid=None,
    exit_status=1,
    bead="gt-4f2",
    since=WALL - 10,
)
PUSH = Question(
    "permission",
    "Bash command · git push origin nux/gt-aa7 · Push the branch · Do you want to proceed?",
    (
        "Yes",
        "Yes, and do not ask again for git push commands in /home/op/gt/gastown/polecats/nux",
        "No",
    ),
)
AGENTS = (
    _agent("mayor", State.WORKING, 1, "output 2 s ago", activity=Activity("tool", "Bash(gt status)")),
    _agent("deacon", State.IDLE, 2, "no output for 30 s", quiet=35, activity=Activity(draft=True)),
    _agent("beads/witness", State.WORKING, 3, "title changes", quiet=14, activity=Activity("compacting")),
    _agent(
        "beads/polecats/furiosa",
        State.HELD,
        4,
        "its usage limit is reached: usage limit reached · resets 11am",
        age=3060,
        quiet=2400,
        since=WALL - 2400,
        bead="bd-71c",
        activity=Activity(held=Held("limit", "usage limit reached · resets 11am", WALL + 1075)),
    ),
    _agent("beads/polecats/toast", State.STARTING, 12, "37 s old, nothing to judge by yet", age=37, quiet=None),
    _agent("gastown/witness", State.WORKING, 6, "output now", quiet=1),
    _agent("gastown/refinery", State.IDLE, 7, "no output for 14 min", age=7500, quiet=840),
    JACK,
    _agent("gastown/crew/emma", State.WORKING, 8, "output now", age=2640, quiet=3, bead="gt-9x1", runtime="codex"),
    _agent(
        "gastown/crew/max",
        State.ZOMBIE,
        13,
        "only bash runs in the pane",
        age=86400 * 2,
        quiet=7300,
        acknowledged=Acknowledged(WALL - 600, "looked at it, can wait"),
    ),
    _agent(
        "gastown/polecats/nux",
        State.WAITING,
        9,
        f"it asks for permission: {PUSH.text}",
        age=720,
        quiet=360,
        since=WALL - 360,
        bead="gt-aa7",
        activity=Activity(question=PUSH),
    ),
    _agent("gastown/polecats/slit", State.WORKING, 10, "output now", age=540, quiet=0, bead="gt-b01", runtime="gemini"),
    _agent("gastown/polecats/capable", State.FROZEN, 14, "stopped on record at 10:12:00", age=5400, quiet=1800),
    _agent(
        "wasteland/witness",
        State.MISSING,
        15,
        "registered in rigs.json, no session has it",
        pane_id=None,
        session_id=None,
        session=None,
        pid=None,
        agent_pid=None,
        session_created=None,
        agent_started=None,
        last_output=None,
        expects=Expects("the daemon's next heartbeat starts it, within 3 min", None, WALL + 175),
    ),
    _agent("wasteland/polecats/rictus", State.UNKNOWN, 16, "another program runs: htop", age=1900, quiet=600, runtime=None),
)
OK = tuple(SourceState(name, "ok", WALL) for name in ("tmux", "process", "town", "memory"))
MONITOR = Monitor(
    "/home/op/gt/settings/automonitor",
    "alive",
    last_line_at=WALL - 238,
    cycles=14,
    next_cycle_at=WALL + 982,
    phases=(
        Phase("upstream", WALL - 248, None, 0),
        Phase("handoff", WALL - 241, WALL - 240, 1),
        Phase("watcher", WALL - 239, None, 0),
        Phase("ai", WALL - 2700, WALL - 1490, 1),
    ),
    restarts={"gt-crew-jack": 3, "hq-mayor": 1},
    handoffs={"gt-crew-jack": WALL - 1498, "hq-mayor": WALL - 247, "hq-deacon": WALL - 9000},
    pending_upgrade="New gastown release available: v0.5.1 (current: v0.5.0)",
    repaired=3,
    rejected=1,
    faults=("state.json cannot be read: it is empty; it is shown as of 10:30:05",),
)
TOWN = Town(
    ref=TownRef("/home/op/gt", "/tmp/tmux-1000/gt-a1b2c3", "gt"),
    observed_at=WALL,
    epoch="4711-1795225392",
    agents=AGENTS,
    foreign=(Foreign("notes", "$20"), Foreign("gt-automonitor", "$21", "automonitor")),
    sources=OK,
    monitor=MONITOR,
)


def with_agent(agent_id: str, **changed: object) -> Town:
    """The town in which one agent is different."""
    agents = tuple(agent._replace(**changed) if agent.id == agent_id else agent for agent in AGENTS)  # type: ignore[arg-type]
    return TOWN._replace(agents=agents)


WELL = TOWN._replace(agents=tuple(agent for agent in AGENTS if agent.state in (State.WORKING, State.IDLE)))
NASTY = "\x1b]0;owned\x07\x1b[2J[bold red]no[/] \u202egnp\x9b31m\x90q\x1b\\ 日本 \ud800"
NOWHERE = Nowhere(
    ("GT_TOWN_ROOT is not set", "no mayor/ folder above /home/op/src", "no folder /home/op/gt"),
    "no town was found",
    "start in a town's folder, or name one: gastown-tui --town DIR; or look around in a made one: gastown-tui demo",
)
_SPLASH = (
    "\x1b[38;5;114m●\x1b[39m \x1b[1mUpdate\x1b[22m(internal/session/names.go)",
    "  \x1b[2m⎿\x1b[22m  Updated \x1b[1minternal/session/names.go\x1b[22m with 3 additions and 1 removal",
    "        24    \x1b[38;2;249;38;114mtype\x1b[39m Name \x1b[38;2;249;38;114mstring\x1b[39m",
    "        25 \x1b[48;2;74;32;36m-  // The human",
    "\x1b[49m        26 \x1b[48;2;34;64;40m+  // Overseer is the human who owns the town.\x1b[49m",
    '        27    \x1b[38;2;249;38;114mconst\x1b[39m Overseer = \x1b[38;2;230;219;116m"hq-overseer"\x1b[39m',
    "",
)
_TYPING = (
    "\x1b[38;5;174m✽ Percolating… \x1b[2m(15s · ↓ 41 tokens)\x1b[22;39m",
    "",
    "\x1b[38;5;244m" + "─" * 120 + "\x1b[39m",
    "❯\xa0",
    "\x1b[38;5;244m" + "─" * 120 + "\x1b[39m",
    "  \x1b[38;5;211m⏵⏵ bypass permissions on\x1b[39m \x1b[2m(shift+tab to cycle) · esc to interrupt\x1b[22m",
)
_ASKS = (
    "─" * 120,
    " \x1b[1mBash command\x1b[22m",
    "",
    "   git push origin nux/gt-aa7",
    "   \x1b[2mPush the branch\x1b[22m",
    "",
    " Do you want to proceed?",
    " \x1b[38;5;153m❯ 1. Yes\x1b[39m",
    "   2. Yes, and do not ask again for \x1b[1mgit push\x1b[22m commands in \x1b[1m/home/op/gt/gastown/polecats/nux\x1b[22m",
    "   3. No",
    "",
    " \x1b[2mEsc to cancel · Tab to amend\x1b[22m",
)
_DIED = (
    "\x1b[38;5;220m● API Error: 401 Unauthorized · please run /login\x1b[39m",
    "",
    "Pane is dead (status 1, Sat Nov 21 10:41:55 2026)",
)


def frame(agent: Agent, rows: tuple[str, ...] = ()) -> Frame:
    """The picture of an agent's pane: what it works on, and below it what it is doing now."""
    now = {State.DEAD: _DIED, State.WAITING: _ASKS}.get(agent.state, _TYPING)
    assert agent.pane_id is not None
    return Frame(agent.pane_id, rows or (*_SPLASH, *now, "", "", ""), NOW)


class Eye:
    """Shows what a test gives it, and notes what the console wants of it."""

    backend = "control"

    def __init__(self, town: Town | Nowhere | None = TOWN) -> None:
        self.first = self.last = town
        self.unwritable: OSError | None = None
        self.wishes: list[dict[str, float]] = []
        self.keys = self.looks = 0
        self.history = day(AGENTS, WALL)
        self.above = tuple(f"\x1b[32mline {number}\x1b[m of the past" for number in range(1, 401))
        self.fails: GatewayError | None = None
        self.breaks = asyncio.Event()
        self.log = Book()
        self.beads = BeadBook()

    def on_beads(self, tell: Callable[[], None]) -> None:
        self.beads.tell(tell)

    def on_log(self, tell: Callable[[], None]) -> None:
        self.log.tell(tell)

    def subscribe(self, on_town: Callable[[Town | Nowhere], None], on_frame: Callable[[Frame], None]) -> None:
        self._on_town, self.frame = on_town, on_frame
        if self.first is not None:
            self.show(self.first)

    def town(self, town: Town | Nowhere) -> None:
        """Publishes a town."""
        self.last = town
        self._on_town(town)

    def show(self, town: Town | Nowhere) -> None:
        """Publishes a town, and a picture of every pane that has none yet."""
        self.town(town)
        for agent in town.agents if isinstance(town, Town) else ():
            if agent.pane_id:
                self.frame(frame(agent))

    async def run(self) -> None:
        await self.breaks.wait()
        raise ValueError("the eye broke with password=sk-abcdefgh12345678")

    def interest(self, panes: Mapping[str, float]) -> None:
        self.wishes.append(dict(panes))

    def keyed(self) -> None:
        self.keys += 1

    def look_now(self) -> None:
        self.looks += 1

    async def acknowledge(self, agent_id: str, reason: str) -> None:
        self._mark(agent_id, Acknowledged(WALL, reason))

    async def withdraw(self, agent_id: str) -> None:
        self._mark(agent_id, None)

    def _mark(self, agent_id: str, mark: Acknowledged | None) -> None:
        """Shows the last town with an agent acknowledged, or no longer."""
        if self.unwritable:
            raise self.unwritable
        assert isinstance(self.last, Town)
        agents = (agent._replace(acknowledged=mark) if agent.id == agent_id else agent for agent in self.last.agents)
        self.town(self.last._replace(agents=tuple(agents)))

    async def scrollback(self, pane_id: str, lines: int) -> tuple[str, ...]:
        if self.fails:
            raise self.fails
        return (*self.above, *_SPLASH, *_TYPING)[-lines:]

    async def environment(self, session_id: str) -> tuple[tuple[str, str], ...]:
        if self.fails:
            raise self.fails
        return (("ANTHROPIC_API_KEY", "••••"), ("GT_RIG", "gastown"), ("GT_ROLE", "gastown/crew/jack"), ("TERM", "tmux-256color"))


class Clock:
    """A clock that stands where a test puts it."""

    def __init__(self) -> None:
        self.wall = WALL

    def __call__(self) -> Moment:
        return Moment(self.wall, self.wall - WALL + 5000.0)


def console(
    eye: Eye | None = None,
    *,
    clock: Callable[[], Moment] | None = None,
    read_only: bool = False,
    environ: Mapping[str, str] | None = None,
    ways: Ways = USUAL,
) -> Console:
    """The console on the fixed town."""
    return Console(eye or Eye(), clock=clock or Clock(), read_only=read_only, environ=environ or {}, ways=ways)


def text(app: Console) -> str:
    """What is on screen, row by row. The one place that reaches into Textual for it."""
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips()) + "\n"
