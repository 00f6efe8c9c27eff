"""One look at a real town, and the second one where the first could be wrong."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from servers import Tmux
from towns import HandTown, clock, utc
from waiting import wait_for

from gastown_tui.memory.seen import Memory
from gastown_tui.observe.inspection import inspect
from gastown_tui.observe.looking import OneLook
from gastown_tui.observe.means import Means
from gastown_tui.observe.once import look_once
from gastown_tui.town import judging
from gastown_tui.town.snapshot import Agent, Moment, Nowhere, State

MAX = "alpha/crew/max"


@pytest.fixture
def town(tmux: Tmux) -> HandTown:
    made = HandTown(tmux)
    (made.root / MAX).mkdir(parents=True)
    return made


class Looker:
    """Looks at a town; `slept` holds how long it waited, `between` is done while it waits.

    By its clock time passes only while it waits: what it waits for is exact, however long the machine takes for the rest.
    """

    def __init__(self, town: HandTown, state: Path) -> None:
        self.town, self.state = town, state
        self.slept: list[float] = []
        self.between: Callable[[], Any] = lambda: None
        self.began = clock()

    def clock(self) -> Moment:
        return Moment(self.began.wall + sum(self.slept), self.began.mono + sum(self.slept))

    def sleep(self, seconds: float) -> None:
        self.between()
        time.sleep(seconds)
        self.slept.append(seconds)

    def look(self, *, settle: bool = False, **named: Any) -> OneLook:
        wait_for(self.town.grown)
        self.slept.clear()
        self.began = clock()
        means = Means("tmux", "here", self.clock, self.sleep, lambda root, server: Memory(self.state, root, server))
        place = {"town": str(self.town.root), "socket": self.town.tmux.socket} | named
        found = look_once(self.town.wanted(**place), means, settle=settle)
        assert not isinstance(found, Nowhere), found
        return found

    def agent(self, agent_id: str = MAX, **named: Any) -> Agent:
        agent = self.look(**named).town.agent(agent_id)
        assert agent is not None
        return agent


@pytest.fixture
def looker(town: HandTown, tmp_path: Path) -> Looker:
    return Looker(town, tmp_path / "state")


def test_a_town_of_the_new_naming_scheme(town: HandTown, looker: Looker) -> None:
    town.register(alpha="al", widget_shop="Ws-x")
    for folder in ("alpha/polecats/nux", "widget-shop/crew/Zed_1", "widget-shop/polecats/two-part"):
        (town.root / folder).mkdir(parents=True)
    for session in ("hq-mayor", "hq-deacon", "hq-boot", "hq-dog-rex", "al-witness", "al-refinery", "al-crew-max", "al-nux",
                    "Ws-x-crew-Zed_1", "Ws-x-two-part", "notes"):  # fmt: skip
        town.start(session)
    looking = looker.look()
    assert [agent.id for agent in looking.town.agents] == [
        "mayor", "deacon", "boot", "dog/rex", "alpha/witness", "alpha/refinery", MAX, "alpha/polecats/nux",
        "widget-shop/crew/Zed_1", "widget-shop/polecats/two-part",
    ]  # fmt: skip
    assert [one.session for one in looking.town.foreign] == ["notes"]


def test_a_town_of_the_old_naming_scheme(town: HandTown, looker: Looker) -> None:
    (town.root / "alpha/polecats/nux").mkdir(parents=True)
    for session in (
        "gt-mayor",
        "gt-deacon",
        "gt-alpha-witness",
        "gt-refinery-alpha",
        "gt-alpha-crew-max",
        "gt-alpha-nux",
        "gt-other-nux",
    ):
        town.start(session)
    looking = looker.look()
    assert [agent.id for agent in looking.town.agents] == [
        "mayor", "deacon", "alpha/witness", "alpha/refinery", MAX, "alpha/polecats/nux"
    ]  # fmt: skip
    assert [one.session for one in looking.town.foreign] == ["gt-other-nux"]


def test_a_town_without_a_registry(tmux: Tmux, tmp_path: Path) -> None:
    town = HandTown(tmux, registered=False)
    (town.root / "settings/automonitor").mkdir(parents=True)
    for session in ("hq-mayor", "gt-alpha-witness", "gt-alpha-crew-max", "gt-automonitor", "notes"):
        town.start(session)
    for place in ({}, {"town": None}):
        looking = Looker(town, tmp_path / "state").look(**place)
        assert [agent.id for agent in looking.town.agents] == ["mayor", "alpha/witness", MAX]
        assert [(one.session, one.kind) for one in looking.town.foreign] == [("gt-automonitor", "automonitor"), ("notes", None)]
    assert looking.town.ref.root == ""


def test_the_start_command_says_who_it_is_before_the_name_does(town: HandTown, looker: Looker) -> None:
    town.start("anything", MAX)
    agent = looker.agent()
    assert (agent.session, agent.runtime, agent.alive) == ("anything", "claude", True)
    assert agent.agent_pid == agent.pid and "claude" in agent.evidence[-1].fact


def test_one_look_is_enough_where_nothing_is_missing(town: HandTown, looker: Looker) -> None:
    town.start("al-crew-max", MAX)
    looker.look()
    assert looker.slept == []


def test_a_zombie_is_looked_at_twice(town: HandTown, looker: Looker) -> None:
    town.start("al-crew-max", MAX, "exec sh")
    agent = looker.agent()
    assert agent.state is State.ZOMBIE and looker.slept == [pytest.approx(1.001)]


def test_what_comes_back_between_two_looks_is_not_gone(town: HandTown, looker: Looker) -> None:
    pane = town.start("al-crew-max", MAX, "exec sh")

    def respawn() -> None:
        town.tmux.cmd("respawn-pane", "-k", "-t", pane, f"exec {town.bin}/claude 3600")
        wait_for(lambda: town.tmux.get(pane, "#{pane_current_command}") == "claude")

    looker.between = respawn
    assert looker.agent().alive and len(looker.slept) == 1


def test_a_death_that_nobody_watched_is_told_by_the_files(town: HandTown, looker: Looker) -> None:
    town.start("hq-mayor", "mayor")
    began = time.time() - 100
    town.write(".runtime/pids/al-crew-max.pid", f"{2**22 + 1}|{time.ctime(began)}")
    dead = looker.agent()
    assert dead.state is State.DEAD and len(looker.slept) == 1
    assert dead.evidence[0].fact == "its session is gone, and no stop is on record"
    town.log(f"[kill] {MAX} killed (gt crew stop)", began + 50)
    stopped = looker.agent()
    assert (stopped.state, stopped.evidence[0].fact, looker.slept) == (State.FROZEN, "stopped on record (gt crew stop)", [])


def test_a_pid_file_of_a_running_process_proves_nothing_dead(town: HandTown, looker: Looker) -> None:
    town.start("hq-mayor", "mayor")
    town.write(".runtime/pids/al-crew-max.pid", f"{os.getpid()}|")
    assert looker.agent().state is State.UNKNOWN


def test_a_rig_that_is_not_parked_wants_its_witness(town: HandTown, looker: Looker) -> None:
    town.start("hq-mayor", "mayor")
    town.write(".beads-wisp/config/alpha.json", {"values": {}})
    missing = looker.agent("alpha/witness")
    assert missing.state is State.MISSING and missing.needs_you(clock().wall)
    assert "docked cannot be told" in " ".join(one.fact for one in missing.evidence)
    town.write(".beads-wisp/config/alpha.json", {"values": {"status": "parked"}})
    assert looker.look().town.agent("alpha/witness") is None


def test_a_running_daemon_wants_a_mayor_and_will_start_it(town: HandTown, looker: Looker) -> None:
    town.start("al-crew-max", MAX)
    town.write("daemon/daemon.pid", f"{os.getpid()}\n0")
    town.write("daemon/state.json", {"started_at": utc(time.time() - 10), "last_heartbeat": utc(time.time())})
    missing = looker.agent("mayor")
    assert missing.state is State.MISSING and missing.expects is not None and not missing.needs_you(clock().wall)
    assert missing.expects.what == "the daemon starts it again at a heartbeat, every 3 min"


def test_a_town_that_is_down_is_one_sentence(town: HandTown, looker: Looker) -> None:
    (town.root / "alpha/polecats/nux").mkdir(parents=True)
    town.start("al-nux", "alpha/polecats/nux")
    town.write(".runtime/pids/al-crew-max.pid", f"{2**22 + 1}|{time.ctime(time.time() - 100)}")
    halt = '{"ts":"%s","type":"halt","payload":{"services":["mayor","deacon","crew"]}}\n'
    town.write(".events.jsonl", halt % utc(time.time() - 5))
    looking = looker.look()
    (notice,) = looking.town.notices
    assert notice.code == "down" and notice.text.endswith("by gt down; 1 polecat still runs")
    assert {agent.id: agent.state for agent in looking.town.agents}[MAX] is State.FROZEN


def test_a_server_that_starts_between_two_looks_is_seen(town: HandTown, looker: Looker) -> None:
    town.write(".runtime/pids/al-crew-max.pid", f"{2**22 + 1}|{time.ctime(time.time() - 100)}")
    looker.between = lambda: town.start("al-crew-max", MAX)
    looking = looker.look()
    assert len(looker.slept) == 1 and not looking.town.blind
    agent = looking.town.agent(MAX)
    assert agent is not None and agent.alive and looking.town.epoch


def test_a_server_that_stops_between_two_looks_makes_all_unknown(town: HandTown, looker: Looker) -> None:
    town.start("hq-mayor", "mayor")
    town.start("al-crew-max", MAX, "exec sh")
    pid = town.tmux.pid
    looker.between = lambda: os.kill(pid, signal.SIGSTOP)
    try:
        looking = looker.look()
    finally:
        os.kill(pid, signal.SIGCONT)
    assert looking.town.blind and {agent.state for agent in looking.town.agents} == {State.UNKNOWN}
    (source,) = (one for one in looking.town.sources if one.name == "tmux")
    assert looker.slept == [pytest.approx(1.001)] and source.error == "tmux did not answer within 1.2 s", "2.2 s in all"
    assert not any(agent.needs_you(clock().wall) for agent in looking.town.agents)


def test_settling_compares_two_captures(town: HandTown, looker: Looker) -> None:
    pane = town.start("al-crew-max", MAX, "echo ready; exec claude 3600")
    wait_for(lambda: time.time() > float(town.tmux.get(pane, "#{window_activity}")) + 4)
    agent = looker.agent()
    assert agent.state is State.STARTING and agent.evidence[1].fact == "one look cannot tell whether it works"
    assert looker.agent(settle=True).state is State.IDLE
    assert looker.slept == [0.7]


def test_an_agent_of_which_nothing_is_left_shows_nothing(town: HandTown, looker: Looker) -> None:
    town.start("hq-mayor", "mayor")
    town.write(".runtime/pids/al-crew-max.pid", f"{2**22 + 1}|{time.ctime(time.time() - 100)}")
    looking = looker.look()
    agent = looking.town.agent(MAX)
    assert agent is not None and inspect(looking, agent, 5) == (None, None, None)


def test_the_last_rows_of_a_pane_are_inert_and_secrets_are_masked(town: HandTown, looker: Looker) -> None:
    broken = "- " * 35 + "sk-ant-api03-abcdefgh12345678"
    line = f'seq 50; echo "{broken}"; printf "\\033[1;31mkey sk-abcdefgh12345678 \\033]0;t\\007end"; exec claude 3600'
    pane = town.start("al-crew-max", MAX, line, A_SECRET="x", URL="https://me:pw123456@host/")
    wait_for(lambda: "end" in town.tmux.cmd("capture-pane", "-p", "-t", pane))
    looking = looker.look()
    agent = looking.town.agent(MAX)
    assert agent is not None
    environment, rows, error = inspect(looking, agent, 5)
    assert error is None and rows == ["49", "50", "- " * 35 + "•" * 10, "•" * 19, f"key {'•' * 19} end"]
    assert environment is not None and {"A_SECRET": "••••", "URL": "https://••••@host/"}.items() <= dict(environment).items()
    assert environment == sorted(environment)


def test_towns_without_a_root_are_remembered_apart(new_tmux: Callable[..., Tmux], tmp_path: Path) -> None:
    for name in ("first", "second"):
        tmux = new_tmux()
        town = HandTown(tmux, tmux.folder / name, registered=False)
        town.start(f"gt-{name}-witness")
        seen = Looker(town, tmp_path / "state").look(town=None, cwd=tmux.folder)
        assert [agent.id for agent in seen.town.agents] == [f"{name}/witness"]


def test_who_a_session_is_is_asked_once_in_a_look(town: HandTown, looker: Looker, monkeypatch: pytest.MonkeyPatch) -> None:
    town.register(alpha="al")
    town.start("al-crew-max")
    town.start("al-witness")
    asked: list[str] = []
    identify = judging.identify
    monkeypatch.setattr(judging, "identify", lambda pane, *rest: asked.append(pane.session) or identify(pane, *rest))
    looker.look()
    assert sorted(asked) == ["al-crew-max", "al-witness"]
