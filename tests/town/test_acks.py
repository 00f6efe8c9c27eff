"""An acknowledgement stands for one need: it ends with its state, its session, its process or its question."""

from __future__ import annotations

import pytest

from gastown_tui.town.acks import Ack, acknowledged, ended, subject
from gastown_tui.town.snapshot import Acknowledged, Activity, Agent, Evidence, Held, Question, State, Town, TownRef

NOW = 1_795_257_725.0
WAITING = Agent(
    "gastown/crew/jack",
    "crew",
    "jack",
    State.WAITING,
    (Evidence("tmux", "it asks", NOW),),
    session_id="$3",
    session_created=NOW - 900,
    pid=10,
    agent_pid=11,
    since=NOW - 60,
    activity=Activity(question=Question("permission", "git push", ("Yes", "No"))),
)
ACK = Ack(NOW, "later", subject(WAITING))


def test_it_stands_while_nothing_of_the_need_changes() -> None:
    told = Acknowledged(NOW, "later")
    assert acknowledged(WAITING, ACK) == told
    assert acknowledged(WAITING._replace(since=None, evidence=(Evidence("tmux", "other words", NOW),)), ACK) == told
    assert acknowledged(WAITING, None) is None


@pytest.mark.parametrize(
    "change",
    [
        {"state": State.STALLED},
        {"state": State.WORKING},
        {"session_id": "$4"},
        {"session_created": NOW - 1},
        {"pid": 12},
        {"agent_pid": 12},
        {"activity": Activity(question=Question("permission", "git push --force", ("Yes", "No")))},
        {"activity": Activity(question=Question("menu", "git push", ("Yes", "No")))},
        {"since": NOW + 1},
    ],
    ids=lambda change: "-".join(map(str, change)),
)
def test_it_ends_with_what_it_was_for(change: dict[str, object]) -> None:
    after = WAITING._replace(**change)  # type: ignore[arg-type]
    assert acknowledged(after, ACK) is None
    assert ended(Town(TownRef("/gt", None), NOW, agents=(after,)), {after.id: ACK}) == (after.id,)


def test_what_one_run_does_not_know_is_no_change() -> None:
    dead = WAITING._replace(state=State.DEAD, activity=Activity())
    gone = dead._replace(session_id=None, session_created=None, pid=None, agent_pid=None, since=None)
    assert acknowledged(gone, Ack(NOW, "", subject(dead)))
    assert acknowledged(dead, Ack(NOW, "", subject(gone)))


def test_a_limit_is_known_by_its_kind_and_not_by_its_counters() -> None:
    limited = WAITING._replace(state=State.HELD, activity=Activity(held=Held("rate", "attempt 3")))
    entry = Ack(NOW, "", subject(limited))
    assert acknowledged(limited._replace(activity=Activity(held=Held("rate", "attempt 4"))), entry)
    assert acknowledged(limited._replace(activity=Activity(held=Held("auth", "401"))), entry) is None


def test_of_whom_we_cannot_see_we_cannot_tell_that_it_ended() -> None:
    unseen = WAITING._replace(state=State.UNKNOWN)
    assert acknowledged(unseen, ACK) is None
    assert ended(Town(TownRef("/gt", None), NOW, agents=(unseen,)), {unseen.id: ACK, "gone": ACK}) == ()


def test_no_text_of_a_question_is_kept() -> None:
    assert "push" not in repr(ACK)
