"""What the user wants of the judging."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from .snapshot import NOTHING


class Wishes(NamedTuple):
    """`patience`: role -> seconds without progress after which it counts as stalled, where it is not the usual.

    `expect`: the agents that must be there, by id or session. `ignore`: patterns of ids or sessions that are nobody's here.
    """

    patience: Mapping[str, float] = NOTHING
    expect: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def ignores(self, *names: str | None) -> bool:
        """Returns whether any of an agent's names is to be ignored."""
        return any(fnmatchcase(name, pattern) for name in names if name for pattern in self.ignore)


NO_WISHES = Wishes()
