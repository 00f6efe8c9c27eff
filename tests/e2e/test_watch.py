"""`watch` as scripts use it: the installed command tells each change of a real town, until something ends it."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cost import held_up, timed
from towns import HandTown, argv, environment

MAX = "alpha/crew/max"
Document = dict[str, Any]
Wait = Callable[..., Any]
Run = Callable[..., subprocess.CompletedProcess[str]]


class Watch:
    """A running `watch --json`, read line by line."""

    def __init__(self, town: HandTown, *words: str) -> None:
        place = ("--town", str(town.root), "--socket", town.tmux.socket)
        self.told: list[Document] = []
        self.process = subprocess.Popen(
            argv(*place, "watch", *words), env=environment(town.tmux), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def line(self) -> Document:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        document = json.loads(line)
        assert document["schema"] == 1
        self.told.append(document)
        return dict(document)

    def until(self, wish: Callable[[Document], bool]) -> Document:
        while not wish(document := self.line()):
            pass
        return document

    def stop(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(10)


@pytest.fixture
def watch(town: HandTown, wait_for: Wait) -> Iterator[Callable[..., Watch]]:
    """Starts `watch --json`; returns once it has told of the mayor and its connection stands.

    A session that begins while a control client introduces itself crashes the server of tmux 3.3a, once in many times.
    """
    started: list[Watch] = []

    def starter(*words: str) -> Watch:
        started.append(one := Watch(town, "--json", "--initial", *words))
        one.until(lambda document: document.get("agent") == "mayor")
        wait_for(lambda: f"_gttui-{one.process.pid}" in town.tmux.sessions())
        return one

    yield starter
    for one in started:
        one.process.kill()
        one.process.communicate()


def test_watch_ends_when_its_reader_goes_away_though_nothing_happens(watch: Callable[..., Watch]) -> None:
    one = watch()
    assert one.process.stdout is not None and one.process.stderr is not None
    one.process.stdout.close()
    assert one.process.wait(10) == 0 and one.process.stderr.read() == ""


def test_watch_tells_a_kill_within_a_second(town: HandTown, watch: Callable[..., Watch]) -> None:
    one = watch()
    pane = town.start("al-crew-max", MAX)
    born = one.until(lambda document: document.get("agent") == MAX)
    assert (born["from"], born["session"], born["pane_id"]) == (None, "al-crew-max", pane)
    working = (one.process.pid, town.tmux.pid)
    killed = time.monotonic() - held_up(*working)
    town.kill("al-crew-max")
    dead = one.until(lambda document: document.get("agent") == MAX and document["to"] == "dead")
    assert time.monotonic() - held_up(*working) - killed < 1
    *_, alive, _ = (document for document in one.told if document.get("agent") == MAX)
    assert dead["from"] == alive["to"] and alive["to"] in ("starting", "working", "idle")
    assert set(dead) == {
        "schema", "at", "agent", "session", "pane_id", "from", "to", "evidence", "exit_status", "exit_signal"
    }  # fmt: skip
    assert dead["evidence"][0]["fact"].startswith("its process was seen to end")


def test_watch_tells_of_a_source_that_is_lost_and_comes_back(town: HandTown, watch: Callable[..., Watch]) -> None:
    one = watch()
    town.tmux.kill()
    lost = one.until(lambda document: document.get("source") == "tmux")
    assert (lost["from"], lost["to"]) == ("ok", "absent") and lost["error"]
    town.start("hq-mayor", "mayor")
    back = one.until(lambda document: document.get("source") == "tmux")
    assert (back["from"], back["to"], back["error"]) == ("absent", "ok", None)


def test_watch_waits_for_a_state(town: HandTown, watch: Callable[..., Watch], wait_for: Wait) -> None:
    one = watch("--until", "dead", "mayor", "--timeout", "30")
    town.kill("hq-mayor")
    assert one.process.wait(10) == 0
    wait_for(lambda: not town.tmux.listens)
    town.start("hq-mayor", "mayor")
    words = argv("--town", str(town.root), "--socket", town.tmux.socket, "watch", "--until", "dead", "mayor", "--timeout", "0.5")
    done, took = timed(words, environment(town.tmux))
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "") and took < 5


def test_watch_alone_ends_good_when_the_time_is_up(run: Run) -> None:
    done = run("watch", "--timeout", "0.2")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_watch_with_its_code(town: HandTown, watch: Callable[..., Watch], number: int, code: int) -> None:
    one = watch()
    assert one.stop(number) == code
    assert one.process.stderr is not None and one.process.stderr.read() == ""
    assert [name for name in town.tmux.sessions() if name.startswith("_gttui-")] == []


def test_no_number_is_no_time(town: HandTown, run: Run) -> None:
    assert [run("watch", "--timeout", odd).returncode for odd in ("nan", "-1", "x")] == [64, 64, 64]
