"""The demo town, built for real: what stands in it, what happens to it, and that nothing of it stays behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gastown_tui.demo import leftovers
from gastown_tui.demo.box import Box, BoxError, command, environment, open_box
from gastown_tui.demo.roster import residents, rigs
from gastown_tui.demo.town import AGENT, DemoTown
from gastown_tui.memory.documents import MARKER

FIELDS = "#{session_name}\t#{pane_pid}\t#{pane_dead}\t#{pane_current_command}\t#{pane_title}\t#{pane_start_command}"


@pytest.fixture
def environ() -> Iterator[dict[str, str]]:
    """An environment whose temporary folders belong to the test alone."""
    # The path of a socket holds at most 107 bytes, too few for pytest's own folders.
    folder = Path(tempfile.mkdtemp(prefix="gttui-"))
    yield {
        "PATH": os.environ["PATH"],
        "LC_ALL": "C.UTF-8",
        "TMPDIR": str(folder),
        "TMUX_TMPDIR": str(folder),
        "A_TOKEN": "secret",
    }
    leftovers.sweep(folder)
    shutil.rmtree(folder, ignore_errors=True)


def tmux(socket: Path, *words: str) -> str:
    done = subprocess.run(["tmux", "-S", str(socket), *words], capture_output=True, text=True, timeout=10, check=False)
    return done.stdout


def panes(socket: Path) -> dict[str, list[str]]:
    return {row.split("\t")[0]: row.split("\t") for row in tmux(socket, "list-panes", "-a", "-F", FIELDS).splitlines()}


def since_the_boot(box: Box) -> list[dict[str, Any]]:
    """Returns the town's events since it really began; what stands before is its invented past."""
    events = [json.loads(line) for line in (box.root / ".events.jsonl").read_text().splitlines()]
    return events[max(at for at, event in enumerate(events) if event["type"] == "boot") + 1 :]


def starts(box: Box) -> list[str]:
    return [event["actor"] for event in since_the_boot(box) if event["type"] == "session_start"]


def is_alive(pid: int) -> bool:
    return leftovers.start_ticks(pid) is not None


@pytest.mark.parametrize("agents", [1, 2, 3, 6, 12, 47, 300])
def test_the_roster_has_so_many_agents_all_different(agents: int) -> None:
    people = residents(agents)
    assert len(people) == len({one.address for one in people}) == len({one.session for one in people}) == agents
    assert {one.rig for one in people} - {""} <= {rig.name for rig in rigs(agents)}


@pytest.mark.parametrize("agents", [0, 301])
def test_a_roster_of_no_size_is_refused(agents: int) -> None:
    with pytest.raises(ValueError, match="1 to 300"):
        residents(agents)


def test_a_town_whose_folder_is_removed_says_so_and_ends_without_a_traceback(environ: dict[str, str]) -> None:
    with subprocess.Popen(command(agents=2, speed=20), env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        Path(said["town"]).parent.rename(Path(environ["TMPDIR"]) / "removed")
        told = json.loads(process.stdout.readline())["error"]
        assert told["message"] == f"the demo town ended: its folder {said['town']} was removed"
        assert told["remedy"] == "gastown-tui demo makes another"
        assert process.wait(10) == 2 and not Path(said["socket"]).exists()


def test_an_agent_whose_scenes_are_gone_ends_in_silence(tmp_path: Path) -> None:
    shutil.copy(AGENT, tmp_path)
    words = [sys.executable, "-ISB", str(tmp_path / AGENT.name), "1", "100", "-", "busy"]
    done = subprocess.run(words, capture_output=True, env={"GT_AGENT": "claude"}, timeout=10, check=False)
    assert done.returncode == 1 and b"Traceback" not in done.stdout + done.stderr


def test_twelve_agents_stand_as_gas_town_would_start_them(environ: dict[str, str]) -> None:
    with open_box(environ=environ) as box:
        seen = panes(box.socket)
        alive = {one.session: one.process.split()[0] for one in residents(12) if one.fate == "lives"}
        assert alive == {session: row[3] for session, row in seen.items() if session != "bd-rictus"}
        assert set(alive.values()) == {"claude", "codex", "opencode", "Kimi"}
        assert seen["bd-rictus"][3] == "sh", "the zombie's pane holds a bare shell"
        assert "gt-crew-jack" not in seen, "a dead agent's session is gone"
        assert (
            f"GT_ROLE=gastown/crew/emma GT_ROOT={box.root} GT_SESSION=gt-crew-emma {box.root}/bin/claude"
            in seen["gt-crew-emma"][5]
        )
        assert "GT_ROLE=gastown/crew/emma" in tmux(box.socket, "show-environment", "-t", "=gt-crew-emma")
        assert "pane-died" in tmux(box.socket, "show-hooks", "-w", "-t", "=hq-mayor:")
        assert "secret" not in tmux(box.socket, "show-environment", "-g")
        assert box.socket == leftovers.socket_path(box.root, environ)


def test_its_files_are_those_of_a_town(environ: dict[str, str], wait_for: Callable[..., Any]) -> None:
    with open_box(environ=environ) as box:

        def read(name: str) -> Any:
            return json.loads((box.root / name).read_text())

        wait_for((box.root / "daemon/state.json").exists)
        assert read("mayor/town.json")["type"] == "town"
        assert {name: rig["beads"]["prefix"] for name, rig in read("mayor/rigs.json")["rigs"].items()} == {
            "gastown": "gt",
            "beads": "bd",
        }
        assert read("daemon/state.json")["pid"] == box.process.pid == int((box.root / "daemon/daemon.pid").read_text().split()[0])
        pid, started = (box.root / ".runtime/pids/gt-crew-jack.pid").read_text().strip().split("|")
        assert not is_alive(int(pid))
        assert len(started.split()) == 5
        assert not list((box.root / ".runtime/pids").glob("hq-*")), "mayor and deacon leave no pid file"
        wait_for(lambda: "bead" in read(".runtime/heartbeats/gt-nux.json"))
        assert starts(box) == [one.address for one in residents(12)]


def test_agents_crash_and_come_back(environ: dict[str, str], wait_for: Callable[..., Any]) -> None:
    with open_box(agents=6, speed=100.0, environ=environ) as box:
        wait_for(lambda: starts(box).count("gastown/witness") >= 3, 20.0)
        assert {one.session for one in residents(6)} >= set(panes(box.socket))


def test_an_agent_that_ended_before_its_crash_does_not_end_the_town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    people = residents(1)
    town = DemoTown(tmp_path, tmp_path / "socket", people)
    ended = subprocess.Popen(["true"])
    ended.wait()
    reaped: list[DemoTown] = []
    monkeypatch.setattr(DemoTown, "_pane_pid", lambda *_: ended.pid)
    monkeypatch.setattr(DemoTown, "reap", lambda town: reaped.append(town))
    town.crash(people[0], killed=True)
    assert reaped == [town]


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan")])
def test_a_speed_that_is_none_is_refused(tmp_path: Path, speed: float) -> None:
    with pytest.raises(ValueError, match="a speed is above 0"):
        DemoTown(tmp_path, tmp_path / "socket", residents(1), speed=speed)


def test_the_mayor_is_revived_by_its_own_session(environ: dict[str, str], wait_for: Callable[..., Any]) -> None:
    with open_box(agents=2, environ=environ) as box:
        before = panes(box.socket)["hq-mayor"][1]
        os.kill(int(before), signal.SIGKILL)
        # tmux before 3.6 may miss the end of one child until another ends.
        tmux(box.socket, "run-shell", "-b", "sleep 0.2")
        wait_for(lambda: (now := panes(box.socket)["hq-mayor"])[1] != before and now[2:4] == ["0", "claude"], 20.0)
        assert starts(box) == ["mayor", "deacon"], "nobody but the hook started it"


def test_a_lost_server_is_built_again(environ: dict[str, str], wait_for: Callable[..., Any]) -> None:
    with open_box(agents=4, speed=20.0, environ=environ) as box:
        tmux(box.socket, "kill-server")
        wait_for(lambda: {one.session for one in residents(4)} <= set(panes(box.socket)))


def _gone(box: Box) -> bool:
    return not box.root.parent.exists() and not box.socket.exists()


def test_stop_leaves_nothing(environ: dict[str, str], wait_for: Callable[..., Any]) -> None:
    with open_box(environ=environ) as box:
        pids = [int(row[1]) for row in panes(box.socket).values()]
        assert pids
    assert _gone(box)
    wait_for(lambda: not any(map(is_alive, pids)))
    box.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_and_leaves_nothing(environ: dict[str, str], number: signal.Signals) -> None:
    with open_box(agents=2, environ=environ) as box:
        box.process.send_signal(number)
        assert box.process.wait(10) == 128 + number
        assert _gone(box)


def test_it_ends_when_the_console_is_killed(environ: dict[str, str], wait_for: Callable[..., Any]) -> None:
    script = "import os, time; from gastown_tui.demo.box import open_box; b = open_box(agents=2, environ=os.environ)\n"
    script += "print(b.root, b.socket, b.process.pid, flush=True); time.sleep(600)"
    console = subprocess.Popen([sys.executable, "-c", script], env=environ, stdout=subprocess.PIPE, text=True)
    assert console.stdout is not None
    root, socket, pid = console.stdout.readline().split()
    console.kill()
    console.wait()
    console.stdout.close()
    wait_for(lambda: not is_alive(int(pid)))
    assert not Path(root).exists()
    assert not Path(socket).exists()


def test_the_next_start_removes_what_a_killed_one_left(environ: dict[str, str]) -> None:
    with open_box(agents=2, environ=environ) as lost, open_box(agents=2, environ=environ) as living:
        lost.process.kill()
        lost.process.wait()
        assert panes(lost.socket), "its tmux server outlives it"
        other = Path(environ["TMPDIR"]) / "gastown-tui-demo-notes" / "gt"
        other.mkdir(parents=True)
        with open_box(agents=1, environ=environ):
            assert _gone(lost)
            assert set(panes(living.socket)) == {"hq-mayor", "hq-deacon"}
            assert other.exists(), "a folder without our marker is not ours"


def test_a_marker_that_names_another_server_is_not_believed(environ: dict[str, str]) -> None:
    with open_box(agents=1, environ=environ) as box:
        root = Path(environ["TMPDIR"]) / "gastown-tui-demo-forged" / "gt"
        root.mkdir(parents=True)
        (root / MARKER).write_text(json.dumps({"schema": 1, "pid": 2**22 + 1, "started": 1, "socket": str(box.socket)}))
        leftovers.sweep(Path(environ["TMPDIR"]))
        assert panes(box.socket)
        assert root.exists()


def test_without_tmux_it_says_what_is_missing(environ: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(BoxError, match="tmux") as refused:
        open_box(agents=1, environ={**environ, "PATH": str(tmp_path)})
    assert "PATH" in refused.value.remedy
    assert not list(Path(environ["TMPDIR"]).glob("gastown-tui-demo-*"))


def test_alone_it_prints_one_line_and_runs_until_it_is_interrupted(environ: dict[str, str]) -> None:
    town = subprocess.Popen(
        command(agents=1), env=environment(environ), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    assert town.stdout is not None
    with town.stdout:
        said = json.loads(town.stdout.readline())
        assert said == {"schema": 1, "town": said["town"], "socket": said["socket"]}
        assert set(panes(Path(said["socket"]))) == {"hq-mayor"}
        town.send_signal(signal.SIGINT)
        assert town.stdout.read() == ""
    assert town.wait(10) == 130


def test_a_full_disk_to_say_it_on_ends_it(environ: dict[str, str]) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            command(agents=1), env=environment(environ), stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert (ended.returncode, ended.stderr) == (2, "")
    assert not list(Path(environ["TMPDIR"]).glob("gastown-tui-demo-*"))


def test_no_two_agents_of_any_demo_town_are_one() -> None:
    for size in range(1, 301):
        people = residents(size)
        assert len(people) == len({one.session for one in people}) == len({one.address for one in people}) == size
