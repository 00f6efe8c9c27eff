"""How much is drawn for what changed: paintings and rendered lines are exact where times are not."""

from __future__ import annotations

import time

import pytest
import scene
from pressing import pressed
from textual._compositor import ChopsUpdate
from textual.geometry import Region
from textual.strip import Strip

from bench.terminal import Picture
from gastown_tui.town.facts import Frame
from gastown_tui.town.snapshot import State
from gastown_tui.ui.screens.town import TownScreen
from gastown_tui.ui.sending import Pieces, Sending
from gastown_tui.ui.widgets.lines import Lines


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was painted of the Town screen."""
    seen: list[str] = []
    paint = TownScreen.paint
    monkeypatch.setattr(TownScreen, "paint", lambda page, ages: seen.append("all") or paint(page, ages))
    return seen


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Region]]:
    """Which lines of which widgets were rendered."""
    seen: list[tuple[str, Region]] = []
    render = Lines.render_lines

    def noted(widget: Lines, crop: Region) -> list[Strip]:
        seen.append((str(widget.id), crop))
        return render(widget, crop)

    monkeypatch.setattr(Lines, "render_lines", noted)
    return seen


async def test_the_first_picture_is_painted_once_it_has_its_size_and_not_again(painted: list[str]) -> None:
    async with scene.console(scene.Eye()).run_test(size=(120, 32)) as pilot:
        await pressed(pilot)
        assert len(painted) <= 2, "when the screen stands, and when its parts have their sizes"
        painted.clear()
        await pilot.resize_terminal(100, 30)
        await pressed(pilot)
        assert 1 <= len(painted) <= 2


async def test_a_row_that_changed_is_the_only_one_rendered(rendered: list[tuple[str, Region]]) -> None:
    eye = scene.Eye()
    async with scene.console(eye).run_test(size=(200, 50)) as pilot:
        await pressed(pilot)
        rendered.clear()
        eye.town(scene.with_agent("gastown/crew/emma", state=State.IDLE))
        deadline = time.monotonic() + 10
        while not rendered and time.monotonic() < deadline:
            await pilot.pause(0.01)
    assert [(name, crop.height) for name, crop in rendered] == [("rows", 1)]


@pytest.mark.parametrize("size", [(120, 32), (80, 24), (30, 8)])
async def test_what_is_sent_in_parts_comes_to_what_the_whole_shows(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    eye, terminal, sent = scene.Eye(), Picture(*size), []
    app = scene.console(eye)
    partly = Sending.render_partial_update

    def noted(sending: Sending) -> ChopsUpdate | None:
        if update := partly(sending):
            sent.append(update)
            terminal.feed(update.render_segments(app.console).encode())
        return update

    async with app.run_test(size=size) as pilot:
        await pressed(pilot)
        monkeypatch.setattr(Sending, "render_partial_update", noted)
        terminal.feed(app.screen._compositor.render_full_update().render_segments(app.console).encode())
        for number, state in enumerate(State):
            eye.town(scene.with_agent("gastown/crew/emma", state=state))
            eye.frame(Frame("%1", (f"picture {number}", "日本語 in it", "third" * number), scene.NOW))
            told = await pressed(pilot, "j" if number % 2 else "k")
            assert [row.rstrip() for row in str(terminal).splitlines()] == told.splitlines()
    assert sent and all(isinstance(update, Pieces) for update in sent)
