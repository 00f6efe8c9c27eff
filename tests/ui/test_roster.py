"""Which rows there are and in which order."""

from __future__ import annotations

import pytest
import scene

from gastown_tui.ui.roster import Wish, fuzzy, next_calling, problems, rows


def names(wish: Wish) -> list[str]:
    return [row.agent.id if row.agent else row.name for row in rows(scene.TOWN, wish, scene.WALL)]


def test_by_place_groups_stand_under_headings_and_foreign_sessions_at_the_end() -> None:
    listed = names(Wish())
    assert listed[:5] == ["hq", "mayor", "deacon", "beads", "beads/witness"]
    assert listed[-3:] == ["other sessions", "notes", "gt-automonitor"]


def test_a_folded_group_is_one_row_that_can_be_chosen() -> None:
    heading = next(row for row in rows(scene.TOWN, Wish(folded=frozenset({"beads"})), scene.WALL) if row.name == "beads")
    assert (heading.folded, heading.selectable, heading.problems) == (3, True, "1 held")
    assert "beads/witness" not in names(Wish(folded=frozenset({"beads"})))


def test_an_open_heading_cannot_be_chosen() -> None:
    assert [row.selectable for row in rows(scene.TOWN, Wish(), scene.WALL)][:2] == [False, True]


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("attention", ["gastown/crew/jack", "gastown/polecats/nux", "beads/polecats/furiosa"]),
        ("name", ["beads/polecats/furiosa", "beads/polecats/toast", "beads/witness"]),
        ("quiet", ["gastown/crew/max", "beads/polecats/furiosa", "gastown/polecats/capable"]),
    ],
)
def test_other_orders_are_flat(sort: str, first: list[str]) -> None:
    assert names(Wish(sort=sort))[:3] == first


def test_only_problems_leaves_out_what_mends_itself_and_what_is_acknowledged() -> None:
    assert [name for name in names(Wish(only_problems=True)) if "/" in name] == [
        "beads/polecats/furiosa",
        "gastown/crew/jack",
        "gastown/polecats/nux",
    ]


def called(wish: Wish, now: float) -> list[str]:
    """Who is next, from the top and once around."""
    found, after = list[str](), ""
    while (agent := next_calling(scene.TOWN, wish, now, after)) and agent.id not in found:
        found.append(after := agent.id)
    return found


def test_what_should_have_mended_itself_calls() -> None:
    assert called(Wish(), scene.WALL) == ["beads/polecats/furiosa", "gastown/crew/jack", "gastown/polecats/nux"]
    assert called(Wish(), scene.WALL + 175)[3:] == ["wasteland/witness"]


def test_the_folded_call_too() -> None:
    folded = Wish(folded=frozenset({"gastown"}))
    assert called(folded, scene.WALL) == called(Wish(), scene.WALL)
    after = next_calling(scene.TOWN, folded, scene.WALL, "group:gastown")
    assert after is not None
    assert after.id == "gastown/crew/jack"


def test_nobody_is_next_where_nobody_calls() -> None:
    assert next_calling(scene.WELL, Wish(), scene.WALL, "mayor") is None


def test_an_empty_town_has_no_rows() -> None:
    assert rows(scene.TOWN._replace(agents=(), foreign=()), Wish(), scene.WALL) == ()


def test_problems_are_counted_worst_first() -> None:
    assert problems(list(scene.AGENTS), scene.WALL) == "1 dead · 1 asks · 1 held"
    assert problems([*scene.AGENTS, *scene.AGENTS], scene.WALL) == "2 dead · 2 ask · 2 held"


@pytest.mark.parametrize(
    ("query", "found"), [("", True), ("gcj", True), ("JACK", True), ("jack dead", True), ("kcaj", False), ("dead mayor", False)]
)
def test_letters_are_found_in_order(query: str, found: bool) -> None:
    assert fuzzy(query, "gastown/crew/jack dead") == found


def test_a_word_is_in_one_of_the_things_that_are_known_of_an_agent() -> None:
    """`mayor` ends with an r, and `working` follows without an e: what begins in one and ends in another is not meant."""
    found = rows(scene.TOWN, Wish(query="re"), scene.WALL)
    assert "gastown/refinery" in {row.key for row in found}
    assert not {"mayor", "deacon", "gastown/witness"} & {row.key for row in found}
