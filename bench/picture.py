"""Pictures of screens for people: the SVG that Textual exports, as PNG."""

from __future__ import annotations

import resvg_py


def svg_to_png(svg: str) -> bytes:
    """Returns the picture as PNG, drawn in the one font that has every shape the console uses.

    The export asks for a web font by name and would otherwise fall back to one whose columns do not line up.
    """
    named = svg.replace("Fira Code", "DejaVu Sans Mono")
    return bytes(resvg_py.svg_to_bytes(svg_string=named, monospace_family="DejaVu Sans Mono"))
