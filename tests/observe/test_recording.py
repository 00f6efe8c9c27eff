"""The last day of an observed town: seen now, kept for the next console, told by others; on a real server and real files."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from servers import Tmux
from towns import HandTown, clock

from gastown_tui.memory.documents import BOXED
from gastown_tui.memory.ribbon import KeptDays, kept_in_box
from gastown_tui.memory.seen import Memory
from gastown_tui.observe import observation
from gastown_tui.observe.recording import Recording
from gastown_tui.observe.stream import Stream
from gastown_tui.observe.survey import DEMO_MARKER
from gastown_tui.town.events import told
from gastown_tui.town.facts import Digest, MonitorRead, Stop, TownFiles
from gastown_tui.town.ribbon import CODE, CODES, Minute, Ribbon
from gastown_tui.town.snapshot import Agent, Evidence, Moment, Nowhere, SourceState, State, Town, TownRef

Eventually = Callable[..., Awaitable[Any]]
MAX = "alpha/crew/max"
NOW = 29_920_962
EVIDENCE = (Evidence("tmux", "seen", 0.0),)


class Watched:
    """A stream that runs, and a clock that can be set forward by minutes."""

    def __init__(self, town: HandTown, state: Path, minutes: int = 0) -> None:
        self.minutes, self.root = minutes, town.root
        self.said: list[Town | Nowhere] = []
        wanted = town.wanted(town=str(town.root), socket=town.tmux.socket)
        past, days = (lambda root, _: Memory(state, root)), partial(KeptDays, state)
        self.eye = Stream(wanted, "tmux", "here", self.clock, past, "fork", days=days, boxed=kept_in_box)
        self.eye.subscribe(self.said.append, lambda _: None)
        self.task = asyncio.create_task(self.eye.run())

    def clock(self) -> Moment:
        now = clock()
        return now._replace(wall=now.wall + 60 * self.minutes)

    def cells(self, agent_id: str, count: int) -> list[int]:
        return list(self.eye.history.cells(agent_id, int(self.clock().wall // 60), count))

    def source(self, name: str) -> SourceState | None:
        last = self.said[-1] if self.said else None
        return last.source(name) if isinstance(last, Town) else None

    async def end(self) -> None:
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task


Watch = Callable[..., Watched]


@pytest.fixture
async def watch(tmux: Tmux, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watch]:
    monkeypatch.setattr(observation, "FILES_S", 0.1)
    town, running = HandTown(tmux), list[Watched]()
    town.start("al-crew-max", MAX)

    def start(minutes: int = 0, state: Path = tmp_path, *, demo: bool = False) -> Watched:
        if demo:
            town.write(DEMO_MARKER, "")
        running.append(Watched(town, state, minutes))
        return running[-1]

    yield start
    for one in running:
        await one.end()


async def test_what_one_console_saw_the_next_one_knows(watch: Watch, eventually: Eventually) -> None:
    first = watch()
    await eventually(lambda: any(first.cells(MAX, 1)))
    await first.end()
    second = watch(10)

    def joined() -> list[int]:
        # The real clock may have turned a minute meanwhile, and may turn another at any time.
        cells = second.cells(MAX, 13)
        return cells if any(cells[:4]) and cells[-1] else []

    cells = await eventually(joined)
    assert not any(cells[4:-2]), "nobody looked in between"


async def test_a_minute_is_kept_when_it_is_over(watch: Watch, eventually: Eventually, tmp_path: Path) -> None:
    console = watch()
    await eventually(lambda: any(console.cells(MAX, 1)))
    console.minutes += 2
    await eventually(lambda: list(tmp_path.glob("ribbon/*/*")))
    assert not console.task.done()


async def test_a_folder_that_cannot_be_written_is_told_until_it_can_be(
    watch: Watch, eventually: Eventually, tmp_path: Path
) -> None:
    (tmp_path / "ribbon").write_text("in the way")
    console = watch()
    await eventually(lambda: any(console.cells(MAX, 1)))
    console.minutes += 2
    await eventually(lambda: (told := console.source("memory")) and "ribbon" in (told.error or ""))
    await eventually(lambda: any(console.cells(MAX, 1)))
    (tmp_path / "ribbon").unlink()
    console.minutes += 2
    await eventually(lambda: (told := console.source("memory")) and told.state == "ok")


async def test_a_town_in_a_box_has_a_past_as_long_as_it_lives(watch: Watch, eventually: Eventually, tmp_path: Path) -> None:
    console = watch(demo=True)
    await eventually(lambda: any(console.cells(MAX, 1)))
    await console.end()
    assert not (tmp_path / "ribbon").exists()


async def test_a_town_in_a_box_brings_its_past_along_and_keeps_it(watch: Watch, eventually: Eventually, tmp_path: Path) -> None:
    before = watch(demo=True)
    await before.end()
    ago = int(before.clock().wall // 60) - 30
    days = KeptDays(before.root.parent / BOXED, str(before.root))
    days.keep(Minute(ago, {MAX: (CODE[State.HELD], 1)}))
    console = watch(demo=True)
    await eventually(lambda: CODE[State.HELD] in console.cells(MAX, 40) and console.cells(MAX, 1) != [0])
    await console.end()
    last = int(console.clock().wall // 60)
    assert any(days.recall(last).cells(MAX, last, 2)), "what was seen joins it"
    assert not (tmp_path / "ribbon").exists()


def town(*agents: Agent) -> Town:
    return Town(TownRef("/gt", None), 0.0, agents=agents, sources=(SourceState("tmux", "ok"),))


def agent(state: State) -> Agent:
    return Agent("mayor", "mayor", "mayor", state, EVIDENCE, session="hq-mayor")


def at(minute: float) -> Moment:
    return Moment(60 * (NOW + minute), 60 * minute)


class Disk:
    """Notes what is to be kept, and remembers one minute."""

    error: str | None = None

    def __init__(self) -> None:
        self.kept: list[Minute] = []

    def recall(self, minute: int) -> Ribbon:
        known = Ribbon()
        known.turn(minute)
        known.mark("mayor", minute, State.DEAD)
        return known

    def keep(self, minute: Minute) -> None:
        self.kept.append(minute)


def test_what_is_recalled_joins_what_is_seen_at_the_next_look() -> None:
    recording = Recording(Disk())
    recording.see(town(agent(State.IDLE)), at(0))
    recording.use_disk(at(0))
    assert list(recording.ribbon.cells("mayor", NOW, 1)) == [CODE[State.IDLE]]
    recording.see(town(agent(State.IDLE)), at(0.1))
    assert list(recording.ribbon.cells("mayor", NOW, 1)) == [CODE[State.DEAD]]


def test_a_disk_that_hangs_costs_no_more_than_an_hour_of_memory() -> None:
    disk = Disk()
    recording = Recording(disk)
    for minute in range(200):
        recording.see(town(agent(State.IDLE)), at(minute))
    recording.end(at(200))
    assert [minute.minute - NOW for minute in disk.kept] == [*range(140, 200)]


def test_what_others_tell_is_at_least_as_bad_and_of_the_future_nothing_is_believed() -> None:
    recording = Recording()
    recording.see(town(agent(State.IDLE)), at(0))
    stops = (
        Stop("hq-mayor", at(-5).wall, "crash detected", crash=True),
        Stop("mayor", at(-4).wall, "user shutdown"),
        Stop("hq-mayor", at(-3).wall, "moonlight", known=False),
        Stop("hq-mayor", at(5).wall, "crash detected", crash=True),
        Stop("hq-mayor", at(-3000).wall, "crash detected", crash=True),
        Stop("nobody", at(-1).wall, "crash detected", crash=True),
    )
    files = TownFiles(at(0), stops=stops, starts={"mayor": at(-2).wall})
    log = MonitorRead("/monitor", at(0), Digest(restarted=(("hq-mayor", at(-1).wall), ("gt-x", at(-1).wall))))
    recording.hear(files, log, town(agent(State.IDLE)), at(0.5))
    told = [State.DEAD, State.FROZEN, None, State.STARTING, State.STARTING, State.IDLE, None]
    assert [CODES[code] for code in recording.ribbon.cells("mayor", NOW + 1, 7)] == told
    assert recording.ribbon.agents == ("mayor",)


def test_the_events_tell_who_died_again_and_again() -> None:
    recording, nux = Recording(), Agent("gt/polecats/nux", "polecat", "nux", State.IDLE, EVIDENCE, rig="gt", session="gt-nux")
    here = town(nux)
    recording.see(here, at(0))
    lines = [
        {"type": "session_death", "payload": {"agent": "gt/polecats/nux", "session": "gt-nux", "reason": "crash detected"}},
        {"type": "session_start", "actor": "gt/nux"},
        {"type": "session_death", "payload": {"session": "gt-nux", "reason": "crash detected"}},
        {"type": "session_start", "actor": "gt/polecats/nux"},
        {"type": "session_death", "payload": {"session": "gt-nux", "reason": "done"}},
        {"type": "nudge", "payload": {"target": "gt/polecats/nux", "reason": "crash"}},
    ]
    events = tuple(one for minute, line in enumerate(lines, -8) if (one := told(line, at(minute).wall)))
    recording.hear(TownFiles(at(0), events=events), None, here, at(0))
    cells = [CODES[code] for code in recording.ribbon.cells("gt/polecats/nux", NOW - 3, 6)]
    assert cells == [State.DEAD, State.STARTING, State.DEAD, State.STARTING, None, None]


def test_what_was_told_is_heard_once() -> None:
    recording, idle = Recording(), town(agent(State.IDLE))
    files = TownFiles(at(0), starts={"mayor": at(0).wall})
    recording.see(idle, at(0))
    recording.hear(files, None, idle, at(0))
    version = recording.ribbon.version
    recording.hear(files._replace(at=at(0.5)), None, idle, at(0.5))
    assert recording.ribbon.version == version
    recording.hear(files._replace(starts={"mayor": at(0.9).wall, "deacon": 0.0}), None, idle, at(2))
    assert [CODES[code] for code in recording.ribbon.cells("mayor", NOW + 2, 3)] == [State.STARTING, None, None]
