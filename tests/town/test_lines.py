"""The lines of a log that a shell's `printf` wrote: each kind of damage, and random damage, from which nothing may vanish."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.town.lines import HEAD_BYTES, JOIN_BYTES, JOIN_LINES, LONGEST, MOST_PIECES, Line, Parser, session_of

LOG = (Path(__file__).parents[1] / "data/automonitor/monitor_wellformed.jsonl").read_bytes()
AT = datetime(2026, 2, 10, 5, 45, 1, tzinfo=UTC).timestamp()
HEAD = b'{"ts":"2026-02-10T05:45:01Z","level":"INFO","component":"ai","message":"'


def line(message: bytes, head: bytes = HEAD) -> bytes:
    return head + message + b'"}'


def parsed(*raw: bytes, offset: int = 1000) -> list[Line]:
    parser, lines = Parser(), list[Line]()
    for one in raw:
        lines += parser.feed([(offset, one)])[0]
        offset += len(one) + 1
    return lines


def told(*raw: bytes, offset: int = 1000) -> list[tuple[str, str]]:
    """Returns (verdict with flags, message) of each event."""
    return [(" ".join((one.verdict, *one.flags)), one.message) for one in parsed(*raw, offset=offset)]


def test_the_log_as_it_should_be_is_strict_throughout() -> None:
    lines = parsed(*LOG.split(b"\n"), offset=0)
    assert len(lines) == 209
    assert {(one.verdict, one.flags, one.raw) for one in lines} == {("ok", (), None)}
    strict = [json.loads(one) for one in LOG.splitlines()]
    assert [(one.level, one.component, one.message) for one in lines] == [
        (one["level"], one["component"], one["message"]) for one in strict
    ]
    assert lines[0].ts == AT and lines[0].offset == 0


@pytest.mark.parametrize(
    ("raw", "verdict", "message"),
    [
        pytest.param(line(b"x"), "ok", "x", id="strict"),
        pytest.param(line(b"x") + b"\r", "ok", "x", id="CR"),
        pytest.param(line("→ \u2028\x85\x0c".encode()[:-1]), "ok", "→ \u2028\x85", id="what str.splitlines would cut"),
        pytest.param(line(b'said \\"no\\"'), "ok", 'said "no"', id="escaped"),
        pytest.param(b'{"message":"x","component":"a","level":"INFO","ts":"2026-02-10T05:45:01Z","n":1}', "ok", "x", id="order"),
        pytest.param(b"\0\0" + line(b"x"), "flagged nul", "x", id="NULs"),
        pytest.param(line(b"caf\xe9"), "flagged encoding", "caf\ufffd", id="Latin-1"),
        pytest.param(line(b'x","level":"ERROR'), "flagged duplicate", "x", id="a level smuggled in"),
        pytest.param(HEAD.replace(b"INFO", b"") + b'x"}', "ok", "x", id="empty level"),
        pytest.param(b'{"ts":"2026-02-10T05:45:01Z","level":"INFO","message":"x"}', "flagged missing", "x", id="no component"),
        pytest.param(b'{"ts":7,"level":[],"component":{},"message":"x"}', "flagged type", "x", id="types"),
        pytest.param(line(b"x", HEAD.replace(b"2026-02-10T", b"noon")), "flagged stamp", "x", id="stamp"),
        pytest.param(line(b"\\ud800"), "flagged surrogate", "\ufffd", id="lone surrogate"),
        pytest.param(line(b"\\ud83d\\ude00"), "ok", "😀", id="pair of surrogates"),
        pytest.param(line(b'said "no" twice'), "recovered unescaped", 'said "no" twice', id="quotes"),
        pytest.param(line(b"C:\\dir\tx\x1b[2J"), "recovered unescaped", "C:\\dir\tx\x1b[2J", id="controls"),
        pytest.param(line(b'got {"code":401}'), "recovered unescaped", 'got {"code":401}', id="JSON within"),
        pytest.param(line(b"caf\xe9 \"x\""), "recovered encoding unescaped", 'caf\ufffd "x"', id="two kinds"),
        pytest.param(HEAD + b"no end", "recovered open", "no end", id="open"),
        pytest.param(HEAD + b"x}", "recovered cut", "x}", id="cut within its end"),
        pytest.param(HEAD[:-6], "recovered cut", "", id="cut within a key"),
        pytest.param(HEAD[:14], "recovered cut", "", id="cut within the stamp"),
        pytest.param(b"Traceback (most recent call last):", "rejected", "Traceback (most recent call last):", id="prose"),
        pytest.param(b"x" + line(b"y"), "rejected", "x" + line(b"y").decode(), id="prose before"),
        pytest.param(b"\xef\xbb\xbf" + line(b"x"), "rejected", "\ufeff" + line(b"x").decode(), id="BOM not at the start"),
        pytest.param(b"[1]", "rejected", "[1]", id="JSON but no object"),
        pytest.param(b"[" * 20_000, "rejected", "[" * 20_000, id="too deep"),
        pytest.param(b"\0\0", "rejected nul", "", id="a hole"),
    ],
)  # fmt: skip
def test_each_kind_of_line(raw: bytes, verdict: str, message: str) -> None:
    assert told(raw) == [(verdict, message)]
    (one,) = parsed(raw)
    assert one.raw == (None if verdict == "ok" else raw.decode("utf-8", "replace"))
    assert one.ts in (None, AT)


def test_a_bom_at_the_start_of_the_file() -> None:
    assert told(b"\xef\xbb\xbf" + line(b"x"), offset=0) == [("flagged bom", "x")]


@pytest.mark.parametrize("value", [b"9" * 5000, b"-1e999", b"NaN", b"-Infinity", b'{"a":[{"b":null}]}'])
def test_values_that_json_stumbles_over(value: bytes) -> None:
    assert [one.verdict for one in parsed(line(b"x")[:-1] + b',"n":' + value + b"}")] == ["ok"]
    (one,) = parsed(b'{"ts":"2026-02-10T05:45:01Z","level":' + value + b',"component":"ai","message":"x"}')
    assert (one.verdict, one.flags, one.ts, one.level, one.message) == ("flagged", ("type",), AT, None, "x")


def test_an_object_without_a_message_shows_all_that_it_says() -> None:
    raw = b'{"ts":"2026-02-10T05:45:01Z","level":"INFO","component":"ai","error":"x"}'
    assert told(raw) == [("flagged missing", raw.decode())]


def test_several_objects_on_a_line_share_its_place_and_its_text() -> None:
    raw = line(b"a") + b" " + line(b"b")
    lines = parsed(raw)
    assert [(one.verdict, one.flags, one.message) for one in lines] == [
        ("flagged", ("several",), "a"),
        ("flagged", ("several",), "b"),
    ]
    assert {(one.offset, one.raw) for one in lines} == {(1000, raw.decode())}


def test_a_line_written_into_another() -> None:
    raw = b'x{"ts":"2026-02-10T05:45:01Z","level":"IN' + line(b'said "no"') + line(b"c")
    assert told(raw) == [
        ("rejected", "x"),
        ("recovered interleaved cut", ""),
        ("recovered interleaved unescaped", 'said "no"'),
        ("recovered interleaved", "c"),
    ]


def test_further_lines_join_until_the_message_ends() -> None:
    raw = (HEAD + b"one", b"", b" two", b'three"}', b"four", line(b"five"))
    assert told(*raw) == [
        ("recovered open", "one"),
        ("joined", " two"),
        ("joined", "three"),
        ("rejected", "four"),
        ("ok", "five"),
    ]


@pytest.mark.parametrize("new", [line(b"x"), b"\0" + line(b"x"), b'{"level":"INFO"}', HEAD + b"y", b'{"ts":"2026'])
def test_a_new_object_ends_a_message_that_never_ended(new: bytes) -> None:
    verdicts = [one.verdict for one in parsed(HEAD + b"one", b"two", new)]
    assert verdicts[:2] == ["recovered", "joined"] and verdicts[2] in ("ok", "flagged", "recovered")


@pytest.mark.parametrize(("size", "count"), [(10, JOIN_LINES), (JOIN_BYTES // 4, 4), (JOIN_BYTES + 1, 0)])
def test_no_more_is_joined_than_a_message_is_likely_to_hold(size: int, count: int) -> None:
    verdicts = [one.verdict for one in parsed(HEAD + b"one", *[b"z" * size] * 30)]
    assert verdicts == ["recovered"] + ["joined"] * count + ["rejected"] * (30 - count)


def test_of_a_line_that_is_too_long_the_head_is_told() -> None:
    (strict,) = parsed(line(b"x" * (LONGEST - len(line(b"")))))
    assert (strict.verdict, len(strict.message)) == ("ok", LONGEST - len(line(b"")))
    (one,) = parsed(line(b"x" * LONGEST))
    assert (one.verdict, one.flags, one.ts, one.level, one.component) == ("recovered", ("long", "cut"), AT, "INFO", "ai")
    assert one.raw is not None and len(one.raw) == HEAD_BYTES
    assert told(b"y" * (LONGEST + 1)) == [("rejected long", "y" * HEAD_BYTES)]
    assert told(b"\0" * LONGEST + line(b"x")) == [("flagged nul", "x")]


@pytest.mark.parametrize("piece", ['{"ts":"', "{}", '"} ', '{"a":', '"}'])
def test_a_line_made_to_hurt_is_kept_in_few_pieces(piece: str) -> None:
    raw = HEAD + piece.encode() * (900_000 // len(piece))
    lines = parsed(raw)
    assert 1 <= len(lines) <= MOST_PIECES + 1
    assert all(one.raw is lines[0].raw for one in lines)


def test_blank_lines_are_left_out() -> None:
    assert told(b"", b"  ", b"\r", b"\t\x0c") == []


def check(raw: Iterable[bytes]) -> None:
    """Holds that nothing of the lines vanished, and that nobody who reads them can stumble."""
    parser, offset, lines = Parser(), 0, list[tuple[int, bytes]]()
    told: list[Sequence[Line]] = []
    for one in raw:
        (events,) = parser.feed([(offset, one)])
        assert bool(events) == bool(one.strip())
        for event in events:
            assert event.offset == offset
            if event.verdict == "ok":
                strict = json.loads(one)
                assert (event.level, event.component, event.message) == (strict["level"], strict["component"], strict["message"])
                assert event.flags == () and event.raw is None and event.ts is not None
            else:
                assert event.raw == one.decode("utf-8", "replace")
            assert event.verdict != "rejected" or event.message in (event.raw or "")
            "".join((event.message, event.level or "", event.component or "")).encode()
            session_of(event, ("gt-x",))
        told.append(events)
        lines.append((offset, one))
        offset += len(one) + 1
    assert Parser().feed(lines) == told


def test_lines_that_are_one_only_together_are_told_each_by_itself() -> None:
    head, rest = line(b"x").split(b"2026", 1)
    check([line(b"x"), head, b'","level":"INFO","component":"ai","message":"y"}', head + b"2026", rest, line(b"z")])


GOOD = [*LOG.splitlines()[:40], line(b'said "no"'), HEAD + b"open", b"more", b'end"}', line(b"caf\xe9"), b"", b"Traceback"]
JUNK = st.sampled_from(
    [
        *map(bytes, zip(b'\0\n\r"\\{},\xff')),
        b'"}',
        b'{"ts":"',
        b"\xef\xbb\xbf",
        b"\x1b[2J",
        b"\\ud800",
        "\u2028".encode(),
        b"9" * 5000,
    ]
)
WHERE = st.integers(0, sum(map(len, GOOD)) + len(GOOD))


@given(st.lists(st.tuples(WHERE, st.integers(0, 30), st.one_of(JUNK, st.binary(max_size=8))), max_size=12))
def test_of_a_log_that_was_damaged_at_random_nothing_vanishes(damages: list[tuple[int, int, bytes]]) -> None:
    data = b"\n".join(GOOD)
    for at, gone, junk in damages:
        data = data[:at] + junk + data[at + gone :]
    check(data.split(b"\n"))


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_of_any_bytes_nothing_vanishes(raw: list[bytes]) -> None:
    check(one for part in raw for one in part.split(b"\n"))


JSON = st.recursive(
    st.none() | st.floats() | st.integers() | st.text(max_size=5),
    lambda more: st.lists(more, max_size=3) | st.dictionaries(st.text(max_size=3), more, max_size=3),
    max_leaves=5,
)


@given(JSON)
def test_of_any_json_nothing_vanishes(value: object) -> None:
    text = json.dumps({"ts": "2026-02-10T05:45:01Z", "level": "INFO", "component": "ai", "message": value, "more": value})
    check([text.encode(), json.dumps(value).encode()])
    assert parsed(text.encode())[0].verdict == (
        "ok" if isinstance(value, str) and not re.search("[\ud800-\udfff]", value) else "flagged"
    )


@pytest.mark.parametrize(
    ("message", "session"),
    [
        ("Session gt-unknown age: 72m (>3600s) → restart", "gt-unknown"),
        ("Restarted gt-x via gt crew restart", "gt-x"),
        ("gt-x-2 and gt-x, both", "gt-x"),
        ("gt-x-2 is another", None),
        ("gt-", None),
        ("(gt-y): --gt-x--", "gt-y"),
        ("Restarted notes", "notes"),
        ("notes-2", None),
        ("", None),
    ],
)
def test_which_session_a_line_speaks_of(message: str, session: str | None) -> None:
    assert session_of(Line(0, "ok", message=message), frozenset({"gt-x", "gt-y", "notes"})) == session


@pytest.mark.parametrize("piece", ["x", "x-", "Session ", "Session x age:"])
def test_a_message_made_to_hurt_names_no_session(piece: str) -> None:
    assert session_of(Line(0, "ok", message=piece * 100_000), frozenset({"gt-x"})) is None
