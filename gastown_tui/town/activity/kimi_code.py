"""What the screens of kimi-code say.

The composer is a box whose first row begins with `>` (`!` for a shell command), above a toolbar. A dialog is no box: it stands
between two rules in the composer's place. What the agent does is told right above the composer, by a spinner; an error is
red text under the message that it answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from gastown_tui.town.cells import Attributes

from .rules import Dialog, Note, Parts, Program, Trouble, Work
from .screen import MOST_OPTIONS, Options, Screen, clipped, faint, is_rule, look_at, reddish

_BOTTOM = re.compile(r"^ ?[╰└][─━╌]")
_TOP = re.compile(r"^ ?[╭┌├]")
_TYPED = re.compile(r"^ ?[│┃] ?(?:[>!$❯] ?)?|[│┃]$")
_COMPOSER = re.compile(r"^ ?[│┃] [>!$❯](?: |$)")
_SENT = re.compile(r"^ {0,2}✨ ")
_HEAD = re.compile(r"^ {0,2}[✨●✓✗•$] ")
_CHECK = re.compile(r"^ {0,5}(?:[❯▶→>] )?\[[ ✓xX]\] (\S.*)$")
_POINTED = re.compile(r"^( {0,5}[❯→] )(?!\d+\. |\[)\S")
_ADVICE = re.compile(r"^ {1,4}If this persists")
_SPIN = r"^ {1,2}[⠁-⣿🌑-🌘] +"
_WAITS = re.compile(r"^ {1,2}[🌑-🌘]", re.MULTILINE)
_MOVES = re.compile(r"^ {1,2}[⠁-⣿🌑-🌘]|^ {0,3}(?:● +)?Compacting", re.MULTILINE)
_TOOL = r"^ {0,2}● (?P<detail>[A-Z]\w*ing [^·]{1,60}(?:·.*)?)$"
_MOST_BELOW = 5
_MOST_ERROR = 10
_TROUBLED = r"^ {0,5}(?:[🌑-🌘⠁-⣿] +)?(?:Error: \[(?:provider|auth)\.|Retrying \(|\d{3} · ).*"


def parts(screen: Screen) -> Parts | None:
    """Returns the parts of the screen, or None where neither composer nor dialog is drawn."""
    bottom = _lowest(screen)
    if bottom is None:
        return None
    top = _top(screen, bottom)
    return _in_its_place(screen, bottom) if top is None else _at_composer(screen, top, bottom)


def _look(screen: Screen, row: int) -> Attributes:
    """Returns how the first character of a row looks."""
    text = screen.texts[row]
    return look_at(screen.rows[row], len(text) - len(text.lstrip()))


def _own(screen: Screen, row: int) -> bool:
    return _look(screen, row).fg is not None


def _lowest(screen: Screen) -> int | None:
    """Returns the row that ends a composer, a dialog, or a window as large as the screen; a toolbar or popup may follow."""
    end = len(screen.texts)
    for row in range(end - 1, -1, -1):
        text = screen.texts[row]
        if _BOTTOM.match(text) and (_top(screen, row) is not None or (text[0] != " " and end - row <= _MOST_BELOW)):
            return row
        if end - row <= _MOST_BELOW and is_rule(text) and _own(screen, row):
            return row
    return None


def _top(screen: Screen, bottom: int) -> int | None:
    """Returns the edge above what is typed in the composer that ends here; None where it is another box."""
    row = bottom - 1
    while row >= 0 and screen.texts[row].lstrip(" ")[:1] in ("│", "┃"):
        row -= 1
    if row < 0 or row + 1 == bottom or is_rule(screen.texts[bottom]):
        return None
    return row if _TOP.match(screen.texts[row]) and _COMPOSER.match(screen.texts[row + 1]) else None


def _in_its_place(screen: Screen, bottom: int) -> Parts:
    """Returns what stands where the composer is not: between two rules, or from the first row in sight on."""
    above = range(bottom - 1, -1, -1) if is_rule(screen.texts[bottom]) else ()
    top = next((row for row in above if is_rule(screen.texts[row]) and _own(screen, row)), 0)
    dialog = range(top, bottom + 1)
    footer = range(bottom + 1, len(screen.texts))
    return Parts(None, dialog=dialog, footer=footer, transcript=range(top), options=_choices(screen, dialog))


def _at_composer(screen: Screen, top: int, bottom: int) -> Parts:
    last = next((row for row in range(top - 1, -1, -1) if screen.texts[row]), -1)
    return Parts(
        range(top, bottom + 1),
        status=_status(screen, last),
        message=_error(screen, last),
        footer=range(bottom + 1, len(screen.texts)),
        draft=_draft(screen, range(top + 1, bottom)),
        transcript=range(last + 1),
    )


def _error(screen: Screen, last: int) -> range:
    """Returns the rows from the first red one on, under the newest message. Under an answer, which may hold red text too, the
    advice must follow that ends an error, in grey. What a shell printed is no word of the program's.
    """
    newest = next((row for row in range(last, -1, -1) if _HEAD.match(screen.texts[row])), -1)
    head = screen.texts[newest].lstrip()[0] if newest >= 0 else "✨"
    advised = (row for row in range(newest + 1, last + 1) if _ADVICE.match(screen.texts[row]) and faint(_look(screen, row)))
    if head == "$" or (head != "✨" and next(advised, None) is None):
        return range(0)
    error = next((row for row in range(newest + 1, last + 1) if reddish(_look(screen, row))), last + 1)
    return range(error, min(last + 1, error + _MOST_ERROR))


def _status(screen: Screen, last: int) -> range:
    """Returns the last paragraph above the composer, where it moves; all since the last message, while a tool may run."""
    first = last
    while first > 0 and screen.texts[first - 1]:
        first -= 1
    told = "\n".join(screen.texts[max(first, 0) : last + 1])
    if not _MOVES.search(told):
        return range(0)
    if _WAITS.search(told):
        while first > 0 and not _SENT.match(screen.texts[first]):
            first -= 1
    return range(max(first, 0), last + 1)


def _draft(screen: Screen, rows: Iterable[int]) -> str:
    return "\n".join(_TYPED.sub("", screen.texts[row]).strip() for row in rows).strip()


def _choices(screen: Screen, dialog: range) -> Options | None:
    """Returns options without a number: those with a box to tick, or the one pointed at and what stands like it."""
    found = [(row, match[1]) for row in dialog if (match := _CHECK.match(screen.texts[row]))]
    pointed = next(((row, match.end(1)) for row in dialog if (match := _POINTED.match(screen.texts[row]))), None)
    if not found and pointed:
        column = pointed[1]
        found = [(row, screen.texts[row][column:]) for row in dialog if row == pointed[0] or _stands_at(screen, row, column)]
    if not found:
        return None
    shown = found[:MOST_OPTIONS]
    return Options(found[0][0], tuple(clipped(text) for _, text in shown), tuple(row for row, _ in shown), True)


def _stands_at(screen: Screen, row: int, column: int) -> bool:
    text = screen.texts[row]
    return len(text) > column and text[:column].isspace() and text[column] != " " and not faint(look_at(screen.rows[row], column))


PROGRAM = Program(
    product="kimi-code",
    name="kimi-code",
    versions=("0.40.0", "0.43.1", "2.0.2", "2.1.0"),
    parts=parts,
    dialogs=(
        Dialog("plan", r"^ *[▶] Ready to build with this plan", "source of 2.1.0"),
        Dialog("permission", r"^ *[▶] \S.*\?$|^ *[▶]? *\d\. (?:Approve|Reject)", "kimi-code-permission-shell-80x24"),
        Dialog("question", r"^ *question$|^ *\? \S|↵ (?:choose|toggle)", "kimi-code-question-80x24"),
        Dialog("trust", r"^ *Trust this folder\?", "kimi-code-trust-80x24"),
        Dialog("signin", r"^ *Select a platform|[Ll]og ?in|API key", "menu-login-80x24"),
        Dialog("menu", r"\b(?:Enter|Esc|esc)\b|⏎|^[┌╭]|^ *showing \d", "menu-model-80x24"),
    ),
    works=(
        Work(
            "retrying",
            _SPIN + r"Retrying \((?P<attempt>\d+)/(?P<most>\d+)\)(?: · (?P<detail>\w+))?(?: · in (?P<wait>[\dhms ]+))?",
            "kimi-code-rate-429-80x24",
        ),
        Work("thinking", _SPIN + r"[Tt]hinking", "kimi-code-working-streaming-80x24"),
        Work("answering", _SPIN + r"[Ww]orking", "kimi-code-working-streaming-80x24"),
        Work("compacting", r"Compacting \w+…", "source of 2.1.0", coloured=True),
        Work("tool", _TOOL, "tool-queued-draft-40x24"),
        Work("waiting", r"^ {1,2}[🌑-🌘](?:$| +(?:$|·))", "tool-queued-draft-40x24"),
        Work("working", _SPIN + r"\S", "source of 2.1.0"),
    ),
    troubles=(
        Trouble("limit", _TROUBLED + r"(?:usage limit|billing cycle|current quota|QuotaExhausted)", "usage-limit-80x24"),
        Trouble("billing", _TROUBLED + r"(?:\b402\b|[Ii]nsufficient|balance|suspended)", "kimi-code-billing-402-80x24"),
        Trouble(
            "auth",
            r"^ {0,5}(?:Error: (?:\[(?:auth\.|provider\.auth)|OAuth login)|(?:Error: )?LLM not set)",
            "kimi-code-auth-401-80x24",
        ),
        Trouble("rate", _TROUBLED + r"(?:[Rr]ate_?[Ll]imit|\b429\b)", "kimi-code-rate-429-80x24"),
        Trouble("network", _TROUBLED + r"(?:connection_error|APIConnection|[Tt]imeout)", "source of 2.1.0"),
        Trouble("overloaded", _TROUBLED, "kimi-code-overloaded-503-80x24"),
    ),
    notes=(
        Note(r"context: (?P<context>\d+(?:\.\d+)?)%", "kimi-code-idle-empty-80x24"),
        Note(r"^ ?│ +Version: +(?P<version>\d[\w.+-]*)", "kimi-code-idle-empty-80x24"),
    ),
)
