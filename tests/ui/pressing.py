"""A person at the console under test: presses keys, and sees what is there when all that they began is done."""

from __future__ import annotations

import scene
from textual.pilot import Pilot
from textual.screen import Screen

from gastown_tui.ui.app import Console
from gastown_tui.ui.screens.monitor import MonitorScreen
from gastown_tui.ui.screens.queues import QueuesScreen


async def pressed(pilot: Pilot[None], *keys: str) -> str:
    """Returns what is on screen after these keys, once every line of a log and every bead was looked at."""
    app = pilot.app
    assert isinstance(app, Console)
    for key in keys:
        await pilot.press(key)
        await app.workers.wait_for_complete()
    await pilot.pause()
    while not _is_whole(app.screen):
        await pilot.pause()
    return scene.text(app)


def _is_whole(screen: Screen[object]) -> bool:
    match screen:
        case MonitorScreen():
            return screen.reading.whole
        case QueuesScreen():
            return screen.is_whole
    return True
