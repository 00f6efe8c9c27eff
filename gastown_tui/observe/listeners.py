"""Servers whom nobody can reach: the file of a socket was removed, or is another server's by now, and they go on without it.

The kernel still knows by which path such a server listens. Whoever only finds no file there would tell its agents dead.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache

from gastown_tui.town.snapshot import Notice

from .ports import GatewayError

_TABLE = "/proc/net/unix"
_LISTENS = b" 00010000 "


def unreachable(paths: Iterable[str]) -> tuple[str, GatewayError] | None:
    """Returns (path, what to tell) of the first of these paths, where nobody answers, by which somebody listens all the same."""
    return next(((path, _removed(path, inodes[0])) for path, inodes in _listeners(paths).items() if inodes), None)


def _removed(path: str, inode: int) -> GatewayError:
    pid = _holder(inode)
    who, remedy = (f" (pid {pid})", f"kill -USR1 {pid}") if pid else ("", "send it SIGUSR1")
    text = f"the tmux server{who} of {path} still runs, but its socket was removed"
    return GatewayError(text, remedy=f"{remedy} makes it listen there again")


def beside(path: str, epoch: str) -> Notice | None:
    """Returns the notice that another server listens by the path of the one that answers; None mostly.

    `epoch` is that of the one that answers: its pid, a dash, its start.
    """
    inodes = _listeners([path])[path]
    others = [pid for pid in map(_holder, inodes) if str(pid) != epoch.partition("-")[0]] if len(inodes) > 1 else []
    if not others:
        return None
    who, remedy = (f" (pid {others[0]})", f"kill -USR1 {others[0]}") if others[0] else ("", "SIGUSR1")
    text = f"another tmux server{who} listens by the path of the one that is seen: whom it holds is not known"
    return Notice("two_sockets", text, f"end what runs twice; {remedy} puts that one at the socket")


def _listeners(paths: Iterable[str]) -> dict[str, list[int]]:
    """Returns the inodes of whoever listens by each path, whatever lies there; nobody where the kernel does not tell."""
    rows = (line.split(None, 7) for line in _table().splitlines() if _LISTENS in line)
    found = [(int(row[6]), os.fsdecode(row[7])) for row in rows if len(row) == 8]
    return {path: [inode for inode, bound in found if _is_same(bound, path)] for path in paths}


def _is_same(one: str, other: str) -> bool:
    """Whether two paths lead to the same name in the same folder: tmux may have been told of it by a link."""
    (there, name), (here, wanted) = os.path.split(one), os.path.split(other)
    return name == wanted and os.path.realpath(there) == os.path.realpath(here)


def _table() -> bytes:
    with suppress(OSError), open(_TABLE, "rb") as table:
        return table.read()
    return b""


@lru_cache(maxsize=16)
def _holder(inode: int) -> int | None:
    """Returns the process that holds a socket; an inode is nobody else's while it lives."""
    name = f"socket:[{inode}]"
    return next((int(pid) for pid in filter(str.isdigit, os.listdir("/proc")) if name in _files(pid)), None)


def _files(pid: str) -> Iterable[str]:
    folder, numbers = f"/proc/{pid}/fd", list[str]()
    with suppress(OSError):
        numbers = os.listdir(folder)
    for number in numbers:
        # One that was closed meanwhile hides none of the others.
        with suppress(OSError):
            yield os.readlink(f"{folder}/{number}")
