"""What is told of beads: by the command line, with every Town, and of one bead. Unknown is never none, and no text acts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from story import ALPHA, Story, pane, tree

from gastown_tui.town.beads.bead import stamp
from gastown_tui.town.beads.index import Index
from gastown_tui.town.beads.queues import Beads, Source, survey
from gastown_tui.town.beads.stock import assigned, hooked, stock, tallies
from gastown_tui.town.beads.told import (
    QUEUES,
    beads_document,
    beads_lines,
    chosen,
    origin_document,
    origin_line,
    stock_document,
)
from gastown_tui.town.beads.trees import MOST_BRANCHES, account
from gastown_tui.town.facts import BeadsRead
from gastown_tui.town.snapshot import Agent, Evidence, Notice, Origin, State, Stock, Tally

NOW = stamp("2026-11-21T12:00:00Z") or 0.0
NUX = Agent("alpha/polecats/nux", "polecat", "nux", State.WORKING, (Evidence("tmux", "output now", NOW),), rig="alpha")
HQ = Origin("hq", None, "/gt/.beads", "dump", NOW - 41, "ok", wisps=True)
ALPHA_AT = Origin("alpha", "alpha", "/gt/alpha/.beads", "export", NOW - 7200, "stale", said="bd \x1b[31mfailed", remedy="mend it")
LOST = Origin("lost", "lost", "/gt/lost/.beads", state="error", said="no export was written")
ESCAPE = "\x1b[31m[red]\x07"


def index(*beads: dict[str, Any]) -> Index:
    made = Index(now=NOW)
    usual = {"title": "", "status": "open", "priority": 2, "issue_type": "task", "created_at": "2026-11-21T11:00:00Z"}
    made.replace(json.dumps(usual | bead).encode() for bead in beads)
    return made


def need(target: str, kind: str = "blocks") -> dict[str, str]:
    return {"depends_on_id": target, "type": kind}


@pytest.fixture(name="beads")
def _beads() -> Beads:
    convoy = {
        "id": "hq-cv-1",
        "issue_type": "convoy",
        "dependencies": [need("al-2", "tracks"), need("external:lo:lo-1", "tracks")],
    }
    call = {"id": "hq-e", "ephemeral": True, "labels": ["gt:escalation", "severity:high"], "description": "escalated_by: mayor"}
    hq = index(convoy, call, {"id": "hq-1", "priority": 0, "created_at": "2026-11-21T10:00:00Z"})
    alpha = index(
        {"id": "al-1", "title": ESCAPE, "assignee": "alpha/polecats/nux", "status": "hooked"},
        {"id": "al-2", "title": "after it", "dependencies": [need("al-1")]},
        {"id": "al-3", "title": "a key sk-ant-api03-abcdefghijklmnop", "priority": 0},
        {"id": "al-4", "title": "no priority", "priority": None},
    )
    return survey([Source("hq", None, hq), Source("alpha", "alpha", alpha, wisps=False), Source("lost", "lost", None)], NOW)


def test_the_document_of_the_queues(beads: Beads) -> None:
    told = beads_document(beads, (HQ, ALPHA_AT, LOST), QUEUES, [NUX], NOW)
    queues = told["queues"]
    assert [one["id"] for one in queues["ready"]["beads"]] == ["al-3", "hq-1", "al-4"], "in bd's order across databases"
    assert {name: (queue["known"], queue["count"]) for name, queue in queues.items()} == {
        "ready": (False, 3),
        "active": (False, 1),
        "blocked": (False, 1),
        # The town's own is asked for wisps; of the others nobody can tell.
        "merge": (False, None),
        "escalations": (False, 1),
        "convoys": (True, 1),
    }
    (active,) = queues["active"]["beads"]
    assert active["agent_state"] == "working" and active["age_s"] == 3600 and active["rig"] == "alpha"
    assert queues["blocked"]["beads"][0]["blocked_by"] == ["al-1"]
    (call,) = queues["escalations"]["beads"]
    assert (call["severity"], call["by"], call["acknowledged"], call["rig"]) == ("high", "mayor", False, None)
    (convoy,) = queues["convoys"]["beads"]
    assert (convoy["closed"], convoy["total"], convoy["members"][1]["status"]) == (0, 2, None)
    assert [one["from"] for one in told["sources"]] == ["dump", "export", None]


def test_a_merge_tells_what_the_refinery_goes_by() -> None:
    fields = "branch: b\ntarget: main\nsource_issue: al-9\nworker: nux\nrig: alpha"
    merge = {"id": "al-w", "ephemeral": True, "labels": ["gt:merge-request"], "description": fields, "assignee": "alpha/refinery"}
    old = merge | {"id": "al-v", "priority": 4, "updated_at": "2026-11-21T11:00:00Z"}
    beads = survey([Source("alpha", "alpha", index(merge, old))], NOW)
    queue = beads_document(beads, (), ["merge"], [], NOW)["queues"]["merge"]
    first, second = queue["beads"]
    assert queue["known"] and (first["id"], first["branch"], first["worker"], first["stale"]) == ("al-w", "b", "nux", False)
    assert first["score"] > second["score"] and second["stale"]


def test_text_of_beads_is_inert_and_secrets_are_masked(beads: Beads) -> None:
    lines = beads_lines(beads, (HQ, ALPHA_AT, LOST), QUEUES, [NUX], NOW)
    text = "\n".join(lines) + json.dumps(beads_document(beads, (HQ, ALPHA_AT), QUEUES, [NUX], NOW), ensure_ascii=False)
    assert "\x1b" not in text and "\x07" not in text and "abcdefghijklmnop" not in text and "[red]" in text


def test_what_is_wrong_with_the_databases_is_told_behind_the_queues(beads: Beads) -> None:
    hazard = Notice("bd_import_hazard", "it \x1b imports", "stop it")
    what = (beads, (HQ,), ["ready"], [NUX], NOW)
    assert beads_document(*what)["notices"] == []
    told = {"code": "bd_import_hazard", "since": None, "text": "it \ufffd imports", "remedy": "stop it"}
    assert beads_document(*what, (hazard,))["notices"] == [told]
    assert beads_lines(*what, (hazard,)) == [*beads_lines(*what), "! it \ufffd imports (stop it)"]


def test_lines_for_people(beads: Beads) -> None:
    lines = beads_lines(beads, (HQ, ALPHA_AT, LOST), QUEUES, [NUX], NOW)
    assert [line for line in lines if not line.startswith((" ", "!"))] == [
        "ready 3?",
        "active 1?",
        "blocked 1?",
        "merge ?",
        "escalations 1?",
        "convoys 1",
    ]
    assert any(line.startswith("  P? alpha") for line in lines), "no priority is not the most urgent one"
    assert any("alpha/polecats/nux (working)" in line for line in lines) and any("blocked by al-1" in line for line in lines)
    assert any(line.endswith("0 of 2 closed") for line in lines)
    assert lines[-3:] == [
        "  hq by dump, 41 s old",
        "! alpha by export, 2 h old: bd \ufffd[31mfailed (mend it)",
        "! lost by nothing: no export was written",
    ]
    assert origin_line(HQ._replace(at=None), NOW) == "  hq by dump"


def test_what_was_not_understood_is_never_left_out_in_silence() -> None:
    assert origin_line(HQ._replace(skipped=3), NOW) == "  hq by dump, 41 s old, 3 not understood"
    assert [origin_document(one, NOW)["skipped"] for one in (HQ, HQ._replace(skipped=3))] == [0, 3]


def test_one_rig_is_chosen_by_its_name_or_its_databases(beads: Beads) -> None:
    origins = (HQ, ALPHA_AT, LOST)
    told, where = chosen(beads, origins, "alpha")
    assert [one.name for one in told.queues] == ["alpha"] == [one.name for one in where] and told.convoys is None
    told, where = chosen(beads, origins, "hq")
    assert [one.name for one in told.queues] == ["hq"] and told.convoys
    assert chosen(beads, origins, None) == (beads, origins) and chosen(beads, origins, "nope") == (Beads(), ())


def test_the_town_is_chosen_as_such_and_a_rig_says_whose_its_convoys_are(beads: Beads) -> None:
    origins = (HQ, ALPHA_AT, LOST._replace(orphan=True))
    assert chosen(beads, origins, "town") == chosen(beads, origins, "hq")
    assert [one.name for one in chosen(beads, origins, "town")[1]] == ["hq"]
    told, where = chosen(beads, origins, "alpha")
    assert beads_lines(told, where, ["convoys"], [], NOW)[0] == "convoys ? (the town's own: --rig town)"
    lost = Beads(tuple(one for one in beads.queues if one.name == "hq"), None)
    assert beads_lines(lost, [HQ], ["convoys"], [], NOW)[0] == "convoys ?"


def test_what_comes_with_every_town_is_small_and_says_the_same(beads: Beads) -> None:
    counted = tallies(beads)
    assert counted == (
        Tally("hq", None, 1, 0, 0, 0, 1, 1, 0),
        Tally("alpha", "alpha", 3 - 1, 1, 1, None, None, None, None),
        Tally("lost", "lost"),
    )
    had = assigned(beads)
    assert [[bead.id for bead in queues.ready or ()] for queues in had.queues] == [[], [], []] and had.queues[2].active is None
    small, whole = stock(counted, (HQ,), had, [NUX], NOW), stock(counted, (HQ,), beads, [NUX], NOW)
    assert small == whole and [one.id for one in small.work[NUX.id]] == ["al-1"]
    document = stock_document(small, NOW)
    assert document[0]["name"] == "hq" and document[0]["queues"]["ready"] == 1 and document[0]["age_s"] == 41
    assert stock_document(Stock(origins=(LOST._replace(orphan=True),)), NOW)[0]["queues"]["ready"] is None


def test_what_is_on_a_hook() -> None:
    beads = [("al-1", "hooked", "alpha/crew/max/"), ("al-2", "in_progress", "alpha/crew/joe"), ("al-3", "hooked", "")]
    more = [("al-4", "in_progress", "alpha/polecats/nux")]
    made = index(*({"id": one, "status": status, "assignee": who} for one, status, who in beads + more))
    (queues,) = survey([Source("alpha", "alpha", made)], NOW).queues
    assert sorted((who, bead.id) for who, bead in hooked(queues)) == [("alpha/crew/max", "al-1"), ("alpha/polecats/nux", "al-4")]


# With a town


def test_the_town_tells_of_its_beads(beads: Beads) -> None:
    story = Story(ALPHA)
    nux = pane("alpha/polecats/nux")
    town = story.tell(story.listing(nux), tree(nux, "claude"))
    assert town.beads is None and town.source("beads") is None
    hazard = Notice("bd_import_hazard", "it \x1b imports", "stop it")
    fact = BeadsRead(story.now, tallies(beads), assigned(beads), (HQ, ALPHA_AT, LOST), (hazard,))
    town = story.tell(fact)
    assert town.beads is not None and list(town.beads.work) == ["alpha/polecats/nux"]
    assert [notice.code for notice in town.notices] == ["bd_import_hazard"] and "\x1b" not in town.notices[0].text
    source = town.source("beads")
    assert source is not None and (source.state, source.at) == ("stale", NOW - 7200), "as old as the oldest, as good as the worst"
    assert source.error and "alpha: bd" in source.error and "lost: no export" in source.error
    source = story.tell(fact._replace(origins=(HQ,))).source("beads")
    assert source is not None and (source.state, source.at, source.error) == ("ok", NOW - 41, None)
    nothing = LOST._replace(state="absent", said="")
    source = Story(ALPHA).tell(fact._replace(origins=(nothing,))).source("beads")
    assert source is not None and source.state == "absent"


# One bead


def test_an_account_tells_both_ways_and_circles_once() -> None:
    made = index(
        {"id": "al-1", "dependencies": [need("al-2"), need("al-0", "parent-child"), need("gone")]},
        {"id": "al-2", "dependencies": [need("al-1"), need("al-9", "related")]},
        {"id": "al-0", "issue_type": "epic"},
        {"id": "al-9", "status": "closed", "title": "done"},
        {"id": "al-5", "dependencies": [need("al-1", "waits-for"), need("al-1", "discovered-from")]},
    )
    told = account(made, "al-1", "alpha")
    assert told is not None and told.rig == "alpha" and told.held_by == ("al-2",)
    assert [(one.depth, one.kind, one.id, one.status, one.again) for one in told.needs] == [
        (0, "blocks", "al-2", "open", False),
        (1, "blocks", "al-1", "open", True),
        (1, "related", "al-9", "closed", False),
        (0, "parent-child", "al-0", "open", False),
        (0, "blocks", "gone", None, False),
    ]
    below = {(one.depth, one.kind, one.id) for one in told.needed_by}
    assert {(0, "blocks", "al-2"), (0, "waits-for", "al-5"), (0, "discovered-from", "al-5")} <= below
    closed = account(made, "al-9", None)
    assert closed is not None and closed.bead.title == "done" and account(made, "nobody", None) is None


def test_a_tree_ends() -> None:
    made = index({"id": "al-0"}, *({"id": f"al-{number}", "dependencies": [need("al-0")]} for number in range(1, 500)))
    told = account(made, "al-0", None)
    assert told is not None and len(told.needed_by) == MOST_BRANCHES
