"""What is known of a town, and how a fact joins it. Pure; `judging.judge` says what follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .activity import Motion
from .agents import Identity, Stranger
from .facts import Exited, Fact, Listing, Located, Pane, PaneChanged, Remembered, Rig, SourceFailed, TownFiles, Tree
from .programs import Found, find_agent
from .snapshot import Agent, Moment, Town, TownRef

OUR_PREFIX = "_gttui-"
CLOCK_STEP_S = 2.0
KEEP_EXITS_S = 60.0
MOST_REMEMBERED = 2000

Identities = Mapping[tuple[str, float], tuple[Pane, Identity | Stranger, tuple[Rig, ...]]]


@dataclass(frozen=True, slots=True)
class Judged:
    """An agent, what its verdict rests on (compared by identity), and until when (mono) it stands."""

    agent: Agent
    inputs: tuple[Any, ...]
    next_at: float | None = None
    confirm: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """What `judge` returns: the Town, when it changes by itself (mono), whether another look may settle something."""

    town: Town
    next_at: float | None
    confirm: bool
    judged: Mapping[str, Judged]
    identities: Identities


@dataclass(frozen=True, slots=True)
class Known:
    """Everything known of one town. Maps are never changed in place."""

    ref: TownRef
    panes: Mapping[str, Pane] = field(default_factory=dict)
    epoch: str | None = None
    answer: Moment | None = None
    first_answer: Moment | None = None
    failures: Mapping[str, SourceFailed] = field(default_factory=dict)
    answered: Mapping[str, Moment] = field(default_factory=dict)
    trees: Mapping[str, Tree] = field(default_factory=dict)
    finds: Mapping[str, Found] = field(default_factory=dict)
    without_agent: Mapping[str, Moment] = field(default_factory=dict)
    motions: Mapping[str, Motion] = field(default_factory=dict)
    exits: Mapping[int, Moment] = field(default_factory=dict)
    lacking: Mapping[str, Moment] = field(default_factory=dict)
    files: TownFiles | None = None
    remembered: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    located: Located | None = None
    clock: float | None = None
    clock_step: tuple[float, float] | None = None
    judged: Mapping[str, Judged] = field(default_factory=dict)
    identities: Identities = field(default_factory=dict)


def fold(known: Known, fact: Fact | Judgement) -> Known:
    """Returns what is known after a fact (or after what was said last, which the next judgement compares with)."""
    match fact:
        case Judgement():
            return _fold_judgement(known, fact)
        case Listing():
            return _fold_listing(_fold_clock(known, fact.at), fact)
        case Tree():
            return _fold_tree(known, fact)
        case PaneChanged():
            motion = known.motions.get(fact.pane_id)
            if motion is None:
                return known
            return replace(known, motions={**known.motions, fact.pane_id: motion.captured(fact.changed, fact.at)})
        case Exited():
            return replace(known, exits={**known.exits, fact.pid: fact.at})
        case SourceFailed():
            return _fold_failure(known, fact)
        case TownFiles():
            return replace(_answered(known, "town", fact.at), files=_kept_files(known.files, fact))
        case Remembered():
            return replace(_answered(known, "memory", fact.at), remembered={**fact.seen, **known.remembered})
        case Located():
            return replace(known, located=fact)


def _fold_judgement(known: Known, fact: Judgement) -> Known:
    """Forgets whom nobody expects any more: a session is remembered for an agent that is told by that name."""
    told = {one.agent.id: one.agent.session for one in fact.judged.values()}
    kept = {session: entry for session, entry in known.remembered.items() if told.get(entry[0]) == session}
    known = replace(known, judged=fact.judged, identities=fact.identities)
    if len(kept) == len(known.remembered) <= MOST_REMEMBERED:
        return known
    newest = dict(sorted(kept.items(), key=lambda item: item[1][1])[-MOST_REMEMBERED:])
    return replace(known, remembered=newest, lacking={name: at for name, at in known.lacking.items() if name in newest})


def _kept_files(old: TownFiles | None, new: TownFiles) -> TownFiles:
    """Returns the files, the same objects where they say the same: who is who need not be asked again."""
    if old is None or old == new:
        return old or new
    return replace(new, rigs=old.rigs) if old.rigs == new.rigs else new


def _answered(known: Known, source: str, at: Moment) -> Known:
    failures = {name: failure for name, failure in known.failures.items() if name != source}
    return replace(known, failures=failures, answered={**known.answered, source: at})


def _fold_clock(known: Known, at: Moment) -> Known:
    """A wall clock that is set while we watch moves every stamp that we made ourselves, and is told."""
    offset = at.wall - at.mono
    if known.clock is None or abs(step := offset - known.clock) < CLOCK_STEP_S:
        return known if known.clock is not None else replace(known, clock=offset)
    motions = {pane: motion.shifted(step) for pane, motion in known.motions.items()}
    return replace(known, clock=offset, clock_step=(step, at.wall), motions=motions)


def _fold_failure(known: Known, fact: SourceFailed) -> Known:
    failures = {**known.failures, fact.name: fact}
    if fact.name != "tmux" or not fact.absent:
        return replace(known, failures=failures)
    # Nobody listens: that is a complete answer, and it lists nothing.
    return replace(_fold_listing(known, Listing("", {}, fact.at)), failures=failures, epoch=None)


def _fold_listing(known: Known, fact: Listing) -> Known:
    same_server = known.epoch in (None, fact.epoch)
    old = known.panes if same_server else {}
    panes = {pane_id: pane for pane_id, pane in fact.panes.items() if not pane.session.startswith(OUR_PREFIX)}
    motions = {pane_id: _moved(known.motions.get(pane_id), old.get(pane_id), pane, fact.at) for pane_id, pane in panes.items()}
    kept = {pane_id for pane_id, pane in panes.items() if _same_process(old.get(pane_id), pane)}
    lacking, remembered = _vanished_sessions(known, panes, fact.at)
    pids = {pane.pid for pane in panes.values()}
    # A pane that is new holds a new process, whoever had its number before.
    newborn = {pane.pid for pane_id, pane in panes.items() if pane_id not in kept}
    pids.update(pid for one in known.judged.values() for pid in (one.agent.pid, one.agent.agent_pid) if pid)
    return replace(
        _answered(known, "tmux", fact.at),
        panes=panes if _differs(panes, old) else old,
        epoch=fact.epoch,
        answer=fact.at,
        first_answer=known.first_answer or fact.at,
        motions=motions,
        trees={pane: tree for pane, tree in known.trees.items() if pane in kept},
        finds={pane: found for pane, found in known.finds.items() if pane in kept},
        without_agent={pane: at for pane, at in known.without_agent.items() if pane in kept},
        exits={
            pid: at
            for pid, at in known.exits.items()
            if pid not in newborn and (pid in pids or fact.at.mono - at.mono < KEEP_EXITS_S)
        },
        lacking=lacking,
        remembered=remembered,
    )


def _differs(new: Mapping[str, Pane], old: Mapping[str, Pane]) -> bool:
    return len(new) != len(old) or any(old.get(key) is not pane for key, pane in new.items())


def _same_process(old: Pane | None, new: Pane) -> bool:
    return old is not None and old.pid == new.pid


def _moved(motion: Motion | None, old: Pane | None, new: Pane, at: Moment) -> Motion:
    if motion is None or old is None or old.pid != new.pid:
        return Motion(at, new.window_activity)
    return motion if old is new else motion.after(old, new, at)


def _vanished_sessions(
    known: Known, panes: Mapping[str, Pane], at: Moment
) -> tuple[Mapping[str, Moment], Mapping[str, tuple[str, float]]]:
    """Returns since when each session is lacking, and whom they held: an agent that was seen alive is expected."""
    present = {name for pane in panes.values() for name in (pane.session, *pane.sessions)}
    lacking = {session: since for session, since in known.lacking.items() if session not in present}
    remembered = dict(known.remembered)
    for judged in known.judged.values():
        agent = judged.agent
        if agent.session and agent.session_id and agent.session not in present:
            lacking[agent.session] = at
            remembered[agent.session] = (agent.id, known.answer.wall if known.answer else at.wall)
    return lacking, remembered


def _fold_tree(known: Known, fact: Tree) -> Known:
    pane = known.panes.get(fact.pane_id)
    if pane is None or pane.pid != fact.root:
        return known
    if fact.error:
        return _unreadable(known, fact)
    last, old = known.answered.get("process"), known.finds.get(fact.pane_id)
    if last is None or fact.at.mono - last.mono >= 1 or "process" in known.failures:
        known = _answered(known, "process", fact.at)
    if old and old.agent and known.trees.get(fact.pane_id) == fact:
        return known
    found = find_agent(fact, pane.env)
    without = {key: at for key, at in known.without_agent.items() if key != fact.pane_id}
    if found.agent is None:
        without[fact.pane_id] = known.without_agent.get(fact.pane_id, fact.at)
    exits, agent = known.exits, found.agent
    if agent and (exited := exits.get(agent.pid)) and exited.mono < fact.at.mono:
        # Whoever is there did not end: numbers are used again.
        exits = {pid: at for pid, at in exits.items() if pid != agent.pid}
    return replace(
        known,
        trees={**known.trees, fact.pane_id: fact},
        finds={**known.finds, fact.pane_id: old if old == found else found},
        without_agent=without,
        exits=exits,
    )


def _unreadable(known: Known, fact: Tree) -> Known:
    return replace(
        known,
        trees={**known.trees, fact.pane_id: fact},
        finds={**known.finds, fact.pane_id: find_agent(fact, {})},
        failures={**known.failures, "process": SourceFailed("process", fact.error or "", fact.at)},
    )
