"""What the screens of Gemini CLI say.

The composer is a band of its own ground, behind `>`, with nothing but a footer of a few rows below it. A message
that was sent stands in such a band too, but something follows it, and the caret is not in it. What asks is a rounded box in the
composer's place.
"""

from __future__ import annotations

import re

from gastown_tui.town.snapshot import State

from .rules import Dialog, Note, Parts, Program, Title, Trouble, Work
from .screen import Screen, block_above, blocks_above, faint, is_colourless, is_rule, last_where, look_at

_PROMPT = re.compile(r"^ [>!*](?: |$)")
_BOTTOM = re.compile(r"^ ?▀{8,}$")
_BOX = re.compile(r"^ ?╭─{6,}")
_OWN = re.compile(r"^ ?[╭│╰✦✕ℹ⚠✓]")
_SPINNER = re.compile(r"^ ?(?:[⠁-⣿] \S|! .*\bawaiting input\b)")
_RUNNING = re.compile(r"^ ?│ ⊶ ")
_ASIDE = re.compile(r"^ {12,}\S")
_SENT = re.compile(r"^ [>!*] |^ ?[▄▀]{8,}$|^ ?[╭│╰✦✕ℹ⚠✓]")
# A pane that was narrowed keeps old spinners; whatever was said since stands right below them.
_SAID = re.compile(r"^(?: ?[╭╰✦✕ℹ⚠✓]|  \S)")
_BEYOND = re.compile(r"^ℹ This request failed\b")
_MOST_BELOW = 16
_MOST_HINTS = 4


def parts(screen: Screen) -> Parts | None:
    """Returns the parts of the screen, or None where neither the composer nor a box in its place is drawn."""
    band = _band(screen)
    if band is None or not _is_last(screen, band.stop) or (screen.caret and screen.caret[1] not in band):
        return _in_its_place(screen, band.stop if band else 0)
    status, message = _above(screen, band.start)
    return Parts(
        band,
        status=status,
        message=message,
        footer=range(band.stop, len(screen.texts)),
        draft=_draft(screen, band),
        transcript=range(status.start if status else band.start),
    )


def _band(screen: Screen) -> range | None:
    """Returns the lowest band between its edges. They are blank in a terminal of few colours; the upper one may be cut off."""
    if is_colourless(screen):
        return _between_rules(screen)
    prompt = last_where(screen.texts, _PROMPT)
    while prompt is not None and look_at(screen.rows[prompt], 1).bg is None:
        prompt = last_where(screen.texts, _PROMPT, 0, prompt)
    bottom = last_where(screen.texts, _BOTTOM, prompt or 0)
    if prompt is None:
        return None if bottom is None else range(bottom + 1)
    if bottom is None:
        bottom = next((row for row in range(prompt, len(screen.texts)) if _OWN.match(screen.texts[row])), len(screen.texts))
        bottom = block_above(screen.texts, bottom).start - 1
    return range(max(0, prompt - 1), max(bottom, prompt) + 1)


def _between_rules(screen: Screen) -> range | None:
    """Returns the prompt between the lowest two rules, which a terminal without colours shows instead of a band."""
    rules = [row for row, text in enumerate(screen.texts) if is_rule(text)][-2:]
    framed = len(rules) == 2 and _PROMPT.match(screen.texts[rules[0] + 1])
    return range(rules[0], rules[1] + 1) if framed else None


def _is_last(screen: Screen, end: int) -> bool:
    """Whether nothing but a footer stands below a band, or a list of what may complete the draft."""
    below = [text for text in screen.texts[end:] if text]
    return len(below) <= _MOST_BELOW and not any(_OWN.match(text) or is_rule(text) for text in below)


def _draft(screen: Screen, rows: range) -> str:
    """Returns what was typed behind the prompt's mark. A placeholder is grey, behind the blank that the caret covers."""
    lines = [screen.texts[row][3:].strip(" ▄▀─") for row in rows]
    first = next((row for row, line in zip(rows, lines, strict=True) if line), None)
    if first is None:
        return ""
    start = screen.texts[first].index(lines[first - rows.start], 3)
    hint = faint(look_at(screen.rows[first], start)) or (start > 3 and is_colourless(screen))
    return "" if hint else "\n".join(lines).strip()


def _above(screen: Screen, top: int) -> tuple[range, range]:
    """Returns the rows in which a spinner turns, above the hints and their rule; and its last word, if that is an error."""
    rule = next((row for row in range(top - 1, max(-1, top - 2 - _MOST_HINTS), -1) if is_rule(screen.texts[row])), top)
    status = range(0)
    for block in blocks_above(screen.texts, rule):
        first = screen.texts[block[0]]
        if not status and _SPINNER.match(first) and last_where(screen.texts, _SAID, block.start, block.stop) is None:
            status = block
        elif status and (running := last_where(screen.texts, _RUNNING, block.start, block.stop)) is not None:
            return range(running, status.stop), range(0)
        elif not _is_aside(screen, block):
            return status, _error(screen, block.stop)
    return status, range(0)


def _is_aside(screen: Screen, block: range) -> bool:
    """Whether a block is a hint alone, at the right or above a rule of its own, which a narrow pane breaks; or below one, as
    the things to do stand.

    What was sent begins right below it.
    """
    hint = _ASIDE.match(screen.texts[block[0]]) or is_rule(screen.texts[block[-1]]) or is_rule(screen.texts[block[0]])
    return bool(hint) and last_where(screen.texts, _SENT, block.start, block.stop) is None


def _error(screen: Screen, end: int) -> range:
    """Returns the error that stands last above a row, from its mark on, or from the pane's edge, which may have cut it."""
    beyond = False
    for block in blocks_above(screen.texts, end):
        last = last_where(screen.texts, _OWN, block.start, block.stop)
        if last is None:
            return range(end) if beyond and not block.start else range(0)
        if not _BEYOND.match(screen.texts[last]):
            return range(last, block.stop) if screen.texts[last].startswith("✕") else range(0)
        beyond = True
    return range(0)


def _in_its_place(screen: Screen, start: int) -> Parts | None:
    """Returns the lowest box, from its upper edge on: where a pane is too low for it, from the pane's."""
    box = last_where(screen.texts, _BOX, start)
    if box is None and not any("│" in text for text in screen.texts[start:]):
        return None
    begin = start if box is None else box
    return Parts(None, dialog=range(begin, len(screen.texts)), transcript=range(begin))


def _itself(words: str) -> str:
    """Returns a pattern of the dialog's own words: the tool's row and the box within, of what it is about, may say anything."""
    return rf"(?i)^(?! ?│ *[│?]).*?(?:{words})"


_SAYS = r"(?i)^(?=✕|.*ℹ This request failed\b).*?"
_SHELL = "gemini-permission-shell-80x24"

PROGRAM = Program(
    product="gemini",
    name="Gemini CLI",
    versions=("0.47.0", "0.56.0", "0.61.0"),
    parts=parts,
    titles=(
        Title(State.WORKING, r"^[✦⏲] ", "gemini-working-streaming-80x24", "working"),
        Title(State.WAITING, r"^✋ ", _SHELL),
    ),
    dialogs=(
        Dialog("menu", _itself(r"\b(?:usage|quota) limit reached\b|\bquota exceeded\b"), "gemini-question-80x24", "limit"),
        Dialog("trust", _itself(r"\btrust the (?:files|folder)|\bTrust folder \("), "gemini-trust-80x24"),
        Dialog(
            "signin",
            _itself(r"\bhow would you like to authenticate\b|\bapi key\b.*:|\bwaiting for auth"),
            "gemini-trust-80x24",
        ),
        Dialog("plan", _itself(r"\b(?:approve|implement|accept) (?:this|the) plan\b|\bready to start implementation\b"), _SHELL),
        Dialog(
            "question",
            _itself(r"\bAnswer Questions\b|^[ │]*Enter to (?:select|submit)\b(?!.*\bEsc to close\b)"),
            "gemini-question-80x24",
        ),
        Dialog(
            "permission",
            r"(?i)\ballow execution\b|\bapply this change\b|\bdo you want to (?:allow|proceed)|\bAllow once\b",
            _SHELL,
        ),
        Dialog("menu", r"^[ │]*+(?:[●❯] |Navigate: |\(?(?:[Uu]se |[Pp]ress )?(?:Enter|Esc|Tab)\b)", "menu-settings-40x24"),
    ),
    works=(
        Work("tool", r"^ ?│ ⊶ ++(?P<detail>\S.*?)(?: +\(Tab to focus\))?[ │]*$", "yolo-tool-40x24", status=True),
        Work("thinking", r"^ ?[⠁-⣿] Thinking\b", "gemini-working-streaming-80x24", status=True),
        Work("tool", r"^ ?! (?P<detail>\w+) awaiting input\b", _SHELL, status=True),
        Work("working", r"^ ?[⠁-⣿] ", "gemini-working-streaming-80x24", status=True),
    ),
    troubles=(
        Trouble(
            "billing", _SAYS + r"\b(?:402|billing|payment|credit balance|insufficient.(?:quota|credits?))\b", "auth-403-40x24"
        ),
        Trouble(
            "auth",
            _SAYS + r"\b(?:40[13]|(?:invalid.)?api.?key|unauthenticated|authentication.error|permission.denied)\b",
            "auth-401-40x24",
        ),
        Trouble("limit", _SAYS + r"\b(?:quota|limit reached)\b", "auth-401-40x24"),
        Trouble("rate", _SAYS + r"\b(?:429|rate.?limit|resource.?exhausted)\b", "auth-401-40x24"),
        Trouble("network", _SAYS + r"\b(?:fetch failed|ECONN|ENOTFOUND|timed? ?out|network)", "auth-401-40x24"),
        Trouble(
            "overloaded",
            _SAYS + r"(?:API Error|This request failed|\b5\d\d\b|\boverloaded\b|\bunavailable\b)",
            "refused-400-40x24",
        ),
    ),
    notes=(
        Note(r"\bGemini CLI v(?P<version>\d[\w.-]*)", "gemini-idle-draft-80x24"),
        Note(r"\b(?P<left>\d{1,3})% context left\b", "gemini-idle-draft-80x24"),
        Note(r"\b(?P<context>\d{1,3})% (?:context )?used\b", "gemini-idle-draft-80x24"),
    ),
)
