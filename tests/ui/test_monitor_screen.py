"""The Monitor screen: its three parts at every size, the way from a cell to the log, and that neither much nor evil upsets it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import scene
from logbook import Book
from pressing import pressed
from rich.cells import cell_len

from gastown_tui.town.lines import Line
from gastown_tui.town.ribbon import CODES, Ribbon
from gastown_tui.town.snapshot import Monitor, Phase, SourceState, State, Town
from gastown_tui.ui import sieve
from gastown_tui.ui.reading import SLICE, Reading
from gastown_tui.ui.screens.agent import AgentScreen
from gastown_tui.ui.screens.monitor import MonitorScreen
from gastown_tui.ui.themes import ink
from gastown_tui.ui.widgets.cycles import Cycles
from gastown_tui.ui.widgets.ribbon import said

SIZES = ((80, 24), (120, 32), (200, 60))
SECRET = "sk-abcdefgh12345678"
EVIL = f"{scene.NASTY} {SECRET}"
JACK = ("tab", *"jjjjjjj")
NO_FOLDER = scene.TOWN._replace(monitor=None)
VIEWS: dict[str, tuple[str, ...]] = {
    "monitor": (),
    "monitor_ribbon": (*JACK, *"hhhh"),
    "monitor_day": (*JACK, "plus", "plus"),
    "monitor_line": (*"kkkkv",),
    "monitor_filter": ("L", "slash", *" gt"),
    "monitor_none": (),
}


def eye(name: str = "") -> scene.Eye:
    if name != "monitor_none":
        return scene.Eye()
    made = scene.Eye(NO_FOLDER)
    made.log = Book([], state="no folder /home/op/gt/settings/automonitor")
    return made


def with_log(*lines: Line, **more: Any) -> scene.Eye:
    made = scene.Eye()
    made.log = Book(lines, **more)
    return made


def line(number: int, message: str = "", **more: Any) -> Line:
    return Line(90 * number, "ok", (), scene.WALL - 3600 + number, "INFO", "handoff", message or f"line {number} is told", **more)


def rows_of(shown: str, title: str) -> list[str]:
    """The rows under the rule with that title."""
    rows = shown.splitlines()
    start = next(index for index, row in enumerate(rows) if row.startswith(f"── {title}")) + 1
    end = next((index for index in range(start, len(rows)) if row_ends(rows[index])), len(rows) - 1)
    return [row for row in rows[start:end] if row]


def row_ends(row: str) -> bool:
    return row.startswith("── ")


@pytest.mark.parametrize("size", SIZES, ids=[f"{wide}x{high}" for wide, high in SIZES])
@pytest.mark.parametrize("name", VIEWS)
async def test_text(name: str, size: tuple[int, int], golden: Callable[[str, str], None]) -> None:
    async with scene.console(eye(name)).run_test(size=size) as pilot:
        shown = await pressed(pilot, "4", *VIEWS[name])
    assert all(len(row) <= size[0] for row in shown.splitlines())
    golden(f"{name}-{size[0]}x{size[1]}", shown)


@pytest.mark.parametrize("environ", [{}, {"NO_COLOR": "1"}], ids=["dark", "mono"])
def test_picture(environ: dict[str, str], snap_compare: Any) -> None:
    assert snap_compare(scene.console(environ=environ), press=("4", *JACK, "plus", "h"), terminal_size=(120, 32))


def test_every_code_has_a_shape_of_its_own() -> None:
    """Without colour a gap, calm, work, a question and a death are told apart by their blocks, and the cursor's cell by words."""
    ribbon = Ribbon()
    minute = int(scene.WALL // 60)
    ribbon.turn(minute)
    ribbon.add("mayor", minute - len(CODES) + 1, bytes(range(len(CODES))), bytes(len(CODES)))
    cells = ribbon.cells("mayor", minute, len(CODES))
    assert list(cells) == list(range(len(CODES)))
    assert len({said(code) for code in cells}) == len(CODES)


async def test_the_blocks_of_two_codes_differ() -> None:
    made = scene.Eye()
    minute = int(scene.WALL // 60)
    made.history = Ribbon()
    made.history.turn(minute)
    made.history.add("mayor", minute - len(CODES) + 1, bytes(range(len(CODES))), bytes(len(CODES)))
    async with scene.console(made, environ={"NO_COLOR": "1"}).run_test(size=(120, 32)) as pilot:
        [mayor] = [row for row in (await pressed(pilot, "4")).splitlines() if row.startswith("  ● mayor ")]
    blocks = mayor[-len(CODES) + 1 :]
    assert len(set(blocks)) == len(CODES) - 1 and " " not in blocks
    assert mayor[: -len(CODES) + 1].endswith(" ")


async def test_at_80_columns_the_ribbon_has_the_room_by_tab_or_z() -> None:
    async with scene.console().run_test(size=(80, 24)) as pilot:
        shown = await pressed(pilot, "4")
        assert "── log" in shown and "── fleet" not in shown and shown.splitlines()[2].startswith(" monitor ● alive · 3 min ago")
        for key in ("tab", "z"):
            shown = await pressed(pilot, key)
            assert "── fleet" in shown and "── log" not in shown
            shown = await pressed(pilot, "tab")
            assert "── log" in shown and "── fleet" not in shown


async def test_a_cell_opens_the_log_of_its_agent_at_its_minute() -> None:
    async with scene.console().run_test(size=(120, 32)) as pilot:
        shown = await pressed(pilot, "4", *JACK, *"h" * 25)
        assert "── fleet · 10:17 gastown/crew/jack" in shown
        shown = await pressed(pilot, "enter")
        assert "── log · /session:gt-crew-jack · 2 of 16 lines" in shown
        told = rows_of(shown, "log")
        assert told[0].startswith("▌  10:17:07 INFO") and len(told) == 2


async def test_a_cell_of_which_the_log_says_nothing_opens_the_log_of_all_at_its_minute() -> None:
    async with scene.console().run_test(size=(120, 32)) as pilot:
        shown = await pressed(pilot, "4", *JACK, *"h" * 10, "enter")
        assert "no line session:gt-crew-jack since 10:32" in shown
        assert [row for row in shown.splitlines() if row.startswith("▌")][-1].startswith("▌  10:37:56 INFO   monitor    Cycle 14")
        shown = await pressed(pilot, "tab", "l", "l", "l", "l", "l", "l", "l", "l", "l", "l", "enter")
        assert "the log says nothing since 10:42" in shown


async def test_a_cell_older_than_what_was_read_has_it_read() -> None:
    past = [line(number) for number in range(50)]
    made = with_log(*(line(number) for number in range(3000, 3050)), past=past)
    async with scene.console(made).run_test(size=(120, 32)) as pilot:
        shown = await pressed(pilot, "4", "tab", "j", *"h" * 60, "enter")
        assert "── fleet · a minute a cell" in shown
        assert "▌  09:42:05 INFO   handoff    line 0 is told" in shown


async def test_the_mark_below_the_ribbon_cuts_no_time_in_two() -> None:
    async with scene.console().run_test(size=(120, 32)) as pilot:
        await pressed(pilot, "4", *JACK, "z")
        for _ in range(12):
            [below] = [row for row in (await pressed(pilot, "h")).splitlines() if "▲" in row and "▲ " not in row[:5]]
            assert all(len(word) == 5 for word in below.replace("▲", " ").split()), below


async def test_a_key_that_would_change_nothing_on_screen_is_not_offered() -> None:
    async with scene.console().run_test(size=(120, 32)) as pilot:
        assert "L level" in await pressed(pilot, "4", *JACK)
        assert "L level" not in await pressed(pilot, "z")


async def test_steps_and_the_cursor_stay_at_their_time() -> None:
    clock = scene.Clock()
    async with scene.console(clock=clock).run_test(size=(120, 32)) as pilot:
        shown = await pressed(pilot, "4", *JACK, *"hhh")
        assert "── fleet · 10:39 gastown/crew/jack" in shown
        clock.wall += 120
        shown = await pressed(pilot, "j", "k")
        assert "── fleet · 10:39 gastown/crew/jack" in shown, "the minute stays while time goes on"
        steps = [await pressed(pilot, key) for key in ("plus", "plus", "plus", "plus", "minus")]
        assert [next(row for row in one.splitlines() if "── fleet" in row)[11:16] for one in steps] == [
            "10:35",
            "10:30",
            "10:30",
            "10:30",
            "10:30",
        ]
        assert "the worst of 15 min" in steps[-1]
        shown = await pressed(pilot, *"l" * 5)
        assert "── fleet · 10:30" in shown
        assert "fleet · 5 min a cell" in await pressed(pilot, "minus", "escape")


async def test_the_choice_in_the_log_ends_following_until_it_is_back_at_the_end() -> None:
    async with scene.console().run_test(size=(120, 32)) as pilot:
        assert "· following" in await pressed(pilot, "4")
        shown = await pressed(pilot, "k")
        assert "· following" not in shown and "▌~ 10:38:06 NOTICE" in shown
        eye = pilot.app.view.eye  # type: ignore[attr-defined]
        eye.log.grow(line(3365, "a new one"))
        shown = await pressed(pilot)
        assert "▌~ 10:38:06 NOTICE" in shown and "── log · 17 lines ─" in shown
        shown = await pressed(pilot, "G")
        assert "· following" in shown and "a new one" in shown and "▌" not in shown


async def test_a_line_that_comes_is_drawn_below_the_last_one() -> None:
    made = with_log(*(line(number) for number in range(30)))
    async with scene.console(made).run_test(size=(80, 24)) as pilot:
        before = rows_of(await pressed(pilot, "4"), "log")
        assert before[-1].endswith("line 29 is told") and len(before) == 19
        made.log.grow(line(30))
        after = rows_of(await pressed(pilot), "log")
        assert after[-1].endswith("line 30 is told") and len(after) == 13, "it moves up by a third"
        made.log.grow(line(31))
        again = rows_of(await pressed(pilot), "log")
        assert again[:-1] == after and again[-1].endswith("line 31 is told"), "and then nothing moves"


async def test_at_the_top_earlier_lines_are_read() -> None:
    made = with_log(*(line(number) for number in range(100, 140)), past=[line(number) for number in range(100)])
    async with scene.console(made).run_test(size=(80, 24)) as pilot:
        shown = await pressed(pilot, "4", "pageup")
        assert "20 above, earlier ones not read" in shown
        shown = await pressed(pilot, "pageup", "pageup")
        assert "100 earlier lines" in shown
        shown = await pressed(pilot, "k", "g")
        assert "line 0 is told" in shown and "not read" not in shown


async def test_a_rotation_moves_nothing_under_the_eye() -> None:
    made = with_log(*(line(number) for number in range(100)))
    async with scene.console(made).run_test(size=(80, 24)) as pilot:
        before = rows_of(await pressed(pilot, "4", "pageup", "pageup"), "log")
        made.log.lines, made.log.first = made.log.lines[40:], 40
        made.log.grow(*(line(number)._replace(offset=number) for number in range(100, 105)))
        assert rows_of(await pressed(pilot), "log") == before


async def test_while_the_picture_is_held_no_line_comes() -> None:
    made = scene.Eye()
    async with scene.console(made).run_test(size=(120, 32)) as pilot:
        before = rows_of(await pressed(pilot, "4", "p"), "log")
        made.log.grow(line(3365, "a new one"))
        assert rows_of(await pressed(pilot), "log") == before
        assert "a new one" in await pressed(pilot, "p")


async def test_levels_go_round_and_the_filter_ends_with_escape() -> None:
    async with scene.console().run_test(size=(120, 32)) as pilot:
        shown = [await pressed(pilot, key) for key in ("4", "L", "L", "L", "L")]
        heads = [next(row for row in one.splitlines() if row.startswith("── log")).strip("─ ") for one in shown]
        assert [head.split(" ─")[0] for head in heads] == [
            "log · 16 lines · following",
            "log · /level:warn · 5 of 16 lines · following",
            "log · /level:error · 4 of 16 lines · following",
            "log · /level:broken · 4 of 16 lines · following",
            "log · 16 lines · following",
        ]
        shown = [await pressed(pilot, *keys) for keys in (("slash", *"zzz", "enter"), ("escape",))]
        assert "no line passes the filter" in shown[0] and "16 lines" in shown[1]


async def test_typing_narrows_the_log_and_says_how() -> None:
    async with scene.console().run_test(size=(120, 32)) as pilot:
        shown = await pressed(pilot, "4", "slash", *"comp:ai fail")
        assert shown.splitlines()[-1].startswith(" /comp:ai fail▏") and sieve.HINT in shown
        assert rows_of(shown, "log") == ["   10:17:15 ERROR  ai         AI analysis failed: timed out after 300s"]


async def test_the_whole_line_stands_below_with_what_is_wrong_with_it() -> None:
    made = scene.Eye()
    async with scene.console(made).run_test(size=(120, 32)) as pilot:
        shown = await pressed(pilot, "4", "k", "k", "v")
        assert "── byte 1,120 · not understood: no object ─" in shown
        assert "Traceback (most recent call last): \N{REPLACEMENT CHARACTER}[31mboom" in shown
        shown = await pressed(pilot, "k", "k", "Y")
        assert "repaired: template" in shown and '{"ts":"2026-11-21","level":"ERROR"' in shown
        assert pilot.app.clipboard.startswith('{"ts":"2026-11-21","level":"ERROR"')
        assert "── byte" not in await pressed(pilot, "v")


async def test_a_line_that_names_a_session_leads_to_its_agent() -> None:
    async with scene.console().run_test(size=(120, 32)) as pilot:
        shown = await pressed(pilot, "4", "k", "space")
        assert isinstance(pilot.app.screen, AgentScreen) and "gastown/crew/emma" in shown
        shown = await pressed(pilot, "4", *JACK, "a", *"seen", "enter")
        assert "acknowledged gastown/crew/jack" in shown


async def test_without_a_folder_it_says_what_helps_and_the_ribbon_works() -> None:
    async with scene.console(eye("monitor_none")).run_test(size=(120, 32)) as pilot:
        shown = await pressed(pilot, "4", *JACK)
        assert "no automonitor is known · --monitor-dir DIR names its folder" in shown
        assert "no folder /home/op/gt/settings/automonitor" in shown and "monitor_dir in config.toml" in shown
        assert "── fleet · 10:42 gastown/crew/jack ✖ dead" in shown
        assert await pressed(pilot, "escape", "k", "v", "v", "Y", "space", "G") == await pressed(pilot)


async def test_what_is_stale_does_not_look_well() -> None:
    stale = tuple(SourceState(name, "stale", scene.WALL - 42, "no answer") for name in ("tmux", "monitor"))
    inks: list[set[object]] = []
    for town in (scene.TOWN, scene.TOWN._replace(sources=(*stale, *scene.OK[1:]))):
        async with scene.console(scene.Eye(town)).run_test(size=(120, 32)) as pilot:
            shown = await pressed(pilot, "4")
            facts = pilot.app.screen.query_one(Cycles)
            inks.append({segment.style for segment in facts.render_line(0) if segment.text.strip()})
    assert "  ? mayor" in shown and "  ● mayor" not in shown
    assert len(inks[0]) > 2 and inks[1] == {ink("gastown-dark", "dim")}


async def test_who_has_left_the_town_keeps_its_day() -> None:
    made = scene.Eye(scene.TOWN._replace(agents=scene.AGENTS[:3]))
    async with scene.console(made).run_test(size=(120, 32)) as pilot:
        shown = await pressed(pilot, "4", "tab", "j", "j", "j", "j")
        assert "  ● beads/witness" in shown and "▌ · beads/polecats/toast" in shown
        assert "the automonitor" not in await pressed(pilot, "space"), "nobody to look at"
        assert isinstance(pilot.app.screen, MonitorScreen)


async def test_the_pointer_chooses_in_both_parts() -> None:
    async with scene.console().run_test(size=(120, 32)) as pilot:
        await pressed(pilot, "4")
        await pilot.click("#ribbon", offset=(10, 3))
        assert "── fleet · 10:42 beads/witness" in await pressed(pilot)
        await pilot.click("#log", offset=(10, 1))
        shown = await pressed(pilot)
        assert "── fleet · a minute a cell" in shown and shown.count("▌") == 1


async def test_of_a_hundred_thousand_lines_each_look_is_at_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two keys one slice is looked at, at most, and a line that comes is looked at alone."""
    looks: list[int] = []
    look = Reading.look

    def counted(self: Reading, *, held: bool = False) -> bool:
        before = self.examined
        whole = look(self, held=held)
        looks.append(self.examined - before)
        return whole

    monkeypatch.setattr(Reading, "look", counted)
    made = with_log(*(line(number, f"Session gt-rig-p{number % 300} age: {number % 90}m → OK") for number in range(100_000)))
    async with scene.console(made).run_test(size=(120, 32)) as pilot:
        assert "100,000 lines" in await pressed(pilot, "4", "k", "g", "G")
        assert sum(looks) == 0
        assert "/p299 · 333 of 100,000 lines" in await pressed(pilot, "slash", *"p299")
        assert 0 < max(looks) <= SLICE
        await pressed(pilot, "enter", "k", "pageup", "g", "G")
        looks.clear()
        made.log.grow(line(1, "p299 again"))
        assert "p299 again" in await pressed(pilot) and sum(looks) == 1


@pytest.mark.parametrize("size", [(120, 32), (40, 12), (5, 2), (1, 1)])
async def test_hostile_lines_stay_text(size: tuple[int, int]) -> None:
    verdicts = ("ok", "flagged", "recovered", "joined", "rejected")
    lines = [
        Line(number, verdicts[number % 5], (EVIL,), 1e300 * number, EVIL, EVIL, EVIL * 2000, EVIL * 2000) for number in range(40)
    ]
    made = scene.Eye(
        scene.TOWN._replace(
            monitor=Monitor(
                EVIL,
                EVIL,
                last_line_at=9e18,
                phases=(Phase(EVIL, 9e18, -9e18, 10**30),) * 50,
                handoffs={EVIL * 9: -5.0},
                pending_upgrade=EVIL * 9,
                faults=(EVIL,) * 50,
            ),
            agents=tuple(agent._replace(id=f"{agent.id}{scene.NASTY}", session=EVIL) for agent in scene.AGENTS),
        )
    )
    made.log = Book(lines, state=EVIL, torn=EVIL * 1000)
    async with scene.console(made).run_test(size=size) as pilot:
        for key in ("4", "v", "k", "g", "L", "slash", "x", "enter", "escape", "tab", "j", "h", "plus", "enter", "z", "z"):
            shown = await pressed(pilot, key)
            assert len(shown.splitlines()) <= size[1]
            assert all(cell_len(row) <= size[0] for row in shown.splitlines())
            assert not [char for char in shown if char != "\n" and not char.isprintable() and char != "\xa0"]
            assert SECRET not in shown


async def test_what_the_automonitor_does_is_told_the_worst_first_where_there_is_one_line() -> None:
    monitor = scene.MONITOR
    cases: tuple[tuple[Monitor, str], ...] = (
        (monitor, "● alive · 3 min ago · handoff failed 4 min ago · ai failed 24 min ago"),
        (monitor._replace(phases=(), faults=()), "● alive · 3 min ago · next in 17 min · 1 rejected · upgrade pending"),
        (Monitor("/x", "silent", scene.WALL - 7200), "◐ silent · 2 h ago · cycles not known"),
        (Monitor("/x", "absent", pending_upgrade=""), "◌ absent · cycles not known · upgrade pending"),
        (monitor._replace(last_line_at=scene.WALL + 900, phases=(), faults=()), "● alive · by a stamp from the future"),
    )
    for told, expected in cases:
        town: Town = scene.TOWN._replace(monitor=told)
        async with scene.console(scene.Eye(town)).run_test(size=(80, 24)) as pilot:
            assert expected in (await pressed(pilot, "4")).splitlines()[2]


async def test_what_else_its_files_hold_is_told_and_a_long_fault_in_full() -> None:
    fault = " ".join(["state.json", *(f"word{number}" for number in range(30)), "the end"])
    told = {"last_restart": "2026-11-21T10:00:00Z", "note": "\x1b[2J" + "x" * 99}
    files = {"ai_analysis_1.log": scene.WALL - 120, "current_state.txt": scene.WALL - 240}
    town = scene.TOWN._replace(monitor=scene.MONITOR._replace(faults=(fault,), told=told, files=files))
    async with scene.console(scene.Eye(town)).run_test(size=(120, 60)) as pilot:
        shown = (await pressed(pilot, "4")).splitlines()
    start = next(number for number, line in enumerate(shown) if line.startswith(" faults"))
    assert " ".join(" ".join(shown[start : start + 3])[13:].split()).startswith(fault)
    (state,) = (line for line in shown if line.startswith(" state"))
    assert "last_restart 2026-11-21T10:00:00Z · note \ufffd[2Jxxx" in state and "x…" in state
    assert any(line.startswith(" files       ai_analysis_1.log 2 min ago · current_state.txt 4 min ago") for line in shown)
    async with scene.console(scene.Eye(town)).run_test(size=(120, 32)) as pilot:
        (more,) = (line for line in (await pressed(pilot, "4")).splitlines() if line.startswith("  ⋮ +"))
    assert more.endswith(", files, state, folder"), "what there is no room for is named"


async def test_the_next_that_needs_somebody_is_found_in_the_ribbon() -> None:
    for size in ((120, 32), (80, 24)):
        async with scene.console().run_test(size=size) as pilot:
            found = [await pressed(pilot, *keys) for keys in (("4", "w"), ("w",), ("w",), ("w",))]
            marked = [next(line for line in shown.splitlines() if line.startswith("▌")) for shown in found]
        ids = ["beads/polecats/furiosa", "gastown/crew/jack", "gastown/polecats/nux"]
        assert [next(one for one in ids if one in line) for line in marked] == [*ids, ids[0]]


def test_states_have_words() -> None:
    assert said(0) == "nobody looked" and said(CODES.index(State.DEAD)) == "✖ dead"
