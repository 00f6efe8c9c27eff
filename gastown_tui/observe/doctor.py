"""What was tried and found on this machine, with a remedy for each failure."""

from __future__ import annotations

import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gastown_tui.town.beads.told import origin_sentence
from gastown_tui.town.facts import MonitorRead
from gastown_tui.town.monitor import monitor
from gastown_tui.town.report import SCHEMA, short_socket
from gastown_tui.town.snapshot import Nowhere
from gastown_tui.town.text import mask, safe
from gastown_tui.town.words import monitor_sentence

from .beads.once import read_beads
from .calls import TimedOut, run
from .listeners import beside
from .locate import Wanted
from .means import FIRST_TIMEOUT_S, Means, surveyed
from .monitor_log import read_once
from .ports import GatewayError
from .survey import Survey
from .tmux.fork import ForkGateway
from .tmux.versions import client_version, dangers, refusal

TOOL_TIMEOUT_S = 2.0
DESCRIPTORS_PER_AGENT = 2
FLEET = 300


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `status` is `ok`, `warn`, `fail` or `skip`; everything but ok and skip has its remedy."""

    name: str
    status: str
    found: str
    tried: tuple[str, ...] = ()
    remedy: str | None = None

    def document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "status": self.status,
            "found": mask(safe(self.found)),
            "tried": [mask(safe(one)) for one in self.tried],
            "remedy": self.remedy,
        }


def examine(wanted: Wanted, means: Means, backend: str, terminal: bool, state_dir: Path) -> dict[str, Any]:
    """Returns the document of `doctor --json`. Blind: the town or its server cannot be seen; degraded: anything else fails."""
    place = surveyed(wanted, means, FIRST_TIMEOUT_S)
    checks = [_town(place), _socket(place), *_tmux(place, wanted, means, backend)]
    checks += [_tool(name, wanted) for name in ("gt", "bd")]
    checks += [*_beads(place, wanted, means), _monitor(place, wanted, means), _terminal(wanted, terminal)]
    checks += [*_permissions(place, wanted, state_dir), _limits()]
    states = {check.name: check.status for check in checks}
    blind = states["town"] == "fail" or states["socket"] == "fail" or states["tmux"] == "fail"
    # What a version of tmux can do wrong is worth knowing, and is no failure yet.
    degraded = any(check.status == "fail" or (check.status == "warn" and check.name != "tmux") for check in checks)
    verdict = "blind" if blind else "degraded" if degraded else "good"
    return {"schema": SCHEMA, "verdict": verdict, "checks": [check.document() for check in checks]}


def _town(place: Survey | Nowhere) -> Check:
    if isinstance(place, Nowhere):
        return Check("town", "fail", place.reason, place.tried, place.remedy)
    if place.files.errors:
        return Check("town", "warn", "; ".join(place.files.errors), place.tried, "mend or restore that file")
    rigs = f"{len(place.files.rigs)} rigs" if place.files.registered else "no registry of rigs"
    return Check("town", "ok", f"{place.ref.root or 'root unknown'}, {rigs}", place.tried)


def _socket(place: Survey | Nowhere) -> Check:
    if isinstance(place, Nowhere):
        return Check("socket", "skip", "no town, so no socket")
    tried = tuple(f"{short_socket(path)}: {answer}" for path, answer in place.probes.items())
    other = next(iter(place.located.notices), None)
    if other is None and place.look is not None:
        other = beside(place.ref.socket or "", place.look.epoch)
    if other is not None:
        return Check("socket", "warn", other.text, tried, other.remedy)
    if place.look is not None:
        return Check("socket", "ok", short_socket(place.ref.socket or ""), tried)
    error = place.error or GatewayError("nothing listens")
    return Check("socket", "warn" if error.absent else "fail", str(error), tried, error.remedy)


def _tmux(place: Survey | Nowhere, wanted: Wanted, means: Means, backend: str) -> Iterator[Check]:
    try:
        client = client_version(means.tmux, wanted.environ, timeout=TOOL_TIMEOUT_S)
    except GatewayError as error:
        yield Check("tmux", "fail", str(error), remedy=error.remedy)
        return
    server = place.look.version if isinstance(place, Survey) and place.look else ""
    found = f"client {client}" + (f", server {server}" if server else ", no server running")
    worries = dangers(client, server or client)
    if worries:
        yield Check("tmux", "warn", f"{found}: {'; '.join(worry.text for worry in worries)}", remedy=worries[0].remedy)
    else:
        yield Check("tmux", "ok", found)
    refused = (
        "it was switched off by --backend fork"
        if backend == "fork"
        else refusal(client, *_nature(place, wanted, means, server or client))
    )
    if refused:
        status = "ok" if backend == "fork" else "warn"
        yield Check("backend", status, f"fork; control is not used: {refused}", remedy=None if status == "ok" else "upgrade tmux")
    else:
        yield Check("backend", "ok", "control")


def _nature(place: Survey | Nowhere, wanted: Wanted, means: Means, version: str) -> tuple[str, str]:
    """Returns version and `window-size` of the server; of one that does not answer the version that is known."""
    if isinstance(place, Survey) and place.look and place.ref.socket:
        with suppress(GatewayError):
            return ForkGateway(means.tmux, place.ref.socket, wanted.environ, clock=means.clock).nature_once()
    return version, ""


def _tool(name: str, wanted: Wanted) -> Check:
    path = shutil.which(name, path=wanted.environ.get("PATH"))
    if path is None:
        return Check(
            name, "warn", f"{name} is not on PATH", remedy=f"install {name}, or add its folder to PATH; observing needs none"
        )
    try:
        done = run([path, "version"], timeout=TOOL_TIMEOUT_S, env={**wanted.environ, "BD_EXPORT_AUTO": "false"})
    except (OSError, TimedOut) as error:
        return Check(name, "warn", f"{path}: {error}", remedy=f"run {name} version by hand")
    said = done.stdout.decode("utf-8", "replace").strip().partition("\n")[0]
    if done.returncode:
        return Check(name, "warn", f"{path} ends with {done.returncode}", remedy=f"run {name} version by hand")
    return Check(name, "ok", f"{said or 'no version told'} ({path})")


def _beads(place: Survey | Nowhere, wanted: Wanted, means: Means) -> Iterator[Check]:
    """Yields a check for each database: by what it is read, of when that is, and why not better."""
    seen = None if isinstance(place, Nowhere) else read_beads(place.ref.root, None, wanted.environ, means.clock)
    if seen is None:
        yield Check(
            "beads", "skip", "this town has no database of beads" if isinstance(place, Survey) else "no town, so no beads"
        )
        return
    now = means.clock().wall
    for notice in seen.fact.notices:
        if notice.code != "dolt_down":  # each database says so itself
            yield Check("beads", "warn", notice.text, remedy=safe(notice.remedy))
    for origin in seen.fact.origins:
        if origin.orphan or origin.state == "ok":
            yield Check("beads", "skip" if origin.orphan else "ok", origin_sentence(origin, now))
        else:
            status = "fail" if origin.state == "error" else "warn"
            yield Check("beads", status, origin_sentence(origin, now), remedy=origin.remedy or "put bd on PATH, and it is asked")


def _monitor(place: Survey | Nowhere, wanted: Wanted, means: Means) -> Check:
    path = wanted.monitor_folder("" if isinstance(place, Nowhere) else place.ref.root)
    if path is None:
        nowhere = isinstance(place, Nowhere)
        return Check("monitor", "skip", "no town, so no automonitor's folder" if nowhere else "the town's root is not known")
    now = means.clock()
    fact = read_once(path, now, named=wanted.monitor_dir is not None)
    if not isinstance(fact, MonitorRead):
        if fact is None:
            return Check("monitor", "skip", "this town has no automonitor", (path,))
        return Check("monitor", "fail", fact.error, (path,), "name the automonitor's folder with --monitor-dir")
    said, _ = monitor(fact, now)
    found = f"{path}: {monitor_sentence(said, now.wall)}"
    if said.faults:
        return Check("monitor", "warn", "; ".join((found, *said.faults)), (path,), "mend or remove that file")
    if said.writer == "silent":
        return Check("monitor", "warn", found, (path,), "gt-automonitor restart starts it again")
    return Check("monitor", "ok", found, (path,))


def _terminal(wanted: Wanted, terminal: bool) -> Check:
    if not terminal:
        return Check("terminal", "skip", "standard output is no terminal")
    term = wanted.environ.get("TERM", "")
    if term in ("", "dumb", "unknown"):
        return Check(
            "terminal", "fail", f"TERM is {term or 'not set'}", remedy="set TERM to what your terminal is, e.g. xterm-256color"
        )
    colours = "true colour" if wanted.environ.get("COLORTERM") in ("truecolor", "24bit") else "256 colours or fewer"
    inside = ", inside tmux" if wanted.environ.get("TMUX") else ""
    encoding = wanted.environ.get("LC_ALL") or wanted.environ.get("LC_CTYPE") or wanted.environ.get("LANG") or ""
    if encoding and "utf" not in encoding.lower():
        return Check(
            "terminal", "warn", f"{term}, {encoding} is not UTF-8", remedy="set LC_ALL=C.UTF-8, or shapes may not be drawn"
        )
    return Check("terminal", "ok", f"{term}, {colours}{inside}")


def _permissions(place: Survey | Nowhere, wanted: Wanted, state_dir: Path) -> Iterator[Check]:
    problems = []
    if isinstance(place, Survey) and place.ref.root and not os.access(place.ref.root, os.R_OK | os.X_OK):
        problems.append(f"{place.ref.root} cannot be read")
    parent = next(folder for folder in (state_dir, *state_dir.parents) if os.path.exists(folder))
    if not (os.path.isdir(parent) and os.access(parent, os.W_OK | os.X_OK)):
        problems.append(f"{parent} cannot be written, so nothing is remembered between runs")
    if problems:
        yield Check(
            "permissions", "warn", "; ".join(problems), remedy="run this as the town's owner; set XDG_STATE_HOME elsewhere"
        )
    else:
        yield Check("permissions", "ok", f"uid {wanted.uid} reads the town and writes {state_dir}")


def _limits() -> Check:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    needed = FLEET * DESCRIPTORS_PER_AGENT + 64
    if hard == resource.RLIM_INFINITY or hard >= needed:
        return Check("limits", "ok", f"open files: {'unlimited' if hard == resource.RLIM_INFINITY else hard}")
    text = f"open files: {hard}; {FLEET} agents want {needed}, beyond that a death is noticed within a second instead of at once"
    return Check("limits", "warn", text, remedy="raise the hard limit: ulimit -Hn 4096")


def lines(document: dict[str, Any]) -> list[str]:
    """Returns the document for people."""
    marks = {"ok": "✓", "warn": "!", "fail": "✗", "skip": "·"}
    width = max(len(check["name"]) for check in document["checks"])
    out = []
    for check in document["checks"]:
        out.append(f"{marks[check['status']]} {check['name']:<{width}}  {check['found']}")
        if check["status"] != "ok":
            out += [f"  {'':<{width}}  tried {one}" for one in check["tried"]]
        if check["remedy"]:
            out.append(f"  {'':<{width}}  → {check['remedy']}")
    return [*out, document["verdict"]]
