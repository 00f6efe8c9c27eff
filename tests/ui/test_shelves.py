"""Which rows the Queues screen has, and which beads pass its filter."""

from __future__ import annotations

import random

import pytest
from beadbook import BEADS, GASTOWN, HQ, WALL, bead, sources

from gastown_tui.town.beads.bead import Bead
from gastown_tui.town.beads.queues import survey
from gastown_tui.town.beads.reading import read
from gastown_tui.ui.shelves import Item, Plan, Row, Shelf, Sift, bead_of, shelves

EVERY = shelves(survey(sources(), WALL))


def ids(shown: list[Shelf] | tuple[Shelf, ...]) -> list[str]:
    return [bead_of(item).id for shelf in shown for item in shelf.items or ()]


def sifted(query: str, every: tuple[Shelf, ...] = EVERY) -> list[str]:
    sift = Sift(every, query)
    while not sift.take(3):
        pass
    return ids([*sift.shown])


def rows(plan: Plan) -> list[Row]:
    return [plan.row(number) for number in range(plan.count)]


def test_every_open_bead_of_every_database_is_listed_once() -> None:
    told = ids(EVERY)
    assert len(told) == len(set(told))
    open_ones = {one.id for raw in (*HQ, *GASTOWN, *BEADS) if isinstance(one := read(raw), Bead) and one.status != "closed"}
    assert open_ones - set(told) == {"hq-m01"}, "all but the mail"


def test_what_cannot_be_known_is_not_empty() -> None:
    unknown = {(shelf.section, shelf.name) for shelf in EVERY if shelf.items is None}
    assert {name for section, name in unknown if section == 1} == {"escalated", "merge"}
    assert {name for section, name in unknown if section == 3} == {"escalated", "active", "blocked", "merge", "ready", "aside"}
    assert not [name for section, name in unknown if section in (0, 2)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("gt4f2", ["gt-4f2"]),
        ("jack", ["gt-4f2"]),
        ("READY p0", ["hq-9p0", "gt-0aa"]),
        ("bug", ["gt-0aa"]),
        ("names session", ["hq-cv-7kq", "gt-aa7", "gt-100"]),
        ("nms sesion", ["hq-cv-7kq", "gt-aa7", "gt-100"]),
        # Of a word's letters the first begins it.
        ("ams", []),
        ("deferred", ["gt-def"]),
        ("hooked nux", ["gt-aa7"]),
        ("zzz", []),
        ("  ", ids(EVERY)),
    ],
)
def test_a_filter_keeps_words_and_fuzzy_names(query: str, found: list[str]) -> None:
    assert sifted(query) == found


def test_narrowing_finds_what_a_new_filter_finds_and_looks_at_less() -> None:
    sift = Sift(EVERY)
    for typed in ("n", "na", "nam", "name", "names", "names ", "names s", "names", "", "g", "gt"):
        sift = sift.narrowed(typed)
        sift.take(1000)
        assert ids([*sift.shown]) == sifted(typed), typed
    wide = Sift(EVERY, "names")
    wide.take(1000)
    narrow = wide.narrowed("names s")
    narrow.take(1000)
    assert wide.examined == len(ids(EVERY)) and narrow.examined == len(ids([*wide.shown]))


def test_a_filter_that_was_not_done_with_is_no_ground_for_the_next() -> None:
    early = Sift(EVERY, "gt")
    early.take(2)
    late = early.narrowed("gt-de")
    late.take(1000)
    assert ids([*late.shown]) == ["gt-def"]


def test_rows_numbers_and_choices_belong_together() -> None:
    chance = random.Random(7)
    beads = [one for raw in GASTOWN if isinstance(one := read(raw), Bead)]
    for _ in range(200):
        sections = chance.randint(0, 5)
        shown = [
            Shelf(section, name, chance.choice((None, (), beads[: chance.randint(1, 9)])))
            for section in range(sections)
            for name in ("active", "ready")
        ]
        remarked = [section for section in range(sections) if chance.random() < 0.3]
        folded = {(section, "ready") for section in range(sections) if chance.random() < 0.3}
        plan = Plan(range(sections), shown, remarked, folded)
        listed = rows(plan)
        assert sum(row.shelf is None for row in listed) == sections + len(remarked)
        chosen = [number for number, row in enumerate(listed) if row.shelf]
        assert [plan.number(choice) for choice in range(plan.choices)] == chosen
        assert [plan.choice(number) for number in range(plan.count)] == [
            chosen.index(number) if number in chosen else None for number in range(plan.count)
        ]
        for before, number, after in zip([-1, *chosen], chosen, [*chosen[1:], plan.count], strict=False):
            assert plan.around(number) == (before + 1, plan.count - 1 if after == plan.count else number)
        told: list[tuple[int, Item | None]] = [(row.section, row.item) for row in listed if row.shelf]
        expected: list[tuple[int, Item | None]] = []
        for shelf in shown:
            whole = (shelf.section, shelf.name) in folded and shelf.items
            expected += [(shelf.section, None)] if whole else [(shelf.section, item) for item in shelf.items or ()]
        assert told == expected


def test_the_next_queue_goes_round() -> None:
    plan = Plan(range(4), EVERY)
    starts = [0]
    while (after := plan.next_queue(starts[-1])) != 0:
        starts.append(after)
    assert len(starts) == sum(bool(shelf.items) for shelf in EVERY)
    assert all(plan.first(start) == start and plan.row(plan.number(start)).first for start in starts)
    assert Plan(range(2), ()).next_queue(0) == 0


def test_a_bead_is_found_in_its_section_alone_also_in_a_folded_queue() -> None:
    plan = Plan(range(4), EVERY, folded={(2, "ready")})
    found = plan.find(2, "gt-77d")
    assert found is not None and plan.row(plan.number(found)) == Row(2, next(s for s in EVERY if s[:2] == (2, "ready")))
    assert plan.find(0, "gt-77d") is None


def test_a_word_of_many_letters_costs_no_more_than_the_text_has() -> None:
    """Where letters are looked for in order, nothing is tried twice, however alike the letters are."""
    told = read(bead("a" * 5000, "a" * 5000, 1.0))
    assert isinstance(told, Bead)
    assert sifted("a" * 4999 + "b", (Shelf(0, "ready", [told] * 50),)) == []
