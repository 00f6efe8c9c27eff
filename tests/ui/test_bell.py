"""Being called: one ring for each new need and never a storm, and the count in the terminal's title."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import scene
from terminal import Terminal

from gastown_tui.town.snapshot import Acknowledged, Activity, Agent, Expects, Question, SourceState, State, Town
from gastown_tui.ui.calls import Calls, overdue_next, terminal_title

PUSH, PULL = (Activity(question=Question("permission", f"git {word}")) for word in ("push", "pull"))
EMMA = next(agent for agent in scene.AGENTS if agent.name == "emma")
DEAD, ASKS, UNSEEN = (EMMA._replace(state=state) for state in (State.DEAD, State.WAITING, State.UNKNOWN))
PUSHES, PULLS = (ASKS._replace(activity=activity) for activity in (PUSH, PULL))


def town(*agents: Agent) -> Town:
    return scene.TOWN._replace(agents=agents)


def rings(*moments: Agent | None, calls: Calls | None = None) -> list[bool]:
    """Whether it rings as one agent becomes this and that, a minute apart; None: it is not there."""
    calls = calls or Calls()
    return [calls.take(town(*([one] if one else [])), 60.0 * number) for number, one in enumerate(moments)]


@pytest.mark.parametrize(
    ("story", "rung"),
    [
        ((EMMA, DEAD), "-!"),
        ((DEAD, DEAD), "--"),
        ((EMMA, DEAD, DEAD, EMMA, DEAD), "-!--!"),
        ((EMMA, PUSHES, PUSHES._replace(evidence=scene.told("pane", "other words"))), "-!-"),
        ((EMMA, PUSHES, PULLS), "-!!"),
        ((EMMA, DEAD, DEAD._replace(session_id=None, session_created=None)), "-!-"),
        ((EMMA, DEAD, DEAD._replace(agent_pid=9)), "-!!"),
        ((EMMA, PUSHES, UNSEEN, PUSHES), "-!--"),
        ((EMMA, UNSEEN, PUSHES), "--!"),
        ((UNSEEN, PUSHES), "--"),
        ((UNSEEN, PUSHES, EMMA, PUSHES), "---!"),
        ((EMMA, PUSHES, PUSHES._replace(acknowledged=Acknowledged(1, "")), PUSHES), "-!--"),
        ((None, PUSHES), "-!"),
        ((None, DEAD), "--"),
        ((None, DEAD, EMMA, DEAD), "---!"),
        (
            (EMMA, DEAD._replace(expects=Expects("revived", None, 100)), DEAD._replace(expects=Expects("revived", None, 100))),
            "--!",
        ),
    ],
)
def test_one_ring_for_each_new_need(story: tuple[Agent | None, ...], rung: str) -> None:
    assert "".join("!" if rang else "-" for rang in rings(*story)) == rung


@pytest.mark.parametrize(
    ("gap", "story", "rung"),
    [
        (5.0, (EMMA, PUSHES, EMMA, PUSHES, EMMA, PUSHES), 1),
        (20.0, (EMMA, PUSHES, EMMA, PUSHES), 2),
        (5.0, (EMMA, PUSHES, PULLS, PUSHES, PULLS), 1),
        (20.0, (EMMA, PUSHES, PULLS, PUSHES), 2),
        (5.0, (EMMA, PUSHES, EMMA, PULLS), 2),
        (5.0, (EMMA, PUSHES, DEAD), 2),
    ],
)
def test_what_flickers_or_is_reworded_is_no_new_need(gap: float, story: tuple[Agent, ...], rung: int) -> None:
    calls = Calls()
    assert sum(calls.take(town(one), gap * number) for number, one in enumerate(story)) == rung


def test_many_at_once_ring_once_and_what_follows_at_once_with_them() -> None:
    calls, names = Calls(), [EMMA._replace(id=str(number)) for number in range(30)]
    dead = [agent._replace(state=State.DEAD) for agent in names]
    assert not calls.take(town(*names), 0)
    assert calls.take(town(*dead[:20], *names[20:]), 10.0)
    assert not calls.take(town(*dead[:29], names[29]), 11.5)
    assert calls.take(town(*dead), 13.0)


def test_only_the_chosen_states_ring() -> None:
    assert rings(EMMA, DEAD, EMMA, PUSHES, calls=Calls(frozenset({State.WAITING}))) == [False, False, False, True]
    assert not any(rings(EMMA, DEAD, PUSHES, calls=Calls(frozenset())))


def test_the_title_says_how_many_need_somebody() -> None:
    assert terminal_title(town(EMMA), 0) == "gastown-tui · gt"
    assert terminal_title(town(DEAD), 0) == "gastown-tui: 1 needs you · gt"
    assert terminal_title(scene.TOWN, scene.WALL) == "gastown-tui: 3 need you · gt"
    assert terminal_title(scene.NOWHERE, 0) == terminal_title(None, 0) == "gastown-tui"


def test_the_title_of_who_is_blind_says_so() -> None:
    blind = scene.TOWN._replace(sources=(SourceState("tmux", "stale", scene.WALL - 42, "no answer"),))
    assert terminal_title(blind, scene.WALL) == "gastown-tui: cannot see · gt"


def test_a_title_is_inert() -> None:
    named = scene.TOWN._replace(ref=scene.TOWN.ref._replace(name="\x1b]0;x\x07\x9c"))
    assert all(char.isprintable() for char in terminal_title(named, scene.WALL))


def test_the_next_overdue_is_known() -> None:
    late, soon = (DEAD._replace(expects=Expects("revived", None, at)) for at in (50.0, 20.0))
    assert overdue_next(town(late, soon, EMMA), 10) == 20
    assert overdue_next(town(late, soon, EMMA), 20) == 50
    assert overdue_next(town(late, soon, EMMA), 50) is None


Start = Callable[..., Terminal]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    made: list[Terminal] = []

    def begin(**env: str) -> Terminal:
        made.append(Terminal(tmp_path, **env))
        made[-1].settle()
        return made[-1]

    yield begin
    for terminal in made:
        terminal.close()


def test_the_terminal_rings_and_gets_its_title_back(start: Start) -> None:
    terminal = start()
    assert b"\x07" not in terminal.seen, "who was dead at the start calls nobody"
    title = "\x1b]2;gastown-tui: {} need you · gt\x1b\\"
    assert title.format(3).encode() in terminal.seen
    for order, count, rung in (("ask", 5, 1), ("later", 3, 0), ("ask", 5, 1)):
        terminal.seen = b""
        terminal.order(order)
        terminal.until(title.format(count).encode())
        terminal.drain()
        assert terminal.seen.count(b"\x07") == rung, "one for both, and none for what is over"
    terminal.order("calm")
    terminal.until("\x1b]2;gastown-tui · gt\x1b\\".encode())
    terminal.type(b"q")
    assert terminal.ends() == 0
    assert terminal.seen.count(b"\x1b[23;2t") == 1


def test_it_can_be_told_to_be_silent(start: Start) -> None:
    terminal = start(BELL="")
    terminal.order("ask")
    terminal.until(b"5 need you")
    terminal.drain()
    assert b"\x07" not in terminal.seen


def test_it_rings_and_counts_while_the_picture_is_held(start: Start) -> None:
    terminal = start()
    terminal.type(b"p")
    terminal.drain()
    terminal.order("ask")
    terminal.until(b"\x1b]2;gastown-tui: 5 need you")
    assert b"\x07" in terminal.seen
