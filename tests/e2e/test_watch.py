"""`watch` as scripts use it: the installed command tells each change of a real town, until something ends it."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from towns import HandTown, argv, environment

MAX = "alpha/crew/max"
Document = dict[str, Any]
Run = Callable[..., subprocess.CompletedProcess[str]]


class Watch:
    """A running `watch --json`, read line by line."""

    def __init__(self, town: HandTown, *words: str) -> None:
        place = ("--town", str(town.root), "--socket", town.tmux.socket)
        self.process = subprocess.Popen(
            argv(*place, "watch", *words), env=environment(town.tmux), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def line(self) -> Document:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        document = json.loads(line)
        assert document["schema"] == 1
        return dict(document)

    def until(self, wish: Callable[[Document], bool]) -> Document:
        while not wish(document := self.line()):
            pass
        return document

    def stop(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(10)


@pytest.fixture
def watch(town: HandTown) -> Iterator[Callable[..., Watch]]:
    """Starts `watch --json`; returns once it has told of the mayor, so that it is known to look."""
    started: list[Watch] = []

    def starter(*words: str) -> Watch:
        started.append(Watch(town, "--json", "--initial", *words))
        started[-1].until(lambda document: document.get("agent") == "mayor")
        return started[-1]

    yield starter
    for one in started:
        one.process.kill()
        one.process.communicate()


def test_watch_ends_when_its_reader_goes_away_though_nothing_happens(watch: Callable[..., Watch]) -> None:
    one = watch()
    assert one.process.stdout is not None and one.process.stderr is not None
    one.process.stdout.close()
    assert one.process.wait(5) == 0 and one.process.stderr.read() == ""


def test_watch_tells_a_kill_within_a_second(town: HandTown, watch: Callable[..., Watch]) -> None:
    one = watch()
    pane = town.start("al-crew-max", MAX)
    born = one.until(lambda document: document.get("agent") == MAX)
    assert (born["from"], born["session"], born["pane_id"]) == (None, "al-crew-max", pane)
    one_alive = one.until(lambda document: True) if born["to"] == "unknown" else born
    assert one_alive["to"] in ("starting", "working", "idle")
    killed = time.monotonic()
    town.kill("al-crew-max")
    dead = one.until(lambda document: document.get("agent") == MAX and document["to"] == "dead")
    assert time.monotonic() - killed < 1
    assert dead["from"] == one_alive["to"]
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


def test_watch_waits_for_a_state(town: HandTown, watch: Callable[..., Watch], run: Run) -> None:
    one = watch("--until", "dead", "mayor", "--timeout", "30")
    town.kill("hq-mayor")
    assert one.process.wait(10) == 0
    town.start("hq-mayor", "mayor")
    began = time.monotonic()
    done = run("watch", "--until", "dead", "mayor", "--timeout", "0.5")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    assert time.monotonic() - began < 5


def test_watch_alone_ends_good_when_the_time_is_up(run: Run) -> None:
    assert run("watch", "--timeout", "0.2").stdout == ""
    done = run("watch", "--initial", "--timeout", "0.2")
    assert done.returncode == 0 and "  mayor  - → " in done.stdout


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_watch_with_its_code(town: HandTown, watch: Callable[..., Watch], number: int, code: int) -> None:
    one = watch()
    assert one.stop(number) == code
    assert one.process.stderr is not None and one.process.stderr.read() == ""
    assert [name for name in town.tmux.sessions() if name.startswith("_gttui-")] == []


def test_no_number_is_no_time(town: HandTown, run: Run) -> None:
    assert [run("watch", "--timeout", odd).returncode for odd in ("nan", "-1", "x")] == [64, 64, 64]
