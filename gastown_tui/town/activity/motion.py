"""Working or idle, by change and time alone: for programs whose screens we do not know.

A title or a text that changed within 5 s, or output at most 3 s old, is work; 10 s without change is idleness; between the
two the former answer holds. A program that writes while it is idle is judged by its title and its text alone.
"""

from typing import NamedTuple, Self

from gastown_tui.town.facts import Pane
from gastown_tui.town.snapshot import Evidence, Moment, State

CHANGED_S = 5.0
OUTPUT_S = 3.0
IDLE_S = 10.0
STARTING_S = 90.0
FUTURE_S = 2.0


class Motion(NamedTuple):
    """What was seen of a pane's movement. `output` and `changed` are when its output and its title or text moved last.

    `output` is the server's stamp until we saw it move ourselves (`watched`); `still` is when two captures last agreed.
    """

    first: Moment
    output: float
    watched: float | None = None
    changed: Moment | None = None
    what: str = "title"
    still: Moment | None = None

    @property
    def moved(self) -> bool:
        """Whether it was seen to move since the first look."""
        return self.watched is not None or self.changed is not None

    @property
    def compared(self) -> bool:
        """Whether its text stood still between two captures since it last changed."""
        return self.still is not None and (self.changed is None or self.still.mono > self.changed.mono)

    def after(self, old: Pane, new: Pane, at: Moment) -> Self:
        """Returns the motion after another listing of the pane."""
        motion = self
        if new.window_activity != old.window_activity:
            motion = motion._replace(output=new.window_activity, watched=at.mono)
        if new.title != old.title:
            motion = motion._replace(changed=at, what="title")
        return motion

    def captured(self, changed: bool, at: Moment) -> Self:
        """Returns the motion after two captures were compared."""
        return self._replace(changed=at, what="text") if changed else self._replace(still=at)

    def shifted(self, seconds: float) -> Self:
        """Returns the motion after the wall clock was set by that much."""
        return self._replace(output=self.output + seconds)


class Moving(NamedTuple):
    """The answer, its reasons, and the moment (mono) at which it changes by itself."""

    state: State
    evidence: tuple[Evidence, ...]
    next_at: float | None = None


def output_age(motion: Motion, now: Moment) -> float | None:
    """Returns the seconds since the last output, or None when its stamp lies in the future and nothing newer was seen."""
    return now.mono - motion.watched if motion.watched is not None else stamp_age(motion.output, now)


def stamp_age(stamp: float | None, now: Moment) -> float | None:
    """Returns the seconds since a stamp; None where there is none or it lies in the future."""
    if stamp is None or stamp - now.wall > FUTURE_S:
        return None
    return max(0.0, now.wall - stamp)


def starting(age: float | None, now: Moment, *, blank: bool, unseen_until: float = 0.0) -> Moving | None:
    """Returns that an agent of that age (seconds) only just starts, if nothing is drawn yet, or its screen is yet to be seen.

    `unseen_until` (mono): how long that may take.
    """
    if age is None or age >= STARTING_S or not (blank or now.mono < unseen_until):
        return None
    began = Evidence("process", "it started", now.wall - age, ago=True)
    if blank:
        return Moving(State.STARTING, (began, Evidence("pane", "nothing is drawn yet", now.wall)), now.mono + STARTING_S - age)
    return Moving(State.STARTING, (began, Evidence("pane", "its screen was not looked at yet", now.wall)), unseen_until)


def judge_motion(
    motion: Motion, former: State | None, age: float | None, now: Moment, *, noisy: bool = False, watched: bool = True
) -> Moving:
    """Returns what an agent of that age (seconds) does. `former` is the last answer of this process, None at the first look.

    `noisy`: it writes while it is idle. `watched` is False while tmux does not answer: then `now` is its last answer, and
    nothing goes on that anybody sees.
    """
    since_change = now.mono - motion.changed.mono if motion.changed else None
    output = None if noisy else output_age(motion, now)
    # Work that goes on has one reason that stands: a screen that tells each twitch would be drawn for each.
    moving = Evidence("pane", "its output, title or text keeps moving", now.wall) if watched and former is State.WORKING else None
    if since_change is not None and since_change < CHANGED_S:
        evidence = Evidence("pane", f"its {motion.what} changed", motion.changed.wall if motion.changed else now.wall, ago=True)
        return Moving(State.WORKING, (moving or evidence,), now.mono + CHANGED_S - since_change)
    if output is not None and output <= OUTPUT_S:
        return Moving(State.WORKING, (moving or last_output(motion, now),), now.mono + OUTPUT_S - output + 0.001)
    unmoved = min((age for age in (since_change, output) if age is not None), default=now.mono - motion.first.mono)
    return _without_work(unmoved, noisy, motion, former, age, now)


def last_output(motion: Motion, now: Moment) -> Evidence:
    """Returns when it wrote last, as evidence."""
    if output_age(motion, now) is None:
        return Evidence("pane", "the stamp of its last output lies in the future: the clock was set back", now.wall)
    return Evidence("pane", "last output", motion.output, ago=True)


def _without_work(
    quiet: float, noisy: bool, motion: Motion, former: State | None, agent_age: float | None, now: Moment
) -> Moving:
    evidence = last_output(motion, now)
    if noisy:
        evidence = Evidence("pane", "it writes while it is idle, and neither its title nor its text moves", now.wall)
    undecided = former in (None, State.UNKNOWN, State.STARTING)
    if quiet >= IDLE_S or (undecided and motion.compared):
        return Moving(State.IDLE, (evidence,))
    if former in (State.WORKING, State.IDLE):
        yet = Evidence("pane", f"that is not {IDLE_S:g} s of quiet yet, so it still counts as {former}", now.wall)
        return Moving(former, (evidence, yet), now.mono + IDLE_S - quiet)
    young = agent_age is not None and agent_age < STARTING_S
    cannot = Evidence("pane", "one look cannot tell whether it works", now.wall)
    return Moving(State.STARTING if young else State.UNKNOWN, (evidence, cannot), now.mono + IDLE_S - quiet)
