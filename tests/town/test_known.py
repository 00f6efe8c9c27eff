"""What is known and how facts join it: servers that begin again, duplicates, forgetting, and judging only what moved."""

from __future__ import annotations

import pytest
from story import ALPHA, ROOT, START, Story, facts, living, pane, running_daemon, states, tree

from gastown_tui.town import judging
from gastown_tui.town import known as known_module
from gastown_tui.town.facts import (
    Fact,
    Frame,
    Heartbeat,
    Listing,
    Located,
    PidFile,
    Remembered,
    Rig,
    SourceFailed,
    Stop,
    TownFiles,
)
from gastown_tui.town.judging import alive_sessions, judge
from gastown_tui.town.known import Known, fold
from gastown_tui.town.snapshot import Moment, Notice, TownRef

MAX, JOE = pane(), pane("alpha/crew/joe", 2)


# Servers that begin again.


def test_a_new_server_counts_its_ids_from_0_and_nothing_of_the_old_one_clings_to_them() -> None:
    story = Story()
    story.look(MAX, JOE)
    story.wait(5.0)
    # The same numbers, another agent: what ran in %1 was max.
    story.look(pane("alpha/crew/joe", 1, session_created=story.now.wall, pid=901), epoch="4712-2")
    joe, lost = story.agent("alpha/crew/joe"), story.agent()
    assert (joe.pane_id, joe.pid, joe.agent_pid, joe.since) == ("%1", 901, 901, None)
    assert lost.alive and story.judgement.confirm and story.judgement.town.epoch == "4712-2"
    story.wait(1.0)
    story.look(pane("alpha/crew/joe", 1, session_created=story.now.wall, pid=901), epoch="4712-2")
    assert (story.agent().state, story.agent().session_id) == ("dead", None)


def test_the_same_session_on_a_new_server_is_another_session() -> None:
    story = Story()
    story.look(pane(window_activity=START.wall - 6))
    story.later(10.0)
    assert story.agent().state == "idle"
    story.look(pane(session_created=story.now.wall, window_activity=story.now.wall - 6), epoch="4712-2")
    assert (story.agent().state, story.agent().since) == ("starting", None)


def test_a_process_that_was_read_under_another_server_is_read_again() -> None:
    story = Story()
    story.look(MAX)
    story.tell(story.listing(MAX, epoch="4712-2"))
    assert facts(story.agent()) == "its processes were not read yet"


def test_a_server_that_went_and_came_back_with_its_ids_from_0() -> None:
    story = Story()
    story.look(MAX)
    story.wait(1.0)
    story.tell(story.failed("no server", absent=True))
    story.wait(1.0)
    story.look(pane(session_created=story.now.wall), epoch="4712-2")
    assert story.agent().alive and story.judgement.town.source("tmux") is not None
    source = story.judgement.town.source("tmux")
    assert source is not None and (source.state, source.error, story.judgement.town.epoch) == ("ok", None, "4712-2")


# Sessions that share, double or hide.


def test_a_pane_that_a_group_shows_twice_is_one_agent_and_both_names_are_there() -> None:
    story = Story(pids={"view": PidFile("view", 9, START.wall - 60, False)})
    story.look(MAX._replace(sessions=("al-crew-max", "view")))
    assert states(story.judgement.town) == {"alpha/crew/max": "idle"}


def test_of_two_sessions_of_one_agent_the_newest_is_the_agent() -> None:
    older, newer = MAX, pane(number=7, session="max-again", session_created=START.wall - 60)
    story = Story()
    story.look(newer, older)
    agent = story.agent()
    assert (agent.session, agent.pane_id, agent.also) == ("max-again", "%7", ("al-crew-max",))
    (notice,) = story.judgement.town.notices
    assert (notice.code, notice.text) == ("duplicate", "alpha/crew/max has more than one session: max-again and al-crew-max")
    story.wait(1.0)
    story.look(older)
    assert (story.agent().session, story.agent().also, story.judgement.town.notices) == ("al-crew-max", (), ())


def test_of_two_that_began_in_the_same_second_the_higher_id_is_newer() -> None:
    story = Story()
    story.look(pane(number=9, session="nine"), pane(number=10, session="ten"))
    assert (story.agent().session, story.agent().also) == ("ten", ("nine",))


def test_our_own_sessions_appear_nowhere_and_strangers_are_listed_apart() -> None:
    story = Story()
    ours = pane(number=8, session="_gttui-77", env={})
    notes = pane(number=3, session="notes", env={})
    monitor = pane(number=4, session="gt-automonitor", env={})
    person = pane("overseer", 5, session="hq-overseer")
    elsewhere = pane(number=6, session="hq-mayor", env={"GT_ROLE": "mayor", "GT_ROOT": "/home/op/other"})
    town = story.look(ours, notes, monitor, person, elsewhere)
    assert town.agents == ()
    assert [(one.session, one.kind) for one in town.foreign] == [
        ("gt-automonitor", "automonitor"),
        ("hq-mayor", None),
        ("hq-overseer", "overseer"),
        ("notes", None),
    ]


def test_who_a_session_is_follows_the_registry() -> None:
    """A session that says nothing of itself, or nothing that is understood, is read by a registry that comes later."""
    for env in ({}, {"GT_ROLE": "plumber"}):
        story = Story()
        story.look(pane(session="be-crew-ann", env=env))
        assert story.judgement.town.agents == ()
        story.tell(story.files._replace(rigs=(Rig("beta", "be"),)))
        assert states(story.judgement.town)["beta/crew/ann"] == "idle"


# When a state began.


def test_the_beginning_of_a_state_is_told_only_if_it_was_seen() -> None:
    story = Story()
    story.look(MAX)
    assert story.agent().since is None
    story.wait(4.0)
    story.tell(story.listing(MAX._replace(title="busy")))
    began = story.now.wall
    assert story.agent().since == began
    story.wait(1.0)
    story.tell(story.listing(MAX._replace(title="busier")))
    assert (story.agent().state, story.agent().since) == ("working", began)
    story.later(10.0)
    assert (story.agent().state, story.agent().since) == ("idle", story.now.wall)


def test_what_follows_a_time_of_not_knowing_was_not_seen_to_begin() -> None:
    story = Story()
    story.look(pane(window_activity=START.wall - 6))
    assert story.agent().state == "unknown"
    story.later(4.0)
    assert (story.agent().state, story.agent().since) == ("idle", None)


# Judging again only what moved.


def test_only_the_agent_that_a_fact_touched_is_judged_again(monkeypatch: pytest.MonkeyPatch) -> None:
    story, judged = Story(ALPHA, daemon=running_daemon()), []
    panes = [pane(f"alpha/crew/c{n}", n) for n in range(1, 21)]
    story.look(*panes)
    before = story.judgement.town
    honest = judging.judge_present
    monkeypatch.setattr(
        judging, "judge_present", lambda who, *more, **named: judged.append(who.id) or honest(who, *more, **named)
    )
    story.wait(1.0)
    moved = panes[6]._replace(title="busy")
    story.tell(story.listing(*panes[:6], moved, *panes[7:]))
    assert judged == ["alpha/crew/c7"]
    kept = [one for one in before.agents if one.session_id and one.id != "alpha/crew/c7"]
    assert all(one is story.agent(one.id) for one in kept) and len(kept) == 19
    # Facts that say what was known, and time in which nothing is due, touch nobody.
    judged.clear()
    story.tell(
        living(panes[3], story.now),
        story.files._replace(at=story.now),
        story.failed(),
        story.listing(*panes[:6], moved, *panes[7:]),
    )
    assert judged == []
    judged.clear()
    story.later(2.0)
    assert judged == []
    story.later(3.0)
    assert judged == ["alpha/crew/c7"]


def test_a_heartbeat_touches_its_own_agent() -> None:
    story = Story()
    story.look(MAX, JOE)
    joe = story.agent("alpha/crew/joe")
    beat = Heartbeat("al-crew-max", START.wall - 3, "working", "reviewing", "al-1")
    story.tell(story.files._replace(heartbeats={"al-crew-max": beat}))
    assert (story.agent().heartbeat_at, story.agent().bead) == (START.wall - 3, "al-1")
    assert story.agent("alpha/crew/joe") is joe


def test_two_looks_that_saw_the_same_give_equal_towns() -> None:
    story = Story(ALPHA, pids={"al-nux": PidFile("al-nux", 9, START.wall - 600, False)})
    story.look(MAX)
    story.wait(2.0)
    first = story.look(MAX)
    story.wait(2.0)
    assert story.look(MAX) == first


# Purity.


def test_the_same_facts_give_the_same_town_and_change_nothing_that_was_known() -> None:
    known = Known(TownRef(ROOT, None))
    moments = [Moment(START.wall + n, START.mono + n) for n in range(6)]
    told: list[Fact] = [
        TownFiles(moments[0], registered=True, rigs=(ALPHA,)),
        Listing("1-1", {"%1": MAX, "%2": JOE}, moments[0]),
        living(MAX, moments[1]),
        tree(JOE, "bash", at=moments[1]),
        Frame("%1", ("words",), moments[2]),
        tree(JOE, "bash", at=moments[3]),
        Listing("1-1", {"%2": JOE}, moments[4]),
        SourceFailed("tmux", "late", moments[5]),
        Remembered({"al-nux": ("alpha/polecats/nux", START.wall)}, moments[5]),
        Located((Notice("two_sockets", "two", "choose"),), moments[5]),
    ]
    for fact, now in zip(told, moments + moments[-1:] * 4, strict=True):
        before = known._replace()
        after, same = fold(known, fact), fold(known, fact)
        assert known == before and after == same
        once, twice = judge(after, now), judge(after, now)
        assert once == twice and after == same
        known = fold(after, once)
    assert known.judged and known.located is not None


# Failures.


def test_a_failed_source_is_told_and_a_new_answer_ends_it() -> None:
    story = Story()
    story.look(MAX)
    agents = story.judgement.town.agents
    story.wait(9.0)
    story.tell(
        SourceFailed("town", "disk on fire", story.now), SourceFailed("memory", "read-only", story.now), story.failed("hung")
    )
    found = {source.name: (source.state, source.at, source.error) for source in story.judgement.town.sources}
    assert found == {
        "tmux": ("stale", START.wall, "hung"),
        "process": ("ok", START.wall, None),
        "town": ("stale", START.wall, "disk on fire"),
        "memory": ("error", None, "read-only"),
    }
    assert story.judgement.town.agents == agents
    story.tell(story.files, story.listing(MAX), Remembered({}, story.now))
    assert all(source.state == "ok" for source in story.judgement.town.sources)


def test_reading_the_same_processes_again_is_an_answer_too() -> None:
    story = Story()
    story.look(MAX)
    before = story.agent()
    story.wait(60.0)
    story.tell(living(MAX, story.now))
    source = story.judgement.town.source("process")
    assert source is not None and source.at == story.now.wall and story.agent() is before


def test_facts_about_panes_that_are_gone_are_let_go() -> None:
    story = Story()
    story.look(MAX)
    before = story.known
    story.tell(living(JOE), living(MAX._replace(pid=4)), Frame("%2", ("words",), START))
    assert story.known.trees is before.trees and story.known.motions is before.motions


# Forgetting.


def test_a_vanished_agent_is_remembered_and_told_of_until_it_has_no_place_any_more() -> None:
    story = Story(ALPHA)
    story.look(MAX)
    story.wait(1.0)
    story.tell(story.listing(), story.exited(MAX.pid))
    assert story.agent().state == "dead" and story.known.remembered == {"al-crew-max": ("alpha/crew/max", START.wall)}
    story.tell(story.files._replace(stops=(Stop("alpha/crew/max", story.now.wall, "gt crew stop"),)))
    assert story.agent().state == "frozen"
    story.tell(story.files._replace(at=story.now, rigs=(ALPHA._replace(crew=()),)))
    assert "alpha/crew/max" not in states(story.judgement.town)
    assert (story.known.remembered, story.known.lacking) == ({}, {})


def test_who_is_alive_is_worth_remembering() -> None:
    story = Story()
    story.look(MAX, JOE)
    assert alive_sessions(story.judgement.town) == {"al-crew-max": "alpha/crew/max", "alpha-crew-joe": "alpha/crew/joe"}
    story.wait(1.0)
    story.tell(tree(JOE, "claude", at=story.now, state="T"))
    assert alive_sessions(story.judgement.town) == {"al-crew-max": "alpha/crew/max"}


def sizes(known: Known) -> dict[str, int]:
    maps = ("panes", "trees", "finds", "without_agent", "motions", "exits", "lacking", "remembered", "judged", "identities")
    return {name: len(getattr(known, name)) for name in maps}


@pytest.mark.parametrize(("registered", "births"), [(True, 10_000), (False, 2_000)])
def test_nothing_grows_with_births_and_deaths(registered: bool, births: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Polecats, each born, seen to end and gone with its folder; without a registry the newest are kept."""
    monkeypatch.setattr(known_module, "MOST_REMEMBERED", 100)
    story = Story(*((ALPHA,) if registered else ()))
    most: dict[str, int] = {}
    for first in range(1, births, 100):
        herd = [pane(f"alpha/polecats/p{number}", number) for number in range(first, first + 100)]
        story.wait(10.0)
        story.look(*herd)
        story.wait(10.0)
        # Whenever a session vanishes, the files are read again.
        story.tell(*(story.exited(one.pid) for one in herd), story.listing(), story.files._replace(at=story.now))
        most = {name: max(size, most.get(name, 0)) for name, size in sizes(story.known).items()}
    assert max(most.values()) <= 100 * 2, most
    story.wait(120.0)
    story.tell(story.listing())
    story.tell(story.listing())
    left = {name: size for name, size in sizes(story.known).items() if size}
    assert left == ({"judged": 1} if registered else {"exits": 100, "lacking": 100, "remembered": 100, "judged": 100})
