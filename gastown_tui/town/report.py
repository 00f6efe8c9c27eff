"""A Town as the command line prints it: the documents of schema 1, and lines for people. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from .snapshot import Activity, Agent, Evidence, Expects, Monitor, Nowhere, SourceState, State, Stock, Town
from .text import age, age_s, mask, rfc3339, safe
from .words import (
    SHAPES,
    doing,
    evidence_text,
    monitor_sentence,
    need_you,
    notice_documents,
    notice_line,
    outlook,
    summary_sentence,
    until,
)

SCHEMA = 1
Document = dict[str, Any]


def status_document(town: Town, now: float) -> Document:
    """Returns the document of `status --json`. Times are RFC 3339 UTC, durations seconds, unknown is None."""
    states = Counter(agent.state for agent in town.agents)
    return {
        "schema": SCHEMA,
        "observed_at": rfc3339(town.observed_at),
        "town": _town(town),
        "summary": {
            "agents": len(town.agents),
            "alive": sum(agent.alive for agent in town.agents),
            **{state.value: states[state] for state in (State.DEAD, State.MISSING, State.ZOMBIE)},
            "need_you": need_you(town, now),
            "by_state": {state.value: states[state] for state in State if states[state]},
        },
        "sources": [_source(source, now) for source in town.sources],
        "agents": [agent_document(agent, now) for agent in town.agents],
        "foreign": [{"session": safe(one.session), "session_id": one.session_id, "kind": one.kind} for one in town.foreign],
        "monitor": town.monitor and _monitor(town.monitor, now),
        "beads": town.beads and _beads(town.beads, now),
    }


def _beads(stock: Stock, now: float) -> list[Document]:
    from .beads.told import stock_document

    return stock_document(stock, now)


def _monitor(monitor: Monitor, now: float) -> Document:
    return {
        "writer": monitor.writer,
        "last_line_at": rfc3339(monitor.last_line_at),
        "cycles": monitor.cycles,
        "next_cycle_at": rfc3339(monitor.next_cycle_at),
        "phases": [
            {
                "name": _shown(phase.name),
                "last_ok_at": rfc3339(phase.last_ok_at),
                "last_fail_at": rfc3339(phase.last_fail_at),
                "fails": phase.fails,
            }
            for phase in monitor.phases
        ],
        "restarts": {safe(session): count for session, count in monitor.restarts.items()},
        "handoff_age_s": {safe(session): age_s(at, now) for session, at in monitor.handoffs.items()},
        "pending_upgrade": _shown(monitor.pending_upgrade),
        "repaired": monitor.repaired,
        "rejected": monitor.rejected,
        "from_offset": monitor.from_offset,
    }


def _town(town: Town) -> Document:
    notices = notice_documents(town.notices)
    ref = town.ref
    socket = short_socket(ref.socket) if ref.socket else None
    return {"name": ref.name or None, "root": ref.root or None, "socket": socket, "epoch": town.epoch, "notices": notices}


def short_socket(path: str) -> str:
    """Returns a socket as `tmux -L` takes it where it lies in tmux's own folder, else its path."""
    folder, _, name = path.rpartition("/")
    return name if folder.rpartition("/")[2].startswith("tmux-") else path


def _source(source: SourceState, now: float) -> Document:
    return {
        "name": source.name,
        "state": source.state,
        "age_s": age_s(source.at, now),
        "error": _shown(source.error),
    }


def agent_document(agent: Agent, now: float) -> Document:
    """Returns one agent as `status --json` and `show --json` print it."""
    return {
        "id": safe(agent.id),
        "role": agent.role,
        "rig": agent.rig and safe(agent.rig),
        "name": safe(agent.name),
        "session": agent.session and safe(agent.session),
        "session_id": agent.session_id,
        "pane_id": agent.pane_id,
        "pid": agent.pid,
        "agent_pid": agent.agent_pid,
        "also": [safe(session) for session in agent.also],
        "runtime": agent.runtime and safe(agent.runtime),
        "command": agent.command and safe(agent.command),
        "cwd": agent.cwd and safe(agent.cwd),
        "state": agent.state.value,
        "since": rfc3339(agent.since),
        "needs_you": agent.needs_you(now),
        "evidence": evidence_documents(agent.evidence, now),
        "expects": _expects(agent.expects),
        "session_age_s": age_s(agent.session_created, now),
        "agent_age_s": age_s(agent.agent_started, now),
        "quiet_s": age_s(agent.last_output, now),
        "heartbeat_age_s": age_s(agent.heartbeat_at, now),
        "exit_status": agent.exit_status,
        "exit_signal": agent.exit_signal,
        "attached": agent.attached,
        "acknowledged": agent.acknowledged
        and {"at": rfc3339(agent.acknowledged.at), "reason": _shown(agent.acknowledged.reason)},
        "activity": _activity(agent.activity),
    }


def _activity(activity: Activity) -> Document:
    question, held = activity.question, activity.held
    return {
        "what": activity.what,
        "detail": _shown(activity.detail),
        "question": question
        and {"kind": question.kind, "text": _shown(question.text), "options": [_shown(option) for option in question.options]},
        "held": held and {"why": held.why, "until": rfc3339(held.until), "text": _shown(held.text)},
        "draft": activity.draft,
        "context_used_pct": activity.context_used_pct,
        "program_version": _shown(activity.program_version),
    }


def _shown(text: str | None) -> str | None:
    """Returns a text of a screen, inert and without secrets."""
    return None if text is None else mask(safe(text))


def evidence_documents(evidence: Iterable[Evidence], now: float) -> list[Document]:
    return [{"source": one.source, "at": rfc3339(one.at), "fact": evidence_text(one, now)} for one in evidence]


def _expects(expects: Expects | None) -> Document | None:
    return {"at": rfc3339(expects.at), "what": safe(expects.what)} if expects else None


def acks_document(done: Iterable[str], asked: Iterable[Agent]) -> Document:
    """Returns what `ack --json` and `unack --json` print: whom it concerned, and for whom there was nothing to do."""
    ids = dict.fromkeys(done)
    nothing = dict.fromkeys(agent.id for agent in asked if agent.id not in ids)
    return {"schema": SCHEMA, "done": [safe(one) for one in ids], "nothing": [safe(one) for one in nothing]}


def error_document(code: str, message: str, remedy: str) -> Document:
    return {"schema": SCHEMA, "error": {"code": code, "message": message, "remedy": remedy}}


def nowhere_text(nowhere: Nowhere) -> str:
    return f"{nowhere.reason}; tried: {'; '.join(safe(one) for one in nowhere.tried)}"


def status_lines(town: Town, now: float) -> list[str]:
    """Returns a line per agent, aligned, then the notices, the sources that fail, and one sentence."""
    rows = [_row(agent, now) for agent in town.agents]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(5)]
    lines = [
        f"{mark} {shape} {agent_id:<{widths[2]}}  {state:<{widths[3]}}  {since:>{widths[4]}}  {why}".rstrip()
        for mark, shape, agent_id, state, since, why in rows
    ]
    lines += [f"  · {safe(one.session)}  {one.kind or 'foreign'}" for one in town.foreign]
    if town.monitor is not None:
        lines.append(f"  {monitor_sentence(town.monitor, now)}")
    lines += map(notice_line, town.notices)
    lines += [f"! {mask(safe(fault))}" for fault in (town.monitor.faults if town.monitor else ())]
    lines += [f"! {source.name} {source.state}: {mask(safe(source.error))}" for source in town.sources if source.error]
    return [*lines, f"{safe(town.ref.name) or 'town'} · {summary_sentence(town, now)}"]


def _row(agent: Agent, now: float) -> tuple[str, str, str, str, str, str]:
    started = agent.agent_started or agent.session_created
    mark = "!" if agent.needs_you(now) else " "
    why = evidence_text(agent.evidence[0], now)
    coming = outlook(agent, now)
    lived = age(now - started) if started is not None else ""
    does = doing(agent, now)
    # The state and the evidence have most of it already.
    news = {word for word in does.rpartition(": ")[2].split() if word not in why} - {agent.state.value}
    parts = (why, does if news else "", coming, "acknowledged" if agent.acknowledged else "")
    told = " · ".join(part for part in parts if part)
    return mark, SHAPES[agent.state], safe(agent.id), agent.state.value, lived, told


def change_document(before: Agent | None, after: Agent | None, now: float) -> Document:
    """Returns one line of `watch --json` about an agent: `from` is None at first sight, `to` when it left normally."""
    agent = after or before
    assert agent is not None
    return {
        "schema": SCHEMA,
        "at": rfc3339(now),
        "agent": safe(agent.id),
        "session": agent.session and safe(agent.session),
        "pane_id": agent.pane_id,
        "from": before and before.state.value,
        "to": after and after.state.value,
        "evidence": evidence_documents(agent.evidence if after else (), now),
        "exit_status": agent.exit_status,
        "exit_signal": agent.exit_signal,
    }


def source_document(before: SourceState | None, after: SourceState, now: float) -> Document:
    """Returns one line of `watch --json` about a source that was lost or came back."""
    return {
        "schema": SCHEMA,
        "at": rfc3339(now),
        "source": after.name,
        "from": before and before.state,
        "to": after.state,
        "error": _shown(after.error),
    }


def change_line(document: Document) -> str:
    """Returns a line of `watch` for people."""
    clock = str(document["at"])[11:19]
    if "source" in document:
        error = f": {document['error']}" if document["error"] else ""
        return f"{clock}  {document['source']}  {document['from'] or '-'} → {document['to']}{error}"
    why = f"  {document['evidence'][0]['fact']}" if document["evidence"] else ""
    return f"{clock}  {document['agent']}  {document['from'] or '-'} → {document['to'] or 'gone'}{why}"


def show_lines(agent: Agent, environment: Iterable[tuple[str, str]], pane: Iterable[str], now: float) -> list[str]:
    """Returns what `show` prints: state, evidence, ages, environment (already masked), the pane's last rows (inert)."""
    lines = [f"{SHAPES[agent.state]} {safe(agent.id)}  {agent.state.value}" + ("  needs you" if agent.needs_you(now) else "")]
    lines += [f"  {one.source:<8} {mask(evidence_text(one, now))}" for one in agent.evidence]
    lines += [f"  {label:<8} {text}" for label, text in activity_lines(agent, now)]
    if coming := outlook(agent, now):
        lines.append(f"  expects  {coming}")
    if known := agent.acknowledged:
        lines.append(
            "  " + " · ".join(("acknowledged", *([mask(safe(known.reason))] if known.reason else []), _ago(known.at, now)))
        )
    facts = {
        "session": agent.session and safe(agent.session),
        "pane": agent.pane_id,
        "pid": agent.pid,
        "agent pid": agent.agent_pid,
        "runtime": agent.runtime and safe(agent.runtime),
        "cwd": agent.cwd and safe(agent.cwd),
        "session age": _told(agent.session_created, now),
        "agent age": _told(agent.agent_started, now),
        "quiet": _told(agent.last_output, now),
        "heartbeat": _told(agent.heartbeat_at, now),
        "bead": agent.bead and safe(agent.bead),
    }
    lines += [f"  {name:<12} {value}" for name, value in facts.items() if value is not None]
    variables = [f"  {safe(name)}={safe(value)}" for name, value in environment]
    rows = [mask(row) for row in pane]
    return [*lines, *(["environment", *variables] if variables else []), *(["pane", *rows] if rows else [])]


def activity_lines(agent: Agent, now: float) -> list[tuple[str, str]]:
    """Returns (label, text) of all that an agent's screen says, in full; every text is one inert line without secrets."""
    activity, told = agent.activity, list[tuple[str, str]]()
    if activity.what:
        told.append(("does", f"{activity.what} {activity.detail or ''}".strip()))
    if question := activity.question:
        told.append(("asks", f"{question.kind}: {question.text}"))
        told += [("", f"{number} {option}") for number, option in enumerate(question.options, 1)]
    if held := activity.held:
        told.append(("held", f"{held.why}{f' {until(held.until, now)}' if held.until is not None else ''}: {held.text}"))
    if activity.draft:
        told.append(("draft", "somebody typed and did not send"))
    if activity.context_used_pct is not None:
        told.append(("context", f"{activity.context_used_pct:g} % used"))
    if activity.program_version:
        told.append(("version", activity.program_version))
    return [(label, mask(safe(text))) for label, text in told]


def _ago(stamp: float, now: float) -> str:
    return f"{age(now - stamp)} ago"


def _told(stamp: float | None, now: float) -> str | None:
    return age(now - stamp) if stamp is not None else None
