"""Coming back: the Problems screen says what is new since one last looked, until a key says that it was read."""

from __future__ import annotations

import scene
from pressing import pressed
from textual.events import AppBlur, AppFocus

from gastown_tui.town.looked import Sight, sight
from gastown_tui.town.snapshot import State, Town
from gastown_tui.ui.app import Console


class Kept:
    """What is kept of one town, and what was asked of it."""

    def __init__(self, first: Sight | None = None) -> None:
        self.sight = first
        self.roots: list[str] = []

    def __call__(self, root: str) -> Kept:
        self.roots.append(root)
        return self

    def recall(self) -> Sight | None:
        return self.sight

    def keep(self, sight: Sight) -> None:
        self.sight = sight


def console(eye: scene.Eye, kept: Kept, clock: scene.Clock) -> Console:
    return Console(eye, clock=clock, read_only=False, environ={}, looked=kept)


def well_before(seconds: float) -> Sight:
    """The town when jack still worked and nux did not ask."""
    agents = tuple(agent._replace(state=State.WORKING) if agent.name in ("jack", "nux") else agent for agent in scene.AGENTS)
    return sight(scene.TOWN._replace(agents=agents), scene.WALL - seconds)


async def test_who_starts_it_again_is_told_what_is_new_until_the_next_key() -> None:
    kept = Kept(well_before(6 * 3600))
    async with console(scene.Eye(), kept, scene.Clock()).run_test(size=(120, 32)) as pilot:
        assert " 6 h ago" not in await pressed(pilot), "the town is as ever"
        assert " since 04:42, 6 h ago: 1 died · 1 new question" in await pressed(pilot, "5")
        assert " since " not in await pressed(pilot, "j")
    assert kept.roots == ["/home/op/gt"]


async def test_who_was_away_for_days_is_told_the_day() -> None:
    async with console(scene.Eye(), Kept(well_before(3 * 86400)), scene.Clock()).run_test(size=(40, 12)) as pilot:
        assert " since 11-18 10:42, 3 d ago: 1 died" in await pressed(pilot, "5")


async def test_a_start_right_after_the_end_tells_nothing() -> None:
    async with console(scene.Eye(), Kept(well_before(59)), scene.Clock()).run_test(size=(120, 32)) as pilot:
        assert " since " not in await pressed(pilot, "5")


async def test_who_looks_at_the_terminal_again_is_told_what_is_new() -> None:
    eye, clock, kept = scene.Eye(scene.WELL), scene.Clock(), Kept()
    app = console(eye, kept, clock)
    async with app.run_test(size=(120, 32)) as pilot:
        await pressed(pilot, "5")
        app.post_message(AppBlur())
        await pressed(pilot)
        assert kept.sight is not None and kept.sight.at == scene.WALL
        clock.wall += 59
        app.post_message(AppFocus())
        assert " since " not in await pressed(pilot)
        app.post_message(AppBlur())
        await pressed(pilot)
        clock.wall += 3600
        mayor = scene.AGENTS[0]._replace(state=State.DEAD)
        eye.town(scene.WELL._replace(agents=(mayor, *scene.WELL.agents[1:])))
        app.post_message(AppFocus())
        assert " since 10:43, 1 h ago: 1 died" in await pressed(pilot)


async def test_the_end_is_a_last_look_unless_nobody_looked() -> None:
    for away, at in ((False, 100.0), (True, 0.0)):
        clock, kept = scene.Clock(), Kept()
        app = console(scene.Eye(), kept, clock)
        async with app.run_test(size=(120, 32)) as pilot:
            await pressed(pilot)
            if away:
                app.post_message(AppBlur())
                await pressed(pilot)
            clock.wall += 100
        app.look_away()
        assert kept.sight is not None and kept.sight.at == scene.WALL + at


async def test_a_town_in_a_box_has_no_past() -> None:
    kept = Kept(well_before(3600))
    town: Town = scene.TOWN._replace(ref=scene.TOWN.ref._replace(demo=True))
    app = console(scene.Eye(town), kept, scene.Clock())
    async with app.run_test(size=(120, 32)) as pilot:
        assert " since " not in await pressed(pilot, "5")
    app.look_away()
    assert kept.roots == []
