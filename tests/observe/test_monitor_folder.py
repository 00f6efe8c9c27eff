"""An automonitor's folder on real files: what it says, and what is told where its files are broken."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gastown_tui.observe import monitor_files, monitor_log
from gastown_tui.observe.monitor_log import MonitorFolder, read_once
from gastown_tui.town.facts import Fact, MonitorRead, SourceFailed
from gastown_tui.town.monitor import monitor
from gastown_tui.town.snapshot import Moment

RECORDED = Path(__file__).parents[1] / "data" / "automonitor"
STATE = RECORDED / "state" / "valid_after_wellformed.json"
LINE = '{"ts":"2026-02-10T05:45:01Z","level":"INFO","component":"monitor","message":"%s"}\n'


def moment(later: float = 0.0) -> Moment:
    """Now, or that many seconds later."""
    return Moment(time.time() + later, time.monotonic() + later)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder as the loop leaves it after its fourteenth cycle."""
    folder = tmp_path / "automonitor"
    folder.mkdir()
    for name, source in {
        "monitor.jsonl": RECORDED / "monitor_wellformed.jsonl",
        "state.json": STATE,
        "handoffs.json": RECORDED / "handoffs" / "valid_epoch_after_wellformed.json",
        "pending_upgrade.txt": RECORDED / "pending_upgrade" / "present.txt",
    }.items():
        shutil.copy(source, folder / name)
    for number, name in enumerate(
        ("ai_analysis_20260210_060543.log", "ai_analysis_9.log", "ai_analysis_x.txt", "current_state.txt")
    ):
        (folder / name).write_text(name)
        os.utime(folder / name, (1000 + number, 1000 + number))
    return folder


def seen(folder: MonitorFolder, now: Moment | None = None) -> MonitorRead:
    fact = folder.read(now or moment()).fact
    assert isinstance(fact, MonitorRead), fact
    return fact


def failed(fact: Fact | None) -> SourceFailed:
    assert isinstance(fact, SourceFailed), fact
    return fact


@contextmanager
def unprivileged() -> Iterator[None]:
    """As a user that is not root."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_as_the_loop_leaves_it(place: Path) -> None:
    read = seen(MonitorFolder(str(place)))
    assert (read.cycles, read.log.cycles, read.log.from_offset, read.faults) == (14, 14, 0, ())
    assert read.pending_upgrade == "New gastown release available: v0.5.1 (current: v0.5.0)"
    assert read.handoffs["hq-mayor"] == 1770720660.0 and len(read.handoffs) == 6
    assert read.told["last_known_release"] == "v0.5.1" and read.told["upgrades_applied"] == "0"
    assert read.files == {"current_state.txt": 1003.0, "ai_analysis_9.log": 1001.0}
    assert read.written == (place / "monitor.jsonl").stat().st_mtime


def test_what_is_not_there_is_not_known(tmp_path: Path) -> None:
    read = seen(MonitorFolder(str(tmp_path)))
    assert read == MonitorRead(str(tmp_path), read.at, read.log)
    said, _ = monitor(read, moment())
    assert (said.writer, said.last_line_at, said.cycles, said.pending_upgrade, said.handoffs) == ("absent", None, None, None, {})


@pytest.mark.parametrize(
    ("state", "cycles", "told"),
    [
        (
            "future_fields",
            14,
            {"schema": "2", "quarantine": '{"gt-myrig-refinery": {"until": "2026-02-10T12:00:00Z", "reason": "crash-loop"}}'},
        ),
        ("missing_fields", 14, {}),
        ("valid_initial_template", 0, {"last_check_ts": ""}),
    ],
)
def test_keys_that_are_unknown_are_kept_and_those_that_are_missing_are_not_zero(
    place: Path, state: str, cycles: int, told: dict[str, str]
) -> None:
    shutil.copy(RECORDED / "state" / f"{state}.json", place / "state.json")
    read = seen(MonitorFolder(str(place)))
    assert read.cycles == cycles and told.items() <= read.told.items()
    assert bool(told) == bool(read.told)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (b"\n", "it is empty"),
        (STATE.read_bytes()[:100], "it is no JSON"),
        (b"[" * 100_000, "it is no JSON"),
        (b'{"cycles_run": ' + b"9" * 5000 + b"}", "it is no JSON"),
        (b"[14]", "it holds no object"),
        (b"\xff\xfe{}", "it is no JSON"),
    ],
    ids=["empty", "blank", "half", "deep", "huge number", "list", "utf-16"],
)
def test_a_broken_file_keeps_what_it_said_last_and_is_told_once_that_lasts(place: Path, content: bytes, why: str) -> None:
    folder = MonitorFolder(str(place))
    seen(folder)
    (place / "state.json").write_bytes(content)
    broken = seen(folder, moment())
    assert broken.cycles == 14 and broken.faults == ()
    (fault,) = seen(folder, moment(5.1)).faults
    assert fault.startswith(f"state.json cannot be read: {why}; it is shown as of ")
    shutil.copy(STATE, place / "state.json")
    assert seen(folder, moment(10)).faults == ()


def test_a_file_that_was_broken_long_before_the_first_look_is_told_at_once(place: Path) -> None:
    (place / "state.json").write_bytes(b"")
    os.utime(place / "state.json", (1000, 1000))
    read = seen(MonitorFolder(str(place)))
    assert read.faults == ("state.json cannot be read: it is empty",) and read.cycles is None


def test_a_file_that_is_just_being_written_is_read_again(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited = threading.Event()

    def sleep(seconds: float) -> None:
        if seconds == 0.05:
            shutil.copy(STATE, place / "state.json")
            waited.set()

    monkeypatch.setattr(monitor_files.time, "sleep", sleep)
    (place / "state.json").write_bytes(b"")
    assert seen(MonitorFolder(str(place))).cycles == 14 and waited.is_set()


@pytest.mark.parametrize("name", ["state.json", "handoffs.json", "pending_upgrade.txt"])
def test_a_file_of_a_hundred_megabytes_is_refused_by_its_size(place: Path, name: str) -> None:
    os.truncate(place / name, 100_000_000)
    os.utime(place / name, (1000, 1000))
    assert seen(MonitorFolder(str(place))).faults == (f"{name} cannot be read: larger than 4 MiB",)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
@pytest.mark.parametrize("name", ["state.json", "handoffs.json", "pending_upgrade.txt", "monitor.jsonl"])
def test_what_is_no_file_holds_nobody_and_is_told(place: Path, name: str, make: Callable[[Path], None]) -> None:
    (place / name).unlink()
    make(place / name)
    os.utime(place / name, (1000, 1000))
    (fault,) = seen(MonitorFolder(str(place))).faults
    assert fault.startswith(f"{name} cannot be read: ")


def test_what_is_cut_or_named_a_secret_is_kept_without_it(place: Path) -> None:
    cut, named = "-" * (monitor_files.MOST_TEXT - 20) + " https://me:hunter2hunter2@host/", "correct horse"
    (place / "state.json").write_text(json.dumps({"note": cut, "api_token": named, "tokens": 5}))
    (place / "pending_upgrade.txt").write_text("-" * (5 * monitor_files.MOST_TEXT - 20) + " https://me:hunter2hunter2@host/")
    read = seen(MonitorFolder(str(place)))
    assert read.told["tokens"] == "5" and "•" in read.told["api_token"]
    assert "hunter" not in f"{read.told} {read.pending_upgrade}" and named not in str(read.told)


def test_counts_of_a_wrong_type_are_told(place: Path) -> None:
    (place / "state.json").write_text(json.dumps({"cycles_run": "many", "upgrades_applied": None}))
    read = seen(MonitorFolder(str(place)))
    assert (read.cycles, read.told, read.faults) == (None, {"upgrades_applied": "null"}, ("state.json: cycles_run is no count",))


def test_a_state_with_a_byte_order_mark_is_read(place: Path) -> None:
    (place / "state.json").write_bytes(b"\xef\xbb\xbf" + STATE.read_bytes())
    assert seen(MonitorFolder(str(place))).cycles == 14


def test_a_state_that_was_reset_is_told_for_an_hour(place: Path) -> None:
    folder = MonitorFolder(str(place))
    seen(folder)
    shutil.copy(RECORDED / "state" / "valid_initial_template.json", place / "state.json")
    assert seen(folder).faults == ("state.json was reset: cycles_run went from 14 to 0",)
    assert seen(folder, moment(3601)).faults == ()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("multiline", "v0.5.1 · https://github.com/steveyegge/gastown/releases/tag/v0.5.1 · Detected 2026-02-10T07:32:19Z"),
        ("empty", "(an empty file)"),
    ],
)
def test_a_pending_upgrade_is_there_or_not_and_its_text_is_free(place: Path, name: str, told: str) -> None:
    folder = MonitorFolder(str(place))
    shutil.copy(RECORDED / "pending_upgrade" / f"{name}.txt", place / "pending_upgrade.txt")
    assert seen(folder).pending_upgrade == told
    (place / "pending_upgrade.txt").unlink()
    assert seen(folder).pending_upgrade is None


def test_a_log_of_which_only_the_end_is_read(place: Path) -> None:
    with (place / "monitor.jsonl").open("w") as log:
        log.writelines(LINE % f"line {number}" for number in range(30_000))
    size, now = (place / "monitor.jsonl").stat().st_size, moment()
    fact = read_once(str(place), now)
    assert isinstance(fact, MonitorRead)
    assert 0 <= fact.log.from_offset - (size - monitor_log.TAIL_BYTES) < 200
    folder = MonitorFolder(str(place))
    lines = []
    while (step := folder.read(now)).more or step.lines:
        lines += step.lines
    assert lines[-1].message == "line 29999" and lines[0].offset == fact.log.from_offset
    before = folder.earlier(lines[0])
    assert [line.message for line in (before[-1], lines[0])] == [f"line {30_000 - len(lines) + n}" for n in (-1, 0)]
    assert len(before) > 5000


@pytest.mark.parametrize("end", ["", "\n"])
def test_of_a_log_whose_end_is_one_long_line_it_is_told_from_where_it_was_read(place: Path, end: str) -> None:
    (place / "monitor.jsonl").write_text("x" * (3 << 20) + end)
    read = read_once(str(place), moment())
    assert isinstance(read, MonitorRead) and (2 << 20) - 1 <= read.log.from_offset <= (3 << 20) + 1


def test_lines_that_a_book_forgot_are_read_again(place: Path) -> None:
    folder = MonitorFolder(str(place))
    lines = folder.read(moment()).lines
    assert folder.earlier(lines[100]) == lines[:100]


def test_a_half_line_waits_and_is_shown_after_five_seconds(place: Path) -> None:
    folder = MonitorFolder(str(place))
    count = len(folder.read(moment()).lines)
    with (place / "monitor.jsonl").open("ab") as log:
        log.write(b'{"ts":"2026-02')
    step = folder.read(moment())
    assert (len(step.lines), step.torn) == (0, "") and count == 209
    assert folder.read(moment(5.1)).torn == '{"ts":"2026-02'


def test_a_folder_that_nobody_named_and_that_never_was_says_nothing(tmp_path: Path) -> None:
    step = MonitorFolder(str(tmp_path / "none")).read(moment())
    assert step.fact is None and step.state == f"{tmp_path / 'none'}: no such file or directory"


def test_a_folder_that_was_named_must_be_there(tmp_path: Path) -> None:
    fact = failed(read_once(str(tmp_path / "none"), moment(), named=True))
    assert fact.absent and fact.error == f"{tmp_path / 'none'}: no such file or directory"


def test_a_folder_that_comes_late_and_goes_again(place: Path) -> None:
    away = place.rename(place.with_name("away"))
    folder = MonitorFolder(str(place))
    assert folder.read(moment()).fact is None
    away.rename(place)
    assert seen(folder).log.cycles == 14
    place.rename(away)
    assert failed(folder.read(moment()).fact).absent


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "automonitor").write_text("")
    fact = failed(read_once(str(tmp_path / "automonitor"), moment()))
    assert (fact.absent, fact.error) == (False, f"{tmp_path / 'automonitor'}: it is no folder")


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody may enter: pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="gttui-"))
    folder.chmod(0o755)
    (folder / "automonitor").mkdir()
    yield folder / "automonitor"
    shutil.rmtree(folder)


def test_a_folder_that_may_not_be_read_is_told(public: Path) -> None:
    public.chmod(0o700 if os.geteuid() == 0 else 0)
    with unprivileged():
        fact = failed(read_once(str(public), moment()))
    public.chmod(0o755)
    assert (fact.absent, fact.error) == (False, f"{public}: permission denied")


def test_a_log_and_a_state_that_may_not_be_read_are_told_and_the_rest_is_read(public: Path) -> None:
    (public / "pending_upgrade.txt").write_text("v9")
    for name in ("monitor.jsonl", "state.json"):
        shutil.copy(STATE, public / name)
        (public / name).chmod(0o600 if os.geteuid() == 0 else 0)
        os.utime(public / name, (1000, 1000))
    with unprivileged():
        read = seen(MonitorFolder(str(public)))
    assert read.faults == ("monitor.jsonl cannot be read: permission denied", "state.json cannot be read: permission denied")
    assert read.pending_upgrade == "v9" and read.written == 1000.0 and read.cycles is None


def test_a_folder_in_which_nothing_may_be_written_is_only_read(public: Path) -> None:
    shutil.copy(RECORDED / "monitor_wellformed.jsonl", public / "monitor.jsonl")
    public.chmod(0o555)
    before = {entry.name: entry.stat().st_mtime_ns for entry in os.scandir(public)}
    with unprivileged():
        assert seen(MonitorFolder(str(public))).log.cycles == 14
    assert {entry.name: entry.stat().st_mtime_ns for entry in os.scandir(public)} == before


def test_two_loops_that_write_at_once_lose_nothing_and_are_told(place: Path) -> None:
    def loop(cycle: int) -> None:
        with (place / "monitor.jsonl").open("ab", buffering=0) as log:
            for session in range(200):
                log.write((LINE % f"Session gt-{session} age: 5m → OK").encode())
            log.write((LINE % f"Cycle {cycle} complete").encode())

    (place / "monitor.jsonl").write_bytes(b"")
    loops = [threading.Thread(target=loop, args=(cycle,)) for cycle in (5, 5)]
    for thread in loops:
        thread.start()
    folder, count, fact = MonitorFolder(str(place)), 0, None
    while any(thread.is_alive() for thread in loops) or count < 402:
        step = folder.read(moment())
        count, fact = count + len(step.lines), step.fact
        assert count <= 402
    assert isinstance(fact, MonitorRead) and fact.log.rejected == fact.log.repaired == 0
    assert fact.log.faults == ("monitor.jsonl: two automonitors seem to write it; end one of them",)
