"""One full answer of `bd list` about one database: the only command of bd that is ever run, and one that never writes.

bd decides by a command's name whether it may write as it starts and ends. `list` is among those that only read; `stats`, `query`
and `sql` are not, and before them a stale export may be imported over what is alive. `--readonly` prevents none of that.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from threading import Lock
from typing import NamedTuple

from gastown_tui.observe.calls import Call, TimedOut
from gastown_tui.town.beads.bead import stamp
from gastown_tui.town.beads.reading import MOST_SAID, Answering
from gastown_tui.town.text import mask

from .databases import Database, read_json
from .export import Signature, signature

TIMEOUT_S = 60.0
MOST_BYTES = 1 << 30
# bd takes a breaker that tripped longer ago for closed.
BREAKER_S = 300.0

COMMAND = ("list", "--json", "--all", "--limit", "0")
# What an older bd may not know, and still answer.
OPTIONAL = ("--sandbox", "--flat", "--include-gates", "--include-infra", "--include-templates")
WISPS_WITH = "--include-infra"
_UNKNOWN_FLAG = re.compile(r"unknown flag: (--[\w-]+)")
_UNREACHABLE = re.compile(r"unreachable|connection refused|circuit breaker", re.IGNORECASE)
_IMPORTS = b"auto-importing"
_SET = {
    "BEADS_DOLT_AUTO_START": "0",
    "BD_EXPORT_AUTO": "false",
    "BD_EXPORT_GIT_ADD": "false",
    "BD_BACKUP_ENABLED": "false",
    "BD_NON_INTERACTIVE": "1",
    "NO_COLOR": "1",
}
_UNSET = frozenset({"CLAUDE_CODE", "BD_AGENT_MODE", "BD_JSON_ENVELOPE", "BEADS_DB", "BD_DB", "BEADS_DOLT_SERVER_DATABASE"})

Keep = Callable[[bytes], bytes]


class Dump(NamedTuple):
    """What bd said of a database. `beads` is None where it did not answer: `said` is why, `remedy` what helps.

    `wisps`: whether it was asked for them too. `down`: its server cannot be reached. `imports`: it began to import an export.
    """

    beads: tuple[bytes, ...] | None
    said: str = ""
    remedy: str = ""
    wisps: bool = True
    down: bool = False
    imports: bool = False


SHUT = Dump(None, "bd asks its server no more for a while: it failed too often", "gt dolt status", down=True)


class TooMuch(Exception):  # noqa: N818 (it says what happened, as the others do)
    """It said more than anybody can keep."""


class Bd:
    """bd as it is found on PATH. What flags it does not know is asked once, and again when it is another file."""

    def __init__(self, environ: Mapping[str, str], *, timeout: float = TIMEOUT_S) -> None:
        self.environ = environ
        self._timeout = timeout
        self._lacks: dict[tuple[str, Signature | None], frozenset[str]] = {}
        self._lock = Lock()
        self._call: Call | None = None
        self._stopped = False

    @property
    def path(self) -> str | None:
        return shutil.which("bd", path=self.environ.get("PATH", ""))

    def dump(self, database: Database, keep: Keep = bytes) -> Dump:
        """Returns what bd says of a database. Blocks, at most for the timeout once for each flag that it does not know."""
        path = self.path
        if path is None:
            return Dump(None, "bd is not on PATH", "install bd, or start this where bd is on PATH")
        key = (path, signature(path))
        while True:
            lacking = self._lacks.get(key, frozenset())
            done = self._asked(path, lacking, database, keep)
            flag = _UNKNOWN_FLAG.search(done.said) if done.beads is None else None
            if flag is None or flag[1] not in OPTIONAL or flag[1] in lacking:
                return done._replace(wisps=WISPS_WITH not in lacking)
            self._lacks[key] = lacking | {flag[1]}

    def stop(self) -> None:
        """Ends the call that is under way, and lets no other begin; may be called from any thread."""
        with self._lock:
            self._stopped = True
            if self._call:
                self._call.kill()

    def _asked(self, path: str, lacking: frozenset[str], database: Database, keep: Keep) -> Dump:
        answering, size = Answering(keep), 0

        def take(piece: bytes) -> None:
            nonlocal size
            size += len(piece)
            if size > MOST_BYTES:
                raise TooMuch
            answering.feed(piece)

        try:
            with self._started(path, lacking, database) as call:
                code, complaints = call.poured(take, self._timeout)
        except TimedOut as late:
            return Dump(
                None, f"bd list did not answer within {late.seconds:g} s", "see whether its server is well: gt dolt status"
            )
        except TooMuch:
            return Dump(None, f"bd list said more than {MOST_BYTES >> 20} MiB", "see what is so large in it: bd list --all")
        except OSError as error:
            return Dump(None, f"bd cannot be run: {error.strerror or error}", "see whether it is a program: bd version")
        answer = answering.end()
        imports = _IMPORTS in complaints
        if answer.whole and code == 0:
            return Dump(answer.beads, imports=imports)
        return _refused(complained(complaints) or answer.said or f"bd list ended with {code}")._replace(imports=imports)

    def _started(self, path: str, lacking: frozenset[str], database: Database) -> Call:
        with self._lock:
            if self._stopped:
                raise OSError("nobody asks any more")
            argv, env = arguments(path, lacking), environment(self.environ, database)
            # A folder of bd's own could add a filter by where it is run.
            self._call = Call(argv, env=env, stdin=subprocess.DEVNULL, cwd="/")
            return self._call


def arguments(path: str, lacking: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Returns the one command that is run, without the flags that this bd lacks."""
    return path, "--readonly", *COMMAND, *(flag for flag in OPTIONAL if flag not in lacking)


def environment(environ: Mapping[str, str], database: Database) -> dict[str, str]:
    """Returns the environment for one database: nothing inherited may point to another, or change what is printed."""
    kept = {name: value for name, value in environ.items() if name not in _UNSET and not name.startswith("BD_DEBUG")}
    return {**kept, **_SET, "BEADS_DIR": database.folder}


def complained(stderr: bytes) -> str:
    """Returns what a failure is about: the message of the last JSON object, else the first line that is no mere warning."""
    text = stderr.decode("utf-8", "replace")
    at = text.rfind("\n{") + 1 if "\n{" in text else 0 if text.startswith("{") else -1
    if at >= 0:
        try:
            value = json.loads(text[at:])
            return str(value["error"]) if isinstance(value, dict) and value.get("error") else ""
        except (ValueError, RecursionError):
            pass
    lines = (line.strip() for line in text.splitlines())
    told = (line for line in lines if line and not line.lower().startswith(("warning:", "hint:", "[circuit-breaker]")))
    return next(told, "").removeprefix("Error: ")


def _refused(said: str) -> Dump:
    """Returns a refusal with its remedy."""
    first = mask(said.splitlines()[0], MOST_SAID) if said else "it said nothing"
    if _UNREACHABLE.search(said):
        return Dump(None, first, "start the town's database server: gt dolt start", down=True)
    if "no beads database" in said:
        return Dump(None, first, "see what bd finds there: bd where")
    if _UNKNOWN_FLAG.search(said):
        return Dump(None, f"this bd is older than 0.57: {first}", "install a newer bd")
    return Dump(None, first, "try it by hand: bd list --json --limit 1")


def breaker_is_open(database: Database, environ: Mapping[str, str], now: float) -> bool:
    """Whether bd itself has given up on this database's server for a while: another call would make that longer for everybody."""
    if database.server is None:
        return False
    host, port = database.server
    server = f"beads-dolt-circuit-{_filed(host)}-{port}"
    folders = dict.fromkeys((environ.get("TMPDIR") or "/tmp", "/tmp"))
    names = (f"{server}-{_filed(database.name)}.json", f"{server}.json")
    return any(_is_open(read_json(f"{folder}/beads-circuit/{name}"), now) for folder in folders for name in names)


def _filed(name: str) -> str:
    return re.sub(r"[.:/]", "-", name)


def _is_open(state: Mapping[str, object], now: float) -> bool:
    tripped = stamp(state.get("tripped_at")) or stamp(state.get("last_failure"))
    return state.get("state") in ("open", "half-open") and (tripped is None or now - tripped < BREAKER_S)
