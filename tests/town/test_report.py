"""The documents of schema 1: their keys, what is null, what adds up; and the lines for people."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from story import ALPHA, START, Story, pane, running_daemon, tree

from gastown_tui.town.report import (
    agent_document,
    change_document,
    change_line,
    error_document,
    nowhere_text,
    show_lines,
    source_document,
    status_document,
    status_lines,
)
from gastown_tui.town.snapshot import (
    ALIVE,
    Acknowledged,
    Activity,
    Agent,
    Evidence,
    Expects,
    Foreign,
    Held,
    Notice,
    Nowhere,
    Question,
    SourceState,
    State,
    Town,
    TownRef,
)
from gastown_tui.town.text import MASK

NOW = START.wall
REF = TownRef("/home/op/gt", "/tmp/tmux-1000/gt-a1b2c3", "gt")
AGENT_KEYS = (
    "id role rig name session session_id pane_id pid agent_pid also runtime command cwd state since needs_you evidence expects "
    "session_age_s agent_age_s quiet_s heartbeat_age_s exit_status exit_signal attached acknowledged activity"
)


def agent(state: State = State.WORKING, **more: Any) -> Agent:
    return Agent(
        "gastown/crew/jack", "crew", "jack", state, (Evidence("pane", "last output", NOW - 2, ago=True),), "gastown", **more
    )


def town(*agents: Agent, **more: Any) -> Town:
    return Town(REF, NOW, "4711-1795225392", agents, **more)


def test_the_keys_are_those_of_the_contract_in_their_order() -> None:
    document = status_document(town(agent(), foreign=(Foreign("notes", "$9"),), notices=(Notice("down", "d", "r"),)), NOW)
    assert list(document) == ["schema", "observed_at", "town", "summary", "sources", "agents", "foreign", "monitor", "beads"]
    assert list(document["town"]) == ["name", "root", "socket", "epoch", "notices"]
    assert list(document["town"]["notices"][0]) == ["code", "since", "text", "remedy"]
    assert list(document["summary"]) == ["agents", "alive", "dead", "missing", "zombie", "need_you", "by_state"]
    assert " ".join(document["agents"][0]) == AGENT_KEYS
    assert list(document["agents"][0]["evidence"][0]) == ["source", "at", "fact"]
    assert document["foreign"] == [{"session": "notes", "session_id": "$9", "kind": None}]
    assert (document["schema"], document["monitor"], document["beads"]) == (1, None, None)


def test_a_whole_town_is_json() -> None:
    story = Story(ALPHA, daemon=running_daemon())
    story.look(pane(), pane("alpha/polecats/nux", 2, dead=True, dead_time=NOW - 5, dead_signal=9))
    document = json.loads(json.dumps(status_document(story.judgement.town, NOW), allow_nan=False))
    nux = next(one for one in document["agents"] if one["id"] == "alpha/polecats/nux")
    assert (nux["state"], nux["exit_signal"], nux["exit_status"], nux["since"]) == ("dead", 9, None, "2027-01-15T07:59:55.000Z")
    assert (nux["agent_age_s"], nux["session_age_s"], nux["needs_you"]) == (None, 900.0, True)
    assert [source["name"] for source in document["sources"]] == ["tmux", "process", "town"]
    assert document["sources"][0] == {"name": "tmux", "state": "ok", "age_s": 0.0, "error": None}


@given(st.lists(st.sampled_from(State), max_size=30), st.booleans())
def test_the_counts_add_up(states: list[State], late: bool) -> None:
    expects = Expects("the daemon", None, NOW - 1 if late else NOW + 1)
    agents = [agent(state, expects=expects)._replace(id=str(number)) for number, state in enumerate(states)]
    document = status_document(town(*agents), NOW)
    summary = document["summary"]
    assert sum(summary["by_state"].values()) == summary["agents"] == len(states)
    assert all(summary["by_state"].values())
    assert summary["alive"] == sum(state in ALIVE for state in states)
    for state in ("dead", "missing", "zombie"):
        assert summary[state] == summary["by_state"].get(state, 0)
    assert summary["need_you"] == sum(one["needs_you"] for one in document["agents"])


@pytest.mark.parametrize("state", State)
def test_who_needs_a_person(state: State) -> None:
    gone, asking = state in ("dead", "missing", "zombie"), state in ("waiting", "stalled", "held")
    due = Expects("the hook", NOW, NOW + 1)
    for expects, now, needs in ((None, NOW, gone or asking), (due, NOW + 0.9, asking), (due, NOW + 1, gone or asking)):
        assert agent(state, expects=expects).needs_you(now) == needs
    assert not agent(state, acknowledged=Acknowledged(NOW, "known")).needs_you(NOW)
    assert agent(state, expects=Expects("someday")).needs_you(NOW) == asking


def test_what_is_not_known_is_null() -> None:
    document = agent_document(agent(), NOW)
    known = {"id", "role", "rig", "name", "also", "state", "needs_you", "evidence", "attached", "activity"}
    assert {key for key, value in document.items() if value is not None} == known
    bare = status_document(Town(TownRef("", None), NOW), NOW)["town"]
    assert bare == {"name": None, "root": None, "socket": None, "epoch": None, "notices": []}


def test_times_and_durations() -> None:
    told = agent_document(
        agent(
            since=NOW - 60.5,
            session_created=NOW - 7200.1234,
            agent_started=NOW + 1,
            last_output=NOW + 3600,
            heartbeat_at=NOW,
            expects=Expects("the hook respawns it", NOW + 3, NOW + 4),
            acknowledged=Acknowledged(NOW, "on it"),
        ),
        NOW,
    )
    assert told["since"] == "2027-01-15T07:58:59.500Z"
    assert (told["session_age_s"], told["agent_age_s"], told["quiet_s"], told["heartbeat_age_s"]) == (7200.123, 0.0, None, 0.0)
    assert told["expects"] == {"at": "2027-01-15T08:00:03.000Z", "what": "the hook respawns it"}
    assert told["acknowledged"] == {"at": "2027-01-15T08:00:00.000Z", "reason": "on it"}
    assert told["evidence"] == [{"source": "pane", "at": "2027-01-15T07:59:58.000Z", "fact": "last output, 2 s ago"}]


@pytest.mark.parametrize(
    ("path", "told"),
    [("/tmp/tmux-1000/gt-a1b2c3", "gt-a1b2c3"), ("/run/user/1000/tmux-1000/x", "x"), ("/srv/my.sock", "/srv/my.sock")],
)
def test_a_socket_is_told_as_tmux_takes_it(path: str, told: str) -> None:
    assert status_document(Town(TownRef("/gt", path), NOW), NOW)["town"]["socket"] == told


HOSTILE = "a\x1b]0;owned\x07\x9b31m\nb\u202ec"


def test_hostile_text_is_inert_everywhere() -> None:
    one = agent(session=HOSTILE, also=(HOSTILE,), command=HOSTILE, cwd=HOSTILE, runtime=HOSTILE, bead=HOSTILE, session_id="$1")
    one = one._replace(id=HOSTILE, name=HOSTILE, rig=HOSTILE, evidence=(Evidence("tmux", HOSTILE, NOW),))
    whole = town(one, foreign=(Foreign(HOSTILE, "$2"),), sources=(SourceState("tmux", "error", None, HOSTILE),))
    text = json.dumps(status_document(whole, NOW), ensure_ascii=False)
    text += "".join(status_lines(whole, NOW)) + "".join(show_lines(one, [(HOSTILE, HOSTILE)], [], NOW))
    text += json.dumps(change_document(None, one, NOW), ensure_ascii=False) + change_line(change_document(one, None, NOW))
    text += json.dumps(source_document(whole.sources[0], whole.sources[0], NOW), ensure_ascii=False)
    assert not set("\x1b\x07\x9b\u202e") & set(text) and "\\u001b" not in text
    assert "\n" not in "".join(status_lines(whole, NOW))


def test_secrets_are_masked_in_evidence_and_on_the_pane() -> None:
    secret = "sk-ant-api03-abcdefgh12345678"
    one = agent()
    one = one._replace(evidence=(Evidence("town", f"its heartbeat names work ({secret})", NOW),))
    shown = [*show_lines(one, [], [f"export KEY={secret}"], NOW), *status_lines(town(one), NOW)]
    shown += [str(agent_document(one, NOW)), change_line(change_document(None, one, NOW))]
    assert not any(secret in line for line in shown) and sum(MASK in line for line in shown) == 5


def test_secrets_are_masked_in_what_a_source_says() -> None:
    failed = SourceState("beads", "error", None, "cannot reach mysql://gt:hunter2hunter2@host/beads")
    whole = town(sources=(failed,))
    told = (*status_lines(whole, NOW), json.dumps(status_document(whole, NOW)), json.dumps(source_document(None, failed, NOW)))
    assert "hunter2" not in "".join(told) and "mysql://" in told[0]


def test_changes() -> None:
    idle, dead = agent(State.IDLE, session="gt-crew-jack", pane_id="%5"), agent(State.DEAD, exit_status=1, pane_id="%5")
    keys = ["schema", "at", "agent", "session", "pane_id", "from", "to", "evidence", "exit_status", "exit_signal"]
    first, death, leave = (change_document(*pair, NOW) for pair in ((None, idle), (idle, dead), (dead, None)))
    assert list(first) == list(death) == list(leave) == keys
    assert [(one["from"], one["to"]) for one in (first, death, leave)] == [(None, "idle"), ("idle", "dead"), ("dead", None)]
    assert (death["exit_status"], death["exit_signal"], death["pane_id"], leave["evidence"]) == (1, None, "%5", [])
    assert change_line(death) == "08:00:00  gastown/crew/jack  idle → dead  last output, 2 s ago"
    assert change_line(leave) == "08:00:00  gastown/crew/jack  dead → gone"
    lost = source_document(SourceState("tmux", "ok"), SourceState("tmux", "error", None, "hung"), NOW)
    assert lost == {
        "schema": 1,
        "at": "2027-01-15T08:00:00.000Z",
        "source": "tmux",
        "from": "ok",
        "to": "error",
        "error": "hung",
    }
    assert change_line(lost) == "08:00:00  tmux  ok → error: hung"


def test_errors() -> None:
    assert error_document("no_town", "no town", "name one") == {
        "schema": 1,
        "error": {"code": "no_town", "message": "no town", "remedy": "name one"},
    }
    assert nowhere_text(Nowhere(("~/gt", "x\x1b"), "no town was found", "r")) == "no town was found; tried: ~/gt; x�"


def test_lines_for_people() -> None:
    story = Story()
    story.look(pane(), pane("mayor", 2, dead=True, dead_time=NOW - 5, dead_status=1), pane(number=3, session="notes", env={}))
    story.wait(1.0)
    story.tell(story.failed("hung"))
    assert status_lines(story.judgement.town, story.now.wall) == [
        "! ✖ mayor           dead  15 min  exited with 1, 6 s ago · nobody restarts it by itself",
        "  ○ alpha/crew/max  idle  15 min  last output, 1 min ago",
        "  · notes  foreign",
        "! tmux stale: hung",
        "gt · 1 alive · 1 dead · 1 needs you",
    ]


def test_one_agent_for_people() -> None:
    story = Story()
    story.tell(story.listing(pane(cwd="/home/op/gt/alpha/crew/max")), tree(pane(), "bash", "claude"))
    lines = show_lines(story.agent(), [("GT_ROLE", "alpha/crew/max")], ["❯ "], NOW)
    assert lines == [
        "○ alpha/crew/max  idle",
        "  pane     last output, 1 min ago",
        "  process  claude (pid 101) runs below the pane's process",
        "  session      al-crew-max",
        "  pane         %1",
        "  pid          100",
        "  agent pid    101",
        "  runtime      claude",
        "  cwd          /home/op/gt/alpha/crew/max",
        "  session age  15 min",
        "  agent age    15 min",
        "  quiet        1 min",
        "environment",
        "  GT_ROLE=alpha/crew/max",
        "pane",
        "❯ ",
    ]
    assert "  expects  soon, but that is overdue" in show_lines(
        agent(State.DEAD, expects=Expects("soon", None, NOW)), [], [], NOW
    )


SECRET = "export TOKEN=ghp_0123456789abcdefgh\x1b[2J"
SHOWN = f"export TOKEN={MASK}\N{REPLACEMENT CHARACTER}[2J"


def test_what_a_screen_says_is_told_whole_and_inert() -> None:
    activity = Activity(
        "tool",
        SECRET,
        Question("permission", SECRET, ("Yes", SECRET)),
        Held("limit", SECRET, NOW + 60),
        draft=False,
        context_used_pct=43.5,
        program_version="2.0.1",
    )
    assert agent_document(agent(activity=activity), NOW)["activity"] == {
        "what": "tool",
        "detail": SHOWN,
        "question": {"kind": "permission", "text": SHOWN, "options": ["Yes", SHOWN]},
        "held": {"why": "limit", "until": "2027-01-15T08:01:00.000Z", "text": SHOWN},
        "draft": False,
        "context_used_pct": 43.5,
        "program_version": "2.0.1",
    }


def test_a_screen_that_tells_nothing_is_an_object_of_nulls() -> None:
    told = agent_document(agent(State.DEAD), NOW)["activity"]
    assert " ".join(told) == "what detail question held draft context_used_pct program_version"
    assert set(told.values()) == {None}


def test_show_tells_a_question_and_a_limit_in_full() -> None:
    waiting = agent(State.WAITING, activity=Activity(question=Question("plan", "Proceed? " * 40, ("Yes", "No"))))
    assert [line for line in show_lines(waiting, (), (), NOW) if "Proceed" in line] == ["  asks     plan: " + "Proceed? " * 40]
    assert "           2 No" in show_lines(waiting, (), (), NOW)
    held = agent(State.HELD, activity=Activity(held=Held("rate", "429", NOW + 60), draft=True, context_used_pct=88))
    assert {"  held     rate until 08:01: 429", "  draft    somebody typed and did not send", "  context  88 % used"} <= set(
        show_lines(held, (), (), NOW)
    )


@pytest.mark.parametrize(
    ("one", "end"),
    [
        (agent(activity=Activity("tool", "Bash(pytest)")), "last output, 2 s ago · Bash(pytest)"),
        (agent(State.HELD, activity=Activity(held=Held("limit", "x", NOW + 60))), "last output, 2 s ago · until 08:01"),
        (agent(State.IDLE, activity=Activity(draft=True)), "last output, 2 s ago · draft"),
        (agent(activity=Activity("thinking", "output, last")), "last output, 2 s ago · thinking output, last"),
        (agent(activity=Activity("working", "last output")), "last output, 2 s ago"),
        (agent(State.WAITING, activity=Activity(question=Question("menu", "last output"))), "last output, 2 s ago"),
    ],
)
def test_a_line_of_status_adds_what_its_evidence_does_not_say(one: Agent, end: str) -> None:
    assert status_lines(town(one), NOW)[0].endswith("  " + end)


@pytest.mark.parametrize(
    ("reason", "line"), [("", "  acknowledged · 2 min ago"), (SECRET, f"  acknowledged · {SHOWN} · 2 min ago")]
)
def test_what_was_acknowledged_is_told_to_people_too(reason: str, line: str) -> None:
    quelled = agent(State.DEAD, acknowledged=Acknowledged(NOW - 120, reason))
    assert line in show_lines(quelled, (), (), NOW)
    assert status_lines(town(quelled), NOW)[0].endswith(" · acknowledged")
    assert agent_document(quelled, NOW)["acknowledged"]["reason"] == (SHOWN if reason else "")
