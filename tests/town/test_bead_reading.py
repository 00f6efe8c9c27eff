"""Reading beads: every form in which bd has told them, and what is none."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gastown_tui.observe.beads import quick
from gastown_tui.town.beads import index as module
from gastown_tui.town.beads import reading
from gastown_tui.town.beads.bead import Bead, Dependency, stamp
from gastown_tui.town.beads.index import Index
from gastown_tui.town.beads.kinds import kind
from gastown_tui.town.beads.reading import Skipped, Ways, answer, read

DATA = Path(__file__).parent.parent / "data/beads"
WAYS: tuple[Ways, ...] = (reading, quick)
TEXTS = some.text(max_size=12) | some.sampled_from(['","status":"closed"', "{", 'x\\"status":"closed"', "\\", '"parent-child"'])
VALUES = some.recursive(
    TEXTS | some.integers() | some.none(), lambda inner: some.dictionaries(TEXTS, inner, max_size=3), max_leaves=4
)
WORDS = some.sampled_from(["x-1", "é", "", "closed", "open", "bug", "\ud800"]) | TEXTS
FLAGS = some.booleans() | some.none()
ODD = VALUES | some.floats() | some.booleans() | some.sampled_from([10**25, "memory", [{"type": "blocks"}, 7], [None]])
EDGES = some.fixed_dictionaries(
    {"depends_on_id": WORDS, "type": some.sampled_from(["blocks", "waits-for", "parent-child", ""])},
    optional={
        "id": WORDS | some.none(),
        "dependency_type": some.sampled_from(["waits-for", "parent-child", "", None]),
        "metadata": some.sampled_from(["{}", "{", '{"gate":"any-children"}', {"gate": "any-children"}]) | VALUES,
    },
)
FIELDS: dict[str, some.SearchStrategy[Any]] = {
    "_type": some.just("issue"),
    "description": TEXTS,
    "defer_until": some.just("2026-11-21T13:00:00Z") | WORDS,
    "labels": some.lists(TEXTS, max_size=2) | some.none(),
    "dependencies": some.lists(EDGES, max_size=3) | some.none(),
    "priority": some.integers() | some.none(),
    "other": ODD,
    **dict.fromkeys(["status", "title", "issue_type", "type", "assignee", "created_at", "updated_at", "started_at"], WORDS),
    **dict.fromkeys(["ephemeral", "no_history", "pinned"], FLAGS),
}
# Most are as bd tells them, but for a field of another type: of records of odd ones hardly one is read the quick way.
RECORDS = some.builds(
    lambda plain, odd: {**plain, **odd},
    some.fixed_dictionaries({"id": some.sampled_from(["x-1", "é", 'a"b'])}, optional=FIELDS),
    some.dictionaries(some.sampled_from(["id", *FIELDS]), ODD, max_size=1),
)


@pytest.fixture(params=WAYS, ids=["reading", "quick"])
def both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has every index read in the way of this run, whichever it is told."""
    replace = Index.replace

    def told(index: Index, raws: Iterable[bytes]) -> bool:
        return replace(index, raws, None, request.param)

    monkeypatch.setattr(Index, "replace", told)


def one(**fields: Any) -> Bead:
    told = read(json.dumps({"id": "x-1", "title": "t", **fields}).encode())
    assert isinstance(told, Bead)
    return told


def same(raw: bytes) -> None:
    """Asserts that both ways read the same, and see as much of it at a glance."""
    whole = read(raw)
    # As they are written: 1, 1.0 and True are equal, and a float that is no number is not even equal to itself.
    assert repr(quick.read(raw)) == repr(whole)
    for ways in WAYS:
        with suppress(ValueError, RecursionError):
            seen = ways.glance(raw)
            assert isinstance(whole, Bead) and (seen.id, seen.status) == (whole.id, whole.status)


@given(RECORDS, some.randoms(use_true_random=False), some.sampled_from([None, 2]), some.booleans())
def test_both_ways_read_the_same(record: dict[str, Any], random: Any, indent: int | None, shuffled: bool) -> None:
    """Whatever the layout, the order of keys, the types of values and the texts, and wherever a byte was lost or came in."""
    keys = random.sample([*record], len(record)) if shuffled else [*record]
    ends = (",", ":") if indent is None else (",", ": ")
    raw = json.dumps({key: record[key] for key in keys}, indent=indent, separators=ends, ensure_ascii=shuffled)
    raw_bytes = raw.encode("utf-8", "surrogatepass")
    same(raw_bytes)
    for _ in range(3):
        at, wide = random.randrange(len(raw_bytes)), random.randrange(2)
        same(raw_bytes[:at] + random.choice([b"", b"\xff", b'"', b"\\", b",", b"\n", b"0", b" "]) + raw_bytes[at + wide :])


@pytest.mark.parametrize("value", [None, 7, 1.0, 1.5, True, "", "x", [], [None], [{}], {}])
def test_a_field_may_be_of_any_type(value: Any) -> None:
    for name in ("id", *FIELDS):
        same(json.dumps({"id": "x-1", name: value}).encode())


@pytest.mark.parametrize(
    "after",
    [
        '"status":"open"',
        ' "status": "open"',
        '"st\\u0061tus" : "open"',
        '"status":"closed"',
        '"status":7',
        '"dependencies":[]',
        '"dependencies":[{}]',
        '"id":"x-9"',
    ],
)
def test_of_a_key_that_stands_twice_the_last_counts(after: str) -> None:
    edge = '{"issue_id":"x-1","depends_on_id":"x-2","type":"parent-child"}'
    same(f'{{"_type":"issue","id":"x-1","status":"closed","dependencies":[{edge}],{after}}}'.encode())


def test_beads_as_bd_writes_them_are_read_the_quick_way(monkeypatch: pytest.MonkeyPatch) -> None:
    exported = (line for path in DATA.glob("*.export.jsonl") for line in path.read_bytes().splitlines(keepends=True))
    listed = (bead for path in DATA.glob("*.list.json") for bead in answer(path.read_bytes()).beads)
    beads = [told for raw in (*exported, *listed) if isinstance(told := read(raw), Bead)]
    monkeypatch.delattr(reading, "read")
    assert len(beads) > 300 and all(quick.read(bead.raw) == bead and quick.glance(bead.raw).id == bead.id for bead in beads)


def test_where_nothing_is_known_nothing_is_read_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = b'{"id":"x-1"}'
    monkeypatch.delattr(reading, "glance")
    assert Index().known(raw) is raw


@pytest.mark.usefixtures("both_ways")
def test_what_is_told_again_is_kept_as_it_is() -> None:
    raws, index = [b'{"id":"x-1","status":"open"}', b'{"id":"x-2","status":"closed"}', b'{"id"'], Index()
    index.replace(raws)
    again = [bytes(bytearray(raw)) for raw in raws]
    assert not index.replace(again)
    assert list(map(id, map(index.known, again))) == list(map(id, [*raws[:2], again[2]]))


@given(some.binary(max_size=40) | TEXTS.map(lambda text: text.encode("utf-8", "replace")))
def test_nothing_raises(raw: bytes) -> None:
    same(raw), answer(raw)
    index = Index()
    index.replace([raw])
    assert not index.live


@pytest.mark.parametrize("field", ["priority", "other"])
def test_a_number_may_be_of_any_length(field: str) -> None:
    raw = b'{"id":"x-1","%b":%b}' % (field.encode(), b"1" * 5000)
    same(raw)
    told = quick.read(raw)
    assert isinstance(told, Bead) and told.priority is None and told.detail[field] == float("inf")


@pytest.mark.parametrize("ways", WAYS)
def test_what_can_just_be_read_may_be_asked_for_from_deeper_within(ways: Ways) -> None:
    """From Python 3.12 on the two have limits of their own."""

    def asked(bead: Bead, further: int) -> dict[str, str]:
        return asked(bead, further - 1) if further else bead.fields

    beads = [ways.read(b'{"id":"x","description":"rig: r","more":%b}' % (b"[" * deep + b"]" * deep)) for deep in range(800, 1000)]
    assert {str(asked(bead, 100)) for bead in beads if isinstance(bead, Bead)} <= {"{'rig': 'r'}", "{}"}


def test_nothing_is_too_deep() -> None:
    deep = (b"[" * 100_000, b'{"id":' * 5000, b'{"id":"x-1","more":' + b"[" * 100_000)
    assert [ways.read(raw) for ways in WAYS for raw in deep] == [Skipped("it ends early")] * 6
    for ways in WAYS:
        index = Index()
        index.replace([*deep, b'{"id":"x-1","status":"open"}'], None, ways)
        assert [*index.live] == ["x-1"] and [*index.skipped] == [*deep] and all(index.known(raw) is raw for raw in deep)
    assert not any(answer(raw).whole for raw in deep)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b'{"_type":"memory","key":"k","value":"v"}', ""),
        (b'{"id":"x-1","title":"half', "it ends early"),
        (b'{"id":"x-1","status":"closed","title"', "it ends early"),
        (b"{not json}", "not JSON"),
        (b"[1]", "not an object"),
        (b'{"title":"t"}', "it has no id"),
        (b'{"id":7}', "it has no id"),
    ],
)
def test_what_is_no_bead(raw: bytes, why: str) -> None:
    assert [ways.read(raw) for ways in WAYS] == [Skipped(why)] * 2


def test_unknown_words_stay_and_unknown_fields_are_in_the_detail() -> None:
    bead = one(status="review", issue_type="saga", labels=["a", 7], priority=9, brand_new={"deep": [1]})
    assert (bead.status, bead.type, bead.labels, bead.priority) == ("review", "saga", ("a",), 9)
    assert bead.detail["brand_new"] == {"deep": [1]}


@pytest.mark.parametrize("priority", [None, "1", 1.5, True, []])
def test_a_priority_that_was_not_told_is_not_the_most_urgent(priority: object) -> None:
    assert one(priority=priority).priority is None
    index = Index()
    index.replace(b'{"id":"%b","title":"","status":"open"%b}' % pair for pair in [(b"a", b""), (b"b", b',"priority":4')])
    assert list(index.ready) == ["b", "a"]


def test_edges_told_as_records_and_as_beads() -> None:
    edge = {"issue_id": "x-1", "depends_on_id": "x-2", "type": "waits-for", "metadata": '{"gate":"any-children"}'}
    shown = {"id": "x-3", "title": "whole", "issue_type": "task", "dependency_type": "blocks"}
    assert one(dependencies=[edge, shown, 7, {"type": "blocks"}]).needs == (
        Dependency("x-2", "waits-for", any_child=True),
        Dependency("x-3", "blocks"),
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:10Z", 10.0),
        ("1970-01-01T00:00:10.123456789Z", 10.123456),
        ("1970-01-01T02:00:10+02:00", 10.0),
        ("1970-01-01T00:00:10", 10.0),
        ("1970-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("soon", None),
        ("", None),
        (7, None),
    ],
)
def test_stamps(text: object, seconds: float | None) -> None:
    assert stamp(text) == seconds


@pytest.mark.parametrize(
    ("out", "count", "whole", "said"),
    [
        (b"[]\n", 0, True, ""),
        (b"null\n", 0, True, ""),
        (b"No issues found.\n", 0, True, ""),
        (b'Warning: 0755\n[{"id":"a"},\n{"id":"b"}]', 2, True, ""),
        (b'{"data":[{"id":"a"}],"schema_version":1}', 1, True, ""),
        (b'{"schema_version":1,"data":[{"id":"a"}]}', 1, True, ""),
        (b'{"issues": [{"id":"a"}]}', 1, True, ""),
        (b'[{"id":"a"},{"id":"b"', 1, False, "bd's answer ends early"),
        (b'[\n  {\n    "id": "a"\n  },\n  {\n    "id": "b"', 1, False, "bd's answer ends early"),
        (b'[\n  {\n    "id": "a"\n  },\n  {\n    "id": "b"\n  }\n', 2, False, "bd's answer ends early"),
        (b'{"error":"no such database","schema_version":1}', 0, False, "no such database"),
        (b'{"id":"a","title":"t"}', 1, True, ""),
        (b'{"hq-wisp-1":[],"schema_version":1}', 0, False, "an answer of a form that nobody knows"),
        (b"", 0, False, "an empty answer"),
        (b"unknown flag: --flat", 0, False, "unknown flag: --flat"),
    ],
)
def test_what_bd_printed(out: bytes, count: int, whole: bool, said: str) -> None:
    told = answer(out)
    assert (len(told.beads), told.whole, told.said) == (count, whole, said)
    assert all(isinstance(read(bead), Bead) for bead in told.beads)


def test_recorded_answers() -> None:
    counts = {"alpha.list": 46, "hq.list": 29, "widget_shop.list": 11, "alpha.list_envelope": 2, "alpha.list_empty": 0}
    for name, count in counts.items():
        told = answer((DATA / f"{name}.json").read_bytes())
        assert (len(told.beads), told.whole) == (count, True)
    assert answer((DATA / "alpha.list_empty.txt").read_bytes()).whole
    assert not answer((DATA / "alpha.show_missing.json").read_bytes()).whole


@pytest.mark.usefixtures("both_ways")
def test_an_answer_reads_as_the_export_of_the_same_database() -> None:
    lists, both = Index(), Index()
    answered, exported = answer((DATA / "hq.list.json").read_bytes()).beads, (DATA / "hq.export.jsonl").read_bytes().splitlines()
    lists.replace(answered)
    for index, raws in ((both, exported), (both, answered), (both, exported)):
        assert index.replace(raws) and not index.skipped
        assert {bead_id: bead._replace(raw=b"") for bead_id, bead in lists.live.items()} == {
            bead_id: bead._replace(raw=b"") for bead_id, bead in index.live.items()
        }
        assert (len(index), list(index.ready), index.held_by) == (len(lists), list(lists.ready), lists.held_by)


@pytest.mark.usefixtures("both_ways")
def test_what_was_skipped_is_counted_until_it_is_gone() -> None:
    good, torn = b'{"id":"a","title":"","status":"open","priority":1}\n', b'{"id":"b","ti'
    index = Index()
    assert index.replace([good, torn]) and list(index.skipped.values()) == ["it ends early"]
    assert not index.replace([good, torn])
    assert index.replace([good]) and not index.skipped and list(index.ready) == ["a"]


@pytest.mark.usefixtures("both_ways")
def test_of_two_lines_with_one_id_the_last_counts_and_the_other_is_told() -> None:
    first, last = b'{"id":"a","title":"","status":"open","priority":1}', b'{"id":"a","title":"","status":"hooked","priority":1}'
    index = Index()
    index.replace([first, last])
    assert index.status("a") == "hooked" and list(index.skipped.values()) == ["a stands in it twice"]
    assert not index.replace([first, last])


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("many", [0, 10**6])
@pytest.mark.parametrize("words", permutations(["open", "closed", "hooked", "closed"]))
def test_of_many_lines_with_one_id_the_last_counts(words: tuple[str, ...], many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether they are read at once or one by one, and whichever of them is history."""
    monkeypatch.setattr(module, "_MANY", many)
    edges = [{"issue_id": "a", "depends_on_id": f"p{at}", "type": "parent-child"} for at in range(4)]
    lines = [{"id": "a", "status": word, "dependencies": [edge]} for word, edge in zip(words, edges, strict=True)]
    index = Index()
    index.replace(json.dumps(line, separators=(",", ":")).encode() for line in lines)
    assert (index.status("a"), len(index), len(index.skipped)) == (words[-1], 1, 3)
    assert [index.needed_by(f"p{at}") for at in range(4)] == [[], [], [], [("parent-child", "a")]]


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("many", [0, 500])
def test_of_lines_that_come_again_after_others_the_last_counts(many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MANY", many)
    index, one, other, torn = Index(), *(b'{"id":"a","status":"%b"}' % word for word in (b"open", b"hooked")), b'{"id":"a","sta'
    for lines in ([one, other, one], [torn, one, torn], [one, one]):
        index.replace(lines)
        assert (index.status("a"), len(index), list(index.ready)) == ("open", 1, ["a"])
        assert set(index.skipped) == {*lines} - {one}
        assert not index.replace(lines)


@pytest.mark.usefixtures("both_ways")
def test_nothing_is_taken_of_what_ends_with_an_error() -> None:
    def lines() -> Iterator[bytes]:
        yield b'{"id":"b","status":"open"}'
        raise OSError

    index = Index()
    index.replace([b'{"id":"a","status":"open"}'])
    with pytest.raises(OSError):
        index.replace(lines())
    assert [*index.live] == [*index.ready] == ["a"] and len(index) == 1


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize(
    "edge",
    [
        {"type": "parent-child", "issue_id": "a", "depends_on_id": "p"},
        {"id": "p", "dependency_type": "parent-child"},
        {"issue_id": "a", "depends_on_id": "é", "type": "parent-child"},
    ],
)
def test_a_closed_childs_parent_may_be_told_in_another_way(edge: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    raw = json.dumps({"id": "a", "status": "closed", "dependencies": [edge]}, separators=(",", ":"), ensure_ascii=False).encode()
    told = read(raw)
    assert isinstance(told, Bead) and len(told.parents) == 1
    monkeypatch.setattr(module, "_MANY", 0)
    for written in (raw, raw.replace(b"-child", b"\\u002dchild")):
        index = Index()
        index.replace([written])
        assert not index.live and index.needed_by(told.parents[0]) == [("parent-child", "a")]


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("way", ["x-b", None])
def test_a_closed_bead_with_an_edge_told_oddly_comes_and_goes(way: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MANY", 0)
    odd = {"issue_id": way or "x-a", "depends_on_id": "x-p", "type": "parent-child"}
    bead = json.dumps({"id": "x-a", "status": "closed", "dependencies": [odd]}, separators=(",", ":"))
    raw = (bead if way else bead.replace("parent-child", "parent\\u002dchild")).encode()
    told, other, index = read(raw), b'{"id":"x-b","status":"open"}', Index()
    assert isinstance(told, Bead) and told.parents == ("x-p",)
    index.replace([other, raw])
    assert index.replace([other]) and "x-a" not in index


@pytest.mark.usefixtures("both_ways")
def test_what_only_looked_closed_does_not_stay_when_it_is_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MANY", 0)
    torn, mended, other = b'{"id":"x-1","status":"closed","t\0}', b'{"id":"x-1","status":"open"}', b'{"id":"x-2","status":"open"}'
    index = Index()
    index.replace([torn, other])
    index.replace([mended, other])
    assert (bead := index.get("x-1")) and bead.status == index.status("x-1") == "open" and len(index) == 2
    index.replace([other])
    assert len(index) == 1


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("many", [0, 500])
def test_what_only_looks_closed_takes_no_beads_place(many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MANY", many)
    index, bead, torn = Index(), b'{"id":"x","status":"open"}', b'{"id":"x","status":"closed","t\0}'
    index.replace([bead, torn])
    assert index.status("x") == "open" and [*index.ready] == ["x"] and [*index.skipped.values()] == ["not JSON"]
    assert index.replace([bead]) and not index.skipped
    assert index.replace([torn]) and "x" not in index and len(index.skipped) == 1


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("many", [0, 500])
def test_of_a_bead_that_stood_in_it_twice_the_one_that_is_left_counts(many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MANY", many)
    index, first, last, other = (
        Index(),
        *(f'{{"id":"{i}","status":"{s}"}}'.encode() for i, s in (("x", "closed"), ("x", "open"), ("y", "open"))),
    )
    index.replace([first, other, last])
    assert index.status("x") == "open" and len(index.skipped) == 1
    index.replace([first, other])
    assert index.status("x") == "closed" and not index.skipped
    index.replace([other, last])
    assert [*index.live] == ["y", "x"] and [*index.ready] == ["x", "y"] and not index.skipped


@pytest.mark.usefixtures("both_ways")
def test_a_closed_bead_is_found_by_whatever_it_is_called() -> None:
    index, ids = Index(), ["x-1", "é", "\ud800", 'a"b', "{"]
    index.replace(json.dumps({"id": one, "status": "closed"}, separators=(",", ":")).encode() for one in ids)
    assert [bead.id for one in ids if (bead := index.get(one))] == ids and not index.live


@pytest.mark.parametrize(
    ("fields", "meaning"),
    [
        ({"labels": ["gt:escalation", "gt:message"]}, "mail"),
        ({"labels": ["severity:high", "gt:escalation"], "ephemeral": True}, "escalation"),
        ({"labels": ["gt:merge-request"], "ephemeral": True}, "merge"),
        ({"labels": ["gt:owned"], "issue_type": "convoy"}, "convoy"),
        ({"issue_type": "gate"}, "gate"),
        ({"ephemeral": True, "issue_type": "task"}, "wisp"),
        ({"no_history": True, "issue_type": "task"}, "work"),
        ({"labels": ["gt:keep"], "issue_type": "saga"}, "work"),
        ({"id": "deploy.build"}, "formula"),
    ],
)
def test_what_a_bead_is_for(fields: dict[str, Any], meaning: str) -> None:
    assert kind(one(**fields), formulas={"deploy"}) == meaning
