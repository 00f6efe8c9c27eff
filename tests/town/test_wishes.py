"""What the user wants of the judging: who must be there, and whose sessions are nobody's here."""

from __future__ import annotations

import pytest
from story import ALPHA, START, Story, pane, running_daemon, states

from gastown_tui.town.facts import Halt, PidFile, Remembered, Rig
from gastown_tui.town.wishes import Wishes


def told(wishes: Wishes, *panes: str, rigs: tuple[Rig, ...] = (ALPHA,), **files: object) -> Story:
    """A story that has looked twice, a second apart, at sessions named by the roles of their agents."""
    story = Story(*rigs, **files)
    story.known = story.known._replace(wishes=wishes)
    seen = [pane(role, number) for number, role in enumerate(panes, 1)]
    story.look(*seen)
    story.wait(1.1)
    story.look(*seen)
    return story


@pytest.mark.parametrize("name", ["alpha/crew/max", "al-crew-max"])
def test_who_is_expected_and_never_ran_is_missing(name: str) -> None:
    story = told(Wishes(expect=(name,)))
    agent = story.agent("alpha/crew/max")
    assert agent.state == "missing" and agent.needs_you(story.now.wall)
    assert f"the settings expect {name}" in [one.fact for one in agent.evidence]
    assert "alpha/crew/max" not in states(told(Wishes()).judgement.town)


def test_who_is_expected_and_ran_is_dead() -> None:
    pids = {"al-crew-max": PidFile("al-crew-max", 5960, START.wall - 60, False)}
    story = told(Wishes(expect=("alpha/crew/max",)), pids=pids)
    assert story.agent("alpha/crew/max").state == "dead"


def test_who_is_expected_and_there_is_judged_as_ever() -> None:
    for name in ("alpha/crew/max", "al-crew-max"):
        plain, wished = (told(wishes, "alpha/crew/max").judgement.town for wishes in (Wishes(), Wishes(expect=(name,))))
        assert states(wished) == states(plain)


def test_who_is_expected_needs_no_place_in_the_town() -> None:
    story = told(Wishes(expect=("alpha/polecats/gone", "beta/witness")))
    assert states(story.judgement.town)["alpha/polecats/gone"] == states(story.judgement.town)["beta/witness"] == "missing"


def test_nobody_is_expected_of_a_town_that_is_down_nor_of_a_parked_rig() -> None:
    down = told(Wishes(expect=("alpha/crew/max",)), halt=Halt(START.wall - 60, ("crew", "witness")))
    assert "alpha/crew/max" not in states(down.judgement.town)
    parked = told(Wishes(expect=("alpha/witness",)), rigs=(ALPHA._replace(parked="parked"),))
    assert parked.agent("alpha/witness").state == "frozen"


def test_a_name_that_nobody_can_have_is_told() -> None:
    (notice,) = told(Wishes(expect=("nux\x1b[31m", "alpha/crew/max"))).judgement.town.notices
    assert notice.code == "expect" and "nux" in notice.text and "\x1b" not in notice.text and notice.remedy


@pytest.mark.parametrize("pattern", ["alpha/crew/max", "al-crew-max", "alpha/*", "*-max", "al-crew-ma?"])
def test_who_is_ignored_is_foreign_and_never_judged(pattern: str) -> None:
    story = told(Wishes(ignore=(pattern,)), "alpha/crew/max", "mayor")
    town = story.judgement.town
    assert "alpha/crew/max" not in states(story.judgement.town) and "mayor" in states(story.judgement.town)
    assert [(one.session, one.kind) for one in town.foreign] == [("al-crew-max", None)]


def test_who_is_ignored_is_not_missed_either() -> None:
    ignored = Wishes(ignore=("alpha/*", "hq-mayor", "deacon"))
    pids = {"al-nux": PidFile("al-nux", 5960, START.wall - 60, False)}
    story = told(ignored, pids=pids, daemon=running_daemon())
    assert states(story.judgement.town) == {}
    story.tell(Remembered({"al-crew-joe": ("alpha/crew/joe", START.wall - 5)}, START))
    assert states(story.judgement.town) == {}


def test_a_name_is_matched_as_a_whole_and_in_its_own_letters() -> None:
    wishes = Wishes(ignore=("max", "AL-crew-max", "alpha"))
    assert not wishes.ignores("al-crew-max", "alpha/crew/max", None)
