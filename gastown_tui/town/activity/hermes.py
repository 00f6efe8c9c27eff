"""What the screens of hermes (`chat --cli`) say.

The composer stands between two rules (one where the pane is narrow) below a status bar. The sign before what is typed tells the
state: `❯` alone at rest, `⚕` at work, `⚠`, `?`, `✎` and two keys while it asks; it does so in a box above the status bar.
"""

from __future__ import annotations

import re

from .rules import Dialog, Note, Parts, Program, Trouble, Work
from .screen import Options, Screen, clipped, columns, is_colourless, is_rule, look_at

_BAR = re.compile(r"^ ⚕ \S")
_SIGN = re.compile(r"^(?:[\w.-]{1,40} )?(?:[^\w\s] ?)?[❯⚕⚠?✎🔐🔑⠁-⣿](?: |$)")
_ASKS = re.compile(r"^[⚠?✎🔐🔑]️?(?: |$)")
_WORKS = re.compile(r"^[⚕⠁-⣿](?: |$)")
_PROMPT = re.compile(r"^(?:[\w.-]{1,40} |[^\w\s]️? )?❯ ?|^[^\w\s]️?(?: |$)")
_HINT = re.compile(r"^ {2}\S")
_FINISHED = re.compile(r"^(?:● |[╭╰][─ ]|─{8})")
_POINTED = re.compile(r"^│ ❯ (?!\d+\. )\S")
_CHOICE = re.compile(r"^│ [❯ ] (\S.*?) *│?$")
_MOST_HINTS = 4
_MOST_ERROR = 12


def parts(screen: Screen) -> Parts | None:
    """Returns the parts of the screen, or None where no composer is drawn."""
    head = _composer(screen)
    if head is None:
        return None
    box = _box(screen, head)
    asks = _ASKS.match(screen.texts[head + 1]) and _own(screen, head + 1)  # in a colour: a draft that scrolls may begin so
    if asks or box is not None:
        return _asking(screen, head, box)
    return _at_composer(screen, head)


def _own(screen: Screen, row: int) -> bool:
    return look_at(screen.rows[row], 0).fg is not None or is_colourless(screen)


def _composer(screen: Screen) -> int | None:
    """Returns the row of the rule above what is typed: a prompt's sign stands below it, or the status bar above."""
    for row in range(len(screen.texts) - 2, -1, -1):
        if not (is_rule(screen.texts[row]) and _own(screen, row)):
            continue
        if _SIGN.match(screen.texts[row + 1]) or (row and _BAR.match(screen.texts[row - 1])):
            return row
    return None


def _box(screen: Screen, head: int) -> int | None:
    """Returns the first row of a box with sides that stands over the status bar, but for a few hints, or in its place."""
    row = head - 1
    while row > 0 and not screen.texts[row]:  # a pane that grew leaves room under a menu
        row -= 1
    lowest = max(-1, row - _MOST_HINTS - 1)
    while row > lowest and not screen.texts[row].startswith("╰"):
        if screen.texts[row] and not (_BAR.match(screen.texts[row]) or _HINT.match(screen.texts[row])):
            return None
        row -= 1
    sides = row - 1
    while sides >= 0 and screen.texts[sides].startswith("│"):
        sides -= 1
    return max(sides, 0) if row > lowest and sides < row - 1 else None


def _asking(screen: Screen, head: int, box: int | None) -> Parts:
    start = box if box is not None else max(0, head - _MOST_HINTS)
    dialog = range(start, head + 2)
    return Parts(None, dialog=dialog, footer=_bar(screen, head), transcript=range(start), options=_choices(screen, dialog))


def _bar(screen: Screen, head: int) -> range:
    return range(head - 1, head) if head and _BAR.match(screen.texts[head - 1]) else range(0)


def _at_composer(screen: Screen, head: int) -> Parts:
    below = range(head + 1, len(screen.texts))
    end = next((row for row in below if is_rule(screen.texts[row]) and _own(screen, row)), below.stop)
    last = head - 1
    while last >= 0 and (not screen.texts[last] or _BAR.match(screen.texts[last])):
        last -= 1
    newest = next((row for row in range(last, -1, -1) if _FINISHED.match(screen.texts[row]) and not _is_torn(screen, row)), -1)
    printed = range(newest + 1, last + 1)
    error = next((row for row in printed if screen.texts[row].lstrip().startswith("❌")), printed.stop)
    return Parts(
        range(head, end),
        status=range(max(last, 0) if _WORKS.match(screen.texts[head + 1]) else head + 1, head + 2),
        message=range(error, min(printed.stop, error + _MOST_ERROR)),
        footer=_bar(screen, head),
        draft=_draft(screen, range(head + 1, end)),
        transcript=range(last + 1),
    )


def _is_torn(screen: Screen, row: int) -> bool:
    """Whether a rule is the rest of the one above it, which a pane that was narrowed broke."""
    above = screen.texts[row - 1] if row else ""
    return is_rule(screen.texts[row]) and above.endswith("─") and columns(above) >= screen.width


def _draft(screen: Screen, rows: range) -> str:
    """Returns what a person typed behind the sign. What begins in a colour there is the program's own hint."""
    if not rows:
        return ""
    first = screen.texts[rows.start]
    typed = _PROMPT.sub("", first, count=1)
    if typed.strip() and look_at(screen.rows[rows.start], len(first) - len(typed)).fg is not None:
        return ""
    return "\n".join([typed, *(screen.texts[row] for row in rows[1:])]).strip()


def _choices(screen: Screen, dialog: range) -> Options | None:
    """Returns the choices of a box that have no numbers: the one pointed at and its neighbours."""
    pointed = next((row for row in dialog if _POINTED.match(screen.texts[row])), None)
    if pointed is None:
        return None
    first, last = pointed, pointed
    while first > dialog.start and _CHOICE.match(screen.texts[first - 1]):
        first -= 1
    while last + 1 < dialog.stop and _CHOICE.match(screen.texts[last + 1]):
        last += 1
    rows = tuple(range(first, last + 1))
    texts = tuple(clipped(match[1]) for row in rows if (match := _CHOICE.match(screen.texts[row])))
    return Options(first, texts, rows, True)


PROGRAM = Program(
    product="hermes",
    name="hermes",
    versions=("0.18.2", "0.19.0"),
    parts=parts,
    dialogs=(
        Dialog("permission", r"^⚠", "hermes-permission-shell-80x24"),
        Dialog("question", r"^[?✎]", "hermes-question-80x24"),
        Dialog("signin", r"^[🔐🔑]", "source of 0.19.0"),
        Dialog("menu", r"^╭─", "menu-model-80x24"),
    ),
    works=(
        Work("tool", r"^ {2}(?P<detail>\S.*?) +\( *\d[\dms.]*\)$", "tool-80x24"),
        Work("thinking", r"^ {2}\S.*\w\.\.\.$", "hermes-working-streaming-80x24"),
        Work("working", r"^[⚕⠁-⣿](?: |$)", "hermes-working-queued-80x24"),
    ),
    troubles=(
        Trouble("limit", r"^❌.*usage limit", "source of 0.19.0"),
        Trouble("billing", r"^❌.*(?:HTTP 402|[Bb]illing|credits, or account)", "billing-80x24"),
        Trouble("auth", r"^❌.*HTTP 40[13]\b", "auth-80x24"),
        Trouble("rate", r"^❌ Rate limited|^❌.*HTTP 429", "rate-80x24"),
        Trouble("network", r"^❌.*(?:[Cc]onnection|[Tt]imed? ?out)", "source of 0.19.0"),
        Trouble("overloaded", r"^❌ (?:API failed|All API|Max retries|Non-retryable)", "source of 0.19.0"),
    ),
    notes=(Note(r"^ ⚕ [^%]{1,200}?(?P<context>\d{1,3})%", "hermes-interrupted-80x24"),),
)
