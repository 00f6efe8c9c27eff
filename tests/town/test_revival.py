"""Who will revive whom, by when, and what a town that was stopped or taken down expects of nobody."""

from __future__ import annotations

import pytest
from story import ALPHA, START, Story, dead, pane, running_daemon, tree, watched

from gastown_tui.town.agents import Identity
from gastown_tui.town.facts import Daemon, Halt
from gastown_tui.town.liveness import revival

MAX = pane()
MAYOR = pane("mayor", respawn_hook=True)
WITNESS = pane("alpha/witness", session="al-witness")


def test_a_pane_with_the_respawn_hook_needs_nobody_before_its_hook_had_its_time() -> None:
    story = watched(MAYOR)
    # tmux tells whole seconds: it ended at 9.9 and the stamp says 9.0.
    story.wait(9.9)
    story.tell(story.exited(MAYOR.pid))
    story.look(dead(MAYOR, START.wall + 9, dead_signal=9))
    agent = story.agent("mayor")
    assert (agent.state, agent.since) == ("dead", START.wall + 9.9)
    assert agent.expects is not None and agent.expects.what == "the session's own hook respawns it"
    assert agent.expects.at == pytest.approx(START.wall + 12.9) and agent.expects.overdue_at == pytest.approx(START.wall + 13.9)
    assert not story.needs_you("mayor", 3.5) and story.needs_you("mayor", 4.0)
    assert story.judgement.next_at == pytest.approx(START.mono + 13.9)


def test_a_stamp_of_whole_seconds_is_taken_at_its_latest() -> None:
    story = Story()
    story.look(dead(MAYOR, START.wall - 1, dead_status=0))
    assert not story.needs_you("mayor", 3.5) and story.needs_you("mayor", 4.0)


def test_a_server_that_stamps_no_death_is_held_to_its_first_promise() -> None:
    story = Story()
    story.look(dead(MAYOR, None))
    first = story.agent("mayor").expects
    assert story.agent("mayor").since is None and first is not None
    story.wait(3.0)
    story.tell(story.listing(dead(MAYOR, None, title="moved")))
    assert story.agent("mayor").expects == first and not story.needs_you("mayor")
    story.wait(3.0)
    story.tell(story.listing(dead(MAYOR, None, title="moved again")))
    assert story.agent("mayor").expects == first and story.needs_you("mayor")


def test_a_pane_that_its_hook_respawned_is_not_dead_any_more() -> None:
    story = watched(MAYOR)
    story.wait(5.0)
    story.look(dead(MAYOR, START.wall + 4, dead_status=0))
    again = MAYOR._replace(pid=777)
    story.wait(3.0)
    story.tell(story.listing(again))
    assert (story.agent("mayor").state, story.agent("mayor").pid) == ("unknown", 777)
    story.tell(tree(again, "claude", at=story.now, started=story.now.wall - 0.1))
    assert story.agent("mayor").state == "starting"
    assert not story.needs_you("mayor")


def test_a_deacon_without_the_hook_waits_for_the_daemon() -> None:
    deacon = pane("deacon")
    story = Story(daemon=running_daemon())
    story.look(dead(deacon, START.wall - 1, dead_status=0))
    expects = story.agent("deacon").expects
    assert expects is not None and expects.what == "the daemon starts it again at a heartbeat, every 3 min"
    assert expects.at is None and expects.overdue_at == START.wall + 360


ROLES = ("mayor", "deacon", "boot", "witness", "refinery", "crew", "polecat", "dog")
BY_DAEMON = ("mayor", "deacon", "boot", "witness", "refinery")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("daemon", "acts"),
    [
        (running_daemon(), True),
        (running_daemon(last_heartbeat=None), True),
        (running_daemon(last_heartbeat=START.wall - 539), True),
        (running_daemon(last_heartbeat=START.wall - 540), False),
        (running_daemon(last_heartbeat=START.wall + 3600), True),
        (Daemon(running=False), False),
    ],
)
def test_the_daemon_revives_by_role_while_it_beats(role: str, daemon: Daemon, acts: bool) -> None:
    expects = revival(Identity(role, role, "alpha"), daemon, START.wall, START)
    assert (expects is not None) == (acts and role in BY_DAEMON)
    if expects:
        assert expects.overdue_at == START.wall + 360 and expects.at is None
        assert expects.what.endswith("every 3 min when work is pending" if role == "refinery" else "every 3 min")


def test_a_period_of_its_own() -> None:
    expects = revival(Identity("witness", "witness", "alpha"), running_daemon(period=45.0), START.wall, START)
    assert expects is not None and (expects.what[-10:], expects.overdue_at) == ("every 45 s", START.wall + 90)


def test_a_dead_witness_needs_a_person_once_two_heartbeats_passed_or_without_a_daemon() -> None:
    story = watched(WITNESS, ALPHA, daemon=running_daemon())
    story.wait(5.0)
    story.tell(story.exited(WITNESS.pid), story.listing())
    assert story.agent("alpha/witness").state == "dead"
    assert not story.needs_you("alpha/witness", 359.0) and story.needs_you("alpha/witness", 360.0)
    story.tell(story.files._replace(daemon=Daemon(running=False)))
    assert story.agent("alpha/witness").expects is None and story.needs_you("alpha/witness")


@pytest.mark.parametrize(("scope", "stands_still"), [("", True), ("alpha", False)])
def test_under_an_emergency_stop_the_daemon_stands_still(scope: str, stands_still: bool) -> None:
    story = watched(WITNESS, ALPHA, daemon=running_daemon(), estop=((scope, START.wall - 60, "lunch"),))
    story.wait(5.0)
    story.tell(story.exited(WITNESS.pid), story.listing())
    assert (story.agent("alpha/witness").expects is None) == stands_still
    (notice, *_) = story.judgement.town.notices
    assert notice.code == "estop" and notice.text.endswith(": lunch")


def test_an_emergency_stop_freezes_nobody() -> None:
    story = watched(MAX, ALPHA, estop=(("", START.wall - 60, "lunch"),))
    assert story.agent().alive


def test_after_a_halt_nobody_is_missed_until_a_leader_lives_again() -> None:
    halt = Halt(START.wall - 60, ("mayor", "deacon"))
    story = Story(ALPHA, halt=halt, daemon=running_daemon())
    story.look()
    assert [one.code for one in story.judgement.town.notices] == ["down"] and story.judgement.town.agents == ()
    mayor = pane("mayor", number=2, session_created=START.wall - 30)
    story.look(mayor)
    assert story.judgement.town.notices == ()
    assert {one.id for one in story.judgement.town.agents} == {"mayor", "deacon", "alpha/witness"}


def test_what_still_runs_in_a_town_that_is_down_is_counted_in_plain_words() -> None:
    story = Story(ALPHA, halt=Halt(START.wall - 60, ()))
    roles = ("alpha/witness", "alpha/refinery", "beta/refinery", "alpha/crew/max", "alpha/crew/joe", "alpha/polecats/nux")
    story.look(*(pane(role, number) for number, role in enumerate(roles, 1)))
    (notice,) = story.judgement.town.notices
    assert notice.text.endswith("; 2 crew, 1 polecat, 2 refineries, 1 witness still run")


def test_a_daemon_that_began_after_the_end_has_two_heartbeats_from_its_own_start() -> None:
    story = watched(WITNESS, ALPHA)
    story.wait(5.0)
    story.tell(story.exited(WITNESS.pid), story.listing())
    assert story.needs_you("alpha/witness")
    story.wait(3600.0)
    story.tell(story.files._replace(daemon=running_daemon(started=story.now.wall - 30, last_heartbeat=None)))
    assert not story.needs_you("alpha/witness", 329.0) and story.needs_you("alpha/witness", 330.0)


def test_a_daemon_that_says_not_when_it_began_is_given_two_heartbeats_from_the_first_look() -> None:
    story = Story(daemon=running_daemon(started=None))
    story.look()
    story.wait(100.0)
    story.look()
    assert story.agent("mayor").state == "missing"
    assert not story.needs_you("mayor", 259.0) and story.needs_you("mayor", 260.0)
