"""What the town itself writes of what happens in it: which of its events a person sees, and in which words. Pure.

gt writes `{"ts", "source", "type", "actor", "payload", "visibility"}` a line; agents write types of their own besides.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .snapshot import Agent, Told
from .text import mask

MOST_TEXT = 200
# What is done all day long, and what only leads to something that is told itself.
_QUIET = frozenset(
    {
        "mail",
        "hook",
        "unhook",
        "patrol_started",
        "patrol_complete",
        "polecat_checked",
        "scheduler_enqueue",
        "scheduler_dispatch",
        "scheduler_close_retry",
    }
)
Fields = Mapping[str, Any]


def told(event: Fields, at: float) -> Told | None:
    """Returns what a line of the events tells a person; None for what is not worth it. Its text is hostile, and short."""
    kind, payload = event.get("type"), event.get("payload")
    if not isinstance(kind, str) or not kind or kind in _QUIET:
        return None
    fields = {name: _text(value) for name, value in payload.items()} if isinstance(payload, dict) else {}
    actor = _text(event.get("actor")).rstrip("/")
    words = _WORDS.get(kind)
    who, text = words(actor, fields) if words else (actor, _joined(kind.replace("_", " "), *map(fields.get, _SAY)))
    return Told(at, kind[:MOST_TEXT], who.rstrip("/")[:MOST_TEXT], mask(text, MOST_TEXT))


def names(agents: Iterable[Agent]) -> dict[str, str]:
    """Returns by which names the events call each agent: its session, its address, the short one where that is one agent's."""
    found, short = dict[str, str](), dict[str, str]()
    for agent in agents:
        found |= {agent.session: agent.id, agent.id: agent.id} if agent.session else {agent.id: agent.id}
        if agent.rig:
            name = f"{agent.rig}/{agent.name}"
            short[name] = "" if name in short else agent.id
    return {name: agent_id for name, agent_id in short.items() if agent_id} | found


_SAY = ("message", "subject", "reason", "bead", "branch", "rig")


def _text(value: object) -> str:
    """Returns a value as text in one line; lists as their parts."""
    if isinstance(value, list):
        return ", ".join(_text(part) for part in value[:8])
    return " ".join(mask(str(value), 2 * MOST_TEXT).split()) if isinstance(value, str | int | float) else ""


def _joined(text: str, *more: str | None) -> str:
    return ": ".join([text, *(part for part in more if part)][:2])


def _by(actor: str) -> str:
    return f" by {actor}" if actor else ""


def _merge(word: str) -> Callable[[str, Mapping[str, str]], tuple[str, str]]:
    def words(actor: str, said: Mapping[str, str]) -> tuple[str, str]:
        what = said.get("branch") or said.get("mr") or ""
        return said.get("worker") or actor, _joined(f"{word} {what}".strip(), said.get("reason") or said.get("message"))

    return words


def _nudged(actor: str, said: Mapping[str, str]) -> tuple[str, str]:
    return said.get("target") or actor, _joined(f"nudged{_by(actor)}", said.get("reason"))


def _escalated(actor: str, said: Mapping[str, str]) -> tuple[str, str]:
    to = said.get("to") or said.get("targets") or said.get("target")
    severity = said.get("severity") or said.get("new_severity")
    return actor, _joined("escalated" + (f" to {to}" if to else "") + (f", {severity}" if severity else ""), said.get("reason"))


_WORDS: Mapping[str, Callable[[str, Mapping[str, str]], tuple[str, str]]] = {
    "session_start": lambda actor, said: (actor or said.get("role", ""), _joined("session began", said.get("topic"))),
    "session_death": lambda actor, said: (
        said.get("agent") or said.get("session") or actor,
        _joined("session ended", said.get("reason")),
    ),
    "mass_death": lambda _, said: (
        "",
        _joined(
            f"{said.get('count') or 'many'} sessions died within {said.get('window') or 'a short time'}",
            said.get("possible_cause"),
        ),
    ),
    "nudge": _nudged,
    "polecat_nudged": _nudged,
    "handoff": lambda actor, said: (actor, _joined("handed off", said.get("subject"))),
    "sling": lambda actor, said: (said.get("target") or actor, f"slung {said.get('bead') or 'work'}{_by(actor)}"),
    "done": lambda actor, said: (actor, _joined(f"done with {said.get('bead') or 'its work'}", said.get("branch"))),
    "spawn": lambda actor, said: (
        f"{said['rig']}/polecats/{said['polecat']}" if said.get("rig") and said.get("polecat") else actor,
        f"spawned{_by(actor)}",
    ),
    "boot": lambda actor, said: (actor, _joined(f"booted {said.get('rig') or 'the town'}", said.get("agents"))),
    "halt": lambda actor, said: (actor, _joined("halted", said.get("services"))),
    "merge_started": _merge("merging"),
    "merged": _merge("merged"),
    "merge_failed": _merge("failed to merge"),
    "merge_skipped": _merge("did not merge"),
    "escalation_sent": _escalated,
    "escalation_acked": lambda actor, said: (
        said.get("acked_by") or actor,
        f"acknowledged the escalation {said.get('escalation_id', '')}".strip(),
    ),
    "escalation_closed": lambda actor, said: (
        said.get("closed_by") or actor,
        _joined(f"closed the escalation {said.get('escalation_id', '')}".strip(), said.get("reason")),
    ),
}
