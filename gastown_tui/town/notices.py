"""What concerns the whole town, worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from .facts import Halt, TownFiles
from .snapshot import ALIVE, Agent, Moment, Monitor, Notice
from .text import age, clock_time, safe

CLOCK_NOTICE_S = 600.0
# Whoever has been silent for longer is no longer in use, or known to be.
SILENT_NOTICE_S = 86400.0
_MANY = {"witness": "witnesses", "refinery": "refineries", "crew": "crew"}


def notices(
    files: TownFiles | None,
    told: Iterable[Notice],
    agents: Iterable[Agent],
    halt: Halt | None,
    clock_step: tuple[float, float] | None,
    now: Moment,
    monitor: Monitor | None = None,
    loop: str = "",
) -> tuple[Notice, ...]:
    """Returns the town's notices, as inert text.

    `told`: what the sources tell themselves, of where the beads are kept and where the town was found. `halt` holds now;
    `clock_step`: by how many seconds the clock was set, and when (wall). `loop`: how the automonitor's own session is, where
    that is known.
    """
    agents = tuple(agents)
    found = [*(_estop(files) if files else ()), *([_down(halt, agents)] if halt else ())]
    found += told
    found += _duplicates(agents)
    for error in files.errors if files else ():
        found.append(Notice("town_file", error, "read the file as the town's owner; the console goes on"))
    if clock_step and 0 <= now.wall - clock_step[1] < CLOCK_NOTICE_S:
        way = "forward" if clock_step[0] > 0 else "back"
        text = f"the clock was set {way} by {age(abs(clock_step[0]))}; ages that span {clock_time(clock_step[1])} are off by that"
        found.append(Notice("clock", text, "nothing to do; it passes", clock_step[1]))
    if monitor is not None and monitor.writer == "silent":
        found += _silent(monitor, loop, now)
    return tuple(notice._replace(text=safe(notice.text), remedy=safe(notice.remedy)) for notice in found)


def _estop(files: TownFiles) -> Iterator[Notice]:
    for scope, since, reason in files.estop:
        where = f" for {scope}" if scope else ""
        when = f" {clock_time(since)}" if since is not None else ""
        text = f"stop requested{when}{where}" + (f": {reason}" if reason else "")
        yield Notice("estop", text, "gt thaw ends it; agents are not frozen by it, they are asked to stop", since)


def _down(halt: Halt, agents: tuple[Agent, ...]) -> Notice:
    running = Counter(agent.role for agent in agents if agent.state in ALIVE)
    what = ", ".join(f"{count} {role if count == 1 else _MANY.get(role, role + 's')}" for role, count in sorted(running.items()))
    still = f"; {what} still run{'s' if running.total() == 1 else ''}" if running else ""
    return Notice("down", f"down since {clock_time(halt.at)}, by gt down{still}", "gt up starts the town again", halt.at)


def _duplicates(agents: tuple[Agent, ...]) -> Iterator[Notice]:
    for agent in agents:
        if agent.also:
            text = f"{agent.id} has more than one session: {agent.session} and {', '.join(agent.also)}"
            yield Notice("duplicate", text, "end the older one once you know that nobody needs it")


def _silent(monitor: Monitor, loop: str, now: Moment) -> Iterator[Notice]:
    since = monitor.last_line_at
    if since is not None and now.wall - since < SILENT_NOTICE_S:
        text = f"the automonitor has said nothing since {clock_time(since)}" + (f"; its session {loop}" if loop else "")
        yield Notice("monitor_silent", text, "gt-automonitor restart starts it again", since)
