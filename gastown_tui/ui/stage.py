"""What the console and the kiosk have in common: one view, its colours, one terminal, and an orderly end on every signal."""

from __future__ import annotations

import asyncio
import math
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import LineFilter, NoColor

from gastown_tui.town.facts import Frame
from gastown_tui.town.snapshot import NOTHING, Agent, Moment, Nowhere, Town

from .crash import write_report
from .driver import SafeDriver
from .screens.page import Page
from .themes import Ink, ink, themes
from .view import View
from .ways import PREFIX, THEMES, theme_named

CRASHED = 70
_SIGNALS = {signal.SIGTERM: 143, signal.SIGHUP: 129, signal.SIGINT: 130}
_COLOURLESS: list[LineFilter] = [NoColor()]
# Without a connection each picture would be a process more than the listing.
_MOST_FORKED = 1.0


class Stage(App[None], inherit_bindings=False):
    """An application that draws one view. It owns the view; the screen on top draws it."""

    CSS_PATH = "app.tcss"
    TITLE = "gastown-tui"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    MOUSE: ClassVar[bool] = True

    def __init__(self, view: View, environ: Mapping[str, str]) -> None:
        # With the terminal's own colours kept, the filter for NO_COLOR removes all colour; otherwise it would make greys.
        self._plain = "NO_COLOR" in environ
        super().__init__(ansi_color=True if self._plain else None)
        self.animation_level = "none"
        for one in themes():
            self.register_theme(one)
        self.theme = self._styled = PREFIX + (theme_named(environ) or view.ways.theme or THEMES[0])
        self.stylesheet.set_variables(self.get_css_variables())
        self.view = view
        self._asked: dict[str, float] | None = None
        self._pending = False
        self._repictured: dict[str, Agent] = {}

    def attend(self) -> None:
        """Hears from now on what the observing side says; a stage that is not ready yet would lose it."""
        self.view.eye.subscribe(self._on_town, self._on_frame)
        self.view.eye.on_log(self._on_log)
        self.view.eye.on_beads(self._on_beads)

    def refresh_css(self, animate: bool = True) -> None:
        """Styles all again for another theme. Textual takes the first one for another, too, when all is styled in it."""
        if self.theme != self._styled:
            self._styled = self.theme
            super().refresh_css(animate)

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

    def get_driver_class(self) -> type[Driver]:
        chosen = super().get_driver_class()
        return SafeDriver if chosen is LinuxDriver else chosen

    def _set_pointer_shape(self, shape: str) -> None:
        """Leaves the pointer alone: Textual ends that sequence with a bell, which a terminal that does not know it may ring."""

    def get_line_filters(self) -> list[LineFilter]:
        return _COLOURLESS if self._plain else list(super().get_line_filters())

    @property
    def _shown(self) -> Mapping[str, float]:
        """The live panes on screen and their rates; none while the screen on top has no parts yet, or none any more."""
        return self.page.shown if self.page is not None and self.page.is_mounted and self.is_running else NOTHING

    def tell_interest(self) -> None:
        """Tells the observing side which panes are on screen and how often each wants to be read; nothing where nobody looks."""
        most = math.inf if self.view.eye.backend == "control" else _MOST_FORKED
        looked_at = self.view.live and self.view.held_since is None
        asked = {pane: min(rate, most) for pane, rate in self._shown.items()} if looked_at else {}
        if asked != self._asked:
            self._asked = asked
            self.view.eye.interest(asked)

    def _on_town(self, town: Town | Nowhere) -> None:
        self.view.take(town)
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

    def _on_beads(self) -> None:
        if self.page is not None and self.is_running:
            self.call_next(self.page.paint_beads)

    def _show_news(self) -> None:
        """Draws the town as it is now."""
        self._pending = False
        if self.page is not None:
            self.page.redraw()

    @property
    def fault(self) -> Exception | None:
        """The exception that ended the application, if one did."""
        return self._exception

    def _fatal_error(self) -> None:
        """Textual would print a traceback with the values of all variables, secrets among them; the report has none."""
        self._close_messages_no_wait()


def play(stage: Stage, *, clock: Callable[[], Moment], state_dir: Path) -> int:
    """Runs an application until it is left, and returns the exit code: 0, 129, 130 or 143 by signal, 70 after a crash.

    After a crash the report's path is the last line on standard error.
    """
    fault = asyncio.run(_play(stage))
    if fault is None:
        return stage.return_code or 0
    try:
        told = str(write_report(fault, stage.view.town, clock().wall, state_dir))
    except OSError as error:
        told = f"no report could be written: {error}"
    with suppress(OSError):
        sys.stderr.write(f"gastown-tui: it crashed ({type(fault).__name__}); the report:\n{told}\n")
    return CRASHED


async def _play(stage: Stage) -> BaseException | None:
    """Runs an application and beside it the observing side; returns what broke either, if anything did."""
    loop = asyncio.get_running_loop()
    for number, code in _SIGNALS.items():
        loop.add_signal_handler(number, partial(stage.exit, return_code=code))
    watching = asyncio.create_task(stage.view.eye.run())
    drawing = asyncio.create_task(stage.run_async(mouse=stage.MOUSE))
    ended, _ = await asyncio.wait({watching, drawing}, return_when=asyncio.FIRST_COMPLETED)
    if drawing not in ended:
        stage.exit(return_code=CRASHED)
        await drawing
    fault = stage.fault or drawing.exception()
    if watching in ended:
        return fault or watching.exception() or RuntimeError("the observing side ended by itself")
    watching.cancel()
    await asyncio.wait({watching})
    return fault
