"""The judge of living agents: two looks for what may pass, limits until a moment, and stalls."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from recorded import scene
from story import ALPHA, START, Story, facts, living, pane, tree

from gastown_tui.town import judging
from gastown_tui.town.activity.motion import OUTPUT_S
from gastown_tui.town.beads.bead import Bead
from gastown_tui.town.beads.queues import Beads
from gastown_tui.town.beads.reading import read
from gastown_tui.town.facts import BeadsRead, Fact, Frame, Heartbeat, Process, Tree
from gastown_tui.town.snapshot import Agent, Moment, State
from gastown_tui.town.text import rfc3339
from gastown_tui.town.wishes import Wishes

MAX, NUX = pane(), pane("alpha/polecats/nux")
IDLE, WORKING, STREAMING = "claude-idle-empty-120x40", "claude-working-tool-120x40", "claude-working-streaming-120x40"


def frame(scene_id: str, at: Moment, swap: tuple[str, str] = ("", "")) -> Frame:
    one = scene(scene_id)
    rows = tuple(row.replace(*swap) if swap[0] else row for row in one.rows)
    return Frame("%1", rows, at, None, 0, tuple(one.meta["tmux"]["cursor"]))


class Screens(Story):
    """A story in which one agent's screen is seen."""

    def __init__(self, of: object = MAX, program: str = "claude", age: float = 800, **more: object) -> None:
        super().__init__(ALPHA, **more)
        self.pane = of
        self.tell(self.listing(of), tree(of, program, started=START.wall - age))

    def shows(self, scene_id: str, wait: float = 0.0, swap: tuple[str, str] = ("", "")) -> Agent:
        """The screen is captured after that long, with its scene's title."""
        self.wait(wait)
        self.pane = self.pane._replace(title=scene(scene_id).meta["tmux"]["pane_title"], width=120, height=40)
        self.tell(self.listing(self.pane), frame(scene_id, self.now, swap))
        return self.only()

    def only(self) -> Agent:
        return next(one for one in self.judgement.town.agents if one.pane_id == "%1")

    @property
    def look_at(self) -> float | None:
        return self.judgement.judged[self.only().id].look_at


def test_one_look_suffices_at_first_and_for_whatever_calls() -> None:
    assert Screens().shows(IDLE).state is State.IDLE
    story = Screens()
    assert story.shows(WORKING).state is State.WORKING and story.look_at is None
    assert story.shows("claude-permission-bash-120x40", 1.0).state is State.WAITING
    assert story.shows("claude-usage-limit-120x40", 1.0).state is State.HELD


def test_a_change_to_idle_is_told_when_two_looks_agree() -> None:
    story = Screens()
    before = story.shows(WORKING)
    doubted = story.shows(IDLE, 1.0)
    assert (doubted.state, doubted.activity) == (State.WORKING, before.activity)
    assert "one look says idle" in facts(doubted) and story.look_at == story.now.mono + 0.7
    # Judging the same look again is no second look.
    story.tell()
    assert story.only().state is State.WORKING
    assert story.shows(IDLE, 0.7).state is State.IDLE and story.look_at is None


def test_a_passing_frame_between_two_that_agree_changes_nothing() -> None:
    story = Screens()
    story.shows(WORKING)
    story.shows(IDLE, 1.0)
    assert story.shows(WORKING, 0.7).state is State.WORKING
    assert story.shows(IDLE, 1.0).state is State.WORKING, "two looks, but not one after the other"


@pytest.mark.parametrize("shown", [IDLE, WORKING, "claude-permission-bash-120x40", "claude-usage-limit-after-esc-120x40"])
@pytest.mark.parametrize("rows", [("", ""), ("half", "a", "picture")])
def test_one_look_that_tells_nothing_ends_nothing(shown: str, rows: tuple[str, ...]) -> None:
    """A program that draws anew clears its screen first, and a capture may come between the two."""
    story = Screens()
    before = story.shows(shown)
    story.wait(1.0)
    story.pane = story.pane._replace(window_activity=story.now.wall, title="✳ Claude Code")
    story.tell(story.listing(story.pane), Frame("%1", rows, story.now))
    torn = story.only()
    assert (torn.state, torn.since, torn.activity) == (before.state, before.since, before.activity)
    assert "one look tells nothing" in facts(torn) and story.look_at == story.now.mono + 0.7
    after = story.shows(shown, 0.7)
    assert (after.state, after.since) == (before.state, before.since)
    for _ in range(2):
        story.wait(0.7)
        story.pane = story.pane._replace(window_activity=story.now.wall, title="✳ Claude Code")
        story.tell(story.listing(story.pane), Frame("%1", rows, story.now))
    assert story.only().state is State.WORKING, "two looks that tell nothing: it moves"


def test_between_two_attempts_an_agent_is_held_still() -> None:
    """Each attempt looks like work for as long as it takes; whoever acknowledged the trouble is not called for each."""
    story = Screens()
    held = story.shows("claude-overloaded-529-retrying-120x40")
    assert (held.state, held.activity.what) == (State.HELD, "retrying")
    for _ in range(3):
        between = story.shows("claude-working-thinking-120x40", 8.0)
        assert (between.state, between.since) == (State.HELD, held.since)
        again = story.shows("claude-overloaded-529-retrying-120x40", 2.0)
        assert (again.state, again.since) == (State.HELD, held.since)
    assert story.shows("claude-working-thinking-120x40", 2.0).state is State.HELD
    assert story.shows(STREAMING, 9.9).state is State.HELD
    assert story.shows(STREAMING, 0.2).state is State.WORKING


def test_another_process_is_looked_at_afresh() -> None:
    story = Screens()
    story.shows(WORKING)
    story.wait(1.0)
    story.pane = story.pane._replace(pid=777, title="✳ Claude Code")
    story.tell(story.listing(story.pane), tree(story.pane, "claude", started=story.now.wall - 200), frame(IDLE, story.now))
    assert story.only().state is State.IDLE


def test_until_when_a_limit_holds_is_found_once() -> None:
    # START is 2027-01-15 08:00 UTC.
    swap = ("12:20pm", "9:20am")
    story = Screens()
    held = story.shows("claude-usage-limit-after-esc-120x40", swap=swap).activity.held
    assert held is not None and (held.why, held.until) == ("limit", START.wall + 4800)
    assert "until 09:20:00 UTC" in facts(story.only())
    story.wait(5000.0)
    assert story.shows("claude-usage-limit-after-esc-120x40", 8.0, swap=swap).activity.held == held
    assert "that was to end" in facts(story.only())


def test_a_limit_that_passes_while_nothing_moves_is_told_to_have_passed() -> None:
    story = Screens()
    story.shows("claude-usage-limit-after-esc-120x40", swap=("12:20pm", "9:20am"))
    story.later(4799.0)
    assert "until 09:20:00 UTC" in facts(story.only())
    story.later(1.0)
    assert "that was to end" in facts(story.only())


def test_an_unknown_version_is_named_and_known_for_as_long_as_it_runs() -> None:
    story = Screens()
    agent = story.shows(IDLE, swap=("2.1.197", "3.0.1"))
    assert agent.activity.program_version == "3.0.1" and "no version that its rules were seen on" in facts(agent)
    assert story.shows("claude-idle-context-low-120x40", 1.0, ("2.1.197", "")).activity.program_version == "3.0.1"
    assert "no version" not in facts(Screens().shows(IDLE))


@pytest.mark.parametrize("shown", ["claude-permission-bash-120x40", "claude-usage-limit-after-esc-120x40", IDLE, WORKING])
def test_what_only_ticks_is_no_news(shown: str) -> None:
    """Clocks, spinners and blinking titles: a picture would be drawn for each tick."""
    story = Screens()
    story.shows(shown)
    pictures = set()
    for second in range(5):
        title = "⠂⠐"[second % 2] + " Claude Code" if shown == WORKING else ("[ ! ] Look", "[ . ] Look")[second % 2]
        story.pane = story.pane._replace(window_activity=START.wall + second, title=title)
        story.tell(story.listing(story.pane), frame(shown, story.now))
        pictures.add((story.only().title, story.only().last_output, story.only()))
        story.wait(1.0)
    assert len(pictures) == 1
    story.pane = story.pane._replace(window_activity=START.wall + 6, title="another")
    story.tell(story.listing(story.pane))
    assert (story.only().title, story.only().last_output) == ("another", START.wall + 6)


def test_a_turn_in_which_only_clocks_move_is_stalled_after_the_roles_patience() -> None:
    story = Screens(NUX)
    assert story.shows(WORKING).state is State.WORKING
    for _ in range(9):
        assert story.shows(WORKING, 99.0).state is State.WORKING
    stalled = story.shows(WORKING, 99.0)
    assert stalled.state is State.STALLED and stalled.needs_you(story.now.wall)
    assert stalled.evidence[0].fact == "one turn goes on, and nothing but clocks has moved in it"
    assert story.shows(STREAMING, 2.0).state is State.WORKING, "progress ends it"


def test_what_moved_while_nobody_could_look_may_be_progress() -> None:
    """When tmux answers again, a turn is no stall before its screen was seen anew."""
    story = Screens(NUX)
    story.shows(WORKING)
    story.wait(5.0)
    story.tell(story.failed())
    story.wait(2000.0)
    story.pane = story.pane._replace(window_activity=story.now.wall - 1)
    story.tell(story.listing(story.pane))
    assert story.only().state is State.WORKING
    assert story.shows(WORKING, 0.1).state is State.STALLED, "it moved, and only its clocks did"


def test_a_roles_patience_can_be_set() -> None:
    story = Screens(NUX)
    story.known = story.known._replace(wishes=Wishes(patience={"polecat": 60.0}))
    story.shows(WORKING)
    assert story.shows(WORKING, 61.0).state is State.STALLED


@pytest.mark.parametrize(("before", "expected"), [((), State.IDLE), ((IDLE,), State.UNKNOWN), ((WORKING, IDLE), State.UNKNOWN)])
def test_who_stands_still_at_a_screen_unlike_those_that_it_drew_may_wait_for_somebody(
    before: Sequence[str], expected: State
) -> None:
    story = Screens()
    for shown in before:
        story.shows(shown, 1.0)
    for _ in range(2):
        story.wait(20.0)
        asked = Frame("%1", ("Shall I go on?", "", "  yes, of course", "  rather not"), story.now, None, 0)
        story.tell(story.listing(story.pane), asked)
    assert story.only().state is expected, facts(story.only())


def beat(state: str | None, bead: str | None, at: float) -> dict[str, object]:
    return {"heartbeats": {NUX.session: Heartbeat(NUX.session, at, state, "tests", bead)}}


@pytest.mark.parametrize(
    ("state", "bead", "told", "quiet", "expected"),
    [
        ("working", "gt-aa7", 900, 900, State.STALLED),
        (None, "gt-aa7", 900, 900, State.STALLED),
        # Neither before it was quiet for long, nor before it gave no sign for long: it ran gt, which tells of a bead.
        ("working", "gt-aa7", 900, 899, State.IDLE),
        ("working", "gt-aa7", 899, 5000, State.IDLE),
        ("working", None, 900, 5000, State.IDLE),
        ("idle", "gt-aa7", 900, 5000, State.IDLE),
        # A pause that an agent declares is its own choice.
        ("stuck", "gt-aa7", 900, 5000, State.IDLE),
        # Told by an earlier run of it.
        ("working", "gt-aa7", 1001, 5000, State.IDLE),
    ],
)
def test_work_on_file_and_a_quiet_prompt(state: str | None, bead: str | None, told: float, quiet: float, expected: State) -> None:
    story = Screens(NUX._replace(window_activity=START.wall - quiet), age=1000, **beat(state, bead, START.wall - told))
    agent = story.shows(IDLE)
    assert agent.state is expected and agent.heartbeat_at == START.wall - told
    words = " ".join(word for word in (state or "working", bead and f"on {bead}", "tests") if word)
    assert f"| heartbeat: {words} |" in facts(agent)


def test_a_quiet_prompt_with_work_becomes_stalled_by_itself() -> None:
    story = Screens(NUX._replace(window_activity=START.wall - 800), **beat("working", "gt-aa7", START.wall - 700))
    assert story.shows(IDLE).state is State.IDLE
    assert story.judgement.judged[story.only().id].next_at == START.mono + 200
    story.later(200.0)
    assert story.only().state is State.STALLED


@pytest.mark.parametrize(
    ("heartbeat", "written", "quiet", "expected"),
    [
        (None, 1000, 900, State.STALLED),
        ("working", 1000, 900, State.STALLED),
        # Neither before it was quiet for long, nor before it had the bead for long.
        (None, 1000, 899, State.IDLE),
        (None, 899, 5000, State.IDLE),
        # A pause that it declares is its own choice.
        ("stuck", 1000, 5000, State.IDLE),
    ],
)
def test_a_hooked_bead_is_work_on_file(heartbeat: str | None, written: float, quiet: float, expected: State) -> None:
    beats = beat(heartbeat, None, START.wall - 700) if heartbeat else {}
    story = Screens(NUX._replace(window_activity=START.wall - quiet), **beats)
    told = {"id": "gt-aa7", "status": "hooked", "updated_at": rfc3339(START.wall - written)}
    bead = read(json.dumps(told).encode())
    assert isinstance(bead, Bead)
    agent = story.shows(IDLE)
    assert agent.state is State.IDLE
    story.tell(BeadsRead(START, (), Beads(), (), hooked={agent.id: bead}))
    assert story.only().state is expected
    assert ("gt-aa7 is hooked to it" in facts(story.only())) == (expected is State.STALLED)


def test_a_deacon_that_patrols_no_more_is_stalled() -> None:
    deacon = pane("deacon", session="hq-deacon", session_created=START.wall - 5000)
    for silent, state in ((1199, State.IDLE), (1200, State.STALLED)):
        story = Screens(deacon, heartbeats={"hq-deacon": Heartbeat("hq-deacon", START.wall - silent)})
        assert story.shows(IDLE).state is state


def test_a_run_without_a_screen_works_until_it_ends() -> None:
    story = Story()
    headless = Process(MAX.pid, 1, "claude", "claude", "-p", "claude", started=START.wall - 500, flags=frozenset({"-p"}))
    story.tell(story.listing(MAX._replace(blank=True)), Tree("%1", MAX.pid, (headless,), START))
    assert story.agent().state is State.WORKING and "headless (-p)" in facts(story.agent())


def test_a_blank_screen_is_a_start_for_a_minute_and_a_half() -> None:
    story = Story()
    story.tell(story.listing(MAX), tree(MAX, "claude", started=START.wall - 5), Frame("%1", ("", ""), START))
    assert story.agent().state is State.STARTING
    assert story.later(86.0).agents[0].state is not State.STARTING


def test_who_only_just_came_is_judged_by_its_screen_not_by_having_drawn_it() -> None:
    story = Story()
    came = MAX._replace(window_activity=START.wall, session_created=START.wall - 1)
    story.tell(story.listing(came), tree(came, "claude", started=START.wall - 1))
    assert story.agent().state is State.STARTING and "not looked at yet" in facts(story.agent())
    asks = story.tell(frame("claude-permission-bash-120x40", story.now)).agents[0]
    assert asks.state is State.WAITING
    blind = Story()
    blind.tell(blind.listing(came), tree(came, "claude", started=START.wall - 1))
    assert blind.later(1.0).agents[0].state is State.WORKING, "nobody can look: it moves"


def test_a_countdown_means_one_moment() -> None:
    story = Screens(pane(env={"GT_ROLE": "alpha/crew/max", "GT_AGENT": "opencode"}), "opencode")
    first = story.shows("opencode-rate-429-retrying-120x40").activity.held
    assert first is not None and first.until == START.wall + 597
    later = story.shows("opencode-rate-429-retrying-120x40", 3.0, ("9m 57s", "9m 54s"))
    assert later.activity.held == first


def test_what_only_prints_and_spins_is_not_judged_again(monkeypatch: pytest.MonkeyPatch) -> None:
    story, judged = Screens(), []
    told = story.shows(WORKING)
    honest = judging.judge_present
    monkeypatch.setattr(
        judging, "judge_present", lambda who, *more, **named: judged.append(who.id) or honest(who, *more, **named)
    )
    for title, stretch in (("⠂ Claude Code", 0), ("⠐ Claude Code", 0), ("⠂ Claude Code", 5)):
        story.wait(1.0)
        story.pane = story.pane._replace(title=title, window_activity=START.wall - 60 + stretch)
        story.tell(story.listing(story.pane))
        assert story.only() == told._replace(last_output=START.wall - 60 + stretch), "its quiet time goes on"
    assert judged == []
    story.tell(story.listing(story.pane._replace(title="✳ Claude Code")))
    assert judged == ["alpha/crew/max"] and story.only().activity == told.activity


def test_who_goes_on_printing_is_not_told_by_a_last_output_of_long_ago() -> None:
    max_ = pane(env={"GT_ROLE": "alpha/crew/max", "GT_AGENT": "something"}, window_activity=START.wall - 1)
    story = Story(ALPHA)
    story.tell(story.listing(max_), tree(max_, "something", started=START.wall - 800))
    for _ in range(20):
        story.wait(1.0)
        story.tell(story.listing(max_._replace(window_activity=story.now.wall)))
        assert story.agent().state is State.WORKING
    assert "keeps moving" in facts(story.agent()) and not story.agent().evidence[0].ago


def test_what_the_first_screen_tells_had_begun_before_we_looked() -> None:
    story = Screens()
    story.wait(30.0)
    story.tell(story.listing(story.pane))
    assert (story.only().state, story.only().since) == (State.IDLE, None)
    assert story.shows("claude-permission-bash-120x40").since is None
    assert story.shows(WORKING, 1.0).since == story.now.wall


def test_others_have_a_turn_every_few_agents_and_the_answer_is_the_same() -> None:
    panes = [pane(f"alpha/polecats/p{number}", number) for number in range(1, 28)]
    story = Story(ALPHA)
    story.tell(story.listing(*panes), *(living(one) for one in panes))
    *between, last = judging.judge_in_steps(story.known._replace(shared=()), story.now)
    assert between == [None] * (27 // judging.STEP) and last == judging.judge(story.known, story.now)


def test_who_is_untouched_is_not_judged_again_and_whoever_moved_is(monkeypatch: pytest.MonkeyPatch) -> None:
    panes = [pane(f"alpha/polecats/p{number}", number) for number in range(1, 28)]
    story = Story(ALPHA)
    story.tell(story.listing(*panes), *(living(one) for one in panes))
    story.later(20)
    judged, really = [], judging._present
    monkeypatch.setattr(judging, "_present", lambda known, who, *more: judged.append(who) or really(known, who, *more))

    def after(*news: Fact) -> list[str]:
        judged.clear()
        story.wait(1)
        story.tell(*news)
        return [one.removeprefix("alpha/polecats/") for one in judged]

    assert after(story.listing(*panes)) == []
    ticked = panes[4]._replace(window_activity=story.now.wall)
    assert after(story.listing(*panes[:4], ticked, *panes[5:])) == ["p5"], "it begins to work"
    ticked = ticked._replace(window_activity=story.now.wall)
    assert after(story.listing(*panes[:4], ticked, *panes[5:])) == ["p5"], "what says when it wrote is told by what stands"
    ticked = ticked._replace(window_activity=story.now.wall)
    assert after(story.listing(*panes[:4], ticked, *panes[5:])) == [], "it goes on"
    assert after(Frame("%7", ("$",), story.now)) == ["p7"]
    assert len(after(tree(panes[8], "claude", "bash"))) == 27, "what all share is another"
    assert after(story.exited(panes[1].pid)).count("p2") == 1
    assert story.agent("alpha/polecats/p2").state is not State.IDLE


def test_who_works_since_it_prints_is_judged_again_when_its_output_would_not_do_any_more() -> None:
    story = Story(ALPHA)
    story.tell(story.listing(MAX), living(MAX))
    judged = []
    for second in range(1, 6):
        story.wait(1)
        story.tell(story.listing(MAX._replace(window_activity=START.wall + second)))
        judged.append(story.judgement.judged["alpha/crew/max"])
    assert [one.agent.state for one in judged] == [State.WORKING] * 5
    assert judged[3].agent is judged[2].agent and judged[3].next_at == story.now.mono - 1 + OUTPUT_S
    story.wait(OUTPUT_S + 0.1)
    story.tell()
    assert "not 10 s of quiet yet" in story.agent().evidence[1].fact
    story.wait(10)
    story.tell()
    assert story.agent().state is State.IDLE
