"""The console's hand on a demo town: starts its process, knows where it is, and ends it. Imports nothing heavy."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from . import leftovers

# The server of the demo town hands its environment to every agent: nothing secret may be in it.
PASSED_ON = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "TMUX_TMPDIR", "PYTHONPATH")


class BoxError(Exception):
    """The demo town did not start; the text says why, `remedy` what would help."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def command(*, agents: int = 12, seed: int = 0, speed: float = 1.0) -> list[str]:
    """Returns the command that is a demo town: prints one line of JSON when it stands, and lives until it is interrupted."""
    # -P: a file in the folder where the console was started must not be imported.
    return [sys.executable, "-P", "-m", "gastown_tui.demo", f"--agents={agents}", f"--seed={seed}", f"--speed={speed}"]


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Returns what of an environment that process needs."""
    return {name: environ[name] for name in PASSED_ON if name in environ}


class Box:
    """A running demo town: the town's `root`, the `socket` of its tmux server, and the `process` that owns both."""

    def __init__(self, root: Path, socket: Path, process: subprocess.Popen[bytes]) -> None:
        self.root, self.socket, self.process = root, socket, process

    def stop(self) -> None:
        """Ends the town and removes everything of it; returns when that is done. May be called twice."""
        _end(self.process)
        if self.root.exists():
            leftovers.end(self.root, self.socket)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def open_box(*, agents: int = 12, seed: int = 0, speed: float = 1.0, environ: Mapping[str, str], patience: float = 60.0) -> Box:
    """Returns a demo town that stands, all its agents started. Raises BoxError when it does not within `patience` seconds.

    The town holds the other end of a pipe and ends itself when this process does, however it does.
    """
    process = subprocess.Popen(
        [*command(agents=agents, seed=seed, speed=speed), "--leash"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(environ),
        start_new_session=True,
    )
    try:
        said = _first_line(process, patience)
        return Box(Path(said["town"]), Path(said["socket"]), process)
    except BaseException:
        _end(process)
        raise


def _first_line(process: subprocess.Popen[bytes], patience: float) -> dict[str, str]:
    assert process.stdout is not None
    if not select.select([process.stdout], [], [], patience)[0]:
        raise BoxError(f"the demo town did not stand after {patience:g} s", "try fewer agents")
    line = process.stdout.readline()
    if not line:
        raise BoxError("the demo town ended before it stood", "gastown-tui demo --no-ui shows why")
    said = json.loads(line)
    if "error" in said:
        raise BoxError(said["error"]["message"], said["error"]["remedy"])
    return dict(said)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the process as gently as it allows, and closes what it was held by."""
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
