"""Which databases of beads a town has: its own and one for each rig, redirects followed, each once. Reads small files only."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

MOST_BYTES = 1 << 20
MOST_HOPS = 3
NO_RIGS = frozenset({"mayor", "settings"})
# Dolt appends what is written to a file of this name, to which every write of a bead adds.
JOURNAL = f".dolt/noms/{'v' * 32}"


class Database(NamedTuple):
    """One database of beads. `rig` is None for the town's own; `folder` its `.beads`, without redirects.

    `server` is (host, port) of the Dolt server that has it, None where bd opens it by itself. `journals`: what grows with each
    write. `version`: of the bd that used it last. `known`: whether bd would find a database there. `why_not`: why no bd of today
    can read it, else empty.
    """

    name: str
    rig: str | None
    folder: str
    server: tuple[str, int] | None = None
    journals: tuple[str, ...] = ()
    version: str = ""
    known: bool = False
    why_not: str = ""


class Found(NamedTuple):
    """The town's databases, its own first, then its rigs' by name; and those that no rig of it has, as (name, folder)."""

    databases: tuple[Database, ...]
    orphans: tuple[tuple[str, str], ...] = ()


def find(root: str) -> Found:
    """Returns the databases of a town. What cannot be read is as if it were not there."""
    found: dict[str, Database] = {}
    places: set[tuple[str, tuple[str, int] | None]] = set()
    rigs = _rigs(root)
    for rig in (None, *rigs):
        folder = _folder(root, rig)
        if folder is None or folder in found:
            continue
        database = _database(root, rig, folder)
        # Several folders may lead to one database of a server.
        if database.server is None or (database.name, database.server) not in places:
            found[folder] = database
            places.add((database.name, database.server))
    return Found(tuple(found.values()), tuple(_orphans(root, rigs, found)))


def _rigs(root: str) -> list[str]:
    registry = read_json(f"{root}/mayor/rigs.json") or read_json(f"{root}/rigs.json")
    rigs = registry.get("rigs")
    # A name is a folder of the town: one that leads elsewhere is no rig.
    return sorted(name for name in rigs if name and "/" not in name and name not in (".", "..")) if isinstance(rigs, dict) else []


def _folder(root: str, rig: str | None) -> str | None:
    """Returns the real folder of a rig's beads, or of the town's own, None where there is none."""
    places = [f"{root}/.beads"] if rig is None else [f"{root}/{rig}/mayor/rig/.beads", f"{root}/{rig}/.beads"]
    return next((_redirected(place) for place in places if os.path.isdir(place)), None)


def _redirected(folder: str) -> str:
    """Returns where a folder's redirects lead; the folder itself where they lead nowhere, or in a circle."""
    at = folder
    for _ in range(MOST_HOPS):
        lines = (line.strip() for line in read_text(f"{at}/redirect").splitlines())
        path = next((line for line in lines if line and not line.startswith("#")), None)
        if path is None:
            return os.path.realpath(at)
        at = os.path.join(os.path.dirname(at), path)
        if not os.path.isdir(at):
            break
    return os.path.realpath(folder)


def _database(root: str, rig: str | None, folder: str) -> Database:
    told = read_json(f"{folder}/metadata.json")
    name = _word(told.get("dolt_database")) or rig or "hq"
    journals = (
        f"{root}/.dolt-data/{name}/{JOURNAL}",
        f"{folder}/embeddeddolt/{name}/{JOURNAL}",
        f"{folder}/dolt/{name}/{JOURNAL}",
    )
    version = read_text(f"{folder}/.local_version").strip()
    return Database(name, rig, folder, _server(folder, told), journals, version, bool(told), _why_not(folder, told))


def _server(folder: str, told: dict[str, Any]) -> tuple[str, int] | None:
    if told.get("dolt_mode") != "server":
        return None
    port = read_text(f"{folder}/dolt-server.port").strip()
    number = int(port) if port.isdecimal() and len(port) < 6 else told.get("dolt_server_port")
    return _word(told.get("dolt_server_host")) or "127.0.0.1", number if isinstance(number, int) else 3307


def _why_not(folder: str, told: dict[str, Any]) -> str:
    """A database of bd 0.50 and older is SQLite; beside one of Dolt it is only what was left over."""
    if told.get("backend", "dolt") == "dolt" and "dolt_database" in told:
        return ""
    dolt = any(os.path.isdir(f"{folder}/{place}") for place in ("dolt", "embeddeddolt"))
    return "" if dolt or not os.path.exists(f"{folder}/beads.db") else "beads.db is SQLite, which only bd 0.50 and older reads"


def _orphans(root: str, rigs: list[str], found: dict[str, Database]) -> Iterator[tuple[str, str]]:
    """Yields databases that are there, and that no rig has any more."""
    named = {database.name for database in found.values()}
    for name in listed(f"{root}/.dolt-data"):
        if name not in named and os.path.isdir(f"{root}/.dolt-data/{name}/.dolt"):
            named.add(name)
            yield name, f"{root}/.dolt-data/{name}"
    for name in listed(root):
        if name in NO_RIGS or name in rigs or (folder := _folder(root, name)) is None or folder in found:
            continue
        if _database(root, name, folder).name not in named:
            yield name, folder


def listed(folder: str) -> list[str]:
    """Returns what is in a folder, sorted, without hidden ones; nothing where it cannot be read."""
    with suppress(OSError, ValueError):
        return sorted(name for name in os.listdir(folder) if not name.startswith("."))
    return []


def read_text(path: str) -> str:
    """Returns the text of a small regular file, nothing where that cannot be read."""
    with suppress(OSError, ValueError):
        if os.path.isfile(path):
            with open(path, "rb") as file:
                return file.read(MOST_BYTES).decode("utf-8", "replace")
    return ""


def read_json(path: str) -> dict[str, Any]:
    """Returns the object in a small file, an empty one where there is none."""
    with suppress(ValueError, RecursionError):
        value = json.loads(read_text(path))
        return value if isinstance(value, dict) else {}
    return {}


def _word(value: object) -> str:
    # It becomes part of a path.
    return value if isinstance(value, str) and "/" not in value and value not in (".", "..") else ""
