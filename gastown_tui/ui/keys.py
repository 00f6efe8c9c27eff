"""The one table of keys. What a key does, footer, help screen, palette and the README's section are made from it."""

import re
from collections.abc import Iterable
from typing import NamedTuple

ANYWHERE, TOWN, WALL, QUEUES, MONITOR, PROBLEMS = "anywhere", "town", "wall", "queues", "monitor", "problems"
AGENT, BEAD, LIST, PALETTE = "agent view", "bead", "lists", "palette"


class Key(NamedTuple):
    """One action. `keys` are Textual's names (none: palette only), `shown` how they are written, `where` its screens.

    `needs` names what must be there, else the key is inert; `rank` orders the footer, 0 keeps it out of there.
    """

    action: str
    keys: tuple[str, ...]
    shown: str
    label: str
    help: str
    where: tuple[str, ...]
    needs: str = ""
    rank: int = 0

    @property
    def name(self) -> str:
        """What config.toml calls the action: its label, as one word."""
        return re.sub(r"\W+", "_", self.label)


SCREENS = (TOWN, WALL, QUEUES, MONITOR, PROBLEMS, AGENT, BEAD)
MOVING = (*SCREENS, LIST)
AGENTS = (TOWN, WALL, PROBLEMS)
WITH_AGENTS = (TOWN, WALL, MONITOR, PROBLEMS, AGENT)
BEADS = (QUEUES, BEAD)


def _but(screen: str) -> tuple[str, ...]:
    return tuple(one for one in SCREENS if one != screen)


KEYS = (
    Key("move(1)", ("j", "down"), "j ↓", "down", "one row down", MOVING),
    Key("move(-1)", ("k", "up"), "k ↑", "up", "one row up", MOVING),
    Key("first", ("g", "home"), "g", "first", "to the first row", MOVING),
    Key("last", ("G", "end"), "G", "last", "to the last row; in a pane, to what is live", MOVING),
    Key("half(1)", ("ctrl+d",), "Ctrl+D", "half down", "half a page down", MOVING),
    Key("half(-1)", ("ctrl+u",), "Ctrl+U", "half up", "half a page up", MOVING),
    Key("page(1)", ("pagedown",), "PgDn", "page down", "a page down", MOVING),
    Key("page(-1)", ("pageup",), "PgUp", "page up", "a page up", MOVING),
    Key("fold", ("h", "left"), "h ←", "fold", "fold the rig of this row", (TOWN,), "row"),
    Key("unfold", ("l", "right"), "l →", "unfold", "unfold the rig", (TOWN,), "row"),
    Key("across(-1)", ("h", "left"), "h ←", "left", "to the pane at the left", (WALL,), "row"),
    Key("across(1)", ("l", "right"), "l →", "right", "to the pane at the right", (WALL,), "row"),
    Key("inspect", ("space",), "Space", "agent", "its whole pane, and everything known of it", (*AGENTS, MONITOR), "agent", 1),
    Key("next_calling", ("w",), "w", "next", "to the next agent that needs you", (*AGENTS, MONITOR), "", 2),
    Key("acknowledge", ("a",), "a", "acknowledge", "say that you know: no calls until it changes", WITH_AGENTS, "problem", 3),
    Key("acknowledge_all", ("A",), "A", "acknowledge all", "say that you know of the whole group", (PROBLEMS,), "problem"),
    Key("app.town", ("1",), "1", "town", "back to the town", SCREENS[1:], "", 5),
    Key("app.wall", ("2",), "2", "wall", "all panes side by side, page by page", _but(WALL), "", 5),
    Key("app.queues", ("3",), "3", "queues", "beads: who works on what, and what waits", _but(QUEUES), "", 5),
    Key("app.monitor", ("4",), "4", "monitor", "the automonitor, its log, and the last day", _but(MONITOR), "", 5),
    Key("app.problems", ("5",), "5", "problems", "what needs you, by its cause", _but(PROBLEMS), "", 4),
    Key("only_problems", ("exclamation_mark",), "!", "only these", "only what needs you, or again all", (TOWN, WALL), "", 6),
    Key("find", ("slash",), "/", "filter", "type to keep who matches; Esc clears", (TOWN, WALL), "", 5),
    Key("sort", ("s",), "s", "sort", "order: place, attention, name, quiet time", (TOWN,), "", 7),
    Key("jump", ("f",), "f", "jump", "two letters beside each name, to go there", (TOWN,), "row", 5),
    Key("zoom", ("z",), "z", "zoom", "give the pane the whole screen, and back", (TOWN, WALL, AGENT), "agent", 8),
    Key("other_side", ("tab",), "Tab", "list/pane", "move in the pane, or again in the list", (TOWN,), "agent", 11),
    Key("copy_id", ("y",), "y", "copy id", "copy the agent's name", WITH_AGENTS, "row", 12),
    Key("copy_pane", ("Y",), "Y", "copy pane", "copy what the pane shows", (TOWN, WALL, AGENT), "pane", 13),
    Key("find", ("slash",), "/", "search", "search the pane and its scrollback", (AGENT,), "", 1),
    Key("next_hit(-1)", ("n",), "n", "next hit", "to the next hit, upwards", (AGENT,), "hits", 2),
    Key("next_hit(1)", ("N",), "N", "previous hit", "to the previous hit, downwards", (AGENT,), "hits"),
    Key("copy_facts", ("c",), "c", "copy facts", "copy evidence and facts, for a bug report", (AGENT,), "", 3),
    Key("other_side", ("tab",), "Tab", "pane/facts", "move in the facts, or again in the pane", (AGENT,), "", 4),
    Key("find", ("slash",), "/", "filter", "log: keep lines by words, level, session", (MONITOR,), "", 2),
    Key("level", ("L",), "L", "level", "log: warnings, errors, broken, or again all", (MONITOR,), "log", 3),
    Key("whole", ("v",), "v", "whole line", "log: the line as in the file, and its faults", (MONITOR,), "line", 6),
    Key("copy_line", ("Y",), "Y", "copy line", "log: copy the line as it stands in the file", (MONITOR,), "line"),
    Key("open", ("enter",), "Enter", "its log", "ribbon: its log at that minute", (MONITOR,), "cell", 1),
    Key("cell(-1)", ("h", "left"), "h ←", "earlier", "ribbon: a cell back", (MONITOR,), "ribbon"),
    Key("cell(1)", ("l", "right"), "l →", "later", "ribbon: a cell on", (MONITOR,), "ribbon"),
    Key("step(1)", ("plus", "equals_sign"), "+", "longer cells", "ribbon: 5, 15, 30 minutes in a cell", (MONITOR,), "ribbon", 7),
    Key("step(-1)", ("minus",), "-", "shorter cells", "ribbon: fewer minutes in a cell", (MONITOR,), "ribbon"),
    Key("other_side", ("tab",), "Tab", "ribbon/log", "move in the ribbon, or again in the log", (MONITOR,), "", 4),
    Key("zoom", ("z",), "z", "zoom", "give ribbon or log the whole screen, and back", (MONITOR,), "", 8),
    Key("open", ("enter", "space"), "Enter", "bead", "all about the bead, and what hangs on it", BEADS, "bead", 1),
    Key("to_agent", ("o",), "o", "its agent", "to the agent that has the bead", BEADS, "agent", 2),
    Key("to_bead", ("o",), "o", "its bead", "to the bead that the agent has", (*AGENTS, AGENT), "bead", 6),
    Key("find", ("slash",), "/", "filter", "type to keep beads; Esc clears", (QUEUES,), "", 3),
    Key("next_queue", ("tab",), "Tab", "next queue", "to the first bead of the next queue", (QUEUES,), "row", 4),
    Key("fold", ("h", "left"), "h ←", "fold", "fold the queue of this row", (QUEUES,), "bead", 8),
    Key("unfold", ("l", "right"), "l →", "unfold", "unfold the queue", (QUEUES,), "folded", 8),
    Key("copy_id", ("y",), "y", "copy id", "copy the bead's name", BEADS, "id", 12),
    Key("app.hold", ("p",), "p", "hold", "hold the picture still, to read or select it", SCREENS, "", 10),
    Key("app.look_now", ("ctrl+r",), "Ctrl+R", "read again", "read everything again now", SCREENS),
    Key("back", ("escape",), "Esc", "back", "back; clears a filter or a search first", MOVING, "", 90),
    Key("choose", ("enter",), "Enter", "run", "run what is marked", (PALETTE,), "", 1),
    Key("app.theme", (), "", "theme", "next colours: dark, light, contrast, terminal", (ANYWHERE,)),
    Key("app.palette", ("ctrl+p", "colon"), "Ctrl+P :", "palette", "find any action by its name", (ANYWHERE,), "", 95),
    Key("app.help", ("question_mark",), "?", "help", "every key", (ANYWHERE,), "", 99),
    Key("app.leave", ("q",), "q", "quit", "quit; from another screen, back", (ANYWHERE,), "", 97),
    Key("app.quit_now", ("ctrl+c",), "Ctrl+C", "quit now", "quit from wherever you are", (ANYWHERE,)),
)


def of_screen(*scopes: str, table: Iterable[Key] = KEYS) -> list[Key]:
    """Returns the keys that work on a screen, in the order of the table."""
    return [key for key in table if {*scopes, ANYWHERE} & set(key.where)]


def readme() -> str:
    """Returns the README's table of keys, in Markdown."""
    lines = ["| key | where | what it does |", "|---|---|---|"]
    for key in KEYS:
        shown = " ".join(f"`{part}`" for part in key.shown.split()) or "(palette)"
        lines.append(f"| {shown} | {', '.join(key.where)} | {key.help} |")
    return "\n".join(lines) + "\n"
