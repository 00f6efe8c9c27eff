"""Who lives in the demo town: pure names, the same for the same number of agents."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice

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
PROCESS_NAMES = {"claude": "node,claude", "codex": "codex"}
MOST = 300


@dataclass(frozen=True, slots=True)
class Rig:
    name: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Resident:
    """One agent. `address` is its GT_ROLE, `home` its folder below the town's root; `fate` is lives, dead or zombie."""

    address: str
    role: str
    session: str
    home: str
    program: str = "claude"
    rig: str = ""
    name: str = ""
    bead: str = ""
    fate: str = "lives"

    @property
    def patrols(self) -> bool:
        return not self.bead

    @property
    def respawns(self) -> bool:
        """Whether its own session revives it, by a hook."""
        return not self.rig

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
        *(
            Resident(f"{rig.name}/witness", "witness", f"{rig.prefix}-witness", f"{rig.name}/witness", rig=rig.name)
            for rig in town
        ),
        *(
            Resident(f"{rig.name}/refinery", "refinery", f"{rig.prefix}-refinery", f"{rig.name}/refinery/rig", "codex", rig.name)
            for rig in town
        ),
    ]
    return (*everyone, *islice(_workers(town), max(0, agents - len(everyone))))[:agents]


def _workers(town: tuple[Rig, ...]) -> Iterator[Resident]:
    """Yields crew and polecats in turn, one for each rig before the next."""
    fates = {0: "dead", 3: "zombie"}
    for number in count():
        place, turn = number % len(town), number // len(town)
        names = POLECATS if turn % 2 else CREW
        lap, at = divmod(turn // 2, len(names))
        name = names[(at + place * 4) % len(names)] + (str(lap + 1) if lap else "")
        yield _worker(town[place], turn % 2 == 0, name, fates.get(number, "lives"))


def _worker(rig: Rig, crew: bool, name: str, fate: str) -> Resident:
    address = f"{rig.name}/crew/{name}" if crew else f"{rig.name}/polecats/{name}"
    return Resident(
        address,
        "crew" if crew else "polecat",
        f"{rig.prefix}-crew-{name}" if crew else f"{rig.prefix}-{name}",
        address if crew else f"{address}/{rig.name}",
        rig=rig.name,
        name=name,
        bead=f"{rig.prefix}-{hashlib.sha256(address.encode()).hexdigest()[:3]}",
        fate=fate,
    )
