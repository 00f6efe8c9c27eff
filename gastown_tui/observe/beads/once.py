"""The town's beads for one command: its exports, and bd once for each database where that is wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gastown_tui.town.beads.told import called
from gastown_tui.town.facts import SourceFailed
from gastown_tui.town.snapshot import Moment

from .dump import SHUT, Bd, Dump, breaker_is_open
from .store import Seen, Store

# A person waits for it.
PATIENCE_S = 10.0
SILENT = Dump(
    None,
    "bd was not asked: it got no answer of its server for another database",
    "see whether its server is well: gt dolt status",
)
# What it takes to print without them.
ENDING_S = 0.4


class Late(Exception):  # noqa: N818 (it says what happened, as the others do)
    """There is no time for the rest."""


def read_exports(root: str, clock: Callable[[], Moment], deadline: float) -> Seen | SourceFailed | None:
    """Returns what the exports say, None for a town without beads; starts nothing.

    `deadline` (mono): exports that take longer, as of hundreds of thousands of beads, are told to be too large.
    """

    def rest() -> None:
        if clock().mono >= deadline - ENDING_S:
            raise Late

    try:
        return Store(root, rest).look(clock())
    except Late:
        return SourceFailed("beads", "its exports are too large for one short look", clock())


def read_beads(root: str, rig: str | None, environ: Mapping[str, str], clock: Callable[[], Moment]) -> Seen | None:
    """Returns what the best source of each database says, of one rig or of all; None for a town without beads.

    bd is run once for each, one after the other, and answers within ten seconds or is left alone, with its server.
    """
    if not root:
        return None
    store, bd, silent = Store(root), Bd(environ, timeout=PATIENCE_S), set[tuple[str, int]]()
    seen = store.look(clock())
    for folder, database in store.databases.items() if bd.path else ():
        if rig is None or rig in called(database.name, database.rig):
            now = clock()
            if breaker_is_open(database, environ, now.wall):
                dump = SHUT
            elif database.server in silent:
                dump = SILENT
            else:
                dump = bd.dump(database, store.keep(folder))
                if database.server and dump.beads is None and clock().mono - now.mono >= PATIENCE_S:
                    silent.add(database.server)
            store.take(folder, dump, now.wall)
    return store.look(clock()) or seen
