"""Reading beads: the lines of an export and the answers of `bd list --json`, of every version since 0.57.

Nothing here raises. What cannot be read is returned as that, with the reason, to be counted and told.
"""

from __future__ import annotations

import json
import re
from sys import intern
from typing import Any, NamedTuple

from .bead import Bead, Closed, Dependency, stamp

# Nine of ten lines are closed beads, and reading one in full costs ten times as much as finding out that it is closed. bd
# writes `status` after the texts; within a JSON string every quote is escaped, so what follows is never found inside one.
_STRING = rb'"[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+"'
_CLOSED = re.compile(
    rb'\s*+\{\s*+(?:"_type":\s*+"issue",\s*+)?"id":\s*+"([^"\\\x00-\x1f]++)",'
    rb'(?:\s*+"(?!status")\w++":\s*+' + _STRING + rb',)*+\s*+"status":\s*+"closed"[,}\s]'
)
_EDGE = re.compile(rb'"issue_id":\s*+"([^"\\]++)",\s*+"depends_on_id":\s*+"([^"\\]++)",\s*+"type":\s*+"parent-child"')

_ARRAY = re.compile(rb'(?:\A|\n)(?:\{(?:\s*+"(?!data"|issues")\w++":[^\[{,]++,)*+\s*+"(?:data|issues)":\s*+)?\[')
_LAID_OUT = re.compile(rb"\n(\x20+)\{\n")
_NOTHING = re.compile(rb"(?:\A|\n)(?:null|No issues found\.?)\s*\Z", re.IGNORECASE)
_SAID = 200


class Skipped(NamedTuple):
    """What was no bead. `why` is for a person; empty where it was not meant to be one (a memory in an export)."""

    why: str


class Answer(NamedTuple):
    """What bd answered: the beads, each as its own JSON. `whole` is False where it ends early, or is none: `said` is why."""

    beads: tuple[bytes, ...]
    whole: bool
    said: str = ""


def read(raw: bytes) -> Bead | Closed | Skipped:
    """Returns the bead that one line of an export, or one object of an answer, is."""
    head = _CLOSED.match(raw)
    if head and raw.rstrip().endswith(b"}") and not (b'"defer_until"' in raw or b'"ephemeral"' in raw or b'"no_history"' in raw):
        mine = head[1]
        parents = [target for child, target in _EDGE.findall(raw) if child == mine] if b'"parent-child"' in raw else ()
        return Closed(_word(mine), tuple(map(_word, parents)), raw)
    return _in_full(raw)


def _word(name: bytes) -> str:
    return intern(name.decode("utf-8", "replace"))


def _in_full(raw: bytes) -> Bead | Skipped:
    try:
        record = json.loads(raw.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return Skipped("not JSON" if raw.rstrip().endswith(b"}") else "it ends early")
    if not isinstance(record, dict):
        return Skipped("not an object")
    if record.get("_type", "issue") != "issue":
        return Skipped("")
    if not isinstance(record.get("id"), str) or not record["id"]:
        return Skipped("it has no id")
    return _bead(record, raw)


def _bead(record: dict[str, Any], raw: bytes) -> Bead:
    told = record.get
    priority = told("priority")
    return Bead(
        intern(record["id"]),
        _text(told("title")),
        intern(_text(told("status"))),
        intern(_text(told("issue_type") or told("type"))),
        priority if type(priority) is int else None,
        intern(_text(told("assignee"))),
        _labels(told("labels")),
        _needs(told("dependencies")),
        told("ephemeral") is True,
        told("no_history") is True,
        told("pinned") is True,
        stamp(told("created_at")),
        stamp(told("updated_at")),
        stamp(told("started_at")),
        stamp(told("defer_until")),
        raw,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _labels(value: object) -> tuple[str, ...]:
    return tuple(intern(label) for label in value if isinstance(label, str)) if isinstance(value, list) else ()


def _needs(value: object) -> tuple[Dependency, ...]:
    """Returns the edges, told as records of edges or, by `bd show`, as the beads that they lead to."""
    if not isinstance(value, list):
        return ()
    edges = [edge for edge in value if isinstance(edge, dict)]
    told = [
        (edge.get("depends_on_id") or edge.get("id"), edge.get("dependency_type") or edge.get("type"), edge.get("metadata"))
        for edge in edges
    ]
    return tuple(
        Dependency(intern(target), intern(kind), kind == "waits-for" and _any_child(metadata))
        for target, kind, metadata in told
        if isinstance(target, str) and isinstance(kind, str)
    )


def _any_child(metadata: object) -> bool:
    """Whether the gate is any-children; bd takes every other word, and what it cannot read, for all-children."""
    try:
        gate = json.loads(metadata) if isinstance(metadata, str) else metadata
    except (ValueError, RecursionError):
        return False
    return isinstance(gate, dict) and gate.get("gate") == "any-children"


def answer(out: bytes) -> Answer:
    """Returns the beads of what `bd list --json` printed: an array, bare or in an envelope, after whatever warnings."""
    head = _ARRAY.search(out)
    if head is None:
        return Answer((), True) if _NOTHING.search(out) else _no_array(out)
    body = out[head.end() :]
    laid_out = _LAID_OUT.match(body)
    return _by_layout(body[laid_out.end() :], laid_out[1]) if laid_out else _by_scanning(body)


def _no_array(out: bytes) -> Answer:
    text = out[out.find(b"{") :] if b"{" in out else b""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return Answer((), False, out.decode("utf-8", "replace").strip()[:_SAID] or "an empty answer")
    if isinstance(record, dict) and "id" in record:
        return Answer((text,), True)
    said = record.get("error") if isinstance(record, dict) else None
    return Answer((), False, str(said or "an answer of a form that nobody knows")[:_SAID])


def _by_layout(body: bytes, indent: bytes) -> Answer:
    """Objects laid out one below the other: no string holds a line break, so only their ends stand at their indent."""
    *beads, last = body.split(b"\n" + indent + b"},\n" + indent + b"{\n")
    last, end, rest = last.partition(b"\n" + indent + b"}")
    whole = bool(end) and rest.lstrip().startswith(b"]")
    beads += [last] if end else []
    return Answer(tuple(b"{" + bead + b"}" for bead in beads), whole, "" if whole else "it ends early")


def _by_scanning(body: bytes) -> Answer:
    text, at = body.decode("utf-8", "replace"), 0
    beads: list[bytes] = []
    scan = json.JSONDecoder().raw_decode
    while True:
        at += len(text[at : at + 4096]) - len(text[at : at + 4096].lstrip(" \t\r\n,"))
        if text.startswith("]", at):
            return Answer(tuple(beads), True)
        try:
            _, end = scan(text, at)
        except (ValueError, RecursionError):
            return Answer(tuple(beads), False, "it ends early")
        beads.append(text[at:end].encode())
        at = end
