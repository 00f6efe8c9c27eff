"""Everything known of an agent as labelled lines: for the agent view, for the clipboard, for the report of a crash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gastown_tui.town.report import activity_lines
from gastown_tui.town.snapshot import Agent, Nowhere, Stock, Town
from gastown_tui.town.text import clock_time, mask, rfc3339, safe
from gastown_tui.town.words import evidence_text, outlook, summary_sentence, work

from .ages import Ages
from .view import Event

_HALF_A_DAY_S = 43200.0
Section = tuple[str, list[tuple[str, str]]]
Environment = Sequence[tuple[str, str]]


def sections(
    agent: Agent, environment: Environment | str, ages: Ages, history: Iterable[Event] = (), stock: Stock | None = None
) -> list[Section]:
    """Returns titled groups of (label, text), every text inert and masked. `environment` is the reason where it is a string."""
    happened = [(when(event.at, ages.now), f"{event.state}: {event.text}" if event.state else event.text) for event in history]
    parts = [
        ("why", list(_why(agent, ages))),
        *([("its screen", told)] if (told := activity_lines(agent, ages.now)) else []),
        ("ages", [(label, _age(label, stamp, ages)) for label, stamp in _stamps(agent)]),
        ("who", list(_who(agent, stock))),
        *([("history", happened)] if happened else []),
        ("environment", [("", environment)] if isinstance(environment, str) else [(name, value) for name, value in environment]),
    ]
    return [(title, [(safe(label), mask(safe(text))) for label, text in lines]) for title, lines in parts]


def _why(agent: Agent, ages: Ages) -> Iterator[tuple[str, str]]:
    for evidence in agent.evidence:
        if evidence.ago:
            ages.quiet(evidence.at)
        # What is still to come says its time itself.
        when = "" if evidence.ago or evidence.at > ages.now else f" ({clock_time(evidence.at)})"
        yield evidence.source, evidence_text(evidence, ages.now, stepped=True) + when
    ages.due(agent.expects.overdue_at if agent.expects else None)
    if hope := outlook(agent, ages.now):
        yield "expects", hope
    if agent.acknowledged:
        yield "acknowledged", ", ".join(filter(None, (agent.acknowledged.reason, ages.ago(agent.acknowledged.at))))


def when(stamp: float, now: float) -> str:
    """Returns the time of day in UTC; with the day instead of the seconds where that was not today."""
    told = rfc3339(stamp) or ""
    return clock_time(stamp) if abs(now - stamp) < _HALF_A_DAY_S else f"{told[5:10]} {told[11:16]}"


def _stamps(agent: Agent) -> list[tuple[str, float | None]]:
    return [
        ("state", agent.since),
        ("agent", agent.agent_started),
        ("session", agent.session_created),
        ("quiet", agent.last_output),
        ("heartbeat", agent.heartbeat_at),
    ]


def _age(label: str, stamp: float | None, ages: Ages) -> str:
    if stamp is None:
        return "began before we looked" if label == "state" else "not known"
    return ages.quiet(stamp) if label == "quiet" else f"{ages.age(stamp)} · {clock_time(stamp)}"


def _who(agent: Agent, stock: Stock | None) -> Iterator[tuple[str, str]]:
    told = {
        "role": agent.role,
        "rig": agent.rig,
        "session": " ".join(part for part in (agent.session, agent.session_id) if part),
        "also": ", ".join(agent.also),
        "pane": agent.pane_id,
        "pid": " → ".join(dict.fromkeys(str(pid) for pid in (agent.pid, agent.agent_pid) if pid is not None)),
        "runtime": agent.runtime,
        "command": agent.command,
        "folder": agent.cwd,
        "title": agent.title,
        "bead": " ".join(work(agent, stock)).strip(),
        "exit status": None if agent.exit_status is None else str(agent.exit_status),
        "signal": None if agent.exit_signal is None else str(agent.exit_signal),
        "attached": str(agent.attached or ""),
    }
    return ((label, text) for label, text in told.items() if text)


def agent_report(agent: Agent, town: Town, environment: Environment | str, now: float) -> str:
    """Returns the evidence and the raw facts of one agent as text for a bug report, secrets masked."""
    lines = [f"{safe(agent.id)}: {agent.state}", f"seen at {rfc3339(town.observed_at)}, written at {rfc3339(now)}"]
    for title, told in sections(agent, environment, Ages(now)):
        lines += ["", title, *(f"  {label}: {text}" if label else f"  {text}" for label, text in told)]
    raw = agent._asdict().items()
    lines += ["", "raw facts", *(f"  {name} = {mask(safe(repr(value)))}" for name, value in raw)]
    return "\n".join(lines) + "\n"


def town_report(town: Town | Nowhere | None, now: float) -> str:
    """Returns the last facts as text, secrets masked: what a crash report ends with."""
    if not isinstance(town, Town):
        return f"no town was seen: {mask(safe(repr(town)))}\n"
    head = [summary_sentence(town, now), f"seen at {rfc3339(town.observed_at)}, epoch {town.epoch}"]
    sources = [f"source {source.name}: {source.state} {source.error or ''}" for source in town.sources]
    notices = [f"notice {notice.code}: {notice.text}" for notice in town.notices]
    agents = [f"{agent.id}: {agent.state}: " + "; ".join(item.fact for item in agent.evidence) for agent in town.agents]
    foreign = [f"foreign {session.session}" for session in town.foreign]
    return "\n".join(mask(safe(line)).rstrip() for line in [*head, *sources, *notices, *agents, *foreign]) + "\n"
