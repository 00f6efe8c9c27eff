"""The console: one view, a few screens above it, and an orderly end on every signal."""

from __future__ import annotations

import asyncio
import math
import signal
import sys
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from textual import events
from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import LineFilter, NoColor
from textual.screen import Screen
from textual.timer import Timer

from gastown_tui.observe.ports import Eye, LastLook
from gastown_tui.town.facts import Frame
from gastown_tui.town.looked import Sight
from gastown_tui.town.snapshot import NOTHING, Agent, Moment, Nowhere, Town

from .absence import Absence
from .calls import Calls, overdue_next, terminal_title
from .crash import write_report
from .driver import SafeDriver
from .screens.agent import AgentScreen
from .screens.help import HelpScreen, PaletteScreen
from .screens.monitor import MonitorScreen
from .screens.nowhere import NowhereScreen
from .screens.page import Page
from .screens.problems import ProblemsScreen
from .screens.town import TownScreen
from .screens.wall import WallScreen
from .themes import PALETTES, Ink, ink, themes
from .view import View
from .ways import PREFIX, THEMES, USUAL, Ways, theme_named

CRASHED = 70
_SIGNALS = {signal.SIGTERM: 143, signal.SIGHUP: 129, signal.SIGINT: 130}
_COLOURLESS: list[LineFilter] = [NoColor()]
# Without a connection each picture would be a process more than the listing.
_MOST_FORKED = 1.0


class Console(App[None], inherit_bindings=False):
    """The application. It owns the view; screens draw it."""

    CSS_PATH = "app.tcss"
    TITLE = "gastown-tui"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False

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
        # With the terminal's own colours kept, the filter for NO_COLOR removes all colour; otherwise it would make greys.
        self._plain = "NO_COLOR" in environ
        super().__init__(ansi_color=True if self._plain else None)
        self.animation_level = "none"
        for one in themes():
            self.register_theme(one)
        self.theme = PREFIX + (theme_named(environ) or ways.theme or THEMES[0])
        self.view = View(eye, clock, read_only=read_only, ways=ways)
        self._clock = clock
        self._calls = Calls(ways.bell)
        self._absence = Absence(looked)
        self._heard: Town | Nowhere | None = None
        self._overdue: Timer | None = None
        self._asked: dict[str, float] | None = None
        self._pending = False
        self._repictured: dict[str, Agent] = {}
        self._typed: deque[events.Key | events.Paste] = deque()
        eye.subscribe(self._on_town, self._on_frame)
        eye.on_log(self._on_log)

    @property
    def inks(self) -> str:
        """The name of the palette in use."""
        return "mono" if self._plain else self.theme

    def ink(self, *, selected: bool) -> Ink:
        """Returns the inks of the palette in use, over the chosen row's background or the usual one."""
        return partial(ink, self.inks, selected=selected)

    @property
    def page(self) -> Page | None:
        """The screen on top, once there is one."""
        return self.screen if self.screen_stack and isinstance(self.screen, Page) else None

    def get_default_screen(self) -> Screen[None]:
        return TownScreen(self.view)

    def get_driver_class(self) -> type[Driver]:
        chosen = super().get_driver_class()
        return SafeDriver if chosen is LinuxDriver else chosen

    def _set_pointer_shape(self, shape: str) -> None:
        """Leaves the pointer alone: Textual ends that sequence with a bell, which a terminal that does not know it may ring."""

    def get_line_filters(self) -> list[LineFilter]:
        return _COLOURLESS if self._plain else list(super().get_line_filters())

    def on_mount(self) -> None:
        self._show_news()
        self._call()

    def _call(self) -> None:
        """Rings for new needs and tells the title, while the picture is held too: a person who is away looks at neither."""
        town, now = self._heard, self._clock().wall
        if isinstance(self._driver, SafeDriver):
            self._driver.title(terminal_title(town, now))
        if self._overdue is not None:
            self._overdue.stop()
            self._overdue = None
        if isinstance(town, Town):
            if self._calls.take(town, now):
                self.bell()
            if self._absence.meets(town):
                self.run_worker(self._recall(town), group="looked")
            if (at := overdue_next(town, now)) is not None:
                self._overdue = self.set_timer(at - now + 0.01, self._call)

    @property
    def _shown(self) -> Mapping[str, float]:
        """The live panes on screen and their rates; none while the screen on top has no parts yet."""
        return self.page.shown if self.page is not None and self.page.is_mounted else NOTHING

    def tell_interest(self) -> None:
        """Tells the observing side which panes are on screen and how often each wants to be read; nothing where nobody looks."""
        most = math.inf if self.view.eye.backend == "control" else _MOST_FORKED
        looked_at = self.view.live and self.view.held_since is None
        asked = {pane: min(rate, most) for pane, rate in self._shown.items()} if looked_at else {}
        if asked != self._asked:
            self._asked = asked
            self.view.eye.interest(asked)

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
        await self.push_screen(AgentScreen(self.view, agent_id, zoomed=zoomed))

    async def action_problems(self) -> None:
        await self._open(ProblemsScreen)

    async def action_town(self) -> None:
        await self._open(TownScreen)

    async def action_wall(self) -> None:
        await self._open(WallScreen)

    async def action_monitor(self) -> None:
        await self._open(MonitorScreen)

    async def _open(self, kind: type[TownScreen | WallScreen | MonitorScreen | ProblemsScreen]) -> None:
        """Leaves what stands above a screen of that kind, or puts one right above the town."""
        while not isinstance(self.screen, (kind, TownScreen)):
            await self.pop_screen()
        if not isinstance(self.screen, kind):
            await self.push_screen(kind(self.view))

    async def action_palette(self) -> None:
        if self.page is not None and not isinstance(self.page, PaletteScreen):
            await self.push_screen(PaletteScreen(self.view, self.page))

    async def action_help(self) -> None:
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
        self.view.take(town)
        self._heard = town
        if self.is_running:
            self._call()
        if self.is_running and not self._pending:
            self._pending = True
            self.call_next(self._show_news)

    def _on_frame(self, frame: Frame) -> None:
        agent = self.view.take(frame)
        if agent is not None and self.is_running:
            # What arrives together is painted together.
            if not self._repictured:
                self.call_next(self._show_frames)
            self._repictured[agent.id] = agent

    def _show_frames(self) -> None:
        agents, self._repictured = self._repictured, {}
        page, shown = self.page, self._shown
        for agent in agents.values():
            if page is not None and agent.pane_id in shown:
                page.paint_pane(agent)

    def _on_log(self) -> None:
        if self.page is not None and self.is_running:
            self.call_next(self.page.paint_log)

    def _show_news(self) -> None:
        self._pending = False
        lost = isinstance(self.view.town, Nowhere)
        if lost and not any(isinstance(screen, NowhereScreen) for screen in self.screen_stack):
            self.push_screen(NowhereScreen(self.view))
        elif not lost and isinstance(self.screen, NowhereScreen):
            self.screen.dismiss()
        if self.page is not None:
            self.page.redraw()

    @property
    def fault(self) -> Exception | None:
        """The exception that ended the console, if one did."""
        return self._exception

    def _fatal_error(self) -> None:
        """Textual would print a traceback with the values of all variables, secrets among them; the report has none."""
        self._close_messages_no_wait()


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
    """Runs the console until it is left, and returns the exit code: 0, 129, 130 or 143 by signal, 70 after a crash.

    `looked`: what is remembered of the town at a root from the last time. After a crash the report's path is the last line on
    standard error.
    """
    console = Console(eye, clock=clock, read_only=read_only, environ=environ, ways=ways, looked=looked)
    fault = asyncio.run(_run(console, eye))
    console.look_away()
    if fault is None:
        return console.return_code or 0
    try:
        told = str(write_report(fault, console.view.town, clock().wall, state_dir))
    except OSError as error:
        told = f"no report could be written: {error}"
    sys.stderr.write(f"gastown-tui: it crashed ({type(fault).__name__}); the report:\n{told}\n")
    return CRASHED


async def _run(console: Console, eye: Eye) -> BaseException | None:
    """Runs the console and beside it the observing side; returns what broke either, if anything did."""
    loop = asyncio.get_running_loop()
    for number, code in _SIGNALS.items():
        loop.add_signal_handler(number, partial(console.exit, return_code=code))
    watching = asyncio.create_task(eye.run())
    drawing = asyncio.create_task(console.run_async())
    ended, _ = await asyncio.wait({watching, drawing}, return_when=asyncio.FIRST_COMPLETED)
    if drawing not in ended:
        console.exit(return_code=CRASHED)
        await drawing
    fault = console.fault or drawing.exception()
    if watching in ended:
        return fault or watching.exception() or RuntimeError("the observing side ended by itself")
    watching.cancel()
    await asyncio.wait({watching})
    return fault
