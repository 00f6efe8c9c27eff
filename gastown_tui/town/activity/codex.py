"""What the screens of codex say.

Whatever codex itself draws begins in the first column: `›` the composer (`!` for a shell command), a message that was sent,
or the choice that is pointed at; `•` an answer or the status row; `■` an error. What others wrote is indented. So the lowest
`›` tells whether the composer is there, and the rows just above it tell the rest.
"""

from __future__ import annotations

import re

from gastown_tui.town.snapshot import State

from .rules import Dialog, Note, Parts, Program, Title, Trouble, Work
from .screen import MOST_OPTIONS, Options, Screen, block_above, blocks_above, clipped, coloured, faint, last_where, look_at

_PROMPT = re.compile(r"^[›!](?: |$)")
_STATUS = re.compile(r"^[•◦] .*(?:\(\d+[smh]\b|\besc to )")
_ACTIVE = re.compile(r"^[•◦] [A-Z][a-z]+ing\b")
_BESIDE = re.compile(r"^[ ─]+(?:\d+ background terminals? |Worked for )|^⚠(?! Selected model )|^─{8,}$")
_SCROLLED = re.compile(r"↓ .*· esc$")
_MOST_ERROR = 12
_BEFORE = re.compile(r"^ +(?:\? for shortcuts$|Waiting for startup\b)")


def parts(screen: Screen) -> Parts:
    """Returns the parts of the screen. Before the session exists the composer is drawn, but nobody listens yet."""
    prompt = last_where(screen.texts, _PROMPT)
    if prompt is None or not _is_composer(screen, prompt):
        return _in_its_place(screen)
    footer = block_above(screen.texts, len(screen.texts))
    footer = footer if footer.start > prompt else range(len(screen.texts), len(screen.texts))
    end = footer.start
    while not screen.texts[end - 1]:
        end -= 1
    status, message = _above(screen, prompt)
    return Parts(
        range(prompt, end),
        status=status,
        message=message,
        footer=footer,
        draft=_draft(screen, range(prompt, end)),
        transcript=range(status.start if status else prompt),
        loading=len(footer) == 1 and bool(_BEFORE.match(screen.texts[footer[0]])) and not _said(screen, prompt),
    )


def _is_composer(screen: Screen, row: int) -> bool:
    """Whether `›` is the composer's, bold: a choice has it plain, in reverse or a colour, what was sent on a ground, and dim.

    While a person browses what was said, the composer is dim too, and nothing but its footer is below it.
    """
    look = look_at(screen.rows[row], 0)
    drawn = look.bold or look.dim or coloured(look)
    if not drawn or look.reverse or look.bg is not None or coloured(look) is not screen.texts[row].startswith("!"):
        return False
    return not look.dim or len([*blocks_above(screen.texts, len(screen.texts), row + 1)]) == 1


def _said(screen: Screen, end: int) -> bool:
    return any(screen.texts[row][:1] in ("›", "•", "■") for row in range(end) if screen.texts[row])


def _draft(screen: Screen, rows: range) -> str:
    lines = [screen.texts[row][2:].strip() for row in rows]
    return "" if faint(look_at(screen.rows[rows.start], 2)) else "\n".join(lines).strip()


def _above(screen: Screen, end: int) -> tuple[range, range]:
    """Returns the rows that say what codex does, and its last word if that is an error."""
    status = range(0)
    for block in blocks_above(screen.texts, end):
        first = screen.texts[block[0]]
        if not status and _spins(screen, block[0]) and (_STATUS.match(first) or first.endswith("…")):
            status = block
        elif not (_BESIDE.match(first) or _is_queue(screen, block) or _is_popup(screen, block)):
            if _ACTIVE.match(first) and _spins(screen, block[0]):
                status = range(block.start, status.stop or block.stop)
            latest = not _SCROLLED.search(screen.texts[end - 2])
            return status, block[:_MOST_ERROR] if first[0] in "■⚠" and latest else range(0)
    return status, range(0)


def _spins(screen: Screen, row: int) -> bool:
    """Whether a bullet moves: an answer's is dim, that of a command that ended is green, red, or bold alone."""
    look, text = look_at(screen.rows[row], 0), screen.texts[row]
    if coloured(look) or not text.startswith(("•", "◦")):
        return False
    return text.startswith("◦") or not (look.dim or (look.bold and look.fg is None))


def _is_queue(screen: Screen, block: range) -> bool:
    return any(screen.texts[row].startswith("  ↳ ") for row in block)


def _is_popup(screen: Screen, block: range) -> bool:
    """Whether a block offers what may complete the draft: one of its rows is pointed at."""
    return any(_points(screen, row) for row in block)


def _points(screen: Screen, row: int) -> bool:
    text = screen.texts[row]
    return text.lstrip().startswith("› ") and look_at(screen.rows[row], text.index("›")).reverse


def _in_its_place(screen: Screen) -> Parts:
    """Returns what stands at the bottom in the composer's place, from its bold title on."""
    end = len(screen.texts)
    own = next(
        (row for row in range(end - 1, -1, -1) if screen.texts[row][:1] in ("•", "◦", "■", "⚠") or _is_sent(screen, row)), -1
    )
    start = own + 1
    for row in range(end - 1, own, -1):
        if screen.texts[row][:2] == "  " and (not row or not screen.texts[row - 1]) and _is_title(screen, row):
            start = row
            break
    return Parts(None, dialog=range(start, end), transcript=range(start), options=_choices(screen, range(start, end)))


def _choices(screen: Screen, dialog: range) -> Options | None:
    """Returns the list around the choice that is pointed at, where it is not numbered."""
    pointed = next((row for row in dialog if _points(screen, row)), None)
    if pointed is None or re.match(r" *› \d+\. ", screen.texts[pointed]):
        return None
    column = screen.texts[pointed].index("›") + 2
    listed = next(block for block in blocks_above(screen.texts, dialog.stop) if pointed in block)
    rows = tuple(row for row in listed if not screen.texts[row][:column].strip(" ›") and screen.texts[row][column:].strip())
    return Options(rows[0], tuple(clipped(screen.texts[row][column:]) for row in rows[:MOST_OPTIONS]), rows, True)


def _is_sent(screen: Screen, row: int) -> bool:
    look = look_at(screen.rows[row], 0)
    return screen.texts[row].startswith("›") and look.dim and not coloured(look)


def _is_title(screen: Screen, row: int) -> bool:
    """Whether a row is a heading: bold as a whole, or the count of questions. A hint has its keys in bold, not its words."""
    text = screen.texts[row]
    if _points(screen, row):
        return False
    return bool(re.match(r" +Question \d+/\d+", text)) or (
        look_at(screen.rows[row], 2).bold and look_at(screen.rows[row], len(text) - 1).bold and text.lstrip()[:1] != "$"
    )


_KEYS = r"(?i)^ *+(?:press )?(?:enter|esc|tab|space|ctrl ?\+|\^\w|\? |\w(?= \w+  )|[↑↓←→↵])\S*+ ++\S"
_401 = "codex-trap-recovered-from-401-120x40"
_FOR = r"[^(]*+(?:\((?P<wait>[\dhms ]+))?"
_SAYS = r"(?i)^(?=[■⚠]| +└).*?"
_LIMIT = "codex-usage-limit-120x40"
_429 = "codex-rate-429-retrying-120x40"
_QUOTA = "codex-billing-quota-120x40"
_LOST = "codex-connection-lost-120x40"
_503 = "codex-overloaded-503-120x40"
_DROPPED = "codex-connection-dropped-120x40"
_PATCH = "codex-permission-patch-120x40"

PROGRAM = Program(
    product="codex",
    name="codex",
    versions=("0.140.0", "0.151.0", "0.160.1", "0.165.0", "0.166.0", "0.169.0"),
    parts=parts,
    titles=(
        Title(State.WORKING, r"^[⠁-⣿] ", "codex-working-streaming-120x40", "answering"),
        Title(State.WAITING, r"^\[ [!.] \] ", _PATCH),
    ),
    dialogs=(
        # The first, since what it asks for is drawn in rows like its own, and may say anything.
        Dialog("permission", r"^[› ] \d\. No, and tell\b", _PATCH),
        Dialog("plan", r"^ *+Implement this plan\?", "codex-plan-approval-120x40"),
        Dialog("trust", r"(?i)^(?:› 1\.)? *+(?:Folder access\b|Do you trust\b|Trust (?:this|and)\b)", "codex-trust-120x40"),
        Dialog(
            "signin",
            r"(?i)^[>›]? *+(?:\d\. )?(?:(?:finish )?(?:sign|log)(?:ing)? ?in\b|paste or type your api key)",
            "codex-login-120x40",
        ),
        Dialog("permission", r"^ *+Allow .*\brun tool\b", "its source"),
        Dialog("question", r"^ *+(?:(?:Question|Field|option) \d+/\d+|tab to add|enter to submit)\b", "codex-question-120x40"),
        Dialog("permission", r"^ *+(?:Would you like to|Do you want to|Allow)\b", _PATCH),
        Dialog("menu", _KEYS, "codex-menu-model-120x40"),
    ),
    works=(
        Work("compacting", r"^[•◦] Compacting\b", "codex-working-compacting-120x40"),
        Work("retrying", r"^[•◦] Reconnecting\D+(?P<attempt>\d+)/(?P<most>\d+)", _DROPPED, why="network"),
        Work("retrying", r"^[•◦] (?P<detail>Reconnecting to server)\b" + _FOR, "reconnecting-80x24", why="network"),
        Work("retrying", r"^[•◦] Reconnecting\b" + _FOR, "network-lost-40x24", why="network"),
        Work("retrying", r"^[•◦] .*\breconnecting (?P<attempt>\d+)/(?P<most>\d+)", _DROPPED),
        Work("tool", r"^[•◦] (?:Running|Calling|Exploring|Searching|Waiting for) (?P<detail>\S.*)", "codex-working-tool-120x40"),
        Work("tool", r"^[•◦] Working \(.* · \d+ (?P<detail>background terminals?) running", "codex-working-tool-120x40"),
        Work("working", r"^[•◦] Working\b", "codex-working-hang-120x40"),
        Work("thinking", r"^[•◦] (?P<detail>\S.*?) \(\d+[smh]\b", "codex-working-thinking-120x40"),
        Work("thinking", r"^[•◦] (?P<detail>\S.*)", "codex-working-thinking-120x40"),
        Work("working", r"^ +tab to queue message\b", "codex-working-draft-120x40"),
    ),
    troubles=(
        Trouble("limit", _SAYS + r"\busage limit\b(?:.*\btry again (?:at|in) (?P<until>.+?)\.?$)?", _LIMIT),
        Trouble(
            "billing",
            _SAYS + r"\b(?:status:? 402|quota exceeded|billing|insufficient.(?:credit|quota)|out of credits|upgrade to)",
            _QUOTA,
        ),
        Trouble("auth", _SAYS + r"\b(?:status:? 40[13]|api key|(?:sign|log) ?in again|access token)\b", _401),
        Trouble("rate", _SAYS + r"\b(?:status:? 429|rate limit|too many requests)", _429),
        Trouble("network", _SAYS + r"\b(?:stream disconnected|error sending request|connection failed|timed out)\b", _LOST),
        Trouble("overloaded", _SAYS + r"\b(?:status:? \d|at capacity|overloaded|high demand|server is busy)", _503),
        # Whatever else ends a turn; of a command that a person mistyped it says which.
        Trouble(
            "overloaded",
            r"^■ (?!'/|Conversation interrupted\b|(?:Failed|Unable) to\b|No\b|Unrecognized\b|Invalid\b|Usage\b)\S",
            "model-missing-40x24",
        ),
    ),
    notes=(
        Note(r"^[ │]*>_ OpenAI Codex \(v(?P<version>\d[\w.-]*)\)", "codex-idle-plan-mode-120x40"),
        Note(r"\b(?P<left>\d{1,3})% context left\b", "codex-idle-plan-mode-120x40"),
    ),
)
