"""The bad days, in their order, on real parts and through the installed command: the truth, or unknown with its reason.

Held elsewhere too, closer to where each is seen: servers missing, killed, restarted and stopped, sessions that vanish between
list and capture (`observe/test_stream_servers.py`, both backends); odd sizes, hostile titles and folders field by field
(`observe/test_fork.py`, `observe/test_parse.py`); terminals of 20×5, resize storms and what is drawn of all this (`ui/`).
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cost import timed
from servers import ACROSS, Tmux, stopped
from towns import HandTown, argv, clock, environment, gttui

from gastown_tui.observe.looking import OneLook
from gastown_tui.observe.means import Means
from gastown_tui.observe.once import look_once
from gastown_tui.observe.ports import Past
from gastown_tui.town.facts import Remembered
from gastown_tui.town.report import status_document
from gastown_tui.town.snapshot import Moment

MAX = "alpha/crew/max"
Wait = Callable[..., Any]
Document = dict[str, Any]


@pytest.fixture
def town(town: HandTown) -> HandTown:
    """A registered town with a mayor and one crew member."""
    town.start("al-crew-max", MAX)
    return town


def status(town: HandTown, *words: str, **env: str) -> tuple[int, Document]:
    """Returns exit code and document of `status --json`."""
    place = {"GT_ROOT": str(town.root), "GT_TMUX_SOCKET": town.tmux.name, "XDG_STATE_HOME": str(town.tmux.folder / "s"), **env}
    done = gttui(town.tmux, "status", "--json", *words, **place)
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout)


def states(document: Document) -> dict[str, str]:
    return {agent["id"]: agent["state"] for agent in document["agents"]}


def tmux_source(document: Document) -> str:
    return str(next(source["state"] for source in document["sources"] if source["name"] == "tmux"))


def test_a_server_that_is_missing_was_killed_and_is_started_again(town: HandTown, wait_for: Wait) -> None:
    code, before = status(town)
    assert code == 0 and set(states(before)) == {"mayor", MAX}
    os.kill(town.tmux.pid, signal.SIGKILL)
    wait_for(lambda: not town.tmux.listens)
    code, during = status(town)
    assert (code, tmux_source(during)) == (1, "absent")
    assert states(during) == {"mayor": "dead", MAX: "dead"}
    assert town.start("hq-mayor", "mayor") == "%0"
    code, after = status(town)
    assert code == 1 and states(after)[MAX] == "dead" and states(after)["mayor"] not in ("dead", "unknown")
    assert after["agents"][0]["pane_id"] == before["agents"][0]["pane_id"] == "%0"
    assert after["town"]["epoch"] not in (None, before["town"]["epoch"])


def test_a_server_that_is_stopped_and_goes_on(town: HandTown) -> None:
    status(town)
    with stopped(town.tmux.pid):
        code, during = status(town)
    assert (code, set(states(during).values()), tmux_source(during)) == (2, {"unknown"}, "error")
    code, after = status(town)
    assert (code, tmux_source(after), after["summary"]["dead"]) == (0, "ok", 0)


def test_a_client_and_a_server_on_different_sides_of_3_6(town: HandTown, tmp_path: Path) -> None:
    fake = tmp_path / "tmux"
    fake.write_text(f'#!/bin/sh\n[ "$1" = -V ] && {{ echo tmux {ACROSS}; exit; }}\nexec {shutil.which("tmux")} "$@"\n')
    fake.chmod(0o755)
    place = ("--town", str(town.root), "--socket", town.tmux.name)
    path = f"{tmp_path}:{os.environ['PATH']}"
    examined = {
        check["name"]: check for check in json.loads(gttui(town.tmux, *place, "doctor", "--json", PATH=path).stdout)["checks"]
    }
    assert examined["tmux"]["status"] == "warn" and "a control client can crash this server" in examined["tmux"]["found"]
    assert examined["backend"]["found"].startswith(f"fork; control is not used: tmux client {ACROSS} and server")
    words = argv(*place, "watch", "--initial", "--backend", "control", "--timeout", "30")
    with subprocess.Popen(words, env=environment(town.tmux, PATH=path), stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout and any(f"  {MAX}  - → " in line for line in watching.stdout)
        watching.terminate()


@pytest.mark.skipif("TMUX_OTHER" not in os.environ, reason="TMUX_OTHER does not name a second tmux")
@pytest.mark.parametrize("ours", [True, False])
def test_a_real_second_tmux(new_tmux: Callable[..., Tmux], tmp_path: Path, ours: bool) -> None:
    other = os.environ["TMUX_OTHER"]
    server = new_tmux(program="tmux" if ours else other)
    town = HandTown(server)
    town.start("al-crew-max", MAX)
    (tmp_path / "tmux").symlink_to(other if ours else shutil.which("tmux") or "")
    code, document = status(town, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert code in (0, 2)
    assert (states(document).get(MAX) not in (None, "unknown", "dead")) if code == 0 else "3.6" in document["sources"][0]["error"]


def test_a_session_that_is_killed_between_list_and_capture(town: HandTown, tmp_path: Path) -> None:
    # The listing is the second command of a look: this tmux kills the session before the captures are asked for.
    program = tmp_path / "tmux"
    real = shutil.which("tmux")
    kill = f"{real} -S {shlex.quote(town.tmux.socket)} kill-session -t =al-crew-max:"
    program.write_text(f'#!/bin/sh\ncase "$*" in *capture-pane*) {kill};; esac\nexec {real} "$@"\n')
    program.chmod(0o755)
    place = {"GT_ROOT": str(town.root), "GT_TMUX_SOCKET": town.tmux.name, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = gttui(town.tmux, "show", MAX, "--json", **place)
    document = json.loads(done.stdout)
    assert (done.returncode, document["id"], document["pane"]) == (0, MAX, None)


HOSTILE = "␞ a|b \u202e$(touch x) #{pane_id} #(touch x) %12 'q' \"d\" \\"


def test_hostile_titles_folders_and_names(town: HandTown, wait_for: Wait) -> None:
    folder = town.tmux.folder / "new\nline\ttab \033[31m"
    folder.mkdir()
    names = ["two words", "$4", "日本語 é", "=x", "-dash", "%1", "a'b\"c", "{last}"]
    for name in names:
        town.tmux.cmd("new-session", "-d", "-s", name, "-c", str(folder), "exec sleep 3600")
    touched = town.tmux.folder / "touched"
    title = HOSTILE.replace("touch x", f"touch {touched}")
    # The pane itself sets it, as a program would: tmux's own command would expand it.
    (town.root / "title").write_text(f"\033]2;{title}\033\\")
    pane = town.start("al-crew-joe", "alpha/crew/joe", f'cat "{town.root}/title"; exec claude 3600')
    wait_for(lambda: town.tmux.get(pane, "#{pane_title}").startswith("␞"))
    code, document = status(town)
    assert code == 0 and set(states(document)) == {"mayor", MAX, "alpha/crew/joe"}
    assert {one["session"] for one in document["foreign"]} == set(names)
    lines = gttui(town.tmux, "--town", str(town.root), "--socket", town.tmux.name, "status").stdout.splitlines()
    assert len(lines) == 3 + len(names) + 1 and not set("".join(lines)) & set("\033\t\u202e")
    assert not touched.exists()


def test_an_agent_in_a_folder_of_a_hostile_name(town: HandTown) -> None:
    folder = town.root / "alpha/crew/odd\nname"
    folder.mkdir(parents=True)
    town.tmux.new("al-crew-odd", env={"GT_ROLE": "alpha/crew/odd", "GT_ROOT": str(town.root)}, cwd=folder)
    agent = next(one for one in status(town)[1]["agents"] if one["id"] == "alpha/crew/odd")
    assert agent["cwd"] == str(folder).replace("\n", "�")


def test_a_town_in_a_folder_whose_name_is_no_text(town: HandTown, tmp_path: Path) -> None:
    root = tmp_path / "gt-\udcff"
    town.root.rename(root)
    done = gttui(town.tmux, "status", "--json", "--town", str(root), GT_TMUX_SOCKET="")
    told = json.loads(done.stdout)["town"]
    assert "\\ud" not in done.stdout
    assert done.returncode == 0 and told["root"] == f"{tmp_path}/gt-�" and re.fullmatch("gt-.*[0-9a-f]{6}", told["socket"])


@pytest.mark.parametrize(
    "env", [{"LC_ALL": "C"}, {"LC_ALL": "POSIX"}, {"PYTHONIOENCODING": "ascii"}, {"PYTHONUTF8": "0", "LC_ALL": "C"}]
)
def test_any_locale(town: HandTown, env: dict[str, str]) -> None:
    town.start("日本語")
    code, document = status(town, **env)
    assert code == 0 and document["foreign"][0]["session"] == "日本語"
    done = gttui(town.tmux, "--town", str(town.root), "--socket", town.tmux.name, "status", **env)
    assert done.returncode == 0 and done.stderr == "" and MAX in done.stdout


@pytest.mark.skipif(
    not Path(shutil.which("tmux") or "/").samefile(shutil.which("tmux", path=os.defpath) or "/"),
    reason="without a PATH it is another tmux",
)
def test_an_empty_environment(town: HandTown) -> None:
    words = argv("--town", str(town.root), "--socket", town.tmux.socket, "status")
    # Where the state folder would be the user's own, a run must not be part of a test.
    done = subprocess.run(words, env={"XDG_STATE_HOME": str(town.tmux.folder)}, capture_output=True, timeout=20, check=False)
    assert (done.returncode, done.stderr) == (0, b"") and MAX.encode() in done.stdout


def test_the_users_own_sessions_on_the_same_socket(town: HandTown) -> None:
    before = states(status(town)[1])
    for name in ("notes", "gt-notes", "crew", "hq", "alpha", "al-", "hq-overseer", "gt-automonitor"):
        town.tmux.new(name)
    code, document = status(town)
    assert code == 0 and states(document).keys() == before.keys()
    kinds = {one["session"]: one["kind"] for one in document["foreign"]}
    assert kinds["hq-overseer"] == "overseer" and kinds["gt-automonitor"] == "automonitor" and kinds["notes"] is None


def test_two_towns_on_one_server(town: HandTown) -> None:
    other = HandTown(town.tmux, town.tmux.folder / "other")
    other.start("al-crew-joe", "alpha/crew/joe")
    assert set(states(status(town)[1])) == {"mayor", MAX}
    assert [one["session"] for one in status(town)[1]["foreign"]] == ["al-crew-joe"]
    assert set(states(status(other)[1])) == {"alpha/crew/joe"}


def test_grouped_sessions_are_one_agent(town: HandTown) -> None:
    town.tmux.cmd("new-session", "-d", "-t", "=al-crew-max", "-s", "operator")
    code, document = status(town)
    assert code == 0 and set(states(document)) == {"mayor", MAX}
    town.tmux.cmd("kill-session", "-t", "=operator:")
    assert status(town)[0] == 0


@pytest.mark.parametrize("size", ["1x1", "500x200"])
def test_panes_of_any_size(town: HandTown, wait_for: Wait, size: str) -> None:
    pane = town.tmux.new("al-nux", "seq 300; exec sleep 3600", env={"GT_ROLE": "alpha/polecats/nux"}, size=size)
    above = {"500x200": "101", "1x1": "792"}[size]
    wait_for(lambda: town.tmux.get(pane, "#{history_size}") == above)
    done = gttui(town.tmux, "--town", str(town.root), "--socket", town.tmux.name, "show", "al-nux", "--json", "--lines", "3")
    assert done.returncode == 0 and json.loads(done.stdout)["pane"][-1:] == ["300" if size == "500x200" else "0"]


def test_an_agent_that_prints_without_end(town: HandTown, wait_for: Wait) -> None:
    pane = town.start("al-crew-joe", "alpha/crew/joe", "cd /; yes 0123456789abcdef0123456789abcdef & exec claude 3600")
    wait_for(lambda: town.grown() and int(town.tmux.get(pane, "#{history_size}")) > 1000)
    words = argv("--town", str(town.root), "--socket", town.tmux.socket, "status", "--json")
    done, took = timed(words, environment(town.tmux))
    assert done.returncode == 0 and states(json.loads(done.stdout))["alpha/crew/joe"] == "working" and took < 2.5
    # What prints goes with the pane that it prints into.
    town.tmux.cmd("kill-session", "-t", "=al-crew-joe:")


CONTROLS = (
    "\033]0;evil\007 \033]52;c;ZXZpbA==\007 \033[?1049h \033[?1000h \033P+q544e\033\\ \x9b31m \033]8;;http://x\007link\033]8;;\007"
    " \033[2J\033[6n \x85 end"
)


def test_control_sequences_meant_for_the_operator(town: HandTown, wait_for: Wait) -> None:
    (town.root / "evil").write_text(CONTROLS, "utf-8")
    town.start("al-crew-joe", "alpha/crew/joe", f'cat "{town.root}/evil"; exec claude 3600')
    place = ("--town", str(town.root), "--socket", town.tmux.name)

    def shown() -> str:
        done = gttui(town.tmux, *place, "show", "alpha/crew/joe")
        return done.stdout if "end" in done.stdout else ""

    allowed = set("\n")
    for text in (wait_for(shown), gttui(town.tmux, *place, "status").stdout, json.dumps(status(town)[1])):
        assert not {char for char in text if ord(char) < 32 or 127 <= ord(char) < 160} - allowed


class Nothing(Past):
    """Nobody was ever seen."""

    error = None

    def recall(self, at: Moment) -> Remembered:
        return Remembered({}, at)

    def keep(self, *said: Any, now: bool = False) -> None:
        """Nothing is kept."""


def look_at(town: HandTown, shift: float) -> OneLook:
    def shifted() -> Moment:
        now = clock()
        return now._replace(wall=now.wall + shift)

    means = Means("tmux", "here", shifted, time.sleep, lambda root, server: Nothing())
    looking = look_once(town.wanted(town=str(town.root), socket=town.tmux.socket), means)
    assert isinstance(looking, OneLook)
    return looking


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_an_hour_off_kills_nobody(town: HandTown, hours: int) -> None:
    looking = look_at(town, hours * 3600.0)
    document = status_document(looking.town, looking.town.observed_at)
    assert all(agent["state"] not in ("dead", "zombie", "missing") for agent in document["agents"])
    ages = [agent[name] for agent in document["agents"] for name in ("session_age_s", "agent_age_s", "quiet_s")]
    assert all(age is None if hours < 0 else 3500 < age < 3700 for age in ages)


def test_a_kill_of_our_process_leaves_no_session_behind(town: HandTown, wait_for: Wait) -> None:
    place = ("--town", str(town.root), "--socket", town.tmux.socket, "--backend", "control")
    watching = subprocess.Popen(argv(*place, "watch"), env=environment(town.tmux), stdout=subprocess.PIPE)
    try:
        hidden = f"_gttui-{watching.pid}"
        wait_for(lambda: hidden in town.tmux.sessions())
        code, document = status(town)
        assert code == 0 and document["foreign"] == []
    finally:
        watching.kill()
        watching.communicate()
    wait_for(lambda: hidden not in town.tmux.sessions() and town.tmux.clients() == [])
    assert sorted(town.tmux.sessions()) == ["al-crew-max", "hq-mayor"]
