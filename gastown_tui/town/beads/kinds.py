"""What a bead is for. Gas Town makes nearly everything a `task` and says by a label what it is; a few are types of their own."""

from __future__ import annotations

from collections.abc import Collection

from .bead import Bead

# In this order: an escalation's mail carries both labels, and is mail.
_LABELS = {
    "gt:message": "mail",
    "gt:escalation": "escalation",
    "gt:merge-request": "merge",
    "gt:sling-context": "sling",
    "gt:agent": "agent",
    "gt:role": "role",
    "gt:rig": "rig",
    "gt:queue": "queue",
    "gt:merge-slot": "slot",
    "gt:group": "group",
    "gt:channel": "channel",
}
_TYPES = {
    "message": "mail",
    "merge-request": "merge",
    "agent": "agent",
    "role": "role",
    "rig": "rig",
    "convoy": "convoy",
    "queue": "queue",
    "slot": "slot",
    "event": "event",
    "gate": "gate",
    "molecule": "molecule",
}


def kind(bead: Bead, formulas: Collection[str] = ()) -> str:
    """Returns `work`, or what else the bead is: mail, escalation, merge, sling, agent, convoy, gate, molecule, wisp, formula …

    `formulas` are the names of the database's formulas, whose scaffolds are named as they are: `<name>` and `<name>.<step>`.
    """
    if bead.labels:
        for label, meaning in _LABELS.items():
            if label in bead.labels:
                return meaning
    if bead.type in _TYPES:
        return _TYPES[bead.type]
    if bead.ephemeral:
        return "wisp"
    return "formula" if formulas and bead.id.partition(".")[0] in formulas else "work"
