"""A town on a bad night: what the Problems screen is for."""

from __future__ import annotations

import scene

from gastown_tui.town.snapshot import Activity, Agent, Held, Question, State

TRUST = Question(
    "trust", "Do you trust the files in this folder? · /home/op/gt/wasteland/crew/vault", ("Yes, proceed", "No, exit")
)
LONG = Question(
    "question",
    "Which of the three places should own the retry policy: the client, which knows the deadline of its caller but not the "
    "load of the others; the gateway, which knows the load but not the deadline; or the queue, which knows neither and is the "
    "only one that survives a restart? Say which, and whether the two others should refuse to retry at all.",
    tuple(f"The answer number {number}" for number in range(1, 501)),
)


def agent(number: int, agent_id: str, state: State, fact: str, **more: object) -> Agent:
    since = scene.WALL - 60 * number
    role, name = agent_id.split("/")[-2].rstrip("s"), agent_id.split("/")[-1]
    like = scene.AGENTS[0]._replace(id=agent_id, rig=agent_id.split("/")[0], role=role, name=name, state=state, since=since)
    known: dict[str, object] = {"session": f"gt-{name}", "pane_id": f"%{200 + number}", "activity": Activity()}
    return like._replace(**{**known, "evidence": scene.told("pane", fact), **more})  # type: ignore[arg-type]


def refused(number: int) -> Agent:
    text = f"API Error: 429 Too Many Requests · request_id req_01{number}xK{number * 7}"
    activity = Activity(held=Held("rate", text))
    return agent(500 + number, f"beads/polecats/p{number}", State.HELD, text, activity=activity)


def asking(number: int, agent_id: str, question: Question) -> Agent:
    return agent(number, agent_id, State.WAITING, "it asks", activity=Activity(question=question))


NIGHT = scene.TOWN._replace(
    agents=(
        *scene.AGENTS,
        *map(refused, range(1, 8)),
        asking(240, "wasteland/crew/vault", TRUST),
        asking(31, "wasteland/polecats/ace", scene.PUSH),
        asking(29, "wasteland/crew/max", LONG),
        agent(12, "wasteland/polecats/dag", State.DEAD, "killed by SIGKILL", exit_signal=9, pane_id=None, bead="wa-1c3"),
        agent(13, "wasteland/polecats/cheedo", State.DEAD, "killed by SIGKILL", exit_signal=9, pane_id=None),
        agent(47, "wasteland/refinery/r", State.STALLED, "hooked wa-9 for 47 min, and nothing it shows has moved since"),
    ),
)
