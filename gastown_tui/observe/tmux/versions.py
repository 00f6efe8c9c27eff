"""Versions of tmux: which dangers they bring, and which pairs may speak in control mode."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from gastown_tui.observe.calls import TimedOut, run
from gastown_tui.observe.ports import GatewayError


class Version(NamedTuple):
    major: int
    minor: int
    letter: str = ""


class Danger(NamedTuple):
    """Something that a version of tmux does to a town, and what helps."""

    code: str
    text: str
    remedy: str


UPGRADE = "install tmux 3.6 or later and restart the town"


def version(text: str) -> Version | None:
    """Returns the version in `tmux -V` or `#{version}`: `3.3a`, `next-3.8`; `master` is later than all; None if unknown."""
    if text.strip().removeprefix("tmux ") == "master":
        return Version(99, 0)
    found = re.fullmatch(r"(?:tmux )?(?:next-)?(\d+)\.(\d+)([a-z]?)(?:-rc\d*)?", text.strip())
    return Version(int(found[1]), int(found[2]), found[3]) if found else None


def client_version(tmux: str, env: Mapping[str, str], *, timeout: float = 3.0) -> str:
    """Returns what `tmux -V` says without the word tmux (`3.3a`). Raises GatewayError where it cannot be run."""
    try:
        done = run([tmux, "-V"], timeout=timeout, env=env)
    except (OSError, TimedOut) as error:
        raise GatewayError(f"{tmux} cannot be run: {error}", remedy="install tmux 3.2 or later") from None
    return done.stdout.decode("utf-8", "replace").strip().removeprefix("tmux ")


def same_side_of_3_6(client: str, server: str) -> bool:
    """Returns whether both are older than 3.6 or neither is; False where one is unknown.

    Across that border the protocol has the same number and another meaning: a control client of 3.4 or 3.5a crashes a server
    of 3.6, a newer one hangs on an older server.
    """
    ours, theirs = version(client), version(server)
    return ours is not None and theirs is not None and (ours >= (3, 6)) == (theirs >= (3, 6))


def refusal(client: str, server: str, sized: str = "") -> str | None:
    """Returns why a control connection must not be tried between these two, or None. `sized`: the server's `window-size`.

    Such a connection makes a session, which from 3.3 on and before 3.7 crashes a server whose windows are sized by hand.
    """
    ours, theirs = version(client), version(server)
    if ours is None or theirs is None:
        return f"the version of tmux is unknown (client {client or '?'}, server {server or '?'})"
    if min(ours, theirs) < (3, 2):
        return f"tmux is older than 3.2 (client {client}, server {server})"
    if not same_side_of_3_6(client, server):
        return f"tmux client {client} and server {server} are on different sides of 3.6: one would hang or crash the other"
    if sized == "manual" and (3, 3) <= theirs < (3, 7):
        return f"tmux server {server} would crash on a new session while its window-size is manual"
    return None


def dangers(client: str, server: str) -> list[Danger]:
    """Returns the known dangers of this pair, the gravest first."""
    ours, theirs = version(client), version(server)
    found: list[Danger] = []
    if theirs and theirs < (3, 2):
        found.append(Danger("tmux-too-old", f"tmux server {server} is older than 3.2: panes cannot be read reliably", UPGRADE))
    if theirs and theirs < (3, 4):
        text = f"tmux server {server} crashes, with all agents, when something is pasted into a dead pane"
        found.append(Danger("tmux-dead-paste", text, "install tmux 3.4 or later and restart the town"))
    if ours and theirs and not same_side_of_3_6(client, server):
        text = f"tmux client {client} and server {server}: a control client can crash this server"
        found.append(Danger("tmux-mixed", text, "restart the town, so that its server is the tmux that is installed"))
    if theirs and theirs < (3, 7):
        text = f"tmux server {server} can crash, with all agents, when a session comes or goes while a control client connects"
        found.append(Danger("tmux-connecting", text, "install tmux 3.7 or later; with --backend fork nobody connects"))
    if theirs and theirs < (3, 6):
        text = f"tmux server {server}, as Debian and Ubuntu build it, can lose the exit status of a pane and miss its death"
        found.append(Danger("tmux-lost-exit", text, UPGRADE))
    if ours is None or theirs is None:
        text = f"the version of tmux is unknown (client {client or '?'}, server {server or '?'})"
        found.append(Danger("tmux-unknown", text, "install a released tmux, 3.6 or later"))
    return found
