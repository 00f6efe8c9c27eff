"""The console: one view, a few screens above it, and an orderly end on every signal."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from textual import events
from textual.screen import Screen

from gastown_tui.observe.ports import Eye, LastLook
from gastown_tui.town.looked import Sight
from gastown_tui.town.snapshot import Moment, Nowhere, Town

from .absence import Absence
from .calls import Calls, overdue_next, terminal_title
from .driver import SafeDriver
from .later import Later, later
from .screens.nowhere import NowhereScreen
from .screens.town import TownScreen
from .stage import Stage, play
from .themes import PALETTES
from .view import View
from .ways import PREFIX, USUAL, Ways

if TYPE_CHECKING:
    from .screens.monitor import MonitorScreen
    from .screens.problems import ProblemsScreen
    from .screens.queues import QueuesScreen
    from .screens.wall import WallScreen


class Console(Stage):
    """The application that a person uses."""

    def __init__(
        self,
        eye: Eye,
        *,
        clock: Callable[[], Moment],
        read_only: bool,
        environ: Mapping[str, str],
        ways: Ways = USUAL,
        looked: Callable[[str], LastLook] | None = None,
    ) -> None:
        super().__init__(View(eye, clock, read_only=read_only, ways=ways), environ)
        self._clock = clock
        self._calls = Calls(ways.bell)
        self._absence = Absence(looked)
        self._heard: Town | Nowhere | None = None
        self._overdue: Later | None = None
        self._typed: deque[events.Key | events.Paste] = deque()
        self.attend()

    def get_default_screen(self) -> Screen[None]:
        return TownScreen(self.view)

    def on_mount(self) -> None:
        self._show_news()
        self._call()

    def _call(self) -> None:
        """Rings for new needs and tells the title, while the picture is held too: a person who is away looks at neither."""
        town, now = self._heard, self._clock().wall
        if isinstance(self._driver, SafeDriver):
            self._driver.title(terminal_title(town, now))
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None
        if isinstance(town, Town):
            if self._calls.take(town, now):
                self.bell()
            if self._absence.meets(town):
                self.run_worker(self._recall(town), group="looked")
            if (at := overdue_next(town, now)) is not None:
                self._overdue = later(self, at - now + 0.01, self._call)

    def copy(self, text: str) -> None:
        """Sends text to the clipboard of the operator's terminal, which does not answer whether it took it."""
        self.copy_to_clipboard(text)
        if self.page is not None:
            self.page.say("sent to the terminal's clipboard")

    async def on_event(self, event: events.Event) -> None:
        """Hands keys and pasted text to the screen on top at once.

        Textual would post them to the screen's queue and their bindings back to ours: of `/nux` in one packet only the
        slash would arrive, and a `q` meant for a screen that `?` is just opening would end the console.
        """
        if isinstance(event, events.Key | events.Paste):
            self._typed.append(event)
            await self.take_typed()
        else:
            await super().on_event(event)

    async def take_typed(self) -> None:
        """Hands on what was typed, as soon as a screen stands: people type before the first picture is there."""
        while self._typed and self.page is not None and self.page.is_mounted:
            event = self._typed.popleft()
            self.app_focus = True
            if isinstance(event, events.Key):
                await self.page.press(event)
            else:
                self.page.paste(event.text)

    async def inspect(self, agent_id: str, *, zoomed: bool = False) -> None:
        from .screens.agent import AgentScreen  # here and below: the first picture waits for no other screen's module

        below = self._below
        if isinstance(below, AgentScreen) and below.agent_id == agent_id:
            await self.pop_screen()
        else:
            await self.push_screen(AgentScreen(self.view, agent_id, zoomed=zoomed))

    async def open_bead(self, bead_id: str) -> None:
        from .screens.bead import BeadScreen

        below = self._below
        if isinstance(below, BeadScreen) and below.bead_id == bead_id:
            await self.pop_screen()
        else:
            await self.push_screen(BeadScreen(self.view, bead_id))

    @property
    def _below(self) -> Screen[None] | None:
        """The screen from which the one on top was opened: who goes there goes back."""
        return self.screen_stack[-2] if len(self.screen_stack) > 1 else None

    async def action_problems(self) -> None:
        from .screens.problems import ProblemsScreen

        await self._open(ProblemsScreen)

    async def action_town(self) -> None:
        await self._open(TownScreen)

    async def action_wall(self) -> None:
        from .screens.wall import WallScreen

        await self._open(WallScreen)

    async def action_queues(self) -> None:
        from .screens.queues import QueuesScreen

        await self._open(QueuesScreen)

    async def action_monitor(self) -> None:
        from .screens.monitor import MonitorScreen

        await self._open(MonitorScreen)

    async def _open(self, kind: type[TownScreen | WallScreen | QueuesScreen | MonitorScreen | ProblemsScreen]) -> None:
        """Leaves what stands above a screen of that kind, or puts one right above the town."""
        while not isinstance(self.screen, (kind, TownScreen)):
            await self.pop_screen()
        if not isinstance(self.screen, kind):
            await self.push_screen(kind(self.view))

    async def action_palette(self) -> None:
        from .screens.help import PaletteScreen

        if self.page is not None and not isinstance(self.page, PaletteScreen):
            await self.push_screen(PaletteScreen(self.view, self.page))

    async def action_help(self) -> None:
        from .screens.help import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss()
        else:
            await self.push_screen(HelpScreen(self.view))

    def action_theme(self) -> None:
        names = list(PALETTES)
        self.theme = names[(names.index(self.theme) + 1) % len(names)]
        if self.page is not None:
            self.page.redraw()
            self.page.say(f"theme: {self.theme.removeprefix(PREFIX)}")

    def action_hold(self) -> None:
        """Holds the picture still and leaves the mouse to the terminal, so that text can be selected; or takes both back."""
        self.view.hold()
        if isinstance(self._driver, SafeDriver):
            self._driver.mouse(self.view.held_since is None)
        self._show_news()

    def action_look_now(self) -> None:
        self.view.eye.look_now()
        if self.page is not None:
            self.page.say("reading everything again")

    def action_leave(self) -> None:
        """Leaves the screen on top, or the console where none is above the first."""
        if isinstance(self.screen, (TownScreen, NowhereScreen)):
            self.exit(return_code=0)
        else:
            self.screen.dismiss()

    def action_quit_now(self) -> None:
        self.exit(return_code=0)

    def on_app_blur(self) -> None:
        self._look(False)

    def on_app_focus(self) -> None:
        self._look(True)

    async def _recall(self, town: Town) -> None:
        """Learns when somebody last looked at a town that is seen for the first time."""
        self._came_back(await asyncio.to_thread(self._absence.recall, town, self._clock().wall))

    def _came_back(self, seen: Sight | None) -> None:
        if seen is not None and self.view.away is None:
            self.view.away = seen
            if self.page is not None:
                self.page.redraw()

    def look_away(self) -> None:
        """Keeps how the town looks at the end, unless nobody has looked since earlier."""
        if self.view.live and isinstance(self._heard, Town):
            self._absence.leave(self._heard, self._clock().wall)

    def _look(self, live: bool) -> None:
        if live:
            self._came_back(self._absence.back(self._clock().wall))
        elif self.view.live and isinstance(self._heard, Town):
            self.run_worker(asyncio.to_thread(self._absence.leave, self._heard, self._clock().wall), group="looked")
        self.view.live = live
        if self.page is not None:
            self.page.redraw()

    def _on_town(self, town: Town | Nowhere) -> None:
        self._heard = town
        if self.is_running:
            self._call()
        super()._on_town(town)

    def _show_news(self) -> None:
        lost = isinstance(self.view.town, Nowhere)
        if lost and not any(isinstance(screen, NowhereScreen) for screen in self.screen_stack):
            self.push_screen(NowhereScreen(self.view))
        elif not lost and isinstance(self.screen, NowhereScreen):
            self.screen.dismiss()
        super()._show_news()


def run(
    eye: Eye,
    *,
    clock: Callable[[], Moment],
    read_only: bool,
    state_dir: Path,
    environ: Mapping[str, str],
    ways: Ways = USUAL,
    looked: Callable[[str], LastLook] | None = None,
) -> int:
    """Runs the console until it is left, and returns its exit code (`stage.play`).

    `looked`: what is remembered of the town at a root from the last time.
    """
    console = Console(eye, clock=clock, read_only=read_only, environ=environ, ways=ways, looked=looked)
    code = play(console, clock=clock, state_dir=state_dir)
    console.look_away()
    return code
