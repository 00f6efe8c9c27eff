"""Recorded screens of real agent programs: what stood in a pane at a moment whose truth was known."""

from __future__ import annotations

import json
import zlib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from gastown_tui.town.activity.screen import Screen, screen_of

FOLDER = Path(__file__).parent / "data/scenes"


class Scene(NamedTuple):
    """`rows` are as `capture-pane -e` gives them; `meta` is what was true."""

    id: str
    meta: dict[str, Any]
    rows: tuple[str, ...]

    @property
    def product(self) -> str:
        return self.meta.get("product") or {"kimi": "kimi-cli"}.get(self.meta["runtime"], self.meta["runtime"])

    @property
    def screen(self) -> Screen:
        tmux, (width, height) = self.meta["tmux"], self.meta["size"]
        x, y = tmux["cursor"]
        return screen_of(
            self.rows,
            title=tmux["pane_title"],
            caret=(x, y),
            width=width,
            height=height,
            alternate=tmux["alternate_on"],
        )


@cache
def scene(scene_id: str) -> Scene:
    folder = FOLDER / scene_id
    return Scene(
        scene_id, json.loads((folder / "meta.json").read_text()), tuple((folder / "screen.ansi").read_text().split("\n"))
    )


@cache
def scenes(product: str | None = None) -> tuple[Scene, ...]:
    """Returns the scenes of a program, or all of them."""
    every = [scene(folder.name) for folder in sorted(FOLDER.iterdir())]
    return tuple(one for one in every if product in (None, one.product))


def is_written_on(scene_id: str) -> bool:
    """Whether the rules were written with this scene in sight; on the other half they were measured."""
    return zlib.crc32(scene_id.encode()) % 2 == 0
