"""The queues of a town, and where beads and agents do not fit together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gastown_tui.town.beads.bead import stamp
from gastown_tui.town.beads.index import Index
from gastown_tui.town.beads.joins import findings, holdings
from gastown_tui.town.beads.queues import Beads, Merge, Queues, Source, convoys, escalations, merges, queues, survey
from gastown_tui.town.beads.reading import answer
from gastown_tui.town.snapshot import Agent, Evidence, State
from gastown_tui.town.text import rfc3339

DATA = Path(__file__).parent.parent / "data/beads"
NOW = stamp("2026-11-21T10:00:00Z") or 0.0


def source(rig: str | None, *beads: dict[str, Any], wisps: bool = True) -> Source:
    index = Index(now=NOW)
    index.replace(json.dumps({"title": "", "status": "open", "priority": 2} | bead).encode() for bead in beads)
    return Source(rig or "hq", rig, index, wisps)


def need(whom: str, kind: str = "blocks") -> dict[str, str]:
    return {"depends_on_id": whom, "type": kind}


def agent(agent_id: str, state: State = State.WORKING, **more: Any) -> Agent:
    rig, name = agent_id.split("/")[0], agent_id.split("/")[-1]
    role = "crew" if "/crew/" in agent_id else "polecat" if "/polecats/" in agent_id else name
    more = {"since": NOW - 300, **({"rig": rig} if "/" in agent_id else {}), **more}
    return Agent(agent_id, role, name, state, (Evidence("tmux", f"it is {state}", NOW),), **more)


@pytest.fixture(name="recorded", scope="module")
def _recorded() -> tuple[Source, ...]:
    """A whole town: its own database and those of two rigs, as one full list of each."""
    sources = []
    for name, rig in (("hq", None), ("alpha", "alpha"), ("widget_shop", "widget_shop")):
        index = Index(now=NOW)
        index.replace(answer((DATA / f"{name}.list.json").read_bytes()).beads)
        sources.append(Source(name, rig, index))
    return tuple(sources)


def test_the_queues_of_a_recorded_town(recorded: tuple[Source, ...]) -> None:
    hq, alpha, shop = survey(recorded, NOW).queues
    assert (hq.ready, hq.active, hq.blocked, hq.aside) == ((), (), (), ())
    assert alpha.active and [(bead.id, bead.status, bead.assignee) for bead in alpha.active] == [
        ("al-lfr", "hooked", "alpha/polecats/nux"),
        ("al-l6q", "hooked", "alpha/crew/max"),
        ("al-020", "hooked", "alpha/polecats/furiosa"),
        ("al-o5l", "hooked", "alpha/polecats/ghost"),
        ("al-lxg", "in_progress", "alpha/crew/joe"),
    ]
    assert shop.blocked and [(bead.id, shop.held_by[bead.id]) for bead in shop.blocked] == [("Ws-x-alw", ("Ws-x-uhe",))]
    assert alpha.aside and {bead.id for bead in alpha.aside} == {"al-ejo", "al-wisp-68v", "al-jb3", "al-tbu", "al-9jc"}
    assert alpha.merges and [(one.branch, one.source_issue, one.worker, one.claimed_by) for one in alpha.merges] == [
        ("polecat/furiosa/al-020@mwq6o74c", "al-020", "furiosa", None)
    ]
    assert hq.escalations and [(call.severity, call.acknowledged, call.bead.title) for call in hq.escalations] == [
        ("critical", False, "Dolt disk nearly full"),
        ("medium", False, "Flaky test"),
        ("high", True, "Refinery cannot merge"),
    ]
    assert hq.unread == {"mayor": 4, "alpha/witness": 1, "alpha/max": 1}
    assert (hq.docked, alpha.docked) == (None, False)


def test_a_convoy_knows_its_beads_in_every_rig(recorded: tuple[Source, ...]) -> None:
    found = {convoy.bead.title: convoy for convoy in survey(recorded, NOW).convoys or ()}
    assert [(one.id, one.rig, one.status) for one in found["Release 1.0"].members] == [
        ("Ws-x-uhe", "widget_shop", "open"),
        ("al-4yi.2", "alpha", "open"),
        ("al-lfr", "alpha", "hooked"),
    ]
    assert found["Release 1.0"].unknown == 0
    without_shop = [Source(one.name, one.rig, None if one.rig == "widget_shop" else one.beads) for one in recorded]
    assert [convoy.unknown for convoy in survey(without_shop, NOW).convoys or ()] == [0, 1, 0]


def test_progress_and_staging() -> None:
    tracked = [need("external:al:al-1", "tracks"), need("al-2", "tracks"), need("al-9", "tracks"), need("al-1", "blocks")]
    town = source(None, {"id": "hq-cv-1", "issue_type": "convoy", "status": " Staged_Ready ", "dependencies": tracked})
    (convoy,) = convoys([town, source("alpha", {"id": "al-1", "status": "closed"}, {"id": "al-2"})])
    assert (convoy.closed, len(convoy.members), convoy.unknown, convoy.staged) == (1, 3, 1, True)


def test_what_a_source_cannot_see_is_unknown_and_never_none() -> None:
    assert queues(Source("alpha", "alpha", None), NOW) == Queues("alpha", "alpha")
    told = queues(source("alpha", {"id": "al-1"}, wisps=False), NOW)
    assert told.ready and (told.merges, told.escalations, told.unread) == (None, None, None)
    assert queues(source("alpha", {"id": "al-1"}), NOW)[7:10] == ((), (), {})
    assert survey([Source("hq", None, None), source("alpha")], NOW).convoys is None


def test_a_bead_held_by_a_wisp_alone_is_ready_with_a_mark() -> None:
    told = queues(source(None, {"id": "x-1", "dependencies": [need("x-w")]}, {"id": "x-w", "ephemeral": True}), NOW)
    assert [bead.id for bead in told.ready or ()] == ["x-1"] and told.blocked == ()
    assert told.held_by["x-1"] == ("x-w",)


def test_only_work_is_ready() -> None:
    """`bd ready` itself lists mail, convoys and agents' own beads."""
    labels = ["gt:message", "gt:agent", "gt:queue", "gt:merge-slot"]
    others = [{"id": f"x-{number}", "labels": [label]} for number, label in enumerate(labels)]
    told = source(None, {"id": "x-work"}, {"id": "x-cv", "issue_type": "convoy"}, *others)
    assert told.beads and len(told.beads.ready) == 6
    assert [bead.id for bead in queues(told, NOW).ready or ()] == ["x-work"]


def test_nothing_open_is_lost() -> None:
    """Every open piece of work stands in exactly one of four queues, whatever its status."""
    words = ["open", "hooked", "in_progress", "blocked", "deferred", "pinned", "review", "", "closed"]
    beads = [{"id": f"x-{word}{n}", "status": word, "dependencies": [need("x-open0")] * n} for word in words for n in (0, 1)]
    told = queues(source(None, *beads), NOW)
    found = [bead.id for queue in (told.ready, told.active, told.blocked, told.aside) for bead in queue or ()]
    assert sorted(found) == sorted(bead["id"] for bead in beads if bead["status"] != "closed")


def merge(bead_id: str, created: str, *fields: str, **more: Any) -> dict[str, Any]:
    text = "\n".join(("branch: b", *fields))
    return {"id": bead_id, "labels": ["gt:merge-request"], "ephemeral": True, "created_at": created, "description": text, **more}


def test_the_merge_queue_is_in_the_refinerys_order() -> None:
    told = source(
        "alpha",
        merge("m-plain", "2026-11-21T09:00:00Z"),
        merge("m-urgent", "2026-11-21T10:00:00Z", priority=0),
        merge("m-convoy", "2026-11-21T09:00:00Z", "convoy_created_at: 2026-11-20T10:00:00Z", "merge_commit: null"),
        merge("m-retried", "2026-11-21T09:00:00Z", "retry_count: 99"),
        merge("m-odd", "2026-11-21T09:00:00Z", "retry-count: many", priority=-1),
        merge("m-done", "2026-11-21T09:00:00Z", status="closed"),
    )
    assert told.beads
    scores = {one.bead.id: one.score(NOW) for one in merges(told.beads, "alpha", NOW)}
    assert list(scores.items()) == [
        ("m-convoy", 1441.0),
        ("m-urgent", 1400.0),
        ("m-plain", 1201.0),
        ("m-odd", 1001.0),
        ("m-retried", 901.0),
    ]


@pytest.mark.parametrize(("written", "stale"), [("09:30:00", True), ("09:30:01", False), (None, False)])
def test_a_claim_is_stale_after_half_an_hour(written: str | None, stale: bool) -> None:
    at = {"updated_at": f"2026-11-21T{written}Z"} if written else {}
    told = source("alpha", merge("m-1", "2026-11-21T09:00:00Z", assignee="alpha/refinery", **at))
    assert told.beads
    (one,) = merges(told.beads, "alpha", NOW)
    assert (one.claimed_by, one.is_stale(NOW)) == ("alpha/refinery", stale)
    assert not Merge(one.bead._replace(assignee=""), "alpha").is_stale(NOW)


def test_escalations_without_their_mail() -> None:
    call = {"labels": ["gt:escalation"], "ephemeral": True}
    told = source(
        None,
        {**call, "id": "e-low", "description": "severity: low\nrelated_bead: null\nescalated_by: overseer"},
        {**call, "id": "e-odd", "labels": ["gt:escalation", "severity:apocalyptic"]},
        {**call, "id": "e-new", "labels": ["gt:escalation", "severity:critical"], "created_at": "2026-11-21T09:00:00Z"},
        {**call, "id": "e-old", "labels": ["gt:escalation", "severity:critical"], "created_at": "2026-11-20T09:00:00Z"},
        {**call, "id": "e-acked", "labels": ["gt:escalation", "acked", "severity:critical"]},
        {**call, "id": "e-mail", "labels": ["gt:escalation", "gt:message"]},
        {**call, "id": "e-closed", "status": "closed"},
    )
    assert told.beads
    found = escalations(told.beads)
    assert [one.bead.id for one in found] == ["e-old", "e-new", "e-odd", "e-low", "e-acked"]
    assert (found[3].severity, found[3].by, found[3].related) == ("low", "overseer", "")


def test_a_rig_says_that_it_is_docked() -> None:
    told = source("alpha", {"id": "al-rig-alpha", "issue_type": "rig", "labels": ["gt:rig", "status:docked"], "ephemeral": True})
    assert queues(told, NOW).docked is True


def codes(beads: Beads, *agents: Agent) -> list[tuple[str, str | None, tuple[str, ...]]]:
    return [(one.code, one.bead_id, one.agent_ids) for one in findings(beads, agents, NOW)]


def test_the_recorded_town_beside_its_agents(recorded: tuple[Source, ...]) -> None:
    beads = survey(recorded, NOW)
    agents = (
        agent("alpha/crew/max", State.DEAD),
        agent("alpha/crew/joe", State.IDLE),
        agent("alpha/polecats/nux", agent_started=NOW),
        agent("alpha/polecats/furiosa", State.WAITING),
    )
    assert codes(beads, *agents) == [
        ("outlived", "al-lfr", ("alpha/polecats/nux",)),
        ("orphaned", "al-l6q", ("alpha/crew/max",)),
        ("orphaned", "al-o5l", ()),
        ("unmoved", "al-lxg", ("alpha/crew/joe",)),
    ]
    assert all(finding.evidence for finding in findings(beads, agents, NOW))
    assert [bead.id for bead in holdings(beads, agents)["alpha/polecats/furiosa"]] == ["al-020"]


@pytest.mark.parametrize(("before", "found"), [(119, []), (121, ["outlived"])])
def test_work_is_hooked_a_little_before_its_agent_begins(before: float, found: list[str]) -> None:
    told = {"id": "al-1", "status": "hooked", "assignee": "alpha/polecats/nux", "updated_at": "2026-11-21T09:00:00Z"}
    nux = agent("alpha/polecats/nux", agent_started=(stamp("2026-11-21T09:00:00Z") or 0) + before)
    assert [code for code, _, _ in codes(survey([source("alpha", told)], NOW), nux)] == found


@pytest.mark.parametrize(
    ("told", "written", "found"),
    [
        ({"since": NOW - 299}, 900, []),
        ({"since": None, "last_output": NOW - 300}, 900, ["unmoved"]),
        ({"since": None}, 900, []),
        ({}, 299, []),
        ({}, 300, ["unmoved"]),
    ],
)
def test_between_two_turns_anybody_stands_idle(told: dict[str, Any], written: float, found: list[str]) -> None:
    bead = {"id": "al-1", "status": "hooked", "assignee": "alpha/crew/max", "updated_at": rfc3339(NOW - written)}
    beads = survey([source("alpha", bead)], NOW)
    assert [code for code, _, _ in codes(beads, agent("alpha/crew/max", State.IDLE, **told))] == found


def test_who_is_meant_by_an_assignee() -> None:
    def of(assignee: str, *agents: Agent) -> list[str]:
        told = survey([source("alpha", {"id": "al-1", "status": "hooked", "assignee": assignee})], NOW)
        return [code for code, _, _ in codes(told, *agents, agent("alpha/witness"))]

    max_crew, max_polecat = agent("alpha/crew/max", State.IDLE), agent("alpha/polecats/max", State.IDLE)
    assert of("alpha/crew/max", max_crew) == ["unmoved"]
    assert of("alpha/max", max_crew) == ["unmoved"]
    assert of("alpha/max", max_crew, max_polecat) == []
    assert of("mayor/", agent("mayor", State.IDLE)) == ["unmoved"]
    assert of("mayor/") == ["orphaned"]
    assert of("") == ["orphaned"]
    assert of("op@example.com") == []


@pytest.mark.parametrize(("status", "told"), [("hooked", "hooked to"), ("in_progress", "in_progress with")])
def test_a_bead_that_lost_its_agent_is_told_in_words_that_fit_its_status(status: str, told: str) -> None:
    beads = survey([source("alpha", {"id": "al-1", "status": status, "assignee": "alpha/crew/max"})], NOW)
    (found,) = findings(beads, (agent("alpha/crew/max", State.DEAD),), NOW)
    assert found.text == f"al-1 is {told} alpha/crew/max, which is dead"


def test_two_agents_on_one_bead() -> None:
    told = survey([source("alpha", {"id": "al-1", "status": "hooked", "assignee": "alpha/polecats/nux"})], NOW)
    nux, max_ = agent("alpha/polecats/nux"), agent("alpha/crew/max", bead="al-1", heartbeat_at=NOW - 5)
    assert codes(told, nux, max_) == [("shared", "al-1", (nux.id, max_.id))]
    assert codes(told, nux, agent("alpha/crew/max", State.DEAD, bead="al-1")) == []


def test_a_polecat_that_works_on_no_bead() -> None:
    told = survey([source("alpha", {"id": "al-1", "status": "review", "assignee": "alpha/polecats/tom"})], NOW)
    nux = agent("alpha/polecats/nux")
    assert codes(told, nux, agent("alpha/polecats/tom"), agent("alpha/crew/max")) == [("beadless", None, (nux.id,))]
    assert codes(told, agent("alpha/polecats/nux", bead="al-7")) == []
    unknown = Beads((*told.queues, Queues("shop", "shop")))
    assert codes(unknown, nux) == []
