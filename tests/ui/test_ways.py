"""What the operator's own file gets wrong is told on the console itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
import scene

from gastown_tui.town.snapshot import Notice
from gastown_tui.ui.ways import Ways


@pytest.mark.parametrize(
    ("complaints", "shown"),
    [
        ((), ""),
        (("config.toml:3: speed: unknown key",), "config.toml:3: speed: unknown key"),
        (("config.toml:3: x\x1b[31m", "config.toml:4: y"), "2 settings are left out, the first: config.toml:3: x\ufffd[31m"),
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
    town = replace(scene.TOWN, notices=(Notice("down", "down since 09:44", "gt up"),))
    app = scene.console(scene.Eye(town), ways=Ways(complaints=("config.toml:3: x", "config.toml:4: y")))
    async with app.run_test(size=(120, 32)) as pilot:
        await pilot.pause()
        assert scene.text(app).splitlines()[1].strip() == "down since 09:44 · gt up  (+2)"
