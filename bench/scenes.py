"""How well recorded screens are read, program by program: `python -m bench.scenes` prints the table of the README.

Asked are the scenes of which the screen is the truth; who is dead, frozen or only just starts is told by its processes. The rules
were written with one half of them in sight. Then come screens that somebody recorded who had not seen the rules, all that their
processes tell included: what was right in state and kind when the rules first met them, on which versions.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests/town"))

from blind import blind
from recorded import Scene, is_written_on, scenes

from gastown_tui.town.activity.readers import PRODUCTS, program_named, read_screen

BY_PROCESS = {"dead", "zombie", "frozen", "starting"}


def is_right(one: Scene) -> bool:
    """Whether what the screen says is an answer that is no lie."""
    state = read_screen(one.product, one.screen).state
    return state is not None and state.value in one.meta["acceptable_states"]


def tally(found: list[Scene]) -> str:
    return f"{sum(map(is_right, found))} of {len(found)}" if found else "none recorded"


def at_first(product: str) -> str:
    """Returns how many of the screens that nobody had seen were right, and of which versions they are."""
    met = [one for one in blind() if one.truth["product"] == product]
    right = sum("at_first" not in one.truth for one in met)
    return f"{right} of {len(met)} ({', '.join(sorted({one.truth['version'] for one in met}))})" if met else "none recorded"


def table() -> str:
    """Returns the table in Markdown."""
    lines = ["| program | versions seen | half in sight | other half | unseen, at first |", "|---|---|---|---|---|"]
    for product in PRODUCTS:
        program = program_named(product)
        assert program is not None
        asked = [one for one in scenes(product) if one.meta["expected"]["state"] not in BY_PROCESS]
        halves = [tally([one for one in asked if is_written_on(one.id) is half]) for half in (True, False)]
        lines.append(f"| {program.name} | {', '.join(program.versions)} | {' | '.join(halves)} | {at_first(product)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
