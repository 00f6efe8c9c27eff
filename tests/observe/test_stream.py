"""One town under observation, on real servers and by both backends: what happens is seen, and the reason is told."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from servers import Tmux
from towns import HandTown, clock

from gastown_tui.memory.seen import Memory
from gastown_tui.observe import observation, stream
from gastown_tui.observe.locate import Wanted
from gastown_tui.observe.ports import GatewayError
from gastown_tui.observe.stream import Stream
from gastown_tui.observe.tmux.source import Rhythm
from gastown_tui.town.facts import Frame
from gastown_tui.town.snapshot import Agent, Nowhere, State, Town

Eventually = Callable[..., Awaitable[Any]]
QUICK = Rhythm(light=0.2, full=0.6, fork_tick=0.2, retry=0.1, retry_most=0.2, control_again=0.4, timeout=1.0)
MAX = "alpha/crew/max"
WRAPPED = "claude 3600; :"


class Seen:
    """A running stream and everything that it said."""

    def __init__(self, eye: Stream) -> None:
        self.eye = eye
        self.said: list[Town | Nowhere] = []
        self.frames: list[Frame] = []
        eye.subscribe(self.said.append, self.frames.append)
        self.task = asyncio.create_task(eye.run())

    @property
    def town(self) -> Town | None:
        """The town as it was told last; raises what ended the stream."""
        if self.task.done():
            self.task.result()
        last = self.said[-1] if self.said else None
        return last if isinstance(last, Town) else None

    def agent(self, agent_id: str = MAX) -> Agent | None:
        return self.town.agent(agent_id) if self.town else None

    def alive(self, agent_id: str = MAX) -> Agent | None:
        agent = self.agent(agent_id)
        return agent if agent and agent.alive else None

    def became(self, state: State, agent_id: str = MAX) -> Agent | None:
        agent = self.agent(agent_id)
        return agent if agent and agent.state is state else None

    def states(self, agent_id: str = MAX) -> set[State]:
        """Every state that was ever told of an agent."""
        towns = [town for town in self.said if isinstance(town, Town)]
        return {agent.state for town in towns if (agent := town.agent(agent_id))}

    def source(self, name: str = "tmux") -> str | None:
        source = self.town.source(name) if self.town else None
        return source and source.state

    def codes(self) -> list[str]:
        return [notice.code for notice in self.town.notices] if self.town else []


Observe = Callable[..., Awaitable[Seen]]


@pytest.fixture
def town(tmux: Tmux) -> HandTown:
    made = HandTown(tmux)
    (made.root / MAX).mkdir(parents=True)
    return made


@pytest.fixture(params=["fork", "control"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def observe(
    town: HandTown, backend: str, eventually: Eventually, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Observe]:
    """Starts observing the town; returns once the backend is in use, or at once with `settled=False`."""
    monkeypatch.setattr(observation, "SERVER_S", 0.2)
    monkeypatch.setattr(observation, "FILES_S", 0.3)
    monkeypatch.setattr(observation, "SWEEP_S", 0.5)
    monkeypatch.setattr(stream, "LOOK_FOR_TOWN_S", 0.2)
    running: list[Seen] = []

    async def start(*, settled: bool = True, wanted: Wanted | None = None) -> Seen:
        wish = wanted or town.wanted(town=str(town.root), socket=town.tmux.socket)
        eye = Stream(wish, "tmux", "here", clock, lambda root, _server: Memory(tmp_path / "state", root), backend, QUICK)
        running.append(seen := Seen(eye))
        if settled:
            await eventually(lambda: seen.town and seen.eye.backend == backend)
        return seen

    yield start
    for seen in running:
        seen.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await seen.task
    assert not any(name.startswith("_gttui-") for name in town.tmux.sessions())


def first_fact(agent: Agent) -> str:
    return agent.evidence[0].fact


async def test_a_birth_is_seen(town: HandTown, observe: Observe, eventually: Eventually) -> None:
    town.start("hq-mayor", "mayor")
    seen = await observe()
    assert seen.alive("mayor") and seen.agent() is None
    pane = town.start("al-crew-max", MAX)
    born = await eventually(lambda: (one := seen.alive()) and one.agent_pid and one)
    assert (born.session, born.pane_id, born.runtime) == ("al-crew-max", pane, "claude")
    assert born.agent_pid == born.pid == town.pid(pane)
    assert seen.states() <= {State.STARTING, State.WORKING, State.IDLE}


async def test_a_killed_agent_is_dead_because_its_process_was_seen_to_end(
    town: HandTown, observe: Observe, eventually: Eventually
) -> None:
    town.start("hq-mayor", "mayor")
    pane = town.start("al-crew-max", MAX)
    seen = await observe()
    alive = await eventually(seen.alive)
    os.kill(town.pid(pane), signal.SIGKILL)
    dead = await eventually(lambda: seen.became(State.DEAD))
    assert first_fact(dead) == "its process was seen to end, and its session is gone"
    assert (dead.session, dead.pane_id, dead.pid) == (alive.session, pane, alive.pid)
    assert dead.needs_you(clock().wall) and dead.expects is None
    assert dead.since == pytest.approx(clock().wall, abs=5)
    assert seen.alive("mayor")


async def test_a_pane_that_remains_tells_its_exit_status(town: HandTown, observe: Observe, eventually: Eventually) -> None:
    pane = town.start("al-crew-max", MAX, "claude 3600; exit 3")
    town.tmux.cmd("set-option", "-w", "-t", pane, "remain-on-exit", "on")
    seen = await observe()
    agent = await eventually(lambda: (one := seen.alive()) and one.agent_pid not in (None, one.pid) and one)
    os.kill(agent.agent_pid, signal.SIGKILL)

    def with_status() -> Agent | None:
        # Before 3.6 tmux may have missed the end until another child of it ends.
        town.tmux.cmd("run-shell", ":")
        dead = seen.became(State.DEAD)
        return dead if dead and dead.exit_status is not None else None

    dead = await eventually(with_status)
    assert (dead.exit_status, dead.exit_signal, first_fact(dead)) == (3, None, "exited with 3")


async def test_a_signal_is_told_by_its_number(town: HandTown, observe: Observe, eventually: Eventually) -> None:
    pane = town.start("al-crew-max", MAX)
    town.tmux.cmd("set-option", "-w", "-t", pane, "remain-on-exit", "on")
    seen = await observe()
    await eventually(seen.alive)
    os.kill(town.pid(pane), signal.SIGKILL)
    dead = await eventually(lambda: (one := seen.became(State.DEAD)) and not town.tmux.cmd("run-shell", ":") and one)
    assert first_fact(dead) in ("ended by signal 9", "dead, status unknown (tmux lost it)")
    await eventually(lambda: (one := seen.became(State.DEAD)) and one.exit_signal == 9)


async def test_a_respawned_agent_lives_again(town: HandTown, observe: Observe, eventually: Eventually) -> None:
    pane = town.start("al-crew-max", MAX)
    town.tmux.cmd("set-option", "-w", "-t", pane, "remain-on-exit", "on")
    seen = await observe()
    first = await eventually(seen.alive)
    os.kill(first.pid, signal.SIGKILL)
    await eventually(lambda: seen.became(State.DEAD))
    town.tmux.cmd("respawn-pane", "-k", "-t", pane)
    second = await eventually(seen.alive)
    assert (second.pane_id, second.session_created) == (pane, first.session_created)
    assert second.pid == town.pid(pane) != first.pid and second.exit_status is None


async def test_a_handoff_by_respawn_is_no_death(town: HandTown, observe: Observe, eventually: Eventually) -> None:
    pane = town.start("al-crew-max", MAX)
    town.tmux.cmd("set-option", "-w", "-t", pane, "remain-on-exit", "on")
    seen = await observe()
    first = await eventually(seen.alive)
    town.tmux.cmd("respawn-pane", "-k", "-t", pane)
    await eventually(lambda: (one := seen.alive()) and one.pid != first.pid)
    assert seen.states() <= {State.STARTING, State.WORKING, State.IDLE, State.UNKNOWN}


async def test_a_shell_where_the_agent_was_is_a_zombie(town: HandTown, observe: Observe, eventually: Eventually) -> None:
    town.start("al-crew-max", MAX, "claude 3600; exec sh")
    seen = await observe()
    agent = await eventually(lambda: (one := seen.alive()) and one.agent_pid not in (None, one.pid) and one)
    os.kill(agent.agent_pid, signal.SIGKILL)
    zombie = await eventually(lambda: seen.became(State.ZOMBIE))
    assert first_fact(zombie) == "no agent runs in its pane, only sh (looked for claude)"
    assert zombie.needs_you(clock().wall) and zombie.agent_pid is None
    assert State.DEAD not in seen.states()


async def test_an_agent_that_is_really_stopped_is_frozen(town: HandTown, observe: Observe, eventually: Eventually) -> None:
    town.start("al-crew-max", MAX, WRAPPED)
    seen = await observe()
    agent = await eventually(lambda: (one := seen.alive()) and one.agent_pid not in (None, one.pid) and one)
    os.kill(agent.agent_pid, signal.SIGSTOP)
    frozen = await eventually(lambda: seen.became(State.FROZEN))
    assert first_fact(frozen) == f"claude (pid {agent.agent_pid}) is stopped, state T"
    os.kill(agent.agent_pid, signal.SIGCONT)
    await eventually(seen.alive)


async def test_a_renamed_session_is_the_same_agent(town: HandTown, observe: Observe, eventually: Eventually) -> None:
    town.start("al-crew-max", MAX)
    seen = await observe()
    await eventually(seen.alive)
    town.tmux.cmd("rename-session", "-t", "=al-crew-max:", "other name")
    await eventually(lambda: (one := seen.alive()) and one.session == "other name")
    assert seen.states() <= {State.STARTING, State.WORKING, State.IDLE}


async def test_a_stop_on_record_is_no_death(town: HandTown, observe: Observe, eventually: Eventually) -> None:
    town.start("hq-mayor", "mayor")
    town.start("al-crew-max", MAX)
    seen = await observe()
    await eventually(seen.alive)
    town.log(f"[kill] {MAX} killed (gt crew stop)")
    town.tmux.cmd("kill-session", "-t", "=al-crew-max:")
    stopped = await eventually(lambda: seen.became(State.FROZEN))
    assert first_fact(stopped) == "stopped on record (gt crew stop)" and not stopped.needs_you(clock().wall)
    assert State.DEAD not in seen.states()


async def test_a_polecat_that_finished_is_normally_absent(town: HandTown, observe: Observe, eventually: Eventually) -> None:
    town.start("hq-mayor", "mayor")
    (town.root / "alpha/polecats/nux").mkdir(parents=True)
    town.start("al-nux", "alpha/polecats/nux")
    seen = await observe()
    await eventually(lambda: seen.alive("alpha/polecats/nux"))
    town.write(
        ".events.jsonl", '{"ts":"2999-01-01T00:00:00Z","type":"session_death","payload":{"session":"al-nux","reason":"done"}}\n'
    )
    town.tmux.cmd("kill-session", "-t", "=al-nux:")
    await eventually(lambda: seen.town and seen.agent("alpha/polecats/nux") is None)
    assert State.DEAD not in seen.states("alpha/polecats/nux")


async def test_an_agent_whose_folder_goes_with_it_is_not_expected(
    town: HandTown, observe: Observe, eventually: Eventually
) -> None:
    town.start("hq-mayor", "mayor")
    town.start("al-crew-max", MAX)
    seen = await observe()
    await eventually(seen.alive)
    town.tmux.cmd("kill-session", "-t", "=al-crew-max:")
    await eventually(lambda: seen.became(State.DEAD))
    shutil.rmtree(town.root / MAX)
    await eventually(lambda: seen.town and seen.agent() is None)


async def test_a_server_that_is_killed_and_started_again(town: HandTown, observe: Observe, eventually: Eventually) -> None:
    pane = town.start("al-crew-max", MAX)
    seen = await observe()
    first = await eventually(seen.alive)
    epoch = seen.town and seen.town.epoch
    os.kill(town.tmux.pid, signal.SIGKILL)
    await eventually(lambda: seen.source() == "absent" and seen.became(State.DEAD))
    assert seen.town and seen.town.epoch is None
    assert town.start("al-crew-max", MAX) == pane
    second = await eventually(seen.alive)
    assert (second.pane_id, second.session_id) == (first.pane_id, first.session_id) and second.pid != first.pid
    assert seen.source() == "ok" and seen.town.epoch not in (None, epoch)


async def test_a_server_replaced_between_two_looks(
    town: HandTown, observe: Observe, eventually: Eventually, wait_for: Callable[..., Any]
) -> None:
    pane = town.start("al-crew-max", MAX)
    seen = await observe()
    first = await eventually(seen.alive)
    town.tmux.kill()
    # This one blocks: the loop stands still, so that no look falls between the two servers.
    wait_for(lambda: not town.tmux.listens)
    assert town.start("al-crew-max", MAX) == pane
    second = await eventually(lambda: (one := seen.alive()) and one.pid != first.pid and one)
    assert second.pid == town.pid(pane)


async def test_a_stopped_server_makes_all_stale_and_nobody_dead(town: HandTown, observe: Observe, eventually: Eventually) -> None:
    town.start("al-crew-max", MAX)
    seen = await observe()
    await eventually(seen.alive)
    pid = town.tmux.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        await eventually(lambda: seen.source() == "stale")
        assert seen.alive()
    finally:
        os.kill(pid, signal.SIGCONT)
    await eventually(lambda: seen.source() == "ok")
    assert not seen.states() & {State.DEAD, State.MISSING, State.ZOMBIE}


async def test_an_agent_killed_while_its_server_is_stopped_is_told_afterwards(
    town: HandTown, observe: Observe, eventually: Eventually
) -> None:
    town.start("hq-mayor", "mayor")
    pane = town.start("al-crew-max", MAX)
    seen = await observe()
    agent = await eventually(seen.alive)
    pid = town.tmux.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        os.kill(agent.pid, signal.SIGKILL)
        await eventually(lambda: seen.source() == "stale")
        assert State.DEAD not in seen.states()
    finally:
        os.kill(pid, signal.SIGCONT)
    dead = await eventually(lambda: seen.became(State.DEAD))
    assert dead.pane_id == pane


async def test_a_pane_that_vanishes_while_it_is_shown(town: HandTown, observe: Observe, eventually: Eventually) -> None:
    town.start("hq-mayor", "mayor")
    pane = town.start("al-crew-max", MAX, "echo hello; exec claude 3600")
    seen = await observe()
    seen.eye.interest({pane: 20.0, "%99": 20.0})
    frame = await eventually(lambda: seen.frames and seen.frames[-1])
    assert (frame.pane_id, frame.rows[0]) == (pane, "hello")
    town.tmux.cmd("kill-session", "-t", "=al-crew-max:")
    await eventually(lambda: seen.became(State.DEAD))
    with pytest.raises(GatewayError, match="is gone"):
        await seen.eye.scrollback(pane, 10)
    assert seen.source() == "ok" and {one.pane_id for one in seen.frames} == {pane}


async def test_scrollback_and_environment_on_demand(town: HandTown, observe: Observe, eventually: Eventually) -> None:
    pane = town.start("al-crew-max", MAX, "seq 100; exec claude 3600", ANTHROPIC_API_KEY="sk-ant-1234567890")
    seen = await observe()
    agent = await eventually(seen.alive)
    rows = await eventually(lambda: seen.eye.scrollback(pane, 50))
    assert len(rows) == 74 and "60" in rows
    variables = dict(await seen.eye.environment(agent.session_id or ""))
    assert variables["GT_ROLE"] == MAX and variables["ANTHROPIC_API_KEY"] == "••••"
    with pytest.raises(GatewayError, match="no such session"):
        await seen.eye.environment("$77")


async def test_sessions_of_others_are_listed_and_never_judged(town: HandTown, observe: Observe, eventually: Eventually) -> None:
    town.start("hq-mayor", "mayor")
    town.start("notes")
    town.start("hq-overseer", line="exec sh")
    town.start("other-town", "alpha/crew/max", GT_ROOT="/elsewhere")
    seen = await observe()
    assert seen.town and [agent.id for agent in seen.town.agents] == ["mayor"]
    foreign = {one.session: one.kind for one in seen.town.foreign}
    assert foreign == {"notes": None, "hq-overseer": "overseer", "other-town": None}
    town.tmux.cmd("kill-session", "-t", "=notes:")
    await eventually(lambda: seen.town and len(seen.town.foreign) == 2)
    assert [agent.id for agent in seen.town.agents] == ["mayor"]


async def test_a_folder_that_is_removed_and_comes_back(town: HandTown, observe: Observe, eventually: Eventually) -> None:
    seen = await observe(settled=False)
    await eventually(lambda: seen.source() == "absent")
    shutil.rmtree(town.root)
    await eventually(lambda: isinstance(seen.said[-1], Nowhere))
    town.write("mayor/town.json", {"name": "town"})
    town.register(alpha="al")
    town.start("al-crew-max", MAX)
    await eventually(seen.alive)


async def test_an_end_is_not_lost_to_news_of_the_same_moment(town: HandTown, observe: Observe, eventually: Eventually) -> None:
    town.start("hq-mayor", "mayor")
    watching = await observe()
    searching = await observe(settled=False, wanted=town.wanted(town="/nowhere"))
    await eventually(lambda: searching.said)
    for seen in (watching, searching):
        seen.eye.look_now()
        seen.task.cancel()
        await asyncio.wait({seen.task}, timeout=5)
        assert seen.task.cancelled()


async def test_no_town_at_first_and_then_one(town: HandTown, observe: Observe, eventually: Eventually) -> None:
    folder = town.tmux.folder / "later"
    seen = await observe(settled=False, wanted=town.wanted(town=str(folder), socket=town.tmux.socket))
    nowhere = await eventually(lambda: seen.said and seen.said[-1])
    assert isinstance(nowhere, Nowhere) and nowhere.tried
    HandTown(town.tmux, folder).start("hq-mayor", "mayor")
    await eventually(lambda: seen.alive("mayor"))


async def test_a_town_without_a_server_gets_one(town: HandTown, observe: Observe, eventually: Eventually) -> None:
    seen = await observe(settled=False)
    await eventually(lambda: seen.source() == "absent")
    assert seen.town and seen.town.agents == ()
    with pytest.raises(GatewayError, match="no tmux server"):
        await seen.eye.scrollback("%0", 10)
    town.start("al-crew-max", MAX)
    await eventually(seen.alive)
    town.tmux.kill()
    await eventually(lambda: seen.became(State.DEAD) and seen.source() == "absent")


async def test_the_last_session_may_go_with_its_server(town: HandTown, observe: Observe, eventually: Eventually) -> None:
    town.start("al-crew-max", MAX)
    seen = await observe()
    await eventually(seen.alive)
    town.tmux.cmd("kill-session", "-t", "=al-crew-max:")
    await eventually(lambda: seen.became(State.DEAD))
    await eventually(lambda: seen.source() == "absent" and not town.tmux.listens)


async def test_two_sessions_of_one_agent_are_a_warning(town: HandTown, observe: Observe, eventually: Eventually) -> None:
    town.start("al-crew-max", MAX)
    seen = await observe()
    await eventually(seen.alive)
    town.start("al-crew-max-2", MAX)
    agent = await eventually(lambda: (one := seen.agent()) and one.also and one)
    assert {agent.session, *agent.also} == {"al-crew-max", "al-crew-max-2"}
    assert seen.codes() == ["duplicate"]
    town.tmux.cmd("kill-session", "-t", "=al-crew-max-2:")
    await eventually(lambda: (one := seen.alive()) and not one.also and one.session == "al-crew-max")


async def test_a_file_that_breaks_is_a_notice(town: HandTown, observe: Observe, eventually: Eventually) -> None:
    town.start("al-crew-max", MAX)
    seen = await observe()
    town.write("mayor/rigs.json", "{")
    await eventually(lambda: seen.codes() == ["town_file"])
    assert seen.alive()
    town.register(alpha="al")
    await eventually(lambda: seen.codes() == [])


async def test_the_next_run_knows_whom_this_one_saw(town: HandTown, observe: Observe, eventually: Eventually) -> None:
    town.start("hq-mayor", "mayor")
    town.start("al-crew-max", MAX)
    first = await observe()
    await eventually(first.alive)
    first.task.cancel()
    await asyncio.wait({first.task})
    town.tmux.cmd("kill-session", "-t", "=al-crew-max:")
    second = await observe()
    dead = await eventually(lambda: second.became(State.DEAD))
    assert [one.source for one in dead.evidence] == ["tmux", "memory"]


@pytest.mark.parametrize("backend", ["control"], indirect=True)
async def test_a_killed_connection_is_replaced_and_loses_nothing(
    town: HandTown, observe: Observe, eventually: Eventually
) -> None:
    town.start("al-crew-max", MAX)
    seen = await observe()
    await eventually(seen.alive)
    for _ in range(2):
        (client,) = town.tmux.cmd("list-clients", "-F", "#{client_pid}").split()
        os.kill(int(client), signal.SIGKILL)
        await eventually(lambda: seen.eye.backend == "fork")
        await eventually(lambda: seen.eye.backend == "control" and town.tmux.clients())
    assert {source.state for one in seen.said if isinstance(one, Town) for source in one.sources} == {"ok"}
    assert seen.alive() and seen.states() <= {State.STARTING, State.WORKING, State.IDLE}


@pytest.mark.parametrize("backend", ["control"], indirect=True)
async def test_control_is_refused_with_the_reason_and_forks_go_on(
    town: HandTown, observe: Observe, eventually: Eventually, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "bin/tmux"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\n[ "$1" = -V ] && {{ echo tmux 3.6b; exit; }}\nexec {shutil.which("tmux")} "$@"\n')
    fake.chmod(0o755)
    town.start("al-crew-max", MAX)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    seen = await observe(settled=False)
    seen.eye.wanted = town.wanted(town=str(town.root), socket=town.tmux.socket, PATH=os.environ["PATH"])
    await eventually(lambda: seen.eye.refused and seen.alive())
    assert "different sides of 3.6" in (seen.eye.refused or "") and seen.eye.backend == "fork"
    assert town.tmux.clients() == []


async def test_a_second_server_of_the_town_that_comes_alive_later_is_a_warning(
    town: HandTown, new_tmux: Callable[..., Tmux], observe: Observe, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observation, "SCOUT_S", 0.1)
    town.tmux.name, other = "town", new_tmux()
    other.name = "default"
    town.start("hq-mayor", "mayor")
    seen = await observe(wanted=town.wanted(town=str(town.root)))
    assert await eventually(lambda: seen.alive("mayor")) and not seen.codes()
    HandTown(other, town.root).start("al-crew-max", MAX)
    assert await eventually(lambda: seen.codes() == ["two_sockets"])
    other.cmd("kill-server")
    assert await eventually(lambda: seen.town and not seen.codes())
