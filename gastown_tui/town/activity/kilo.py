"""What the screens of kilo say: it is drawn by opencode's engine, with its own name for the agent and more hints below it."""

from __future__ import annotations

from .opencode import PROGRAM as OPENCODE

PROGRAM = OPENCODE._replace(product="kilo", name="kilo", versions=("7.7.7", "7.7.9"))
