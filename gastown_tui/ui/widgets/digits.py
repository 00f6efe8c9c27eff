"""Figures that can be read from across a room: five pixels high, two of them in a cell. Pure."""

from __future__ import annotations

from functools import lru_cache
from itertools import zip_longest

HEIGHT = 5
# Rows of pixels, from the top.
_FONT = {
    "0": ("###", "# #", "# #", "# #", "###"),
    "1": (" # ", "## ", " # ", " # ", "###"),
    "2": ("###", "  #", "###", "#  ", "###"),
    "3": ("###", "  #", "###", "  #", "###"),
    "4": ("# #", "# #", "###", "  #", "  #"),
    "5": ("###", "#  ", "###", "  #", "###"),
    "6": ("###", "#  ", "###", "# #", "###"),
    "7": ("###", "  #", "  #", "  #", "  #"),
    "8": ("###", "# #", "###", "# #", "###"),
    "9": ("###", "# #", "###", "  #", "###"),
    ":": (" ", "#", " ", "#", " "),
}
_CELLS = {(" ", " "): " ", ("#", " "): "▀", (" ", "#"): "▄", ("#", "#"): "█"}


def rows_of(scale: int) -> int:
    """Returns how many rows figures of a scale take."""
    return -(-HEIGHT * scale // 2)


@lru_cache(maxsize=64)
def big(text: str, scale: int) -> tuple[str, ...]:
    """Returns digits and colons as rows of equal width, a pixel `scale` columns wide and half as many rows high."""
    glyphs = [_FONT[letter] for letter in text]
    lines = ["".join(pixel * scale for pixel in " ".join(glyph[row] for glyph in glyphs)) for row in range(HEIGHT)]
    pixels = [line for line in lines for _ in range(scale)]
    pairs = zip_longest(pixels[::2], pixels[1::2], fillvalue=" " * len(pixels[0]))
    return tuple("".join(_CELLS[pair] for pair in zip(upper, lower, strict=True)) for upper, lower in pairs)
