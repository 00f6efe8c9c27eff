"""The town's beads as the screens read them (`ports.BeadBook`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gastown_tui.town.beads.queues import Beads
    from gastown_tui.town.beads.trees import Account
    from gastown_tui.town.snapshot import Origin

Ask = Callable[[str], Awaitable["Account | None"]]


class Book:
    """Holds what was read last. Used on the event loop only."""

    def __init__(self) -> None:
        self.version = 0
        self.origins: tuple[Origin, ...] = ()
        self._beads: Beads | None = None
        self._ask: Ask | None = None
        self._tells: list[Callable[[], None]] = []

    @property
    def beads(self) -> Beads:
        if self._beads is None:
            # Loaded where beads were read, or somebody asks for them.
            from gastown_tui.town.beads.queues import Beads

            self._beads = Beads()
        return self._beads

    def on_change(self, tell: Callable[[], None]) -> None:
        self._tells.append(tell)

    def begin(self) -> None:
        """Begins anew, for another town."""
        if self.origins:
            self._put(None, (), None)

    def take(self, beads: Beads, origins: tuple[Origin, ...], ask: Ask) -> None:
        """Takes what was read, and tells it; `ask` is asked for accounts of beads from now on."""
        self._put(beads, origins, ask)

    def _put(self, beads: Beads | None, origins: tuple[Origin, ...], ask: Ask | None) -> None:
        self._beads, self.origins, self._ask = beads, origins, ask
        self.version += 1
        for tell in self._tells:
            tell()

    async def account(self, bead_id: str) -> Account | None:
        return await self._ask(bead_id) if self._ask else None
