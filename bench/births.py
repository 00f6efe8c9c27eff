"""The real console on a town of real processes that are born and killed by the thousand; only tmux's answers are made up.

Run with the town's root, the file to tell into (births and megabytes, line by line), and how many births.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

from gastown_tui.demo.roster import Resident, residents
from gastown_tui.memory.seen import Memory
from gastown_tui.observe.files import FileReader
from gastown_tui.observe.locate import Wanted
from gastown_tui.observe.ports import Capture, Look, Roll
from gastown_tui.observe.stream import Stream
from gastown_tui.observe.survey import Survey
from gastown_tui.observe.tmux.source import TmuxSource
from gastown_tui.town.facts import Fact, Frame, Located, Pane
from gastown_tui.town.snapshot import ALIVE, Moment, Nowhere, State, Town, TownRef
from gastown_tui.ui.app import run

AT_ONCE = 100


def clock() -> Moment:
    return Moment(time.time(), time.monotonic())


class Nursery:
    """A gateway (`ports.Gateway`) to sessions that exist in this list alone; the processes in them are real."""

    name = "control"
    socket = "made up"

    def __init__(self, root: Path) -> None:
        self.root = root
        self.panes: dict[str, Pane] = {}
        self._numbers = count(1)

    def bear(self, one: Resident) -> None:
        program = str(self.root / "bin" / one.program)
        # It waits for a line that never comes.
        pid = os.posix_spawn(program, [program, "-c", "read -r line"], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, WAIT, 0)])
        number, now = next(self._numbers), time.time()
        self.panes[one.session] = Pane(
            f"%{number}", f"${number}", one.session, now, pid, now,
            command=one.program, env=one.environment(str(self.root)),
            width=80, height=24, sessions=(one.session,),
        )  # fmt: skip

    def bury(self, one: Resident) -> None:
        pid = self.panes.pop(one.session).pid
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    async def look(self, *, full: bool, captures: Sequence[Capture] = ()) -> Look:
        return self.answer(await self.frames(captures))

    async def decided(self, decide: Callable[[Look], Sequence[Capture]], *, full: bool) -> Look:
        look = self.answer({})
        return self.answer(await self.frames(decide(look)))

    def answer(self, frames: Mapping[str, Frame | None]) -> Look:
        return Look("1-1", "3.6", {pane.pane_id: pane for pane in self.panes.values()}, None, frames)

    async def roll(self) -> Roll:
        return Roll("1-1", {pane.pane_id: pane.pid for pane in self.panes.values()})

    async def frames(self, captures: Sequence[Capture]) -> Mapping[str, Frame | None]:
        return {wish.pane_id: Frame(wish.pane_id, (f"● {time.time()}", "", "❯ "), clock()) for wish in captures}

    async def environment(self, session_id: str) -> dict[str, str]:
        return {}

    async def close(self) -> None:
        pass


class Source(TmuxSource):
    nursery: Nursery

    async def _connect(self) -> None:
        self._gateway = self.nursery


class Town300(Stream):
    """The observing side as it is, but for the survey and the gateway."""

    nursery: Nursery
    latest: Town | None = None
    _news: asyncio.Event

    def _survey(self) -> Survey | Nowhere:
        now, reader = clock(), FileReader(self.nursery.root)
        ref = TownRef(str(self.nursery.root), self.nursery.socket, "bench", "bench")
        return Survey(ref, reader, reader.read(now), Located((), now), self.nursery.answer({}), None, now)

    def _new_source(self, socket: str, out: Callable[[Fact], None]) -> TmuxSource:
        source = Source(self.tmux, socket, {}, self.clock, out, self._framed)
        source.nursery = self.nursery
        source.interest(self._interest)
        return source

    async def run(self) -> None:
        self._news = asyncio.Event()
        self.subscribe(self._saw, lambda _: None)
        living = asyncio.create_task(self._live())
        try:
            await super().run()
        finally:
            living.cancel()

    def _saw(self, town: Town | Nowhere) -> None:
        self.latest = town if isinstance(town, Town) else None
        self._news.set()

    async def _live(self) -> None:
        """Kills a hundred and waits until all are seen dead; bears them again and waits until all are seen anew."""
        people = PEOPLE
        # Who was never seen alive could only be missing.
        await self._until(people, ALIVE)
        born = 0
        while born < BIRTHS:
            for start in range(0, len(people), AT_ONCE):
                some = people[start : start + AT_ONCE]
                for one in some:
                    self.nursery.bury(one)
                await self._until(some, {State.DEAD})
                for one in some:
                    self.nursery.bear(one)
                await self._until(some, ALIVE)
                born += len(some)
            tell(f"{born} {megabytes()}")
        for one in people:
            self.nursery.bury(one)
        tell("end")

    async def _until(self, people: Sequence[Resident], states: Collection[State]) -> None:
        """Waits until each of these people is seen in one of these states."""
        self.look_now()
        while not self._are(people, states):
            self._news.clear()
            await self._news.wait()

    def _are(self, people: Sequence[Resident], states: Collection[State]) -> bool:
        now = {agent.id: agent.state for agent in self.latest.agents} if self.latest else {}
        return all(now.get(one.address) in states for one in people)


def megabytes() -> float:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def tell(text: str) -> None:
    with TOLD.open("a") as file:
        file.write(text + "\n")


if __name__ == "__main__":
    ROOT, TOLD, BIRTHS = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    size = len(list((ROOT / "voices").iterdir()))
    # One program stands for all, under the name that is laid out there.
    PEOPLE = [replace(one, program=next((ROOT / "bin").iterdir()).name) for one in residents(size)]
    WAIT, _kept_open = os.pipe()
    nursery = Nursery(ROOT)
    for person in PEOPLE:
        nursery.bear(person)
    wanted = Wanted({}, ROOT, ROOT, os.getuid(), str(ROOT), None)
    eye = Town300(wanted, "tmux", "bench", clock, lambda root, server: Memory(ROOT / "state", root, server))
    eye.nursery = nursery
    raise SystemExit(run(eye, clock=clock, read_only=True, state_dir=ROOT / "state", environ=os.environ))
