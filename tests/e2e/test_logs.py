"""`logs` as scripts and people use it: the installed command, in a process of its own, on real files."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import Tmux
from towns import argv, environment, gttui

FIXTURE = Path(__file__).parents[1] / "data/automonitor/monitor_wellformed.jsonl"
HEAD = '{"ts":"2026-02-10T05:45:01Z","level":"INFO","component":"ai","message":"'
Run = Callable[..., subprocess.CompletedProcess[str]]
Wait = Callable[..., Any]


@pytest.fixture
def log(tmux: Tmux) -> Path:
    """The log of a town that is nothing but its automonitor's folder."""
    path = tmux.folder / "town/settings/automonitor/monitor.jsonl"
    path.parent.mkdir(parents=True)
    shutil.copy(FIXTURE, path)
    return path


@pytest.fixture
def run(tmux: Tmux, log: Path) -> Run:
    return lambda *words: gttui(tmux, "logs", "--town", str(tmux.folder / "town"), *words)


def documents(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


class Following:
    """A running `logs --follow`; what it prints goes to files."""

    def __init__(self, tmux: Tmux, *words: str) -> None:
        self.out, self.err = tmux.folder / "out", tmux.folder / "err"
        with self.out.open("w") as out, self.err.open("w") as err:
            self.process = subprocess.Popen(argv("logs", "--follow", *words), env=environment(tmux), stdout=out, stderr=err)

    @property
    def lines(self) -> list[str]:
        # It writes in blocks: the last line may still be on its way.
        return self.out.read_text().rpartition("\n")[0].splitlines()


@pytest.fixture
def follow(tmux: Tmux) -> Iterator[Callable[..., Following]]:
    started: list[Following] = []

    def start(*words: str) -> Following:
        started.append(Following(tmux, *words))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()


def test_the_whole_log_as_json(run: Run, log: Path) -> None:
    found = documents(run("--json"))
    strict = [json.loads(line) for line in FIXTURE.read_text().splitlines()]
    assert len(found) == 209 and {one["schema"] for one in found} == {1}
    assert [(one["level"], one["component"], one["message"]) for one in found] == [
        (one["level"], one["component"], one["message"]) for one in strict
    ]
    assert {(one["verdict"], *one["flags"]) for one in found} == {("ok",)}
    assert found[0]["ts"] == "2026-02-10T05:45:01.000Z"
    data = log.read_bytes()
    assert [json.loads(data[one["offset"] : data.index(b"\n", one["offset"])])["message"] for one in found[:20]] == [
        one["message"] for one in found[:20]
    ]


def test_the_log_for_a_person_and_filtered(run: Run) -> None:
    told = run().stdout.splitlines()
    assert len(told) == 209
    assert told[0] == "  2026-02-10 05:45:01  INFO   monitor    Automonitor started (interval 1200s, threshold 3600s)"
    assert {one["level"] for one in documents(run("--json", "--level", "warn"))} == {"WARN", "ERROR"}
    assert len(documents(run("--json", "--level", "ERROR"))) == 4
    of_witness = documents(run("--json", "--session", "gt-myrig-witness"))
    assert {one["session"] for one in of_witness} == {"gt-myrig-witness"} and len(of_witness) > 10
    assert [one["message"] for one in documents(run("--json", "--grep", "^Cycle 1[34] s"))] == [
        "Cycle 13 started",
        "Cycle 14 started",
    ]
    late = documents(run("--json", "--since", "2026-02-10T10:50:00Z"))
    assert late == documents(run("--json"))[-len(late) :] and late[0]["ts"] > "2026-02-10T10:50"
    assert run("--since", "1d").stdout == ""


def test_a_level_that_nobody_knows_and_no_line_has_is_said_to_be_none(
    run: Run, log: Path, follow: Callable[..., Following], wait_for: Wait
) -> None:
    done = run("--level", "TYPO")
    assert (done.returncode, done.stdout) == (64, "")
    assert "is of the level TYPO (DEBUG, INFO, WARN and ERROR mean" in done.stderr
    following = follow("--monitor-dir", str(log.parent), "--level", "typo")
    wait_for(lambda: "is of the level typo; waiting" in following.err.read_text())
    with log.open("a") as file:
        file.write(HEAD.replace("INFO", "TYPO") + 'now"}\n')
    wait_for(lambda: following.lines)
    assert run("--level", "TYPO").stdout.splitlines() == following.lines


def test_sessions_are_known_from_the_town_and_from_the_log_itself(run: Run, log: Path, tmux: Tmux) -> None:
    pids = tmux.folder / "town/.runtime/pids"
    pids.mkdir(parents=True)
    (pids / "al-crew-max.pid").write_text("1|Sat Nov 21 09:40:01 2026")
    log.write_text("".join(HEAD + message + '"}\n' for message in (
        "Restarted al-crew-max", "Restarted gt-x", "Session gt-x age: 45m → OK", "Restarted gt-x"
    )))  # fmt: skip
    assert [one["session"] for one in documents(run("--json"))] == ["al-crew-max", None, "gt-x", "gt-x"]


def test_lines_of_every_kind(run: Run, log: Path) -> None:
    bad = [
        b"\0" + HEAD.encode() + b'nul"}',
        HEAD.encode() + b'said "no"\x1b[2J"}',
        HEAD.encode() + b"one",
        b'two"}',
        b"",
        b"Traceback \xff\x9b",
    ]
    log.write_bytes(b"\n".join([*bad, HEAD.encode() + b'x"}' + HEAD.encode() + b'y"}', b'{"ts":"half']))
    found = documents(run("--json"))
    assert [one["verdict"] for one in found] == ["flagged", "recovered", "recovered", "joined", "rejected", "flagged"]
    assert [one.get("raw") for one in found] == [None] * 4 + [
        "Traceback \N{REPLACEMENT CHARACTER}" * 1 + "\N{REPLACEMENT CHARACTER}",
        None,
    ]
    assert found[5]["also"][0]["message"] == "y"
    told = run().stdout
    assert [line[0] for line in told.splitlines()] == ["~", "~", "~", "|", "!", "~", "~"]
    raw = run("--raw").stdout
    assert raw.splitlines()[0] == "\N{REPLACEMENT CHARACTER}" + HEAD + 'nul"}'
    assert len(raw.splitlines()) == 6
    for text in (told, raw):
        assert not any(ord(letter) < 32 and letter != "\n" for letter in text)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--grep", "("), 64, "--grep"),
        (("--since", "soon"), 64, "is no time"),
        (("--json", "--raw"), 64, "two forms"),
        (("--monitor-dir", "/nonexistent"), 2, "/nonexistent/monitor.jsonl: absent (name the folder with --monitor-dir"),
        (("--monitor-dir", "/dev/null"), 2, "Not a directory"),
    ],
)
def test_what_cannot_be_answered(run: Run, words: tuple[str, ...], code: int, says: str) -> None:
    done = run(*words)
    assert (done.returncode, done.stdout == "" or "--json" in words) == (code, True)
    assert done.stderr.startswith("gastown-tui: ") and says in done.stderr


def test_nothing_heavy_is_loaded(tmux: Tmux, log: Path) -> None:
    run = [sys.executable, "-X", "importtime", "-m", "gastown_tui", "logs", "--monitor-dir", str(log.parent)]
    done = subprocess.run(run, env=environment(tmux), capture_output=True, text=True, timeout=30, check=True)
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "gastown_tui.town.log" in loaded
    assert not loaded & {"asyncio", "libtmux", "pydantic", "rich", "textual", "watchfiles"}


def test_no_town(tmux: Tmux) -> None:
    done = gttui(tmux, "logs", "--json", "--follow")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (2, "no_town")


def test_following_through_rotations_while_a_burst_is_written(
    follow: Callable[..., Following], log: Path, tmux: Tmux, wait_for: Wait
) -> None:
    log.unlink()
    following = follow("--monitor-dir", str(log.parent), "--json", "--level", "INFO")
    wait_for(lambda: "absent; waiting" in following.err.read_text())
    turn = 0

    def burst() -> None:
        nonlocal turn
        with log.open("a") as file:
            for number in range(turn * 500, turn * 500 + 500):
                file.write(f'{HEAD}{number}"}}\n')
        turn += 1

    burst()
    wait_for(lambda: len(following.lines) == 500)
    burst()
    log.rename(log.with_name("monitor.jsonl.1"))
    burst()
    wait_for(lambda: len(following.lines) == 1500)
    burst()
    shutil.copyfile(log, log.with_name("monitor.jsonl.2"))
    os.truncate(log, 0)
    burst()
    wait_for(lambda: len(following.lines) == 2500)
    burst()
    log.write_text("".join(log.read_text().splitlines(keepends=True)[300:]))
    burst()
    wait_for(lambda: len(following.lines) == 3500)
    log.unlink()
    wait_for(lambda: following.err.read_text().count("absent; waiting") == 2)
    burst()
    wait_for(lambda: len(following.lines) == 4000)
    assert [int(json.loads(line)["message"]) for line in following.lines] == list(range(4000))
    following.process.send_signal(signal.SIGINT)
    assert following.process.wait(10) == 130


def test_following_in_the_background_of_a_shell_ends_when_interrupted(tmux: Tmux, log: Path) -> None:
    command = shlex.join(argv("logs", "--follow", "--monitor-dir", str(log.parent)))
    script = (
        f"{{ {command} & echo $! > pid; wait $!; echo $? > code; }} | {{ read -r first; kill -INT $(cat pid); cat >/dev/null; }}"
    )
    subprocess.run(["sh", "-c", script], env=environment(tmux), cwd=tmux.folder, timeout=30, check=True)
    assert (tmux.folder / "code").read_text() == "130\n"


def test_a_half_line_waits_until_it_is_whole(follow: Callable[..., Following], log: Path, wait_for: Wait) -> None:
    log.write_text(HEAD + "one")
    following = follow("--monitor-dir", str(log.parent))
    with log.open("a") as file:
        file.write(' and two"}\n')
    wait_for(lambda: following.lines)
    assert [line.split()[-3:] for line in following.lines] == [["one", "and", "two"]]


def test_a_reader_that_goes_away_ends_it_quietly(tmux: Tmux, log: Path, wait_for: Wait) -> None:
    process = subprocess.Popen(
        argv("logs", "--follow", "--monitor-dir", str(log.parent)),
        env=environment(tmux),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.readline()
    process.stdout.close()
    # Nothing is written any more: it is the closed pipe alone that ends it.
    assert process.wait(10) == 0
    assert process.stderr.read() == b""
    process.stderr.close()


def test_a_long_log_is_printed_with_bounded_memory(tmux: Tmux, log: Path, wait_for: Wait) -> None:
    line = (HEAD + "x" * 900 + '"}\n').encode()
    log.write_bytes(line * 60_000)
    process = subprocess.Popen(
        argv("logs", "--monitor-dir", str(log.parent), "--grep", "nothing"), env=environment(tmux), stdout=subprocess.DEVNULL
    )
    sizes: list[int] = []
    wait_for(lambda: sizes.append(resident(process.pid)) or process.poll() is not None, timeout=60)
    assert process.returncode == 0
    assert 0 < max(sizes) < 60 << 20


def test_a_log_that_names_sessions_without_end_is_printed_with_bounded_memory(tmux: Tmux, log: Path, wait_for: Wait) -> None:
    with log.open("w") as file:
        file.writelines(f'{HEAD}Session s{number:0200} age: 1m"}}\n' for number in range(150_000))
    process = subprocess.Popen(
        argv("logs", "--monitor-dir", str(log.parent), "--json", "--grep", "nothing"),
        env=environment(tmux),
        stdout=subprocess.DEVNULL,
    )
    sizes: list[int] = []
    wait_for(lambda: sizes.append(resident(process.pid)) or process.poll() is not None, timeout=60)
    assert process.returncode == 0
    assert 0 < max(sizes) < 60 << 20


def resident(pid: int) -> int:
    """Returns the bytes of memory that a process holds; 0 where it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0
