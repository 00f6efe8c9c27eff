"""The agents of one town under observation, on real servers and by both backends: what happens is seen, and why is told."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from seeing import MAX, Seen, first_fact
from servers import VERSION
from towns import HandTown, clock

from gastown_tui.observe.ports import GatewayError
from gastown_tui.town.snapshot import Agent, State

Eventually = Callable[..., Awaitable[Any]]
WRAPPED = "claude 3600; :"
Observe = Callable[..., Awaitable[Seen]]


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
    await eventually(lambda: seen.became(State.DEAD))
    # The server's own news may come before that of the process.
    dead = await eventually(
        lambda: (
            (one := seen.became(State.DEAD)) and first_fact(one) == "its process was seen to end, and its session is gone" and one
        )
    )
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


@pytest.mark.skipif(VERSION < (3, 3), reason="before 3.3 tmux tells of no signal")
async def test_a_signal_is_told_by_its_number(town: HandTown, observe: Observe, eventually: Eventually) -> None:
    pane = town.start("al-crew-max", MAX)
    town.tmux.cmd("set-option", "-w", "-t", pane, "remain-on-exit", "on")
    seen = await observe()
    await eventually(seen.alive)
    os.kill(town.pid(pane), signal.SIGKILL)
    dead = await eventually(lambda: (one := seen.became(State.DEAD)) and not town.tmux.cmd("run-shell", ":") and one)
    assert first_fact(dead) in ("ended by signal 9", "dead, status unknown (tmux told none)")
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
    await eventually(lambda: "100" in town.tmux.cmd("capture-pane", "-p", "-t", pane))
    rows = await seen.eye.scrollback(pane, 50)
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
