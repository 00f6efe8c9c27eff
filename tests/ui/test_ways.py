"""What the operator's own file gets wrong is told on the console itself."""

from __future__ import annotations

import pytest
import scene

from gastown_tui.town.snapshot import Notice
from gastown_tui.ui.ages import Ages
from gastown_tui.ui.kiosk import Glass
from gastown_tui.ui.ways import Ways
from gastown_tui.ui.widgets.header import notice


@pytest.mark.parametrize(
    ("complaints", "shown"),
    [
        ((), ""),
        (("config.toml:3: speed: unknown key",), "Esc hides this · config.toml:3: speed: unknown key"),
        (
            ("config.toml:3: x\x1b[31m", "config.toml:4: y"),
            "Esc hides this · 2 settings are left out, the first: config.toml:3: x\ufffd[31m",
        ),
    ],
)
async def test_what_is_wrong_in_the_file_stands_below_the_sentence(complaints: tuple[str, ...], shown: str) -> None:
    """Standard error is covered by the console's own screen."""
    app = scene.console(ways=Ways(complaints=complaints))
    async with app.run_test(size=(120, 32)) as pilot:
        await pilot.pause()
        second = scene.text(app).splitlines()[1]
    assert second.strip() == shown if shown else second.startswith("─")


async def test_what_concerns_the_town_stands_before_it_and_counts_it() -> None:
    town = scene.TOWN._replace(notices=(Notice("down", "down since 09:44", "gt up"),))
    app = scene.console(scene.Eye(town), ways=Ways(complaints=("config.toml:3: x", "config.toml:4: y")))
    async with app.run_test(size=(120, 32)) as pilot:
        await pilot.pause()
        assert scene.text(app).splitlines()[1].strip() == "down since 09:44 · gt up  (+2)"


async def test_it_is_hidden_once_it_was_read_and_a_wall_that_nobody_reaches_does_not_offer_that() -> None:
    ways = Ways(complaints=("config.toml:3: x",))
    async with scene.console(ways=ways).run_test(size=(80, 24)) as pilot:
        await pilot.press("slash", "escape")
        assert "config.toml" in scene.text(pilot.app)
        await pilot.press("escape")
        await pilot.pause()
        assert scene.text(pilot.app).splitlines()[1].startswith("──") and "config.toml" not in scene.text(pilot.app)
    view = Glass(scene.Eye(None), scene.Clock(), read_only=False, ways=ways)
    assert notice(view, Ages(scene.WALL)) == "config.toml:3: x"
