"""The tables in which a program's screens are told, and their one reader.

A program's file says where its composer is and what replaces it (`parts`), and lists what its rows mean. Each rule names the
recorded scene on which it was seen. Structure comes before words: where the composer stands, nothing above it is a dialog,
whatever it says; where something stands in its place, that waits for a person, whatever it is called.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial, reduce
from typing import NamedTuple

from gastown_tui.town.snapshot import Activity, Held, Question, State

from .screen import MOST_TEXT, Options, Screen, clipped, coloured, look_at, options_in, veiled

PATIENT_ATTEMPTS = 3
PATIENT_S = 60.0
MOST_ROWS = 12
MOST_CUE = 120
"""In how many characters of a row what kind of dialog it is of must be told: they bound what hostile rows can cost."""


class Parts(NamedTuple):
    """The parts of a screen, as ranges of its rows. `composer` is None where something stands in its place.

    `status`: where the program says that it is at work, the rows between transcript and composer. `message`: the last
    block of the transcript, where an error of its own stands if nothing newer does. `dialog`: what stands in the composer's
    place. `draft`: what a person typed and did not send, "" for nothing, None where it cannot be told. `options`: the choices,
    where they are no numbered list. `screen`: the screen without what stands beside these parts or is covered by them.
    `loading`: the composer is drawn, but nobody listens yet.
    """

    composer: range | None
    status: range = range(0)
    message: range = range(0)
    footer: range = range(0)
    dialog: range = range(0)
    draft: str | None = None
    transcript: Sequence[int] = range(0)
    options: Options | None = None
    screen: Screen | None = None
    loading: bool = False


class Dialog(NamedTuple):
    """A row that tells what kind of dialog is open: permission, question, plan, trust, signin or menu.

    With `held`, the program asks because something outside holds it: the dialog is that trouble's face.
    """

    kind: str
    pattern: str
    seen: str
    held: str | None = None


class Work(NamedTuple):
    """A row of the status (or of the footer) that stands only while the program works. The group `detail` names at what.

    `what`: thinking, tool, answering, compacting, retrying, loading, waiting … A retry may have the groups `attempt`, `most`
    and `wait` (seconds or `9m 56s`), and names in `why` what holds it. `status`: it means nothing in the footer, where a
    person's own words may stand.
    """

    what: str
    pattern: str
    seen: str
    coloured: bool = False
    why: str = "overloaded"
    status: bool = False


class Trouble(NamedTuple):
    """Words of the last message by which the program itself says what stopped it: a `why` of `snapshot.Held`.

    A row and those below it are read as one line, since any width wraps them elsewhere; `^` is the row's beginning. In the
    status rows the same words say why a program tries again.

    `coloured`: the program writes it in a colour of its own, which words in an answer do not have. The group `until` holds a
    time in the program's words.
    """

    why: str
    pattern: str
    seen: str
    coloured: bool = False


class Note(NamedTuple):
    """A row worth telling that changes no state. The groups `context` (percent used; `left`: unused) and `version` are kept."""

    pattern: str
    seen: str
    text: str = ""


class Title(NamedTuple):
    """A title that tells the state while the process lives. `what` it works at, where the screen beside it does not say."""

    state: State
    pattern: str
    seen: str
    what: str | None = None


class Program(NamedTuple):
    """One agent program. `versions`: those on which the rules were seen. `parts` returns None for a screen it cannot place.

    `twin`: another product whose process may go by the same name; it is meant where `title`, which this one always sets, is
    not there and these tables place nothing.
    """

    product: str
    name: str
    versions: tuple[str, ...]
    parts: Callable[[Screen], Parts | None]
    titles: tuple[Title, ...] = ()
    dialogs: tuple[Dialog, ...] = ()
    works: tuple[Work, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    notes: tuple[Note, ...] = ()
    twin: str | None = None
    title: str = ""


class Reading(NamedTuple):
    """What a screen says. `state` is None where it does not tell; `rows` are those that say it; `fact` puts it in words.

    `progress` is equal for two screens between which nothing but a clock or a spinner moved. `until` of what is held is not
    filled in yet: that needs a clock. `wait`: the seconds that it counts down to its next attempt.
    """

    state: State | None
    fact: str
    activity: Activity = Activity()
    rows: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    progress: int = 0
    wait: float = 0.0


class Hit(NamedTuple):
    row: int
    match: re.Match[str]


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> re.Pattern[str]:
    """Returns the pattern, compiled when it is first needed: a one-shot command meets few of them."""
    return re.compile(pattern)


def find(pattern: str, screen: Screen, rows: Iterable[int], *, own_colour: bool = False) -> Hit | None:
    """Returns the first of the rows in whose beginning the pattern is found (in a colour of its own, if so wished)."""
    search, texts = compiled(pattern).search, screen.texts
    for row in rows:
        if (match := search(texts[row], 0, MOST_TEXT)) and not (
            own_colour and not coloured(look_at(screen.rows[row], match.start()))
        ):
            return Hit(row, match)
    return None


def read(program: Program, screen: Screen) -> Reading:
    """Returns what the screen of a living program says. Words in the transcript, in a draft or in an old message mean nothing."""
    parts = program.parts(screen)
    title = next((title for title in program.titles if compiled(title.pattern).search(screen.title)), None)
    titled = title.state if title else None
    if parts is None:
        return Reading(titled if titled is State.WORKING else None, f"its screen is none that is known of {program.name}")
    screen = parts.screen or screen
    if parts.composer is None:
        return _with_notes(program, screen, parts, _dialog(program, screen, parts, title))
    if parts.loading:
        fact = f"{program.name} draws its prompt, but its session has not begun"
        return _with_notes(program, screen, parts, Reading(None, fact, Activity("loading"), tuple(parts.composer)))
    reading = (
        _working(program, screen, parts)
        or (_titled(title) if title and titled in (State.WORKING, State.WAITING) else None)
        or _troubled(program, screen, parts)
        or _at_rest(parts)
    )
    return _with_notes(program, screen, parts, reading)


def _titled(title: Title) -> Reading:
    says = "it is at work" if title.state is State.WORKING else "it asks something"
    return Reading(title.state, f"its title says that {says}", Activity(title.what))


def _dialog(program: Program, screen: Screen, parts: Parts, title: Title | None) -> Reading:
    cue = _cues(program.dialogs)
    cues = [(number, row) for row in parts.dialog if (number := cue(screen.texts[row])) is not None]
    number, cued = min(cues, default=(None, None))
    rule = None if number is None else program.dialogs[number]
    options = _options(screen, parts)
    if rule is None and options is None and (title is None or title.state is not State.WAITING):
        if title and title.state is State.WORKING:
            return _titled(title)
        return Reading(None, f"neither a prompt nor a dialog that is known of {program.name}")
    kind = rule.kind if rule else "menu"
    if kind == "menu" and title and title.state is State.WORKING and not (rule and rule.held):
        # A person may open a menu while a turn goes on: that is no question of the agent's.
        return Reading(title.state, "its title says that it is at work; somebody opened a menu over it", Activity("working"))
    # Nothing was told of it so far: most screens without a prompt are none with a dialog, and a search for secrets is dear.
    screen = veiled(screen, parts.dialog)
    options = _options(screen, parts)
    rows = tuple(sorted({*([] if cued is None else [cued]), *(options.rows if options else ())}))
    text = _asked(screen, parts.dialog, options, cued)
    question = Question(kind, text, options.texts if options else ())
    fact = f"{_ASKS[kind]}: {text}" if text else _ASKS[kind]
    if rule and rule.held:
        said = _said((trouble for trouble in program.troubles if trouble.why == rule.held), screen, parts.message)
        told = said.text if said else text
        return Reading(State.HELD, f"{HOLDS[rule.held]}: {told}", Activity(question=question, held=Held(rule.held, told)), rows)
    return Reading(State.WAITING, fact, Activity(question=question), rows)


def _options(screen: Screen, parts: Parts) -> Options | None:
    return parts.options or options_in(screen.texts, parts.dialog.start, parts.dialog.stop, screen.width)


_ASKS = {
    "permission": "it asks for permission",
    "question": "it asks a question",
    "plan": "it asks to approve a plan",
    "trust": "it asks whether to trust the folder",
    "signin": "it asks to sign in",
    "menu": "a menu is open and waits for a choice",
}
HOLDS = {
    "auth": "its credentials are refused",
    "limit": "a limit is reached",
    "rate": "its requests are refused as too many",
    "billing": "its provider wants payment",
    "overloaded": "its provider does not serve it",
    "network": "its provider cannot be reached",
    "disk": "its disk is full",
}


@lru_cache(maxsize=16)
def _cues(dialogs: tuple[Dialog, ...]) -> Callable[[str], int | None]:
    """Returns what tells which of the dialogs a row is of, by number, the first that fits; of most rows that is known."""

    @lru_cache(maxsize=4096)
    def cue(text: str) -> int | None:
        found = (number for number, one in enumerate(dialogs) if compiled(one.pattern).search(text, 0, MOST_CUE))
        return next(found, None)

    return cue


def _asked(screen: Screen, dialog: range, options: Options | None, cued: int | None) -> str:
    """Returns what is asked: the rows before the options, a permission's command among them; else the row that told.

    The name in a box's upper edge is no part of it, nor is a picture.
    """
    end = options.first if options else dialog.stop
    lines: list[str] = []
    for row in range(dialog.start, end):
        if (line := _bare(screen.texts[row])) and not _DRAWN.match(screen.texts[row]):
            lines.append(_continued(screen, lines.pop(), row) if lines and _wrapped(screen, row) else line)
    told = " ".join(" · ".join(lines).split())
    if len(told) > MOST_TEXT:  # what is asked stands last, under a whole file perhaps
        told = clipped(told, max(0, MOST_TEXT - len(lines[-1]) - 3)) + f" · {lines[-1]}"
    return clipped(told) or ("" if cued is None else clipped(_bare(screen.texts[cued])))


def _wrapped(screen: Screen, row: int) -> bool:
    """Whether a row goes on with the one above: there was no room in that for its first word, margins of a box allowed."""
    above, line = _bare(screen.texts[row - 1]), _bare(screen.texts[row])
    return bool(above) and len(above) + len(line.split(" ", 1)[0]) > screen.width - 8 > 0


def _continued(screen: Screen, told: str, row: int) -> str:
    """Returns what is told so far with a row that goes on with it; an address goes on without a blank."""
    word, more = told.rpartition(" ")[2], _bare(screen.texts[row])
    full = 0 < screen.width <= len(screen.texts[row - 1]) and "://" in word and not word.endswith(",")
    return told + ("" if full or _CUT.fullmatch(word) else " ") + more


_CUT = re.compile(r"\W*https?://[^\s/]+/(\S*[-?&=_%#+]|\S+/)")
"""An address as it looks where a row's end cut it. A lone host may well end with its slash."""

_LINES = " \t\u3000│┃|╭╰╮╯┌└┐┘├┤─━═╌╍┄┈▀▄╹╻▔▁"

_DRAWN = re.compile(r"\s*[╭┌]|(?=.*(?:[▀-▟]|\.{8}))[\s.*▀-▟]+$")
"""The upper edge of a box, or a row of a picture: nothing but blocks, stars and dots."""


def _bare(text: str) -> str:
    """Returns a row's text without the frame around it and the bullet before it."""
    return text.lstrip(_LINES + "●⎿").rstrip(_LINES)


def _working(program: Program, screen: Screen, parts: Parts) -> Reading | None:
    status = [*reversed(parts.status)]
    rows = [*status, *parts.footer]
    for rule in program.works:
        if hit := find(rule.pattern, screen, status if rule.status else rows, own_colour=rule.coloured):
            groups = hit.match.groupdict()
            told = clipped(_detail(screen, hit), 80) or None
            if rule.what == "retrying":
                reason = _said(program.troubles, screen, parts.status)
                if not groups.get("attempt"):  # it may stand in the next row, where the pane is narrow
                    groups = _beyond(rule, screen, hit.row) or groups
                return _retrying(reason.rule.why if reason else rule.why, hit, groups, told or (reason and reason.text))
            fact = _DOES.get(rule.what, f"it is {rule.what}")
            return Reading(State.WORKING, f"{fact}: {told}" if told else fact, Activity(rule.what, told), (hit.row,))
    return None


def _detail(screen: Screen, hit: Hit) -> str:
    told = hit.match.groupdict().get("detail") or ""
    if not told or len(screen.texts[hit.row]) < screen.width - 8:  # the row has room: nothing of it is in the next
        return told
    return veiled(screen, range(hit.row, hit.row + 2)).texts[hit.row][slice(*hit.match.span("detail"))]


def _beyond(rule: Work, screen: Screen, row: int) -> dict[str, str | None] | None:
    """Returns what a rule finds in a row read as one with the next."""
    match = compiled(rule.pattern).search(" ".join(map(str.strip, screen.texts[row : row + 2])))
    return match.groupdict() if match else None


_DOES = {
    "tool": "it uses a tool",
    "waiting": "it waits for its provider's answer",
    "compacting": "it compacts its context",
    "working": "its status row says that it works",
}


def _retrying(why: str, hit: Hit, groups: dict[str, str | None], told: str | None) -> Reading:
    """A retry is work as long as it is likely to help; a long wait, or many attempts, is being held."""
    attempt, most, wait = (groups.get(name) for name in ("attempt", "most", "wait"))
    number = int(attempt or 1)
    last = int(most) if most else None
    count = f"attempt {attempt}" + (f"/{most}" if most else "") if attempt else ""
    detail = " · ".join(part for part in (told, count) if part) or None
    held = number >= PATIENT_ATTEMPTS or number == last or duration(wait) >= PATIENT_S
    fact = f"{HOLDS[why]}; it tries again" + (f", {detail}" if detail else "")
    activity = Activity("retrying", detail, held=Held(why, told or count or "it tries again") if held else None)
    return Reading(State.HELD if held else State.WORKING, fact, activity, (hit.row,), wait=duration(wait))


_UNIT = re.compile(r"(\d+)\s*(h|m|s|$)")


def duration(text: str | None) -> float:
    """Returns the seconds of `34s`, `9m 56s`, `1h 2m` or a bare number; 0 for nothing."""
    return float(sum(int(number) * {"h": 3600, "m": 60}.get(unit, 1) for number, unit in _UNIT.findall(text or "")))


class Said(NamedTuple):
    rule: Trouble
    text: str
    rows: tuple[int, ...]


def _said(troubles: Iterable[Trouble], screen: Screen, rows: range, *, own_colour: bool = False) -> Said | None:
    """Returns the first trouble that the rows tell, with their text from the row on in which it begins."""
    bare = [_bare(screen.texts[row]) for row in rows]
    tails = [" ".join([screen.texts[row], *bare[index + 1 : index + MOST_ROWS]])[:MOST_TEXT] for index, row in enumerate(rows)]
    plain = [own_colour and not any(coloured(look) for _, look in screen.rows[row]) for row in rows]
    for rule in troubles:
        for index, (row, tail) in enumerate(zip(rows, tails, strict=True)):
            match = None if rule.coloured and plain[index] else compiled(rule.pattern).search(tail)
            if match is None or match.start() >= len(screen.texts[row]):
                continue
            if not (own_colour and rule.coloured) or coloured(look_at(screen.rows[row], match.start())):
                screen, begun = veiled(screen, rows), rows[index]
                told = reduce(partial(_continued, screen), rows[index + 1 : index + MOST_ROWS], _bare(screen.texts[begun]))
                return Said(rule, clipped(told), tuple(rows[index:]))
    return None


def _troubled(program: Program, screen: Screen, parts: Parts) -> Reading | None:
    said = _said(program.troubles, screen, parts.message, own_colour=True)
    if said is None:
        return None
    held = Held(said.rule.why, said.text)
    return Reading(State.HELD, f"{HOLDS[said.rule.why]}: {said.text}", Activity(held=held, draft=_drafted(parts)), said.rows)


def _drafted(parts: Parts) -> bool | None:
    return None if parts.draft is None else bool(parts.draft.strip())


def _at_rest(parts: Parts) -> Reading:
    assert parts.composer is not None
    draft = _drafted(parts)
    fact = (
        "at its prompt, with a draft that somebody typed"
        if draft
        else "at its empty prompt"
        if draft is False
        else "at its prompt"
    )
    return Reading(State.IDLE, fact, Activity(draft=draft), tuple(parts.composer))


def _with_notes(program: Program, screen: Screen, parts: Parts, reading: Reading) -> Reading:
    """Adds what footer and status tell besides, whether a draft stands, and by what two screens are alike but for a clock."""
    notes, activity = [], reading.activity._replace(draft=_drafted(parts))
    for rule, hit in _noted(program, screen, parts):
        groups = hit.match.groupdict()
        if used := groups.get("context"):
            activity = activity._replace(context_used_pct=min(100.0, float(used)))
        if left := groups.get("left"):
            activity = activity._replace(context_used_pct=max(0.0, 100.0 - float(left)))
        if version := groups.get("version"):
            activity = activity._replace(program_version=version)
        if rule.text:
            notes.append(rule.text.format(*hit.match.groups(), **groups) if "{" in rule.text else rule.text)
    done = hash((tuple(screen.texts[row] for row in parts.transcript), reading.state, activity))
    return reading._replace(activity=activity, notes=tuple(notes), progress=done)


def _noted(program: Program, screen: Screen, parts: Parts) -> Iterator[tuple[Note, Hit]]:
    # A banner stands in the transcript; whatever else stands there may be a quotation.
    own = [*parts.footer, *parts.status]
    for rule in program.notes:
        if hit := find(rule.pattern, screen, [*own, *parts.transcript] if "?P<version>" in rule.pattern else own):
            yield rule, hit
