"""What concerns the whole town, worst first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .expected import is_down
from .facts import Located, TownFiles
from .snapshot import ALIVE, Agent, Moment, Notice
from .text import age, clock_time, safe

CLOCK_NOTICE_S = 600.0


def notices(
    files: TownFiles | None,
    located: Located | None,
    agents: Iterable[Agent],
    clock_step: tuple[float, float] | None,
    now: Moment,
) -> tuple[Notice, ...]:
    """Returns the town's notices. `clock_step`: by how many seconds the wall clock was set, and when (wall)."""
    agents = tuple(agents)
    found: list[Notice] = []
    if files:
        found += _estop(files)
        found += _down(files, agents)
        found += [
            Notice("town_file", safe(error), "read the file as the town's owner; the console goes on") for error in files.errors
        ]
    if located:
        found += [Notice(code, text, remedy) for code, text, remedy in located.notices]
    found += _duplicates(agents)
    if clock_step and 0 <= now.wall - clock_step[1] < CLOCK_NOTICE_S:
        way = "forward" if clock_step[0] > 0 else "back"
        text = f"the clock was set {way} by {age(abs(clock_step[0]))}; ages that span {clock_time(clock_step[1])} are off by that"
        found.append(Notice("clock", text, "nothing to do; it passes", clock_step[1]))
    return tuple(found)


def _estop(files: TownFiles) -> Iterator[Notice]:
    for scope, since, reason in files.estop:
        where = f" for {scope}" if scope else ""
        when = f" {clock_time(since)}" if since is not None else ""
        text = f"stop requested{when}{where}" + (f": {safe(reason)}" if reason else "")
        yield Notice("estop", text, "gt thaw ends it; agents are not frozen by it, they are asked to stop", since)


def _down(files: TownFiles, agents: tuple[Agent, ...]) -> Iterator[Notice]:
    leaders = [agent for agent in agents if agent.role in ("mayor", "deacon") and agent.state in ALIVE]
    starts = [start for agent in leaders for start in (agent.session_created, agent.agent_started) if start is not None]
    halt = is_down(files, starts)
    if halt is None:
        return
    running = [agent for agent in agents if agent.state in ALIVE]
    still = ""
    if running:
        roles = sorted({agent.role for agent in running})
        counts = [(sum(agent.role == role for agent in running), role) for role in roles]
        what = ", ".join(f"{n} {role}{'s' if n > 1 else ''}" for n, role in counts)
        still = f"; {what} still run{'s' if len(running) == 1 else ''}"
    yield Notice("down", f"down since {clock_time(halt.at)}, by gt down{still}", "gt up starts the town again", halt.at)


def _duplicates(agents: tuple[Agent, ...]) -> Iterator[Notice]:
    for agent in agents:
        if agent.also:
            text = f"{agent.id} has more than one session: {safe(agent.session or '')} and {safe(', '.join(agent.also))}"
            yield Notice("duplicate", text, "end the older one once you know that nobody needs it")
