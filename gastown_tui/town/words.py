"""Sentences that the console and the command line share. Pure: `now` is wall seconds and comes in."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from .snapshot import Agent, Evidence, Monitor, Notice, State, Stock, Town
from .text import age, clock_time, mask, quiet, rfc3339, safe, shown

SHAPES: dict[State, str] = {
    State.WORKING: "●",
    State.IDLE: "○",
    State.WAITING: "◆",
    State.STALLED: "◐",
    State.DEAD: "✖",
    State.MISSING: "◌",
    State.ZOMBIE: "▽",
    State.HELD: "▲",
    State.FROZEN: "❄",
    State.STARTING: "…",
    State.UNKNOWN: "?",
}
FOREIGN_SHAPE = "·"
_COUNTED = (State.DEAD, State.ZOMBIE, State.MISSING, State.FROZEN, State.UNKNOWN)
_HALF_A_DAY_S = 43200.0
_TITLE = 200
_ORPHANED = (State.DEAD, State.ZOMBIE)


def evidence_text(evidence: Evidence, now: float, *, stepped: bool = False) -> str:
    """Returns the fact as one inert line without secrets, and how long ago it happened where the evidence asks for that.

    `stepped`: below a minute in steps, for a screen on which nothing may tick.
    """
    fact = mask(safe(evidence.fact))
    if not evidence.ago:
        return fact
    ago = quiet(now - evidence.at) if stepped else age(now - evidence.at)
    if ago == "clock":
        return f"{fact}, by a stamp from the future"
    return f"{fact}, just now" if ago == "now" else f"{fact}, {ago} ago"


def notice_documents(notices: Iterable[Notice]) -> list[dict[str, str | None]]:
    """Returns what concerns the whole town as it stands in the documents of the command line."""
    return [
        {"code": one.code, "since": rfc3339(one.since), "text": safe(one.text), "remedy": safe(one.remedy)} for one in notices
    ]


def notice_line(notice: Notice) -> str:
    """Returns a notice as it stands below what is listed, with its remedy."""
    return f"! {safe(notice.text)} ({safe(notice.remedy)})"


def need_you(town: Town, now: float) -> int:
    """Returns how many agents need a person."""
    return sum(agent.needs_you(now) for agent in town.agents)


def summary_sentence(town: Town, now: float) -> str:
    """Returns `21 alive · 1 dead · 3 need you`. What is zero is not named; a town of nobody is `no agents`."""
    if not town.agents:
        return "no agents"
    states = [agent.state for agent in town.agents]
    counts = [(sum(agent.alive for agent in town.agents), "alive"), *((states.count(state), state.value) for state in _COUNTED)]
    calling = need_you(town, now)
    counts.append((calling, "needs you" if calling == 1 else "need you"))
    return " · ".join(f"{count} {word}" for count, word in counts if count)


def monitor_sentence(monitor: Monitor, now: float) -> str:
    """Returns in one inert line without secrets whether the automonitor still writes, and what a person should know of it."""
    last, coming = monitor.last_line_at, monitor.next_cycle_at
    failing = [one for one in monitor.phases if one.last_fail_at is not None and one.last_fail_at >= (one.last_ok_at or 0)]
    counts = {
        "cycle" if monitor.cycles == 1 else "cycles": monitor.cycles,
        "repaired": monitor.repaired,
        "rejected": monitor.rejected,
    }
    parts = [
        f"automonitor {monitor.writer}" + (f", last line {age(now - last)} ago" if last is not None else ""),
        *(f"{count} {word}" for word, count in counts.items() if count),
        *([f"next about {clock_time(coming)[:5]}"] if coming is not None and coming > now else []),
        *(f"{phase.name} failed {age(now - (phase.last_fail_at or now))} ago" for phase in failing),
        *([f"upgrade pending: {monitor.pending_upgrade}"] if monitor.pending_upgrade is not None else []),
    ]
    return mask(safe(" · ".join(parts)))


def outlook(agent: Agent, now: float) -> str:
    """Returns what will happen by itself, that it is overdue, or, for the dead whom nothing revives, that nobody will."""
    if agent.expects is None:
        return "nobody restarts it by itself" if agent.state in _ORPHANED else ""
    late = agent.expects.overdue_at is not None and now >= agent.expects.overdue_at
    return safe(agent.expects.what) + (", but that is overdue" if late else "")


def until(stamp: float, now: float) -> str:
    """Returns `until 11:00` in UTC, and with the day (`until 11-24 11:00`) where it is not soon."""
    soon, told = stamp - now <= _HALF_A_DAY_S, rfc3339(stamp)
    return f"until {clock_time(stamp)[:5]}" if soon or told is None else f"until {told[5:10]} {told[11:16]}"


def doing(agent: Agent, now: float) -> str:
    """Returns in few words what a living agent does, as its screen says; empty where it does not tell. Inert, no secrets."""
    activity = agent.activity
    if agent.state is State.WAITING and activity.question:
        told = f"asks: {activity.question.text or activity.question.kind}"
    elif agent.state is State.HELD and activity.held:
        held = activity.held
        told = until(held.until, now) if held.until is not None else held.text or held.why
    elif agent.state in (State.WORKING, State.STALLED, State.STARTING) and activity.what:
        used = activity.what == "tool" and activity.detail
        told = activity.detail or "" if used else " ".join(part for part in (activity.what, activity.detail) if part)
    else:
        told = "draft" if agent.alive and activity.draft else ""
    return mask(safe(told)) if told else ""


def work(agent: Agent, stock: Stock | None) -> tuple[str, str]:
    """Returns id and title of the bead that an agent has: as the beads tell it, else the one that its heartbeat names.

    Both are empty where it has none; who has several is told with the one that its heartbeat names.
    """
    held = stock.work.get(agent.id, ()) if stock else ()
    told = next((one for one in held if one.id == agent.bead), held[0] if held else None)
    return (safe(told.id), _title(told.title)) if told else (safe(agent.bead or ""), "")


@lru_cache(maxsize=512)
def _title(text: str) -> str:
    """Returns a title as it may be shown: it is asked for with every picture, and seldom changes."""
    return shown(text, _TITLE)


def title(agent: Agent) -> str:
    """Returns the name as lists show it: `mayor`, `witness`, `crew jack`, `polecat nux`, `dog alpha`."""
    return safe(agent.name if agent.name in ("", agent.role) else f"{agent.role} {agent.name}")
