"""Pictures of screens for people: the SVG that Textual exports, as PNG."""

from __future__ import annotations

import re

import resvg_py

# The agents' own signs that the font lacks, and the nearest that it has.
NEAREST = str.maketrans({"⎿": "└", "⋮": "┊", "⏵": "▸", "✨": "✦", "⬝": "·", **{chr(dots): "·" for dots in range(0x2801, 0x2900)}})
# Textual cuts the frame one unit short of the last line, which costs a font that hangs lower its tails.
FRAME = re.compile(r'(clip-terminal">\s*<rect [^>]*height=")([\d.]+)')
TAILS = 4.0


def svg_to_png(svg: str) -> bytes:
    """Returns the picture as PNG, drawn in DejaVu Sans Mono or, where that is not installed, in any monospaced font.

    The export asks for a web font by name and would otherwise fall back to one whose columns do not line up.
    """
    whole = FRAME.sub(lambda found: f"{found[1]}{float(found[2]) + TAILS}", svg)
    named = whole.translate(NEAREST).replace("Fira Code", "DejaVu Sans Mono")
    return bytes(resvg_py.svg_to_bytes(svg_string=named, monospace_family="DejaVu Sans Mono"))
