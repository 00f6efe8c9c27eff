"""The kiosk: what hangs on the wall, how it goes round, and that nothing that goes wrong leaves a healthy-looking lie there."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from typing import Any

import fleet
import pytest
import scene
from beadbook import beads_of
from textual.events import AppBlur, Click, Key, MouseScrollDown, Paste
from textual.pilot import Pilot

from gastown_tui.town.facts import Frame
from gastown_tui.town.snapshot import Notice, Nowhere, SourceState, State, Town
from gastown_tui.ui.kiosk import TOUR, Kiosk, Patience
from gastown_tui.ui.screens.exhibits import Exhibit, NowhereExhibit
from gastown_tui.ui.widgets.band import Clock
from gastown_tui.ui.widgets.digits import big, rows_of

Golden = Callable[[str, str], None]
Eventually = Callable[..., Awaitable[Any]]
SIZES = ((80, 24), (120, 32), (200, 60))
BLIND = scene.TOWN._replace(sources=(SourceState("tmux", "stale", scene.WALL - 42, "no answer within 2 s"), *scene.OK[1:]))
HOST = scene.TOWN._replace(ref=scene.TOWN.ref._replace(host="build-7"))
STOPPED = HOST._replace(notices=(Notice("estop", "stop requested by mayor", "gt thaw lifts it", scene.WALL - 700),))
SECONDS = 20.0


def kiosk(town: Town | Nowhere | None = HOST, clock: scene.Clock | None = None, **more: Any) -> Kiosk:
    return Kiosk(scene.Eye(town), clock=clock or scene.Clock(), environ={}, seconds=SECONDS, **more)


async def turned(pilot: Pilot[None], clock: scene.Clock, times: int = 1) -> str:
    """What is on screen after so many turns."""
    assert isinstance(pilot.app, Kiosk)
    await pilot.pause()
    for _ in range(times):
        clock.wall += SECONDS + 1
        pilot.app.beat()
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
    return scene.text(pilot.app)  # type: ignore[arg-type]


def stop(app: Kiosk) -> str:
    """Where the tour is."""
    assert isinstance(app.page, Exhibit)
    return next((name for name, kind in TOUR.items() if isinstance(app.page, kind)), "nowhere")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_every_stop(size: tuple[int, int], golden: Golden) -> None:
    clock = scene.Clock()
    app = kiosk(clock=clock)
    async with app.run_test(size=size) as pilot:
        shown = await turned(pilot, clock, 0)
        for name in TOUR:
            while stop(app) != name:
                shown = await turned(pilot, clock)
            assert all(len(row) <= size[0] for row in shown.splitlines())
            golden(f"kiosk-{name}-{size[0]}x{size[1]}", shown)


@pytest.mark.parametrize(
    ("name", "town"),
    [("blind", BLIND), ("stopped", STOPPED), ("well", scene.WELL), ("nowhere", scene.NOWHERE), ("night", fleet.NIGHT)],
)
async def test_what_else_may_hang_there(name: str, town: Town | Nowhere, golden: Golden) -> None:
    async with kiosk(town).run_test(size=(120, 32)) as pilot:
        golden(f"kiosk-{name}-120x32", await turned(pilot, scene.Clock(), 0))


async def test_what_does_not_fit_with_beads_is_told_without_its_key() -> None:
    clock = scene.Clock()
    app = kiosk(scene.TOWN._replace(beads=beads_of(scene.AGENTS)), clock)
    async with app.run_test(size=(120, 60)) as pilot:
        shown = await turned(pilot, clock, 0)
        while stop(app) != "problems":
            shown = await turned(pilot, clock)
    assert "1 bead has lost its agent" in shown and "its bead" not in shown


@pytest.mark.parametrize("height", (24, 28, 36))
async def test_no_page_of_problems_ends_with_a_heading(height: int) -> None:
    clock = scene.Clock()
    app = kiosk(fleet.NIGHT, clock)
    async with app.run_test(size=(80, height)) as pilot:
        shown = await turned(pilot, clock, 0)
        while stop(app) != "problems":
            shown = await turned(pilot, clock)
        while stop(app) == "problems":
            last = [row for row in shown.splitlines()[:-1] if row.strip()][-1]
            assert last.startswith("   "), f"{last!r} heads nothing"
            shown = await turned(pilot, clock)


async def test_it_goes_round_all_pages_of_all_stops() -> None:
    clock, seen = scene.Clock(), list[str]()
    app = kiosk(clock=clock)
    async with app.run_test(size=(120, 32)) as pilot:
        await turned(pilot, clock, 0)
        for _ in range(8):
            shown = await turned(pilot, clock, 0)
            seen.append(stop(app) + (" 1" if "page 1 of 3" in shown else " 2" if "page 2" in shown else ""))
            await turned(pilot, clock)
    assert seen == ["wall 1", "wall 2", "wall", "town", "town", "problems", "monitor", "monitor"]


async def test_a_page_stays_for_its_time_and_the_clock_goes_on(eventually: Eventually) -> None:
    clock = scene.Clock()
    app = kiosk(clock=clock)
    async with app.run_test(size=(120, 32)) as pilot:
        before = await turned(pilot, clock, 0)
        clock.wall += 1
        await eventually(lambda: scene.text(app) != before)  # type: ignore[arg-type]
        after = scene.text(app)  # type: ignore[arg-type]
        changed = [row for row, old in zip(after.splitlines(), before.splitlines(), strict=True) if row != old]
        assert len(changed) <= rows_of(1), "a second changes the clock and nothing else"
        clock.wall += SECONDS - 2
        app.beat()
        await pilot.pause()
        assert "page 1 of 3" in scene.text(app)  # type: ignore[arg-type]


async def test_a_step_of_the_clock_neither_holds_nor_hurries_the_tour() -> None:
    class Stepping(scene.Clock):
        """A wall clock that is set, beside one that only goes on."""

        mono = 5000.0

        def __call__(self) -> scene.Moment:
            return scene.Moment(self.wall, self.mono)

    clock = Stepping()
    app = kiosk(clock=clock)
    async with app.run_test(size=(120, 32)) as pilot:
        await pilot.pause()
        for step in (3600.0, -7200.0):
            clock.wall += step
            app.beat()
            await pilot.pause()
            assert "page 1 of 3" in scene.text(app)  # type: ignore[arg-type]
        clock.mono += SECONDS
        app.beat()
        await pilot.pause()
        assert "page 2 of 3" in scene.text(app)  # type: ignore[arg-type]


async def test_nothing_that_a_person_does_changes_anything_but_the_ways_out() -> None:
    clock = scene.Clock()
    app = kiosk(clock=clock, leave_key="f12")
    eye = app.view.eye
    assert isinstance(eye, scene.Eye)
    async with app.run_test(size=(120, 32)) as pilot:
        before = await turned(pilot, clock, 0)
        wishes = len(eye.wishes)
        for key in ("q", "escape", "ctrl+c", "ctrl+p", "colon", "slash", "a", "enter", "space", "5", "j", "tab", "ctrl+z", "p"):
            await pilot.press(key)
        await pilot.click(offset=(50, 15))
        app.post_message(Paste("q\nq"))
        app.post_message(AppBlur())
        app.post_message(MouseScrollDown(None, 50, 15, 0, 1, 0, False, False, False))
        app.post_message(Click(None, 50, 15, 0, 0, 1, False, False, False))
        await pilot.pause()
        assert scene.text(app) == before  # type: ignore[arg-type]
        assert (eye.keys, eye.looks, len(eye.wishes)) == (0, 0, wishes)
        assert app.is_running and "▣ locked · Ctrl+\\ or F12 leaves" in before
        app.post_message(Key("f12", None))
        await pilot.pause()
    assert app.return_code == 0


async def test_the_terminals_own_quit_leaves() -> None:
    app = kiosk()
    async with app.run_test() as pilot:
        await pilot.press("ctrl+backslash")
        await pilot.pause()
    assert app.return_code == 0


async def test_it_waits_for_a_town_and_for_one_that_comes_back() -> None:
    clock = scene.Clock()
    app = kiosk(None, clock)
    eye = app.view.eye
    assert isinstance(eye, scene.Eye)
    async with app.run_test(size=(120, 32)) as pilot:
        assert "looking for a town" in await turned(pilot, clock, 0)
        eye.town(scene.NOWHERE)
        assert "no folder /home/op/gt" in await turned(pilot, clock, 0)
        for _ in range(3):
            eye.show(scene.TOWN)
            app.beat()
            assert "1–6 of 15" in await turned(pilot, clock, 0)
            eye.town(scene.NOWHERE)
            app.beat()
            shown = await turned(pilot, clock, 0)
            assert "no town was found" in shown and "alive" not in shown


@pytest.mark.parametrize("source", ["tmux", "process", "town", "monitor"])
async def test_the_band_looks_healthy_only_where_every_source_is_fresh(source: str) -> None:
    def inks(app: Kiosk) -> set[str]:
        band = app.screen.query_one("#header")
        return {str(segment.style.color.name) for y in range(1, 6) for segment in band.render_line(y) if "█" in segment.text}  # type: ignore[union-attr]

    good = "#84b98a"
    for state, healthy in (("ok", True), ("absent", True), ("stale", False), ("error", False)):
        town = scene.WELL._replace(sources=(SourceState(source, state, scene.WALL - 42, None),))
        app = kiosk(town)
        async with app.run_test(size=(120, 32)) as pilot:
            shown = await turned(pilot, scene.Clock(), 0)
            assert (good in inks(app)) == healthy
            assert ("stale 42 s" in shown) != healthy
            assert ("▒▒" in shown.split("╭")[0]) == (not healthy and source in ("tmux", "process"))


async def test_secrets_are_seen_nowhere() -> None:
    secret = "sk-ant-api03-0123456789abcdefghijklmnopqrstuvwxyz"
    told = scene.AGENTS[0]._replace(state=State.STALLED, evidence=scene.told("tmux", f"printed {secret}"), title=secret)
    clock = scene.Clock()
    app = kiosk(scene.TOWN._replace(agents=(told, *scene.AGENTS[1:]), notices=(Notice("x", f"see {secret}", ""),)), clock)
    eye = app.view.eye
    assert isinstance(eye, scene.Eye)
    eye.frame(Frame("%1", ("export KEY=\x1b[1msk-ant-\x1b[mapi03-0123456789", "abcdefghijklmnopqrstuvwxyz"), scene.NOW))
    async with app.run_test(size=(200, 60)) as pilot:
        shown = "".join([await turned(pilot, clock, times) for times in (0, 1, 1, 1, 1)])
    assert "sk-ant" not in shown and "0123456789" not in shown and "export KEY=•••" in shown


def broken(*_: object) -> None:
    raise ZeroDivisionError


def looked(app: Kiosk, clock: scene.Clock) -> str:
    """Where the tour is, and what is on screen; once that is something, its time is over."""
    shown = f"{stop(app)}\n{scene.text(app)}"  # type: ignore[arg-type]
    if "locked" in shown:
        clock.wall += SECONDS + 1
    app.call_next(app.beat)
    return shown


async def test_a_stop_that_cannot_be_drawn_gives_way_and_is_told(monkeypatch: pytest.MonkeyPatch, eventually: Eventually) -> None:
    monkeypatch.setattr(TOUR["town"], "_scene", broken)
    clock = scene.Clock()
    app = kiosk(clock=clock)
    async with app.run_test(size=(120, 32)):
        for name in ("problems", "monitor", "wall") * 2:

            def told(name: str = name) -> bool:
                shown = looked(app, clock)
                return shown.startswith(name) and "town could not be drawn" in shown and "ZeroDivisionError" in shown

            await eventually(told)
        monkeypatch.undo()
        await eventually(lambda: "locked" in (shown := looked(app, clock)) and "could not be drawn" not in shown)
        assert app.fault is None


async def test_a_widget_that_breaks_while_it_is_shown_takes_its_stop_down(
    monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    clock = scene.Clock()
    app = kiosk(clock=clock)
    async with app.run_test(size=(120, 32)) as pilot:
        await turned(pilot, clock, 0)
        about = app.screen.query_one("#about")
        monkeypatch.setattr(about, "render_lines", broken)
        about.refresh()
        await eventually(lambda: stop(app) == "town" and "wall could not be drawn" in scene.text(app))  # type: ignore[arg-type]


async def test_what_was_kept_for_drawing_is_dropped_where_that_cannot_be_drawn(
    monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    clock = scene.Clock()
    app = kiosk(clock=clock)
    eye, first = app.view.eye, app.view
    assert isinstance(eye, scene.Eye)
    async with app.run_test(size=(120, 32)) as pilot:
        await pilot.pause()
        monkeypatch.setattr(first, "stale", broken)
        await eventually(lambda: "10 alive" in looked(app, clock) and app.view is not first)
        eye.town(scene.WELL)
        await eventually(lambda: "7 alive" in looked(app, clock))


async def test_where_nothing_can_be_drawn_it_ends(monkeypatch: pytest.MonkeyPatch, eventually: Eventually) -> None:
    clock = scene.Clock()
    app = kiosk(clock=clock)
    with pytest.raises(ZeroDivisionError):
        async with app.run_test(size=(120, 32)) as pilot:
            await turned(pilot, clock, 0)
            for kind in TOUR.values():
                monkeypatch.setattr(kind, "paint", broken)
            clock.wall += SECONDS + 1
            await eventually(lambda: app.call_next(app.beat) or not app.is_running, within=30)
    assert isinstance(app.fault, ZeroDivisionError)


async def test_any_size_and_back() -> None:
    clock = scene.Clock()
    app = kiosk(clock=clock)
    async with app.run_test(size=(120, 32)) as pilot:
        for _ in range(6):
            await turned(pilot, clock)
            before = scene.text(app)  # type: ignore[arg-type]
            for size in ((1, 1), (20, 5), (300, 12), (12, 90), (400, 150), (120, 32)):
                await pilot.resize_terminal(*size)
                await pilot.pause()
            assert app.fault is None
            assert scene.text(app).splitlines()[0] == before.splitlines()[0]  # type: ignore[arg-type]
    assert not app._faults


async def test_it_never_rings(monkeypatch: pytest.MonkeyPatch) -> None:
    rings: list[int] = []
    clock = scene.Clock()
    app = kiosk(scene.WELL, clock)
    monkeypatch.setattr(app, "bell", lambda: rings.append(1))
    async with app.run_test() as pilot:
        await turned(pilot, clock, 0)
        eye = app.view.eye
        assert isinstance(eye, scene.Eye)
        eye.town(scene.TOWN)
        await turned(pilot, clock, 3)
    assert rings == []


def test_figures_are_what_they_say() -> None:
    assert big("10", 1) == ("▄█  █▀█", " █  █ █", "▀▀▀ ▀▀▀")
    for scale in (1, 2, 3, 4):
        for text in ("0", "0123456789", "12:34"):
            rows = big(text, scale)
            assert len(rows) == rows_of(scale) and len({len(row) for row in rows}) == 1
    assert len({big(digit, 1) for digit in "0123456789"}) == 10


async def test_the_clock_is_as_large_as_there_is_room() -> None:
    for size, rows in (((40, 10), 1), ((80, 24), 3), ((120, 32), 3), ((200, 60), 5)):
        async with kiosk().run_test(size=size) as pilot:
            await pilot.pause()
            assert pilot.app.screen.query_one(Clock).size.height == rows


async def test_what_was_tried_may_fail_to_be_drawn_too(monkeypatch: pytest.MonkeyPatch, eventually: Eventually) -> None:
    clock = scene.Clock()
    app = kiosk(scene.NOWHERE, clock)
    async with app.run_test(size=(120, 32)) as pilot:
        await turned(pilot, clock, 0)
        monkeypatch.setattr(NowhereExhibit, "paint", broken)
        await eventually(lambda: looked(app, clock) and "this page" in app._faults)
        monkeypatch.undo()
        await eventually(lambda: "this page could not be drawn" in looked(app, clock))
        await eventually(lambda: "could not be drawn" not in looked(app, clock))


async def test_a_stop_that_never_ends_to_be_drawn_is_left(monkeypatch: pytest.MonkeyPatch, eventually: Eventually) -> None:
    def endless(*_: object) -> None:
        while True:
            pass

    clock = scene.Clock()
    with Patience(1, 1) as patience:
        app = kiosk(clock=clock, alive=patience.alive)
        async with app.run_test(size=(120, 32)) as pilot:
            await turned(pilot, clock, 0)
            monkeypatch.setattr(TOUR["town"], "_scene", endless)
            await eventually(
                lambda: "town could not be drawn" in (told := looked(app, clock)) and "TimeoutError" in told, within=40
            )
            assert app.fault is None


def test_who_was_stopped_gets_a_moment_to_say_that_he_lives() -> None:
    with Patience(60, 60) as patience:
        for _ in range(3):
            patience.alive()
            signal.raise_signal(signal.SIGALRM)
        with pytest.raises(TimeoutError):
            signal.raise_signal(signal.SIGALRM)
    assert signal.alarm(0) == 0
