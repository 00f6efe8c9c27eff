"""What a living agent does: by its screen where its program is known, else by movement; and whether it still gets on.

A look may hit a passing frame, so a change to idle is told when two looks agree, and nothing follows from one that tells
nothing; until then the former verdict stands, as it does between two attempts of a program that is held. Whatever the screen
says, an agent with work that makes no progress for long is stalled.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from gastown_tui.town.facts import Frame, Heartbeat, Pane
from gastown_tui.town.programs import Found
from gastown_tui.town.snapshot import UNTOLD, Activity, Evidence, Held, Moment, State
from gastown_tui.town.text import clock_time

from .motion import STARTING_S, Motion, judge_motion, last_output, output_age, stamp_age, starting
from .readers import program_named, read_screen
from .rules import Reading
from .screen import screen_of

if TYPE_CHECKING:
    from gastown_tui.town.beads.bead import Bead

AGAIN_S = 0.7
AGREED_S = 0.5
# While an attempt is under way it looks like any work: only one that lasts has succeeded.
ATTEMPT_S = 10.0
COUNTDOWN_S = 5.0
# A screen that says more than movement is on its way.
UNSEEN_S = 1.0
PATIENCE_S: Mapping[str, float] = {"polecat": 900.0, "dog": 600.0}
"""How long an agent may have work and make no progress: what Gas Town itself calls stalled (15 min) and hung (30 min)."""
MOST_PATIENCE_S = 1800.0
SILENT_DEACON_S = 1200.0
SPINS = "\u28ff"
"""What every frame of a spinner is in a title's shape."""
_SPINNER = re.compile("[\u2800-\u28ff◐◓◑◒]")
_AT_WORK = (None, "working")
_UNSURE = frozenset({State.IDLE, State.UNKNOWN, State.STARTING})


class Subject(NamedTuple):
    """A living agent as far as its activity goes. `frame` is the last capture of its screen, None before the first.

    `hooked`: the bead that it has, as far as its database is known to be up to date.
    """

    role: str
    found: Found
    pane: Pane
    motion: Motion
    frame: Frame | None = None
    beat: Heartbeat | None = None
    hooked: "Bead | None" = None

    @property
    def product(self) -> str | None:
        return self.found.program.product if self.found.program else None

    @property
    def noisy(self) -> bool:
        """Whether it writes while it is idle, so that its output says nothing."""
        return self.found.program is not None and self.found.program.noisy


class Carried(NamedTuple):
    """What one judgement hands to the next of the same process.

    `offered`: a state that one look showed, waiting for another that agrees. `progressed`: when what the agent has to show
    changed last, as far as we saw. `told`: its screen was one that the rules knew, at least once.
    """

    frame: Frame | None = None
    title: str = ""
    reading: Reading | None = None
    offered: State | None = None
    offered_at: float = 0.0
    progressed: Moment | None = None
    activity: Activity = UNTOLD
    told: bool = False


FIRST = Carried()


class Doing(NamedTuple):
    """The answer. `next_at` (mono): when it changes by itself; `look_at`: when another look at the screen would settle it."""

    state: State
    evidence: tuple[Evidence, ...]
    activity: Activity = UNTOLD
    next_at: float | None = None
    look_at: float | None = None
    carried: Carried = FIRST


@lru_cache(maxsize=1024)
def title_shape(title: str) -> str:
    """Returns a title in which all frames of a spinner are alike, and a mark that blinks stands still."""
    return _SPINNER.sub(SPINS, title).replace("[ . ]", "[ ! ]")


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
    told = program_named(subject.product) is not None
    unseen_until = subject.motion.first.mono + UNSEEN_S if told and subject.frame is None else now.mono
    if not subject.motion.moved and (begins := starting(age, now, blank=blank, unseen_until=unseen_until)):
        return Doing(begins.state, begins.evidence, next_at=begins.next_at, look_at=now.mono + AGAIN_S)
    known = subject.frame is not None and not blank and told
    seen = (
        _seen(subject, subject.frame, before, now)
        if known and subject.frame
        else before._replace(frame=subject.frame, reading=None)
    )
    if doubted := _doubted(former, seen, now):
        doing = doubted
    elif seen.reading is None or seen.reading.state is None:
        doing = _by_motion(subject, former, seen, age, now, watched)
    else:
        doing = _by_screen(subject, seen.reading, seen.reading.state, seen, now)
    return _stalled(subject, doing, now, patience)


def _headless(subject: Subject, now: Moment) -> Doing | None:
    """A run without a screen works until it ends: it can neither ask nor stand idle."""
    agent, program = subject.found.agent, subject.found.program
    if agent is None or program is None or not agent.flags & program.headless:
        return None
    flag = min(agent.flags & program.headless)
    return Doing(State.WORKING, (Evidence("process", f"it runs headless ({flag}) and works until it ends", now.wall),))


def _by_motion(subject: Subject, former: State | None, seen: Carried, age: float | None, now: Moment, watched: bool) -> Doing:
    """What its screen does not tell is judged by change, and that is said. Who stands still there may wait for somebody."""
    moving = judge_motion(subject.motion, former, age, now, noisy=subject.noisy, watched=watched)
    evidence = moving.evidence
    if moving.state is State.IDLE and seen.reading and age is not None and age < STARTING_S and _is_below(subject):
        # What stands there is not its own yet: the shell's prompt, with the line that called it.
        moving = moving._replace(state=State.STARTING, next_at=now.mono + STARTING_S - age)
    elif moving.state is State.IDLE and seen.reading and seen.told:
        # Its prompt would be known: what stands there instead may be a question.
        moving = moving._replace(state=State.UNKNOWN)
    if seen.reading:
        evidence += (Evidence("pane", f"{seen.reading.fact}: judged by change alone", now.wall),)
    doubt = moving.state in (State.UNKNOWN, State.STARTING) and subject.frame
    look_at = subject.frame.at.mono + AGAIN_S if doubt and subject.frame else None
    version = UNTOLD._replace(program_version=seen.activity.program_version)
    return Doing(moving.state, evidence, version, moving.next_at, look_at, seen._replace(offered=None, activity=version))


def _is_below(subject: Subject) -> bool:
    """Whether another process had the pane before the agent."""
    return subject.found.agent is not None and subject.found.agent.pid != subject.pane.pid


def _seen(subject: Subject, frame: Frame, before: Carried, now: Moment) -> Carried:
    """Returns what there is to judge by: the screen read anew, unless neither it nor what the title says has changed."""
    title, earlier = title_shape(subject.pane.title), before.reading
    if earlier is not None and before.frame is frame and before.title == title:
        return before
    reading = _read(subject, frame)
    moved = earlier is None or reading.progress != earlier.progress
    return before._replace(frame=frame, title=title, reading=reading, progressed=now if moved else before.progressed)


def _doubted(former: State | None, seen: Carried, now: Moment) -> Doing | None:
    """Returns that the former state goes on until another look agrees that it is over; None where this look is believed."""
    state = seen.reading.state if seen.reading else None
    if former is None or seen.frame is None or _believed(state, former, seen, seen.frame.at):
        return None
    offer, at = state or State.UNKNOWN, seen.frame.at
    since = seen.offered_at if seen.offered is offer else at.mono
    said = f"says {state}" if state else "tells nothing"
    fact = f"one look {said}: {seen.reading.fact if seen.reading else 'nothing is drawn'}; looking again before {former} ends"
    later = seen._replace(offered=offer, offered_at=since)
    return Doing(former, (Evidence("pane", fact, now.wall),), seen.activity, None, at.mono + AGAIN_S, later)


def _believed(state: State | None, former: State, seen: Carried, at: Moment) -> bool:
    """Whether one look suffices: the first at a process, what calls for somebody or shows work, and what a former one said."""
    offer = state or State.UNKNOWN
    tries = state is State.WORKING and former is State.HELD and seen.activity.what == "retrying"
    if seen.offered is None or former in (state, State.UNKNOWN, State.STARTING) or not (tries or offer in _UNSURE):
        return True
    if former is State.STALLED and state is not None:
        return True
    return seen.offered is offer and at.mono - seen.offered_at >= (ATTEMPT_S if tries else AGREED_S)


def _by_screen(subject: Subject, reading: Reading, state: State, seen: Carried, now: Moment) -> Doing:
    assert seen.frame is not None
    at = seen.frame.at
    activity = _told(reading, seen.activity, at)
    evidence = (Evidence("pane", reading.fact, at.wall), *_beside(subject, reading, state, activity, now))
    until = activity.held.until if activity.held else None
    over_at = now.mono + until - now.wall if until is not None and until > now.wall else None
    return Doing(
        state, evidence, activity, over_at, None, seen._replace(offered=state, offered_at=at.mono, activity=activity, told=True)
    )


def _read(subject: Subject, frame: Frame) -> Reading:
    pane = subject.pane
    picture = screen_of(
        frame.rows, title=pane.title, caret=frame.caret, width=pane.width, height=pane.height, alternate=pane.alternate
    )
    return read_screen(subject.product or "", picture)


def _told(reading: Reading, before: Activity, seen_at: Moment) -> Activity:
    """Returns the reading's activity with what outlasts a screen: the version once seen, and until when a limit holds."""
    activity = reading.activity
    if activity.program_version is None:
        activity = activity._replace(program_version=before.program_version)
    if activity.held is None:
        return activity
    return activity._replace(held=activity.held._replace(until=_until(reading, activity.held, before.held, seen_at)))


def _until(reading: Reading, held: Held, before: Held | None, seen_at: Moment) -> float | None:
    """Returns when it ends. The same words mean the same moment, however long they stand; a countdown means one, too."""
    if reading.wait:
        until = seen_at.wall + reading.wait
        counted = before is not None and before.until is not None and abs(before.until - until) < COUNTDOWN_S
        return before.until if before and counted else until
    from .resets import resets_at  # few agents are held, and its patterns take long to compile

    same = before is not None and before.text == held.text
    return before.until if before and same else resets_at(held.text, seen_at)


def _beside(subject: Subject, reading: Reading, state: State, activity: Activity, now: Moment) -> Iterator[Evidence]:
    """Yields what is worth telling beside the first reason."""
    if activity.held and (until := activity.held.until) is not None:
        over = until <= now.wall
        yield Evidence("pane", "that was to end" if over else f"until {clock_time(until)} UTC", until, ago=over)
    if state is State.IDLE and not subject.noisy:
        yield last_output(subject.motion, now)
    yield from (Evidence("pane", note, now.wall) for note in reading.notes)
    program, version = program_named(subject.product), activity.program_version
    if program and version and version not in program.versions:
        known = ", ".join(program.versions)
        yield Evidence("pane", f"{program.name} {version} is no version that its rules were seen on ({known})", now.wall)


def _stalled(subject: Subject, doing: Doing, now: Moment, patience: Mapping[str, float]) -> Doing:
    """Returns the verdict with the heartbeat beside it; stalled, where there is work and nothing has come of it for too long."""
    beat = subject.beat
    said = (_heartbeat(beat),) if beat else ()
    limit = patience.get(subject.role, MOST_PATIENCE_S)
    if doing.state is State.WORKING and doing.carried.progressed and doing.carried.reading:
        since = _seen_until(subject, now) - doing.carried.progressed.mono
        told = Evidence(
            "pane", "one turn goes on, and nothing but clocks has moved in it", doing.carried.progressed.wall, ago=True
        )
    elif doing.state is State.IDLE and beat and _has_work(subject, beat):
        # Whoever writes one ran gt: that is progress.
        since = min(_quiet_for(subject, now), now.wall - beat.at)
        told = Evidence("town", f"it has {beat.bead} on file and stands at its prompt; its heartbeat", beat.at, ago=True)
    elif doing.state is State.IDLE and (bead := subject.hooked) and bead.updated and (beat is None or beat.state in _AT_WORK):
        since = min(_quiet_for(subject, now), now.wall - bead.updated)
        fact = f"{bead.told_with('it')}, and it stands at its prompt; the bead was written to"
        told = Evidence("beads", fact, bead.updated, ago=True)
    elif doing.state is State.IDLE and beat and subject.role == "deacon":
        since, limit = now.wall - max(beat.at, subject.pane.session_created), SILENT_DEACON_S
        told = Evidence("town", "the deacon patrols no more: its last heartbeat", beat.at, ago=True)
    else:
        return doing._replace(evidence=(*doing.evidence, *said))
    if since >= limit:
        return doing._replace(state=State.STALLED, evidence=(told, *doing.evidence, *said), next_at=None)
    due = now.mono + limit - since
    return doing._replace(evidence=(*doing.evidence, *said), next_at=min(due, doing.next_at or due))


def _quiet_for(subject: Subject, now: Moment) -> float:
    quiet = output_age(subject.motion, now)
    return now.mono - subject.motion.first.mono if quiet is None or subject.noisy else quiet


def _seen_until(subject: Subject, now: Moment) -> float:
    """Returns until when (mono) the screen is known to be as it was captured: what moved since may be progress."""
    frame, watched = subject.frame, subject.motion.watched
    return frame.at.mono if frame and watched is not None and watched > frame.at.mono else now.mono


def _has_work(subject: Subject, beat: Heartbeat) -> bool:
    """Whether this very run of the agent told of work: a heartbeat of before its start tells of another's."""
    started = subject.found.agent.started if subject.found.agent else None
    return beat.state in _AT_WORK and bool(beat.bead) and (started is None or beat.at >= started)


def _heartbeat(beat: Heartbeat) -> Evidence:
    """Returns what it says of itself; a pause that it declares (stuck, awaiting a gate) is its own choice, not a stall."""
    words = (beat.state or "working", beat.bead and f"on {beat.bead}", beat.context)
    return Evidence("town", f"heartbeat: {' '.join(word for word in words if word)}", beat.at, ago=True)
