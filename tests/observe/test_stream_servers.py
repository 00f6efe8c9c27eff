"""A town under observation while its server, its folder or the connection goes, comes back or is not alone: by both backends."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from seeing import MAX, Seen
from servers import ACROSS, VERSION, Tmux, stopped
from towns import HandTown

from gastown_tui.observe import observation, stream
from gastown_tui.observe.ports import GatewayError
from gastown_tui.town.snapshot import Nowhere, State, Town

Eventually = Callable[..., Awaitable[Any]]
Observe = Callable[..., Awaitable[Seen]]


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


async def test_a_server_replaced_between_two_looks(town: HandTown, observe: Observe, eventually: Eventually) -> None:
    pane = town.start("al-crew-max", MAX)
    seen = await observe()
    first = await eventually(seen.alive)
    # This blocks: the loop stands still, so that no look falls between the two servers.
    town.tmux.kill()
    assert town.start("al-crew-max", MAX) == pane
    second = await eventually(lambda: (one := seen.alive()) and one.pid != first.pid and one)
    assert second.pid == town.pid(pane)


async def test_a_stopped_server_makes_all_stale_and_nobody_dead(town: HandTown, observe: Observe, eventually: Eventually) -> None:
    town.start("al-crew-max", MAX)
    seen = await observe(patience=1.0)
    await eventually(seen.alive)
    with stopped(town.tmux.pid):
        await eventually(lambda: seen.source() == "stale")
        assert seen.alive()
    await eventually(lambda: seen.source() == "ok")
    assert not seen.states() & {State.DEAD, State.MISSING, State.ZOMBIE}


async def test_an_agent_killed_while_its_server_is_stopped_is_told_afterwards(
    town: HandTown, observe: Observe, eventually: Eventually
) -> None:
    town.start("hq-mayor", "mayor")
    pane = town.start("al-crew-max", MAX)
    seen = await observe(patience=1.0)
    agent = await eventually(seen.alive)
    with stopped(town.tmux.pid):
        os.kill(agent.pid, signal.SIGKILL)
        await eventually(lambda: seen.source() == "stale")
        assert State.DEAD not in seen.states()
    dead = await eventually(lambda: seen.became(State.DEAD))
    assert dead.pane_id == pane


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
        await asyncio.wait({seen.task}, timeout=30)
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
    fake.write_text(f'#!/bin/sh\n[ "$1" = -V ] && {{ echo tmux {ACROSS}; exit; }}\nexec {shutil.which("tmux")} "$@"\n')
    fake.chmod(0o755)
    town.start("al-crew-max", MAX)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    seen = await observe(settled=False)
    seen.eye.wanted = town.wanted(town=str(town.root), socket=town.tmux.socket, PATH=os.environ["PATH"])
    await eventually(lambda: seen.eye.refused and seen.alive())
    assert "different sides of 3.6" in (seen.eye.refused or "") and seen.eye.backend == "fork"
    assert town.tmux.clients() == []


@pytest.mark.parametrize("backend", ["control"], indirect=True)
async def test_a_server_that_a_session_of_ours_would_crash_gets_none(
    town: HandTown, observe: Observe, eventually: Eventually
) -> None:
    town.start("al-crew-max", MAX)
    town.tmux.cmd("set-option", "-g", "window-size", "manual")
    seen = await observe(settled=False)
    crashes = (3, 3) <= VERSION < (3, 7)
    await eventually(lambda: seen.alive() and (seen.eye.refused if crashes else seen.eye.backend == "control"))
    assert not crashes or ("window-size is manual" in (seen.eye.refused or "") and seen.eye.backend == "fork")
    assert "al-crew-max" in town.tmux.sessions()


async def test_a_second_server_of_the_town_is_a_warning_whenever_it_gets_an_agent(
    town: HandTown, new_tmux: Callable[..., Tmux], observe: Observe, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observation, "SCOUT_S", 0.1)
    town.tmux.name, other = "town", new_tmux()
    other.name = "default"
    town.start("hq-mayor", "mayor")
    other.new("notes")
    seen = await observe(wanted=town.wanted(town=str(town.root)), patience=1.0)
    assert await eventually(lambda: seen.alive("mayor")) and not seen.codes()
    HandTown(other, town.root).start("al-crew-max", MAX)
    assert await eventually(lambda: seen.codes() == ["two_sockets"])
    other.cmd("kill-session", "-t", "=al-crew-max:")
    assert await eventually(lambda: seen.town and not seen.codes())
    HandTown(other, town.root).start("al-crew-max", MAX)
    assert await eventually(lambda: seen.codes() == ["two_sockets"])
    asked, survey = list[object](), stream.survey

    def asking(*wanted: Any, **means: Any) -> object:
        asked.append(place := survey(*wanted, **means))
        return place

    monkeypatch.setattr(stream, "survey", asking)
    with stopped(other.pid):
        # What the first of them was asked for may have come before.
        await eventually(lambda: len(asked) > 2)
        assert seen.codes() == ["two_sockets"], "no answer is no answer"
    other.cmd("kill-server")
    assert await eventually(lambda: seen.town and not seen.codes())
