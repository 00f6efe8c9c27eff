"""What is known of a town, and how a fact joins it. Pure; `judging.judge` says what follows."""

from collections.abc import Mapping, Set
from typing import Any, NamedTuple, TypeVar

from .acks import Ack
from .activity.judging import FIRST, Carried
from .activity.motion import Motion
from .agents import Identity, Stranger
from .facts import (
    OUR_PREFIX,
    Acknowledgements,
    BeadsRead,
    Exited,
    Fact,
    Frame,
    Listing,
    Located,
    MonitorRead,
    Pane,
    Remembered,
    Rig,
    SourceFailed,
    TownFiles,
    Tree,
)
from .programs import Found, find_agent
from .snapshot import NOTHING, Agent, Moment, Notice, Town, TownRef
from .wishes import NO_WISHES, Wishes

CLOCK_STEP_S = 2.0
# An end may be told before whose it was is judged; a town that dies by the thousand was remembered for a minute.
KEEP_EXITS_S = 5.0
MOST_REMEMBERED = 2000

K = TypeVar("K")
V = TypeVar("V")
Identities = Mapping[tuple[str, float], tuple[Pane, Identity | Stranger, tuple[Rig, ...]]]


class Judged(NamedTuple):
    """An agent, what its verdict rests on (compared by identity), and until when (mono) it stands.

    `look_at` (mono): when another look at its screen would settle something.
    """

    agent: Agent
    inputs: tuple[Any, ...]
    next_at: float | None = None
    confirm: bool = False
    look_at: float | None = None
    carried: Carried = FIRST

    @property
    def mute(self) -> bool:
        """Whether its screen told nothing when it was looked at last."""
        return self.carried.reading is None or self.carried.reading.state is None


class Judgement(NamedTuple):
    """What `judge` returns: the Town, when it changes by itself (mono), whether another look may settle something.

    `shared`: what all verdicts rest on, compared by identity.
    """

    town: Town
    next_at: float | None
    confirm: bool
    judged: Mapping[str, Judged]
    identities: Identities
    shared: tuple[object, ...] = ()


class Known(NamedTuple):
    """Everything known of one town. Maps are never changed in place."""

    ref: TownRef
    panes: Mapping[str, Pane] = NOTHING
    epoch: str | None = None
    answer: Moment | None = None
    first_answer: Moment | None = None
    beside: Notice | None = None
    failures: Mapping[str, SourceFailed] = NOTHING
    answered: Mapping[str, Moment] = NOTHING
    trees: Mapping[str, Tree] = NOTHING
    finds: Mapping[str, Found] = NOTHING
    without_agent: Mapping[str, Moment] = NOTHING
    motions: Mapping[str, Motion] = NOTHING
    screens: Mapping[str, Frame] = NOTHING
    exits: Mapping[int, Moment] = NOTHING
    lacking: Mapping[str, Moment] = NOTHING
    files: TownFiles | None = None
    remembered: Mapping[str, tuple[str, float]] = NOTHING
    acks: Mapping[str, Ack] = NOTHING
    located: Located | None = None
    monitor: MonitorRead | None = None
    beads: BeadsRead | None = None
    clock: float | None = None
    clock_step: tuple[float, float] | None = None
    judged: Mapping[str, Judged] = NOTHING
    identities: Identities = NOTHING
    shared: tuple[object, ...] = ()
    wishes: Wishes = NO_WISHES


def fold(known: Known, fact: Fact | Judgement) -> Known:
    """Returns what is known after a fact (or after what was said last, which the next judgement compares with)."""
    match fact:
        case Judgement():
            return _fold_judgement(known, fact)
        case Listing():
            return _fold_listing(_fold_clock(known, fact.at), fact)
        case Tree():
            return _fold_tree(known, fact)
        case Frame():
            return _fold_frame(known, fact)
        case Exited():
            return known._replace(exits={**known.exits, fact.pid: fact.at})
        case SourceFailed():
            return _fold_failure(known, fact)
        case TownFiles():
            return _fold_files(known, fact)
        case Remembered():
            return _answered(known, "memory", fact.at)._replace(remembered={**fact.seen, **known.remembered})
        case Acknowledgements():
            return known._replace(acks=fact.entries)
        case Located():
            return known._replace(located=fact)
        case MonitorRead():
            return _answered(known, "monitor", fact.at)._replace(monitor=fact)
        case BeadsRead():
            return _fold_beads(known, fact)


def _fold_frame(known: Known, fact: Frame) -> Known:
    motion, before = known.motions.get(fact.pane_id), known.screens.get(fact.pane_id)
    if motion is None:
        return known
    if before is not None:
        motion = motion.captured(fact.rows != before.rows, fact.at)
    return known._replace(motions={**known.motions, fact.pane_id: motion}, screens={**known.screens, fact.pane_id: fact})


def _fold_judgement(known: Known, fact: Judgement) -> Known:
    """Forgets whom nobody expects any more: a session is remembered for an agent that is told by that name."""
    told = {one.agent.id: one.agent.session for one in fact.judged.values()}
    kept = {session: entry for session, entry in known.remembered.items() if told.get(entry[0]) == session}
    known = known._replace(judged=fact.judged, identities=fact.identities, shared=fact.shared)
    if len(kept) == len(known.remembered) <= MOST_REMEMBERED:
        return known
    newest = dict(sorted(kept.items(), key=lambda item: item[1][1])[-MOST_REMEMBERED:])
    return known._replace(remembered=newest, lacking={name: at for name, at in known.lacking.items() if name in newest})


def _fold_files(known: Known, fact: TownFiles) -> Known:
    known = _answered(known, "town", fact.at)._replace(files=_kept_files(known.files, fact))
    if fact.recorded:
        return known._replace(failures={**known.failures, "events": SourceFailed("events", fact.recorded, fact.at)})
    return known if fact.recorded is None else _answered(known, "events", fact.at)


def _fold_beads(known: Known, fact: BeadsRead) -> Known:
    """The source is as old as the oldest of its databases, and as good as the worst."""
    read = [origin.at for origin in fact.origins if origin.at is not None]
    known = known._replace(beads=fact)
    if read:
        known = _answered(known, "beads", fact.at._replace(wall=min(read)))
    worst = [f"{one.name}: {one.said}" for one in fact.origins if one.state in ("stale", "error")]
    if not worst and read:
        return known
    failure = SourceFailed("beads", "; ".join(worst) or "no database of beads was read", fact.at, absent=not worst)
    return known._replace(failures={**known.failures, "beads": failure})


def _kept_files(old: TownFiles | None, new: TownFiles) -> TownFiles:
    """Returns the files, the same objects where they say the same: who is who need not be asked again."""
    if old is None or new.says_as(old):
        return old or new
    return new._replace(rigs=old.rigs) if old.rigs == new.rigs else new


def _answered(known: Known, source: str, at: Moment) -> Known:
    failures = {name: failure for name, failure in known.failures.items() if name != source}
    return known._replace(failures=failures, answered={**known.answered, source: at})


def _fold_clock(known: Known, at: Moment) -> Known:
    """A wall clock that is set while we watch moves every stamp that we made ourselves, and is told."""
    offset = at.wall - at.mono
    if known.clock is None or abs(step := offset - known.clock) < CLOCK_STEP_S:
        return known if known.clock is not None else known._replace(clock=offset)
    motions = {pane: motion.shifted(step) for pane, motion in known.motions.items()}
    return known._replace(clock=offset, clock_step=(step, at.wall), motions=motions)


def _fold_failure(known: Known, fact: SourceFailed) -> Known:
    failures = {**known.failures, fact.name: fact}
    if fact.name == "monitor" and fact.absent:
        return known._replace(failures=failures, monitor=None)
    if fact.name != "tmux" or not fact.absent:
        return known._replace(failures=failures)
    # Nobody listens: that is a complete answer, and it lists nothing.
    return _fold_listing(known, Listing("", {}, fact.at))._replace(failures=failures, epoch=None)


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
    return _answered(known, "tmux", fact.at)._replace(
        panes=panes if _differs(panes, old) else old,
        epoch=fact.epoch,
        answer=fact.at,
        first_answer=known.first_answer or fact.at,
        beside=fact.beside,
        motions=motions,
        trees=_kept(known.trees, kept),
        finds=_kept(known.finds, kept),
        without_agent=_kept(known.without_agent, kept),
        screens=_kept(known.screens, kept),
        exits=_kept(
            known.exits,
            {
                pid
                for pid, at in known.exits.items()
                if pid not in newborn and (pid in pids or fact.at.mono - at.mono < KEEP_EXITS_S)
            },
        ),
        lacking=lacking,
        remembered=remembered,
    )


def _kept(known: Mapping[K, V], keys: Set[K]) -> Mapping[K, V]:
    """Returns what is known of these keys; the very same map where it holds no others."""
    return known if known.keys() <= keys else {key: value for key, value in known.items() if key in keys}


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
    tree = known.trees.get(fact.pane_id)
    if old and old.agent and tree == fact._replace(at=tree.at if tree else fact.at):
        return known
    found = find_agent(fact, pane.env)
    without = {key: at for key, at in known.without_agent.items() if key != fact.pane_id}
    if found.agent is None:
        without[fact.pane_id] = known.without_agent.get(fact.pane_id, fact.at)
    exits, agent = known.exits, found.agent
    if agent and (exited := exits.get(agent.pid)) and exited.mono < fact.at.mono:
        # Whoever is there did not end: numbers are used again.
        exits = {pid: at for pid, at in exits.items() if pid != agent.pid}
    return known._replace(
        trees={**known.trees, fact.pane_id: fact},
        finds={**known.finds, fact.pane_id: old if old == found else found},
        without_agent=without,
        exits=exits,
    )


def _unreadable(known: Known, fact: Tree) -> Known:
    return known._replace(
        trees={**known.trees, fact.pane_id: fact},
        finds={**known.finds, fact.pane_id: find_agent(fact, {})},
        failures={**known.failures, "process": SourceFailed("process", fact.error or "", fact.at)},
    )
