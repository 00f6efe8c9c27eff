"""What goes to the terminal when something changed: the cells of the widget in front, and none of its neighbours.

Textual renders all widgets between the first and the last change and cuts each of their lines at every edge on the screen.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.console import Console
from rich.control import Control
from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.strip import Strip


class Piece(NamedTuple):
    """A part of a line, and where it stands."""

    x: int
    y: int
    strip: Strip


class Pieces(ChopsUpdate):
    """Sends a few parts of lines."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self._pieces = sorted(pieces, key=lambda piece: (piece.y, piece.x))

    def render_segments(self, console: Console) -> str:
        """Returns the parts as bytes for a terminal, each behind the place where it begins."""
        return "".join(Control.move_to(x, y).segment.text + strip.render(console) for x, y, strip in self._pieces)


class Sending(Compositor):
    """Finds the widget in front of each region that changed; where there is no single one, Textual composes."""

    def render_partial_update(self) -> ChopsUpdate | None:
        found = [self._pieces(region) for region in self._dirty_regions]
        if not found or None in found:
            return super().render_partial_update()
        self._dirty_regions.clear()
        return Pieces(piece for pieces in found for piece in pieces or ())

    def _pieces(self, changed: Region) -> list[Piece] | None:
        """Returns the lines of a region, None where a widget covers but a part of it."""
        changed = changed.intersection(self.size.region)
        for widget, (region, clip) in self.visible_widgets.items():
            if covered := changed.intersection(region).intersection(clip):
                if covered != changed:
                    return None
                strips = widget.render_lines(changed.translate(-region.offset))
                return [Piece(changed.x, y, strip) for y, strip in zip(changed.line_range, strips, strict=False)]
        return []
