"""The bench itself, in its quickest form: that each of its instruments still measures something."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TMUX")}
    line = [sys.executable, "-m", "bench", *words]
    return subprocess.run(line, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=110, check=False)


def test_every_exact_number_is_measured_and_reached() -> None:
    done = bench("--quick", "--only", "forks", "bytes", "deaths", "memory")
    assert done.returncode == 0, done.stderr
    table = [line.split("|")[1:-1] for line in done.stdout.splitlines() if line.startswith("| ")][1:]
    rows = {what.strip(): (measured.strip(), met.strip()) for what, measured, _, met, _ in table}
    assert len(rows) == 11
    assert rows["processes started per second, steady, control"][0].startswith("0.00 (0 in ")
    assert rows["processes started per second, steady, fork"][1] == "yes"
    assert " after 300 births and deaths" in " ".join(rows)
    assert all(" 5000 " not in measured for measured, _ in rows.values()), "a death was never seen"


def test_a_bench_that_is_killed_leaves_no_town(wait_for: Callable[..., object]) -> None:
    begin = "from bench.fleet import fleets\nwith fleets(2) as made: print(made[2].pid, made[2].folder, flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", begin], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as measuring:
        assert measuring.stdout
        server, folder = measuring.stdout.readline().decode().split()
        program = Path(f"/proc/{server}/exe")
        assert program.exists() and Path(folder).exists()
        measuring.kill()
    wait_for(lambda: not Path(folder).exists() and not program.exists())


@pytest.mark.parametrize("words", [("--write", "--quick"), ("--write", "--only", "keys"), ("--only", "nonsense")])
def test_a_table_that_is_not_whole_is_not_written(words: tuple[str, ...]) -> None:
    before = sorted((ROOT / "bench").glob("RESULTS.md*"))
    assert bench(*words).returncode == 2
    assert sorted((ROOT / "bench").glob("RESULTS.md*")) == before
