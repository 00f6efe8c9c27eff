"""The kiosk: a screen on a wall that goes round by itself, takes no commands, and never looks healthier than what it knows.

Nothing that can change a town may be reached from here by any import; a contract in `pyproject.toml` holds that.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Self

from textual import events
from textual.screen import Screen

from gastown_tui.observe.ports import Eye
from gastown_tui.town.facts import Frame
from gastown_tui.town.masking import masked
from gastown_tui.town.snapshot import Agent, Moment, Nowhere, Town
from gastown_tui.town.text import safe

from .ages import Ages
from .keymap import shown
from .later import later
from .screens.exhibits import Exhibit, MonitorExhibit, NowhereExhibit, ProblemsExhibit, TownExhibit, WallExhibit
from .stage import Stage, play
from .view import View
from .ways import USUAL, Ways
from .widgets.band import Plate

QUIT = "ctrl+backslash"
TOUR: Mapping[str, type[Exhibit]] = {
    "wall": WallExhibit,
    "town": TownExhibit,
    "problems": ProblemsExhibit,
    "monitor": MonitorExhibit,
}
# So many screens that fall one after the other: then all that was kept for drawing is dropped; then it is no use.
_FEW, _MOST = 4, 12


class Kiosk(Stage):
    """Shows one exhibit after the other. One that cannot be drawn gives way to the next, which says so."""

    MOUSE = False

    def __init__(
        self,
        eye: Eye,
        *,
        clock: Callable[[], Moment],
        environ: Mapping[str, str],
        ways: Ways = USUAL,
        seconds: float = 20.0,
        leave_key: str | None = None,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        # That it takes no commands is on its plate.
        self._fresh = partial(Glass, eye, clock, read_only=False, ways=ways)
        super().__init__(self._fresh(), environ)
        self._clock, self._seconds, self._alive = clock, seconds, alive
        self._ways_out = tuple(key for key in (QUIT, leave_key) if key)
        self._at, self._until = -1, 0.0
        self._falls = 0
        self._fallen: Exception | None = None
        self._faults: dict[str, tuple[float, str]] = {}
        self._kept: dict[type[Exhibit], Exhibit] = {}
        self.attend()

    async def on_event(self, event: events.Event) -> None:
        """Lets nothing in that a person does, but to leave."""
        if isinstance(event, events.Key) and event.key in self._ways_out:
            self.exit(return_code=0)
        elif not isinstance(event, events.InputEvent | events.Paste | events.AppFocus | events.AppBlur):
            await super().on_event(event)

    async def take_typed(self) -> None:
        """Nothing is typed here."""

    def on_mount(self) -> None:
        self._tick()

    def _tick(self) -> None:
        """Has a second's work done. It is called back, because what fails there does not end the application."""
        later(self, 1.01 - self.view.now % 1, self._tick)
        self.call_next(self.beat)

    def beat(self) -> None:
        """Does a second's work: shows the time, and what comes next where it is time for that."""
        self._alive()
        page, lost = self.page, not isinstance(self.view.town, Town)
        if self._fallen or not isinstance(page, Exhibit) or isinstance(page, NowhereExhibit) != lost:
            self._go_on()
        elif self._clock().mono >= self._until:
            self._stood()
            self._until = self._clock().mono + self._seconds
            if not (page.is_mounted and page.advance()):
                self._go_on()
        elif page.is_mounted:
            page.beat()

    def _stood(self) -> None:
        """Notes that the screen on top was shown for as long as it should be."""
        self._falls = 0
        self._faults.pop(self._stop, None)

    @property
    def _stop(self) -> str:
        return list(TOUR)[self._at] if self._at >= 0 else "this page"

    def _go_on(self) -> None:
        """Shows the next stop, or, while there is no town, what was tried."""
        before, fell = self.screen, self._fallen is not None
        self._fallen = None
        known = isinstance(self.view.town, Town)
        self._at = (self._at + 1) % len(TOUR) if known else -1
        exhibit = self._exhibit(TOUR[self._stop] if known else NowhereExhibit)
        exhibit.enter()
        self._until = self._clock().mono + self._seconds
        if exhibit is before:
            exhibit.redraw()
        else:
            # Not into the bottom one: an exhibit may leave by itself.
            (self.switch_screen if len(self.screen_stack) > 1 else self.push_screen)(exhibit)
        if fell and self.is_screen_installed(before):
            self.uninstall_screen(before)

    def _exhibit(self, kind: type[Exhibit]) -> Exhibit:
        """Returns the screen of a stop. It is kept: of one that is let go, cancelled timers keep much for hours."""
        if kind not in self._kept:
            self._kept[kind] = kind(self.view, self._plate)
            self.install_screen(self._kept[kind], kind.__name__)
        return self._kept[kind]

    def _plate(self) -> Plate:
        town, ages = self.view.town, Ages(self.view.now)
        host, stops = (safe(town.ref.host), tuple(TOUR)) if isinstance(town, Town) else ("", ())
        faults = [f"{stop} could not be drawn, {ages.age(at)} ago ({why})" for stop, (at, why) in self._faults.items()]
        out = " or ".join(map(shown, self._ways_out))
        return Plate(f"on {host}" if host else "", stops, self._at, faults, f"{out} leaves")

    def _handle_exception(self, error: Exception) -> None:
        """Takes down what cannot be drawn, instead of the application; too often in a row, that is taken down after all."""
        # One that falls takes its parts with it, which may fall too.
        self._falls += self._fallen is None
        self._fallen = error
        self._faults[self._stop] = self.view.now, type(error).__name__
        # What stood behind the failed call may never be called.
        self._pending = False
        self._repictured.clear()
        if self._falls >= _MOST:
            super()._handle_exception(error)
        elif self._falls % _FEW == 0:
            self._renew()
        elif self.screen_stack:
            self._drop(self.screen)

    def _drop(self, *screens: Screen[Any]) -> None:
        """Forgets screens, so that they are made anew; one that is shown stays until the next is."""
        for kind in [kind for kind, exhibit in self._kept.items() if exhibit in screens]:
            exhibit = self._kept.pop(kind)
            if exhibit not in self.screen_stack:
                self.uninstall_screen(exhibit)

    def _renew(self) -> None:
        """Starts with a view and screens of its own again, in case what cannot be drawn is something that they kept."""
        town, self.view, self._asked = self.view.town, self._fresh(), None
        self._drop(*self._kept.values())
        if town is not None:
            self.view.take(town)

    @property
    def fault(self) -> Exception | None:
        """The exception that ended the kiosk; without a wish to leave, the last one did."""
        return super().fault or (self._fallen if self.return_code is None else None)


class Patience:
    """Raises TimeoutError where the main thread stands, once `alive` was not called for so many seconds.

    It comes in two steps: a process that was stopped is late without any fault, and first gets a moment to say that it lives.
    """

    def __init__(self, seconds: int = 60, grace: int = 10) -> None:
        self._seconds, self._grace = seconds, grace
        self._late = False

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGALRM, self._over)
        return self

    def __exit__(self, *_: object) -> None:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, self._before)

    def alive(self) -> None:
        self._late = False
        signal.alarm(self._seconds)

    def _over(self, *_: object) -> None:
        late, self._late = self._late, True
        signal.alarm(self._grace)
        if late:
            raise TimeoutError(f"the picture stood still for {self._seconds + self._grace} s")


class Glass(View):
    """A view through which no secret is seen in a pane, and which nobody can tell to hide anything."""

    HIDES = ""

    def take(self, news: Town | Nowhere | Frame) -> Agent | None:
        return super().take(news._replace(rows=masked(news.rows)) if isinstance(news, Frame) else news)


def run(
    eye: Eye,
    *,
    clock: Callable[[], Moment],
    state_dir: Path,
    environ: Mapping[str, str],
    ways: Ways,
    seconds: float,
    leave_key: str | None,
) -> int:
    """Runs the kiosk until it is left, and returns its exit code (`stage.play`). `seconds`: how long a page stays."""
    with Patience() as patience:
        kiosk = Kiosk(eye, clock=clock, environ=environ, ways=ways, seconds=seconds, leave_key=leave_key, alive=patience.alive)
        return play(kiosk, clock=clock, state_dir=state_dir)
