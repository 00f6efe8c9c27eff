"""A town with databases of beads, and a bd that answers as a test says and writes down what it was asked."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data/beads"
BD = """#!/bin/sh
cd "{root}/bd" || exit 1
echo "$BEADS_DIR $*" >> asked
[ -e hang ] && {{ sleep 60 & echo $! > hangs.new; mv hangs.new hangs; wait; }}
env > environ
for flag in $(cat lacks 2>/dev/null); do
  case " $* " in *" $flag "*) echo "Error: unknown flag: $flag" >&2; exit 1;; esac
done
cat complaint >&2
cat "$(basename "$(dirname "$BEADS_DIR")").out" 2>/dev/null || cat out
exit "$(cat code)"
"""


class BeadTown:
    """Below `root`, with a rig `alpha` and the town's own database; `says` is what bd answers."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.register("alpha")
        for folder in (".beads", "alpha/.beads", "bd", "tmp"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        self.says("[]")

    def register(self, *rigs: str) -> None:
        self.write("mayor/rigs.json", {"version": 1, "rigs": {rig: {"beads": {"prefix": rig[:2]}} for rig in rigs}})

    def write(self, path: str, value: Any) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(value, bytes):
            file.write_bytes(value)
        else:
            file.write_text(value if isinstance(value, str) else json.dumps(value))
        return file

    def serve(self, *places: str, port: int = 3307, version: str = "1.0.0") -> None:
        """Gives databases on a Dolt server to these folders, `` being the town's own."""
        for place in places:
            told = {"backend": "dolt", "dolt_database": place or "hq", "dolt_mode": "server", "dolt_server_port": port}
            self.write(f"{place}/.beads/metadata.json" if place else ".beads/metadata.json", told)
            self.write(f"{place}/.beads/.local_version" if place else ".beads/.local_version", version)

    def export(self, place: str, *beads: Mapping[str, Any] | str, at: str | None = None) -> Path:
        """Writes an export, with its state as of `at` where that is given."""
        folder = f"{place}/.beads" if place else ".beads"
        if at is not None:
            self.write(f"{folder}/export-state.json", {"timestamp": at, "issues": len(beads)})
        lines = (one if isinstance(one, str) else line(**one) + "\n" for one in beads)
        return self.write(f"{folder}/issues.jsonl", "".join(lines))

    def says(self, out: str | bytes, complaint: str = "", code: int = 0, *, lacks: str = "", place: str = "out") -> None:
        """Makes bd answer so; `place` is the folder of the database that is asked about, else all."""
        self.write("bin/bd", BD.format(root=self.root))
        (self.root / "bin/bd").chmod(0o755)
        self.write(f"bd/{place}" if place == "out" else f"bd/{place}.out", out)
        self.write("bd/complaint", complaint)
        self.write("bd/code", str(code))
        self.write("bd/lacks", lacks)

    @property
    def asked(self) -> list[str]:
        """Returns what bd was asked, each as the folder and the words."""
        try:
            return (self.root / "bd/asked").read_text().splitlines()
        except FileNotFoundError:
            return []

    @property
    def askers(self) -> list[str]:
        """Returns the processes that bd was started as, and those that it started."""
        found = []
        for environ in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):
                if f"BEADS_DIR={self.root}/".encode() in environ.read_bytes():
                    found.append(environ.parent.name)
        return found

    @property
    def environ(self) -> dict[str, str]:
        return {"PATH": f"{self.root}/bin:{os.defpath}", "HOME": str(self.root), "TMPDIR": str(self.root / "tmp")}


def line(bead_id: str, **more: Any) -> str:
    made = {"_type": "issue", "id": bead_id, "title": bead_id, "status": "open", "priority": 2} | more
    return json.dumps(made, separators=(",", ":"))
