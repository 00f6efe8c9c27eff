"""What a command is told from outside: the global options, the config file, the environment, the clock. Read here and once."""

from __future__ import annotations

import gc
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gastown_tui.town.snapshot import Moment

if TYPE_CHECKING:
    from gastown_tui.observe.locate import Wanted
    from gastown_tui.observe.once import Means
    from gastown_tui.observe.stream import Stream
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


@dataclass(slots=True)
class Settings:
    """The global options, wherever they stood, over the user's config file."""

    town: str | None = None
    socket: str | None = None
    monitor_dir: str | None = None
    config: str | None = None
    backend: str | None = None
    read_only: bool | None = None
    bell: list[str] | None = None
    stalled: dict[str, float] | None = None

    @property
    def patience(self) -> dict[str, float]:
        """Returns role -> the seconds without progress after which it counts as stalled, where the user set them."""
        return {role: 60 * minutes for role, minutes in (self.stalled or {}).items()}

    def ways(self) -> Ways:
        """Returns what the console is told."""
        from gastown_tui.town.snapshot import CALLING, State
        from gastown_tui.ui.ways import Ways

        return Ways(CALLING if self.bell is None else frozenset(map(State, self.bell)))

    def take(self, options: dict[str, Any]) -> None:
        for name in GLOBAL:
            if (value := options.pop(name, None)) is not None:
                setattr(self, name, value)

    def read_config(self) -> None:
        """Fills what the command line left open from the config file; its import is paid only where there is one."""
        folder = Path(os.environ.get("XDG_CONFIG_HOME") or home() / ".config")
        path = Path(self.config) if self.config else folder / "gastown-tui" / "config.toml"
        # Under sudo the home may be somebody else's: a file that cannot be looked for is none.
        if self.config is None and not os.path.exists(path):  # noqa: PTH110 (Path.exists raises there)
            return
        from gastown_tui.config import ConfigError, load

        try:
            config, complaints = load(path)
        except ConfigError as error:
            raise Complaint("config", str(error), error.remedy, USAGE) from None
        for complaint in complaints:
            click.echo(f"gastown-tui: {complaint} (it is left out; mend the file)", err=True)
        for name, value in config.model_dump().items():
            if getattr(self, name) is None:
                # Not Path.expanduser: it raises for an unknown user, and makes of the path `./x` the name `x`.
                setattr(self, name, os.path.expanduser(value) if isinstance(value, str) else value)  # noqa: PTH111

    def wanted(self) -> Wanted:
        from gastown_tui.observe.locate import Wanted

        return Wanted(dict(os.environ), working_folder(), home(), os.getuid(), self.town, self.socket)

    def means(self) -> Means:
        from gastown_tui.memory.acks import Acks
        from gastown_tui.memory.seen import Memory
        from gastown_tui.observe.once import Means

        past, acks = partial(Memory, state_dir()), partial(Acks, state_dir())
        return Means("tmux", os.uname().nodename, clock, time.sleep, past, acks, self.patience)

    def stream(self, *, keeps_days: bool = False) -> Stream:
        """Returns what observes a town; `keeps_days` is for what stays, since each that ends leaves its names on the disk."""
        from gastown_tui.memory.acks import Acks
        from gastown_tui.memory.ribbon import KeptDays
        from gastown_tui.memory.seen import Memory
        from gastown_tui.observe.stream import Stream

        past, acks = partial(Memory, state_dir()), partial(Acks, state_dir())
        host, backend = os.uname().nodename, self.backend or "auto"
        days = partial(KeptDays, state_dir()) if keeps_days else None
        stream = Stream(self.wanted(), "tmux", host, clock, past, backend, acks=acks, patience=self.patience, days=days)
        stream.subscribe(_collect, lambda _: None)
        return stream


def _collect(_: object) -> None:
    """What is loaded when the first answer comes stays for good; of what comes later the garbage is collected.

    Seldom: nearly all of it is freed at once without that, and each search among what is kept makes a key wait.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.set_threshold(10_000)
        gc.enable()


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
