"""A key that moves the choice paints what depends on it, and nothing else goes stale by that."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
import scene
from textual.pilot import Pilot

from gastown_tui.ui.ages import Ages
from gastown_tui.ui.app import Console
from gastown_tui.ui.screens import page
from gastown_tui.ui.widgets.header import Header


def texts(pilot: Pilot[None]) -> Iterator[str]:
    """The screen as it is, and as a whole redraw makes it."""
    assert isinstance(pilot.app, Console) and pilot.app.page is not None
    yield scene.text(pilot.app)
    pilot.app.page.redraw()
    yield scene.text(pilot.app)


@pytest.mark.parametrize("size", [(120, 32), (80, 24), (60, 14), (40, 8)])
async def test_moving_the_choice_shows_what_a_whole_redraw_shows(size: tuple[int, int]) -> None:
    async with scene.console().run_test(size=size) as pilot:
        await pilot.pause()
        for keys in (["j"], ["j", "j"], ["w"], ["G"], ["k"], ["f", "a", "b"], ["h"], ["s", "j"], ["exclamation_mark", "G"]):
            await pilot.press(*keys)
            await pilot.pause()
            shown, whole = texts(pilot)
            assert shown == whole, keys


async def test_only_what_depends_on_the_choice_is_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scene.console().run_test(size=(120, 32)) as pilot:
        await pilot.pause()
        monkeypatch.setattr(Header, "show", lambda *_: pytest.fail("the header was painted"))
        before = scene.text(pilot.app)
        await pilot.press("j", "j", "k")
        await pilot.pause()
        assert scene.text(pilot.app) != before
        monkeypatch.undo()


async def test_ages_go_on_beside_a_choice_that_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the wait for the next age begun anew with each key, a held key would stop all ages."""
    monkeypatch.setattr(page, "AGES_EVERY", 0.2)
    monkeypatch.setattr(Ages, "age", lambda self, stamp: self.due(self.now + 0.1) or "some")
    painted: list[object] = []
    clock = scene.Clock()
    async with scene.console(clock=clock).run_test(size=(120, 32)) as pilot:
        await pilot.pause()
        monkeypatch.setattr(Header, "show", lambda *shown: painted.append(shown))
        async with asyncio.timeout(10):
            while len(painted) < 3:
                clock.wall += 0.02
                await pilot.press("j")
                await asyncio.sleep(0.02)
        monkeypatch.undo()
