"""What tmux is asked: command lines that both backends send.

Titles, paths and variables may hold any character, so no separator is safe in itself: rows and fields are told apart by a
nonce that is drawn for each gateway. `#{E:}` and `#{T:}` are never used, they would run `#(...)` out of a title.
"""

import os
from collections.abc import Sequence
from typing import NamedTuple

from gastown_tui.observe.ports import Capture

VARIABLES = (
    "GT_ROLE",
    "GT_RIG",
    "GT_CREW",
    "GT_POLECAT",
    "GT_DOG_NAME",
    "GT_AGENT",
    "GT_PROCESS_NAMES",
    "GT_PANE_ID",
    "GT_ROOT",
    "GT_TOWN_ROOT",
    "GT_SESSION",
    "GT_AGENT_READY",
    "BD_ACTOR",
)
"""The variables that say who runs in a pane. No other is read out of a command line or kept."""

LIVING = "?pane_dead,0,#{pane_pid}"
ROLL = ("pane_id", "session_name", LIVING)
DEATH = "?pane_dead,#{pane_dead_status}/#{pane_dead_signal}/#{pane_dead_time},"
PULSE = ("pane_id", "pane_pid", DEATH, "window_activity", "pane_title")
# A format falls back to the options and then to the environment of its session, so one listing brings hook and variables.
RESPAWN_HOOK = "m:*respawn-pane*,#{pane-died[0]}#{pane-died[1]}#{pane-died[2]}"
FULL = (
    *PULSE,
    "session_id",
    "session_name",
    "session_attached",
    "session_created",
    "window_index",
    "pane_index",
    "pane_current_command",
    "pane_current_path",
    "pane_start_command",
    "pane_width",
    "pane_height",
    "alternate_on",
    "cursor_x",
    "cursor_y",
    "history_size",
    RESPAWN_HOOK,
    *VARIABLES,
)
"""The fields of a row of a roll, a light and a full listing. Names that a version does not know expand to nothing (3.2).

Each field costs the server as much as a third of the rows' own price, once a second: what moves seldom is in no light listing.
"""

HEAD = ("pid", "start_time", "version", "session_id")
CAPTURED = ("pane_id", "cursor_x", "cursor_y", "cursor_flag", "history_size")


class Marks(NamedTuple):
    """What begins a row (a letter says which kind) and what parts its fields."""

    row: str
    field: str

    def line(self, kind: str, names: Sequence[str]) -> str:
        return self.row + kind + self.field.join(f"#{{{name}}}" for name in names)


def new_marks() -> Marks:
    """Returns marks that nobody could have written into a title beforehand; `<` only begins them, so that they never overlap."""
    nonce = os.urandom(5).hex()
    return Marks(row=f"<{nonce}:", field=f"<{nonce}>")


Group = tuple[str, ...]
"""Command lines of which an error ends the rest, but not the next group."""


def look(marks: Marks, *, full: bool, captures: Sequence[Capture] = ()) -> list[Group]:
    """Returns the groups of one look: who answers, the listing, the captures, and a last word that proves completeness."""
    head = head_of(marks)
    kind, fields = ("F", FULL) if full else ("P", PULSE)
    listing = f"list-panes -a -F '{marks.line(kind, fields)}'"
    # A variable that a session lacks falls through to the global environment, so a full look needs that to tell them apart.
    opening = (head, "show-environment -gs") if full else (head,)
    return [opening, (listing,), *(capture(marks, wish) for wish in captures), last(marks)]


def roll(marks: Marks) -> list[Group]:
    """Returns the groups of a roll call: who answers, who is there, and a last word. Most of a listing's time goes by fields."""
    return [(head_of(marks),), (f"list-panes -a -F '{marks.line('R', ROLL)}'",), last(marks)]


def recapture(marks: Marks, captures: Sequence[Capture]) -> list[Group]:
    """Returns the groups of a look that carries nothing but captures, for a process: who answers, and a last word."""
    return [(head_of(marks),), *(capture(marks, wish) for wish in captures), last(marks)]


def nature(marks: Marks) -> list[Group]:
    """Returns the groups that ask what kind of server answers: its version, and by what its windows are sized."""
    return [(head_of(marks),), (f"display-message -p '{marks.row}S'", "show-options -gwv window-size"), last(marks)]


def head_of(marks: Marks) -> str:
    """Returns the question for pid, start time and version of the server, answered even where no session is left."""
    return f"display-message -p '{marks.line('H', HEAD)}'"


def last(marks: Marks) -> Group:
    return (f"display-message -p '{marks.row}Z'",)


def last_word(marks: Marks) -> bytes:
    """Returns how a complete answer ends."""
    return f"{marks.row}Z\n".encode()


def capture(marks: Marks, wish: Capture) -> Group:
    """Returns one pane's capture behind a row that names it.

    `list-panes` fails for a pane that is gone; `display-message` would answer for another one and expands `%` as a time.
    """
    pane = wish.pane_id
    named = f"list-panes -t {pane} -f '#{{==:#{{pane_id}},{pane}}}' -F '{marks.line('C', CAPTURED)}'"
    above = f" -S -{wish.history}" if wish.history else ""
    return (named, f"capture-pane -e -p -t {pane}{above}")


def then_captures(marks: Marks, captures: Sequence[Capture]) -> str:
    """Returns the captures and a last word as lines for a tmux that reads commands from its stdin: each line is a group."""
    return "".join(" ; ".join(group) + "\n" for group in [*(capture(marks, wish) for wish in captures), last(marks)])


def environment(marks: Marks, session_id: str) -> list[Group]:
    """Returns the question for a session's own environment, in the form of a shell: a newline in a value forges no name."""
    return [(f"has-session -t '{session_id}'", head_of(marks), f"show-environment -s -t '{session_id}'"), last(marks)]


def chain(groups: Sequence[Group]) -> list[str]:
    """Returns the groups as arguments of one tmux process. An error ends a list of commands, hence each is isolated."""
    words: list[str] = []
    for group in groups:
        words += ["if-shell", "-F", "1", " ; ".join(group), ";"]
    return words[:-1]


THEN_STDIN = (";", "source-file", "-")
"""What makes a process, after the chain before it was answered, wait for further commands on its stdin (3.0)."""
