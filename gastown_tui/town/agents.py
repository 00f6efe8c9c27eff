"""Who is who: which agent of the town a session is.

What the session itself says (its start command, then its environment) comes before what its name suggests; a name is read
against the registered prefixes, then by the naming scheme of before 2026-02, then as a legacy singleton. Dashes are legal in
prefixes and polecats' names, so nothing is ever split at a dash that a known name does not vouch for.
"""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .facts import Pane, Rig
from .snapshot import TOWN_ROLES

_LEGACY = {"gt-mayor": "mayor", "gt-deacon": "deacon", "gt-boot": "boot", "gt-deacon-boot": "boot"}
_RESERVED = frozenset({"witness", "mayor", "deacon", "refinery", "crew", "polecats"})
# What Gas Town itself lets a session be called; anything else was named by somebody else.
_SESSION = re.compile(r"[A-Za-z0-9_-]+")
ROLES = ("mayor", "deacon", "boot", "dog", "witness", "refinery", "crew", "polecat")
_ROLE_ORDER = {role: place for place, role in enumerate(ROLES)}


class Identity(NamedTuple):
    """An agent's place in the town. `id` is its full address."""

    role: str
    name: str
    rig: str | None = None

    @property
    def id(self) -> str:
        match self.role:
            case "dog":
                return f"dog/{self.name}"
            case "crew":
                return f"{self.rig}/crew/{self.name}"
            case "polecat":
                return f"{self.rig}/polecats/{self.name}"
            case "witness" | "refinery":
                return f"{self.rig}/{self.role}"
        return self.role

    @property
    def place(self) -> tuple[int, str, int, str]:
        """Returns the sort key: town level first, then rigs by name: witness, refinery, crew, polecats, each by name."""
        return (0 if self.rig is None else 1, self.rig or "", _ROLE_ORDER[self.role], self.name)


class Stranger(NamedTuple):
    """A session that is no agent of this town; `kind` is `overseer`, `automonitor` or None."""

    kind: str | None = None


def from_role(role: str, env: Mapping[str, str]) -> Identity | Stranger | None:
    """Returns who `GT_ROLE` names (compound, or simple beside GT_RIG, GT_CREW ...), or None if it is not understood."""
    parts = [part for part in role.strip("/").split("/") if part]
    match parts:
        case ["overseer"]:
            return Stranger("overseer")
        case ["mayor" | "deacon" | "boot" as name]:
            return Identity(name, name)
        case ["deacon", "boot"]:
            return Identity("boot", "boot")
        case ["dog"] | ["deacon", "dogs"]:
            return _named("dog", env.get("GT_DOG_NAME"), None)
        case ["dog" | "dogs", name] | ["deacon", "dogs", name]:
            return Identity("dog", name)
        case ["witness" | "refinery" as simple]:
            return _named(simple, simple, env.get("GT_RIG"))
        case ["crew"]:
            return _named("crew", env.get("GT_CREW"), env.get("GT_RIG"))
        case ["polecat"]:
            return _named("polecat", env.get("GT_POLECAT"), env.get("GT_RIG"))
        case [rig, "witness" | "refinery" as simple]:
            return Identity(simple, simple, rig)
        case [rig, "crew", name]:
            return Identity("crew", name, rig)
        case [rig, "polecats" | "polecat", name]:
            return Identity("polecat", name, rig)
    return None


def _named(role: str, name: str | None, rig: str | None) -> Identity | None:
    # A slash in a variable would make the address of one agent that of another.
    if not name or (role != "dog" and not rig) or "/" in f"{rig}{name}":
        return None
    return Identity(role, name, rig)


def from_name(session: str, rigs: Iterable[Rig], cwd: str = "", root: str = "") -> Identity | Stranger:
    """Returns who a session's name says it is. `cwd` and `root` break ties between the old and the new scheme."""
    rigs = tuple(rigs)
    if not _SESSION.fullmatch(session):
        return Stranger()
    if session == "hq-overseer":
        return Stranger("overseer")
    polecat = _by_prefix(session, rigs)
    if isinstance(polecat, Identity) and polecat.role != "polecat":
        return polecat
    if session == "gt-automonitor" and not _has_folder(polecat, rigs):
        return Stranger("automonitor")
    older = _by_old_scheme(session, rigs) or _legacy(session, rigs)
    if polecat and older:
        return polecat if _prefer_new(polecat, older, rigs, cwd, root) else older
    return polecat or older or _without_registry(session, rigs) or Stranger()


def _by_prefix(session: str, rigs: tuple[Rig, ...]) -> Identity | None:
    if session.startswith("hq-"):
        rest = session[3:]
        if rest in TOWN_ROLES:
            return Identity(rest, rest)
        if rest.startswith("dog-") and rest[4:]:
            return Identity("dog", rest[4:])
    by_length = sorted((rig for rig in rigs if rig.prefix), key=lambda rig: -len(rig.prefix))
    for rig in by_length:
        prefix = rig.prefix.rstrip("-") + "-"
        if session.startswith(prefix) and session[len(prefix) :]:
            return _in_rig(session[len(prefix) :], rig.name)
    return None


def _in_rig(rest: str, rig: str) -> Identity | None:
    if rest in ("witness", "refinery"):
        return Identity(rest, rest, rig)
    if rest.startswith("crew-"):
        return Identity("crew", rest[5:], rig) if rest[5:] else None
    return None if rest in _RESERVED else Identity("polecat", rest, rig)


def _by_old_scheme(session: str, rigs: tuple[Rig, ...]) -> Identity | None:
    """`gt-<rig>-<rest>`, against known rigs only, longest first; a polecat only where its folder is known."""
    for rig in sorted(rigs, key=lambda rig: -len(rig.name)):
        head = f"gt-{rig.name}-"
        if session.startswith(head) and session[len(head) :]:
            found = _in_rig(session[len(head) :], rig.name)
            if found and (found.role != "polecat" or found.name in rig.polecats):
                return found
    return None


def _legacy(session: str, rigs: tuple[Rig, ...]) -> Identity | None:
    if session in _LEGACY:
        return Identity(_LEGACY[session], _LEGACY[session])
    for role in ("witness", "refinery"):
        rig = session.removeprefix(f"gt-{role}-")
        if rig != session and any(known.name == rig for known in rigs):
            return Identity(role, role, rig)
    return None


def _has_folder(identity: Identity | None, rigs: tuple[Rig, ...]) -> bool:
    return identity is not None and any(identity.rig == rig.name and identity.name in rig.polecats for rig in rigs)


def _prefer_new(new: Identity, old: Identity, rigs: tuple[Rig, ...], cwd: str, root: str) -> bool:
    """Both schemes fit: the working directory decides, then the polecat's folder, then the older name (it has a role word)."""
    if root and _works_in(new, cwd, root):
        return True
    if root and _works_in(old, cwd, root):
        return False
    return _has_folder(new, rigs)


def _works_in(identity: Identity, cwd: str, root: str) -> bool:
    """An agent's folder lies where its address says, the town's own agents' right below the root."""
    return f"{cwd}/".startswith(f"{root.rstrip('/')}/{identity.id}/")


def _without_registry(session: str, rigs: tuple[Rig, ...]) -> Identity | None:
    """In a town without a registry: `gt-<rig>-witness|refinery` and `gt-<rig>-crew-<name>` (a rig's name has no dash)."""
    if rigs or not session.startswith("gt-"):
        return None
    rig, _, rest = session[3:].partition("-")
    if not rig or not (rest in ("witness", "refinery") or rest.startswith("crew-")):
        return None
    return _in_rig(rest, rig)


def identify(pane: Pane, rigs: Iterable[Rig], root: str) -> Identity | Stranger:
    """Returns who a pane's session is: what it says of itself first, its name last.

    A session that says it serves another root is a stranger. `GT_ROOT` must have been resolved by whoever read it.
    """
    home = pane.env.get("GT_ROOT") or pane.env.get("GT_TOWN_ROOT")
    if home and root and home.rstrip("/") != root.rstrip("/"):
        return Stranger()
    return from_role(pane.env.get("GT_ROLE", ""), pane.env) or from_name(pane.session, rigs, pane.cwd, root)
