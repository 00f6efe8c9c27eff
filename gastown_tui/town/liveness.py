"""Alive or dead, and why we think so. Process truth comes before everything: a spinner can outlive its program.

A pane that tmux reports dead is dead. What merely is not there needs two looks a second apart, unless its process was seen
to end. What cannot be seen is unknown, and no answer is never an answer.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from .activity.judging import FIRST, PATIENCE_S, Carried, Subject, judge_activity
from .activity.motion import Motion
from .agents import Identity
from .expected import Expectation, finished, told
from .facts import Daemon, Frame, Heartbeat, Pane, Tree
from .programs import Found, display_name
from .snapshot import ALIVE, NOTHING, UNTOLD, Activity, Evidence, Expects, Moment, State

if TYPE_CHECKING:
    from .beads.bead import Bead

CONFIRM_S = 1.0
RESPAWN_S = 3.0
OVERDUE_S = 1.0
# A fresh pane shows the shell that starts the agent for a moment, under another pid.
NEWBORN_S = 0.5


class Verdict(NamedTuple):
    """A state with its reasons. `next_at` (mono): when it changes by itself; `confirm`: another look may settle it.

    `look_at` (mono): when another look at its screen would. `carried`: for the next judgement of the same process.
    """

    state: State
    evidence: tuple[Evidence, ...]
    since: float | None = None
    expects: Expects | None = None
    next_at: float | None = None
    confirm: bool = False
    activity: Activity = UNTOLD
    look_at: float | None = None
    carried: Carried = FIRST


class Body(NamedTuple):
    """All that is known of a session that is there: its pane, its processes, and what was seen of them.

    Pane and motion tick with all that is printed. `last_answer`: when tmux told of it, if it fails since. `promised`: who was
    said to revive it, if it was dead before. `hooked`: the bead that it has.
    """

    pane: Pane
    motion: Motion
    tree: Tree | None
    found: Found | None
    without_agent: Moment | None = None
    pane_exit: Moment | None = None
    agent_exit: Moment | None = None
    frame: Frame | None = None
    beat: Heartbeat | None = None
    last_answer: Moment | None = None
    promised: Expects | None = None
    hooked: "Bead | None" = None


def judge_present(
    identity: Identity,
    body: Body,
    daemon: Daemon,
    former: State | None,
    now: Moment,
    *,
    carried: Carried = FIRST,
    patience: Mapping[str, float] = NOTHING,
) -> Verdict:
    """Returns the verdict on an agent whose session exists. `carried` is what the last one of this process handed on.

    `patience`: seconds without progress after which a role counts as stalled, where it is not the usual.
    """
    pane, tree, found = body.pane, body.tree, body.found
    if pane.dead:
        return _dead_pane(identity, pane, body, daemon, now)
    if body.pane_exit is not None:
        return _ending(body.pane_exit, former, now)
    if tree is None or found is None:
        return _unread(former, "its processes were not read yet", now)
    if tree.error:
        return Verdict(State.UNKNOWN, (Evidence("process", f"its processes cannot be read: {tree.error}", now.wall),))
    newborn = _newborn(tree, now)
    if newborn:
        return newborn
    if found.agent is None:
        return _without_agent(found, body, former, now)
    if body.agent_exit is not None:
        return _unread(former, f"{display_name(found.agent)} (pid {found.agent.pid}) ended; looking again", now)
    runs = Evidence("process", _where(found, pane), tree.at.wall)
    if found.agent.state in "Tt":
        stopped = Evidence("process", f"{display_name(found.agent)} (pid {found.agent.pid}) is stopped, state T", tree.at.wall)
        return Verdict(State.FROZEN, (stopped,))
    # While tmux does not answer nothing is seen to fall silent either.
    seen_at = body.last_answer or now
    subject = Subject(identity.role, found, pane, body.motion, body.frame, body.beat, body.hooked)
    watched = body.last_answer is None
    doing = judge_activity(subject, former, carried, seen_at, watched=watched, patience={**PATIENCE_S, **patience})
    evidence, next_at = (*doing.evidence, runs), doing.next_at if watched else None
    return Verdict(doing.state, evidence, None, None, next_at, False, doing.activity, doing.look_at, doing.carried)


def _where(found: Found, pane: Pane) -> str:
    assert found.agent is not None
    place = "is the pane's own process" if found.agent.pid == pane.pid else "runs below the pane's process"
    return f"{display_name(found.agent)} (pid {found.agent.pid}) {place}"


def _dead_pane(identity: Identity, pane: Pane, body: Body, daemon: Daemon, now: Moment) -> Verdict:
    seen = body.pane_exit.wall if body.pane_exit else None
    at = seen or pane.dead_time
    if pane.dead_signal:
        how = f"ended by signal {pane.dead_signal}"
    elif pane.dead_status is not None:
        how = f"exited with {pane.dead_status}"
    else:
        how = "dead, status unknown (tmux told none)"
    reason = Evidence("tmux", how, at if at is not None else now.wall, ago=at is not None)
    # tmux tells whole seconds, and before 3.3 none at all: it may have ended that much later.
    ended = seen or (pane.dead_time or now.wall) + 1.0
    if pane.respawn_hook:
        due = ended + RESPAWN_S
        expects: Expects | None = Expects("the session's own hook respawns it", due, due + OVERDUE_S)
    else:
        expects = revival(identity, daemon, ended, now)
    if at is None and expects and body.promised and expects.what == body.promised.what:
        expects = body.promised
    return Verdict(State.DEAD, (reason,), at, expects, _until(expects, now))


def _until(expects: Expects | None, now: Moment) -> float | None:
    """Returns when (mono) an expectation becomes overdue, or None if that is past or never."""
    if expects is None or expects.overdue_at is None or expects.overdue_at <= now.wall:
        return None
    return now.mono + expects.overdue_at - now.wall


def revival(identity: Identity, daemon: Daemon, ended: float, now: Moment) -> Expects | None:
    """Returns who starts an agent again that ended then (wall): the daemon at one of its next two heartbeats, or nobody.

    Crew, polecats and dogs are nobody's; the daemon starts a refinery only when work is pending; one that stopped beating
    starts none.
    """
    beats = daemon.last_heartbeat is None or now.wall - daemon.last_heartbeat < 3 * daemon.period
    if not daemon.running or not beats or identity.role in ("crew", "polecat", "dog"):
        return None
    period = f"every {daemon.period / 60:g} min" if daemon.period >= 60 else f"every {daemon.period:g} s"
    when = " when work is pending" if identity.role == "refinery" else ""
    overdue = max(ended, daemon.started or 0.0) + 2 * daemon.period
    return Expects(f"the daemon starts it again at a heartbeat, {period}{when}", None, overdue)


def _ending(exited: Moment, former: State | None, now: Moment) -> Verdict:
    """The pane's process ended and tmux still lists the pane as alive: it is about to say so, or it does not answer."""
    if now.mono - exited.mono < CONFIRM_S:
        verdict = _unread(former, "its process ended; tmux has not said so yet", now)
        return Verdict(verdict.state, verdict.evidence, next_at=exited.mono + CONFIRM_S, confirm=True)
    gone = Evidence("process", "its process ended", exited.wall, ago=True)
    return Verdict(State.UNKNOWN, (gone, Evidence("tmux", "tmux still lists the pane as alive", now.wall)), confirm=True)


def _unread(former: State | None, why: str, now: Moment) -> Verdict:
    return Verdict(_still(former), (Evidence("process", why, now.wall),), confirm=True)


def _still(former: State | None) -> State:
    """Returns the state that goes on until it is known better. A pane that lives again is not dead any more."""
    return State.UNKNOWN if former in (None, State.DEAD) else former


def _newborn(tree: Tree, now: Moment) -> Verdict | None:
    root = tree.processes[0] if tree.processes else None
    # It may have begun a moment after the look that found it.
    if root is None or root.started is None or abs(now.wall - root.started) >= NEWBORN_S:
        return None
    evidence = Evidence("process", "its pane's process only just began", root.started, ago=True)
    return Verdict(State.STARTING, (evidence,), next_at=now.mono + NEWBORN_S - (now.wall - root.started))


def _without_agent(found: Found, body: Body, former: State | None, now: Moment) -> Verdict:
    if not found.present:
        return _unread(former, "its pane has no process any more", now)
    names = ", ".join(found.present[:3])
    wanted = " or ".join(found.declared) or "a known agent program"
    what = Evidence("process", f"no agent runs in its pane, only {names} (looked for {wanted})", now.wall)
    if not found.shells:
        return Verdict(State.UNKNOWN, (Evidence("process", f"{names} runs in its pane, not {wanted}", now.wall),))
    since = body.without_agent
    if since is not None and body.tree is not None and body.tree.at.mono - since.mono >= CONFIRM_S:
        return Verdict(State.ZOMBIE, (what,), since.wall if former in ALIVE else None)
    again = Evidence("process", f"{what.fact}; looking again in a second", now.wall)
    return Verdict(_still(former), (again,), next_at=now.mono + CONFIRM_S, confirm=True)


class Absence(NamedTuple):
    """What is known of a session that is not there.

    `lacking`: the first complete answer without it; `answer`: the last one; both None when tmux never answered (`blind`
    says why). `exited`: when its process was seen to end. `beside`: which server may hold it, unseen.
    """

    expectation: Expectation
    lacking: Moment | None
    answer: Moment | None
    exited: Moment | None = None
    blind: str = ""
    beside: str = ""


def judge_absent(absence: Absence, daemon: Daemon, former: State | None, now: Moment) -> Verdict | None:
    """Returns the verdict on an expected agent without a session, or None where it is normally absent."""
    expectation = absence.expectation
    if absence.lacking is None or absence.answer is None:
        why = Evidence("tmux", absence.blind or "tmux was not asked yet", now.wall)
        return Verdict(State.UNKNOWN, (why, *expectation.evidence))
    if expectation.parked:
        why = Evidence("town", f"its rig is {expectation.parked}", now.wall)
        return Verdict(State.FROZEN, (why, *expectation.evidence))
    if stop := expectation.stop:
        if expectation.identity.role == "polecat" and finished(stop):
            return None
        return Verdict(State.FROZEN, (told(stop), *expectation.evidence), stop.at)
    if expectation.process and expectation.process.alive:
        pid = expectation.process.pid
        runs = Evidence("process", f"process {pid} of its pid file runs, but no session of this server holds it", now.wall)
        return Verdict(State.UNKNOWN, (runs, *expectation.evidence))
    if absence.beside and absence.exited is None:
        return Verdict(State.UNKNOWN, (Evidence("tmux", absence.beside, now.wall), *expectation.evidence))
    return _gone(absence, daemon, former, now)


def _gone(absence: Absence, daemon: Daemon, former: State | None, now: Moment) -> Verdict:
    expectation, exited = absence.expectation, absence.exited
    assert absence.lacking is not None and absence.answer is not None
    seen_to_end = exited is not None and absence.answer.mono >= exited.mono
    if not seen_to_end and absence.answer.mono - absence.lacking.mono < CONFIRM_S:
        wait = Evidence("tmux", "no session of it was listed; looking again in a second", now.wall)
        return Verdict(former or State.UNKNOWN, (wait, *expectation.evidence), next_at=now.mono + CONFIRM_S, confirm=True)
    if not expectation.proves_life:
        missing = Evidence("tmux", "no session has it, and nothing says that it ever ran", now.wall)
        expects = revival(expectation.identity, daemon, daemon.started or absence.lacking.wall, now)
        return Verdict(State.MISSING, (missing, *expectation.evidence), None, expects, _until(expects, now))
    return _vanished(absence, daemon, former, now)


def _vanished(absence: Absence, daemon: Daemon, former: State | None, now: Moment) -> Verdict:
    expectation, exited = absence.expectation, absence.exited
    if exited is not None:
        first = Evidence("process", "its process was seen to end, and its session is gone", exited.wall, ago=True)
        since: float | None = exited.wall
    elif expectation.crash is not None:
        first, since = told(expectation.crash), expectation.crash.at
    else:
        first = Evidence("tmux", "its session is gone, and no stop is on record", now.wall)
        since = absence.lacking.wall if absence.lacking and former in ALIVE else None
    if expectation.identity.role in ("witness", "refinery") and exited is None:
        first = Evidence(first.source, f"{first.fact}; one stopped by hand looks the same", first.at, first.ago)
    known_end = exited.wall if exited else expectation.crash.at if expectation.crash else None
    expects = revival(expectation.identity, daemon, known_end or expectation.ran_at or 0.0, now)
    return Verdict(State.DEAD, (first, *expectation.evidence), since, expects, _until(expects, now))


def pick_pane(panes: Mapping[str, Pane], finds: Mapping[str, Found]) -> Pane:
    """Returns the pane that is the agent's: GT_PANE_ID's, else the first of the first window, else any with an agent.

    Raises ValueError for no panes.
    """
    if len(panes) == 1:
        return next(iter(panes.values()))
    ordered = sorted(panes.values(), key=lambda pane: (pane.window_index, pane.pane_index, int(pane.pane_id[1:] or 0)))
    if not ordered:
        raise ValueError("a session without panes")
    named = [panes[pane_id] for pane in ordered if (pane_id := pane.env.get("GT_PANE_ID", "")) in panes]
    if named:
        return named[0]
    with_agent = [pane for pane in ordered if (found := finds.get(pane.pane_id)) and found.agent]
    if ordered[0] in with_agent or not with_agent:
        return ordered[0]
    return with_agent[0]
