"""What the screens of kimi-cli say.

From the bottom: a toolbar under a rule; above it the composer under a rule of its own that bears a title (`── input ──…`);
above that, one blank row apart, what the agent does. A dialog is a box with a title in the composer's place, and a menu takes
the toolbar's place too. What is printed stays: an answer hangs on a bullet, a sent message on `✨`, an error stands red at
the left edge.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .rules import Dialog, Note, Parts, Program, Trouble, Work
from .screen import Options, Screen, clipped, coloured, columns, faint, is_colourless, is_rule, look_at

_TITLED_RULE = re.compile(r"^[─╌━╍]{2,4} \w[^─╌━╍]* [─╌━╍]{2,}$")
_TITLED_BOX = re.compile(r"^[╭┌][─━]+ [^─━ ][^─━]* [─━]+[╮┐]?$")
_SIDE = re.compile(r"^[│┃╰└]")
_PROMPT = re.compile(r"^[$✨💫📋](?: |$)")
_HEAD = re.compile(r"^[$✨💫📋•] ")
_ENDED = "Interrupted by user"
_PAGER = re.compile(r"\(press h for help or q to quit\)$")
_ASIDE = re.compile(r"^[╭┌]─ btw\b")
_BUSY = re.compile(r"^(?:[⠁-⣿🌑-🌘]|[╭┌]─ btw · answering)")
_ADVICE = re.compile(r"^(?:If this persists|Run kimi export)")
_CHECK = re.compile(r"^[\s│┃]*(→ )?\[([ ✓xX])\] (\S.*?)[\s│┃]*$")
_ERROR = r"^(?:Server|LLM provider error):"
_HEADING = re.compile(r"^ \S.*:$")
_STROKES = tuple("─╌━╍")
_MOST_TOOLBAR = 4
_MOST_GAP = 2
_MOST_ERROR = 10
_TRIES = r"\b(?: · attempt (?P<attempt>\d+)/(?P<most>\d+)(?: · <?(?P<wait>\d[\dhms ]*))?)?"


def parts(screen: Screen) -> Parts | None:
    """Returns the parts of the screen, or None where nothing that takes input is drawn."""
    end = len(screen.texts)
    if screen.alternate:
        return Parts(None, dialog=range(end))
    if screen.texts and _PAGER.search(screen.texts[-1]):
        return Parts(None, dialog=range(end - 1, end), transcript=range(end - 1))
    bar = _toolbar(screen)
    head = _composer(screen, bar)
    box = _box(screen, bar)
    if box is not None and (head is None or box > head):
        return _at_box(screen, box, bar)
    if head is None and bar < len(screen.texts) and screen.caret and screen.caret[1] < bar:
        head = screen.caret[1]
    if head is not None:
        return _at_composer(screen, head, bar)
    return _menu(screen) if bar == len(screen.texts) else None


def _own(screen: Screen, row: int) -> bool:
    """Whether the program drew the row: what a person types has the terminal's own colour."""
    return look_at(screen.rows[row], 0).fg is not None or is_colourless(screen)


def _toolbar(screen: Screen) -> int:
    """Returns the row of the rule above the toolbar; the end of the screen where there is none."""
    end = len(screen.texts)
    rows = range(end - 2, max(-1, end - 2 - _MOST_TOOLBAR), -1)
    return next((row for row in rows if is_rule(screen.texts[row]) and _own(screen, row)), end)


def _below(screen: Screen, bar: int) -> range:
    return range(min(bar + 1, len(screen.texts)), len(screen.texts))


def _composer(screen: Screen, bar: int) -> int | None:
    """Returns the row of the rule above what is typed: a rule with a title, or one with a prompt's sign below."""
    for row in range(bar - 1, -1, -1):
        text = screen.texts[row]
        if text[:1] not in _STROKES or not _own(screen, row):
            continue
        if _TITLED_RULE.match(text) or (is_rule(text) and row + 1 < bar and _PROMPT.match(screen.texts[row + 1])):
            return row
    return None


def _box(screen: Screen, bar: int) -> int | None:
    """Returns the first row of a box that stands upon the toolbar; its title, or its lower edge, may be out of sight."""
    row = bar - 1
    while row >= 0 and _SIDE.match(screen.texts[row]):
        row -= 1
    if row >= 0 and _TITLED_BOX.match(screen.texts[row]) and _own(screen, row):
        return row
    return row + 1 if row < 0 < bar and _own(screen, 0) else None


def _at_box(screen: Screen, box: int, bar: int) -> Parts:
    """Returns a dialog; but a question aside (`/btw`) does not stop the work above it."""
    if _ASIDE.match(screen.texts[box]):
        beside = _at_composer(screen, box, bar)._replace(composer=range(box, bar), draft=None)
        if any(_BUSY.match(screen.texts[row]) for row in (*beside.status, box)):
            return beside._replace(status=range(min(beside.status.start, box), box + 1))
    dialog = range(box, bar)
    return Parts(None, dialog=dialog, footer=_below(screen, bar), transcript=range(box), options=_checks(screen, dialog))


def _at_composer(screen: Screen, head: int, bar: int) -> Parts:
    end = next((row for row in range(head + 1, bar) if is_rule(screen.texts[row]) and _own(screen, row)), bar)
    last = next((row for row in range(head - 1, -1, -1) if screen.texts[row]), -1)
    newest = next((row for row in range(last, -1, -1) if _begins(screen, row)), None)
    printed = range(0 if newest is None else newest + 1, last + 1)
    if newest is not None and screen.texts[newest].startswith("$"):
        printed = range(0)
    return Parts(
        range(head, end),
        status=_status(screen, printed, head - last - 1),
        message=_coloured(screen, printed),
        footer=_below(screen, bar),
        draft=_draft(screen, range(head + 1, end)),
        transcript=range(last + 1),
    )


def _begins(screen: Screen, row: int) -> bool:
    """Whether something printed begins here: a message, an answer, or a command of the shell's, which has a rule above it.

    A tool that is done stands on a bullet too, below one that still runs.
    """
    text = screen.texts[row]
    if not _HEAD.match(text):
        return text == _ENDED
    if text[0] == "$":
        return row > 0 and is_rule(screen.texts[row - 1])
    above = row - 1
    while text[0] == "•" and above >= 0 and screen.texts[above]:
        if _BUSY.match(screen.texts[above]):
            return False
        above -= 1
    return True


def _status(screen: Screen, printed: range, gap: int) -> range:
    """Returns the rows that may tell of work: they end one row above the composer, what was printed ends higher.

    At two rows of distance the paragraph that a sent message begins is left out: it may hold anything.
    """
    if gap > _MOST_GAP or not printed:
        return range(0)
    if gap <= 1 or printed.start == 0:
        return printed
    blank = next((row for row in printed if not screen.texts[row]), printed.stop)
    return range(blank, printed.stop)


def _coloured(screen: Screen, printed: range) -> range:
    """Returns the printed rows from the first on that begins in a colour: an error stands at the left edge, in red."""
    shown = [row for row in printed if screen.texts[row][:1].strip()]
    plain = is_colourless(screen)
    first = next((row for row in shown if plain or coloured(look_at(screen.rows[row], 0))), printed.stop)
    end = next((row for row in range(first, printed.stop) if _ADVICE.match(screen.texts[row])), printed.stop)
    return range(first, min(end, first + _MOST_ERROR))


def _draft(screen: Screen, rows: Iterable[int]) -> str:
    """Returns what a person typed. Where the rows begin faint, the program speaks."""
    typed = [row for row in rows if screen.texts[row].strip()]
    if not typed:
        return ""
    text = _PROMPT.sub("", screen.texts[typed[0]])
    first = len(screen.texts[typed[0]]) - len(text.lstrip())
    return "" if faint(look_at(screen.rows[typed[0]], first)) else "\n".join([text, *(screen.texts[row] for row in typed[1:])])


def _menu(screen: Screen) -> Parts | None:
    """Returns a menu from its heading on, where the cursor stands on it. Those that were answered stay above it."""
    end = len(screen.texts)
    start = screen.caret[1] if screen.caret else end - 1
    while 0 <= start < end and screen.texts[start].startswith(" "):
        if _HEADING.match(screen.texts[start]):
            start = _whole_heading(screen, start)
            return Parts(None, dialog=range(start, end), transcript=range(start))
        start -= 1
    return None


def _whole_heading(screen: Screen, row: int) -> int:
    """Returns where a heading begins that the program broke at its margin: such a row leaves one or two columns free."""
    while row and screen.width - 2 <= columns(screen.texts[row - 1]) < screen.width:
        row -= 1
    return row


def _checks(screen: Screen, dialog: range) -> Options | None:
    """Returns the options of a question with several answers: they have a box each instead of a number."""
    found = [(row, match) for row in dialog if (match := _CHECK.match(screen.texts[row]))]
    if not found:
        return None
    return Options(found[0][0], tuple(clipped(match[3]) for _, match in found), tuple(row for row, _ in found), True)


PROGRAM = Program(
    product="kimi-cli",
    name="kimi-cli",
    versions=("1.30.0", "1.40.0", "1.47.0", "1.50.0", "1.51.0"),
    parts=parts,
    dialogs=(
        Dialog("plan", r"\? (?:Enter plan mode|Approve this plan)", "kimi-plan-enter-120x40"),
        Dialog("permission", r"^╭─ approval |requesting approval", "kimi-permission-shell-120x40"),
        Dialog("question", r"^╭─ question |^│ \? ", "kimi-question-120x40"),
        Dialog("signin", r"API key|[Ss]elect a platform|[Aa]uthorization", "menu-login-80x24"),
        Dialog("menu", r"\bEnter\b|\bEsc|[╭┌]─|\bq to quit\)$", "kimi-menu-model-120x40"),
    ),
    works=(
        Work("tool", r"^[⠁-⣿] Using (?P<detail>\S.*)", "kimi-working-tool-120x40"),
        Work("answering", r"^(?:[⠁-⣿] Composing|[╭┌]─ btw · answering)", "kimi-under-bash-working-120x40"),
        Work("thinking", r"^(?:[⠁-⣿] Thinking|Thinking [. ]{3}  ?<?\d)", "kimi-working-thinking-120x40"),
        Work("loading", r"^[⠁-⣿] Connecting", "source of 1.51.0"),
        Work("working", r"^[⠁-⣿] (?!MCP Servers)\S", "source of 1.51.0"),
        Work("waiting", r"^[🌑-🌘]\s*$", "kimi-working-hang-120x40"),
        Work("retrying", r"^Retrying after (?P<detail>rate limit)" + _TRIES, "kimi-rate-429-retrying-120x40", why="rate"),
        Work("retrying", r"^Retrying after (?P<detail>timeout|connection issue)" + _TRIES, "source of 1.51.0", why="network"),
        Work("retrying", r"^Retrying after (?P<detail>\w+(?: \w+)?)" + _TRIES, "source of 1.51.0"),
        Work("compacting", r"^[ .oO@*] Compacting\.\.\.$", "compacting-40x24"),
    ),
    troubles=(
        Trouble(
            "billing",
            r"^Membership expired|" + _ERROR + r".*(?:Error code: 402|balance|suspended|billing(?! cycle))",
            "kimi-billing-402-120x40",
        ),
        Trouble("limit", r"^Quota exceeded|" + _ERROR + r".*(?:usage limit|billing cycle|[Qq]uota)", "kimi-quota-403-120x40"),
        Trouble("auth", r"^Authorization failed|^LLM not set|^Server: Error code: 40[13]", "kimi-trap-recovered-from-401-120x40"),
        Trouble("auth", r"^│ +Model: not set", "kimi-first-start-no-model-120x40"),
        Trouble("rate", _ERROR + r".*Error code: 429", "kimi-rate-429-120x40"),
        Trouble("network", r"^Network connection failed|^Request timed out", "source of 1.51.0"),
        Trouble("overloaded", r"^LLM provider error|^The server returned", "kimi-overloaded-503-120x40"),
    ),
    notes=(Note(r"context: (?P<context>\d+(?:\.\d+)?)%", "kimi-idle-context-low-120x40"),),
    twin="kimi-code",
    title="Kimi Code",
)
