"""Alive or dead: what proves it, what one look cannot settle, and who will revive whom."""

from __future__ import annotations

import pytest
from story import ALPHA, START, Story, dead, facts, living, pane, running_daemon, tree, watched

from gastown_tui.town.facts import PidFile, Stop, Tree
from gastown_tui.town.liveness import pick_pane
from gastown_tui.town.programs import find_agent
from gastown_tui.town.snapshot import Moment, State

MAX = pane()
MAYOR = pane("mayor", respawn_hook=True)
WITNESS = pane("alpha/witness", session="al-witness")


# A pane that tmux reports dead.


@pytest.mark.parametrize(
    ("how", "fact", "status", "signal"),
    [
        ({"dead_status": 1}, "exited with 1", 1, None),
        ({"dead_status": 0}, "exited with 0", 0, None),
        ({"dead_signal": 9}, "ended by signal 9", None, 9),
        ({}, "dead, status unknown (tmux told none)", None, None),
    ],
)
def test_a_dead_pane_is_dead_at_once_and_tells_how(
    how: dict[str, int], fact: str, status: int | None, signal: int | None
) -> None:
    story = Story()
    story.look(dead(MAX, START.wall - 5, **how))
    agent = story.agent()
    assert (agent.state, agent.since, facts(agent)) == ("dead", START.wall - 5, fact)
    assert (agent.exit_status, agent.exit_signal, agent.agent_pid) == (status, signal, None)
    assert agent.expects is None and story.needs_you()


def test_a_dead_pane_of_which_tmux_told_no_pid_has_none() -> None:
    story = Story()
    story.look(dead(MAX, START.wall - 5, dead_status=1, pid=0))
    assert (story.agent().state, story.agent().pid) == ("dead", None)


# A session that vanished.


def test_a_seen_exit_and_one_complete_listing_without_it_make_a_death() -> None:
    story = watched(MAX)
    story.wait(2.0)
    story.tell(story.exited(MAX.pid))
    assert story.agent().alive and facts(story.agent()) == "its process ended; tmux has not said so yet"
    story.wait(0.1)
    story.tell(story.listing())
    agent = story.agent()
    assert (agent.state, agent.since) == ("dead", START.wall + 2)
    assert agent.evidence[0].fact == "its process was seen to end, and its session is gone"
    assert story.needs_you() and (agent.pid, agent.pane_id, agent.session_id) == (MAX.pid, MAX.pane_id, None)


def test_a_listing_from_before_the_exit_proves_nothing() -> None:
    story = watched(MAX)
    early = story.listing()
    story.wait(0.5)
    story.tell(early)
    story.wait(0.1)
    story.tell(story.exited(MAX.pid))
    assert story.agent().alive


def test_without_a_seen_exit_two_looks_a_second_apart() -> None:
    story = watched(MAX)
    story.wait(5.0)
    story.tell(story.listing())
    assert story.agent().alive and story.judgement.confirm and story.judgement.next_at == story.now.mono + 1.0
    assert facts(story.agent()).startswith("no session of it was listed; looking again in a second")
    story.wait(0.9)
    story.tell(story.listing())
    assert story.agent().alive
    story.wait(0.2)
    story.tell(story.listing())
    agent = story.agent()
    assert (agent.state, agent.since) == ("dead", START.wall + 5)
    assert agent.evidence[0].fact == "its session is gone, and no stop is on record"
    assert not story.judgement.confirm and story.needs_you()


def test_time_alone_is_no_second_look() -> None:
    story = watched(MAX)
    story.wait(5.0)
    story.tell(story.listing())
    story.later(60.0)
    assert story.agent().alive


def test_a_session_that_comes_back_between_two_looks_never_dead() -> None:
    story = watched(MAX)
    story.wait(5.0)
    story.tell(story.listing())
    story.wait(0.5)
    story.tell(story.listing(MAX), living(MAX, story.now))
    story.wait(5.0)
    story.tell(story.listing())
    assert story.agent().alive and story.judgement.confirm


def test_a_dead_agent_stays_as_it_was_told() -> None:
    story = watched(WITNESS, ALPHA, daemon=running_daemon())
    story.wait(5.0)
    story.tell(story.listing())
    story.wait(1.1)
    story.tell(story.listing())
    first = story.agent("alpha/witness")
    for _ in range(3):
        story.wait(60.0)
        story.tell(story.listing())
        assert story.agent("alpha/witness") == first
    assert not story.needs_you("alpha/witness")
    story.later(200.0)
    assert story.needs_you("alpha/witness")


@pytest.mark.parametrize("role", ["witness", "refinery"])
def test_a_witness_stopped_by_hand_looks_the_same(role: str) -> None:
    story = Story(ALPHA, pids={f"al-{role}": PidFile(f"al-{role}", 9, START.wall - 600, False)})
    story.look()
    story.wait(1.0)
    story.look()
    assert "one stopped by hand looks the same" in facts(story.agent(f"alpha/{role}"))


def test_a_stop_on_record_freezes_at_the_first_look() -> None:
    stop = Stop("alpha/crew/max", START.wall - 9, "gt crew stop")
    story = Story(ALPHA, pids={"al-crew-max": PidFile("al-crew-max", 9, START.wall - 600, False)}, stops=(stop,))
    story.look()
    agent = story.agent()
    assert (agent.state, agent.since) == ("frozen", START.wall - 9)
    assert facts(agent).startswith("stopped on record (gt crew stop)") and not story.needs_you()


def test_a_crash_on_record_is_evidence_of_a_death() -> None:
    crash = Stop("al-nux", START.wall - 9, "crash detected by daemon health check", crash=True)
    story = Story(ALPHA, pids={"al-nux": PidFile("al-nux", 9, START.wall - 600, False)}, stops=(crash,))
    story.look()
    story.wait(1.0)
    story.look()
    nux = story.agent("alpha/polecats/nux")
    assert (nux.state, nux.since) == ("dead", START.wall - 9)
    assert facts(nux).startswith("the town recorded its death (crash detected by daemon health check)")


def test_a_process_that_runs_without_a_session_is_unknown() -> None:
    story = Story(ALPHA, pids={"al-nux": PidFile("al-nux", 4242, START.wall - 600, True)})
    story.look()
    assert story.agent("alpha/polecats/nux").state == "unknown" and "process 4242" in facts(story.agent("alpha/polecats/nux"))


# Whom nobody ever saw.


def test_who_should_be_there_and_never_was_is_missing_after_two_looks() -> None:
    story = Story(ALPHA, daemon=running_daemon(started=START.wall - 60))
    story.look()
    assert story.agent("mayor").state == "unknown" and story.judgement.confirm
    story.wait(1.0)
    story.look()
    mayor = story.agent("mayor")
    assert (mayor.state, mayor.since) == ("missing", None)
    assert facts(mayor).startswith("no session has it, and nothing says that it ever ran")
    # Two heartbeats after the daemon's own start it should have been there.
    assert not story.needs_you("mayor", 298.0) and story.needs_you("mayor", 300.0)
    witness = story.agent("alpha/witness")
    assert witness.state == "missing" and "whether the rig is docked cannot be told before beads are read" in facts(witness)


def test_what_a_log_says_was_started_is_dead_and_not_missing() -> None:
    story = Story(daemon=running_daemon(), starts={"mayor": START.wall - 500})
    story.look()
    story.wait(1.0)
    story.look()
    assert [story.agent(role).state for role in ("mayor", "deacon")] == ["dead", "missing"]


def test_a_refinery_without_work_boot_and_an_idle_polecat_are_normally_absent() -> None:
    story = Story(ALPHA._replace(parked="parked"))
    story.look()
    story.wait(5.0)
    assert story.look().agents == ()


def test_boot_that_was_seen_may_leave_at_any_time() -> None:
    boot = pane("deacon/boot", session="hq-boot")
    story = Story()
    story.look(boot)
    assert story.agent("boot").alive
    story.wait(2.0)
    story.tell(story.exited(boot.pid), story.listing())
    assert story.judgement.town.agents == ()


# Zombies, strangers in the pane, processes that stand still.


def test_only_a_shell_is_a_zombie_after_two_readings_a_second_apart() -> None:
    story = watched(MAX)
    story.wait(5.0)
    story.tell(tree(MAX, "bash", at=story.now))
    first = story.now.wall
    assert story.agent().alive and story.judgement.confirm
    assert facts(story.agent()) == "no agent runs in its pane, only bash (looked for node or claude); looking again in a second"
    story.wait(0.9)
    story.tell(tree(MAX, "bash", at=story.now))
    assert story.agent().alive
    story.wait(0.2)
    story.tell(tree(MAX, "bash", at=story.now))
    agent = story.agent()
    assert (agent.state, agent.since, agent.runtime) == ("zombie", first, "claude")
    assert facts(agent) == "no agent runs in its pane, only bash (looked for node or claude)"
    assert agent.expects is None and story.needs_you()


def test_a_shell_for_a_moment_is_no_zombie() -> None:
    story = watched(MAX)
    story.wait(5.0)
    story.tell(tree(MAX, "bash", at=story.now))
    story.wait(0.5)
    story.tell(living(MAX, story.now))
    story.wait(5.0)
    story.tell(tree(MAX, "bash", at=story.now))
    assert story.agent().alive


def test_a_zombie_at_first_sight_was_not_seen_to_begin() -> None:
    story = Story()
    story.tell(story.listing(MAX), tree(MAX, "bash", at=story.now))
    assert story.agent().state == "unknown"
    story.wait(1.0)
    story.tell(tree(MAX, "bash", at=story.now))
    assert (story.agent().state, story.agent().since) == ("zombie", None)


def test_another_program_is_unknown_and_named() -> None:
    story = watched(MAX)
    story.wait(5.0)
    story.tell(tree(MAX, "bash", "vim", at=story.now))
    assert (story.agent().state, facts(story.agent())) == ("unknown", "vim runs in its pane, not node or claude")
    assert not story.needs_you()


@pytest.mark.parametrize("state", ["T", "t"])
def test_an_agent_in_state_t_is_frozen(state: str) -> None:
    story = watched(MAX)
    story.wait(5.0)
    story.tell(tree(MAX, "claude", at=story.now, state=state))
    assert (story.agent().state, facts(story.agent())) == ("frozen", "claude (pid 100) is stopped, state T")
    assert not story.needs_you()
    story.wait(5.0)
    story.tell(living(MAX, story.now))
    assert story.agent().alive


def test_processes_that_cannot_be_read_are_unknown_with_the_reason_and_the_source_says_so() -> None:
    story = watched(MAX)
    story.wait(5.0)
    story.tell(Tree(MAX.pane_id, MAX.pid, (), story.now, "/proc is not there; process facts need Linux"))
    assert story.agent().state == "unknown" and "/proc is not there" in facts(story.agent())
    source = story.judgement.town.source("process")
    assert source is not None and (source.state, source.error) == ("stale", "/proc is not there; process facts need Linux")
    story.wait(0.1)
    story.tell(living(MAX, story.now))
    source = story.judgement.town.source("process")
    assert story.agent().alive and source is not None and source.state == "ok"


@pytest.mark.parametrize("began", [-0.1, 0.01])
def test_the_first_half_second_of_a_pane_is_not_believed(began: float) -> None:
    story = Story()
    fresh = pane(session_created=START.wall, window_activity=START.wall, command="bash")
    story.tell(story.listing(fresh), tree(fresh, "bash", at=story.now, started=START.wall + began))
    assert (story.agent().state, facts(story.agent())) == ("starting", "its pane's process only just began")
    assert story.judgement.next_at == pytest.approx(START.mono + 0.5 + began)
    story.wait(0.51 + began)
    story.tell(tree(fresh, "bash", at=story.now, started=START.wall + began))
    assert story.agent().state == "starting" and story.judgement.confirm
    story.wait(0.1)
    story.tell(tree(fresh, "bash", "claude", at=story.now, started=START.wall + began))
    assert story.agent().alive


# Ends that tmux has not told yet.


def test_a_pane_whose_process_ended_while_tmux_says_nothing_is_unknown_after_a_second() -> None:
    story = watched(MAX)
    story.wait(5.0)
    story.tell(story.exited(MAX.pid))
    assert story.agent().alive and story.judgement.next_at == story.now.mono + 1.0
    story.later(1.0)
    assert story.agent().state == "unknown"
    assert facts(story.agent()) == "its process ended | tmux still lists the pane as alive"
    story.wait(0.1)
    story.tell(story.listing(dead(MAX, START.wall + 5, dead_signal=9)))
    assert (story.agent().state, story.agent().exit_signal, story.agent().since) == ("dead", 9, START.wall + 5)


def test_an_agent_below_a_shell_that_ended_is_looked_at_again() -> None:
    story = Story()
    story.tell(story.listing(MAX), tree(MAX, "bash", "claude"))
    assert story.agent().agent_pid == 101
    story.wait(5.0)
    story.tell(story.exited(101))
    assert story.agent().alive and facts(story.agent()) == "claude (pid 101) ended; looking again"
    story.wait(0.1)
    story.tell(tree(MAX, "bash", at=story.now))
    story.wait(1.0)
    story.tell(tree(MAX, "bash", at=story.now))
    assert story.agent().state == "zombie"


def test_a_number_that_is_used_again_is_another_process() -> None:
    story = watched(MAX)
    story.wait(5.0)
    story.tell(story.exited(MAX.pid), story.exited(201))
    story.wait(0.1)
    story.tell(story.listing())
    again = pane(number=2, pid=MAX.pid, session_created=story.now.wall)
    story.wait(2.0)
    story.tell(story.listing(again), tree(again, "bash", at=story.now, started=START.wall + 5))
    story.wait(1.0)
    story.tell(tree(again, "bash", "claude", at=story.now, started=START.wall + 5))
    assert story.agent().alive and "ended" not in facts(story.agent())
    story.wait(1.0)
    story.tell(story.listing())
    assert story.agent().alive and story.judgement.confirm
    third = pane(number=3, pid=200, session_created=story.now.wall)
    story.wait(1.0)
    story.tell(story.listing(third), tree(third, "bash", "claude", at=story.now, started=START.wall + 8))
    assert story.agent().agent_pid == 201 and story.agent().alive and "ended" not in facts(story.agent())


# When tmux does not answer.


def test_a_server_that_never_answered_makes_its_agents_unknown() -> None:
    story = Story(ALPHA, pids={"al-crew-max": PidFile("al-crew-max", 9, START.wall - 600, False)})
    assert (story.agent().state, facts(story.agent()).split(" | ")[0]) == ("unknown", "tmux was not asked yet")
    story.wait(3.0)
    story.tell(story.failed())
    assert facts(story.agent()).startswith("tmux does not answer: no answer within 3 s")
    assert not story.needs_you()


def test_a_failure_changes_nothing_but_the_source() -> None:
    story = watched(pane(window_activity=START.wall - 1))
    before = story.judgement.town
    for _ in range(4):
        story.wait(10.0)
        story.tell(story.failed())
        assert story.judgement.town.agents == before.agents and story.agent().state == "working"
        assert story.judgement.next_at is None
    source = story.judgement.town.source("tmux")
    assert source is not None and (source.state, source.at, source.error) == ("stale", START.wall, "no answer within 3 s")
    story.tell(story.listing(pane(window_activity=START.wall - 1)))
    assert story.agent().state == "idle"


def test_nobody_listening_is_an_answer_that_lists_nothing() -> None:
    story = watched(MAX)
    story.wait(5.0)
    story.tell(story.failed("no server", absent=True))
    story.wait(1.1)
    story.tell(story.failed("no server", absent=True))
    source = story.judgement.town.source("tmux")
    assert story.agent().state == "dead" and source is not None and source.state == "absent"
    assert story.judgement.town.epoch is None


# Which pane is the agent's.


def test_of_several_panes() -> None:
    first, second, third = (pane(number=n, window_index=n // 3, pane_index=n % 3) for n in (1, 2, 3))
    panes = {one.pane_id: one for one in (third, second, first)}
    finds = {"%3": find_agent(living(third), third.env)}
    assert pick_pane(panes, {}) == first
    assert pick_pane(panes, finds) == third
    assert pick_pane(panes, {**finds, "%1": find_agent(living(first), first.env)}) == first
    told = {one: panes[one]._replace(env={**panes[one].env, "GT_PANE_ID": "%2"}) for one in panes}
    assert pick_pane(told, finds) == told["%2"]
    elsewhere = {one: panes[one]._replace(env={**panes[one].env, "GT_PANE_ID": "%99"}) for one in panes}
    assert pick_pane(elsewhere, finds) == elsewhere["%3"]
    # A pane that a person split off says nothing; the agent's own does.
    assert pick_pane({**panes, "%3": told["%3"]}, {}) == second
    with pytest.raises(ValueError, match="without panes"):
        pick_pane({}, {})


def test_every_verdict_has_a_moment_that_lies_ahead() -> None:
    """A moment in the past would make the loop spin."""
    story = watched(pane(window_activity=START.wall))
    for step in (0.0, 1.0, 2.0, 3.5, 7.0, 11.0):
        story.now = Moment(START.wall + step, START.mono + step)
        story.tell()
        assert story.judgement.next_at is None or story.judgement.next_at > story.now.mono
    assert story.agent().state is State.IDLE
