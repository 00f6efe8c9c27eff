"""What an automonitor's folder says: from the recorded log and from made-up lines, at moments of the test's own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from story import START, Story, pane

from gastown_tui.town.facts import Digest, MonitorRead, Pane, SourceFailed
from gastown_tui.town.lines import Line, Parser
from gastown_tui.town.monitor import AHEAD_S, SILENT_S, Reckoning, count, handoffs, monitor
from gastown_tui.town.report import status_document
from gastown_tui.town.snapshot import Moment, Monitor, Phase
from gastown_tui.town.text import stamp

RECORDED = Path(__file__).parents[1] / "data" / "automonitor"
T = START.wall


def digest(lines: Iterable[Line], now: float = T + 1e6) -> Digest:
    reckoning = Reckoning()
    reckoning.take(lines, now)
    return reckoning.digest()


def said(*told: tuple[float, str, str], level: str = "INFO") -> list[Line]:
    """Lines of (seconds after T, component, message); a message that begins with `!` is an error."""
    return [
        Line(n, "ok", (), T + at, "ERROR" if text.startswith("!") else level, component, text.lstrip("!"))
        for n, (at, component, text) in enumerate(told)
    ]


def cycles(starts: Iterable[float], *, numbered: bool = False) -> list[Line]:
    """Cycles that begin then and last two minutes."""
    told = []
    for number, at in enumerate(starts, 1):
        told += [(at, "loop", f"Cycle {number}" if numbered else "here we go"), (at + 120, "ai", "done")]
    return said(*told)


def recorded() -> list[Line]:
    parser, offset, lines = Parser(), 0, list[Line]()
    for raw in (RECORDED / "monitor_wellformed.jsonl").read_bytes().split(b"\n"):
        lines += parser.feed([(offset, raw)])[0]
        offset += len(raw) + 1
    return lines


NOTHING_READ = Digest()


def read(log: Digest = NOTHING_READ, **more: Any) -> MonitorRead:
    return MonitorRead("/gt/settings/automonitor", START, log, **more)


def at(seconds: float) -> Moment:
    return Moment(T + seconds, START.mono + seconds)


def test_the_recorded_log_is_fourteen_cycles() -> None:
    log = digest(recorded())
    assert (log.cycles, log.number, log.repaired, log.rejected, log.faults) == (14, 14, 0, 0, ())
    assert log.last_at == stamp("2026-02-10T10:54:17Z") and log.began == stamp("2026-02-10T10:50:45Z")
    assert log.pause == 1200.0 and log.period is not None and 1200 < log.period < 1560
    assert log.phases == (
        Phase("monitor", stamp("2026-02-10T10:54:17Z")),
        Phase("upstream", stamp("2026-02-10T10:50:46Z"), stamp("2026-02-10T07:10:57Z"), 1),
        Phase("handoff", stamp("2026-02-10T10:51:01Z"), stamp("2026-02-10T07:53:50Z"), 1),
        Phase("ai", stamp("2026-02-10T10:54:17Z"), stamp("2026-02-10T09:27:01Z"), 2),
        Phase("watcher", stamp("2026-02-10T10:07:12Z")),
    )
    assert log.restarts["hq-mayor"] == 5 and sum(log.restarts.values()) == 29


def test_a_cycle_ends_where_nothing_is_said_for_ten_minutes_whatever_the_words() -> None:
    log = digest(cycles([0, 1320, 2640, 3960]))
    assert (log.cycles, log.number, log.pause, log.period, log.began) == (4, None, 1200.0, 1320.0, T + 3960)
    assert digest(cycles([0, 719])).cycles == 1


def test_of_a_loop_without_long_pauses_its_own_count_tells_the_cycles() -> None:
    log = digest(cycles([0, 150, 300], numbered=True))
    assert (log.cycles, log.number, log.pause, log.period) == (3, 3, 30.0, 150.0)


def test_a_count_of_something_else_in_a_cycle_is_not_its_number() -> None:
    assert digest(said((0, "handoff", "Handoffs this cycle: 5"))).number is None


@pytest.mark.parametrize(
    ("level", "text", "failed"),
    [
        ("ERROR", "exit 1", True),
        ("fatal", "exit 1", True),
        ("INFO", "0 errors, nothing failed", False),
        ("WARN", "Upgrade still pending", False),
        ("WARN", "nudge failed", True),
        (None, "connection refused", True),
        (None, "401 tests passed", False),
        ("NOTICE", "timed out", True),
    ],
)
def test_what_tells_of_a_failure(level: str | None, text: str, failed: bool) -> None:
    (phase,) = digest([Line(0, "ok", (), T, level, "ai", text)]).phases
    assert phase == (Phase("ai", None, T, 1) if failed else Phase("ai", T))


def test_a_run_that_fails_succeeded_with_nothing_that_it_said_before() -> None:
    told = [(0, "ai", "done"), (1, "loop", "-"), (2, "ai", "starting"), (3, "ai", "!timed out"), (4, "ai", "giving up")]
    assert digest(said(*told)).phases[0] == Phase("ai", T, T + 3, 1)
    assert digest(said(*told, (5, "loop", "-"), (6, "ai", "done"))).phases[0] == Phase("ai", T + 6, T + 3, 1)


@pytest.mark.parametrize(
    ("texts", "restarts"),
    [
        (["Session gt-x age: 72m (>3600s) → restart"], 1),
        (["Session gt-x age: 72m (>3600s) -> restart"], 1),
        (["Session gt-x age: 72m (>3600s) → restart", "Restarted gt-x via gt"], 1),
        (["Restarted gt-x via gt"], 1),
        (["Session gt-x age: 45m → OK"], 0),
        (["Session gt-x age: 70m (>3600s) but last handoff 20m ago → skip"], 0),
        (["Session gt-x is → restart"], 0),
    ],
)
def test_who_was_restarted(texts: list[str], restarts: int) -> None:
    log = digest(said(*((at, "handoff", text) for at, text in enumerate(texts))))
    assert log.restarts.get("gt-x", 0) == restarts


def test_what_lies_ahead_of_the_clock_is_told_and_orders_nothing() -> None:
    log = digest(said((0, "ai", "a"), (3600, "ai", "b"), (1, "ai", "c")), now=T + 1)
    assert (log.cycles, log.last_at, log.phases) == (1, T + 1, (Phase("ai", T + 1),))
    assert log.faults == ("monitor.jsonl: 1 line is stamped ahead of this clock",)
    assert digest(said((AHEAD_S, "ai", "a")), now=T).last_at == T + AHEAD_S
    reckoning = Reckoning()
    for line, now in zip(said((3600, "ai", "a"), (3601, "ai", "b")), (T, T + 3601), strict=True):
        reckoning.take([line], now)
    assert reckoning.digest().faults == ()


def test_a_clock_that_was_set_back_is_told_and_the_file_keeps_its_order() -> None:
    log = digest(said((0, "ai", "a"), (-3600, "ai", "b")))
    assert log.last_at == T - 3600 and log.cycles == 1
    assert log.faults == ("monitor.jsonl: its clock went back by 1 h at 07:00:00",)
    assert digest(said((0, "ai", "a"), (-3600, "ai", "b"), (86400, "ai", "c"))).faults == ()


def test_broken_lines_are_counted_once_each_and_those_that_belong_above_are_not() -> None:
    lines = [
        Line(0, "recovered", ("interleaved",), T, "INFO", "ai", "a"),
        Line(0, "recovered", ("interleaved",), T, "INFO", "ai", "b"),
        Line(9, "joined", (), message="rest of b"),
        Line(20, "flagged", ("nul",), T, "INFO", "ai", "c"),
        Line(30, "rejected", message="Traceback"),
    ]
    log = digest(lines)
    assert (log.repaired, log.rejected, log.phases) == (1, 1, (Phase("ai", T),))


CHECKS = ("Session gt-x age: 5m → OK", "Session gt-y age: 5m → OK")


@pytest.mark.parametrize(
    ("texts", "two"),
    [
        (["Cycle 3", *CHECKS, "Cycle 4", *CHECKS, "Cycle 5", *CHECKS], False),
        (["Cycle 3", "Cycle 3", *CHECKS, *CHECKS], True),
        (["Cycle 3", "Cycle 4", *CHECKS, *CHECKS], True),
        (["Cycle 3", "Cycle 812", "Cycle 4", "Cycle 813", "Cycle 5"], True),
        (["Cycle 7", "Cycle 8", "Cycle 1", "Cycle 2"], False),
    ],
)
def test_two_loops_that_write_one_log_are_told(texts: list[str], two: bool) -> None:
    log = digest(said(*((20 * n, "loop", text) for n, text in enumerate(texts))))
    assert any("two automonitors" in fault for fault in log.faults) is two


def test_that_two_loops_wrote_once_is_forgotten() -> None:
    texts = ["Cycle 3", *CHECKS, *CHECKS, "Cycle 4", "Cycle 5", "Cycle 6"]
    assert digest(said(*((9 * n, "loop", text) for n, text in enumerate(texts)))).faults == ()


def test_a_writer_is_silent_after_one_and_a_half_of_its_own_pauses() -> None:
    log = digest(cycles([0, 1320, 2640]))
    last = 2640 + 120
    alive, due = monitor(read(log, written=T + last), at(last + 1799))
    assert alive.writer == "alive" and due == pytest.approx(START.mono + last + 1800)
    assert alive.next_cycle_at == T + 2640 + 1320
    silent, due = monitor(read(log, written=T + last), at(last + 1800))
    assert (silent.writer, silent.next_cycle_at, due) == ("silent", None, None)


@pytest.mark.parametrize(
    ("last", "written", "writer"),
    [
        (None, None, "absent"),
        (None, T, "alive"),
        (None, T - SILENT_S - 1, "silent"),
        (T - 86400, T, "alive"),
        (T, None, "alive"),
        (None, T + AHEAD_S + 1, "silent"),
    ],
)
def test_a_writer_whose_pauses_nobody_knows(last: float | None, written: float | None, writer: str) -> None:
    assert monitor(read(Digest(last_at=last), written=written), START)[0].writer == writer


def test_the_loops_own_count_of_cycles_goes_before_what_was_read() -> None:
    log = digest(cycles([0, 1320]))
    assert monitor(read(log, cycles=814), START)[0].cycles == 814
    assert monitor(read(log), START)[0].cycles == 2
    assert monitor(read(), START)[0].cycles is None


def test_a_state_file_and_a_log_that_count_otherwise_are_told() -> None:
    assert monitor(read(Digest(number=14), cycles=15), START)[0].faults == ()
    (fault,) = monitor(read(Digest(number=14), cycles=2), START)[0].faults
    assert fault == "state.json counts 2 cycles, the log 14"


@pytest.mark.parametrize("name", ["valid_epoch_after_wellformed", "valid_iso_after_wellformed", "mixed_formats"])
def test_a_hand_off_is_told_in_every_form(name: str) -> None:
    found, faults = handoffs(json.loads((RECORDED / "handoffs" / f"{name}.json").read_text()), 1770721000.0)
    assert faults == () and len(found) == 6
    assert found["hq-mayor"] == 1770720660.0 and found["gt-myrig-refinery"] == 1770719430.0


@pytest.mark.parametrize("value", [None, True, 0, -5, "", "soon", "x" * 100, [], {}, 1e300, float("nan"), T + AHEAD_S + 1])
def test_a_hand_off_without_a_time_is_told_and_has_no_age(value: object) -> None:
    found, faults = handoffs({"hq-mayor": value, "hq-deacon": T}, T)
    assert found == {"hq-deacon": T} and faults == ("handoffs.json: no time, or one to come, for hq-mayor",)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(ANYTHING | st.dictionaries(st.text(), ANYTHING))
def test_whatever_stands_in_the_files_each_session_has_a_past_time_or_none(document: Any) -> None:
    found, faults = handoffs(document, T)
    assert all(0 < at <= T + AHEAD_S for at in found.values())
    assert bool(faults) == (not isinstance(document, dict) or len(found) < len(document))
    assert count(document) is None or count(document) >= 0


@pytest.mark.parametrize(
    ("value", "counted"),
    [
        (0, 0),
        (14, 14),
        ("14", 14),
        ("", None),
        ("14.5", None),
        (1.5, None),
        (-1, None),
        (True, None),
        (None, None),
        (10**30, None),
    ],
)
def test_a_count(value: object, counted: int | None) -> None:
    assert count(value) == counted


@given(
    st.lists(
        st.builds(
            Line,
            st.integers(0, 9),
            st.sampled_from(["ok", "flagged", "recovered", "joined", "rejected"]),
            st.just(()),
            st.none() | st.floats(1, 4e9),
            st.none() | st.text(max_size=9),
            st.none() | st.sampled_from(["ai", "loop", ""]),
            st.text(max_size=30) | st.sampled_from(["Cycle 3", "Cycle 9", *CHECKS, "Session gt-x age: 1m → restart"]),
        ),
        max_size=30,
    )
)
def test_whatever_the_lines_are_nothing_is_raised_and_every_one_is_counted(lines: list[Line]) -> None:
    log = digest(lines, now=T)
    assert log.rejected == sum(line.verdict == "rejected" for line in lines)
    assert log.last_at is None or log.last_at <= T + AHEAD_S
    assert isinstance(monitor(read(log), START)[0], Monitor)


def test_a_town_tells_of_its_automonitor_and_says_when_it_falls_silent() -> None:
    story = Story()
    story.look(pane())
    town = story.tell(read(Digest(last_at=T), written=T))
    assert town.monitor is not None and town.monitor.writer == "alive" and town.notices == ()
    source = town.source("monitor")
    assert source is not None and source.state == "ok"
    assert story.judgement.next_at is not None and story.judgement.next_at <= START.mono + SILENT_S
    town = story.later(SILENT_S + 1)
    assert town.monitor is not None and town.monitor.writer == "silent"
    assert [notice.code for notice in town.notices] == ["monitor_silent"] and town.notices[0].since == T
    assert story.later(86400).notices == ()


@pytest.mark.parametrize(
    ("session", "how"),
    [
        (pane(number=7, session="gt-automonitor", env={}, command="sleep"), "; its session gt-automonitor runs sleep"),
        (pane(number=7, session="gt-automonitor", env={}, dead=True), "; its session gt-automonitor is dead"),
        (pane(number=7, session="notes", env={}), "; its session gt-automonitor is not there"),
        (None, ""),
    ],
)
def test_a_silent_loop_may_hang_or_be_gone(session: Pane | None, how: str) -> None:
    story = Story()
    story.tell(read(Digest(last_at=T - 7200), written=T - 7200))
    (notice,) = (story.look(session) if session else story.tell()).notices
    assert notice.text == f"the automonitor has said nothing since 06:00:00{how}"


def test_a_folder_that_goes_leaves_nothing_and_one_that_cannot_be_read_leaves_what_was_seen() -> None:
    story = Story()
    story.tell(read(Digest(last_at=T), written=T))
    town = story.tell(SourceFailed("monitor", "permission denied", story.now))
    source = town.source("monitor")
    assert source is not None and (source.state, source.error) == ("stale", "permission denied")
    assert town.monitor is not None
    town = story.tell(SourceFailed("monitor", "", story.now, absent=True))
    source = town.source("monitor")
    assert source is not None and (source.state, source.error) == ("absent", None)
    assert town.monitor is None and status_document(town, T)["monitor"] is None


def test_the_document_of_a_town_with_an_automonitor() -> None:
    told = read(
        digest(cycles([0, 1320])),
        written=T + 1440,
        handoffs={"hq-mayor": T + 1000, "hq-deacon": T + 1e5},
        pending_upgrade="v9 \x1b[31m sk-abcdefgh12345678",
    )
    story = Story(at=at(1500))
    assert status_document(story.tell(told), T + 1500)["monitor"] == {
        "writer": "alive",
        "last_line_at": "2027-01-15T08:24:00.000Z",
        "cycles": 2,
        "next_cycle_at": "2027-01-15T08:44:00.000Z",
        "phases": [
            {"name": "loop", "last_ok_at": "2027-01-15T08:22:00.000Z", "last_fail_at": None, "fails": 0},
            {"name": "ai", "last_ok_at": "2027-01-15T08:24:00.000Z", "last_fail_at": None, "fails": 0},
        ],
        "restarts": {},
        "handoff_age_s": {"hq-mayor": 500.0, "hq-deacon": None},
        "pending_upgrade": "v9 �[31m ••••",
        "repaired": 0,
        "rejected": 0,
        "from_offset": 0,
    }
