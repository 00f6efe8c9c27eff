"""A Town out of what is known. Pure.

An agent is judged again only when something that its verdict rests on is another object than before, or when the moment
has come at which the verdict changes by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import is_
from typing import Any

from .acks import acknowledged
from .activity.judging import FIRST, title_shape
from .activity.motion import OUTPUT_S, Motion
from .agents import Identity, Stranger, identify
from .expected import Expectation, expected_agents, is_down, unmet
from .facts import Daemon, Pane, Rig, TownFiles
from .known import Identities, Judged, Judgement, Known
from .liveness import Absence, Body, Verdict, judge_absent, judge_present, pick_pane
from .notices import notices
from .programs import Found, runtime_named
from .snapshot import ALIVE, Agent, Foreign, Moment, Monitor, Notice, SourceState, State, Stock, Town

STRETCH_S = 5.0
STEP = 8
_BY_SCREEN = frozenset({State.WORKING, State.WAITING, State.HELD})
NO_DAEMON = Daemon(running=False)
_FRAME, _ALONE = Body._fields.index("frame"), len(Body._fields) + 1


def judge(known: Known, now: Moment) -> Judgement:
    """Returns what follows from everything known, at this moment."""
    return next(filter(None, judge_in_steps(known, now)))


def judge_in_steps(known: Known, now: Moment) -> Iterator[Judgement | None]:
    """Yields None each time that a few agents were judged, so that others may have a turn, and at last what follows."""
    identities = _identities(known)
    living = _by_agent(known, identities)
    daemon = _daemon(known.files)
    shared = _shared(known)
    alike = _are_the_same(shared, known.shared)
    judged: dict[str, Judged] = {}
    for agent_id, (who, panes) in living.items():
        before = known.judged.get(agent_id)
        if before and alike and (stands := _standing(known, before, panes, now)):
            judged[agent_id] = stands
            continue
        judged[agent_id] = _present(known, agent_id, who, panes, daemon, now)
        if len(judged) % STEP == 0:
            yield None
    present = {name for pane in known.panes.values() for name in (pane.session, *pane.sessions)}
    files = known.files or TownFiles(now)
    halt = is_down(files, _starts(judged))
    down, unread = halt is not None, _unread(known)
    expected = expected_agents(files, known.remembered, present, now.wall, down=down, wishes=known.wishes, unread=unread)
    places = {agent_id: who.place for agent_id, (who, _) in living.items()}
    for agent_id, expectation in expected.items():
        if agent_id not in judged and (absent := _absent(known, expectation, now)):
            judged[agent_id] = absent
            places[agent_id] = expectation.identity.place
    agents = tuple(_noted(known, judged[agent_id].agent) for agent_id in sorted(judged, key=places.__getitem__))
    monitor, silent_at = _monitor(known, now)
    town = Town(
        ref=known.ref,
        observed_at=now.wall,
        epoch=known.epoch or None,
        agents=agents,
        foreign=_foreign(known, identities),
        sources=_sources(known),
        notices=(
            *notices(
                known.files,
                _told(known),
                agents,
                halt,
                known.clock_step,
                now,
                monitor,
                _loop(known),
            ),
            *unmet(known.wishes, files),
        ),
        monitor=monitor,
        events=known.files.events if known.files else (),
        beads=_stock(known, agents, now),
    )
    due = [at for at in (silent_at, *(one.next_at for one in judged.values())) if at is not None]
    confirm = any(one.confirm for one in judged.values())
    yield Judgement(town, min(due, default=None), confirm, judged, identities, shared)


def _noted(known: Known, agent: Agent) -> Agent:
    """Returns the agent with its acknowledgement, if somebody made one for what it needs now."""
    noted = acknowledged(agent, known.acks.get(agent.id))
    return agent._replace(acknowledged=noted) if noted else agent


def _starts(judged: Mapping[str, Judged]) -> list[float]:
    """Returns when the living mayor and deacon began."""
    leaders = [judged[role].agent for role in ("mayor", "deacon") if role in judged]
    return [at for one in leaders if one.alive for at in (one.session_created, one.agent_started) if at is not None]


def _daemon(files: TownFiles | None) -> Daemon:
    """Returns the daemon as far as it acts: under an emergency stop of the whole town it stands still."""
    return NO_DAEMON if files is None or any(not scope for scope, _, _ in files.estop) else files.daemon


def _identities(known: Known) -> Identities:
    """Returns who each session is; that stands as long as the session and the registry say the same."""
    result: dict[tuple[str, float], tuple[Pane, Identity | Stranger, tuple[Rig, ...]]] = {}
    rigs = known.files.rigs if known.files else ()
    for pane in known.panes.values():
        key = (pane.session_id, pane.session_created)
        if key in result:
            continue
        before = known.identities.get(key)
        settled = before and before[0].env is pane.env and before[0].session == pane.session and before[2] is rigs
        result[key] = before if before and settled else (pane, _identity(known, pane, rigs), rigs)
    return result


def _identity(known: Known, pane: Pane, rigs: tuple[Rig, ...]) -> Identity | Stranger:
    who = identify(pane, rigs, known.ref.root)
    return Stranger() if isinstance(who, Identity) and known.wishes.ignores(pane.session, who.id) else who


def _by_agent(known: Known, identities: Identities) -> dict[str, tuple[Identity, list[dict[str, Pane]]]]:
    """Returns agent id -> (identity, the panes of each of its sessions, newest session first)."""
    sessions: dict[tuple[str, float], dict[str, Pane]] = {}
    for pane in known.panes.values():
        sessions.setdefault((pane.session_id, pane.session_created), {})[pane.pane_id] = pane
    found: dict[str, tuple[Identity, list[dict[str, Pane]]]] = {}
    newest_first = sorted(sessions, key=lambda key: (-key[1], -int(key[0][1:] or 0)))
    for key in newest_first:
        who = identities[key][1]
        if isinstance(who, Identity):
            found.setdefault(who.id, (who, []))[1].append(sessions[key])
    return found


def _present(known: Known, agent_id: str, who: Identity, sessions: list[dict[str, Pane]], daemon: Daemon, now: Moment) -> Judged:
    pane = pick_pane(sessions[0], known.finds)
    before, found, files = known.judged.get(agent_id), known.finds.get(pane.pane_id), known.files
    beat = files.heartbeats.get(pane.session) if files else None
    body = Body(
        pane,
        known.motions[pane.pane_id],
        known.trees.get(pane.pane_id),
        found,
        known.without_agent.get(pane.pane_id),
        known.exits.get(pane.pid),
        known.exits.get(found.agent.pid) if found and found.agent else None,
        known.screens.get(pane.pane_id),
        beat,
        known.answer if "tmux" in known.failures else None,
        hooked=known.beads.hooked.get(agent_id) if known.beads else None,
    )
    also = tuple(next(iter(panes.values())).session for panes in sessions[1:])
    inputs = (*body, daemon, *also)
    if before and _stands(before, inputs, now):
        return before
    if before and _only_ticks(before, body, inputs, now):
        return _after_tick(before, body, inputs)
    former = before.agent if before and _is_session(before.agent, pane) else None
    body = body._replace(promised=former.expects if former and former.state is State.DEAD else None)
    same = former is not None and found is not None and found.agent is not None and former.agent_pid == found.agent.pid
    carried = before.carried if before and same else FIRST
    said = former.state if former else None
    verdict = judge_present(who, body, daemon, said, now, carried=carried, patience=known.wishes.patience)
    facts = _facts(pane, found, body.motion)
    if former and former.state is verdict.state:
        facts |= _told_well(former, pane, facts["last_output"])
    work = {"heartbeat_at": beat.at, "bead": beat.bead} if beat else {}
    # What is read for the first time of somebody whose state was only inferred had begun before we looked.
    inferred = former is not None and former.since is None and carried.reading is None and verdict.carried.reading is not None
    agent = _agent(who, verdict, None if inferred else former, now, also=also, **work, **facts)
    return Judged(agent, inputs, verdict.next_at, verdict.confirm, verdict.look_at, verdict.carried)


def _shared(known: Known) -> tuple[object, ...]:
    """Returns what the verdicts on all agents rest on, whoever they are."""
    failure = known.failures.get("tmux") and known.answer
    return known.files, known.beads, known.trees, known.finds, known.without_agent, known.exits, failure


def _standing(known: Known, before: Judged, sessions: list[dict[str, Pane]], now: Moment) -> Judged | None:
    """Returns the verdict that stands where what is shared is alike, and of an agent's own at most its pane ticked."""
    inputs, panes = before.inputs, sessions[0]
    if len(inputs) != _ALONE or len(sessions) != 1 or len(panes) != 1 or _is_due(before, now):
        return None
    ((pane_id, pane),) = panes.items()
    motion = known.motions[pane_id]
    if inputs[_FRAME] is not known.screens.get(pane_id):
        return None
    if inputs[0] is pane and inputs[1] is motion:
        return before
    body = Body(pane, motion, *inputs[2 : _ALONE - 1])
    return _after_tick(before, body, (pane, motion, *inputs[2:])) if _goes_on(before, body) else None


def _is_session(agent: Agent, pane: Pane) -> bool:
    """Whether an agent was judged in this very session; a new server counts its ids from 0 again."""
    return (agent.session_id, agent.session_created) == (pane.session_id, pane.session_created)


def _stands(before: Judged, inputs: tuple[Any, ...], now: Moment) -> bool:
    return not _is_due(before, now) and _are_the_same(inputs, before.inputs)


def _is_due(before: Judged, now: Moment) -> bool:
    return before.next_at is not None and now.mono >= before.next_at


def _are_the_same(new: tuple[Any, ...], old: tuple[Any, ...]) -> bool:
    return len(new) == len(old) and all(map(is_, new, old))


def _only_ticks(before: Judged, body: Body, inputs: tuple[Any, ...], now: Moment) -> bool:
    """Whether an agent did nothing but go on printing and spinning, where that says no more of its state than was said.

    Either its screen tells, or it counts as working since it prints. With three hundred that print, that is what happens each
    second.
    """
    return not _is_due(before, now) and _are_the_same(inputs[2:], before.inputs[2:]) and _goes_on(before, body)


def _goes_on(before: Judged, body: Body) -> bool:
    agent, reading = before.agent, before.carried.reading
    by_screen = reading is not None and reading.state is agent.state and agent.state in _BY_SCREEN
    if not (by_screen or _works_by_output(before, body)):
        return False
    old: Pane = before.inputs[0]
    ticking = body.pane._replace(window_activity=old.window_activity, title=old.title)
    return ticking == old and title_shape(body.pane.title) == title_shape(old.title)


def _after_tick(before: Judged, body: Body, inputs: tuple[Any, ...]) -> Judged:
    return before._replace(agent=_ticked(before.agent, body), inputs=inputs, next_at=_works_until(before, body))


def _ticked(agent: Agent, body: Body) -> Agent:
    """Returns an agent that only went on printing: the very same, unless its last output is to be told anew."""
    output = _last_output(body.found, body.motion)
    return agent if _in_one_stretch(agent.last_output, output) else agent._replace(last_output=output)


def _works_by_output(before: Judged, body: Body) -> bool:
    """Whether nothing but movement tells that an agent works, and its output is enough for that."""
    reading, program = before.carried.reading, body.found.program if body.found else None
    moves = before.agent.state is State.WORKING and before.next_at is not None and body.motion.watched is not None
    # What says how long ago it wrote is told anew once, by what stands.
    moves = moves and not before.agent.evidence[0].ago
    return moves and (reading is None or reading.state is None) and not (program and program.noisy)


def _works_until(before: Judged, body: Body) -> float | None:
    """Returns when (mono) a verdict that stands although its agent went on printing changes by itself."""
    watched = body.motion.watched
    return watched + OUTPUT_S if watched is not None and _works_by_output(before, body) else before.next_at


def _told_well(former: Agent, pane: Pane, output: float | None) -> dict[str, Any]:
    """Returns what of an agent ticks in its pane and was told well enough: a picture would be drawn for each tick.

    Its quiet time is read in steps of ten seconds, and of a title that spins or blinks any frame is as good.
    """
    same = _in_one_stretch(former.last_output, output)
    spins = title_shape(former.title) == title_shape(pane.title)
    return ({"last_output": former.last_output} if same else {}) | ({"title": former.title} if spins else {})


def _in_one_stretch(told: float | None, output: float | None) -> bool:
    return told is not None and output is not None and told // STRETCH_S == output // STRETCH_S


def _last_output(found: Found | None, motion: Motion) -> float | None:
    """Returns when an agent wrote last (wall); of one that writes while it is idle, when what it shows changed."""
    noisy = found is not None and found.program is not None and found.program.noisy
    changed = motion.changed.wall if motion.changed else None
    return changed if noisy else motion.output


def _facts(pane: Pane, found: Found | None, motion: Motion) -> dict[str, Any]:
    """Returns what an agent's pane and processes say about it, as fields of Agent."""
    runtime = found.runtime if found and found.agent else runtime_named(pane.env)
    return {
        "session": pane.session,
        "session_id": pane.session_id,
        "pane_id": pane.pane_id,
        "pid": pane.pid or None,
        "agent_pid": found.agent.pid if found and found.agent else None,
        "runtime": runtime,
        "command": pane.command or None,
        "cwd": pane.cwd or None,
        "title": pane.title,
        "session_created": pane.session_created,
        "agent_started": found.agent.started if found and found.agent else None,
        "last_output": _last_output(found, motion),
        "exit_status": pane.dead_status if pane.dead else None,
        "exit_signal": pane.dead_signal if pane.dead else None,
        "attached": pane.attached,
    }


def _agent(who: Identity, verdict: Verdict, former: Agent | None, now: Moment, **more: Any) -> Agent:
    """Returns the agent with its verdict; a state that goes on keeps its beginning, one seen to begin begins now."""
    since = verdict.since
    if since is None and former is not None:
        seen_to_begin = former.state is not State.UNKNOWN
        since = former.since if former.state is verdict.state else now.wall if seen_to_begin else None
    return Agent(
        id=who.id,
        role=who.role,
        rig=who.rig,
        name=who.name,
        state=verdict.state,
        evidence=verdict.evidence,
        since=since,
        expects=verdict.expects,
        activity=verdict.activity,
        **more,
    )


def _unread(known: Known) -> frozenset[str]:
    """Returns the sessions that vanished after the files were read."""
    read = known.answered.get("town")
    return frozenset(session for session, at in known.lacking.items() if read is None or at.mono > read.mono)


def _absent(known: Known, expectation: Expectation, now: Moment) -> Judged | None:
    who, before = expectation.identity, known.judged.get(expectation.identity.id)
    former = before.agent if before else None
    failure = known.failures.get("tmux")
    exited = _seen_to_end(known, former)
    lacking = known.lacking.get(expectation.session or "", known.first_answer)
    blind, beside = f"tmux does not answer: {failure.error}" if failure else "", known.beside[1] if known.beside else ""
    absence = Absence(expectation, lacking, known.answer, exited, blind, beside)
    said = former.state if former else None
    verdict = judge_absent(absence, _daemon(known.files), said, now)
    if verdict is None:
        return None
    last_words = {name: getattr(former, name) for name in _LAST_WORDS} if former else {}
    agent = _agent(who, verdict, former, now, session=expectation.session, **last_words)
    return Judged(agent, (), verdict.next_at, verdict.confirm)


_LAST_WORDS = ("pane_id", "runtime", "cwd", "last_output", "pid", "agent_pid")


def _seen_to_end(known: Known, former: Agent | None) -> Moment | None:
    if former is None:
        return None
    return known.exits.get(former.pid or -1) or known.exits.get(former.agent_pid or -1)


def _foreign(known: Known, identities: Identities) -> tuple[Foreign, ...]:
    strangers = [
        Foreign(pane.session, pane.session_id, who.kind) for pane, who, _ in identities.values() if isinstance(who, Stranger)
    ]
    return tuple(sorted(strangers, key=lambda foreign: (foreign.session, foreign.session_id)))


def _monitor(known: Known, now: Moment) -> tuple[Monitor | None, float | None]:
    """Returns what the automonitor's folder says, and when (mono) that changes by itself."""
    if known.monitor is None:
        return None, None
    from .monitor import monitor

    return monitor(known.monitor, now)


def _told(known: Known) -> Iterator[Notice]:
    """Yields what the sources themselves tell of the whole town."""
    yield from known.beads.notices if known.beads else ()
    yield from known.located.notices if known.located else ()
    if known.beside:
        yield known.beside


def _loop(known: Known) -> str:
    """Returns how the automonitor's own session is: a loop that is silent may hang, or be gone."""
    if known.monitor is None or known.answer is None or "tmux" in known.failures:
        return ""
    pane = next((pane for pane in known.panes.values() if pane.session == "gt-automonitor"), None)
    if pane is None:
        return "gt-automonitor is not there"
    return "gt-automonitor is dead" if pane.dead else f"gt-automonitor runs {pane.command or 'on'}"


def _stock(known: Known, agents: tuple[Agent, ...], now: Moment) -> Stock | None:
    """Returns what the beads come to, where they were read."""
    if known.beads is None:
        return None
    from .beads.stock import stock

    return stock(known.beads.tallies, known.beads.origins, known.beads.assigned, agents, now.wall)


def _sources(known: Known) -> tuple[SourceState, ...]:
    names = dict.fromkeys(("tmux", "process", "town", "memory", "events", "monitor", "beads"))
    names.update(dict.fromkeys(known.failures))
    return tuple(_source(known, name) for name in names if name in known.failures or name in known.answered)


def _source(known: Known, name: str) -> SourceState:
    at = known.answered.get(name)
    failure = known.failures.get(name)
    if failure is None:
        return SourceState(name, "ok", at.wall if at else None)
    state = "absent" if failure.absent else "stale" if at else "error"
    return SourceState(name, state, at.wall if at else None, failure.error or None)


def identified(known: Known) -> Known:
    """Returns what is known with who each session is, so that nobody finds that out again."""
    return known._replace(identities=_identities(known))


def agents_panes(known: Known) -> list[str]:
    """Returns the panes in which an agent may run, whatever their processes."""
    sessions = (sessions[0] for _, sessions in _by_agent(known, _identities(known)).values())
    return [pane.pane_id for panes in sessions for pane in panes.values() if not pane.dead]


def living_panes(known: Known) -> list[str]:
    """Returns the panes of the agents whose program was found running: those whose screens say something."""
    panes = (pick_pane(sessions[0], known.finds) for _, sessions in _by_agent(known, _identities(known)).values())
    return [pane.pane_id for pane in panes if not pane.dead and (found := known.finds.get(pane.pane_id)) and found.agent]


def alive_sessions(town: Town) -> dict[str, str]:
    """Returns session -> agent id of every agent that is alive: what is worth remembering."""
    return {agent.session: agent.id for agent in town.agents if agent.session and agent.state in ALIVE}
