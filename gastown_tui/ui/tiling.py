"""Into how many tiles a screen is cut. Pure."""

from __future__ import annotations

from typing import NamedTuple

# A tile shows lines of some length and the last few of them. More than a few abreast are as large as a pane of 80×24; what is
# larger than a pane of 120×40 is no better.
_LEAST, _PANE, _LARGE = (38, 8), (82, 26), (122, 42)
_FEW, _MOST = 4, 8


class Grid(NamedTuple):
    columns: int
    rows: int

    @property
    def size(self) -> int:
        """Returns how many tiles it has."""
        return self.columns * self.rows


def grid(count: int, width: int, height: int) -> Grid:
    """Returns the grid for `count` panes: the one that shows most of each, where they all fit; else the finest, for a page.

    Rather than to leave a few for another page, it takes one more abreast.
    """
    page = _finest(width, height, _FEW)
    for most in (page, _finest(width, height, _FEW + 1)):
        found = [Grid(columns, max(1, -(-count // columns))) for columns in range(1, most.columns + 1)]
        if fitting := [one for one in found if one.rows <= most.rows]:
            return max(fitting, key=lambda one: _seen(one, width, height))
    return page


def _finest(width: int, height: int, few: int) -> Grid:
    return Grid(_most(width, _LEAST[0], _PANE[0], few), _most(height, _LEAST[1], _PANE[1], few))


def _most(room: int, least: int, pane: int, few: int) -> int:
    return max(1, min(room // least, max(few, room // pane), _MOST))


def _seen(one: Grid, width: int, height: int) -> tuple[int, int]:
    """Returns how many cells of a pane a tile has room for; of two that have the same, the wider tile is better to read."""
    wide, high = min(width // one.columns, _LARGE[0]), min(height // one.rows, _LARGE[1])
    return wide * high, wide
