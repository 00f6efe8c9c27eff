"""`python -m bench.screenshots`: draws screenshots/*.png from the demo town, by the real console without a terminal.

The town lives and so no two runs agree in every row; its seed, its people and what is chosen are the same each time.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

from textual.pilot import Pilot

from gastown_tui.demo.box import Box, open_box
from gastown_tui.memory.ribbon import kept_in_box
from gastown_tui.memory.seen import Memory
from gastown_tui.observe.locate import Wanted
from gastown_tui.observe.stream import Stream
from gastown_tui.town.snapshot import Moment
from gastown_tui.ui.app import Console
from gastown_tui.ui.kiosk import TOUR, Kiosk
from gastown_tui.ui.stage import Stage
from gastown_tui.ui.ways import PREFIX, THEMES

from .picture import svg_to_png

FOLDER = Path(__file__).parents[1] / "screenshots"
LIVED_S = 20.0
# Until a console knows of everybody whether he works.
SETTLED_S = 11.0
# Longer than any picture takes.
STAYS_S = 60.0
MIDDLE = (120, 32)
# Under this seed nobody crashes for six minutes.
SEED = 2342
# Name, size, keys. The first four are of one agent that works, then one that asks, then all that need a person.
PICTURES: tuple[tuple[str, tuple[int, int], list[str]], ...] = (
    ("town-120x32", MIDDLE, [*"Gkk"]),
    ("town-200x60", (200, 60), []),
    ("town-80x24", (80, 24), []),
    ("agent-120x32", MIDDLE, ["space"]),
    ("problem-120x32", MIDDLE, ["escape", "g", "w", "w"]),
    ("problems-120x32", MIDDLE, ["5"]),
    ("wall-120x32", MIDDLE, ["2"]),
    ("wall-200x60", (200, 60), []),
    ("monitor-120x32", MIDDLE, ["4"]),
    ("monitor-200x60", (200, 60), []),
    ("ribbon-120x32", MIDDLE, ["tab", "G", "k", "z", *["left"] * 14]),
    ("queues-120x32", MIDDLE, ["escape", "3"]),
    ("help-120x32", MIDDLE, ["1", "question_mark"]),
    ("palette-120x32", MIDDLE, ["escape", "colon", "c", "o", "p"]),
)


class Clock:
    """The machine's clock, for pages that stay for their time `ahead` of it."""

    ahead = 0.0

    def __call__(self) -> Moment:
        return Moment(time.time(), time.monotonic() + self.ahead)


class Studio:
    """One console or kiosk at a time, on the demo town or on none."""

    def __init__(self, box: Box, folder: Path) -> None:
        self.box, self.folder, self.clock = box, folder, Clock()

    @asynccontextmanager
    async def showing(self, make: Callable[[Stream], Stage], *, town: bool = True) -> AsyncIterator[Pilot[None]]:
        root, socket = (str(self.box.root), str(self.box.socket)) if town else (None, None)
        home = {"PATH": os.environ["PATH"], "TMUX_TMPDIR": str(self.folder)}
        wanted = Wanted(home, self.folder, self.folder, os.getuid(), root, socket)
        past = partial(Memory, self.folder / "state")
        eye = Stream(wanted, "tmux", "demo", Clock(), past, boxed=kept_in_box)
        app = make(eye)
        looking = asyncio.create_task(eye.run())
        try:
            async with app.run_test(size=MIDDLE) as pilot:
                yield pilot
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking

    def console(self, environ: Mapping[str, str], eye: Stream) -> Console:
        return Console(eye, clock=self.clock, read_only=False, environ=environ)

    def kiosk(self, eye: Stream) -> Kiosk:
        return Kiosk(eye, clock=self.clock, environ={}, seconds=STAYS_S)

    def turn(self, kiosk: Kiosk) -> None:
        """Lets the kiosk go on."""
        self.clock.ahead += STAYS_S + 1
        kiosk.beat()


async def take(pilot: Pilot[None], name: str, size: tuple[int, int], keys: Sequence[str]) -> None:
    """Writes one picture, once everything that it shows has arrived."""
    await pilot.resize_terminal(*size)
    await pilot.press(*keys)
    await pilot.app.workers.wait_for_complete()
    await asyncio.sleep(1.5)
    await pilot.pause()
    path = FOLDER / f"{name}.png"
    path.write_bytes(svg_to_png(pilot.app.export_screenshot(title="gastown-tui")))
    sys.stderr.write(f"{path.relative_to(FOLDER.parent)}  {path.stat().st_size // 1024} kB\n")


async def draw(studio: Studio) -> None:
    async with studio.showing(partial(studio.console, {})) as pilot:
        await asyncio.sleep(LIVED_S)
        for name, size, keys in PICTURES:
            await take(pilot, name, size, keys)
    looks = {name: {"TEXTUAL_THEME": PREFIX + name} for name in THEMES[1:]} | {"plain": {"NO_COLOR": "1"}}
    for name, environ in looks.items():
        async with studio.showing(partial(studio.console, environ)) as pilot:
            await asyncio.sleep(SETTLED_S)
            await take(pilot, f"{name}-120x32", MIDDLE, PICTURES[0][2])
    await draw_kiosk(studio)
    async with studio.showing(partial(studio.console, {}), town=False) as pilot:
        await take(pilot, "nowhere-120x32", MIDDLE, [])


async def draw_kiosk(studio: Studio) -> None:
    """Draws what each stop of the kiosk shows first."""
    async with studio.showing(studio.kiosk) as pilot:
        kiosk = pilot.app
        assert isinstance(kiosk, Kiosk)
        await asyncio.sleep(SETTLED_S)
        for name, exhibit in TOUR.items():
            while not isinstance(kiosk.page, exhibit):
                studio.turn(kiosk)
                await pilot.pause()
            await take(pilot, f"kiosk-{name}-120x32", MIDDLE, [])


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        open_box(agents=12, seed=SEED, environ={**os.environ, "TMUX_TMPDIR": folder}) as box,
    ):
        asyncio.run(draw(Studio(box, Path(folder))))


if __name__ == "__main__":
    main()
