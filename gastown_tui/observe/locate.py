"""Find the town: its root, the sockets that could be its server's, and which of the live ones is.

A wrong socket is an empty town, so every candidate is tried, the live ones are asked whom they serve, and two live ones are
never chosen between in silence. Probing connects to the socket: it starts no process and never a server.
"""

import os
import re
import socket as sockets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gastown_tui.town.agents import Identity, identify
from gastown_tui.town.facts import Pane, Rig
from gastown_tui.town.report import short_socket
from gastown_tui.town.snapshot import Notice, Nowhere

PROBE_TIMEOUT_S = 0.5
# The kernel takes no longer path for a socket, so no server can listen there.
LONGEST_PATH = 107
REMEDY = "name the town with --town DIR, or its server with --socket NAME, or try: gastown-tui demo"
MARKERS = ("mayor/town.json", "mayor", "settings/automonitor")


class Wanted(NamedTuple):
    """What the operator asked for, and the surroundings that decide the rest. Read once, by the command line."""

    environ: Mapping[str, str]
    cwd: Path
    home: Path
    uid: int
    town: str | None = None
    socket: str | None = None
    monitor_dir: str | None = None

    def monitor_folder(self, root: str) -> str | None:
        """Returns the automonitor's folder: the one that was named, else the town's own; None where no root is known."""
        if self.monitor_dir is not None:
            return str(self.cwd / self.monitor_dir)
        return f"{root}/settings/automonitor" if root else None


class Root(NamedTuple):
    """A town's root. `real` has no symbolic link; `entered` is as it was given, and names the socket. `chosen`: by --town."""

    real: Path
    entered: Path
    chosen: bool = False

    @property
    def marked(self) -> bool:
        """Whether the folder itself says that it is a town."""
        return any(os.path.exists(self.real / marker) for marker in MARKERS)


class Candidate(NamedTuple):
    """A socket that could be the town's. `own`: its name is derived from the root, so even an empty server is this town's."""

    path: str
    own: bool


def find_root(wanted: Wanted) -> tuple[Root | None, tuple[str, ...]]:
    """Returns (the root or None, what was tried): --town, GT_TOWN_ROOT, GT_ROOT, the outermost marker above cwd, ~/gt."""
    tried: list[str] = []
    if wanted.town is not None:
        entered = wanted.cwd / wanted.town
        there = os.path.isdir(entered)
        tried.append(f"--town {wanted.town}" + ("" if there else " (no such folder)"))
        return (_root(entered, chosen=True) if there else None), tuple(tried)
    for name in ("GT_TOWN_ROOT", "GT_ROOT"):
        if value := wanted.environ.get(name):
            root = _root(wanted.cwd / value)
            tried.append(f"{name}={value}" + ("" if root.marked else " (no mayor/ there)"))
            if root.marked:
                return root, tuple(tried)
    tried.append(f"a mayor/ folder in or above {wanted.cwd}")
    for marker in MARKERS:
        above = [folder for folder in (wanted.cwd, *wanted.cwd.parents) if os.path.exists(folder / marker)]
        if above:
            return _root(above[-1]), tuple(tried)
    tried.append("~/gt")
    return (_root(wanted.home / "gt") if os.path.isdir(wanted.home / "gt") else None), tuple(tried)


def _root(entered: Path, *, chosen: bool = False) -> Root:
    return Root(Path(os.path.realpath(entered)), entered, chosen)


def socket_folders(wanted: Wanted) -> tuple[Path, ...]:
    """Returns where tmux puts its sockets, and where gt believes that it does."""
    name = f"tmux-{wanted.uid}"
    folders = (wanted.environ.get("TMUX_TMPDIR") or "/tmp", "/tmp")
    # As tmux does: one folder under two paths must not look like two servers.
    return tuple(dict.fromkeys(Path(os.path.realpath(folder)) / name for folder in folders))


def named_socket(wanted: Wanted) -> str | None:
    """Returns the socket that was named by --socket or GT_TMUX_SOCKET (`default` and `auto` there mean: derive it)."""
    name = wanted.socket
    if name is None and wanted.environ.get("GT_TMUX_SOCKET", "auto") not in ("default", "auto", ""):
        name = wanted.environ["GT_TMUX_SOCKET"]
    return name


def candidates(root: Root | None, wanted: Wanted) -> tuple[Candidate, ...]:
    """Returns the sockets to try, in order, as paths."""
    folders = socket_folders(wanted)
    if name := named_socket(wanted):
        paths = [str(wanted.cwd / name)] if "/" in name else [str(folder / name) for folder in folders]
        return tuple(Candidate(path, own=True) for path in paths)
    if root is None:
        return ()
    from hashlib import sha256  # it takes long to load, and a socket that was named needs none

    town = sha256(os.fsencode(root.real)).hexdigest()[:6]
    names = [(f"{_sanitized(root.entered.name)}-{town}", True), (f"{_sanitized(root.real.name)}-{town}", True)]
    names += [(name, True) for folder in folders for name in _with_suffix(folder, f"-{town}")]
    names += [(_sanitized(root.real.name), False), ("default", False)]
    found = dict.fromkeys(Candidate(str(folder / name), own) for name, own in names for folder in folders)
    return tuple(found)


def _sanitized(name: str) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-") or "default"


def _with_suffix(folder: Path, suffix: str) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir() if path.name.endswith(suffix))
    except OSError:
        return []


def probe(path: str) -> str:
    """Returns `live`, `absent` (nothing there), `stale` (nobody listens), `refused` (no permission) or what went wrong."""
    if len(os.fsencode(path)) > LONGEST_PATH:
        return "absent"
    with sockets.socket(sockets.AF_UNIX) as connection:
        connection.settimeout(PROBE_TIMEOUT_S)
        try:
            connection.connect(path)
        except (FileNotFoundError, NotADirectoryError):
            return "absent"
        except ConnectionRefusedError:
            return "stale"
        except PermissionError:
            return "refused"
        except (TimeoutError, BlockingIOError):
            # A server that is stopped still has its listening queue, be it full: somebody is there.
            return "live"
        except OSError as error:
            return error.strerror or str(error)
    return "live"


class Served(NamedTuple):
    """Whom a live server serves: how many agents say that they are of this town, how many only look so, and other roots."""

    candidate: Candidate
    sure: int
    likely: int
    roots: frozenset[str]

    @property
    def ours(self) -> bool:
        return bool(self.sure or self.likely)


def whom_it_serves(candidate: Candidate, panes: Mapping[str, Pane], rigs: Sequence[Rig], root: str) -> Served:
    """Returns whom a server serves, by its listing."""
    sure = likely = 0
    roots = set()
    for pane in panes.values():
        home = pane.env.get("GT_ROOT") or pane.env.get("GT_TOWN_ROOT")
        if home:
            roots.add(home)
        if isinstance(identify(pane, rigs, root), Identity):
            sure, likely = (sure + 1, likely) if home else (sure, likely + 1)
    return Served(candidate, sure, likely, frozenset(roots))


def choose(served: Sequence[Served]) -> tuple[Candidate | None, tuple[Notice, ...]]:
    """Returns (the town's server, notices).

    A derived socket is the town's even when it is empty. Another one must hold agents that say so, or, where no derived one
    holds any, agents by their names.
    """
    own = [one for one in served if one.candidate.own]
    with_agents = [one for one in own if one.ours]
    with_agents += [one for one in served if not one.candidate.own and one.sure]
    if not with_agents:
        with_agents = [one for one in served if one.likely and not one.roots]
    chosen = next(iter(with_agents or own), None)
    if len(with_agents) < 2:
        return (chosen.candidate if chosen else None), ()
    names = " and ".join(short_socket(one.candidate.path) for one in with_agents)
    text = f"two servers hold agents of this town: {names}; shown is {short_socket(with_agents[0].candidate.path)}"
    return with_agents[0].candidate, (Notice("two_sockets", text, "choose one with --socket, and end the sessions on the other"),)


def root_from_sessions(served: Sequence[Served], root: Root | None) -> Root | Nowhere | None:
    """Returns the root that the sessions of a named socket agree on, where none was chosen; Nowhere if they disagree."""
    roots = sorted({home for one in served for home in one.roots})
    if (root and (root.chosen or str(root.real) in roots)) or not roots:
        return root
    if len(roots) > 1:
        tried = tuple(f"GT_ROOT={home} of its sessions" for home in roots)
        return Nowhere(tried, "the server holds agents of more than one town", "choose one with --town DIR")
    return _root(Path(roots[0]))


def unplaced(root: Root | None, tried: tuple[str, ...], probes: Mapping[str, str]) -> Nowhere:
    """Returns the answer where no town was found, with everything that was tried."""
    listened = tuple(f"socket {short_socket(path)}: {answer}" for path, answer in probes.items())
    if root is None:
        reason = "no town was found"
    else:
        reason = f"{root.entered} is no town: it has no mayor/ folder, and no tmux server holds agents of it"
    return Nowhere((*tried, *listened), reason, REMEDY)
