"""The demo town's own process: builds the town, says where it is on one line, lives until it is ended, removes everything."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from . import leftovers
from .life import PERIOD, Life
from .roster import residents
from .town import DemoError, DemoTown, Removed

REMEDY = "tmux 3.2 or newer must be on PATH and the temporary folder writable"
ENDS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main(argv: list[str], environ: Mapping[str, str]) -> int:
    """Runs one town. Returns 0 when its leash was let go or nobody reads it, 2 when it failed; a signal ends it with 128 more."""
    wish = _wish(argv)
    for ending in ENDS:
        signal.signal(ending, _stop)
    try:
        with _box(environ) as (root, socket):
            town = DemoTown(root, socket, residents(wish.agents), seed=wish.seed, speed=wish.speed, clock=time.time)
            town.build(PERIOD / wish.speed)
            _say({"schema": 1, "town": str(root), "socket": str(socket)})
            Life(town).run(sys.stdin.fileno() if wish.leash else None)
    except Removed as error:
        return _fail(f"the demo town ended: {error}", "gastown-tui demo makes another")
    except BrokenPipeError:
        return 0
    except (DemoError, OSError, ValueError) as error:
        return _fail(f"the demo town failed: {error}", REMEDY)
    return 0


def _fail(message: str, remedy: str) -> int:
    # Where nobody can be told, the exit code still tells.
    with suppress(OSError):
        _say({"schema": 1, "error": {"code": "demo", "message": message, "remedy": remedy}})
    return 2


def _wish(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="gastown_tui.demo")
    parser.add_argument("--agents", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--leash", action="store_true", help="end when standard input is closed")
    return parser.parse_args(argv)


@contextmanager
def _box(environ: Mapping[str, str]) -> Iterator[tuple[Path, Path]]:
    """Gives a fresh town's root and socket, marked as ours; removes both afterwards, and first what earlier towns left."""
    folder = leftovers.temporary(environ)
    leftovers.sweep(folder)
    root = Path(tempfile.mkdtemp(prefix=leftovers.BOX, dir=folder)) / leftovers.TOWN
    socket = leftovers.socket_path(root, environ)
    try:
        root.mkdir()
        leftovers.mark(root, socket)
        yield root, socket
    finally:
        for ending in ENDS:
            signal.signal(ending, signal.SIG_IGN)
        leftovers.end(root, socket)


def _say(value: dict[str, object]) -> None:
    # Not by way of a buffer, which would be written once more at the end.
    os.write(1, json.dumps(value, separators=(",", ":")).encode() + b"\n")


def _stop(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:], os.environ))
