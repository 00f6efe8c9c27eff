"""Who should be there, and why we think so: the expected set, each expectation with its source.

A town's files tell of deaths that nobody watched: a pid file whose process is gone, with no stop on record after its start.
Nothing else does: most deaths leave no line in any log. An idle polecat, a refinery without work and boot between two
heartbeats are normally absent.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from typing import NamedTuple

from .agents import Identity, Stranger, from_name
from .facts import Halt, PidFile, Rig, Stop, TownFiles
from .snapshot import Evidence, Notice
from .text import safe
from .wishes import NO_WISHES, Wishes

# Start stamps of pid files are local time in whole seconds, stops on record too.
SLACK_S = 2.0
WORK_FRESH_S = 180.0


class Expectation(NamedTuple):
    """An agent that should have a session.

    `ran_at`: when something proves that it ran last. `process`: whether the process it started as still runs. `parked`: its
    rig is `parked` or `docked`. `wished`: the user named it, so that it needs no place. `stop`: the stop on record after
    `ran_at`; `crash`: the record of a crash instead, or one of which nobody knows what it means.
    """

    identity: Identity
    evidence: tuple[Evidence, ...]
    session: str | None = None
    ran_at: float | None = None
    process: PidFile | None = None
    stop: Stop | None = None
    crash: Stop | None = None
    parked: str | None = None
    wished: bool = False

    @property
    def proves_life(self) -> bool:
        return self.ran_at is not None or self.process is not None


def expected_agents(
    files: TownFiles,
    remembered: Mapping[str, tuple[str, float]],
    present: Set[str],
    now: float,
    *,
    down: bool = False,
    wishes: Wishes = NO_WISHES,
    unread: Set[str] = frozenset(),
) -> dict[str, Expectation]:
    """Returns the expected agents without a session, by id. `remembered`: session -> (agent id, last seen alive in wall s).

    `unread`: sessions that vanished after the files were read, which may not know the folder of one that came as late. While
    the town is `down` nobody is there by right, nor by wish.
    """
    found: dict[str, Expectation] = {}
    rightful = () if down else (*_by_right(files), *_by_wish(files, wishes))
    by_right = (claim for claim in rightful if claim.session not in present)
    for expectation in (*_claims(files, remembered, present, now), *by_right):
        known = found.get(expectation.identity.id)
        found[expectation.identity.id] = expectation if known is None else _merged(known, expectation)
    return {
        agent_id: _with_records(one, files)
        for agent_id, one in found.items()
        if (one.wished or one.session in unread or _has_place(one.identity, files)) and not wishes.ignores(agent_id, one.session)
    }


def _claims(
    files: TownFiles, remembered: Mapping[str, tuple[str, float]], present: Set[str], now: float
) -> Iterator[Expectation]:
    yield from _from_pid_files(files, present)
    yield from _from_memory(files, remembered, present)
    yield from _from_work(files, present, now)


def _from_pid_files(files: TownFiles, present: Set[str]) -> Iterator[Expectation]:
    for record in files.pids.values():
        if record.session not in present and (identity := _identity(record.session, files.rigs)) and identity.role != "boot":
            fact = f"{record.session}.pid says it started as process {record.pid}"
            evidence = Evidence("town", fact, record.started or files.at.wall, ago=record.started is not None)
            yield Expectation(identity, (evidence,), record.session, record.started, record)


def _from_memory(files: TownFiles, remembered: Mapping[str, tuple[str, float]], present: Set[str]) -> Iterator[Expectation]:
    for session, (agent_id, at) in remembered.items():
        if session in present:
            continue
        identity = _identity(session, files.rigs)
        if identity is None or identity.id != agent_id:
            identity = _from_id(agent_id)
        if identity and identity.role not in ("boot", "dog"):
            yield Expectation(identity, (Evidence("memory", "seen alive here", at, ago=True),), session, at)


def _from_work(files: TownFiles, present: Set[str], now: float) -> Iterator[Expectation]:
    for beat in files.heartbeats.values():
        if beat.session in present:
            continue
        if beat.bead and 0 <= now - beat.at < WORK_FRESH_S and (identity := _identity(beat.session, files.rigs)):
            fact = f"its heartbeat names work ({beat.bead})"
            yield Expectation(identity, (Evidence("town", fact, beat.at, ago=True),), beat.session, beat.at)
    for dog, state in files.dogs.items():
        if state == "working" and f"hq-dog-{dog}" not in present:
            fact = "its own file says that it is working"
            yield Expectation(Identity("dog", dog), (Evidence("town", fact, files.at.wall),), f"hq-dog-{dog}", files.at.wall)


def _by_right(files: TownFiles) -> Iterator[Expectation]:
    """Who must be there whether or not anything says that it ever ran."""
    at = files.at.wall
    for role in ("mayor", "deacon") if files.daemon.running else ():
        why = Evidence("town", "the daemon runs, so the town has one", at)
        yield Expectation(Identity(role, role), (why,), f"hq-{role}", files.starts.get(role))
    for rig in files.rigs:
        if rig.parked not in ("parked", "docked"):
            evidence = (
                Evidence("town", f"{rig.name} is a registered rig that is not parked", at),
                Evidence("town", "whether the rig is docked cannot be told before beads are read", at),
            )
            ran = files.starts.get(f"{rig.name}/witness")
            yield Expectation(Identity("witness", "witness", rig.name), evidence, f"{rig.prefix.rstrip('-')}-witness", ran)


def _by_wish(files: TownFiles, wishes: Wishes) -> Iterator[Expectation]:
    for name in wishes.expect:
        by_id = _from_id(name)
        if identity := by_id or _identity(name, files.rigs):
            session = None if by_id else name
            yield Expectation(identity, (Evidence("config", f"the settings expect {name}", files.at.wall),), session, wished=True)


def unmet(wishes: Wishes, files: TownFiles) -> Iterator[Notice]:
    """Yields a notice for each name that the user expects and that nobody can have here."""
    for name in wishes.expect:
        if not (_from_id(name) or _identity(name, files.rigs)):
            text = f"the settings expect {safe(name)}, which is neither an agent's id nor its session"
            yield Notice("expect", text, "mend the name: gastown-tui config shows where it stands")


def _merged(one: Expectation, other: Expectation) -> Expectation:
    """Returns what both claims say; the latest proof of life counts."""
    ran = max((at for at in (one.ran_at, other.ran_at) if at is not None), default=None)
    newest = max((one, other), key=lambda claim: claim.ran_at or 0.0)
    evidence = tuple(dict.fromkeys(newest.evidence + one.evidence + other.evidence))
    wished = one.wished or other.wished
    process = one.process or other.process
    return Expectation(one.identity, evidence, newest.session or one.session, ran, process, wished=wished)


def _identity(session: str, rigs: tuple[Rig, ...]) -> Identity | None:
    found = from_name(session, rigs)
    return None if isinstance(found, Stranger) else found


def _from_id(agent_id: str) -> Identity | None:
    match agent_id.split("/"):
        case ["mayor" | "deacon" | "boot" as name]:
            return Identity(name, name)
        case ["dog", name]:
            return Identity("dog", name)
        case [rig, "witness" | "refinery" as role]:
            return Identity(role, role, rig)
        case [rig, "crew", name]:
            return Identity("crew", name, rig)
        case [rig, "polecats", name]:
            return Identity("polecat", name, rig)
    return None


def _has_place(identity: Identity, files: TownFiles) -> bool:
    """An agent whose folder is gone is not expected; in a town without a registry there is nothing to ask."""
    if identity.rig is None or not files.registered:
        return True
    rig = next((rig for rig in files.rigs if rig.name == identity.rig), None)
    if rig is None:
        return False
    if identity.role == "crew":
        return identity.name in rig.crew
    return identity.role != "polecat" or identity.name in rig.polecats


def _with_records(expectation: Expectation, files: TownFiles) -> Expectation:
    identity, ran = expectation.identity, expectation.ran_at
    rig = next((rig for rig in files.rigs if rig.name == identity.rig), None)
    stop, crash = _record_after(identity, expectation.session, ran, files) if ran is not None else (None, None)
    return expectation._replace(stop=stop, crash=crash, parked=rig.parked if rig and _keeps_away(rig, identity) else None)


def _keeps_away(rig: Rig, identity: Identity) -> bool:
    """Whether a rig's state is why an agent is absent: parking stops its witness and refinery, docking its crew too."""
    return rig.parked == "docked" or (rig.parked == "parked" and identity.role in ("witness", "refinery"))


def _record_after(identity: Identity, session: str | None, ran: float, files: TownFiles) -> tuple[Stop | None, Stop | None]:
    """Returns (the stop on record after its last proof of life, the record of a crash or, without either, of who knows what).

    A reason that nobody knows counts as neither.
    """
    names = addresses(identity, session)
    records = [stop for stop in files.stops if stop.target in names and stop.at >= ran - SLACK_S]
    halt = files.halt
    if halt and halt.at >= ran - SLACK_S and names_kind(halt, identity):
        records.append(Stop(identity.id, halt.at, "gt down"))
    last = max(records, key=lambda record: (record.known, record.at), default=None)
    return (None, last) if last is None or last.crash or not last.known else (last, None)


def told(record: Stop) -> Evidence:
    """Returns what the town's own records say of an end."""
    if not record.known:
        return Evidence("events", f"the town recorded its end, for a reason nobody knows: {record.reason!r}", record.at, ago=True)
    what = "the town recorded its death" if record.crash else "stopped on record"
    return Evidence("events", f"{what} ({record.reason})", record.at, ago=True)


def addresses(identity: Identity, session: str | None) -> frozenset[str]:
    """Returns every way in which the town's records name this agent."""
    names = {identity.id, session or identity.id}
    if identity.role == "polecat":
        names |= {f"{identity.rig}/{identity.name}", f"{identity.rig}/polecat/{identity.name}"}
    if identity.rig is None:
        names |= {f"hq-{identity.name}", identity.name.capitalize(), f"deacon/dogs/{identity.name}"}
    return frozenset(names)


def names_kind(halt: Halt, identity: Identity) -> bool:
    """Whether a halt stopped this agent: it names the agent or its kind, and never a polecat (they keep running)."""
    return identity.role != "polecat" and (identity.id in halt.services or identity.role in halt.services)


def finished(stop: Stop) -> bool:
    """Whether a polecat's stop on record is its normal end."""
    return stop.reason.startswith(("done", "self-clean", "idle-reap"))


def is_down(files: TownFiles, starts: Iterable[float]) -> Halt | None:
    """Returns the halt that still holds: later than the last start of mayor and deacon. `starts`: of those that live."""
    known = [files.starts[role] for role in ("mayor", "deacon") if role in files.starts]
    return files.halt if files.halt and files.halt.at > max([*known, *starts], default=0.0) else None
