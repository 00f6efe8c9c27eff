"""What needs a person, by common cause."""

from __future__ import annotations

import pytest

from gastown_tui.town.problems import acknowledged, alike, asked, options, problems
from gastown_tui.town.snapshot import Acknowledged, Activity, Agent, Evidence, Expects, Held, Question, State, Town, TownRef

NOW = 1_795_257_725.0
PUSH = Question("permission", "git push origin nux/gt-aa7 · Do you want to proceed?", ("Yes", "Yes, always", "No"))


def agent(name: str, state: State, fact: str = "a fact", **more: object) -> Agent:
    return Agent(f"gastown/crew/{name}", "crew", name, state, (Evidence("tmux", fact, NOW),), **more)  # type: ignore[arg-type]


def waiting(name: str, question: Question | None, since: float | None) -> Agent:
    return agent(name, State.WAITING, since=since, activity=Activity(question=question))


def held(name: str, why: str, text: str, until: float | None = None, **more: object) -> Agent:
    return agent(name, State.HELD, activity=Activity(held=Held(why, text, until)), **more)


def told(*agents: Agent) -> list[tuple[str, list[str]]]:
    town = Town(TownRef("/gt", None), NOW, agents=agents)
    return [(group.headline, [one.name for one in group.agents]) for group in problems(town, NOW)]


def test_only_what_needs_a_person_is_told_worst_first() -> None:
    found = told(
        agent("a", State.STALLED),
        held("b", "limit", "resets 11am"),
        agent("c", State.WORKING),
        waiting("d", PUSH, 1),
        agent("e", State.MISSING),
        agent("f", State.UNKNOWN),
        agent("g", State.ZOMBIE),
        agent("h", State.DEAD),
        agent("i", State.DEAD, acknowledged=Acknowledged(NOW, "seen")),
        agent("j", State.DEAD, expects=Expects("its hook respawns it", NOW + 1, NOW + 2)),
    )
    assert found == [
        ("1 agent died", ["h"]),
        ("1 session has lost its agent", ["g"]),
        ("1 agent is missing", ["e"]),
        ("1 question waits", ["d"]),
        ("1 agent is held by a usage limit", ["b"]),
        ("1 agent makes no progress", ["a"]),
    ]


def test_one_trouble_of_many_is_one_group() -> None:
    refused = [
        held(str(number), "rate", f"API Error: 429 · request req_{number}aB · retry in {number} s", since=NOW - number)
        for number in range(1, 8)
    ]
    other = held("other", "rate", "API Error: 529 overloaded · request req_9z", since=NOW - 99)
    assert told(*refused, other) == [
        ("1 agent is held by a rate limit", ["other"]),
        ("7 agents are held by a rate limit", list("7654321")),
    ]


def test_a_group_knows_when_it_began_and_when_it_ends() -> None:
    town = Town(
        TownRef("/gt", None), NOW, agents=tuple(held(name, "limit", "resets", NOW + 1080, since=NOW - 9) for name in "ab")
    )
    (group,) = problems(town, NOW)
    assert (group.headline, group.since, group.until) == ("2 agents are held by a usage limit until 11:00", NOW - 9, NOW + 1080)


def test_limits_that_end_at_other_times_are_of_other_accounts() -> None:
    assert len(told(held("a", "limit", "resets 11am", NOW + 1080), held("b", "limit", "resets 12pm", NOW + 4680))) == 2


def test_the_dead_are_grouped_by_how_they_ended() -> None:
    assert told(
        agent("a", State.DEAD, "exited with 1 at 10:41:55", exit_status=1),
        agent("b", State.DEAD, "killed by SIGKILL", exit_signal=9),
        agent("c", State.DEAD, "exited with 1 at 10:41:58", exit_status=1),
        agent("d", State.DEAD, "its session gt-crew-d2 vanished"),
        agent("e", State.DEAD, "its process was seen to end"),
    ) == [
        ("2 agents died: exited with 1", ["a", "c"]),
        ("1 agent died", ["b"]),
        ("2 agents died", ["d", "e"]),
    ]


def test_the_held_are_called_by_their_program_where_they_have_one() -> None:
    assert told(
        held("a", "auth", "run /login", runtime="claude"),
        held("b", "auth", "401 Invalid Authentication", runtime="kimi"),
        held("c", "limit", "429", runtime="codex"),
        held("d", "limit", "429", runtime="opencode"),
    ) == [
        ("1 claude agent is held by refused credentials", ["a"]),
        ("1 kimi agent is held by refused credentials", ["b"]),
        ("2 agents are held by a usage limit", ["c", "d"]),
    ]


@pytest.mark.parametrize(("since", "told"), [((5.0, 3.0), 3.0), ((5.0, None), None), ((None, None), None)])
def test_a_group_lasts_since_then_only_if_that_is_known_of_all(
    since: tuple[float | None, float | None], told: float | None
) -> None:
    agents = tuple(agent(name, State.DEAD, since=stamp) for name, stamp in zip("ab", since, strict=True))
    (group,) = problems(Town(TownRef("/gt", None), NOW, agents=agents), NOW)
    assert group.since == told


def test_questions_stand_oldest_first_and_identical_ones_together() -> None:
    menu = Question("menu", "Which model?", ("a", "b"))
    found = told(waiting("a", menu, 5), waiting("b", PUSH, 3), waiting("c", None, None), waiting("d", PUSH, 9))
    assert found == [("4 questions wait", ["b", "d", "a", "c"])]


def test_two_questions_are_alike_where_text_and_answers_are() -> None:
    first, same = waiting("a", PUSH, 1), waiting("b", PUSH, 2)
    assert alike(first, same)
    assert not alike(first, waiting("b", PUSH._replace(options=("Yes", "No")), 2))
    assert not alike(waiting("a", None, 1), waiting("b", None, 1))


def test_two_limits_are_alike_where_their_words_are() -> None:
    first = held("a", "rate", "429 · retry in 5 s", NOW + 5)
    assert alike(first, held("b", "rate", "429 · retry in 5 s", NOW + 6))
    assert not alike(first, held("b", "rate", "429 · retry in 6 s", NOW + 5))
    assert not alike(first, first._replace(state=State.WAITING))


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (waiting("a", PUSH, 1), "git push origin nux/gt-aa7 · Do you want to proceed?"),
        (waiting("a", None, 1), "a fact"),
        (held("a", "auth", "401"), "401"),
        (waiting("a", PUSH._replace(text="TOKEN=ghp_0123456789abcdefgh \x1b[2J\u202e"), 1), "TOKEN=•••• \ufffd[2J\ufffd"),
    ],
)
def test_what_is_asked_is_inert_and_without_secrets(one: Agent, text: str) -> None:
    assert asked(one, NOW) == text


def test_what_tells_how_long_ago_is_told_with_its_age() -> None:
    beat = Evidence("town", "it stands at its prompt; its heartbeat", NOW - 300, ago=True)
    assert asked(agent("a", State.STALLED)._replace(evidence=(beat,)), NOW) == "it stands at its prompt; its heartbeat, 5 min ago"


def test_answers_are_numbered_and_only_while_somebody_waits() -> None:
    assert options(waiting("a", PUSH, 1)) == ("1 Yes", "2 Yes, always", "3 No")
    assert options(waiting("a", PUSH, 1)._replace(state=State.WORKING)) == ()


def test_the_acknowledged_stand_apart_the_latest_first() -> None:
    quelled = [agent(str(at), State.DEAD, acknowledged=Acknowledged(NOW + at, "later")) for at in (1, 3, 2)]
    assert [one.name for one in acknowledged(Town(TownRef("/gt", None), NOW, agents=tuple(quelled)))] == ["3", "2", "1"]
