"""The last day of every agent, a cell a minute: what a cell can say, and which of two says the worse."""

from __future__ import annotations

from .snapshot import State

CODES: tuple[State | None, ...] = (
    None,
    State.UNKNOWN,
    State.IDLE,
    State.WORKING,
    State.STARTING,
    State.FROZEN,
    State.HELD,
    State.STALLED,
    State.WAITING,
    State.ZOMBIE,
    State.MISSING,
    State.DEAD,
)
"""What the code at that index means, worst last; 0: nobody looked."""
CODE = {state: code for code, state in enumerate(CODES)}
