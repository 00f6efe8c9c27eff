"""All about one bead as lines: what it is, what it needs and what needs it, what was written of it, and what happened to it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from textwrap import TextWrapper
from typing import Any, NamedTuple

from rich.cells import chop_cells

from gastown_tui.town.beads.bead import Bead, stamp
from gastown_tui.town.beads.queues import Convoy
from gastown_tui.town.beads.trees import MOST_BRANCHES, Account, Branch
from gastown_tui.town.secrets import FURTHEST
from gastown_tui.town.snapshot import Told
from gastown_tui.town.text import mask, safe, shown

from .ages import Ages
from .sheet import when

_TEXTS = ("description", "acceptance_criteria", "design", "notes")
_MOST_CHARACTERS = 65536
_TOLD = re.compile(
    "_type|id|title|status|priority|(issue_)?type|assignee|created_by|(created|updated|started|closed)_at|close_reason|labels|"
    "dependencies|dependents|comments|defer_until|(dependency|dependent|comment)_count"
)
_LABEL = 12


class Entry(NamedTuple):
    """One line as (text, ink) from left to right; `bead_id` is the bead that it stands for, if any."""

    runs: tuple[tuple[str, str], ...] = ()
    bead_id: str = ""


def entries(
    account: Account,
    detail: Mapping[str, Any],
    ages: Ages,
    width: int,
    *,
    who: str,
    source: str,
    convoy: Convoy | None = None,
    events: Iterable[Told] = (),
) -> list[Entry]:
    """Returns the lines, all inert and without secrets.

    `detail`: all of the bead, empty where that is too long; `who`: the agent that has it; `source`: where it is known from.
    """
    bead = account.bead
    lines = list(_facts(account, ages, who, source))
    lines += [] if detail else [_fact("its texts", f"left out: they are {len(bead.raw):,} bytes long")]
    lines += _titled("tracks", _members(convoy))
    # What a convoy tracks is looked up in every database, what a bead needs only in its own.
    lines += _titled("needs", _tree([one for one in account.needs if not (convoy and one.kind == "tracks")]))
    lines += _titled("is needed by", _tree(account.needed_by))
    for name in _TEXTS:
        lines += _titled(name.replace("_", " "), _text(detail.get(name), width))
    lines += _titled("history", _history(bead, detail, events, ages, width))
    return lines + _titled("also told", _others(detail, width))


def _titled(title: str, lines: Iterable[Entry]) -> list[Entry]:
    told = list(lines)
    return [Entry(), Entry(((f" {title}", "faint"),)), *told] if told else []


def _facts(account: Account, ages: Ages, who: str, source: str) -> Iterator[Entry]:
    bead = account.bead
    kind = " · ".join([bead.type or "no type", "no priority" if bead.priority is None else f"P{bead.priority}", *bead.labels])
    yield _fact("status", f"{bead.status or 'not told'}{f' · {who}' if who else ''}")
    yield _fact("type", kind)
    for holder in account.held_by:
        yield _fact("held by", holder, holder)
    if bead.created is not None:
        written = "at an unknown time" if bead.updated is None else ages.ago(bead.updated)
        yield _fact("age", f"{ages.quiet(bead.created)}, last written to {written}")
    yield _fact("known from", source)


def _fact(label: str, text: str, bead_id: str = "") -> Entry:
    return Entry(((f" {label:{_LABEL}} ", "dim"), (_inert(text), "text")), bead_id)


@lru_cache(maxsize=1024)
def _inert(text: str) -> str:
    return shown(text, _MOST_CHARACTERS)


def _members(convoy: Convoy | None) -> Iterator[Entry]:
    if convoy is not None:
        yield _fact("progress", f"{convoy.closed} of {len(convoy.members)} closed")
    for member in convoy.members if convoy else ():
        yield _bead(0, "", member.id, member.status, member.title)


def _tree(branches: Sequence[Branch]) -> Iterator[Entry]:
    for one in branches[:MOST_BRANCHES]:
        yield _bead(one.depth, one.kind, one.id, one.status, one.title, again=one.again)
    if len(branches) >= MOST_BRANCHES:
        yield Entry(((f" ⋮ the first {MOST_BRANCHES}", "dim"),))


def _bead(depth: int, kind: str, bead_id: str, status: str | None, title: str, *, again: bool = False) -> Entry:
    """Returns the line of a bead in a tree; one that stands in it further up, as in a circle, is not followed again."""
    token = "attention" if status is None else "dim"
    runs = [
        (" " + "  " * min(depth, 20) + "└ ", "faint"),
        (f"{_inert(kind)} " if kind else "", "dim"),
        (_inert(bead_id), "accent"),
        (f" {_inert(status or 'not in this database')}", token),
        (" ↺ as above" if again else "", "attention"),
        (f"  {_inert(title)}", "text"),
    ]
    return Entry(tuple(runs), bead_id)


def _text(text: object, width: int, indent: str = " ") -> Iterator[Entry]:
    if isinstance(text, str) and text.strip():
        for line in _wrapped(text, width - len(indent) - 1):
            yield Entry(((indent + line, "text"),))


@lru_cache(maxsize=64)
def _wrapped(text: str, width: int) -> tuple[str, ...]:
    """Returns a text of many lines in lines of that width, inert."""
    width = max(8, width)
    wrapper = TextWrapper(width, break_on_hyphens=False)
    text = text.expandtabs(4)
    told = mask("\n".join(map(safe, text[: _MOST_CHARACTERS + FURTHEST].splitlines())), _MOST_CHARACTERS)
    lines = [
        row for line in told.split("\n") for row in (wrapper.wrap(line) if line.isascii() else chop_cells(line, width)) or [""]
    ]
    left = len(text) - _MOST_CHARACTERS
    return (*lines, *([f"(+{left:,} characters)"] if left > 0 else []))


def _history(bead: Bead, detail: Mapping[str, Any], events: Iterable[Told], ages: Ages, width: int) -> Iterator[Entry]:
    """Yields what is known to have happened to a bead, the newest first."""
    happened = [(at, told) for at, told in _moments(bead, detail) if at is not None]
    happened += [(event.at, event.text) for event in events if _names(event.text, bead.id)]
    for at, told in sorted(happened, reverse=True):
        first, *more = _wrapped(told, width - _LABEL - 3) or ("",)
        yield Entry(((f" {when(at, ages.now):{_LABEL}} ", "dim"), (first, "text")))
        for line in more:
            yield Entry(((" " * (_LABEL + 2) + line, "text"),))


def _moments(bead: Bead, detail: Mapping[str, Any]) -> Iterator[tuple[float | None, str]]:
    by = detail.get("created_by")
    yield bead.created, f"created by {by}" if isinstance(by, str) and by else "created"
    yield bead.started, "started"
    yield bead.updated, "last written to"
    yield bead.defer_until, "deferred until then"
    why = detail.get("close_reason")
    yield stamp(detail.get("closed_at")), f"closed: {why}" if isinstance(why, str) and why else "closed"
    comments = detail.get("comments")
    for one in comments if isinstance(comments, list) else ():
        if isinstance(one, dict):
            yield stamp(one.get("created_at")), f"{one.get('author') or 'somebody'}: {one.get('text') or ''}"


def _names(text: str, bead_id: str) -> bool:
    return bead_id in text.replace(",", " ").replace(":", " ").split()


def _others(detail: Mapping[str, Any], width: int) -> Iterator[Entry]:
    """Yields what else was told, also what nobody knows yet."""
    for name, value in detail.items():
        if not _TOLD.fullmatch(name) and name not in _TEXTS and value not in (None, "", [], {}, False):
            told = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            label = f" {_inert(name):{_LABEL}} "
            first, *more = _wrapped(told, width - len(label) - 1) or ("",)
            yield Entry(((label, "dim"), (first, "text")))
            for line in more:
                yield Entry(((" " * len(label) + line, "text"),))
