"""Ready and blocked: as bd itself answered on recorded databases, and as the plainest statement of the rules on random ones."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import naive_beads as naive
import pytest
from naive_beads import Record

from gastown_tui.observe.beads import quick
from gastown_tui.town.beads import index as module
from gastown_tui.town.beads import reading
from gastown_tui.town.beads.index import Index, Rules, rules_of
from gastown_tui.town.beads.reading import answer

DATA = Path(__file__).parent.parent / "data/beads"
ANSWERS: dict[str, Any] = json.loads((DATA / "answers.json").read_text())
NOW = datetime.fromisoformat("2026-11-21T12:00:00Z").timestamp()

STATUSES = ["open"] * 10 + ["closed"] * 6 + ["in_progress", "hooked", "blocked", "deferred", "review", ""] + ["pinned"] * 4
TYPES = ["task"] * 12 + ["epic", "bug", "convoy", "gate", "molecule", "message", "agent", "event", "something-new"]
KINDS = ["blocks"] * 6 + ["parent-child"] * 6 + ["waits-for"] * 3 + ["conditional-blocks", "related", "tracks", "of-my-own"]
GATES = ["", "{}", '{"gate":"any-children"}', '{"gate":"any-children"}', '{"gate":"all-children"}', '{"gate":"some"}', "[1]"]
TIMES = ["2026-11-20T08:00:00Z", "2026-11-20T08:00:00.25Z", "2026-11-21T10:00:00+01:00", "2026-11-21T11:59:59Z"]
DEFERS = ["2026-11-21T11:00:00Z", "2026-11-21T12:00:00Z", "2026-11-21T13:00:00Z", "2026-11-22T01:00:00+13:00"]


def record(random: Random, bead_id: str, others: list[str]) -> Record:
    """Returns a bead in the order of keys in which bd writes it."""
    made: Record = {"_type": "issue", "id": bead_id, "title": random.choice(["plain", 'a "status":"closed" {', "x\\", "é"])}
    made |= {"status": word} if (word := random.choice(STATUSES)) else {}
    made |= {"priority": random.randrange(5), "issue_type": random.choice(TYPES), "created_at": random.choice(TIMES)}
    if random.random() < 0.15:
        made["defer_until"] = random.choice(DEFERS)
    if needs := [edge(random, bead_id, others) for _ in range(random.choice((0, 0, 1, 1, 2, 4)))]:
        made["dependencies"] = needs
    made |= {mark: True for mark in ("ephemeral", "no_history", "pinned", "is_template") if random.random() < 0.06}
    return made


def edge(random: Random, bead_id: str, others: list[str]) -> Record:
    target = random.choice([*others, *others, bead_id, "x-gone", "external:x:x-1"])
    made: Record = {"issue_id": bead_id, "depends_on_id": target, "type": random.choice(KINDS)}
    return made | {"metadata": random.choice(GATES) if made["type"] == "waits-for" else "{}"}


def line(made: Record) -> bytes:
    return json.dumps(made, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def agrees(index: Index, records: list[Record], now: float, cascades: bool) -> None:
    assert list(index.ready) == naive.ready(records, now, cascades)
    told = naive.blocked(records, cascades)
    assert {bead_id: set(index.named(index.live[bead_id])) for bead_id in index.blocked} == told
    assert index.held_by == {bead_id: index.holders(index.live[bead_id]) for bead_id in index.blocked}
    assert all(index.held_by.values())
    assert all(bead is index.live[bead.id] for queue in (index.ready, *index.queues.values()) for bead in queue.beads)
    whole = Index(Rules(cascades), now)
    whole.replace(map(line, records))
    assert [list(queue) for queue in index.queues.values()] == [list(queue) for queue in whole.queues.values()]


@pytest.mark.parametrize("name", [*ANSWERS, "alpha.list", "hq.list", "widget_shop.list"])
def test_what_bd_answered(name: str) -> None:
    told = ANSWERS[name.removesuffix(".list")]
    index = Index(now=datetime.fromisoformat(told["recorded_at"]).timestamp())
    if name.endswith(".list"):
        index.replace(answer((DATA / f"{name}.json").read_bytes()).beads)
    else:
        index.replace((DATA / f"{name}.export.jsonl").read_bytes().splitlines(keepends=True))
    assert list(index.ready) == told["ready_ids"]
    named = {bead_id: set(index.named(index.live[bead_id])) for bead_id in index.blocked}
    assert {bead_id: by for bead_id, by in named.items() if by} == {b: set(by) for b, by in told["blocked_by"].items()}
    assert not index.skipped


def test_the_plain_statement_says_what_bd_answered() -> None:
    for name, told in ANSWERS.items():
        records = [json.loads(line) for line in (DATA / f"{name}.export.jsonl").read_text().splitlines()]
        issues = [record for record in records if record.get("_type") == "issue"]
        assert naive.ready(issues, datetime.fromisoformat(told["recorded_at"]).timestamp()) == told["ready_ids"]
        assert {b: by for b, by in naive.blocked(issues).items() if by} == {b: set(by) for b, by in told["blocked_by"].items()}


@pytest.mark.parametrize("cascades", [False, True])
@pytest.mark.parametrize("seed", range(10))
def test_random_graphs(seed: int, cascades: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand graphs in all; half of each ten are read at once, half bead by bead, and every third the quick way."""
    random = Random(seed)
    for number in range(50):
        monkeypatch.setattr(module, "_MANY", 0 if number % 2 else 10**6)
        ids = [f"x-{place}" for place in range(random.randrange(2, 25))]
        records = [record(random, bead_id, ids) for bead_id in ids]
        index = Index(Rules(cascades), NOW)
        index.replace(map(line, records), ways=reading if number % 3 else quick)
        agrees(index, records, NOW, cascades)
        below = {(whom, who) for who, whom, _ in naive.edges(records, "parent-child")}
        assert {(one, who) for one in ids for kind, who in index.needed_by(one) if kind == "parent-child"} == {
            pair for pair in below if pair[0] in ids
        }


@pytest.mark.parametrize("cascades", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_one_change_after_another(seed: int, cascades: bool) -> None:
    """Beads that come, change and go, and time that passes and is set back, leave what reading all of it anew would give."""
    random, now = Random(seed), NOW
    ids = [f"x-{place}" for place in range(9)]
    records = {bead_id: record(random, bead_id, ids) for bead_id in ids}
    index = Index(Rules(cascades), now)
    index.replace(map(line, records.values()))
    for _ in range(250):
        bead_id = random.choice(ids)
        match random.randrange(6):
            case 0:
                records.pop(bead_id, None)
                index.drop(bead_id)
            case 1:
                now = NOW + random.choice((-7200, 0, 3600, 7200))
                index.at(now)
            case 2:
                records[bead_id] = record(random, bead_id, ids)
                index.replace(map(line, records.values()))
            case _:
                records[bead_id] = record(random, bead_id, ids)
                index.put(line(records[bead_id]))
        agrees(index, list(records.values()), now, cascades)
        assert len(index) == len(records)


def test_what_becomes_ready_by_itself_says_when() -> None:
    made = {"id": "x-1", "title": "", "status": "open", "priority": 1, "defer_until": "2026-11-21T13:00:00Z"}
    child = {"id": "x-2", "title": "", "status": "open", "priority": 2, "dependencies": [_need("x-2", "x-1", "parent-child")]}
    index = Index(now=NOW)
    index.replace([line(made), line(child)])
    assert list(index.ready) == [] and index.next_at == NOW + 3600
    index.at(NOW + 3600)
    assert list(index.ready) == ["x-1", "x-2"] and index.next_at is None


def test_what_is_put_below_a_held_parent_takes_its_children_along() -> None:
    made: list[Record] = [{"id": one, "title": "", "status": "open", "priority": 1} for one in ("hold", "top", "mid", "low")]
    made[1]["dependencies"] = [_need("top", "hold", "blocks")]
    made[3]["dependencies"] = [_need("low", "mid", "parent-child")]
    index = Index(Rules(cascades=True))
    index.replace(map(line, made))
    assert list(index.blocked) == ["top"]
    index.put(line(made[2] | {"dependencies": [_need("mid", "top", "parent-child")]}))
    assert list(index.blocked) == ["low", "mid", "top"]
    index.put(line(made[2]))
    assert list(index.blocked) == ["top"]


def test_a_closed_line_with_two_ids_goes_without_the_other_bead() -> None:
    broken = b'{"_type":"issue","id":"x-1","title":"","id":"x-2","status":"closed"}\n'
    whole = line({"_type": "issue", "id": "x-2", "title": "", "status": "open", "priority": 1})
    for before, after in (([broken], []), ([broken, whole], [whole]), ([whole, broken], [whole]), ([broken], [whole])):
        index = Index()
        index.replace(before)
        assert index.get("x-1") is None
        index.replace(after)
        assert list(index.ready) == ["x-2"] * len(after) and len(index) == len(after)


@pytest.mark.parametrize("many", [0, 500])
def test_a_child_waits_for_the_day_of_its_parent_even_where_that_is_closed(many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MANY", many)
    child = {"id": "x-1", "status": "open", "priority": 2, "dependencies": [_need("x-1", "x-2", "parent-child")]}
    closed = {"id": "x-2", "status": "closed", "priority": 1, "defer_until": "2026-11-21T13:00:00Z"}
    index = Index(now=NOW)
    for records in ([closed], [closed, child], [child], [child, closed]):
        index.replace(map(line, records))
        assert list(index.ready) == (["x-1"] if closed not in records else [])
    index.at(NOW + 3600)
    assert list(index.ready) == ["x-1"]


@pytest.mark.parametrize(("cascades", "count"), [(False, 3_000), (True, 300)])
def test_a_long_chain_below_one_hub(cascades: bool, count: int) -> None:
    ids = [f"x-{place}" for place in range(count)]
    made: list[Record] = [{"id": one, "title": "", "status": "open", "priority": 1} for one in ids]
    for one, above in zip(made[1:], made, strict=False):
        one["dependencies"] = [_need(one["id"], above["id"], "parent-child"), _need(one["id"], ids[0], "blocks")]
    index = Index(Rules(cascades))
    index.replace(map(line, made))
    assert list(index.ready) == [ids[0]]
    index.drop(ids[0])
    assert len(index.ready) == count - 1


@pytest.mark.parametrize(
    ("version", "cascades"),
    [(None, False), ("bd version 1.0.3 (dev)", False), ("1.0.4", False), ("1.0.5", True), ("1.2.2", True), ("weird", False)],
)
def test_the_rules_of_a_version(version: str | None, cascades: bool) -> None:
    assert rules_of(version).cascades is cascades


def _need(who: str, whom: str, kind: str) -> Record:
    return {"issue_id": who, "depends_on_id": whom, "type": kind, "metadata": "{}"}
