"""The operator's own keys: one table with other keys in it, and every wish that cannot be granted is told."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest
import scene
from hypothesis import given
from hypothesis import strategies as st
from textual.keys import _character_to_key

from gastown_tui.ui import keys
from gastown_tui.ui.app import Console
from gastown_tui.ui.keymap import FIXED, key_named, name_of, rebound, shown
from gastown_tui.ui.keys import KEYS, Key
from gastown_tui.ui.ways import Ways

NAMES = sorted({key.name for key in KEYS})
SCREENS = ((keys.LIST, keys.PALETTE), *((scope,) for scope in {scope for key in KEYS for scope in key.where} - {keys.PALETTE}))


def keys_of(table: tuple[Key, ...], name: str) -> set[tuple[str, ...]]:
    return {key.keys for key in table if key.name == name}


def test_without_wishes_the_table_is_the_one_table() -> None:
    assert rebound({}) == (KEYS, ())


def test_a_wish_replaces_the_keys_of_an_action() -> None:
    table, told = rebound({"sort": ["ctrl+s", "F2"], "jump": []})
    assert not told
    (sort,) = (key for key in table if key.name == "sort")
    assert (sort.keys, sort.shown) == (("ctrl+s", "f2"), "Ctrl+S F2")
    assert keys_of(table, "jump") == {()}
    assert [one for one, other in zip(table, KEYS, strict=True) if one != other] == [
        key for key in table if key.name in ("sort", "jump")
    ]


def test_keys_change_places_without_a_word() -> None:
    table, told = rebound({"sort": ["f"], "jump": ["s"]})
    assert not told and keys_of(table, "sort") == {("f",)} and keys_of(table, "jump") == {("s",)}


def test_a_key_that_is_taken_is_told_and_taken() -> None:
    table, told = rebound({"sort": ["f"]})
    assert keys_of(table, "sort") == {("f",)} and keys_of(table, "jump") == {()}
    assert [(one.action, one.why) for one in told] == [("sort", "f was the key of jump")]


def test_of_two_wishes_for_one_key_the_first_has_it() -> None:
    table, told = rebound({"sort": ["x"], "zoom": ["x"]})
    assert keys_of(table, "sort") == {("x",)} and keys_of(table, "zoom") == {("z",)}
    assert [(one.action, one.why) for one in told] == [("zoom", "x is given to sort already")]


def test_on_screens_that_never_meet_a_key_may_mean_two_things() -> None:
    table, told = rebound({"sort": ["x"], "copy_facts": ["x"]})
    assert not told and keys_of(table, "sort") == keys_of(table, "copy_facts") == {("x",)}


@pytest.mark.parametrize(
    ("name", "wish", "why", "remedy"),
    [
        ("sorte", ["x"], "no action is called so", "did you mean sort"),
        ("qqqqqqq", ["x"], "no action is called so", "gastown-tui config"),
        ("sort", ["ctrl+"], "'ctrl+' is no key", "ctrl+f"),
        ("sort", ["escpae"], "'escpae' is no key", "did you mean escape"),
        ("sort", ["escape"], "Esc stays what it is", "another key"),
        ("sort", [""], "'' is no key", "ctrl+f"),
    ],
)
def test_what_cannot_be_granted_is_told_and_changes_nothing(name: str, wish: list[str], why: str, remedy: str) -> None:
    table, (told,) = rebound({name: wish})
    assert table == KEYS
    assert told.action == name and told.why == why and remedy in told.remedy


def test_the_ways_out_stay() -> None:
    table, told = rebound({"back": ["x"], "quit_now": []})
    assert not told
    assert keys_of(table, "back") == {("x", "escape")} and keys_of(table, "quit_now") == {("ctrl+c",)}


def test_one_name_is_one_action_wherever_it_stands() -> None:
    actions = defaultdict(set)
    for key in KEYS:
        actions[key.name].add(key.action)
    assert {name: found for name, found in actions.items() if len(found) > 1} == {}


@given(
    st.dictionaries(
        st.sampled_from(NAMES), st.lists(st.sampled_from([*"abxfsq/?", "ctrl+c", "escape", "f3", "nokey"]), max_size=3)
    )
)
def test_whatever_is_wished_for_no_key_has_two_meanings_and_the_ways_out_stay(wishes: dict[str, list[str]]) -> None:
    table, told = rebound(wishes)
    for scopes in SCREENS:
        counted = Counter(name for key in keys.of_screen(*scopes, table=table) for name in key.keys)
        assert [name for name, count in counted.items() if count > 1] == []
    for one, other in zip(table, KEYS, strict=True):
        assert (one.action, one.where, one.help) == (other.action, other.where, other.help)
        assert FIXED & set(other.keys) <= set(one.keys)
        missing = set(map(key_named, wishes.get(one.name, ()))) - set(one.keys)
        assert not missing or any(refusal.action == one.name for refusal in told)


@given(st.characters(min_codepoint=0x21, max_codepoint=0x7E))
def test_a_character_is_called_as_textual_calls_it(character: str) -> None:
    assert name_of(character) == key_named(character) == key_named(name_of(character)) == _character_to_key(character)
    assert shown(name_of(character)) == character


def test_a_key_is_shown_as_the_table_writes_it() -> None:
    for key in KEYS:
        assert key.shown.split() == [shown(name) for name in key.keys][: len(key.shown.split())]


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("Ctrl+F", "ctrl+f"),
        ("ctrl+/", "ctrl+slash"),
        ("+", "plus"),
        ("shift+g", "G"),
        ("shift+tab", "shift+tab"),
        ("G", "G"),
        ("PageDown", "pagedown"),
        ("é", None),
        ("f25", None),
    ],
)
def test_how_a_key_may_be_written(written: str, key: str | None) -> None:
    assert key_named(written) == key


async def pressed(app: Console, *names: str) -> str:
    async with app.run_test(size=(140, 60)) as pilot:
        await pilot.press(*names)
        await app.workers.wait_for_complete()
        await pilot.pause()
        return scene.text(app)


async def test_the_console_answers_to_the_new_key_and_no_longer_to_the_old_one() -> None:
    table, _ = rebound({"problems": ["ctrl+o"], "help": ["h"], "fold": []})
    ways = Ways(keys=table)
    assert "need" in await pressed(scene.console(ways=ways), "ctrl+o")
    assert await pressed(scene.console(ways=ways), "5") == await pressed(scene.console(ways=ways))
    shows = await pressed(scene.console(ways=ways), "h")
    assert "Ctrl+O     what needs you, by its cause" in shows and "(palette)  fold the rig of this row" in shows


async def test_the_footer_shows_the_new_key() -> None:
    table, _ = rebound({"filter": ["ctrl+f"]})
    assert "Ctrl+F filter" in (await pressed(scene.console(ways=Ways(keys=table)))).splitlines()[-1]
