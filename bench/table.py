"""The table: one row for each thing that was measured, and RESULTS.md, which keeps why a number was not reached."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
README = Path(__file__).parents[1] / "README.md"
NO_REASON = "the reason is not known yet"
_REASON = re.compile(r"^- \*\*(?P<what>.+?)\*\*: (?P<why>.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured, what it is to reach, whether it does, and how it compares with the baseline of the same run."""

    what: str
    measured: str
    reach: str
    met: bool
    ratio: str = "–"


def machine() -> str:
    """Returns on what was measured, and how busy it is."""
    model = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    tmux = subprocess.run(["tmux", "-V"], capture_output=True, text=True, check=True).stdout.strip()
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"{os.cpu_count()} × {model[1] if model else platform.machine()}, {platform.system()} {platform.release()}, {tmux}, "
        f"Python {platform.python_version()}, Textual {version('textual')}, load {load}"
    )


def markdown(rows: Sequence[Row]) -> str:
    """Returns the rows as a table that reads well as plain text too."""
    cells = [("what", "measured", "reach", "met", "against the baseline")]
    cells += [(row.what, row.measured, row.reach, "yes" if row.met else "**no**", row.ratio) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in cells]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def shortened(text: str) -> str:
    """Returns the README's table: what a RESULTS.md says was measured, and what it was to reach."""
    rows = [[cell.strip() for cell in line.split("|")[1:5]] for line in text.splitlines() if line.startswith("| ")]
    head, *lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, "|---|---|---|---|", *lines])


def reasons(text: str) -> dict[str, str]:
    """Returns the reasons that an earlier RESULTS.md gives, by what was measured."""
    return {found["what"]: found["why"] for found in _REASON.finditer(text)}


def results(rows: Sequence[Row], command: str, where: Sequence[str], why: Mapping[str, str]) -> str:
    """Returns RESULTS.md."""
    missed = [f"- **{row.what}**: {why.get(row.what, NO_REASON)}" for row in rows if not row.met]
    return "\n".join(
        [
            "# What it costs and how fast it is",
            "",
            f"Made by `{command}`. CPU is in percent of one core. Bytes and processes are exact;",
            "times depend on the machine and on what else it does: read them with their ratio to the baseline of the same run.",
            "",
            *(f"- {line}" for line in where),
            "",
            markdown(rows),
            "",
            "## Not reached",
            "",
            *(missed or ["Nothing: every number is reached."]),
            "",
        ]
    )
