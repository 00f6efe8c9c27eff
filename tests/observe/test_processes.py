"""What runs below a pane, from the real /proc."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gastown_tui.observe.processes import read_process, read_tree, started_at
from gastown_tui.town.snapshot import Moment

AT = Moment(1000.0, 10.0)
Wait = Callable[..., Any]


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts programs, each in a group of its own, and kills what is left of them."""
    children: list[subprocess.Popen[bytes]] = []

    def starter(*argv: str, **named: Any) -> subprocess.Popen[bytes]:
        children.append(subprocess.Popen(argv, start_new_session=True, **named))
        return children[-1]

    yield starter
    for child in children:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def names(pid: int) -> list[str]:
    return [process.comm for process in read_tree("%0", pid, AT).processes]


def test_reads_a_process_and_no_more_than_its_first_argument(start: Any, wait_for: Wait) -> None:
    child = start("sleep", "98", "1", executable="/bin/sleep")
    wait_for(lambda: names(child.pid) == ["sleep"])
    (process,) = read_tree("%7", child.pid, AT).processes
    assert (process.pid, process.parent, process.argv0, process.argv1) == (child.pid, os.getpid(), "sleep", "98")
    assert process.exe == os.path.realpath("/bin/sleep") and process.state in "SR"
    assert process.started == pytest.approx(time.time(), abs=3)
    assert started_at(child.pid) == process.started


def test_parents_come_before_children(start: Any, wait_for: Wait) -> None:
    child = start("sh", "-c", "sh -c 'sleep 97; :'; :")
    wait_for(lambda: names(child.pid) == ["sh", "sh", "sleep"])


THREAD = "import threading, subprocess; t = threading.Thread(target=subprocess.run, args=(['sleep', '96'],)); t.start(); t.join()"


def test_a_child_of_any_thread_is_a_child(start: Any, wait_for: Wait) -> None:
    child = start(sys.executable, "-c", THREAD)
    wait_for(lambda: names(child.pid)[1:] == ["sleep"])


def test_a_name_may_hold_brackets_and_spaces(start: Any, tmp_path: Path, wait_for: Wait) -> None:
    odd = tmp_path / "a) S (1 b"
    odd.symlink_to("/bin/sleep")
    child = start(str(odd), "95")
    wait_for(lambda: names(child.pid) == ["a) S (1 b"])


def test_one_that_is_gone_and_one_that_nobody_waited_for(start: Any, wait_for: Wait) -> None:
    child = start("true")
    wait_for(lambda: (found := read_process(child.pid)) and found.state == "Z")
    assert started_at(child.pid) is None
    child.wait()
    assert read_process(child.pid) is None
    assert read_tree("%0", child.pid, AT).processes == () and read_tree("%0", child.pid, AT).error is None


def test_a_stopped_process_is_seen_to_be(start: Any, wait_for: Wait) -> None:
    child = start("sleep", "94")
    os.kill(child.pid, signal.SIGSTOP)
    wait_for(lambda: (found := read_process(child.pid)) and found.state == "T")


def test_a_program_that_was_replaced_keeps_its_name(start: Any, tmp_path: Path, wait_for: Wait) -> None:
    program = tmp_path / "claude"
    program.write_bytes(Path("/bin/sleep").read_bytes())
    program.chmod(0o755)
    child = start(str(program), "93")
    wait_for(lambda: names(child.pid) == ["claude"])
    program.unlink()
    assert read_tree("%0", child.pid, AT).processes[0].exe == str(program)


def test_a_swarm_is_bounded(start: Any, wait_for: Wait) -> None:
    child = start("sh", "-c", "for i in $(seq 300); do sleep 92 & done; wait")
    wait_for(lambda: len(Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()) == 300)
    assert len(names(child.pid)) == 256


@pytest.mark.parametrize("there", [(), ("self/stat",)])
def test_without_children_in_proc_nothing_is_claimed(tmp_path: Path, there: tuple[str, ...]) -> None:
    for name in there:
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    tree = read_tree("%0", os.getpid(), AT, proc=tmp_path)
    assert tree.processes == () and tree.error is not None and "Linux" in tree.error


@pytest.mark.parametrize(("uptime", "boot"), [("50.25 9.0", 5000.75), ("20.0 9.0", 5000.0), ("", 5000.0)])
def test_a_process_is_as_old_as_it_is_to_a_fraction_of_a_second(tmp_path: Path, uptime: str, boot: float) -> None:
    for name, text in {
        "thread-self/children": "",
        "stat": "cpu 1 2\nbtime 5000\n",
        "uptime": uptime,
        "42/stat": f"42 (claude) S 1 {'0 ' * 17}{10 * os.sysconf('SC_CLK_TCK')} 0",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for later in (0.0, 0.1):
        (process,) = read_tree("%0", 42, Moment(5051.0 + later, 1.0 + later), proc=tmp_path).processes
        assert process.started == boot + 10
