"""Screens recorded by one who had not seen the rules: what was true is written down, the rules came later to it.

Each of `tests/data/screens/blind/` holds one or two looks, the second 0.9 s after the first; `index.json` says what was true,
which the one who recorded knew from what he made happen: the answers of the model's server, the keys, the processes. `at_first`
is what the rules said wrongly when they met the screen; they were mended after that, and before the next `lot` was met.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from story import START, Story, pane

from gastown_tui.town.facts import Frame, Pane, Process, Tree
from gastown_tui.town.snapshot import Agent

FOLDER = Path(__file__).parent / "data/screens/blind"
AGENTS = {
    "claude": ("claude", "node,claude"),
    "codex": ("codex", "codex"),
    "gemini": ("gemini", "gemini,node"),
    "hermes": ("hermes", "hermes,python3"),
    "kilo": ("kilo", "kilo"),
    "kimi-cli": ("kimi", "kimi,Kimi Code"),
    "kimi-code": ("kimi", "kimi,kimi-code,node"),
    "opencode": ("opencode", "opencode,node,bun"),
}


class Blind(NamedTuple):
    """`truth` is as in `index.json`, `looks` the rows of each look, as `capture-pane -e` gives them."""

    id: str
    truth: dict[str, Any]
    looks: tuple[tuple[str, ...], ...]

    def states(self, look: int) -> list[str]:
        """Returns every answer that is no lie at that look."""
        found: list[str] = self.truth.get("then", self.truth["states"]) if look else self.truth["states"]
        return found

    @property
    def kinds(self) -> list[str]:
        """Returns the kinds of question or of hold that are no lie; none where any is."""
        kind = self.truth["kind"]
        return kind if isinstance(kind, list) else [kind] if kind else []

    def asked(self, when: str) -> bool:
        """Whether it could be seen so `early` (30 s after its program's start) or `late`: nobody starts for an hour."""
        return when == "early" or "starting" not in self.truth["states"]


@cache
def blind() -> tuple[Blind, ...]:
    index = json.loads((FOLDER / "index.json").read_text())
    return tuple(Blind(name, truth, _looks(FOLDER / f"{name}.ansi")) for name, truth in index.items())


def _looks(path: Path) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(look.removesuffix("\n").split("\n")) for look in path.read_text().split("\f\n"))


def verdicts(one: Blind, age: float) -> list[Agent]:
    """The agent after each look, its program being `age` seconds old at the first."""
    story, found = Story(), []
    for look, rows in enumerate(one.looks):
        if look:
            story.wait(0.9)
        seen, of = one.truth["looks"][look], _pane(one, look, age)
        x, y = seen["cursor"]
        frame = Frame(of.pane_id, rows, story.now, None, 0, (x, y))
        story.tell(story.listing(of), _tree(one, of, age)._replace(at=story.now), frame)
        if look == len(one.looks) - 1 and (story.judgement.confirm or "then" in one.truth):
            story.wait(1.001)
            story.tell(story.listing(of), _tree(one, of, age)._replace(at=story.now), frame._replace(at=story.now))
        found.append(story.agent())
    return found


def _pane(one: Blind, look: int, age: float) -> Pane:
    seen = one.truth["looks"][look]
    width, height = map(int, one.id.rsplit("-", 1)[1].split("x"))
    agent, names = AGENTS[one.truth["product"]]
    dead, signal = seen.get("dead", False), seen.get("signal")
    return pane(
        env={"GT_ROLE": "alpha/crew/max", "GT_AGENT": agent, "GT_PROCESS_NAMES": names},
        session_created=START.wall - age - 1,
        window_activity=START.wall - (1.0 if len(one.looks) > 1 else 60.0) + 0.9 * look,
        title=seen["title"],
        command=seen["command"],
        width=width,
        height=height,
        alternate=seen["alternate"],
        dead=dead,
        dead_status=seen.get("status"),
        dead_signal=int(signal) if signal else None,
        dead_time=START.wall - 5 if dead else None,
    )


def _tree(one: Blind, of: Pane, age: float) -> Tree:
    found = [
        Process(
            pid=of.pid + n,
            parent=of.pid + parent - 1 if parent else 0,
            comm=comm,
            argv0=argv[0] if argv else "",
            argv1=argv[1] if len(argv) > 1 else "",
            exe=exe or "",
            state=state,
            started=START.wall - age,
        )
        for n, (parent, comm, argv, exe, state) in enumerate(one.truth["tree"])
    ]
    return Tree(of.pane_id, of.pid, tuple(found), START)
