"""The contract with scripts: the installed command, in processes of its own, on real towns."""

from __future__ import annotations

import json
import os
import pty
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cost import timed
from servers import Tmux, stopped
from towns import HandTown, argv, environment, gttui

from gastown_tui.observe.processes import started_at

MAX = "alpha/crew/max"
Wait = Callable[..., Any]
Document = dict[str, Any]
Run = Callable[..., subprocess.CompletedProcess[str]]


def error_of(done: subprocess.CompletedProcess[str]) -> Document:
    """Returns the error object, once it is held against the sentence on standard error."""
    document = json.loads(done.stdout)
    assert list(document) == ["schema", "error"] and document["schema"] == 1
    error = document["error"]
    assert set(error) == {"code", "message", "remedy"} and all(error.values())
    assert done.stderr == f"gastown-tui: {error['message']} ({error['remedy']})\n"
    return dict(error)


def test_a_good_town_is_0(run: Run) -> None:
    done = run("status", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert document["town"]["name"] == "town" and document["town"]["notices"] == []
    assert [agent["id"] for agent in document["agents"]] == ["mayor"]
    assert document["summary"]["alive"] == 1 and document["summary"]["need_you"] == 0
    assert {source["name"]: source["state"] for source in document["sources"]}["tmux"] == "ok"
    assert document["foreign"] == [] and document["monitor"] is None


def test_without_a_terminal_no_command_means_status(run: Run) -> None:
    bare, status = run(), run("status")
    assert bare.returncode == status.returncode == 0
    assert bare.stdout.splitlines()[-1] == status.stdout.splitlines()[-1] == "town · 1 alive"


def test_a_terminal_that_sends_no_keys_is_none(town: HandTown) -> None:
    ours, theirs = pty.openpty()
    try:
        command = argv("--town", str(town.root), "--socket", town.tmux.socket)
        done = subprocess.run(
            command, env=environment(town.tmux), stdin=subprocess.DEVNULL, stdout=theirs, timeout=30, check=False
        )
        assert done.returncode == 0
        assert os.read(ours, 65536).decode().splitlines()[-1] == "town · 1 alive"
    finally:
        os.close(ours)
        os.close(theirs)


def test_one_that_needs_a_person_is_1(town: HandTown, run: Run) -> None:
    town.start("al-crew-max", MAX)
    assert run("status").returncode == 0
    town.kill("al-crew-max")
    done = run("status", "--json")
    (mayor, dead) = json.loads(done.stdout)["agents"]
    assert done.returncode == 1
    assert (dead["id"], dead["state"], dead["needs_you"], dead["expects"]) == (MAX, "dead", True, None)
    assert [one["source"] for one in dead["evidence"]] == ["tmux", "memory"]
    assert mayor["state"] != "dead"
    assert run("status").stdout.startswith("  ")


def test_nobody_listening_is_an_answer(town: HandTown, run: Run) -> None:
    town.tmux.kill()
    done = run("status", "--json")
    document = json.loads(done.stdout)
    assert done.returncode == 0
    assert {source["name"]: source["state"] for source in document["sources"]}["tmux"] == "absent"
    assert document["town"]["epoch"] is None and document["agents"] == []


def test_no_town_is_2(tmux: Tmux) -> None:
    for words in (("status",), ("show", "mayor"), ("watch",), ()):
        done = gttui(tmux, *words)
        assert done.returncode == 2 and done.stdout == ""
        assert done.stderr.startswith("gastown-tui: no town was found; tried: a mayor/ folder in or above")
        assert done.stderr.endswith(
            "(name the town with --town DIR, or its server with --socket NAME, or try: gastown-tui demo)\n"
        )
    assert error_of(gttui(tmux, "--socket", "none", "status", "--json"))["code"] == "no_town"
    assert error_of(gttui(tmux, "watch", "--json"))["code"] == "no_town"
    assert error_of(gttui(tmux, "show", "--json", "x"))["code"] == "no_town"


@pytest.fixture
def frozen(town: HandTown) -> Iterator[None]:
    """The town's server is stopped and does not answer."""
    town.start("al-crew-max", MAX)
    assert gttui(town.tmux, "status", GT_ROOT=str(town.root), GT_TMUX_SOCKET=town.tmux.name).returncode == 0
    with stopped(town.tmux.pid):
        yield


@pytest.mark.usefixtures("frozen")
def test_a_server_that_does_not_answer_is_2_in_time_with_the_full_document(town: HandTown) -> None:
    place = argv("--town", str(town.root), "--socket", town.tmux.name)
    done, took = timed([*place, "status", "--json", "--settle"], environment(town.tmux))
    document = json.loads(done.stdout)
    assert done.returncode == 2 and took <= 2.5
    assert done.stderr.startswith("gastown-tui: tmux did not answer within")
    assert [(agent["id"], agent["state"]) for agent in document["agents"]] == [("mayor", "unknown"), (MAX, "unknown")]
    assert all("does not answer" in agent["evidence"][0]["fact"] for agent in document["agents"])
    assert document["summary"]["need_you"] == 0
    assert {source["name"]: source["state"] for source in document["sources"]}["tmux"] == "error"


@pytest.mark.usefixtures("frozen")
def test_one_agent_of_a_server_that_does_not_answer_is_unknown(run: Run) -> None:
    done = run("show", MAX, "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["state"], document["pane"], document["environment"]) == (2, "unknown", None, None)
    assert done.stderr.startswith("gastown-tui: tmux did not answer")


PLACES = (
    lambda place, words: [*place, *words],
    lambda place, words: [words[0], *place, *words[1:]],
    lambda place, words: [*words, *place],
    lambda place, words: [*place[:2], *words, *place[2:]],
)


@pytest.mark.parametrize("arrange", PLACES)
def test_global_options_stand_before_or_after_the_command(town: HandTown, arrange: Any) -> None:
    place = ["--town", str(town.root), "--socket", town.tmux.name, "--backend", "fork", "--read-only", "--monitor-dir", "/tmp"]
    done = gttui(town.tmux, *arrange(place, ["status", "--json"]))
    assert done.returncode == 0 and json.loads(done.stdout)["summary"]["agents"] == 1


WRONG = (
    ("--nonsense",),
    ("nonsense",),
    ("status", "--nonsense"),
    ("status", "extra"),
    ("status", "--backend", "magic"),
    ("show",),
    ("show", "mayor", "--lines", "-1"),
    ("watch", "--until", "dead"),
    ("watch", "--timeout", "soon"),
    ("watch", "--timeout", "nan"),
    ("status", "--json="),
    ("--sock", "x", "status"),
    ("demo", "--agents", "0"),
    ("--config", "/nonexistent/config.toml", "status"),
)


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_wrong_usage_is_64(run: Run, words: tuple[str, ...]) -> None:
    done = run(*words)
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr.startswith("gastown-tui: ") and done.stderr.endswith(")\n") and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "near"),
    [(("shwo",), "show"), (("show", "--lnes", "3", "x"), "--lines"), (("--twon=x",), "--town"), (("status", "--jsn"), "--json")],
)
def test_what_is_nearly_right_is_told(tmux: Tmux, words: tuple[str, ...], near: str) -> None:
    assert f"did you mean {near}?" in gttui(tmux, *words).stderr


def test_targets_stand_among_options_and_behind_the_end_of_them(run: Run) -> None:
    for words in (("ack", "mayor", "--reason", "why", "-no"), ("ack", "mayor", "--reason", "why", "--", "-no")):
        assert run(*words).returncode == 64
    assert "called -no" in run("ack", "mayor", "--", "-no").stderr
    assert "called no" in run("ack", "mayor", "--reason", "why", "no").stderr


def test_wrong_usage_is_told_as_json_too(run: Run) -> None:
    done = run("status", "--json", "--nonsense")
    assert done.returncode == 64
    error = error_of(done)
    assert "--nonsense" in error["message"]
    assert (error["code"], error["remedy"]) == ("usage", "see gastown-tui status --help")


def test_an_unknown_target_is_64_with_the_nearest_names(town: HandTown, run: Run) -> None:
    for name in ("max", "joe"):
        town.start(f"al-crew-{name}", f"alpha/crew/{name}")
    for words in (("show", "alpha/crew/mux"), ("watch", "--until", "dead", "alpha/crew/mux")):
        done = run(*words, "--json")
        error = error_of(done)
        assert (done.returncode, error["code"]) == (64, "target")
        assert error["message"] == "no agent, session or pane is called alpha/crew/mux"
        assert error["remedy"].startswith(f"nearest: {MAX}")
    done = run("watch", "--until", "sleepy", "mayor")
    assert done.returncode == 64 and "working, idle, waiting" in done.stderr


def test_an_ambiguous_target_is_64_and_names_them(town: HandTown, run: Run) -> None:
    (town.root / "alpha/polecats/max").mkdir(parents=True)
    town.start("al-crew-max", MAX)
    town.start("al-max", "alpha/polecats/max")
    done = run("show", "alpha/max")
    assert done.returncode == 64
    assert done.stderr == f"gastown-tui: alpha/max is ambiguous (say one of: {MAX}, alpha/polecats/max)\n"


def test_a_hostile_name_never_reaches_the_terminal(town: HandTown, run: Run) -> None:
    town.start("evil", "alpha/crew/\033]0;x\007\u202e")
    for words in (("status",), ("show", "alpha/crew/x"), ("show", "\033[2J")):
        done = run(*words)
        assert not set(done.stdout + done.stderr) & set("\033\007\u202e")
    assert "�" in run("status").stdout


def test_show_finds_an_agent_by_every_name(town: HandTown, run: Run) -> None:
    assert json.loads(run("show", "mayor", "--json").stdout)["pane"] == []
    pane = town.start("al-crew-max", MAX, 'printf "\\033[31mred\\033[0m \\033]52;c;x\\007\\n"; exec claude 3600', MY_TOKEN="abc")
    for target in (MAX, "al-crew-max", pane, "alpha/max"):
        document = json.loads(run("show", target, "--json").stdout)
        assert document["id"] == MAX
    assert document["pane"] == ["red"] and document["environment"]["MY_TOKEN"] == "••••"
    done = run("show", MAX, "--lines", "0")
    assert done.returncode == 0 and "red" not in done.stdout
    text = run("show", MAX).stdout
    assert text.splitlines()[-2:] == ["pane", "red"] and "\033" not in text and "abc" not in text


def test_settle_tells_activity_where_one_look_cannot(town: HandTown, run: Run, wait_for: Wait) -> None:
    town.start("al-crew-max", MAX, "echo ready; exec claude 3600")
    wait_for(town.grown)
    wait_for(lambda: states(run("status", "--json")).get(MAX) == "starting")
    assert states(run("status", "--json", "--settle"))[MAX] == "idle"


def states(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    return {agent["id"]: agent["state"] for agent in json.loads(done.stdout)["agents"]}


def test_a_reader_that_goes_away_ends_it_quietly(town: HandTown) -> None:
    place = shlex.join(["--town", str(town.root), "--socket", town.tmux.socket])
    for command in ("status", "status --json", "show mayor", "doctor", "--help"):
        line = f"{shlex.join(argv())} {place} {command} | true; exit ${{PIPESTATUS[0]}}"
        done = subprocess.run(
            ["bash", "-c", line], env=environment(town.tmux), capture_output=True, text=True, timeout=20, check=False
        )
        assert (done.stderr, done.stdout) == ("", "")
        assert done.returncode in (0, 1)


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_look_that_waits(town: HandTown, number: int, code: int, wait_for: Wait) -> None:
    place = ("--town", str(town.root), "--socket", town.tmux.socket)
    process = subprocess.Popen(argv(*place, "status"), env=environment(town.tmux), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    child = wait_for(lambda: (pids := children.read_text().split()) and int(pids[0]))
    process.send_signal(number)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err.strip()) == (code, b"", b"")
    wait_for(lambda: started_at(child) is None)


LOADING = """
import os, signal, sys
class Interrupting:
    def find_spec(self, name, *_):
        if name == "gastown_tui.settings":
            os.kill(os.getpid(), signal.SIGINT)
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Interrupting())
from importlib.metadata import entry_points
(script,) = entry_points(group="console_scripts", name="gastown-tui")
script.load()()
"""


def test_an_interrupt_while_it_is_loaded_ends_it_without_a_word(tmux: Tmux) -> None:
    """As a shell sees it: 130."""
    words = [sys.executable, "-c", LOADING]
    done = subprocess.run(words, env=environment(tmux), capture_output=True, timeout=20, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, b"", b"")


def test_the_config_file_is_below_the_command_line(town: HandTown, tmp_path: Path) -> None:
    config = tmp_path / "config" / "gastown-tui" / "config.toml"
    config.parent.mkdir(parents=True)
    home = town.tmux.folder
    config.write_text(f'town = "~/{town.root.relative_to(home)}"\nsocket = "{town.tmux.name}"\nspeed = 3\nread_only = "yes"\n')
    env = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "HOME": str(home)}
    done = gttui(town.tmux, "status", "--json", cwd=tmp_path, **env)
    assert done.returncode == 0 and json.loads(done.stdout)["summary"]["agents"] == 1
    first, second = done.stderr.splitlines()
    assert f"{config}:3: speed: unknown key (known: town, socket," in first and f"{config}:4: read_only: 'yes' is wrong" in second
    other = gttui(town.tmux, "status", "--json", "--socket", "none", cwd=tmp_path, **env)
    assert json.loads(other.stdout)["town"]["socket"] == "none"
    named = gttui(town.tmux, "status", "--json", "--config", str(config), cwd=tmp_path)
    assert named.returncode == 2
    config.write_text("town = ")
    assert error_of(gttui(town.tmux, "status", "--json", "--config", str(config)))["code"] == "config"


@pytest.mark.parametrize("words", [("status",), ("status", "--json"), ("watch", "--initial", "--timeout", "30")])
def test_a_full_disk_is_not_a_person_who_is_needed(town: HandTown, words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        place = ("--town", str(town.root), "--socket", town.tmux.socket)
        done = subprocess.run(
            argv(*words, *place), env=environment(town.tmux), stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2 and done.stderr.startswith("gastown-tui: No space left on device (")


@pytest.mark.parametrize(("words", "code"), [(("status", "--json", "--town", "/nowhere"), 2), (("bogus", "--json"), 64)])
def test_a_complaint_that_nobody_can_be_told_is_no_other_exit(tmux: Tmux, words: tuple[str, ...], code: int) -> None:
    with Path("/dev/full").open("w") as full:
        for out, err in ((full, subprocess.DEVNULL), (subprocess.DEVNULL, full), (full, full)):
            assert subprocess.run(argv(*words), env=environment(tmux), stdout=out, stderr=err, check=False).returncode == code
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(argv(*words), env=environment(tmux), stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert done.returncode == code and "Traceback" not in done.stderr


def test_version_and_help_stand_for_the_whole(tmux: Tmux) -> None:
    assert gttui(tmux, "--version").stdout.startswith("gastown-tui 0.")
    said = gttui(tmux, "--help")
    assert said.returncode == 0 and "usage: gastown-tui [OPTIONS] [COMMAND]" in said.stdout
    assert all(name in said.stdout for name in ("status", "watch", "show", "doctor", "demo", "64 wrong usage"))


def test_the_installed_script_is_the_same_command(tmux: Tmux) -> None:
    script = Path(sys.executable).with_name("gastown-tui")
    done = subprocess.run([script, "--version"], env=environment(tmux), capture_output=True, text=True, timeout=20, check=False)
    assert done.stdout == gttui(tmux, "--version").stdout != ""


def test_a_demo_town_tells_where_it_is_and_leaves_nothing(tmux: Tmux) -> None:
    env = environment(tmux, TMPDIR=str(tmux.folder))
    demo = subprocess.Popen(argv("demo", "--no-ui", "--agents", "3"), env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert demo.stdout is not None
    where = json.loads(demo.stdout.readline())
    assert set(where) == {"schema", "town", "socket"} and where["schema"] == 1
    done = gttui(tmux, "status", "--json", "--town", where["town"], "--socket", where["socket"])
    assert json.loads(done.stdout)["summary"]["agents"] == 3
    demo.send_signal(signal.SIGINT)
    assert demo.wait(15) == 130
    assert demo.communicate()[1] == b"" and not Path(where["town"]).exists() and not Path(where["socket"]).exists()


def test_a_demo_without_a_terminal_prints_its_status_and_ends(tmux: Tmux) -> None:
    done = gttui(tmux, "demo", "--agents", "2", TMPDIR=str(tmux.folder))
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == "demo · 2 alive"
    assert [path for path in tmux.folder.iterdir() if "demo" in path.name and path.is_dir()] == []
