"""The Queues screen, a bead's own, and the ways to and from them: at every size, much, evil and unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import beadbook
import pytest
import scene
from beadbook import WALL, BeadBook, bead
from pressing import pressed
from rich.cells import cell_len

from gastown_tui.town.beads.index import Index
from gastown_tui.town.beads.queues import Source
from gastown_tui.town.snapshot import Evidence, Finding, Origin, SourceState, Stock, Told, Work
from gastown_tui.ui.screens import queues as screen
from gastown_tui.ui.screens.agent import AgentScreen
from gastown_tui.ui.screens.bead import BeadScreen
from gastown_tui.ui.screens.queues import QueuesScreen
from gastown_tui.ui.screens.town import TownScreen
from gastown_tui.ui.widgets import queues as widget

SIZES = ((80, 24), (120, 32), (200, 60))
SECRET = "sk-abcdefgh12345678"
EVIL = f"{scene.NASTY} {SECRET}"
ODD = EVIL.replace(" ", "")
TOWN = scene.TOWN._replace(
    beads=beadbook.beads_of(scene.AGENTS),
    events=(Told(WALL - 500, "sling", "gastown/polecats/nux", "gt-aa7 slung to gastown/polecats/nux"),),
)
VIEWS: dict[str, tuple[str, ...]] = {
    "queues": ("3", "tab"),
    "queues_filter": ("3", "slash", *"gt names"),
    "queues_folded": ("3", *["tab"] * 6, "h", "tab", "h"),
    "bead": ("3", "slash", *"0aa", "enter", "enter"),
    "bead_tree": ("3", "slash", *"gt-3m3", "enter", "enter", *"jjjjjjjj"),
    "convoy": ("3", "enter"),
    "findings": ("5", *"jjj"),
    "town_beads": (*"jjjjjjj",),
    "wall_beads": ("2",),
}
CASES = [(name, size) for name in VIEWS for size in SIZES if size == SIZES[1] or name in ("queues", "bead_tree", "findings")]


def told(shown: str) -> list[str]:
    """The rows that are no headings, without what is around them."""
    return [row for row in shown.splitlines()[2:-1] if row.strip() and not row.startswith("── ")]


def book(*lines: bytes, rig: str = "gastown", version: int = 1) -> BeadBook:
    """A town of one rig with these beads."""
    index = Index(now=WALL)
    index.replace(lines)
    return BeadBook([Source("hq", None, Index(now=WALL)), Source(rig, rig, index)], [beadbook.ORIGINS[0], beadbook.ORIGINS[2]])


def eye(read: BeadBook | None = None) -> scene.Eye:
    made = scene.Eye(TOWN)
    made.beads = read or BeadBook()
    return made


@pytest.mark.parametrize(("name", "size"), CASES, ids=[f"{name}-{wide}x{high}" for name, (wide, high) in CASES])
async def test_text(name: str, size: tuple[int, int], golden: Callable[[str, str], None]) -> None:
    async with scene.console(eye()).run_test(size=size) as pilot:
        shown = await pressed(pilot, *VIEWS[name])
    assert all(len(row) <= size[0] for row in shown.splitlines())
    golden(f"{name}-{size[0]}x{size[1]}", shown)


@pytest.mark.parametrize("environ", [{}, {"NO_COLOR": "1"}], ids=["dark", "mono"])
def test_picture(environ: dict[str, str], snap_compare: Any) -> None:
    assert snap_compare(scene.console(eye(), environ=environ), press=VIEWS["queues"], terminal_size=(120, 32))


async def test_a_town_without_beads_says_so() -> None:
    async with scene.console(eye(BeadBook([], []))).run_test(size=(120, 32)) as pilot:
        shown = await pressed(pilot, "3", "j", "G", "tab", "h", "l", "y", "o", "enter", "space")
        assert "no database of beads is known" in shown and isinstance(pilot.app.screen, QueuesScreen)


async def test_what_is_unknown_is_never_none() -> None:
    async with scene.console(eye()).run_test(size=(120, 32)) as pilot:
        shown = await pressed(pilot, "3")
    heads = {row.split()[1]: row for row in shown.splitlines() if row.startswith("── ")}
    assert "? escalated, to merge, mail" in heads["beads"] and "export 1 h 30 old, no wisps, stale" in heads["beads"]
    assert "? all queues" in heads["wasteland"] and "not read" in heads["wasteland"]
    assert "?" not in heads["gastown"]
    assert "1+? escalated" in shown.splitlines()[1] and "2+? to merge" in shown.splitlines()[1]


async def test_a_heading_counts_what_was_not_understood() -> None:
    first, *others = beadbook.ORIGINS
    book = BeadBook(beadbook.sources(), [first._replace(skipped=2), *others])
    async with scene.console(eye(book)).run_test(size=(120, 32)) as pilot:
        heads = [row for row in (await pressed(pilot, "3")).splitlines() if row.startswith("── ")]
    assert [" · 2 not understood " in head for head in heads] == [True, *[False] * (len(heads) - 1)]


async def test_what_is_wrong_with_a_database_without_a_bead_can_be_reached() -> None:
    """A database that was not read has no row that can be chosen: whoever goes to either end of the list has to see it."""
    unread = beadbook.ORIGINS[3]
    first = unread._replace(name="hq", rig=None, said="no export was written", remedy="put bd on PATH")
    read = [Source("hq", None, None), *beadbook.sources()[1:]]
    async with scene.console(eye(BeadBook(read, [first, *beadbook.ORIGINS[1:]]))).run_test(size=(120, 12)) as pilot:
        for keys in (("3",), ("G", "g"), ("tab", "tab", "tab", *"kkkkkkkkk")):
            shown = await pressed(pilot, *keys)
            rows = shown.splitlines()
            assert rows[2].startswith("── hq · ? all queues") and "no export was written · put bd on PATH" in rows[3]
        shown = await pressed(pilot, "G")
        assert "── wasteland" in shown and "bd list did not end within 15 s" in shown and "▌" in shown
        for _ in range(30):
            shown = await pressed(pilot, "k")
            assert shown.splitlines()[2].startswith("── ") and "▌" in shown, "a heading stands above, also where a remark would"


async def test_a_database_of_no_rig_is_named_below_all_others() -> None:
    gone = Origin("gone", None, "/town/gone/.beads", said="no rig of this town has this database", orphan=True)
    book = BeadBook(beadbook.sources(), [*beadbook.ORIGINS, gone])
    async with scene.console(eye(book)).run_test(size=(120, 32)) as pilot:
        shown = await pressed(pilot, "3", "G")
        rows = [row.rstrip() for row in shown.splitlines() if row.strip()]
        at = next(at for at, row in enumerate(rows) if row.startswith("── gone"))
        assert "not read" in rows[at] and "?" not in rows[at]
        assert rows[at + 1].strip() == "no rig of this town has this database"
        assert "gone" not in await pressed(pilot, "slash", *"retry")


async def test_the_ways_between_a_bead_and_its_agent_lead_back() -> None:
    async with scene.console(eye()).run_test(size=(200, 60)) as pilot:
        shown = await pressed(pilot, "3", "slash", *"gt-4f2", "enter", "o")
        assert isinstance(pilot.app.screen, AgentScreen) and "gastown/crew/jack" in shown
        assert "bead          gt-4f2 Retry the push" in shown, "its bead with the title that the beads tell"
        shown = await pressed(pilot, "o")
        assert isinstance(pilot.app.screen, BeadScreen) and "Retry the push when the remote is busy" in shown
        depth = len(pilot.app.screen_stack)
        for _ in range(5):
            await pressed(pilot, "o", "o")
        assert len(pilot.app.screen_stack) == depth, "going to and fro piles nothing up"
        await pressed(pilot, "escape", "escape")
        assert isinstance(pilot.app.screen, QueuesScreen)
        assert "▌ active    gt-4f2" in await pressed(pilot)
        await pressed(pilot, "escape", "escape")
        assert isinstance(pilot.app.screen, TownScreen)


@pytest.mark.parametrize("keys", [("1", *"jjjjjjj"), ("2", *"lllllll"), ("5",)], ids=["town", "wall", "problems"])
async def test_from_every_list_of_agents_o_leads_to_the_bead(keys: tuple[str, ...]) -> None:
    async with scene.console(eye()).run_test(size=(120, 32)) as pilot:
        shown = await pressed(pilot, *keys, "o")
        assert isinstance(pilot.app.screen, BeadScreen) and shown.splitlines()[1].startswith(" gt-4f2  Retry the push")


async def test_a_bead_says_how_its_agent_is_in_shape_and_word() -> None:
    async with scene.console(eye()).run_test(size=(120, 32)) as pilot:
        shown = await pressed(pilot, "3", "slash", *"71c", "enter", "enter")
    assert "status       hooked · ▲ polecat furiosa held" in shown


async def test_a_tree_leads_on_from_bead_to_bead() -> None:
    async with scene.console(eye()).run_test(size=(120, 32)) as pilot:
        shown = await pressed(pilot, *VIEWS["bead_tree"])
        assert "▌ └ blocks gt-3m2 open" in shown
        shown = await pressed(pilot, "enter", "y")
        assert shown.splitlines()[1].startswith(" gt-3m2  Old names stay valid") and pilot.app.clipboard == "gt-3m2"
        shown = await pressed(pilot, "escape")
        assert "▌ └ blocks gt-3m2 open" in shown, "where one was"


async def test_who_holds_a_stale_claim_is_named_also_where_there_is_little_room() -> None:
    mark = {"labels": ["gt:merge-request"], "ephemeral": True, "description": "branch: polecat/slit-b00"}
    claimed = bead("gt-wisp-m1", "Merge: gt-b00", 7200, assignee="gastown/refinery", updated_at="2026-11-21T07:25:00Z", **mark)
    async with scene.console(eye(book(claimed))).run_test(size=(100, 28)) as pilot:
        shown = await pressed(pilot, "3")
    assert "○ gastown … for 3 h 17" in shown


async def test_a_bead_that_no_database_has_says_so() -> None:
    async with scene.console(eye(book())).run_test(size=(120, 32)) as pilot:
        assert "no database that was read has this bead" in await pressed(pilot, *"jjjjjjj", "o", "j", "k", "enter", "o")


async def test_circles_selves_and_missing_ones_end() -> None:
    circle = [
        bead("gt-1", "one", 60, needs="blocks gt-2, blocks gt-1, blocks gt-none"),
        bead("gt-2", "two", 60, needs="blocks gt-1"),
    ]
    async with scene.console(eye(book(*circle))).run_test(size=(120, 32)) as pilot:
        shown = await pressed(pilot, "3", "enter")
    rows = [row.strip() for row in shown.splitlines()]
    start = rows.index("needs")
    assert rows[start + 1 : start + 5] == [
        "└ blocks gt-2 open  two",
        "└ blocks gt-1 open ↺ as above  one",
        "└ blocks gt-1 open ↺ as above  one",
        "└ blocks gt-none not in this database",
    ]


async def test_the_choice_goes_with_its_bead() -> None:
    made = eye()
    async with scene.console(made).run_test(size=(120, 32)) as pilot:
        await pressed(pilot, "3", "slash", *"77d", "enter", "escape")
        made.beads.put("gastown", bead("gt-000", "the most urgent", 5, priority=0), bead("gt-001", "and another", 5, priority=0))
        shown = await pressed(pilot)
        assert next(row for row in shown.splitlines() if row.startswith("▌")).split()[1] == "gt-77d"
        made.beads.put("gastown", bead("gt-77d", "Sort", 10, "hooked", assignee="gastown/crew/emma"))
        shown = await pressed(pilot)
        assert next(row for row in shown.splitlines() if row.startswith("▌")).split()[1] == "gt-77d", "into another queue too"
        made.beads.put("gastown", bead("gt-77d", "Sort", 10, "closed"))
        assert (await pressed(pilot)).count("▌") == 1


async def test_while_the_picture_is_held_no_bead_moves() -> None:
    made = eye()
    async with scene.console(made).run_test(size=(120, 32)) as pilot:
        before = told(await pressed(pilot, "3", "p"))
        made.beads.put("gastown", bead("gt-000", "the most urgent", 5, priority=0))
        assert told(await pressed(pilot)) == before
        assert "the most urgent" in await pressed(pilot, "p")


async def test_a_database_that_goes_while_a_filter_is_on_upsets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found before stays on screen until the rest was looked at: it must not meet the databases of now."""
    monkeypatch.setattr(screen, "SLICE", 1)
    made = eye()
    async with scene.console(made).run_test(size=(120, 32)) as pilot:
        shown = await pressed(pilot, "3", "slash", *"gt-", "enter", "G")
        assert "── gastown" in shown
        made.beads._sources, made.beads.origins = made.beads._sources[:1], made.beads.origins[:1]
        made.beads.put("hq")
        assert "/gt- · 0 of 4" in await pressed(pilot)


async def test_beads_that_change_faster_than_they_are_looked_at_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "SLICE", 1)
    made = eye()
    app = scene.console(made)
    async with app.run_test(size=(120, 32)) as pilot:
        await pressed(pilot, "3", "slash", *"urgent", "enter")
        added = 0
        while "most urgent" not in scene.text(app):
            assert added < 200, "while they go on changing"
            made.beads.put("gastown", bead(f"gt-00{added}", "most urgent", 5, priority=0))
            added += 1
            await pilot.pause(0)
        assert f"/urgent · {added} of {19 + added}" in await pressed(pilot)


async def test_an_agent_is_found_in_the_list_by_the_bead_that_beads_tell() -> None:
    async with scene.console(eye()).run_test(size=(120, 32)) as pilot:
        shown = await pressed(pilot, "slash", *"hq-4d1")
    assert "1 of 15" in shown and "mayor" in shown


async def test_folding_stays_with_its_queue() -> None:
    made = eye()
    async with scene.console(made).run_test(size=(120, 32)) as pilot:
        shown = await pressed(pilot, "3", *["tab"] * 6, "h")
        assert "▌ active    ▸ 4" in shown
        made.beads.put("gastown", bead("gt-77d", "Sort", 10, "hooked", assignee="gastown/crew/emma"))
        assert "▌ active    ▸ 5" in await pressed(pilot)
        assert "▌ active    gt-9x1" in await pressed(pilot, "l")


async def test_from_a_folded_queue_the_keys_lead_on() -> None:
    async with scene.console(eye()).run_test(size=(120, 32)) as pilot:
        shown = await pressed(pilot, "3", "h")
        assert "▌ convoys   ▸" in shown and "l unfold" in shown and "h fold" not in shown
        assert "▌ escalated hq-wisp-e1" in await pressed(pilot, "tab")


async def test_the_pointer_chooses() -> None:
    async with scene.console(eye()).run_test(size=(120, 32)) as pilot:
        await pressed(pilot, "3")
        await pilot.click("#beads", offset=(20, 10))
        assert "▌ active    gt-9x1" in await pressed(pilot)
        await pilot.click("#beads", offset=(20, 9))
        assert "▌ active    gt-9x1" in await pressed(pilot), "a heading cannot be chosen"


async def test_of_whom_nobody_knows_how_they_are_no_state_is_told() -> None:
    blind = TOWN._replace(sources=(SourceState("tmux", "stale", WALL - 42, "no answer"), *scene.OK[1:]))
    made = scene.Eye(blind)
    async with scene.console(made).run_test(size=(120, 32)) as pilot:
        [jack] = [row for row in told(await pressed(pilot, "3")) if "gt-4f2" in row]
    assert "? crew jack unknown" in jack and "✖" not in jack


MANY = [
    bead(f"gt-{number:x}", f"Say what number {number} does", 3600.0 * (number % 500), assignee="gastown/crew/emma")
    for number in range(5_000)
]


async def test_of_many_beads_only_rows_in_sight_are_made_and_a_key_looks_at_few(monkeypatch: pytest.MonkeyPatch) -> None:
    made, looked = list[object](), list[int]()
    tell, take = widget._told, screen.Sift.take

    def counted(*given: Any, **more: Any) -> Any:
        made.append(given)
        return tell(*given, **more)

    def taken(self: screen.Sift, most: int) -> bool:
        before = self.examined
        whole = take(self, most)
        looked.append(self.examined - before)
        return whole

    monkeypatch.setattr(widget, "_told", counted)
    monkeypatch.setattr(screen.Sift, "take", taken)
    monkeypatch.setattr(screen, "SLICE", 300)
    async with scene.console(eye(book(*MANY))).run_test(size=(120, 32)) as pilot:
        assert "5,000 ready" in await pressed(pilot, "3", "j", "G")
        for key in ("g", "pagedown", "j", "G", "k"):
            made.clear()
            await pilot.press(key)
            assert 0 < len(made) <= 32 * 2, key
        assert sum(looked) == 0
        assert "/number 4999 · 1 of 5,000" in await pressed(pilot, "slash", *"number 4999")
        assert 0 < max(looked) <= 300


@pytest.mark.parametrize("size", [(120, 32), (40, 12), (5, 2), (1, 1)])
async def test_hostile_beads_stay_text(size: tuple[int, int]) -> None:
    wisp = {"ephemeral": True, "description": f"severity: {EVIL}\nbranch: {EVIL}\nretry_count: 99999999\nescalated_by: {EVIL}"}
    lines = [
        bead(
            f"gt-{EVIL}", EVIL * 50, 60, EVIL, issue_type=EVIL, assignee=EVIL, priority=10**40, labels=[EVIL], needs="blocks gt-2"
        ),
        bead(
            "gt-2", EVIL, -1e9, "in_progress", assignee=f"gastown/{EVIL}", description=f"{EVIL}\n\t{EVIL * 300}", notes="日" * 999
        ),
        bead(
            "gt-3",
            EVIL,
            60,
            needs=f"blocks gt-2, {ODD} gt-{ODD}",
            priority=-5,
            odd={EVIL: [EVIL]},
        ),
        bead("gt-4", EVIL, 60, labels=["gt:escalation"], **wisp),
        bead("gt-5", EVIL, 60, labels=["gt:merge-request"], assignee=EVIL, **wisp),
        bead(
            "gt-6",
            EVIL,
            60,
            "hooked",
            comments=[{"author": EVIL, "text": EVIL, "created_at": "9999-12-31T23:59:59Z"}, EVIL, None],
        ),
    ]
    origin = beadbook.ORIGINS[2]._replace(name=EVIL, folder=EVIL, by=EVIL, at=9e18, state="error", said=EVIL * 9, remedy=EVIL * 9)
    read = book(*lines)
    read.origins = (beadbook.ORIGINS[0], origin)
    finding = Finding(EVIL, EVIL, (EVIL,), EVIL * 99, (Evidence(EVIL, EVIL * 99, 9e18, True),))
    made = eye(read)
    work = {scene.AGENTS[0].id: (Work(EVIL, EVIL * 99, EVIL),)}
    made.first = made.last = TOWN._replace(beads=Stock(work=work, findings=(finding, *TOWN.beads.findings)))  # type: ignore[union-attr]
    async with scene.console(made).run_test(size=size) as pilot:
        for key in (
            "2",
            "5",
            "G",
            "o",
            "escape",
            "3",
            *["tab", "enter", "G", "enter", "escape", "escape"] * 6,
            "slash",
            "x",
            "enter",
        ):
            shown = await pressed(pilot, key)
            assert len(shown.splitlines()) <= size[1]
            assert all(cell_len(row) <= size[0] for row in shown.splitlines())
            assert not [char for char in shown if char != "\n" and not char.isprintable() and char != "\xa0"]
            assert SECRET not in shown


@pytest.mark.parametrize(
    ("room", "told"),
    [
        (60, " · 4 active · 2 to merge · ? mail · 1 not understood"),
        (50, " · 4 active, 2 merge, ? mail, 1 not understood"),
        (36, " · 4 active, 2 merge, ? mail …"),
        (28, " · 4 active, 2 merge … ?"),
        (0, " … ?"),
    ],
)
def test_counts_for_which_there_is_no_room_tell_once_that_something_is_not_known(room: int, told: str) -> None:
    assert "".join(widget.abridged(["4 active", "2 to merge", "? mail", "1 not understood"], room)) == told
