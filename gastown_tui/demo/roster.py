"""Who lives in the demo town: pure names, the same for the same number of agents."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count, cycle, islice

RIGS = (
    ("gastown", "gt"),
    ("beads", "bd"),
    ("harbor", "ha"),
    ("orchard", "or"),
    ("quarry", "qu"),
    ("meadow", "me"),
    ("lantern", "la"),
    ("foundry", "fo"),
    ("granary", "gr"),
    ("viaduct", "vi"),
    ("windmill", "wi"),
    ("aqueduct", "aq"),
)
CREW = ("jack", "emma", "max", "ada", "joe", "cleo", "ben", "iris", "gus", "lena", "finn", "dora")
POLECATS = ("nux", "furiosa", "slit", "capable", "rictus", "toast", "dementus", "dag", "valkyrie", "cheedo", "morsov", "keeper")
PROCESS_NAMES = {
    "claude": "node,claude",
    "codex": "codex",
    "opencode": "opencode,node,bun",
    "kimi": "kimi,Kimi Code",
    "gemini": "gemini,node",
}
MOST = 300
# What the workers run, each in turn, and which of each thirty fare otherwise than most.
PROGRAMS = ("claude", "claude", "opencode", "claude", "claude", "codex", "kimi", "gemini")
ROUND = 30
LOTS = {
    1: ("claude", "asking"),
    2: ("claude", "asking"),
    5: ("codex", "held"),
    8: ("codex", "asking"),
    13: ("opencode", "asking"),
    14: ("claude", "refused"),
    17: ("opencode", "held"),
    20: ("kimi", "asking"),
    23: ("claude", "held"),
    26: ("claude", "asking"),
    29: ("kimi", "refused"),
}


@dataclass(frozen=True, slots=True)
class Rig:
    name: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Resident:
    """One agent. `address` is its GT_ROLE, `home` its folder below the town's root; `fate` is lives, dead or zombie.

    `program` is its GT_AGENT. `mood` tells how it lives: busy, calm, asking, held (by a limit) or refused (its credentials are).
    """

    address: str
    role: str
    session: str
    home: str
    program: str = "claude"
    rig: str = ""
    name: str = ""
    bead: str = ""
    fate: str = "lives"
    mood: str = "calm"

    @property
    def patrols(self) -> bool:
        return not self.bead

    @property
    def respawns(self) -> bool:
        """Whether its own session revives it, by a hook."""
        return not self.rig

    @property
    def process(self) -> str:
        """Returns what its process is called."""
        return {"kimi": "Kimi Code"}.get(self.program, self.program)

    def environment(self, root: str) -> dict[str, str]:
        """Returns the variables that Gas Town gives to an agent's session and to its start command."""
        named = {"crew": "GT_CREW", "polecat": "GT_POLECAT"}.get(self.role)
        return {
            "BD_ACTOR": self.address,
            "GT_AGENT": self.program,
            **({named: self.name} if named else {}),
            "GT_PROCESS_NAMES": PROCESS_NAMES[self.program],
            **({"GT_RIG": self.rig} if self.rig else {}),
            "GT_ROLE": self.address,
            "GT_ROOT": root,
            "GT_SESSION": self.session,
        }


def rigs(agents: int) -> tuple[Rig, ...]:
    """Returns as many rigs as so many agents fill: two for twelve, one more for every 25."""
    wanted = 0 if agents < 3 else 1 if agents < 6 else max(2, agents // 25)
    return tuple(Rig(name, prefix) for name, prefix in RIGS[:wanted])


def residents(agents: int) -> tuple[Resident, ...]:
    """Returns that many agents: town level, witnesses, refineries, then workers. The fourth worker is a zombie, the first dead.

    Raises ValueError for a number that is not from 1 to 300.
    """
    if not 1 <= agents <= MOST:
        raise ValueError(f"a demo town has 1 to {MOST} agents, not {agents}")
    town = rigs(agents)
    everyone = [
        Resident("mayor", "mayor", "hq-mayor", "mayor"),
        Resident("deacon", "deacon", "hq-deacon", "deacon"),
        *(_patrol(rig, "witness", program, "witness") for rig, program in zip(town, cycle(("claude", "kimi")), strict=False)),
        *(
            _patrol(rig, "refinery", program, "refinery/rig")
            for rig, program in zip(town, cycle(("codex", "opencode")), strict=False)
        ),
    ]
    return (*everyone, *islice(_workers(town), max(0, agents - len(everyone))))[:agents]


def _patrol(rig: Rig, role: str, program: str, home: str) -> Resident:
    return Resident(f"{rig.name}/{role}", role, f"{rig.prefix}-{role}", f"{rig.name}/{home}", program, rig.name)


def _workers(town: tuple[Rig, ...]) -> Iterator[Resident]:
    """Yields crew and polecats in turn, one for each rig before the next."""
    fates = {0: "dead", 3: "zombie"}
    for number in count():
        place, turn = number % len(town), number // len(town)
        names = POLECATS if turn % 2 else CREW
        lap, at = divmod(turn // 2, len(names))
        name = names[(at + place * 4) % len(names)] + (str(lap + 1) if lap else "")
        lot = LOTS.get(number % ROUND, (PROGRAMS[number % len(PROGRAMS)], "busy"))
        yield replace(_worker(town[place], turn % 2 == 0, name, *lot), fate=fates.get(number, "lives"))


def _worker(rig: Rig, crew: bool, name: str, program: str, mood: str) -> Resident:
    address = f"{rig.name}/crew/{name}" if crew else f"{rig.name}/polecats/{name}"
    return Resident(
        address,
        "crew" if crew else "polecat",
        f"{rig.prefix}-crew-{name}" if crew else f"{rig.prefix}-{name}",
        address if crew else f"{address}/{rig.name}",
        program,
        rig.name,
        name,
        f"{rig.prefix}-{hashlib.sha256(address.encode()).hexdigest()[:4]}",
        mood=mood,
    )
