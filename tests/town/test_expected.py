"""Who should be there: each expectation, what proves it, and what on record explains an absence."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from story import ALPHA, START, Story, facts, pane, running_daemon, states

from gastown_tui.town.agents import Identity
from gastown_tui.town.expected import Expectation, addresses, expected_agents, finished, is_down
from gastown_tui.town.facts import Halt, Heartbeat, PidFile, Remembered, Rig, Stop, TownFiles

NOW = START.wall
STARTED = NOW - 3600


def town(*rigs: Rig, registered: bool = True, **files: Any) -> TownFiles:
    return TownFiles(START, registered=registered, rigs=rigs or (ALPHA,), **files)


def pid_file(session: str, alive: bool | None = False, started: float | None = STARTED) -> dict[str, PidFile]:
    return {session: PidFile(session, 5960, started, alive)}


def expected(
    files: TownFiles, remembered: dict[str, tuple[str, float]] | None = None, present: str = ""
) -> dict[str, Expectation]:
    found = expected_agents(files, remembered or {}, frozenset(present.split()), NOW)
    return {agent_id: one for agent_id, one in found.items() if agent_id != "alpha/witness"}


def test_a_pid_file_expects_its_agent_unless_its_session_is_there_or_it_is_boot() -> None:
    files = town(pids={**pid_file("al-nux"), **pid_file("hq-boot"), **pid_file("notes"), **pid_file("al-crew-max")})
    found = expected(files, present="al-crew-max")
    assert set(found) == {"alpha/polecats/nux"}
    nux = found["alpha/polecats/nux"]
    assert (nux.session, nux.ran_at, nux.proves_life, nux.stop) == ("al-nux", STARTED, True, None)
    assert nux.evidence[0].fact == "al-nux.pid says it started as process 5960" and nux.evidence[0].at == STARTED


def test_a_pid_file_whose_start_cannot_be_read_still_proves_that_it_ran() -> None:
    story = Story(ALPHA, pids=pid_file("al-nux", started=None))
    story.look()
    story.wait(1.0)
    story.look()
    assert story.agent("alpha/polecats/nux").state == "dead"


@pytest.mark.parametrize(
    ("session", "record", "explains"),
    [
        ("al-crew-max", Stop("alpha/crew/max", STARTED + 60, "gt crew stop"), True),
        ("al-crew-max", Stop("al-crew-max", STARTED + 60, "user shutdown"), True),
        ("al-crew-max", Stop("alpha/crew/joe", STARTED + 60, "gt crew stop"), False),
        # Stamps are whole seconds, in two files: what lies two seconds before the start may lie after it.
        ("al-crew-max", Stop("alpha/crew/max", STARTED - 2, "gt crew stop"), True),
        ("al-crew-max", Stop("alpha/crew/max", STARTED - 2.1, "gt crew stop"), False),
        ("al-nux", Stop("alpha/polecats/nux", STARTED + 60, "gt session stop"), True),
        ("al-nux", Stop("alpha/nux", STARTED + 60, "gt session stop"), True),
        ("al-nux", Stop("al-nux", STARTED + 60, "idle-reap: idle for 20m"), True),
        ("hq-deacon", Stop("hq-deacon", STARTED + 60, "user shutdown"), True),
        ("hq-deacon", Stop("deacon", STARTED + 60, "gt deacon stop"), True),
        ("hq-deacon", Stop("Deacon", STARTED + 60, "gt deacon stop"), True),
        ("hq-dog-rex", Stop("deacon/dogs/rex", STARTED + 60, "gt dog stop"), True),
        ("al-crew-max", Stop("al-crew-max", STARTED + 60, "crash detected", crash=True), False),
        ("al-crew-max", Stop("al-crew-max", STARTED + 60, "moon phase", known=False), False),
    ],
)
def test_a_stop_on_record(session: str, record: Stop, explains: bool) -> None:
    (found,) = expected(town(pids=pid_file(session), stops=(record,))).values()
    assert found.stop == (record if explains else None)
    named = record.target != "alpha/crew/joe" and record.at >= STARTED - 2
    assert found.crash == (record if named and not explains else None)


def test_the_last_known_record_counts_and_an_unknown_reason_counts_as_neither() -> None:
    stop = Stop("al-nux", STARTED + 60, "user shutdown")
    crash = Stop("al-nux", STARTED + 90, "crash detected by daemon health check", crash=True)
    riddle = Stop("al-nux", STARTED + 120, "moon phase", known=False)
    cases = (((stop, crash, riddle), (None, crash)), ((crash, stop), (None, crash)), ((stop, riddle), (stop, None)))
    for stops, told in (*cases, ((riddle,), (None, riddle))):
        (found,) = expected(town(pids=pid_file("al-nux"), stops=stops)).values()
        assert (found.stop, found.crash) == told


@pytest.mark.parametrize(
    ("session", "services", "stopped"),
    [
        ("al-crew-max", ("crew",), True),
        ("al-crew-max", ("mayor", "alpha/witness"), False),
        ("al-refinery", ("alpha/refinery",), True),
        ("al-refinery", ("beta/refinery",), False),
        ("hq-deacon", ("dolt", "daemon", "deacon"), True),
        ("al-nux", ("crew", "polecat", "polecats", "alpha/polecats/nux"), False),
    ],
)
def test_a_halt_stops_whom_it_names_and_never_a_polecat(session: str, services: tuple[str, ...], stopped: bool) -> None:
    (found,) = expected(town(pids=pid_file(session), halt=Halt(NOW - 60, services))).values()
    assert (found.stop is not None) == stopped
    (before,) = expected(town(pids=pid_file(session), halt=Halt(STARTED - 60, services))).values()
    assert before.stop is None


def test_the_daemon_answers_for_mayor_and_deacon() -> None:
    assert expected(town()) == {}
    found = expected(town(daemon=running_daemon(), starts={"mayor": STARTED}), present="hq-deacon")
    assert set(found) == {"mayor"} and found["mayor"].proves_life
    assert not expected(town(daemon=running_daemon()))["deacon"].proves_life


@pytest.mark.parametrize("parked", [None, "unknown", "parked", "docked"])
def test_a_registered_rig_has_a_witness_unless_it_is_parked(parked: str | None) -> None:
    found = expected_agents(town(Rig("alpha", "al-", parked)), {}, frozenset(), NOW)
    if parked in ("parked", "docked"):
        assert found == {}
        return
    witness = found["alpha/witness"]
    assert (witness.session, witness.proves_life) == ("al-witness", False)
    assert [one.fact for one in witness.evidence] == [
        "alpha is a registered rig that is not parked",
        "whether the rig is docked cannot be told before beads are read",
    ]


@pytest.mark.parametrize(
    ("session", "parked", "kept_away"),
    [
        ("al-witness", "parked", True),
        ("al-refinery", "parked", True),
        ("al-crew-max", "parked", False),
        ("al-witness", "docked", True),
        ("al-crew-max", "docked", True),
        ("al-nux", "docked", True),
        ("al-witness", "unknown", False),
        ("al-witness", None, False),
    ],
)
def test_parking_stops_witness_and_refinery_and_docking_stops_crew_too(session: str, parked: str | None, kept_away: bool) -> None:
    rig = Rig("alpha", "al", parked, ("max",), ("nux",))
    story = Story(rig, pids=pid_file(session))
    story.look()
    (agent,) = (one for one in story.judgement.town.agents if one.session == session)
    assert (agent.state == "frozen") == kept_away
    assert facts(agent).startswith(f"its rig is {parked}") == kept_away


@pytest.mark.parametrize(
    ("age", "bead", "works"),
    [(0.0, "al-1", True), (179.9, "al-1", True), (180.0, "al-1", False), (-1.0, "al-1", False), (1.0, None, False)],
)
def test_a_fresh_heartbeat_that_names_a_bead_is_work(age: float, bead: str | None, works: bool) -> None:
    beat = Heartbeat("al-nux", NOW - age, "working", None, bead)
    found = expected(town(heartbeats={"al-nux": beat}))
    assert set(found) == ({"alpha/polecats/nux"} if works else set())
    assert expected(town(heartbeats={"al-nux": beat}), present="al-nux") == {}


def test_a_dog_is_expected_while_its_own_file_says_that_it_works() -> None:
    assert set(expected(town(dogs={"rex": "working", "fido": "idle"}))) == {"dog/rex"}
    assert expected(town(dogs={"rex": "working"}), present="hq-dog-rex") == {}


def test_what_was_seen_alive_is_expected_but_not_boot_and_dogs() -> None:
    seen = {"al-crew-max": ("alpha/crew/max", NOW - 60), "hq-boot": ("boot", NOW - 9), "hq-dog-rex": ("dog/rex", NOW - 9)}
    found = expected(town(), {**seen, "odd": ("alpha/crew/joe", NOW - 5), "bad": ("plumber", NOW)})
    assert {agent_id: one.session for agent_id, one in found.items()} == {
        "alpha/crew/max": "al-crew-max",
        "alpha/crew/joe": "odd",
    }
    assert found["alpha/crew/max"].ran_at == NOW - 60 and found["alpha/crew/max"].evidence[0].fact == "seen alive here"
    assert set(expected(town(), seen, present="al-crew-max")) == set()


def test_two_claims_to_one_agent_are_one_expectation_and_the_latest_proof_of_life_counts() -> None:
    stop = Stop("al-crew-max", NOW - 1800, "user shutdown")
    files = town(pids=pid_file("al-crew-max"), stops=(stop,))
    assert expected(files)["alpha/crew/max"].stop == stop
    merged = expected(files, {"al-crew-max": ("alpha/crew/max", NOW - 60)})["alpha/crew/max"]
    assert (merged.ran_at, merged.stop, merged.process) == (NOW - 60, None, files.pids["al-crew-max"])
    assert {one.source for one in merged.evidence} == {"memory", "town"}


def test_an_agent_without_a_folder_is_not_expected_where_there_is_a_registry_to_ask() -> None:
    gone = {"al-crew-ann": ("alpha/crew/ann", NOW), "al-tom": ("alpha/polecats/tom", NOW), "be-witness": ("beta/witness", NOW)}
    assert expected(town(), gone) == {}
    assert set(expected(town(registered=False), gone)) == {"alpha/crew/ann", "alpha/polecats/tom", "beta/witness"}


def test_nobody_is_there_by_right_while_the_town_is_down() -> None:
    files = town(daemon=running_daemon(), pids=pid_file("al-crew-max"))
    assert set(expected_agents(files, {}, frozenset(), NOW, down=True)) == {"alpha/crew/max"}
    assert set(expected_agents(files, {}, frozenset(), NOW)) == {"alpha/crew/max", "mayor", "deacon", "alpha/witness"}


@pytest.mark.parametrize(
    ("recorded", "living", "down"),
    [
        ({}, [], True),
        ({"mayor": NOW - 70, "deacon": NOW - 80, "alpha/witness": NOW - 1}, [], True),
        ({"deacon": NOW - 50}, [], False),
        ({"mayor": NOW - 70}, [NOW - 50], False),
        ({}, [NOW - 70], True),
    ],
)
def test_a_town_is_down_from_the_halt_to_the_next_start_of_mayor_or_deacon(
    recorded: dict[str, float], living: list[float], down: bool
) -> None:
    halt = Halt(NOW - 60, ("crew",))
    assert is_down(town(halt=halt, starts=recorded), living) == (halt if down else None)
    assert is_down(town(starts=recorded), living) is None


def test_a_polecats_normal_end_is_no_loss_and_another_stop_is_frozen() -> None:
    for reason, state in (("self-clean: done means idle", None), ("idle-reap: idle", None), ("done", None), ("nuked", "frozen")):
        story = Story(ALPHA, pids=pid_file("al-nux"), stops=(Stop("al-nux", NOW - 9, reason),))
        assert states(story.look()).get("alpha/polecats/nux") == state
        assert finished(Stop("al-nux", NOW, reason)) == (state is None)


def test_an_end_for_a_reason_that_nobody_knows_is_quoted() -> None:
    riddle = Stop("al-crew-max", NOW - 9, "moon\x1b[2J phase", known=False)
    story = Story(ALPHA, pids=pid_file("al-crew-max"), stops=(riddle,))
    story.look()
    story.wait(1.0)
    story.look()
    agent = story.agent()
    assert (agent.state, agent.since) == ("dead", NOW - 9)
    assert agent.evidence[0].fact == "the town recorded its end, for a reason nobody knows: 'moon\\x1b[2J phase'"


def test_memory_told_late_is_heard() -> None:
    story = Story(ALPHA)
    story.look()
    story.tell(Remembered({"al-crew-max": ("alpha/crew/max", NOW - 60)}, story.now))
    story.wait(1.0)
    story.look()
    assert story.agent().state == "dead" and "seen alive here" in facts(story.agent())


@given(st.sampled_from(["mayor", "boot", "dog", "witness", "crew", "polecat"]), st.text(min_size=1), st.text(min_size=1))
def test_an_agents_address_is_always_among_its_names(role: str, name: str, rig: str) -> None:
    identity = Identity(role, name, rig if role in ("witness", "crew", "polecat") else None)
    assert {identity.id, "the-session"} <= addresses(identity, "the-session")


def test_files_that_were_read_before_it_ended_do_not_say_that_its_folder_is_gone() -> None:
    """One that comes and dies between two readings is dead until they are read again, and then if its folder is there."""
    for crew, expects in ((("max",), ["alpha/crew/max"]), ((), [])):
        story = Story(Rig("alpha", "al", "parked"))
        story.wait(1.0)
        story.look(pane())
        story.tell(story.exited(100))
        story.wait(0.1)
        story.look()
        assert (story.agent().state, story.agent().evidence[0].source) == ("dead", "process")
        story.tell(story.files._replace(at=story.now, rigs=(Rig("alpha", "al", "parked", crew),)))
        assert [agent.id for agent in story.judgement.town.agents] == expects
