"""The rhythm of the tmux source on real servers: what it asks, when, and what it leaves alone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import shutil
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from servers import Tmux
from towns import clock

from gastown_tui.observe.ports import Capture, Look, Pulse
from gastown_tui.observe.tmux.control import ControlGateway
from gastown_tui.observe.tmux.fork import ForkGateway
from gastown_tui.observe.tmux.listing import merged
from gastown_tui.observe.tmux.source import Rhythm, TmuxSource
from gastown_tui.town.facts import Frame, Listing, Pane, SourceFailed

Eventually = Callable[..., Awaitable[Any]]
QUICK = Rhythm(light=0.1, full=0.4, fork_tick=0.1, fork_tick_keyed=0.05, judged=0.4, retry=0.1, timeout=1.0)
# Nothing that tmux tells by itself is answered in time.
DEAF = Rhythm(light=30.0, full=60.0, fork_tick=30.0, burst=30.0)
STILL = Rhythm(light=30.0, full=60.0, fork_tick=30.0, moving_for=60.0)
BLINK = "while :; do echo $i; i=$((i+1)); sleep 0.05; done"


class Running:
    """A source at work, and all that came out of it."""

    def __init__(self, source: TmuxSource, facts: list[Any], frames: list[Frame]) -> None:
        self.source, self.facts, self.frames = source, facts, frames
        self.task = asyncio.create_task(source.run())

    def listings(self) -> list[Listing]:
        return [fact for fact in self.facts if isinstance(fact, Listing)]

    def failures(self) -> list[SourceFailed]:
        return [fact for fact in self.facts if isinstance(fact, SourceFailed)]

    def screens(self, pane: str) -> list[Frame]:
        return [fact for fact in self.facts if isinstance(fact, Frame) and fact.pane_id == pane]


Start = Callable[..., Running]


@pytest.fixture
async def start(tmux: Tmux) -> AsyncIterator[Start]:
    """Starts sources at the private server."""
    started: list[Running] = []

    def starter(backend: str = "fork", rhythm: Rhythm = QUICK, program: str = "tmux") -> Running:
        facts: list[Any] = []
        frames: list[Frame] = []
        source = TmuxSource(program, tmux.socket, tmux.env, clock, facts.append, frames.append, backend, rhythm)
        if tmux.listens:
            source.begin_with(ForkGateway("tmux", tmux.socket, tmux.env, clock=clock).look_once(full=True))
        started.append(Running(source, facts, frames))
        return started[-1]

    yield starter
    for one in started:
        one.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await one.task


@pytest.fixture
def counted(tmp_path: Path) -> tuple[str, Callable[[], int]]:
    """A tmux that counts how often it is started, and the count."""
    log, shim = tmp_path / "log", tmp_path / "counting-tmux"
    shim.write_text(f'#!/bin/sh\necho >>{shlex.quote(str(log))}\nexec {shutil.which("tmux")} "$@"\n')
    shim.chmod(0o755)
    log.touch()
    return str(shim), lambda: len(log.read_text().splitlines())


async def test_no_control_client_connects_while_sessions_come_and_go(tmux: Tmux, start: Start, eventually: Eventually) -> None:
    tmux.new("one")
    running, patient = start(rhythm=replace(QUICK, calm=0.1)), start(rhythm=replace(QUICK, calm=600.0))
    sources = (running, patient)
    await eventually(lambda: all(one.listings() for one in sources))
    born = tmux.new("two")
    await eventually(lambda: all(born in one.listings()[-1].panes for one in sources))
    for one in sources:
        one.source.backend = "control"
    before = len(patient.listings())
    await eventually(lambda: running.source.name == "control" and len(patient.listings()) > before + 3)
    assert patient.source.name == "fork"


@pytest.mark.parametrize("backend", ["fork", "control"])
async def test_panes_that_did_not_change_are_the_same_objects(
    tmux: Tmux, start: Start, eventually: Eventually, backend: str
) -> None:
    tmux.new("one")
    running = start(backend)

    def whole() -> list[Pane]:
        # What runs in a pane that just began has no folder yet.
        return [pane for listing in running.listings()[2:] if (pane := listing.panes["%0"]).cwd]

    await eventually(lambda: running.source.name == backend and len(whole()) > 6)
    first, *_, last = whole()
    assert last is first


async def test_steady_forks_are_one_for_each_tick(tmux: Tmux, start: Start, eventually: Eventually, counted: Any) -> None:
    program, count = counted
    tmux.new("one")
    running = start("fork", program=program)
    running.source.interest({"%0": 50.0})
    running.source.judge({"%0": None})
    await eventually(lambda: len(running.listings()) >= 4)
    listings, forks = len(running.listings()), count()
    await eventually(lambda: len(running.listings()) >= listings + 6)
    # One may be under way at either end; the captures ride with the listings.
    assert count() - forks <= len(running.listings()) - listings + 1


async def test_control_forks_nothing_while_it_lasts(tmux: Tmux, start: Start, eventually: Eventually, counted: Any) -> None:
    program, count = counted
    tmux.new("one", BLINK)
    running = start("control", program=program)
    running.source.interest({"%0": 20.0})
    await eventually(lambda: running.source.name == "control" and running.frames)
    forks, frames = count(), len(running.frames)
    await eventually(lambda: len(running.frames) > frames + 10)
    pane = tmux.new("two")
    await eventually(lambda: pane in running.listings()[-1].panes)
    assert count() == forks


@pytest.mark.parametrize("backend", ["fork", "control"])
async def test_a_pane_on_screen_has_its_first_frame_at_once(
    tmux: Tmux, start: Start, eventually: Eventually, backend: str
) -> None:
    tmux.new("one", "echo here; exec sleep 3600")
    running = start(backend, STILL)
    await eventually(lambda: running.source.name == backend)
    running.source.interest({"%0": 1.0})
    frame = await eventually(lambda: running.frames and running.frames[0])
    assert frame.pane_id == "%0"


async def test_a_pane_on_screen_that_stands_still_is_captured_no_more(
    tmux: Tmux, start: Start, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    look, frames = ControlGateway.look, ControlGateway.frames

    async def noting_look(self: ControlGateway, *, full: bool, captures: Any = ()) -> Any:
        asked.append(len(captures))
        return await look(self, full=full, captures=captures)

    async def noting_frames(self: ControlGateway, captures: Any) -> Any:
        asked.append(len(captures))
        return await frames(self, captures)

    monkeypatch.setattr(ControlGateway, "look", noting_look)
    monkeypatch.setattr(ControlGateway, "frames", noting_frames)
    pane = tmux.new("one", "echo here; read line; echo $line; exec sleep 3600")
    running = start("control", Rhythm(light=0.1, full=60.0, moving_for=0.0, timeout=1.0))
    running.source.interest({pane: 20.0})
    await eventually(lambda: running.source.name == "control" and running.frames)
    # Stamps are whole seconds: the second of the last output must be over.
    await eventually(lambda: time.time() > float(tmux.get(pane, "#{window_activity}")) + 2)
    asked.clear()
    await eventually(lambda: len(asked) > 10)
    assert sum(asked) == 0 and len(running.frames) <= 2
    tmux.cmd("send-keys", "-t", pane, "hello", "Enter")
    await eventually(lambda: "hello" in running.frames[-1].rows)


async def test_nothing_on_screen_is_captured_when_nothing_is_seen(tmux: Tmux, start: Start, eventually: Eventually) -> None:
    tmux.new("one", BLINK)
    running = start("fork")
    running.source.interest({"%0": 50.0})
    await eventually(lambda: len(running.frames) > 2)
    running.source.interest({})
    await eventually(lambda: len(running.listings()) > 3)
    frames, listings = len(running.frames), len(running.listings())
    await eventually(lambda: len(running.listings()) > listings + 4)
    assert len(running.frames) <= frames + 1


@pytest.mark.parametrize("backend", ["fork", "control"])
async def test_a_screen_is_captured_to_be_judged_only_when_something_about_it_moved(
    tmux: Tmux, start: Start, eventually: Eventually, backend: str
) -> None:
    still = tmux.new("still")
    moving = tmux.new("moving", BLINK)
    await eventually(lambda: time.time() > float(tmux.get(still, "#{window_activity}")) + 1.5)
    running = start(backend)
    await eventually(lambda: running.source.name == backend)
    running.source.judge({still: None, moving: None})
    await eventually(lambda: len(running.screens(moving)) > 4)
    assert len(running.screens(still)) == 1 and running.frames == []
    # What goes on moving is judged no oftener than it is said; a tick may be late, but none comes early.
    stamps = [frame.at.mono for frame in running.screens(moving)]
    assert min(after - before for before, after in pairwise(stamps)) >= QUICK.judged - 0.01
    tmux.cmd("select-pane", "-t", still, "-T", "[ ! ] Action Required")
    await eventually(lambda: len(running.screens(still)) == 2)


async def test_a_screen_that_told_nothing_is_judged_half_as_often_and_then_half_of_that(
    tmux: Tmux, start: Start, eventually: Eventually
) -> None:
    pane = tmux.new("mute", BLINK)
    running = start("control")
    await eventually(lambda: running.source.name == "control")
    take = running.source.out

    def told(fact: Any) -> None:
        """Nothing was said by this one either, and that is known before another is taken."""
        take(fact)
        if isinstance(fact, Frame):
            running.source.judge({pane: None}, {pane})

    running.source.out = told
    running.source.judge({pane: None})
    await eventually(lambda: len(running.screens(pane)) == 3)
    first, second, third = (frame.at.mono for frame in running.screens(pane))
    assert second - first >= 2 * QUICK.judged - 0.01 and third - second >= 4 * QUICK.judged - 0.01


async def test_a_screen_that_told_nothing_is_judged_soon_after_it_stops(tmux: Tmux, start: Start, eventually: Eventually) -> None:
    pane = tmux.new("mute", f"({BLINK}) & read line; kill $!; echo Do you want to proceed?; exec sleep 3600")
    running = start("control", Rhythm(light=0.1, judged=60.0))
    await eventually(lambda: running.source.name == "control")
    running.source.judge({pane: None}, {pane})
    await eventually(lambda: running.screens(pane))
    running.source.judge({pane: None}, {pane})
    tmux.cmd("send-keys", "-t", pane, "Enter")
    await eventually(lambda: "Do you want to proceed?" in running.screens(pane)[-1].rows)


@pytest.mark.parametrize("backend", ["fork", "control"])
async def test_a_doubt_asks_for_another_look_at_a_screen_that_stands(
    tmux: Tmux, start: Start, eventually: Eventually, backend: str
) -> None:
    still = tmux.new("still")
    await eventually(lambda: time.time() > float(tmux.get(still, "#{window_activity}")) + 1.5)
    running = start(backend)
    await eventually(lambda: running.source.name == backend)
    running.source.judge({still: None})
    first = await eventually(lambda: running.screens(still))
    running.source.judge({still: first[0].at.mono + 0.3})
    await eventually(lambda: len(running.screens(still)) == 2)
    assert running.screens(still)[1].at.mono >= first[0].at.mono + 0.3
    assert running.screens(still)[1].rows == first[0].rows


async def test_a_pane_on_screen_is_judged_by_the_frames_that_the_eye_gets(
    tmux: Tmux, start: Start, eventually: Eventually
) -> None:
    pane = tmux.new("one", BLINK)
    running = start("control", replace(QUICK, judged=3600.0))
    await eventually(lambda: running.source.name == "control")
    running.source.judge({pane: None})
    running.source.interest({pane: 20.0})
    await eventually(lambda: len(running.frames) > 20)
    assert 0 < len(running.screens(pane)) < len(running.frames) / 2


async def test_a_clock_that_is_set_forward_hides_no_output(tmux: Tmux, start: Start, eventually: Eventually) -> None:
    """tmux stamps by the wall clock: what was written just before it jumps looks older than the last look."""
    pane = tmux.new("one", "echo here; read line; echo $line; exec sleep 3600")
    running = start("fork", Rhythm(light=0.1, full=60.0, fork_tick=0.1))
    running.source.judge({pane: None})
    await eventually(lambda: time.time() > float(tmux.get(pane, "#{window_activity}")) + 2)
    looks = await eventually(lambda: len(running.screens(pane)))
    running.source.clock = lambda: clock()._replace(wall=time.time() + 3600)
    tmux.cmd("send-keys", "-t", pane, "hello", "Enter")
    await eventually(lambda: len(running.screens(pane)) > looks and "hello" in running.screens(pane)[-1].rows)


async def test_a_pane_that_is_gone_is_not_asked_for_again_and_again(
    tmux: Tmux, start: Start, eventually: Eventually, counted: Any
) -> None:
    program, count = counted
    tmux.new("one")
    gone = tmux.new("two")
    running = start("fork", Rhythm(light=0.5, full=60.0, fork_tick=0.5), program)
    await eventually(lambda: len(running.listings()) > 1)
    tmux.cmd("kill-session", "-t", "=two:")
    forks, listings = count(), len(running.listings())
    running.source.judge({gone: None})
    running.source.interest({gone: 20.0})
    await eventually(lambda: len(running.listings()) > listings + 1)
    # A wake-up for either wish, one that is under way, and the listings themselves.
    assert count() - forks <= len(running.listings()) - listings + 3 and gone not in running.listings()[-1].panes


async def test_an_end_is_listed_at_once(tmux: Tmux, start: Start, eventually: Eventually) -> None:
    tmux.new("one")
    tmux.new("two")
    running = start("fork", STILL)
    pid = int(tmux.get("%1", "#{pane_pid}"))
    os.kill(pid, 9)
    running.source.exited(pid)
    await eventually(lambda: running.listings() and "%1" not in running.listings()[-1].panes, STILL.light / 2)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Every look of either backend, and whether it was a full one."""
    asked: list[bool] = []
    for gateway in (ForkGateway, ControlGateway):
        decided = gateway.decided

        async def noting(self: Any, decide: Any, *, full: bool, decided: Any = decided) -> Any:
            asked.append(full)
            return await decided(self, decide, full=full)

        monkeypatch.setattr(gateway, "decided", noting)
    return asked


async def ended(tmux: Tmux, running: Running, eventually: Eventually, looks: list[bool], *, dead: bool = False) -> Listing:
    """Kills what runs in the pane `%1`, and returns the listing that tells it, where nothing but that end calls for one."""
    pid = int(tmux.get("%1", "#{pane_pid}"))
    os.kill(pid, signal.SIGKILL)
    await eventually(lambda: tmux.get("%1", "#{pane_dead}") == "1" if dead else "two" not in tmux.sessions())
    listings = len(running.listings())
    looks.clear()
    running.source.exited(pid)
    await eventually(lambda: len(running.listings()) > listings)
    return running.listings()[listings]


@pytest.mark.parametrize("backend", ["fork", "control"])
async def test_an_end_is_told_by_the_roll_alone(
    tmux: Tmux, start: Start, eventually: Eventually, backend: str, looks: list[bool]
) -> None:
    for name in ("one", "two", "three"):
        tmux.new(name)
    running = start(backend, DEAF)
    await eventually(lambda: running.source.name == backend)
    before = dict(running.source._panes)
    listing = await ended(tmux, running, eventually, looks)
    assert looks == []
    assert listing.panes == {pane: before[pane] for pane in ("%0", "%2")}


async def test_one_end_after_the_other_puts_off_no_listing_that_is_due(
    tmux: Tmux, start: Start, eventually: Eventually, looks: list[bool]
) -> None:
    panes = [f"%{number}" for number in range(20)]
    for pane in (*panes, "%20"):
        tmux.new(f"s{pane[1:]}")
    pids = [int(tmux.get(pane, "#{pane_pid}")) for pane in panes]
    running = start("fork", replace(DEAF, light=0.05, fork_tick=0.05))
    await eventually(lambda: looks)
    looks.clear()
    for pane, pid in zip(panes, pids, strict=True):
        os.kill(pid, signal.SIGKILL)
        await eventually(lambda session=f"s{pane[1:]}": session not in tmux.sessions())
        running.source.exited(pid)
        await eventually(lambda pane=pane: pane not in running.source._panes)
    assert looks


async def test_whoever_comes_as_another_ends_is_told_with_the_end(
    tmux: Tmux, start: Start, eventually: Eventually, looks: list[bool]
) -> None:
    tmux.new("one")
    tmux.new("two")
    running = start("control", DEAF)
    await eventually(lambda: running.source.name == "control")
    tmux.new("next")
    listing = await ended(tmux, running, eventually, looks)
    assert {pane.session for pane in listing.panes.values()} == {"one", "next"}


async def test_an_end_that_the_server_has_not_noticed_is_not_told(
    tmux: Tmux, start: Start, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmux.new("one")
    tmux.new("two")
    running = start("control", DEAF)
    await eventually(lambda: running.source.name == "control")
    # Once this is answered, nothing more is told of our own coming, which would have a listing.
    await (await running.source.gateway()).roll()
    running.source.rhythm = replace(DEAF, burst=0.01)
    rolls: list[Any] = []
    roll = ControlGateway.roll

    async def noting(self: ControlGateway) -> Any:
        rolls.append(await roll(self))
        return rolls[-1]

    monkeypatch.setattr(ControlGateway, "roll", noting)
    listings = len(running.listings())
    # It lives: as far as the server knows, it is the very same as one that ended a moment ago.
    running.source.exited(int(tmux.get("%1", "#{pane_pid}")))
    await eventually(lambda: len(rolls) > 2)
    assert len(running.listings()) == listings


async def test_a_key_quickens_the_forks(tmux: Tmux, start: Start, eventually: Eventually) -> None:
    tmux.new("one", BLINK)
    running = start("fork", Rhythm(light=0.05, fork_tick=30.0, fork_tick_keyed=0.05, keyed_for=60.0))
    running.source.keyed()
    await eventually(lambda: len(running.listings()) > 5)


async def test_where_nobody_listens_it_ends(tmux: Tmux, start: Start, eventually: Eventually) -> None:
    running = start()
    await asyncio.wait({running.task}, timeout=30)
    assert running.task.done() and [failure.absent for failure in running.failures()] == [True]


async def test_a_light_look_that_cannot_tell_calls_for_a_full_one(tmux: Tmux) -> None:
    tmux.new("one")
    gateway = ForkGateway("tmux", tmux.socket, tmux.env, clock=clock)
    full, light = gateway.look_once(full=True), gateway.look_once(full=False)
    known = dict(full.panes or {})
    same = merged(known, light)
    assert same is not None and same["%0"] is known["%0"]
    tmux.new("two")
    assert merged(known, gateway.look_once(full=False)) is None
    again = merged(known, gateway.look_once(full=True))
    assert again is not None and again["%0"] is known["%0"] and again["%1"].session == "two"
    tmux.cmd("select-pane", "-t", "%0", "-T", "busy")
    titled = merged(again, gateway.look_once(full=False))
    assert titled is not None and titled["%0"].title == "busy" and titled["%1"] is again["%1"]
    tmux.cmd("respawn-pane", "-k", "-t", "%1")
    assert merged(again, gateway.look_once(full=False)) is None
    tmux.cmd("kill-session", "-t", "=two:")
    assert set(merged(again, gateway.look_once(full=False)) or ()) == {"%0"}


def test_a_pane_keeps_the_pid_that_tmux_forgets_with_its_death() -> None:
    pane = Pane("%0", "$0", "one", 800.0, 77, 900.0)
    dead = merged({"%0": pane}, Look("1-2", "3.8", None, {"%0": Pulse("%0", 0, True, None, 9, 950.0, 900.0, "")}, {}))
    assert dead == {"%0": pane._replace(dead=True, dead_signal=9, dead_time=950.0)}
    assert merged(dead, Look("1-2", "3.8", {"%0": dead["%0"]._replace(pid=0)}, None, {})) == dead


async def test_whoever_waits_for_an_end_waits_for_no_screen(
    tmux: Tmux, start: Start, eventually: Eventually, looks: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that died in its place is told by a light listing, whatever else is due."""
    talking = tmux.new("agent", BLINK)
    gone = tmux.new("gone")
    tmux.cmd("set-option", "-t", gone, "remain-on-exit", "on")
    running = start("control", replace(DEAF, full=0.0))
    await eventually(lambda: running.source.name == "control")
    asked: list[list[str]] = []
    decide = TmuxSource._decide

    def deciding(self: TmuxSource, look: Any) -> Any:
        asked.append([wish.pane_id for wish in decide(self, look)])
        return [Capture(pane) for pane in asked[-1]]

    running.source.judge({talking: None})
    await eventually(lambda: running.screens(talking))
    running.source.judge({talking: 0.0, gone: 0.0})
    monkeypatch.setattr(TmuxSource, "_decide", deciding)
    listing = await ended(tmux, running, eventually, looks, dead=True)
    assert listing.panes[gone].dead and looks[0] is False and asked[0] == []
