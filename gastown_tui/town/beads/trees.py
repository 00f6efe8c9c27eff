"""One bead with all that it needs and all that needs it, each as a tree told line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from .bead import Bead
from .index import Index

MOST_BRANCHES = 200


class Branch(NamedTuple):
    """One line of a tree: `kind` is the dependency that leads here from the line above it that is one less deep.

    `status` is None where the database has no such bead. `again`: what follows was told above, as in a circle.
    """

    depth: int
    kind: str
    id: str
    title: str = ""
    status: str | None = None
    again: bool = False


class Account(NamedTuple):
    """A bead, what it needs and what needs it, and by what it is held up, as far as its own database tells."""

    bead: Bead
    rig: str | None
    needs: tuple[Branch, ...] = ()
    needed_by: tuple[Branch, ...] = ()
    held_by: tuple[str, ...] = ()


def account(index: Index, bead_id: str, rig: str | None) -> Account | None:
    """Returns all about a bead, closed or not; None where this database has no such bead. Each tree has 200 lines at most."""
    bead = index.get(bead_id)
    if bead is None:
        return None
    return Account(
        bead,
        rig,
        _tree(index, bead_id, lambda one: [(need.kind, need.target) for need in one.needs]),
        _tree(index, bead_id, lambda one: index.needed_by(one.id)),
        index.held_by.get(bead_id, ()),
    )


def _tree(index: Index, root: str, onward: Callable[[Bead], Iterable[tuple[str, str]]]) -> tuple[Branch, ...]:
    branches: list[Branch] = []
    seen: set[str] = set()
    ahead = [(0, "", root)]
    while ahead and len(branches) <= MOST_BRANCHES:
        depth, kind, bead_id = ahead.pop()
        bead = index.get(bead_id)
        further = [] if bead is None else [(depth + 1, *edge) for edge in onward(bead)]
        again = bool(further) and bead_id in seen
        branches.append(Branch(depth, kind, bead_id, bead.title if bead else "", bead.status if bead else None, again))
        ahead += [] if again else reversed(further)
        seen.add(bead_id)
    # The first line is the bead itself.
    return tuple(branch._replace(depth=branch.depth - 1) for branch in branches[1:])
