"""The console on a scripted eye, in a process of its own: what a test on a real terminal starts.

Started with the folder for reports and a descriptor, whose lines say what happens in the town.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import scene
from beadbook import HOUR, bead

from gastown_tui.town.facts import Frame
from gastown_tui.town.lines import Line
from gastown_tui.town.snapshot import State
from gastown_tui.ui.app import run
from gastown_tui.ui.ways import Ways

clock = scene.Clock()


class Scripted(scene.Eye):
    """Does what the test says."""

    orders = int(sys.argv[2])

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_reader(self.orders, self._obey)
        await super().run()

    def _obey(self) -> None:
        for order in os.read(self.orders, 4096).decode().split():
            getattr(self, f"do_{order}")()

    def do_break(self) -> None:
        self.breaks.set()

    def do_ask(self) -> None:
        """Emma asks, and Slit dies."""
        question = scene.Activity(question=scene.PUSH)
        for name, change in (("emma", {"state": State.WAITING, "activity": question}), ("slit", {"state": State.DEAD})):
            assert isinstance(self.last, scene.Town)
            agents = (agent._replace(**change) if agent.name == name else agent for agent in self.last.agents)
            self.town(self.last._replace(agents=tuple(agents)))

    def do_calm(self) -> None:
        """Five seconds later nobody needs anybody."""
        clock.wall += 5
        self.town(scene.WELL)

    def do_later(self) -> None:
        """All is as at first, and a minute goes by."""
        self.town(scene.TOWN)
        clock.wall += 60

    def do_nonsense(self) -> None:
        """A picture that cannot be drawn."""
        self.frame(Frame("%1", (None,), scene.NOW))  # type: ignore[arg-type]

    def do_same(self) -> None:
        """Another look that saw the same: nothing shown changes."""
        self.show(scene.TOWN._replace(observed_at=scene.WALL + 1))

    def do_row(self) -> None:
        """One agent other than the chosen one turns idle."""
        agents = tuple(agent._replace(state=scene.State.IDLE) if agent.name == "emma" else agent for agent in scene.AGENTS)
        self.town(scene.TOWN._replace(agents=agents))

    def do_line(self) -> None:
        """One line of the shown pane changes: a spinner and its counters."""
        rows = scene.frame(scene.AGENTS[0]).rows
        self.frame(Frame("%1", tuple(row.replace("(15s · ↓ 41 tokens)", "(16s · ↓ 44 tokens)") for row in rows), scene.NOW))

    def do_append(self) -> None:
        """The automonitor writes a line."""
        number = len(self.log.lines)
        self.log.grow(Line(90 * number, "ok", (), scene.WALL, "INFO", "handoff", f"Session hq-mayor age: {number}m → OK"))

    def do_bead(self) -> None:
        """A bead of the ready is written anew."""
        self.beads.put("gastown", bead("gt-77d", "Sort it at last", 3 * HOUR, priority=3))

    def do_flood(self) -> None:
        """A picture with nothing in common with the last, a hundred times."""
        for number in range(100):
            asyncio.get_running_loop().call_later(
                number / 50, self.frame, Frame("%1", tuple(f"{number} {row}" * 20 for row in range(50)), scene.NOW)
            )


if __name__ == "__main__":
    bell = frozenset(map(State, os.environ.get("BELL", "waiting dead held").split()))
    code = run(Scripted(), clock=clock, read_only=False, state_dir=Path(sys.argv[1]), environ=os.environ, ways=Ways(bell))
    raise SystemExit(code)
