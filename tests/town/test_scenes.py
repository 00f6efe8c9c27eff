"""Every recorded scene, judged whole: its processes, its pane and its screen, as one look sees them."""

from __future__ import annotations

import re

from recorded import Scene, scenes
from story import START, Story, pane
from together import each

from gastown_tui.town.facts import Frame, Pane, Process, Tree
from gastown_tui.town.snapshot import Agent, State

AGO = 3600.0


def pane_of(one: Scene) -> Pane:
    tmux, (width, height) = one.meta["tmux"], one.meta["size"]
    signal = tmux["pane_dead_signal"]
    return pane(
        env={"GT_ROLE": "alpha/crew/max", **one.meta["env"]},
        session_created=START.wall - AGO,
        window_activity=START.wall - (1.0 if one.meta.get("stream_bytes") else 60.0),
        title=tmux["pane_title"],
        command=tmux["pane_current_command"],
        width=width,
        height=height,
        alternate=tmux["alternate_on"],
        dead=tmux["pane_dead"],
        dead_status=tmux["pane_dead_status"],
        dead_signal=int(signal) if signal else None,
        dead_time=START.wall - 5 if tmux["pane_dead"] else None,
    )


def tree_of(one: Scene, of: Pane, age: float) -> Tree:
    numbers = {None: 0, **{process["n"]: of.pid + process["n"] - 1 for process in one.meta["process_tree"]}}
    found = [
        Process(
            pid=numbers[process["n"]],
            parent=numbers[process["parent"]],
            comm=process["comm"],
            argv0=process["argv"][0] if process["argv"] else "",
            argv1=process["argv"][1] if len(process["argv"]) > 1 else "",
            exe=process["exe"] or "",
            state=process["state"],
            started=START.wall - age,
        )
        for process in one.meta["process_tree"]
    ]
    return Tree(of.pane_id, of.pid, tuple(found), START)


def judged(one: Scene) -> Agent:
    """The agent after one look, and another a second later where the first settles nothing, as `status` takes them."""
    story, of = Story(), pane_of(one)
    age = 5.0 if one.meta["expected"]["state"] == "starting" else AGO - 1
    frame = Frame(of.pane_id, one.rows, START, None, 0, tuple(one.meta["tmux"]["cursor"]))
    story.tell(story.listing(of), tree_of(one, of, age), frame)
    if story.judgement.confirm:
        story.wait(1.001)
        story.tell(story.listing(of), tree_of(one, of, age)._replace(at=story.now))
    return story.agent()


@each(scenes(), name=lambda one: one.id)
def test_a_recorded_scene_is_judged_as_it_was(one: Scene) -> None:
    agent = judged(one)
    told = [evidence.fact for evidence in agent.evidence]
    assert agent.state.value in one.meta["acceptable_states"], (agent.state, told)
    if set(one.meta["acceptable_states"]) <= {"waiting", "held", "dead", "zombie"}:
        assert agent.needs_you(START.wall + 10)
    if agent.state is State.WAITING:
        assert agent.activity.question is not None and agent.activity.question.text, told
    assert (agent.activity.held is not None) == (agent.state is State.HELD)


def test_no_scene_is_falsely_dead_or_alive() -> None:
    alive = {"working", "idle", "waiting", "held", "starting", "stalled"}
    for one in scenes():
        assert judged(one).alive == bool(alive & set(one.meta["acceptable_states"])) or "unknown" in one.meta["acceptable_states"]


TAIL = re.compile(r"(?: |\x1b\[[0-9;:]*m)+$")


def painted_again(one: Scene) -> Scene:
    """The scene as a pane shows it in which it was printed: blanks at the end of a row, whatever their ground, are left out."""
    rows, carried = [], ""
    for row in one.rows:
        tail = TAIL.search(row)
        bare = row[: tail.start()] if tail else row
        rows.append(carried + bare)
        carried = tail.group().replace(" ", "") if tail else ""
    return one._replace(rows=tuple(rows))


@each(scenes(), name=lambda one: one.id)
def test_blanks_at_the_end_of_a_row_say_nothing(one: Scene) -> None:
    assert judged(painted_again(one)).state is judged(one).state
