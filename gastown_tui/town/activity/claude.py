"""What the screens of Claude Code say.

The prompt stands between two lines over the whole width, at the left edge, with a glyph and a no-break space before what is
typed; under it are a footer, or a list to complete from. A dialog stands in its place. Whatever the agent quotes is indented,
so the left edge belongs to the program: a message begins there with a bullet or a prompt, a status row with a star. What the
program says of itself is coloured, words and bullet alike; what is over is grey.
"""

from __future__ import annotations

import re

from gastown_tui.town.cells import plain
from gastown_tui.town.snapshot import State

from .rules import Dialog, Note, Parts, Program, Title, Trouble, Work, find
from .screen import Screen, coloured, faint, is_colourless, look_at

_EDGE = re.compile(r"[╭╰]?──.*[─╮╯]$|─+$")
_SHEET = re.compile(r"[╭─]─.*[─╮]$|▔{8}")
_PROMPT = re.compile(r"(?:│ )?[❯>!#](?: |$)")
_OPTION = re.compile(r"[ │]{0,8}[❯>]? {0,8}\d{1,2}\. ")
_POINTED = re.compile(r"[ │]{0,8}[❯>] {0,8}\d{1,2}\. ")
# Its list of sessions has a prompt of its own, a long draft scrolls between the lines, a transcript may be read as a whole.
_FLEET = re.compile(r"(?:^|· )claude agents$")
_SCROLLED = re.compile(r"─{2,} ↑ \d+ more ─")
_READING = re.compile(r"  .{0,20}Showing detailed transcript")
_NOTICE = re.compile(r" {8,}\S")
_BEHIND = re.compile(r"Jump to bottom \(.{1,20}\) ↓$")
_POPUP = re.compile(r" *[/@+*◇] ?\S")
_TOOL = re.compile(r"[●⏺ ] \w[^(]{0,80}\(")
_COMMAND = re.compile(r"  ⎿  \$ ")
_STARS = "·✢✳✶✻✽*∗"
_BULLETS = "●⏺"
_UNSIGNED = r"Not logged in · Run /login"
_LOCAL = re.compile(r"[❯>] /(?!login\b|clear\b|compact\b)")
_WAITS = re.compile(r". Waiting for (?=\d)")
_AGAIN = re.compile(r" {4,5}Retrying in \d")
_RETRIES = re.compile(r"  ⎿ {1,2}Retrying in \d")
_PAST = re.compile(r". [^…(]* for \d+ ?[hms]\b")


def parts(screen: Screen) -> Parts:
    """Returns where prompt, status and last message stand; a dialog is what stands where no prompt does."""
    if (composer := _composer(screen)) is None or _FLEET.search(screen.title):
        dialog = _dialog(screen) if composer is None else range(composer.start - 1)
        return Parts(None, message=_own_words(screen, dialog.start), dialog=dialog, transcript=range(dialog.start))
    top = max(0, composer.start - 1)
    if any(_BEHIND.search(text) for text in screen.texts[max(0, top - 2) : top]):  # what stands above is not the last of it
        return Parts(composer, footer=_footer(screen, composer.stop + 1), draft=_draft(screen, composer))
    status, footer = _status(screen, top), _footer(screen, composer.stop + 1)
    message = _own_words(screen, status)
    if message and any(map(_AGAIN.match, screen.texts[message.start : status])):
        status, message = message.start, range(0)
    status = _countdown(screen, status)
    return Parts(
        composer,
        status=range(status, top),
        message=message or _signed_out(screen, footer),
        footer=footer,
        draft=_draft(screen, composer),
        transcript=range(status),
    )


def _composer(screen: Screen) -> range | None:
    """Returns the rows of the prompt, which the lowest two lines hold; no message and no choice stands under them."""
    texts = screen.texts
    bottom = _edge_above(texts, len(texts))
    if bottom is None or any(_POINTED.match(texts[row]) or _is_message(screen, row) for row in range(bottom + 1, len(texts))):
        return None
    if texts[bottom + 1 :] and _READING.match(texts[bottom + 1]):
        return range(bottom, bottom)
    top = _edge_above(texts, bottom)
    if top is None:  # a draft higher than the pane, or one that was
        begins = plain(screen.rows[0])[1:2] == "\N{NO-BREAK SPACE}"
        indented = all(text[:1] in ("", " ") for text in (*texts[begins:bottom], *texts[bottom + 1 :]))
        return range(bottom) if indented and (begins or bottom * 2 > len(texts)) else None
    rows = range(top + 1, bottom)
    return rows if rows and (_is_prompt(screen, top + 1) or _SCROLLED.match(texts[top])) else None


def _edge_above(texts: tuple[str, ...], row: int) -> int | None:
    return next((above for above in range(row - 1, -1, -1) if texts[above][:1] in "─╭╰" and _EDGE.match(texts[above])), None)


def _is_prompt(screen: Screen, row: int) -> bool:
    """A prompt's glyph has a no-break space behind it; the pointer of a dialog is coloured and has an option behind it."""
    text = screen.texts[row]
    if not (match := _PROMPT.match(text)):
        return False
    sure = "\N{NO-BREAK SPACE}" in plain(screen.rows[row])[: match.end()]
    return sure or not (_OPTION.match(text) and coloured(look_at(screen.rows[row], 0)))


def _draft(screen: Screen, composer: range) -> str | None:
    """Returns what was typed: a placeholder, and what a completion proposes, is weaker than that. None while it is covered."""
    if not composer:
        return None
    if not (match := _PROMPT.match(screen.texts[composer.start])):
        return " ".join(screen.texts[row].strip() for row in composer)
    first = _typed(screen, composer.start, match.end())
    return "\n".join([first, *(_typed(screen, row, 2) for row in composer[1:])]).strip()


def _typed(screen: Screen, row: int, column: int) -> str:
    """Returns the text of a row from a column on without what is faint. The caret is inverse: on a placeholder it is no text."""
    typed, weak, caret = [], False, ""
    for text, look in screen.rows[row]:
        kept, column = text[column:], max(0, column - len(text))
        if look.reverse:
            caret = kept
        elif faint(look):
            weak = weak or bool(kept.strip(" │"))
            continue
        typed.append(kept)
    told = "".join(typed).replace("\N{NO-BREAK SPACE}", " ").strip(" │")
    return "" if weak and told == caret.strip() else told


def _status(screen: Screen, top: int) -> int:
    """Returns where the status begins: at a star at the left edge and the tools over it, or at the notice over the prompt."""
    for row in range(top - 1, -1, -1):
        first = screen.texts[row][:1]
        if first and first in _STARS:
            if _is_live(screen, row):
                return _tools_that_run(screen, row)
        elif not (_is_broken(first) or first in ("", " ")):
            break
    return top - 1 if top and _NOTICE.match(screen.texts[top - 1]) else top


def _countdown(screen: Screen, status: int) -> int:
    """Returns where it says when it tries again, the last row above a status, grey or right below what was sent; else that."""
    row = next((row for row in range(status - 1, 0, -1) if screen.texts[row]), 0)
    own = faint(look_at(screen.rows[row], 5)) or screen.texts[row - 1][:1] in ("❯", ">")
    return row if row and own and _RETRIES.match(screen.texts[row]) else status


def _is_broken(first: str) -> bool:
    """Whether a row begins in the middle of a word: a pane too narrow for it breaks it at the left edge."""
    return first.isalnum()


def _is_live(screen: Screen, row: int) -> bool:
    """Whether a row with a star tells of now: then it is coloured, but while others are waited for. What is over is grey."""
    text = screen.texts[row]
    moves = coloured(look_at(screen.rows[row], 0)) or "…" in text or "etrying in " in text
    return bool(_WAITS.match(text)) or (moves and _is_own(screen, row) and not _PAST.match(text))


def _tools_that_run(screen: Screen, status: int) -> int:
    """Returns where the tools begin that run above a status, or the status: their clocks tick, and are no progress."""
    for row in range(status - 1, -1, -1):
        if _runs(screen, row):
            status = row
        elif screen.texts[row][:1] not in ("", " "):
            break
    return status


def _runs(screen: Screen, row: int) -> bool:
    """Whether a tool is named that runs: until it has ended its bullet is grey, or blinks."""
    named = _is_tool(screen, row) or any(_COMMAND.match(text) for text in screen.texts[row + 1 : row + 2])
    return named and (screen.texts[row][:1] == " " or faint(look_at(screen.rows[row], 0)))


def _is_tool(screen: Screen, row: int) -> bool:
    """Whether a row names a tool and what it is used on: the name is bold."""
    return bool(_TOOL.match(screen.texts[row])) and look_at(screen.rows[row], 2).bold


def _own_words(screen: Screen, end: int) -> range:
    """Returns the rows in which the program speaks of itself, in a colour of its own, if the last message is that.

    A command that is answered at once, such as `/model`, ends no trouble, nor does a note that is grey as a whole. What a tool
    printed is not the program's word.
    """
    for row in range(end - 1, -1, -1):
        text = screen.texts[row]
        if text[:1] in ("", " ") or text[:1] in _STARS or _is_broken(text[:1]) or _is_note(screen, row):
            continue
        if text[0] in _BULLETS and _is_own(screen, row) and _is_own(screen, row, 2):
            return _paragraph(screen, row, end)
        answers = [below for below in range(row, end) if screen.texts[below].startswith("  ⎿ ")]
        for answer in answers if text[0] in "❯>" else answers[1:]:
            if _is_own(screen, answer, 4):
                return _paragraph(screen, answer, end)
        if not _LOCAL.match(text) or any("Interrupt" in screen.texts[answer] for answer in answers):
            break
    return range(0)


def _signed_out(screen: Screen, footer: range) -> range:
    """Returns the row of the footer in which the program says, in its own colour, that nobody is signed in."""
    hit = find(_UNSIGNED, screen, footer, own_colour=True)
    return range(hit.row, hit.row + 1) if hit else range(0)


def _is_note(screen: Screen, row: int) -> bool:
    look = look_at(screen.rows[row], 0)
    return screen.texts[row][0] in _BULLETS and faint(look) and look_at(screen.rows[row], 2) == look


def _paragraph(screen: Screen, start: int, end: int) -> range:
    """Returns the rows from one on that have its colour: a notice in grey may follow without a gap."""
    for row in range(start + 1, end):
        text = screen.texts[row]
        if not text or not _is_own(screen, row):
            return range(start, row)
    return range(start, end)


def _is_own(screen: Screen, row: int, column: int = 0) -> bool:
    """Whether the first character from a column on has a colour of its own; any may, where nothing has a colour at all."""
    rest = screen.texts[row][column:]
    look = look_at(screen.rows[row], column + len(rest) - len(rest.lstrip()))
    return coloured(look) or (look.fg is None and is_colourless(screen))


def _footer(screen: Screen, start: int) -> range:
    """Returns the rows under the prompt; none while a list of commands or files stands there."""
    end = len(screen.texts)
    return range(0) if start < end and _POPUP.match(screen.texts[start]) else range(start, min(start + 3, end))


def _dialog(screen: Screen) -> range:
    """Returns the rows of what stands in the prompt's place: all from the first line on that follows the transcript."""
    texts, end = screen.texts, len(screen.texts)
    starred = (row for row in range(end - 1, -1, -1) if (texts[row] and texts[row][0] in _STARS) or _is_message(screen, row))
    last = next(starred, -1)
    for row in range(last + 1, end - 1):
        if _SHEET.match(texts[row]):
            cut = last < 0 and bool(_OPTION.match(texts[row + 1]))
            return range(0 if cut else row, end)
    return range(last + 1, end)


def _is_message(screen: Screen, row: int) -> bool:
    """Whether a message begins in a row: with a bullet, or with a prompt on a ground of its own."""
    first = screen.texts[row][:1]
    if not first or first in " ─▔":
        return False
    return first in _BULLETS or (first in "❯>!" and look_at(screen.rows[row], 0).bg is not None)


_STAR = rf"^[{_STARS}](?: |$)"
_SAYS = rf"^(?:[{_BULLETS}{_STARS}]|  ⎿ ) *(?:Please run /login · )?(?:API Error:? ?)?\(?"
_CHOICE = r"^[ │❯]{0,8}\d+\. "

PROGRAM = Program(
    product="claude",
    name="Claude Code",
    versions=("1.0.98", "1.0.113", "2.0.32", "2.0.60", "2.1.101", "2.1.139", "2.1.166", "2.1.197", "2.1.250", "2.1.330"),
    parts=parts,
    titles=(
        Title(State.WORKING, "^[\u2801-\u28ff◐◓◑◒] ", "claude-working-streaming; 2.1.330: streams-with-draft"),
        Title(State.WAITING, r"^\d+ awaiting input\b.*claude agents$", "2.1.197: the list of sessions"),
        Title(State.WORKING, r"^\d+ working\b.*claude agents$", "2.1.197: the list of sessions"),
    ),
    dialogs=(
        Dialog("permission", r"^[ │]{1,2}Do you want to ", "claude-permission-bash, -edit, -write"),
        Dialog("question", _CHOICE + r"(?:\[.\] )?(?:Type something|Chat about this|Submit answers)", "claude-question-multi"),
        Dialog("menu", _CHOICE + "Stop and wait for limit", "claude-usage-limit", held="limit"),
        Dialog("trust", _CHOICE + r"(?:Yes, I trust|Yes, proceed[ │]*$)|^[ │]{0,8}Do you trust the files", "claude-trust"),
        Dialog("trust", r"^[ ❯]{0,8}Yes, I trust this folder$", "claude-2.1.330-folder-trust: no numbers"),
        Dialog("plan", r"^ {0,8}(?:Exit plan mode|Claude (?:wants to exit|has written up a) plan)", "claude-plan-approval"),
        Dialog("plan", _CHOICE + r"Yes, and (?:auto-accept|manually approve) edits", "claude-2.0.60-plan-approval-long"),
        Dialog("signin", r"^ {0,8}(?:Select login method|Paste code here)", "claude-login-menu"),
        Dialog("permission", r"^ (?:Esc to cancel · Tab to amend|This command requires approval)", "claude-permission-bash"),
        Dialog("menu", r"^(?:──|▔▔| {0,8}Press Enter to continue)", "claude-menu-model, claude-onboarding-security"),
        Dialog("menu", r"^ {1,8}\S.* · Esc(?:/Tab)? to (?:close|cancel|exit|go back)$", "claude-1.0.113-menu-config, -rewind"),
    ),
    works=(
        Work("compacting", _STAR + r"Compacting", "claude-working-compacting"),
        Work(
            "retrying",
            rf"^(?:[{_STARS}] )?(?:API erro\w*|(?P<detail>.+?)) · [Rr]etrying in (?P<wait>\d[\dhms ]*)"
            r"(?:.*\D(?P<attempt>\d+)/(?P<most>\d+))?",
            "claude-overloaded-529-retrying",
        ),
        Work(
            "retrying",
            r"^(?: {4,5}|  ⎿ {1,2})Retrying in (?P<wait>\d[\dhm ]*s?)\w*(?:\D+(?P<attempt>\d+)/(?P<most>\d+))?",
            "claude-2.0.60-auth-401-narrow, 2.1.101, 2.1.139",
            status=True,
        ),
        Work(
            "tool",
            r"^(?:[●⏺ ] (?=\w[^(]{0,80}\()|  ⎿  (?=\$ ))(?P<detail>.+?)(?: \(\d[\dhms ]*\))?$",
            "claude-working-tool",
            status=True,
        ),
        Work("working", rf"^[{_STARS}] (?P<detail>Waiting for \d+ \w+ \w+)", "2.1.330: a subagent in the background"),
        Work("thinking", _STAR + r"[^(]*\([^)]*\bthinking\b", "claude-working-thinking"),
        Work("answering", _STAR + r"[^(]*\([^)]*↓", "claude-working-streaming"),
        Work("working", _STAR, "claude-sigstop-undone"),
        Work("working", r"^  (?:.* · )?esc to int|^  working · ", "claude-working-bypass"),
    ),
    troubles=(
        Trouble("auth", _SAYS + r"(?:40[13]|.{0,60}Please run /login|Invalid API key)", "claude-auth-403"),
        Trouble("auth", _UNSIGNED, "2.1.197: started without a key"),
        Trouble("billing", _SAYS + r"(?:402|Credit balance (?:is )?too low)", "claude-billing-credit"),
        Trouble("rate", _SAYS + r"(?:Request rejected \(429|429|Rate limit|Server is temporarily limiting)", "claude-rate-429"),
        Trouble(
            "limit", _SAYS + r"(?:You['’]ve (?:hit|reached) your |You['’]re out of |.{0,50}limit reached)", "claude-usage-limit"
        ),
        Trouble("network", _SAYS + r"(?:Unable to connect|Connection|.{0,40}timed out)", "claude-connection-refused"),
        Trouble("overloaded", _SAYS + r"(?:API Error|5\d\d|Overloaded)", "claude-server-500"),
        Trouble("overloaded", rf"^[{_BULLETS}] ", "2.1.330: a model that is not there", coloured=True),
    ),
    notes=(
        Note(r"^ {0,8}[╭▀-▟][─▀-▟ ]{0,40}Claude Code v(?P<version>\d[\w.-]*)", "claude-idle-empty"),
        Note(r"until auto-compact: (?P<left>\d{1,3})%", "an older wording"),
        Note(r"(?P<context>\d{1,3})% context used", "claude-idle-context-low"),
        Note(
            r"You've used (?P<share>\d+)% of your (?P<what>[\w -]{1,30}limit)",
            "claude-near-limit-warning",
            "{share}% of its {what} is used",
        ),
        Note(r"^  (?:.* · )?(?P<count>\d+) shells?\b", "claude-idle-background-shell", "background shells: {count}"),
    ),
)
