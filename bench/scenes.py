"""How well recorded screens are read, program by program: `python -m bench.scenes` prints the tables of the README.

Asked are the scenes of which the screen is the truth; who is dead, frozen or only just starts is told by its processes. The rules
were written with one half of them in sight. Then come screens that somebody recorded who had not seen the rules, all that their
processes tell included: what was right in state and kind when the rules first met them, on which versions. They came in lots,
each met by rules that had been mended after the lot before.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests/town"))

from blind import Blind, blind
from recorded import Scene, is_written_on, scenes

from gastown_tui.town.activity.readers import PRODUCTS, program_named, read_screen

BY_PROCESS = {"dead", "zombie", "frozen", "starting"}
NEEDS, GONE, UNTOLD = {"waiting", "held"}, {"dead", "zombie"}, {"unknown", "starting"}


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


def missed(one: Blind, words: set[str]) -> bool:
    """Whether it was told none of these words at first, though every true one is of them."""
    said = one.truth.get("at_first", "")
    return said.isalpha() and set(one.truth["states"]) <= words and said not in words


def made_up(one: Blind, words: set[str]) -> bool:
    """Whether it was told one of these words at first, though no true one is."""
    return one.truth.get("at_first") in words and not words & set(one.truth["states"])


def lots() -> str:
    """Returns in Markdown how each lot was read when it was first met, before anything was mended for it."""
    lines = [
        "| lot | screens | right | needs missed | needs made up | unknown | falsely dead | falsely alive |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for lot in sorted({one.truth["lot"] for one in blind()}):
        met = [one for one in blind() if one.truth["lot"] == lot]
        needing = [one for one in met if set(one.truth["states"]) <= NEEDS]
        quiet = [one for one in met if not NEEDS & set(one.truth["states"])]
        counts = (
            f"{sum(missed(one, NEEDS) for one in needing)} of {len(needing)}",
            f"{sum(made_up(one, NEEDS) for one in quiet)} of {len(quiet)}",
            sum(one.truth.get("at_first") in UNTOLD for one in met),
            sum(made_up(one, GONE) for one in met),
            sum(missed(one, GONE) for one in met),
        )
        right = sum("at_first" not in one.truth for one in met)
        lines.append(f"| {lot} | {len(met)} | {right} | {' | '.join(map(str, counts))} |")
    return "\n".join(lines)


def table() -> str:
    """Returns the table in Markdown, program by program."""
    lines = ["| program | versions seen | half in sight | other half | unseen, at first |", "|---|---|---|---|---|"]
    for product in PRODUCTS:
        program = program_named(product)
        assert program is not None
        asked = [one for one in scenes(product) if one.meta["expected"]["state"] not in BY_PROCESS]
        halves = [tally([one for one in asked if is_written_on(one.id) is half]) for half in (True, False)]
        lines.append(f"| {program.name} | {', '.join(program.versions)} | {' | '.join(halves)} | {at_first(product)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(f"{table()}\n\n{lots()}\n")
