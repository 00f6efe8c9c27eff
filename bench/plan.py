"""How much is measured: enough for a figure one can trust, or just enough to see that the measuring works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """`window`: seconds of a steady state; `aged`: seconds after which ages no longer change every second; `turns`: pages
    of the kiosk in a day.
    """

    deaths: int = 30
    starts: int = 9
    looks: int = 20
    keys: int = 200
    bytes: int = 10
    window: float = 10.0
    aged: float = 65.0
    births: int = 10_000
    questions: int = 20
    turns: int = 4320
    small: int = 10
    middle: int = 100
    large: int = 300


QUICK = Plan(
    deaths=2,
    starts=1,
    looks=2,
    keys=15,
    bytes=2,
    window=1.0,
    aged=0.0,
    births=300,
    questions=2,
    turns=40,
    small=3,
    middle=30,
    large=50,
)
