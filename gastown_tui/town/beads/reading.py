"""Reading beads: the lines of an export and the answers of `bd list --json`, of every version since 0.57.

Only `glance` raises. What cannot be read is returned as that, with the reason, to be counted and told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from sys import intern
from typing import Any, NamedTuple, Protocol

from ..text import mask
from .bead import DECODER, Bead, Dependency, stamp

_ARRAY = re.compile(rb'(?:\A|\n)(?:\{(?:\s*+"(?!data"|issues")\w++":[^\[{,]++,)*+\s*+"(?:data|issues)":\s*+)?\[')
_LAID_OUT = re.compile(rb"\n(\x20+)\{\n")
_NOTHING = re.compile(rb"(?:\A|\n)(?:null|No issues found\.?)\s*\Z", re.IGNORECASE)
MOST_SAID = 200
"""Characters that are told of what bd says where it does not answer."""
# Warnings before the answer are lines; whatever goes on longer without it is none.
_MOST_BEFORE = 1 << 16
_LONGEST_BREAK = 256
_CUT = "bd's answer ends early"
_decode = DECODER.raw_decode


class Skipped(NamedTuple):
    """What was no bead. `why` is for a person; empty where it was not meant to be one (a memory in an export)."""

    why: str


class Answer(NamedTuple):
    """What bd answered: the beads, each as its own JSON. `whole` is False where it ends early, or is none: `said` is why."""

    beads: tuple[bytes, ...]
    whole: bool
    said: str = ""


class Glance(Protocol):
    """As much of a bead as says whether it needs to be read: most of a database is known, or history."""

    @property
    def id(self) -> str: ...
    @property
    def status(self) -> str: ...


class Ways(Protocol):
    """How the JSON of a bead is read: as in this module, or as in `observe.beads.quick`."""

    def glance(self, raw: bytes, /) -> Glance:
        """Returns whose it is and how it stands; raises ValueError or RecursionError where only a full reading says so."""

    def read(self, raw: bytes, /) -> Bead | Skipped:
        """Returns the bead that one line of an export, or one object of an answer, is."""


def glance(raw: bytes) -> Bead:
    told = read(raw)
    if isinstance(told, Skipped):
        raise ValueError(told.why)
    return told


def read(raw: bytes) -> Bead | Skipped:
    try:
        text = raw.decode("utf-8", "replace").strip(" \t\r\n")
        record, end = _decode(text)
    except (ValueError, RecursionError):
        end, text = 0, "?"
    if end < len(text):
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
    texts: tuple[Any, ...] = (
        told("title", ""),
        told("status", ""),
        told("issue_type") or told("type", ""),
        told("assignee", ""),
        told("created_at", ""),
        told("updated_at", ""),
        told("started_at", ""),
    )
    try:
        "".join(texts)
    except TypeError:
        texts = tuple(text if isinstance(text, str) else "" for text in texts)
    title, status, type_, assignee, created, updated, started = texts
    priority = told("priority")
    told_of = (
        record["id"],
        title,
        intern(status),
        intern(type_),
        priority if type(priority) is int else None,
        assignee,
        _labels(record["labels"]) if "labels" in record else (),
        _needs(record["dependencies"]) if "dependencies" in record else (),
        told("ephemeral") is True,
        told("no_history") is True,
        told("pinned") is True,
        created,
        updated,
        started,
        stamp(record["defer_until"]) if "defer_until" in record else None,
        raw,
    )
    # Its own `__new__` is a function of sixteen arguments; this is what it calls.
    return tuple.__new__(Bead, told_of)


def _labels(value: object) -> tuple[str, ...]:
    return tuple(intern(label) for label in value if isinstance(label, str)) if isinstance(value, list) else ()


def _needs(edges: object) -> tuple[Dependency, ...]:
    """Returns the edges, told as records of edges or, by `bd show`, as the beads that they lead to."""
    needs = []
    for edge in edges if isinstance(edges, list) else ():
        if isinstance(edge, dict):
            told = edge.get
            target, kind = told("depends_on_id") or told("id"), told("dependency_type") or told("type")
            if isinstance(target, str) and isinstance(kind, str):
                any_child = kind == "waits-for" and any_closed_child(told("metadata"))
                needs.append(tuple.__new__(Dependency, (target, intern(kind), any_child)))
    return tuple(needs)


def any_closed_child(metadata: object) -> bool:
    """Whether the gate is any-children; bd takes every other word, and what it cannot read, for all-children."""
    try:
        gate = json.loads(metadata) if isinstance(metadata, str) else metadata
    except (ValueError, RecursionError):
        return False
    return isinstance(gate, dict) and gate.get("gate") == "any-children"


class Answering:
    """What `bd list --json` prints, taken piece by piece: an array, bare or in an envelope, after whatever warnings.

    `keep` is given each bead and returns the bytes to keep in its place: those of before, where it is the same.
    """

    def __init__(self, keep: Callable[[bytes], bytes] = bytes) -> None:
        self._keep = keep
        self._beads: list[bytes] = []
        self._rest = bytearray()
        self._indent: bytes | None = None

    def feed(self, piece: bytes) -> None:
        at = max(0, len(self._rest) - _LONGEST_BREAK)
        self._rest += piece
        if self._indent is not None:
            self._cut(self._indent, at)
        elif self._begin():
            self._cut(self._indent or b"", 0)

    def _cut(self, indent: bytes, at: int) -> None:
        """Takes what is complete; nothing before `at` ends there."""
        between, begin = b"\n" + indent + b"},\n" + indent + b"{\n", 0
        while (end := self._rest.find(between, at)) >= 0:
            self._beads.append(self._keep(b"{\n" + self._rest[begin:end] + b"\n}"))
            begin = at = end + len(between)
        del self._rest[:begin]

    def _begin(self) -> bool:
        """Finds objects laid out one below the other: no string holds a line break, so only their ends stand at their indent."""
        head = _ARRAY.search(self._rest, 0, _MOST_BEFORE)
        laid_out = _LAID_OUT.match(self._rest, head.end()) if head else None
        if laid_out is None:
            return False
        self._indent = bytes(laid_out[1])
        del self._rest[: laid_out.end()]
        return True

    def end(self) -> Answer:
        """Returns what it was."""
        if self._indent is None:
            return _not_laid_out(bytes(self._rest))
        last, end, rest = self._rest.partition(b"\n" + self._indent + b"}")
        whole = bool(end) and rest.lstrip().startswith(b"]")
        self._beads += [self._keep(b"{\n" + last + b"\n}")] if end else []
        return Answer(tuple(self._beads), whole, "" if whole else _CUT)


def answer(out: bytes) -> Answer:
    """Returns the beads of what `bd list --json` printed."""
    answering = Answering()
    answering.feed(out)
    return answering.end()


def _not_laid_out(out: bytes) -> Answer:
    head = _ARRAY.search(out, 0, _MOST_BEFORE)
    if head is None:
        return Answer((), True) if len(out) < _MOST_BEFORE and _NOTHING.search(out) else _no_array(out)
    return _by_scanning(out[head.end() :])


def _no_array(out: bytes) -> Answer:
    text = out[out.find(b"{") :] if b"{" in out else b""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return Answer((), False, mask(out.decode("utf-8", "replace").strip(), MOST_SAID) or "an empty answer")
    if isinstance(record, dict) and "id" in record:
        return Answer((text,), True)
    said = record.get("error") if isinstance(record, dict) else None
    return Answer((), False, mask(str(said or "an answer of a form that nobody knows"), MOST_SAID))


def _by_scanning(body: bytes) -> Answer:
    text, at = body.decode("utf-8", "replace"), 0
    beads: list[bytes] = []
    while True:
        at += len(text[at : at + 4096]) - len(text[at : at + 4096].lstrip(" \t\r\n,"))
        if text.startswith("]", at):
            return Answer(tuple(beads), True)
        try:
            _, end = _decode(text, at)
        except (ValueError, RecursionError):
            return Answer(tuple(beads), False, _CUT)
        beads.append(text[at:end].encode())
        at = end
