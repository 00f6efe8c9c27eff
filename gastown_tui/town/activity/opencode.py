"""What the screens of opencode say; kilo is drawn by the same engine.

Everything hangs on the bar `┃` at the left of the lowest block. Where that block ends in `╹▀▀▀`, it is the composer, with its
state in the row below; where it does not, it is what stands in the composer's place and waits for a person. Menus float over
the middle of the screen on a ground of their own, a sidebar may stand at the right: neither has a say in the rest.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gastown_tui.town.cells import Cells, Colour

from .rules import Dialog, Note, Parts, Program, Trouble, Work
from .screen import MOST_OPTIONS, Options, Screen, clipped, columns, cut, faint, look_at, reddish

_BAR = re.compile(r"^ *(?:┃|╹▀{3,})")
_EDGE = re.compile(r"^ *╹▀{3,}")
_TITLE = re.compile(r"(?<=\S) {2,}(?P<esc>esc)(?:/\w+)?(?= |$)")
_SPINNER = r"^ *(?:[⬝■]+|\[⋯\])"
# What stands between the spinner and `esc interrupt` is why it tries again; a narrow pane cuts it and draws it over the spinner.
_RETRY = (
    _SPINNER + r" *(?!esc)(?P<detail>[^\s⬝■].*?) *(?:\(click to expand\) *)?(?:\[retrying *)?"
    r"(?:in (?P<wait>[\dhms ]{1,20}?) *)?(?:attempt(?: #(?P<attempt>\d{1,4}))?.*| {2,}esc .*)?$"
)
_BUSY = re.compile(r"^ *(?:┃ *)?(?:[⠁-⣿] |~ )")
_ASIDE = re.compile(r"^ *(?:▣ |(?:ctrl|alt)\+\S)|^$")
_TURN = re.compile(r"^ *▣ ")
_COMPACTS = r"^ *▣ +Compaction\b"
_UNDONE = r"^ *▣ [^·]* · [^·]*$"
_ASKS = re.compile(r"△ |⇆|↑↓|\benter\b|\bdismiss$|^[ ┃]{0,9}\d+\. +\S")
_PLACEHOLDER = re.compile(r"Ask anything|Run a command")
_HINT = re.compile(r"^(?:[⇆↑↓]+|enter|esc|tab|ctrl\+\S+)(?: |$)")


def parts(screen: Screen) -> Parts | None:
    """Returns the parts of the screen, or None where neither composer nor anything in its place is drawn."""
    if menu := _menu(screen):
        return menu
    last = next((row for row in range(len(screen.texts) - 1, -1, -1) if _BAR.match(screen.texts[row])), None)
    if last is None:
        return None
    edge = _EDGE.match(screen.texts[last])
    bar = edge.group().index("╹") if edge else screen.texts[last].index("┃")
    right = edge.end() if edge else _right(screen, last, bar)
    screen = _without_sidebar(screen, bar, right)
    if edge:
        return _at_composer(screen, last, bar) if last and screen.texts[last - 1][bar : bar + 1] == "┃" else None
    if any(screen.texts[last + 1 :]):
        return None
    top = _top(screen, last, bar)
    if last - top < 5 and not any(_ASKS.search(screen.texts[row]) for row in range(top, last + 1)):
        return _at_child(screen, range(top, last + 1), bar)
    return Parts(None, dialog=range(top, last + 1), options=_buttons(screen, top, last), transcript=range(top), screen=screen)


def _right(screen: Screen, last: int, bar: int) -> int:
    """Returns where the lowest block ends; at the pane's edge, if its rows only seem to end: tmux tells no blanks at an end."""
    ends = [_ground(screen.rows[row], bar + 1).right for row in range(_top(screen, last, bar), last + 1)]
    return right if (right := max(ends)) > screen.width // 2 else screen.width


def _at_composer(screen: Screen, edge: int, bar: int) -> Parts:
    top = _top(screen, edge - 1, bar)
    footer = range(edge + 1, len(screen.texts))
    screen = _unwrapped(screen, footer)
    status = _status(screen, footer[:1], top)
    return Parts(
        range(top, edge + 1),
        status=status,
        message=_refusal(screen, top, bar),
        footer=footer,
        draft=_draft(screen, range(top + 1, edge - 2), bar),
        transcript=[row for row in range(top) if row not in status],
        screen=screen,
    )


def _at_child(screen: Screen, bar_rows: range, bar: int) -> Parts | None:
    """Returns the parts of a subagent's page, which has no composer and no footer: the line that ends its turn has to tell."""
    refusal = _refusal(screen, bar_rows.start, bar)
    turn = next((row for row in range(bar_rows.start - 1, -1, -1) if screen.texts[row]), 0)
    if not _TURN.match(screen.texts[turn]):
        return None
    open_turn = range(turn, turn + 1) if not refusal and re.match(_UNDONE, screen.texts[turn]) else range(0)
    return Parts(bar_rows, status=open_turn, message=refusal, transcript=range(turn), screen=screen)


def _unwrapped(screen: Screen, footer: range) -> Screen:
    """Returns the screen with what a narrow pane spreads over several rows below the composer in the first of them."""
    end = next((row for row in footer if not screen.texts[row]), footer.stop)
    if end - footer.start < 2:
        return screen
    first, *more = screen.texts[footer.start : end]
    joined = re.sub(r"(?<=\w)[⬝■]+", " ", " ".join([first, *map(str.strip, more)]))
    return screen._replace(texts=(*screen.texts[: footer.start], joined, *[""] * len(more), *screen.texts[end:]))


def _top(screen: Screen, last: int, bar: int) -> int:
    """Returns the first row of the block that a bar of one colour at this column holds together."""
    colour = look_at(screen.rows[last], bar).fg
    while last and screen.texts[last - 1][bar : bar + 1] == "┃" and look_at(screen.rows[last - 1], bar).fg == colour:
        last -= 1
    return last


def _above(screen: Screen, row: int) -> int:
    """Returns the row of the last thing told above a row. Blank rows, hints at keys and the end of a turn tell nothing."""
    while row and _ASIDE.match(screen.texts[row - 1]):
        row -= 1
    return row - 1


def _status(screen: Screen, state: range, top: int) -> range:
    """Returns the row that says at what it works: why it tries again, or the spinner above a tool's output; none at rest."""
    if not any(re.match(_SPINNER, screen.texts[row]) for row in state):
        return range(0)
    retry = re.match(_RETRY, screen.texts[state.start])
    if retry and (retry["attempt"] or reddish(look_at(screen.rows[state.start], retry.start("detail")))):
        return state
    turn = range(_above(screen, top) + 1, top)
    if compacting := [row for row in turn if re.match(_COMPACTS, screen.texts[row])]:
        return range(compacting[-1], compacting[-1] + 1)
    row = turn.start - 1
    while row >= 0 and screen.texts[row]:
        if _BUSY.match(screen.texts[row]):
            return range(row, row + 1)
        row -= 1
    return range(0)


def _refusal(screen: Screen, top: int, bar: int) -> range:
    """Returns the provider's message behind a red bar, if it is the last that is told."""
    last = row = _above(screen, top)
    while row >= 0 and _is_refusal(screen, row, bar):
        row -= 1
    return range(row + 1, last + 1)


def _is_refusal(screen: Screen, row: int, bar: int) -> bool:
    """Whether a row is the program's own: its bar is red, on the ground of its text, as that of a person's words never is."""
    cells = screen.rows[row]
    look = look_at(cells, bar)
    bare = screen.texts[row][bar:] == "┃"
    return screen.texts[row][bar : bar + 1] == "┃" and reddish(look) and (bare or look.bg == look_at(cells, bar + 1).bg)


def _draft(screen: Screen, rows: range, bar: int) -> str:
    """Returns what was typed. What is weaker than typed text is a placeholder, unless the caret stands behind it."""
    lines = [screen.texts[row][bar + 1 :].strip() for row in rows]
    first = next((row for row, line in zip(rows, lines, strict=True) if line), None)
    if first is None:
        return ""
    text = screen.texts[first]
    start = len(text) - len(text[bar + 1 :].lstrip())
    before = screen.caret is None or screen.caret == (start, first)
    weak = faint(look_at(screen.rows[first], start)) or _PLACEHOLDER.match(text, start)
    return "" if before and weak else "\n".join(lines).strip()


def _without_sidebar(screen: Screen, bar: int, right: int) -> Screen:
    """Returns the screen without what stands to the right of the lowest block, unless that is in the middle: nothing does."""
    if bar + right >= screen.width - 2 or all(len(text) <= right + 1 for text in screen.texts):
        return screen
    return _showing(screen, [(0, right)] * len(screen.texts))


def _showing(screen: Screen, columns: list[tuple[int, int]]) -> Screen:
    rows = tuple(cut(cells, *span) for cells, span in zip(screen.rows, columns, strict=True))
    return screen._replace(rows=tuple(row for row, _ in rows), texts=tuple(text for _, text in rows))


class Ground(NamedTuple):
    """A stretch of one ground in a row: its colour, and the columns from which and up to which it reaches."""

    colour: Colour
    left: int
    right: int


def _ground(cells: Cells, column: int) -> Ground:
    """Returns the ground on which a column of a row lies."""
    colour, left, right = None, 0, 0
    for text, look in cells:
        if look.bg != colour:
            if right > column:
                break
            colour, left = look.bg, right
        right += columns(text)
    return Ground(colour, left, right) if right > column else Ground(None, right, right)


def _menu(screen: Screen) -> Parts | None:
    """Returns the window that floats over the rest: centred, with a title and `esc` on top, on a ground of its own."""
    for row, text in enumerate(screen.texts):
        if not row or not (title := _TITLE.search(text)):
            continue
        ground = _ground(screen.rows[row], columns(text[: title.start("esc")]))
        centred = ground.left > 0 and abs(ground.left + ground.right - screen.width) <= 1
        if centred and _ground(screen.rows[row - 1], ground.left) == ground and _is_free(screen, row, ground):
            return _floating(screen, row, ground)
    return None


def _is_free(screen: Screen, row: int, ground: Ground) -> bool:
    """Whether a ground has an empty row above its first, and no bar at its left: a message behind a bar is no window."""
    above, beside = cut(screen.rows[row - 1], ground.left, ground.right), cut(screen.rows[row], ground.left - 1, ground.left)
    return not above[1] and beside[1] != "┃"


def _floating(screen: Screen, top: int, ground: Ground) -> Parts:
    end = top + 1
    while end < len(screen.rows) and _ground(screen.rows[end], ground.left).colour == ground.colour:
        end += 1
    span = (ground.left, ground.right)
    screen = _showing(screen, [span if top <= row < end else (0, 0) for row in range(len(screen.rows))])
    screen = screen._replace(texts=(*screen.texts[:top], _TITLE.sub("", screen.texts[top]), *screen.texts[top + 1 :]))
    return Parts(None, dialog=range(top, end), options=_entries(screen, top + 1, end), screen=screen)


def _entries(screen: Screen, start: int, end: int) -> Options | None:
    """Returns what a menu lists: rows neither weak nor bold, as hints and headings are, or on a ground of their own."""
    ground = look_at(screen.rows[start - 1], 0).bg
    listed = []
    for row in range(start, end):
        text = screen.texts[row]
        look = look_at(screen.rows[row], len(text) - len(text.lstrip()))
        if text and (look.bg != ground or not (look.bold or faint(look))):
            listed.append(row)
    texts = tuple(clipped(screen.texts[row]) for row in listed[:MOST_OPTIONS])
    return Options(start, texts, tuple(listed), pointed=True) if listed else None


def _buttons(screen: Screen, top: int, last: int) -> Options | None:
    """Returns the choices that stand side by side at a dialog's end, before or above the hints at keys; None without these."""
    hinted = False
    for row in range(last, max(top, last - 6), -1):
        words = [word for word in re.split(r" {2,}", screen.texts[row].strip(" ┃")) if word]
        if any(word.endswith("dismiss") for word in words):  # a question lists its choices one below the other
            return None
        choices = [word for word in words if not _HINT.match(word)]
        hinted = hinted or len(choices) < len(words)
        if choices:
            return Options(row, tuple(map(clipped, choices)), (row,), pointed=True) if hinted and len(choices) > 1 else None
    return None


_429 = "opencode-rate-429-retrying-120x40"
_403 = "opencode-auth-403-120x40"

PROGRAM = Program(
    product="opencode",
    name="opencode",
    versions=("1.17.18", "1.18.20", "1.18.33", "1.18.34"),
    parts=parts,
    dialogs=(
        Dialog("permission", r"^[ ┃]{0,9}△ ", "opencode-permission-bash-120x40"),
        Dialog("permission", r"⇆ +select", "opencode-permission-bash-120x40"),
        Dialog("question", r"^[ ┃]{0,9}\d+\. +\S", "opencode-question-120x40"),
        Dialog("question", r"dismiss$", "opencode-question-120x40"),
        Dialog("signin", r"^ *(?:Connect a provider|API key)$", "connect-40x24"),
    ),
    works=(
        Work("retrying", _RETRY, _429, status=True),
        Work("compacting", _COMPACTS, "compact-80x30", status=True),
        Work("working", _UNDONE, "child-80x30", status=True),
        Work("thinking", r"^ *[⠁-⣿] Thinking", "opencode-working-thinking-120x40", status=True),
        Work("tool", r"^ *(?:┃ *)?(?:[⠁-⣿]|~) +(?P<detail>\S.*)", "sleep-running-40x24", status=True),
        Work("working", _SPINNER, "opencode-working-streaming-120x40"),
    ),
    troubles=(
        Trouble("billing", r"(?i)credit|balance|billing|payment|quota|\b402\b", _403),
        Trouble("rate", r"(?i)rate.?limit|too many requests|\b429\b", _403),
        Trouble("limit", r"(?i)usage limit|limit reached|hit your .*limit", _403),
        Trouble(
            "auth",
            r"(?i)\b40[13]\b|unauthor|authentic|forbidden|key\b|\baccount\b|credential|not allow|denied|(?:log|sign).?in",
            _403,
        ),
        Trouble("network", r"(?i)connect|network|socket|time.?d? ?out|unreachable|fetch failed|certificate", _403),
        Trouble("disk", r"(?i)no space left|ENOSPC", _403),
        Trouble("overloaded", r"[^ ┃]", _403),
    ),
    notes=(
        Note(r"\((?P<context>\d{1,3})%\)(?: · \S+)? +\S+ +commands$", "opencode-idle-after-turn-120x40"),
        Note(r"^ {0,3}[~/]\S* +(?:.* )?(?P<version>\d+\.\d+\.\d+)$", "opencode-idle-empty-120x40"),
    ),
)
