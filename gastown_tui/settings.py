"""What a command is told from outside: the global options, the config file, the environment, the clock. Read here and once."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from gastown_tui.town.snapshot import Moment

if TYPE_CHECKING:
    from gastown_tui.config import Wrong
    from gastown_tui.observe.locate import Wanted
    from gastown_tui.observe.means import Means
    from gastown_tui.observe.ports import AckStore, Past
    from gastown_tui.observe.stream import Stream
    from gastown_tui.observe.tmux.source import Rhythm
    from gastown_tui.town.wishes import Wishes
    from gastown_tui.ui.ways import Ways

GOOD, NEEDS_YOU, BLIND, USAGE, CRASHED, INTERRUPTED, TERMINATED = 0, 1, 2, 64, 70, 130, 143
GLOBAL = ("town", "socket", "monitor_dir", "config", "backend", "read_only")


class Complaint(Exception):  # noqa: N818 (it is what a person is told, not always an error)
    """Something a person is told, with the remedy and the exit code."""

    def __init__(self, code: str, message: str, remedy: str, exit_code: int = BLIND) -> None:
        super().__init__(message)
        self.code = code
        self.remedy = remedy
        self.exit_code = exit_code


def clock() -> Moment:
    return Moment(time.time(), time.monotonic(), time.localtime().tm_gmtoff)


class Settings(SimpleNamespace):
    """The global options, wherever they stood, over the user's config file.

    `given`: which of them the command line named. `file`: the config file that was looked for; `lines`: where each of its keys
    stands, where that is known; `wrong`: what of it was left out.
    """

    town: str | None = None
    socket: str | None = None
    monitor_dir: str | None = None
    config: str | None = None
    backend: str | None = None
    read_only: bool | None = None
    theme: str | None = None
    bell: list[str] | None = None
    expect: list[str] | None = None
    ignore: list[str] | None = None
    stalled: dict[str, float] | None = None
    rates: dict[str, float] | None = None
    keys: dict[str, list[str]] | None = None
    kiosk: dict[str, Any] | None = None
    given: frozenset[str] = frozenset()
    file: Path = Path()
    lines: Mapping[tuple[str | int, ...], int] | None = None
    wrong: tuple[Wrong, ...] = ()

    def wishes(self) -> Wishes:
        """Returns what the user wants of the judging."""
        from gastown_tui.town.wishes import Wishes

        patience = {role: 60 * minutes for role, minutes in (self.stalled or {}).items()}
        return Wishes(patience, tuple(self.expect or ()), tuple(self.ignore or ()))

    def ways(self) -> Ways:
        """Returns what the user wants of the console."""
        from gastown_tui.town.snapshot import CALLING, State
        from gastown_tui.ui.keymap import rebound
        from gastown_tui.ui.ways import USUAL, Ways

        bell = CALLING if self.bell is None else frozenset(map(State, self.bell))
        rate = (self.rates or {}).get("shown", USUAL.rate)
        complaints = tuple(str(wrong._replace(file=self.file.name)) for wrong in self.wrong)
        return Ways(bell, self.theme, rebound(self.keys or {})[0], rate, complaints)

    def rhythm(self) -> Rhythm:
        """Returns how often tmux is asked."""
        from gastown_tui.observe.tmux.source import Rhythm

        usual, rates = Rhythm(), self.rates or {}
        light = rates.get("listing", usual.light)
        return Rhythm(
            light=light,
            full=max(light, rates.get("full", usual.full)),
            fork_tick=light,
            fork_tick_keyed=light / 2,
            judged=rates.get("judged", usual.judged),
        )

    @property
    def kiosk_seconds(self) -> float:
        """How long the kiosk shows each of its screens."""
        return float((self.kiosk or {}).get("seconds", 20.0))

    @property
    def leave_key(self) -> str | None:
        """The key that ends the kiosk beside Ctrl+\\, in Textual's words; None where there is none."""
        from gastown_tui.ui.keymap import key_named

        return key_named((self.kiosk or {}).get("leave_key", ""))

    def take(self, options: dict[str, Any]) -> None:
        for name in GLOBAL:
            if (value := options.pop(name, None)) is not None:
                setattr(self, name, value)
                self.given |= {name}

    def read_config(self) -> None:
        """Fills what the command line left open from the config file; its import is paid only where there is one."""
        folder = Path(os.environ.get("XDG_CONFIG_HOME") or home() / ".config")
        self.file = Path(self.config) if self.config else folder / "gastown-tui" / "config.toml"
        # Under sudo the home may be somebody else's: a file that cannot be looked for is none.
        if self.config is None and not os.path.exists(self.file):  # noqa: PTH110 (Path.exists raises there)
            return
        from gastown_tui.config import ConfigError, load

        try:
            config, self.wrong, self.lines = load(self.file)
        except ConfigError as error:
            raise Complaint("config", str(error), error.remedy, USAGE) from None
        for name, value in config.model_dump(exclude_none=True).items():
            if getattr(self, name) is None:
                # Not Path.expanduser: it raises for an unknown user, and makes of the path `./x` the name `x`.
                setattr(self, name, os.path.expanduser(value) if isinstance(value, str) else value)  # noqa: PTH111
        self.wrong += tuple(self._wrong_keys())

    def _wrong_keys(self) -> Iterator[Wrong]:
        """Yields which keys of the keyboard cannot be given; the table that gives them out is the console's."""
        if self.keys is None and not self.kiosk:
            return
        from gastown_tui.config import Wrong
        from gastown_tui.ui.keymap import key_named, rebound

        for action, why, remedy in rebound(self.keys or {})[1]:
            yield Wrong(str(self.file), self.line("keys", action), f"keys.{action}", why, remedy)
        leave = (self.kiosk or {}).get("leave_key")
        if leave is not None and key_named(leave) is None:
            yield Wrong(
                str(self.file),
                self.line("kiosk", "leave_key"),
                "kiosk.leave_key",
                f"{leave!r} is no key",
                "as in ctrl+f, f5 or /",
            )

    def line(self, *path: str) -> int | None:
        """Returns the line of a key in the config file, where that is known."""
        return (self.lines or {}).get(path)

    def wanted(self) -> Wanted:
        from gastown_tui.observe.locate import Wanted

        return Wanted(dict(os.environ), working_folder(), home(), os.getuid(), self.town, self.socket, self.monitor_dir)

    def means(self) -> Means:
        from gastown_tui.observe.means import Means

        return Means("tmux", os.uname().nodename, clock, time.sleep, _past, _acks, self.wishes())

    def stream(self, *, keeps_days: bool = False) -> Stream:
        """Returns what observes a town; `keeps_days` is for what stays, since each that ends leaves its names on the disk.

        Only what stays asks bd for beads: others begin too often.
        """
        from gastown_tui.memory.ribbon import KeptDays, kept_in_box
        from gastown_tui.observe.stream import Stream

        host, backend = os.uname().nodename, self.backend or "auto"
        days = partial(KeptDays, state_dir()) if keeps_days else None
        boxed = kept_in_box if keeps_days else None
        means = (self.wanted(), "tmux", host, clock, _past, backend, self.rhythm(), _acks, self.wishes())
        stream = Stream(*means, days=days, boxed=boxed, asks_bd=keeps_days)
        stream.subscribe(_collect, lambda _: None)
        # Of a hundred thousand beads a search takes longer than of all else. What is garbage by then stays, but this once.
        stream.on_beads(cache(gc.freeze))
        return stream


def _past(root: str, server: str) -> Past:
    from gastown_tui.memory.seen import Memory

    return Memory(state_dir(), root, server)


def _acks(root: str) -> AckStore:
    from gastown_tui.memory.acks import Acks

    return Acks(state_dir(), root)


def collect_seldom() -> None:
    """Lets what is loaded by now stay for good; of what comes later the garbage is collected.

    Seldom: nearly all of it is freed at once without that, and each search among what is kept makes a key wait.
    """
    gc.freeze()
    gc.set_threshold(10_000)
    gc.enable()


def _collect(_: object) -> None:
    """The first answer comes when all is loaded."""
    if not gc.isenabled():
        collect_seldom()


def working_folder() -> Path:
    """Returns the folder as it was entered, with its symbolic links: they name the socket. A PWD of elsewhere is not believed."""
    with suppress(OSError):
        entered = Path(os.environ.get("PWD", ""))
        if entered.is_absolute() and entered.samefile("."):
            return entered
    with suppress(OSError):
        return Path.cwd()
    return Path("/")


def home() -> Path:
    """Returns the home folder; a folder that is nowhere for a user who has none, as in a container."""
    with suppress(RuntimeError):
        return Path.home()
    return Path("/nonexistent")


def state_dir() -> Path:
    return Path(os.environ.get("XDG_STATE_HOME") or home() / ".local" / "state") / "gastown-tui"
