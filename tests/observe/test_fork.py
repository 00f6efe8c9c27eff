"""One process per look, against real servers and their bad days."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from servers import VERSION, stopped

from gastown_tui.observe.ports import Capture, GatewayError
from gastown_tui.observe.tmux.fork import ForkGateway
from gastown_tui.town.facts import Pane
from gastown_tui.town.snapshot import Moment

AT = Moment(1000.0, 10.0)
Wait = Callable[..., Any]


def gateway(tmux: Any, **named: Any) -> ForkGateway:
    return ForkGateway(named.pop("program", "tmux"), tmux.socket, named.pop("env", tmux.env), clock=lambda: AT, **named)


def panes(tmux: Any, **named: Any) -> dict[str, Pane]:
    found = gateway(tmux, **named).look_once(full=True).panes
    assert found is not None
    return dict(found)


@pytest.fixture
def logged(tmp_path: Path) -> tuple[str, Callable[[], list[list[str]]]]:
    """A tmux that notes its arguments, and the notes: a list of arguments for each process."""
    program, log = tmp_path / "noting-tmux", tmp_path / "log"
    program.write_text(f'#!/bin/sh\n{{ printf "%s\\036" "$@"; printf "\\035"; }} >>{shlex.quote(str(log))}\nexec tmux "$@"\n')
    program.chmod(0o755)
    return str(program), lambda: [call.split("\036")[:-1] for call in log.read_text().split("\035")[:-1]]


def commands(call: list[str]) -> list[str]:
    """Returns the names of the tmux commands that one process carried, without the isolation around them."""
    lines = [part for word in call[call.index("if-shell") :] if " " in word for part in word.split(" ; ")]
    return [line.split()[0] for line in lines]


def test_lists_every_field(tmux: Any) -> None:
    pane = tmux.new("al-crew-max", env={"GT_ROLE": "alpha/crew/max"}, cwd="/", size="100x30")
    look = gateway(tmux).look_once(full=True)
    assert look.epoch == f"{tmux.pid}-{tmux.get(pane, '#{start_time}')}"
    assert look.version == tmux.get(pane, "#{version}")
    assert look.pulses is None and look.panes is not None and list(look.panes) == [pane]
    seen = look.panes[pane]
    assert seen.session == "al-crew-max" and seen.sessions == ("al-crew-max",) and seen.session_id == "$0"
    assert seen.pid == int(tmux.get(pane, "#{pane_pid}"))
    assert seen.command == "sleep"
    assert (seen.width, seen.height, seen.cwd, seen.attached, seen.alternate) == (100, 30, "/", 0, False)
    assert seen.session_created > 1.6e9 and seen.window_activity >= seen.session_created
    assert (seen.dead, seen.dead_status, seen.dead_signal, seen.dead_time, seen.respawn_hook) == (False, None, None, None, False)
    assert seen.env == {"GT_ROLE": "alpha/crew/max"}
    assert seen.title == tmux.get(pane, "#{pane_title}")


def test_a_light_look_says_the_same(tmux: Any, wait_for: Wait) -> None:
    pane = tmux.new("one", "printf '\\033]2;busy\\033\\\\\\a'; exec sleep 99", runs="sleep")
    wait_for(lambda: panes(tmux)[pane].title == "busy")
    look = gateway(tmux).look_once(full=False)
    assert look.panes is None and look.pulses is not None
    for pane_id, pane in panes(tmux).items():
        for name in look.pulses[pane_id].__slots__:
            assert getattr(look.pulses[pane_id], name) == getattr(pane, name)


def test_sees_what_a_pane_does(tmux: Any, wait_for: Wait) -> None:
    pane = tmux.new("one", "printf '\\033]2;a title\\033\\\\\\a\\033[?1049h'; exec sleep 99")
    seen = wait_for(lambda: (found := panes(tmux)[pane]).alternate and found)
    assert (seen.title, seen.alternate) == ("a title", True)


def test_counts_who_is_attached(tmux: Any, wait_for: Wait) -> None:
    pane = tmux.new("one")
    argv = ["tmux", "-C", "-S", tmux.socket, "attach-session", "-t", "=one:"]
    with subprocess.Popen(argv, env=tmux.env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as client:
        wait_for(lambda: panes(tmux)[pane].attached == 1)
        client.communicate(b"\n", timeout=10)
    wait_for(lambda: panes(tmux)[pane].attached == 0)


@pytest.mark.skipif(VERSION < (3, 3), reason="before 3.3 tmux tells of no signal")
def test_reads_status_and_signal_of_dead_panes(tmux: Any, wait_for: Wait) -> None:
    tmux.new("lasting")
    tmux.cmd("set-option", "-g", "remain-on-exit", "on")
    left, killed = tmux.new("left", "exit 3"), tmux.new("killed", "kill -9 $$")

    def ends() -> bool:
        # Debian's tmux before 3.6 can lose the status of a pane until another child of the server ends.
        tmux.cmd("run-shell", "true")
        found = panes(tmux)
        return found[left].dead_status is not None and found[killed].dead_signal is not None

    wait_for(ends)
    found = panes(tmux)
    assert (found[left].dead, found[left].dead_status, found[left].dead_signal) == (True, 3, None)
    assert (found[killed].dead, found[killed].dead_status, found[killed].dead_signal) == (True, None, 9)
    assert (found[left].dead_time or 0) >= found[left].session_created
    assert not panes(tmux)["%0"].dead


@pytest.mark.parametrize(
    ("index", "body", "expected"),
    [
        ("[0]", "run-shell -b 'sleep 3 && tmux respawn-pane -k -t hq-deacon && echo ##{pane_dead},} #(true)'", True),
        ("[2]", "respawn-pane -k", True),
        ("[0]", "display-message hello", False),
    ],
)
def test_sees_the_hook_that_revives(tmux: Any, index: str, body: str, expected: bool) -> None:
    hooked, bare = tmux.new("hq-deacon"), tmux.new("al-nux")
    tmux.cmd("set-hook", "-t", "=hq-deacon:", f"pane-died{index}", body)
    found = panes(tmux)
    assert found[hooked].respawn_hook is expected
    assert not found[bare].respawn_hook


def test_reads_identity_from_the_start_command_and_drops_the_rest(tmux: Any) -> None:
    line = "exec env GT_ROLE=alpha/witness API_KEY=hush-1 GT_AGENT=claude sh -c 'sleep 99' hush-2 GT_RIG=hush-3"
    pane = tmux.new("al-witness", line, env={"GT_ROLE": "old", "GT_RIG": "alpha", "TOKEN": "hush-4"})
    look = gateway(tmux).look_once(full=True)
    assert look.panes is not None
    assert look.panes[pane].env == {"GT_ROLE": "alpha/witness", "GT_AGENT": "claude", "GT_RIG": "alpha"}
    assert "hush" not in repr(look)


NASTY = [
    "a b",
    "it's",
    'say "x"',
    "$HOME",
    "back\\slash",
    "semi;colon",
    "#{pid}",
    "~",
    "line\nbreak",
    "tab\there",
    "é␞",
    "%H",
    "`x`",
    "{a,b}",
    "=",
    "",
]


@pytest.mark.parametrize("shell", [True, False], ids=["line", "arguments"])
def test_any_value_comes_through_the_quoting_of_tmux(tmux: Any, shell: bool) -> None:
    for number, value in enumerate(NASTY):
        words = ["env", f"GT_ROLE={value}", "GT_RIG=next", "sleep", "99"]
        tmux.new(f"s{number}", *([shlex.join(words)] if shell else words))
    found = panes(tmux)
    assert [found[f"%{number}"].env["GT_ROLE"] for number in range(len(NASTY))] == NASTY
    assert {pane.env["GT_RIG"] for pane in found.values()} == {"next"}


def test_a_global_variable_is_no_identity(new_tmux: Any) -> None:
    tmux = new_tmux(GT_ROLE="mayor")
    bare, named = tmux.new("bare"), tmux.new("named", env={"GT_RIG": "alpha"})
    tmux.cmd("set-environment", "-g", "GT_ROOT", "/home/op/gt")
    found = panes(tmux)
    assert found[bare].env == {}
    assert found[named].env == {"GT_RIG": "alpha"}


@pytest.mark.parametrize("env", [{}, {"LC_ALL": "C", "PATH": os.environ["PATH"]}], ids=["empty", "C"])
def test_hostile_names_come_through_unchanged(tmux: Any, env: dict[str, str]) -> None:
    expected = {}
    for name, title in [("a b", "␞"), ("$4", "%H #{pid} #(true)"), ("grün␞", "a\\tb\u202e"), ("-t", "'\"$HOME")]:
        pane = tmux.new(name)
        # tmux expands formats in this argument, not in what a program sets.
        tmux.cmd("select-pane", "-t", pane, "-T", title.replace("#", "##"))
        # As a title it is stored from 3.7 on, and so it is shown.
        expected[pane] = (name, title.replace("\\", "\\\\") if VERSION >= (3, 7) else title)
    found = panes(tmux, env=env, program=shutil.which("tmux"))
    assert {pane_id: (pane.session, pane.title) for pane_id, pane in found.items()} == expected


def test_a_folder_with_newline_and_tab(tmux: Any, tmp_path: Path, wait_for: Wait) -> None:
    folder = tmp_path / "new\nline\ttab␞<:F"
    folder.mkdir()
    pane, other = tmux.new("one", f"cd {shlex.quote(str(folder))} && exec sleep 99"), tmux.new("two")
    wait_for(lambda: panes(tmux)[pane].cwd == str(folder))
    assert set(panes(tmux)) == {pane, other}


def test_groups_and_links_show_one_pane(tmux: Any) -> None:
    first, second = tmux.new("zz"), tmux.new("other")
    tmux.cmd("new-session", "-d", "-t", "=zz", "-s", "aa")
    tmux.cmd("link-window", "-s", "=other:", "-t", "=zz:")
    found = panes(tmux)
    assert set(found) == {first, second}
    assert (found[first].session, found[first].sessions) == ("zz", ("zz", "aa"))
    assert found[second].sessions == ("zz", "other", "aa")


@pytest.mark.parametrize("how", ["start command", "session environment"])
def test_an_agents_window_linked_into_an_older_session_stays_the_agents(tmux: Any, how: str) -> None:
    tmux.new("mine")
    env = {"GT_ROLE": "alpha/crew/max"} if how == "session environment" else {}
    named = "exec env GT_SESSION=al-crew-max sleep 99" if how == "start command" else "exec sleep 99"
    pane = tmux.new("al-crew-max", named, env=env)
    tmux.cmd("link-window", "-s", "=al-crew-max:", "-t", "=mine:")
    found = panes(tmux)[pane]
    assert (found.session, found.sessions) == ("al-crew-max", ("mine", "al-crew-max"))


def test_hidden_sessions_of_ours_are_left_out(tmux: Any) -> None:
    kept = tmux.new("one")
    tmux.new("_gttui-4711")
    assert list(panes(tmux)) == [kept]
    asking = gateway(tmux)
    assert list(asking.look_once(full=True).panes or {}) == [kept]
    assert list(asking.look_once(full=False).pulses or {}) == [kept], "as the full one has shown"


@pytest.mark.parametrize("size", ["1x1", "500x200"])
def test_captures_a_pane_of_any_size(tmux: Any, size: str, wait_for: Wait) -> None:
    pane = tmux.new("one", "printf '\\033[31mX\\033[0m'; exec sleep 99", size=size)
    frame = wait_for(lambda: "X" in (shown(tmux, pane).rows or [""])[0] and shown(tmux, pane))
    assert frame.rows[0].startswith("\x1b[31mX")
    assert len(frame.rows) == int(size.split("x")[1])
    assert frame.at == AT and frame.pane_id == pane


def shown(tmux: Any, pane: str, history: int = 0) -> Any:
    return gateway(tmux).look_once(full=False, captures=[Capture(pane, history)]).frames[pane]


def test_a_frame_has_cursor_and_scrollback(tmux: Any, wait_for: Wait) -> None:
    pane = tmux.new("one", "seq 30; printf abc; exec sleep 99", size="20x10")
    frame = wait_for(lambda: (found := shown(tmux, pane)).rows[-1] == "abc" and found)
    assert frame.cursor == (3, 9) and frame.history == 21
    assert frame.rows == (*map(str, range(22, 31)), "abc")
    assert shown(tmux, pane, history=5).rows == (*map(str, range(17, 31)), "abc")
    assert len(shown(tmux, pane, history=10_000).rows) == 31


def test_a_hidden_cursor_is_none(tmux: Any, wait_for: Wait) -> None:
    pane = tmux.new("one", "printf '\\033[?25l'; exec sleep 99")
    wait_for(lambda: shown(tmux, pane).cursor is None)


def test_a_pane_that_is_gone_has_no_frame_and_spoils_none(tmux: Any) -> None:
    kept, gone = tmux.new("kept"), tmux.new("gone")
    tmux.cmd("kill-session", "-t", "=gone:")
    wishes = [Capture(gone), Capture(kept), Capture("%77")]
    for full in (True, False):
        frames = gateway(tmux).look_once(full=full, captures=wishes).frames
        assert (frames[gone], frames["%77"]) == (None, None)
        assert frames[kept] is not None


def test_one_pane_of_a_split_window_is_captured(tmux: Any, wait_for: Wait) -> None:
    left = tmux.new("one", "printf left; exec sleep 99")
    right = tmux.cmd("split-window", "-t", left, "-P", "-F", "#{pane_id}", "printf right; exec sleep 99")
    wait_for(lambda: shown(tmux, left).rows[0] == "left" and shown(tmux, right).rows[0] == "right")


def test_a_look_is_one_process_of_few_commands(tmux: Any, logged: Any) -> None:
    program, calls = logged
    pane = tmux.new("one")
    asking = gateway(tmux, program=program)
    asking.look_once(full=False)
    asking.look_once(full=True)
    asking.look_once(full=False, captures=[Capture(pane), Capture("%9")])
    light, full, captures = map(commands, calls())
    assert light == ["display-message", "list-panes", "display-message"]
    assert full == ["display-message", "show-environment", "list-panes", "display-message"]
    assert captures == ["display-message", "list-panes", *["list-panes", "capture-pane"] * 2, "display-message"]


def test_more_captures_than_one_process_carries_take_another(tmux: Any, logged: Any) -> None:
    program, calls = logged
    pane = tmux.new("one")
    look = gateway(tmux, program=program).look_once(
        full=True, captures=[*(Capture(f"%{n}", 99) for n in range(100, 250)), Capture(pane)]
    )
    assert len(look.frames) == 151 and look.frames[pane] is not None
    assert len(calls()) == 3
    assert sum(commands(call).count("capture-pane") for call in calls()) == 151
    assert max(sum(len(word.encode()) + 1 for word in call) for call in calls()) < 16_341


def test_reads_a_session_environment(tmux: Any) -> None:
    tmux.new("one", env={"GT_ROLE": "mayor", "NOTE": "two\nGT_RIG=forged\nlines", "QUOTE": 'a"b$c`d\\'})
    tmux.cmd("set-environment", "-g", "GLOBAL", "no")
    asking = gateway(tmux)
    assert asking.environment_once("$0") == {"GT_ROLE": "mayor", "NOTE": "two\nGT_RIG=forged\nlines", "QUOTE": 'a"b$c`d\\'}
    with pytest.raises(GatewayError, match="no such session"):
        asking.environment_once("$9")


def test_a_server_without_sessions_is_an_empty_town(tmux: Any) -> None:
    tmux.new("one")
    tmux.cmd("set-option", "-s", "exit-empty", "off")
    epoch = gateway(tmux).look_once(full=True).epoch
    tmux.cmd("kill-session", "-t", "=one:")
    for full in (True, False):
        look = gateway(tmux).look_once(full=full)
        assert (look.panes if full else look.pulses) == {}
        assert look.epoch == epoch


def test_no_server_is_absent_and_none_is_started(tmux: Any) -> None:
    with pytest.raises(GatewayError, match="no tmux server") as error:
        gateway(tmux).look_once(full=True)
    assert error.value.absent and error.value.remedy
    assert not Path(tmux.socket).exists()


def test_a_server_that_ended_is_absent_and_another_is_another_epoch(tmux: Any, wait_for: Wait) -> None:
    tmux.new("one")
    asking = gateway(tmux)
    before = asking.look_once(full=True)
    os.kill(tmux.pid, signal.SIGKILL)
    wait_for(lambda: not tmux.listens)
    with pytest.raises(GatewayError) as error:
        asking.look_once(full=True)
    assert error.value.absent
    tmux.new("two")
    after = asking.look_once(full=True)
    assert before.panes is not None and after.panes is not None
    assert before.panes.keys() == after.panes.keys() == {"%0"}
    assert before.epoch != after.epoch


def children() -> list[str]:
    """Returns the commands of our own children that still run."""
    listed = subprocess.run(["ps", "-o", "comm=,stat=", "--ppid", str(os.getpid())], capture_output=True, text=True, check=True)
    return [line for line in listed.stdout.splitlines() if line.startswith("tmux") and "Z" not in line]


def test_a_stopped_server_costs_a_time_out_and_nothing_piles_up(tmux: Any) -> None:
    tmux.new("one")
    asking, pid = gateway(tmux, timeout=0.2), tmux.pid
    with stopped(pid):
        for _ in range(3):
            with pytest.raises(GatewayError, match=r"did not answer within 0\.2 s") as error:
                asking.look_once(full=True)
            assert not error.value.absent and error.value.remedy
        assert children() == []
    assert gateway(tmux).look_once(full=True).panes
    assert tmux.clients() == []


def test_a_socket_that_lets_nobody_in_is_no_absence(tmp_path: Path, tmux: Any) -> None:
    refusing = tmp_path / "tmux"
    refusing.write_text("#!/bin/sh\necho 'error connecting to /x (Permission denied)' >&2\nexit 1\n")
    refusing.chmod(0o755)
    with pytest.raises(GatewayError, match="lets us not in") as error:
        gateway(tmux, program=str(refusing)).look_once(full=True)
    assert not error.value.absent


def test_no_tmux_at_all(tmux: Any) -> None:
    with pytest.raises(GatewayError, match="cannot be run") as error:
        gateway(tmux, program="/nonexistent/tmux").look_once(full=True)
    assert error.value.remedy == "install tmux 3.2 or later"


async def test_the_event_loop_is_left_free(tmux: Any) -> None:
    pane = tmux.new("one", env={"GT_ROLE": "mayor"})
    asking = gateway(tmux)
    assert (await asking.look(full=True, captures=[Capture(pane)])) == asking.look_once(full=True, captures=[Capture(pane)])
    assert await asking.environment("$0") == {"GT_ROLE": "mayor"}
    await asking.close()


def test_a_one_shot_command_needs_no_event_loop(tmux: Any) -> None:
    pane = tmux.new("one")
    code = (
        "import sys\n"
        "from gastown_tui.observe.tmux.fork import ForkGateway\n"
        "from gastown_tui.town.snapshot import Moment\n"
        f"look = ForkGateway('tmux', {tmux.socket!r}, {tmux.env!r}, clock=lambda: Moment(0, 0)).look_once(full=True)\n"
        "print(list(look.panes), 'asyncio' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == f"['{pane}'] False\n"


OTHER = os.environ.get("TMUX_OTHER", "")


@pytest.mark.skipif(not OTHER, reason="TMUX_OTHER does not name a second tmux")
def test_another_version_of_tmux_answers_the_same(new_tmux: Any, wait_for: Wait) -> None:
    tmux = new_tmux(program=OTHER)
    pane = tmux.new("a b", "cd /; printf hello; exec sleep 99", env={"GT_ROLE": "mayor", "NOTE": "$HOME"})

    def look() -> Any:
        return gateway(tmux, program=OTHER).look_once(full=True, captures=[Capture(pane)])

    seen = wait_for(lambda: (found := look()).frames[pane].rows[0] == "hello" and found).panes[pane]
    assert (seen.session, seen.env, seen.cwd) == ("a b", {"GT_ROLE": "mayor"}, "/")
    assert gateway(tmux, program=OTHER).environment_once("$0") == {"GT_ROLE": "mayor", "NOTE": "$HOME"}


@pytest.mark.skipif(not OTHER, reason="TMUX_OTHER does not name a second tmux")
@pytest.mark.parametrize(("client", "server"), [("tmux", OTHER), (OTHER, "tmux")])
def test_a_mixed_pair_answers_or_says_why(new_tmux: Any, client: str, server: str) -> None:
    tmux = new_tmux(program=server)
    tmux.new("one")
    try:
        assert gateway(tmux, program=client).look_once(full=True) == gateway(tmux, program=server).look_once(full=True)
    except GatewayError as error:
        assert "different sides of 3.6" in str(error) and not error.absent
    assert tmux.sessions() == ["one"]
