"""A listing and the captures decided from it, from one tmux process, on real servers and their bad days."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from servers import stopped
from towns import HandTown, clock

from gastown_tui.observe.ports import Capture, GatewayError
from gastown_tui.observe.survey import Survey, survey
from gastown_tui.observe.tmux.control import ControlGateway
from gastown_tui.observe.tmux.fork import ForkGateway
from gastown_tui.town.snapshot import Moment

AT = Moment(1000.0, 10.0)
Wait = Callable[..., Any]


def gateway(tmux: Any, program: str = "tmux", timeout: float = 10.0) -> ForkGateway:
    return ForkGateway(program, tmux.socket, tmux.env, clock=lambda: AT, timeout=timeout)


@pytest.fixture
def counted(tmp_path: Path) -> Callable[[str], tuple[str, Callable[[], int]]]:
    """Makes a tmux that runs a line of shell instead of what it was asked, and counts its processes."""

    def make(line: str = 'exec tmux "$@"') -> tuple[str, Callable[[], int]]:
        program, log = tmp_path / "counting-tmux", tmp_path / "log"
        program.write_text(f"#!/bin/sh\necho >>{shlex.quote(str(log))}\n{line}\n")
        program.chmod(0o755)
        return str(program), lambda: len(log.read_text())

    return make


def children() -> list[str]:
    listed = subprocess.run(["ps", "-o", "comm=", "--ppid", str(os.getpid())], capture_output=True, text=True, check=True)
    return [line for line in listed.stdout.splitlines() if "tmux" in line]


def test_one_process_lists_and_then_captures_what_was_decided(tmux: Any, counted: Any, wait_for: Wait) -> None:
    program, processes = counted()
    one, two = (tmux.new(name, f"printf 'of {name}'; exec sleep 99") for name in ("one", "two"))
    wait_for(lambda: tmux.cmd("capture-pane", "-p", "-t", two).startswith("of two"))
    with gateway(tmux, program).converse() as talk:
        assert set(talk.look.panes or {}) == {one, two}
        decided = [pane.pane_id for pane in (talk.look.panes or {}).values() if pane.session == "two"]
        frames = talk.frames([Capture(pane) for pane in decided])
    assert {pane: frame and frame.rows[0] for pane, frame in frames.items()} == {two: "of two"}
    assert processes() == 1
    assert children() == []


def test_it_says_what_two_processes_say(tmux: Any, wait_for: Wait) -> None:
    pane = tmux.new("one", "seq 50; printf '\\033[31mred'; exec sleep 99", env={"GT_ROLE": "mayor"}, runs="sleep")
    wait_for(lambda: tmux.cmd("capture-pane", "-p", "-t", pane).endswith("red"))
    asking, wishes = gateway(tmux), [Capture(pane, 5)]
    with asking.converse() as talk:
        assert talk.look == asking.look_once(full=True)
        assert talk.frames(wishes) == asking.frames_once(wishes)


def test_a_pane_that_is_gone_by_then_has_no_frame_and_spoils_none(tmux: Any) -> None:
    panes = [tmux.new(name) for name in ("one", "two", "three")]
    with gateway(tmux).converse() as talk:
        tmux.cmd("kill-session", "-t", "=two:")
        frames = talk.frames([Capture(pane) for pane in panes])
    assert [frames[pane] is None for pane in panes] == [False, True, False]


def test_three_hundred_captures_and_as_many_errors_fit_in_one_process(tmux: Any, counted: Any) -> None:
    program, processes = counted()
    pane = tmux.new("one", size="200x50")
    for _ in range(4):
        tmux.cmd("split-window", "-t", pane, "sleep", "3600")
        tmux.cmd("select-layout", "-t", pane, "tiled")
    wishes = [Capture(f"%{number}") for number in range(5)] * 60 + [Capture(f"%{number}") for number in range(1000, 1300)]
    with gateway(tmux, program).converse() as talk:
        frames = talk.frames(wishes)
    assert [pane for pane, frame in frames.items() if frame] == [f"%{number}" for number in range(5)]
    assert len(frames) == 305 and processes() == 1


HOSTILE = ("<0123456789:Z", "<0123456789:C%0", "%end 1 1 1", "source-file -", "'; kill-server")


def test_no_text_of_a_pane_or_title_ends_or_forges_an_answer(tmux: Any, wait_for: Wait) -> None:
    pane = tmux.new("one", f"printf '\\033]2;<0:Z\\033\\\\'; printf '%s\\n' {shlex.join(HOSTILE)}; exec sleep 99")
    other = tmux.new("kill-server ; x")
    wait_for(lambda: "kill-server" in tmux.cmd("capture-pane", "-p", "-t", pane))
    with gateway(tmux).converse() as talk:
        assert (talk.look.panes or {})[pane].title == "<0:Z"
        frames = talk.frames([Capture(pane), Capture(other)])
    assert frames[pane].rows[: len(HOSTILE)] == HOSTILE
    assert frames[other] is not None


def test_nobody_has_to_ask_for_captures(tmux: Any, counted: Any) -> None:
    program, processes = counted()
    tmux.new("one")
    with gateway(tmux, program).converse() as talk:
        assert talk.look.panes
    assert (processes(), children(), tmux.clients()) == (1, [], [])


def test_a_second_batch_is_another_process(tmux: Any, counted: Any) -> None:
    program, processes = counted()
    pane = tmux.new("one")
    with gateway(tmux, program).converse() as talk:
        assert talk.frames([Capture(pane)]) == talk.frames([Capture(pane)])
    assert processes() == 2


def test_a_tmux_that_reads_no_commands_costs_a_second_process(tmux: Any, counted: Any) -> None:
    program, processes = counted('exec tmux "$@" </dev/null')
    pane = tmux.new("one")
    with gateway(tmux, program).converse() as talk:
        frames = talk.frames([Capture(pane)])
    assert frames[pane] is not None and processes() == 2


def test_a_server_that_stops_costs_a_time_out_in_either_half(tmux: Any) -> None:
    pane, pid = tmux.new("one"), tmux.pid
    asking = gateway(tmux, timeout=0.2)
    with asking.converse() as talk, stopped(pid):
        with pytest.raises(GatewayError, match=r"did not answer within 0\.2 s") as late:
            talk.frames([Capture(pane)])
        with pytest.raises(GatewayError, match=r"did not answer within 0\.2 s"), asking.converse():
            pytest.fail("it answered")
        assert not late.value.absent and children() == []
    assert tmux.pid == pid and tmux.clients() == []


def test_a_server_that_ends_in_between_is_absent(tmux: Any, wait_for: Wait) -> None:
    pane = tmux.new("one")
    with gateway(tmux).converse() as talk:
        os.kill(tmux.pid, signal.SIGKILL)
        wait_for(lambda: not tmux.listens)
        with pytest.raises(GatewayError) as error:
            talk.frames([Capture(pane)])
    assert error.value.absent and children() == []


def test_another_server_in_its_place_is_not_taken_for_it(tmux: Any, wait_for: Wait) -> None:
    pane = tmux.new("one")
    with gateway(tmux).converse() as talk:
        os.kill(tmux.pid, signal.SIGKILL)
        wait_for(lambda: not tmux.listens)
        assert tmux.new("two") == pane
        with pytest.raises(GatewayError, match="was replaced"):
            talk.frames([Capture(pane)])


def test_what_goes_wrong_inside_ends_the_process_and_not_the_server(tmux: Any) -> None:
    tmux.new("one")
    pid = tmux.pid
    with pytest.raises(ZeroDivisionError), gateway(tmux).converse():
        _ = 1 / 0
    assert children() == [] and tmux.pid == pid


def test_no_server_is_absent_and_none_is_started(tmux: Any) -> None:
    with pytest.raises(GatewayError) as error, gateway(tmux).converse():
        pytest.fail("somebody answered")
    assert error.value.absent and not Path(tmux.socket).exists()


def test_no_tmux_at_all(tmux: Any) -> None:
    with pytest.raises(GatewayError, match="cannot be run"), gateway(tmux, "/nonexistent/tmux").converse():
        pytest.fail("nobody answered")


@pytest.mark.parametrize("backend", ["fork", "control"])
async def test_what_to_capture_is_decided_from_this_very_listing(tmux: Any, counted: Any, backend: str) -> None:
    program, processes = counted()
    kept, dropped = (tmux.new(name, "printf hello; exec sleep 99") for name in ("kept", "dropped"))
    asking: ForkGateway | ControlGateway = gateway(tmux, program)
    if backend == "control":
        asking = await ControlGateway.open(program, tmux.socket, tmux.env, clock=lambda: AT, on_event=lambda _: None)
    try:
        for full in (True, False):
            look = await asking.decided(
                lambda look: [Capture(pane) for pane in look.panes or look.pulses or {} if pane == kept], full=full
            )
            assert set(look.panes or look.pulses or {}) == {kept, dropped} and list(look.frames) == [kept]
            assert look.frames[kept] is not None
        assert (await asking.decided(lambda _: (), full=False)).frames == {}
    finally:
        await asking.close()
    assert processes() == {"fork": 3, "control": 1}[backend]


@pytest.mark.parametrize(("talking", "expected"), [(True, 1), (False, 2)])
def test_a_survey_captures_from_the_process_that_listed(tmux: Any, counted: Any, talking: bool, expected: int) -> None:
    program, processes = counted()
    town = HandTown(tmux)
    town.start("al-crew-max")
    with ExitStack() as talks:
        wanted = town.wanted(town=str(town.root), socket=tmux.socket)
        place = survey(wanted, tmux=program, host="here", clock=clock, timeout=10.0, **({"talks": talks} if talking else {}))
        assert isinstance(place, Survey) and place.look is not None and place.frames is not None
        panes = list(place.look.panes or {})
        assert [frame and frame.pane_id for frame in place.frames([Capture(pane) for pane in panes]).values()] == panes
    assert processes() == expected and children() == []


def test_a_survey_brings_the_screens_of_agents_alone_from_the_same_process(tmux: Any, counted: Any) -> None:
    program, processes = counted()
    town = HandTown(tmux)
    pane = town.start("al-crew-max")
    tmux.new("my own")
    with ExitStack() as talks:
        wanted = town.wanted(town=str(town.root), socket=tmux.socket)
        place = survey(wanted, tmux=program, host="here", clock=clock, timeout=10.0, talks=talks)
        assert isinstance(place, Survey) and place.look is not None and len(place.look.panes or {}) == 2
        seen = place.with_screens().look
    assert seen is not None and list(seen.frames) == [pane] and seen.frames[pane] is not None
    assert processes() == 1 and children() == []
