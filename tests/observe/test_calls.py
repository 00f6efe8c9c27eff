"""Outside commands: what comes back, and that nothing stays."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gastown_tui.observe.calls import Done, TimedOut, run

ENV = {"PATH": os.environ["PATH"]}


def sh(line: str, **named: Any) -> Done:
    return run(["sh", "-c", line], **({"timeout": 10, "env": ENV} | named))


def ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def test_returns_both_streams_and_the_status() -> None:
    assert sh("printf out; printf err >&2; exit 3") == (3, b"out", b"err")
    assert sh("kill -9 $$").returncode == -9


def test_stdin_is_empty_unless_given() -> None:
    assert sh("cat").stdout == b""
    assert sh("cat", input=b"x" * 300_000).stdout == b"x" * 300_000


def test_the_environment_is_the_given_one_alone() -> None:
    code = "import os; print(sorted(set(os.environ) - {'LC_CTYPE'}))"
    assert run([sys.executable, "-Sc", code], timeout=10, env={"A": "1"}).stdout == b"['A']\n"


def test_the_child_leads_a_session_of_its_own() -> None:
    own, group = run(
        [sys.executable, "-Sc", "import os; print(os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid())"],
        timeout=10,
        env=ENV,
    ).stdout.split()
    assert (own, group) == (b"True", b"True")


@pytest.mark.parametrize("line", ["sleep 60 & echo $! >{0}; wait", "sleep 60 & echo $! >{0}"], ids=["waits", "has ended"])
def test_a_time_out_kills_all_of_the_group(line: str, tmp_path: Path, wait_for: Callable[..., Any]) -> None:
    with pytest.raises(TimedOut) as late:
        sh(f"echo $$ >{tmp_path}/own; {line.format(tmp_path / 'pid')}", timeout=0.3)
    assert late.value.seconds == 0.3
    assert str(late.value) == "sh did not end within 0.3 s"
    wait_for(lambda: ended(int((tmp_path / "pid").read_text())))
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "own").read_text()), 0)


def test_a_missing_program_is_an_os_error() -> None:
    with pytest.raises(FileNotFoundError):
        run(["/nonexistent/tmux"], timeout=1, env=ENV)
