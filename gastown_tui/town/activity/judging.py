"""What a living agent does: by its screen where its program is known, else by movement; and whether it still gets on.

A look may hit a passing frame, so a change to idle or unknown is told when two looks agree; until then the former verdict
stands. Whatever the screen says, an agent with work that makes no progress for long is stalled.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from gastown_tui.town.facts import Frame, Heartbeat, Pane
from gastown_tui.town.programs import Found
from gastown_tui.town.snapshot import UNTOLD, Activity, Evidence, Moment, State
from gastown_tui.town.text import clock_time

from .motion import STARTING_S, Motion, judge_motion, last_output, output_age, stamp_age, starting
from .readers import program_named, read_screen
from .rules import Reading
from .screen import screen_of

AGAIN_S = 0.7
AGREED_S = 0.5
PATIENCE_S: Mapping[str, float] = {"polecat": 900.0, "dog": 600.0}
"""How long an agent may have work and make no progress: what Gas Town itself calls stalled (15 min) and hung (30 min)."""
MOST_PATIENCE_S = 1800.0
SILENT_DEACON_S = 1200.0
_SPINNER = re.compile("[\u2800-\u28ff]")
_UNSURE = frozenset({State.IDLE, State.UNKNOWN})


class Subject(NamedTuple):
    """A living agent as far as its activity goes. `frame` is the last capture of its screen, None before the first."""

    role: str
    found: Found
    pane: Pane
    motion: Motion
    frame: Frame | None = None
    beat: Heartbeat | None = None

    @property
    def product(self) -> str | None:
        return self.found.program.product if self.found.program else None


class Carried(NamedTuple):
    """What one judgement hands to the next of the same process.

    `offered`: a state that one look showed, waiting for another that agrees. `progressed`: when what the agent has to show
    changed last, as far as we saw.
    """

    frame: Frame | None = None
    title: str = ""
    reading: Reading | None = None
    offered: State | None = None
    offered_at: float = 0.0
    progressed: Moment | None = None
    activity: Activity = UNTOLD


FIRST = Carried()


class Doing(NamedTuple):
    """The answer. `next_at` (mono): when it changes by itself; `look_at`: when another look at the screen would settle it."""

    state: State
    evidence: tuple[Evidence, ...]
    activity: Activity = UNTOLD
    next_at: float | None = None
    look_at: float | None = None
    carried: Carried = FIRST


def title_shape(title: str) -> str:
    """Returns a title in which all frames of a spinner are alike, and a mark that blinks stands still."""
    return _SPINNER.sub("\u28ff", title).replace("[ . ]", "[ ! ]")


def judge_activity(
    subject: Subject,
    former: State | None,
    before: Carried,
    now: Moment,
    *,
    watched: bool = True,
    patience: Mapping[str, float] = PATIENCE_S,
) -> Doing:
    """Returns what a living agent does. `former` and `before` are this process's last verdict, None and empty at the first look.

    `watched` is False while tmux does not answer: then `now` is its last answer. `patience`: seconds per role.
    """
    age = stamp_age(subject.found.agent.started if subject.found.agent else None, now)
    if silent := _headless(subject, now):
        return silent
    blank = not any(subject.frame.rows) if subject.frame else subject.pane.blank
    if not subject.motion.moved and (begins := starting(age, blank, now)):
        return Doing(begins.state, begins.evidence, next_at=begins.next_at, look_at=now.mono + AGAIN_S)
    if subject.frame is None or blank or program_named(subject.product) is None:
        doing = _by_motion(subject, former, before, age, now, watched)
    else:
        doing = _by_screen(subject, subject.frame, former, before, age, now, watched)
    return _stalled(subject, doing, now, patience)


def _headless(subject: Subject, now: Moment) -> Doing | None:
    """A run without a screen works until it ends: it can neither ask nor stand idle."""
    agent, program = subject.found.agent, subject.found.program
    if agent is None or program is None or not agent.flags & program.headless:
        return None
    flag = min(agent.flags & program.headless)
    return Doing(State.WORKING, (Evidence("process", f"it runs headless ({flag}) and works until it ends", now.wall),))


def _by_motion(subject: Subject, former: State | None, before: Carried, age: float | None, now: Moment, watched: bool) -> Doing:
    program = subject.found.program
    noisy = program is not None and program.noisy
    moving = judge_motion(subject.motion, former, age, now, noisy=noisy, watched=watched)
    undecided = moving.state in (State.UNKNOWN, State.STARTING)
    look_at = subject.frame.at.mono + AGAIN_S if undecided and subject.frame else None
    progressed = now if moving.state is State.WORKING else before.progressed
    carried = Carried(subject.frame, progressed=progressed)
    return Doing(moving.state, moving.evidence, UNTOLD, moving.next_at, look_at, carried)


def _by_screen(
    subject: Subject, frame: Frame, former: State | None, before: Carried, age: float | None, now: Moment, watched: bool
) -> Doing:
    title = title_shape(subject.pane.title)
    if before.reading is not None and before.frame is frame and before.title == title:
        reading = before.reading
    else:
        reading = _read(subject, frame)
    moved = before.reading is None or reading.progress != before.reading.progress or before.progressed is None
    carried = before._replace(frame=frame, title=title, reading=reading, progressed=now if moved else before.progressed)
    if reading.state is None:
        state, evidence, next_at = _untold(subject, reading, former, age, now, watched)
    else:
        state, evidence, next_at = reading.state, (Evidence("pane", reading.fact, frame.at.wall),), None
    if _passing(state, former, before, frame):
        return _kept(state, former, reading, carried, frame, now)
    activity = _told(reading, before, now)
    evidence += _beside(subject, reading, state, activity, now)
    return Doing(
        state, evidence, activity, next_at, None, carried._replace(offered=state, offered_at=frame.at.mono, activity=activity)
    )


def _read(subject: Subject, frame: Frame) -> Reading:
    pane = subject.pane
    picture = screen_of(
        frame.rows, title=pane.title, caret=frame.caret, width=pane.width, height=pane.height, alternate=pane.alternate
    )
    return read_screen(subject.product or "", picture)


def _untold(
    subject: Subject, reading: Reading, former: State | None, age: float | None, now: Moment, watched: bool
) -> tuple[State, tuple[Evidence, ...], float | None]:
    """A screen that says nothing: what moves works, and what stands still may be anything."""
    cannot = Evidence("pane", reading.fact, now.wall)
    moving = judge_motion(
        subject.motion, former, age, now, noisy=bool(subject.found.program and subject.found.program.noisy), watched=watched
    )
    if moving.state is State.WORKING:
        return State.WORKING, (*moving.evidence, cannot), moving.next_at
    young = age is not None and age < STARTING_S and former in (None, State.STARTING)
    return State.STARTING if young else State.UNKNOWN, (cannot, *moving.evidence), moving.next_at


def _passing(state: State, former: State | None, before: Carried, frame: Frame) -> bool:
    """Whether one look alone says so, and another has to agree."""
    if state not in _UNSURE or former in (None, state, State.UNKNOWN, State.STARTING, State.STALLED):
        return False
    return not (before.offered is state and frame.at.mono - before.offered_at >= AGREED_S)


def _kept(state: State, former: State | None, reading: Reading, carried: Carried, frame: Frame, now: Moment) -> Doing:
    assert former is not None
    first = carried.offered is not state
    offered_at = frame.at.mono if first else carried.offered_at
    why = Evidence("pane", f"one look says {state}: {reading.fact}; looking again before {former} ends", now.wall)
    kept = carried._replace(offered=state, offered_at=offered_at)
    return Doing(former, (why,), carried.activity, None, frame.at.mono + AGAIN_S, kept)


def _told(reading: Reading, before: Carried, now: Moment) -> Activity:
    """Returns the reading's activity with what outlasts a screen: the version once seen, and until when a limit holds."""
    activity = reading.activity
    if activity.program_version is None and before.activity.program_version:
        activity = activity._replace(program_version=before.activity.program_version)
    if activity.context_used_pct is None and before.activity.context_used_pct is not None and reading.state is not State.IDLE:
        activity = activity._replace(context_used_pct=before.activity.context_used_pct)
    if activity.held is None:
        return activity
    from .resets import resets_at

    earlier = before.activity.held
    # The same words mean the same moment, however long they stand.
    until = earlier.until if earlier and earlier.text == activity.held.text else resets_at(activity.held.text, now)
    return activity._replace(held=activity.held._replace(until=until))


def _beside(subject: Subject, reading: Reading, state: State, activity: Activity, now: Moment) -> tuple[Evidence, ...]:
    """Returns what is worth telling beside the first reason."""
    told = []
    if activity.held and activity.held.until is not None:
        past = activity.held.until <= now.wall
        told.append(
            Evidence(
                "pane",
                "that was to end" if past else f"until {clock_time(activity.held.until)} UTC",
                activity.held.until,
                ago=past,
            )
        )
    if state is State.IDLE and not (subject.found.program and subject.found.program.noisy):
        told.append(last_output(subject.motion, now))
    told += [Evidence("pane", note, now.wall) for note in reading.notes]
    program = program_named(subject.product)
    if program and activity.program_version and activity.program_version not in program.versions:
        known = ", ".join(program.versions)
        told.append(
            Evidence(
                "pane",
                f"{program.name} {activity.program_version} is not a version that these rules were seen on ({known})",
                now.wall,
            )
        )
    return tuple(told)


def _stalled(subject: Subject, doing: Doing, now: Moment, patience: Mapping[str, float]) -> Doing:
    """Returns the verdict with the heartbeat beside it; stalled, where there is work and nothing has come of it for too long."""
    beat = subject.beat
    said = (_heartbeat(beat),) if beat else ()
    limit = patience.get(subject.role, MOST_PATIENCE_S)
    if doing.state is State.WORKING and doing.carried.progressed and doing.carried.reading:
        since = now.mono - doing.carried.progressed.mono
        told = Evidence(
            "pane", "one turn goes on, and nothing but clocks has moved in it", doing.carried.progressed.wall, ago=True
        )
    elif doing.state is State.IDLE and beat and _has_work(subject, beat):
        quiet = output_age(subject.motion, now)
        noisy = bool(subject.found.program and subject.found.program.noisy)
        since = now.mono - subject.motion.first.mono if quiet is None or noisy else quiet
        told = Evidence("town", f"it has {beat.bead} on file and stands at its prompt; its heartbeat", beat.at, ago=True)
    elif doing.state is State.IDLE and beat and subject.role == "deacon":
        since, limit = now.wall - max(beat.at, subject.pane.session_created), SILENT_DEACON_S
        told = Evidence("town", "the deacon patrols no more: its last heartbeat", beat.at, ago=True)
    else:
        return doing._replace(evidence=(*doing.evidence, *said))
    if since >= limit:
        return doing._replace(state=State.STALLED, evidence=(told, *doing.evidence, *said), next_at=None)
    due = now.mono + limit - since
    return doing._replace(evidence=(*doing.evidence, *said), next_at=min(due, doing.next_at or due))


def _has_work(subject: Subject, beat: Heartbeat) -> bool:
    """Whether this very run of the agent told of work: a heartbeat of before its start tells of another's."""
    started = subject.found.agent.started if subject.found.agent else None
    return beat.state in (None, "working") and bool(beat.bead) and (started is None or beat.at >= started)


def _heartbeat(beat: Heartbeat) -> Evidence:
    """Returns what it says of itself; a pause that it declares (stuck, awaiting a gate) is its own choice, not a stall."""
    words = (beat.state or "working", beat.bead and f"on {beat.bead}", beat.context)
    return Evidence("town", f"heartbeat: {' '.join(word for word in words if word)}", beat.at, ago=True)
