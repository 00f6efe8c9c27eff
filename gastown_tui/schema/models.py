"""The shape of every JSON document of schema 1. The published JSON Schema is generated from these types."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

StateName = Literal[
    "working", "idle", "waiting", "stalled", "dead", "missing", "zombie", "held", "frozen", "starting", "unknown"
]  # fmt: skip
SourceStateName = Literal["ok", "stale", "error", "absent"]


class EvidenceDocument(TypedDict):
    source: str
    at: str | None
    fact: str


class ExpectsDocument(TypedDict):
    at: str | None
    what: str


class AcknowledgedDocument(TypedDict):
    at: str | None
    reason: str


class QuestionDocument(TypedDict):
    kind: Literal["permission", "question", "plan", "trust", "signin", "menu"]
    text: str
    options: list[str]


class HeldDocument(TypedDict):
    """What holds an agent. `until` is null where it was not told."""

    why: Literal["auth", "limit", "rate", "billing", "overloaded", "network", "disk"]
    until: str | None
    text: str


class ActivityDocument(TypedDict):
    """What a living agent does, as its screen says; null where it does not tell. `what` names more as programs do more."""

    what: str | None
    detail: str | None
    question: QuestionDocument | None
    held: HeldDocument | None
    draft: bool | None
    context_used_pct: float | None
    program_version: str | None


class AgentDocument(TypedDict):
    """One agent. Durations are seconds; what is not known is null."""

    id: str
    role: Literal["mayor", "deacon", "boot", "dog", "witness", "refinery", "crew", "polecat"]
    rig: str | None
    name: str
    session: str | None
    session_id: str | None
    pane_id: str | None
    pid: int | None
    agent_pid: int | None
    also: list[str]
    runtime: str | None
    command: str | None
    cwd: str | None
    state: StateName
    since: str | None
    needs_you: bool
    evidence: list[EvidenceDocument]
    expects: ExpectsDocument | None
    session_age_s: float | None
    agent_age_s: float | None
    quiet_s: float | None
    heartbeat_age_s: float | None
    exit_status: int | None
    exit_signal: int | None
    attached: int
    acknowledged: AcknowledgedDocument | None
    activity: ActivityDocument


class ShowDocument(AgentDocument):
    """`show --json`. Environment and pane are null where they could not be seen."""

    schema: Literal[1]
    environment: dict[str, str] | None
    pane: list[str] | None


class NoticeDocument(TypedDict):
    code: str
    since: str | None
    text: str
    remedy: str


class TownDocument(TypedDict):
    name: str | None
    root: str | None
    socket: str | None
    epoch: str | None
    notices: list[NoticeDocument]


class SummaryDocument(TypedDict):
    agents: int
    alive: int
    dead: int
    missing: int
    zombie: int
    need_you: int
    by_state: dict[StateName, int]


class SourceDocument(TypedDict):
    name: str
    state: SourceStateName
    age_s: float | None
    error: str | None


class ForeignDocument(TypedDict):
    session: str
    session_id: str
    kind: Literal["overseer", "automonitor"] | None


class PhaseDocument(TypedDict):
    """One component of the automonitor's log; `fails` counts the lines that tell of a failure."""

    name: str
    last_ok_at: str | None
    last_fail_at: str | None
    fails: int


class MonitorDocument(TypedDict):
    """What the automonitor's folder says. All that is counted was counted from byte `from_offset` of the log on."""

    writer: Literal["alive", "silent", "absent"]
    last_line_at: str | None
    cycles: int | None
    next_cycle_at: str | None
    phases: list[PhaseDocument]
    restarts: dict[str, int]
    handoff_age_s: dict[str, float | None]
    pending_upgrade: str | None
    repaired: int
    rejected: int
    from_offset: int


# `from` is no name that a class may have.
_BeadSource = TypedDict("_BeadSource", {"from": Literal["dump", "export"] | None})


class BeadSourceDocument(_BeadSource):
    """One database of beads. `from`: bd's own list (`dump`), the export beside it, null where neither could be read.

    `rig` is null for the town's own. `wisps`: whether merges, escalations and most mail can be seen there. `skipped` counts
    what stands there and was not understood: it is in no queue.
    """

    name: str
    rig: str | None
    state: SourceStateName
    age_s: float | None
    wisps: bool
    skipped: int
    error: str | None
    remedy: str | None


class BeadCountsDocument(TypedDict):
    """How many beads stand in each queue; null is unknown, which is never none."""

    ready: int | None
    active: int | None
    blocked: int | None
    merge: int | None
    escalations: int | None
    convoys: int | None
    unread: int | None


class BeadTallyDocument(BeadSourceDocument):
    queues: BeadCountsDocument


class StatusDocument(TypedDict):
    """`status --json`."""

    schema: Literal[1]
    observed_at: str | None
    town: TownDocument
    summary: SummaryDocument
    sources: list[SourceDocument]
    agents: list[AgentDocument]
    foreign: list[ForeignDocument]
    monitor: MonitorDocument | None
    beads: list[BeadTallyDocument] | None


class MemberDocument(TypedDict):
    """A bead that a convoy tracks; `status` is null where no database that was read has it."""

    id: str
    rig: str | None
    status: str | None


class BeadDocument(TypedDict):
    """One bead. `rig` is null for the town's own; `agent_state`: of the agent that has it.

    What only one queue tells: of merges `branch` to `score` (the highest is merged first), of escalations `severity` to
    `acknowledged`, of convoys `staged` to `members`.
    """

    id: str
    title: str
    rig: str | None
    type: str | None
    priority: int | None
    status: str | None
    assignee: str | None
    agent_state: StateName | None
    age_s: float | None
    blocked_by: list[str]
    branch: NotRequired[str | None]
    target: NotRequired[str | None]
    source_issue: NotRequired[str | None]
    worker: NotRequired[str | None]
    stale: NotRequired[bool]
    score: NotRequired[float]
    severity: NotRequired[str | None]
    by: NotRequired[str | None]
    related: NotRequired[str | None]
    acknowledged: NotRequired[bool]
    staged: NotRequired[bool]
    closed: NotRequired[int]
    total: NotRequired[int]
    members: NotRequired[list[MemberDocument]]


class QueueDocument(TypedDict):
    """`known` is false where a database does not tell of this queue; `count` null where none of them does."""

    known: bool
    count: int | None
    beads: list[BeadDocument]


class QueuesDocument(TypedDict, total=False):
    ready: QueueDocument
    active: QueueDocument
    blocked: QueueDocument
    merge: QueueDocument
    escalations: QueueDocument
    convoys: QueueDocument


class BeadsDocument(TypedDict):
    """`beads --json`. `ready`, `active` and `blocked` are in bd's own order."""

    schema: Literal[1]
    observed_at: str | None
    notices: list[NoticeDocument]
    sources: list[BeadSourceDocument]
    queues: QueuesDocument


# `from` is no name that a class may have.
ChangeDocument = TypedDict(
    "ChangeDocument",
    {
        "schema": Literal[1],
        "at": str | None,
        "agent": str,
        "session": str | None,
        "pane_id": str | None,
        "from": StateName | None,
        "to": StateName | None,
        "evidence": list[EvidenceDocument],
        "exit_status": int | None,
        "exit_signal": int | None,
    },
)
SourceChangeDocument = TypedDict(
    "SourceChangeDocument",
    {
        "schema": Literal[1],
        "at": str | None,
        "source": str,
        "from": SourceStateName | None,
        "to": SourceStateName,
        "error": str | None,
    },
)


class CheckDocument(TypedDict):
    name: str
    status: Literal["ok", "warn", "fail", "skip"]
    found: str
    tried: list[str]
    remedy: str | None


class DoctorDocument(TypedDict):
    """`doctor --json`."""

    schema: Literal[1]
    verdict: Literal["good", "degraded", "blind"]
    checks: list[CheckDocument]


class ConfigFileDocument(TypedDict):
    path: str
    found: bool


class SettingDocument(TypedDict):
    """`value` is null where it is found by looking; `where` names the option, the variable, or the file and its line."""

    key: str
    value: str | bool | float | list[str] | None
    origin: Literal["default", "file", "environment", "command line"]
    where: str | None


class ConfigComplaintDocument(TypedDict):
    """What was left out of the file; `line` is null where it is not known."""

    key: str
    line: int | None
    why: str
    remedy: str


class ConfigDocument(TypedDict):
    """`config --json`."""

    schema: Literal[1]
    file: ConfigFileDocument
    settings: list[SettingDocument]
    complaints: list[ConfigComplaintDocument]


class AcksDocument(TypedDict):
    """`ack --json` and `unack --json`: the ids of those it concerned, and of those for whom there was nothing to do."""

    schema: Literal[1]
    done: list[str]
    nothing: list[str]


class LogEventDocument(TypedDict):
    """One event of the automonitor's log. `ok` is strict; `flagged` kept with a notice; `recovered` kept after repair;
    `joined` the next part of the event's message above; `rejected` none of these. Null is what the line does not tell."""

    verdict: Literal["ok", "flagged", "recovered", "joined", "rejected"]
    flags: list[str]
    ts: str | None
    level: str | None
    component: str | None
    message: str
    session: str | None


class LogDocument(LogEventDocument):
    """`logs --json`: one line of the file that begins at byte `offset`. `raw` is the text of a rejected one.

    Where a line holds several events, the first is told, and `also` the others.
    """

    schema: Literal[1]
    offset: int
    raw: NotRequired[str]
    also: NotRequired[list[LogEventDocument]]


class ErrorBody(TypedDict):
    code: str
    message: str
    remedy: str


class ErrorDocument(TypedDict):
    """Any command with `--json` that could not answer."""

    schema: Literal[1]
    error: ErrorBody


class DemoDocument(TypedDict):
    """The one line of `demo --no-ui`; `error` where no town could be built."""

    schema: Literal[1]
    town: NotRequired[str]
    socket: NotRequired[str]
    error: NotRequired[ErrorBody]
