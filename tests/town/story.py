"""A town as one process comes to know it, fact by fact, at moments of the test's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gastown_tui.town.facts import Daemon, Exited, Fact, Listing, Pane, Process, Rig, SourceFailed, TownFiles, Tree
from gastown_tui.town.judging import judge
from gastown_tui.town.known import Judgement, Known, fold
from gastown_tui.town.snapshot import Agent, Moment, Town, TownRef

ROOT = "/home/op/gt"
START = Moment(1_800_000_000.0, 1_000.0)
CLAUDE = {"GT_AGENT": "claude", "GT_PROCESS_NAMES": "node,claude", "GT_ROOT": ROOT}
ALPHA = Rig("alpha", "al", crew=("joe", "max"), polecats=("furiosa", "nux"))


def pane(role: str = "alpha/crew/max", number: int = 1, **more: Any) -> Pane:
    """A pane that is a quarter of an hour old and a minute quiet; `role` is its GT_ROLE."""
    given: dict[str, Any] = {
        "pane_id": f"%{number}",
        "session_id": f"${number}",
        "session": {"alpha/crew/max": "al-crew-max", "mayor": "hq-mayor"}.get(role, role.replace("/", "-")),
        "session_created": START.wall - 900,
        "pid": 100 * number,
        "window_activity": START.wall - 60,
        "env": {**CLAUDE, "GT_ROLE": role},
        "command": "claude",
    }
    given |= more
    return Pane(**{"sessions": (given["session"],), **given})


def tree(of: Pane, *names: str, at: Moment = START, **more: Any) -> Tree:
    """The processes below a pane, one below the other; a lone `claude` unless named."""
    started = more.pop("started", of.session_created)
    found = [Process(of.pid + n, of.pid + n - 1, name, name, exe=name, started=started, **more) for n, name in enumerate(names)]
    return Tree(of.pane_id, of.pid, tuple(found), at)


def living(of: Pane, at: Moment = START, **more: Any) -> Tree:
    return tree(of, "claude", at=at, **more)


class Story:
    """`tell` folds facts and judges, `wait` lets time pass, `later` does so and judges again."""

    def __init__(self, *rigs: Rig, at: Moment = START, **files: Any) -> None:
        self.now = at
        self.known = Known(TownRef(ROOT, "/tmp/tmux-0/gt-000000", "gt"))
        self.files = TownFiles(at, name="gt", registered=bool(rigs), rigs=rigs, **files)
        self.judgement: Judgement
        self.tell(self.files)

    def tell(self, *facts: Fact) -> Town:
        for fact in facts:
            self.known = fold(self.known, fact)
        self.judgement = judge(self.known, self.now)
        self.known = fold(self.known, self.judgement)
        return self.judgement.town

    def wait(self, seconds: float) -> None:
        self.now = Moment(self.now.wall + seconds, self.now.mono + seconds)

    def later(self, seconds: float) -> Town:
        self.wait(seconds)
        return self.tell()

    def listing(self, *panes: Pane, epoch: str = "4711-1") -> Listing:
        return Listing(epoch, {one.pane_id: one for one in panes}, self.now)

    def look(self, *panes: Pane, epoch: str = "4711-1") -> Town:
        """One complete look: these panes, an agent running in each that is not dead."""
        trees = [living(one, self.now) for one in panes if not one.dead]
        return self.tell(self.listing(*panes, epoch=epoch), *trees)

    def exited(self, pid: int) -> Exited:
        return Exited(pid, self.now)

    def failed(self, error: str = "no answer within 3 s", *, absent: bool = False) -> SourceFailed:
        return SourceFailed("tmux", error, self.now, absent)

    def agent(self, agent_id: str = "alpha/crew/max") -> Agent:
        found = self.judgement.town.agent(agent_id)
        assert found is not None, [one.id for one in self.judgement.town.agents]
        return found

    def needs_you(self, agent_id: str = "alpha/crew/max", after: float = 0.0) -> bool:
        return self.agent(agent_id).needs_you(self.now.wall + after)


def watched(of: Pane, *rigs: Rig, **files: Any) -> Story:
    """A story in which this pane was seen with its agent."""
    story = Story(*rigs, **files)
    (agent, *_) = (one for one in story.look(of).agents if one.session_id)
    assert agent.alive
    return story


def dead(of: Pane, at: float | None, **how: Any) -> Pane:
    """The pane as tmux lists it after its process ended then, if tmux tells when."""
    return of._replace(dead=True, dead_time=at, **how)


def running_daemon(**more: Any) -> Daemon:
    return Daemon(**{"running": True, "pid": 9, "started": START.wall - 600, "last_heartbeat": START.wall - 60, **more})


def facts(agent: Agent) -> str:
    """All evidence in one text."""
    return " | ".join(one.fact for one in agent.evidence)


def states(town: Town) -> Mapping[str, str]:
    return {agent.id: agent.state.value for agent in town.agents}
