"""The operator's own keys: the one table of keys, with other ones where they want them.

Textual's own keymap rebinds Textual's bindings, and the console has none: it hands every key to its table at once, so that
keys of one packet keep their order. A wish is written as there: an action's name, and its keys with a comma between them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from .keys import ANYWHERE, KEYS, LIST, PALETTE, Key

FIXED = frozenset({"escape", "ctrl+c"})
"""The ways out, which stay where they are."""
_RENAMED = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
_NAMED = {
    "escape": "Esc",
    "enter": "Enter",
    "tab": "Tab",
    "space": "Space",
    "backspace": "Backspace",
    "delete": "Del",
    "insert": "Ins",
    "home": "Home",
    "end": "End",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    **{f"f{number}": f"F{number}" for number in range(1, 25)},
}
_HELD = ("ctrl", "alt", "shift", "super")


class Refusal(NamedTuple):
    """A wish that is not, or not wholly, granted: whose, why, and what helps."""

    action: str
    why: str
    remedy: str


def name_of(character: str) -> str:
    """Returns what Textual calls the key of a character."""
    if character.isalnum():
        return character
    name = unicodedata.name(character, character).lower().replace("-", "_").replace(" ", "_")
    return _RENAMED.get(name, name)


_SHOWN = _NAMED | {name_of(chr(code)): chr(code) for code in range(0x21, 0x7F)}


def key_named(written: str) -> str | None:
    """Returns the key in Textual's words (`ctrl+f`, `slash`, `G`), written so or by its character; None if there is none."""
    *held, last = written.split("+") if len(written) > 1 else [written]
    held, last = [one.lower() for one in held], name_of(last) if len(last) == 1 else last.lower()
    if last not in _SHOWN or not all(one in _HELD for one in held) or len(set(held)) < len(held):
        return None
    # A terminal sends a capital letter, and never that Shift was held for it.
    return last.upper() if held == ["shift"] and len(last) == 1 else "+".join([*held, last.lower() if held else last])


def shown(key: str) -> str:
    """Returns how a key is written for a person: `Ctrl+F`, `/`, `G`."""
    *held, last = key.split("+")
    return "+".join([*(one.capitalize() for one in held), _SHOWN[last].upper() if held else _SHOWN[last]])


def rebound(wishes: Mapping[str, Sequence[str]], table: Sequence[Key] = KEYS) -> tuple[tuple[Key, ...], tuple[Refusal, ...]]:
    """Returns (the table with the keys that are wished for, what was refused and why).

    A wish replaces an action's keys, and an empty one leaves it to the palette. A key that another action has on the same
    screen leaves that one, which is told; of two wishes for one key the first has it.
    """
    told: list[Refusal] = []
    granted: dict[str, tuple[str, ...]] = {}
    rows: dict[str, list[Key]] = {}
    for row in table:
        rows.setdefault(row.name, []).append(row)
    for name, wish in wishes.items():
        if name not in rows:
            told.append(Refusal(name, "no action is called so", _nearest(name, rows, "gastown-tui config names them")))
            continue
        keys, refused = _granted(name, wish, rows, granted)
        told += refused
        if keys or not wish:
            granted[name] = keys
    return tuple(_row(row, granted, rows, told) for row in table), tuple(told)


def _granted(
    name: str, wish: Sequence[str], rows: Mapping[str, list[Key]], granted: Mapping[str, tuple[str, ...]]
) -> tuple[tuple[str, ...], list[Refusal]]:
    keys, refused = list[str](), list[Refusal]()
    for written in wish:
        key = key_named(written)
        rival = next((other for other, taken in granted.items() if key in taken and _meet(rows[name], rows[other])), None)
        if key is None:
            refused.append(Refusal(name, f"{written!r} is no key", _nearest(written, _SHOWN, "write it as in ctrl+f, f5 or /")))
        elif key in FIXED and not any(key in row.keys for row in rows[name]):
            refused.append(Refusal(name, f"{shown(key)} stays what it is", "choose another key"))
        elif rival is not None:
            refused.append(Refusal(name, f"{shown(key)} is given to {rival} already", "choose another key for one of them"))
        elif key not in keys:
            keys.append(key)
    return tuple(keys), refused


def _row(row: Key, granted: Mapping[str, tuple[str, ...]], rows: Mapping[str, list[Key]], told: list[Refusal]) -> Key:
    if row.name in granted:
        keys = tuple(dict.fromkeys([*granted[row.name], *(key for key in row.keys if key in FIXED)]))
    else:
        takers = {key: name for name, taken in granted.items() for key in taken if _meet([row], rows[name])}
        keys = tuple(key for key in row.keys if key not in takers)
        told += [
            Refusal(takers[key], f"{shown(key)} was the key of {row.name}", f"give {row.name} another, or [] for none")
            for key in row.keys
            if key in takers
        ]
    return row if keys == row.keys else row._replace(keys=keys, shown=" ".join(map(shown, keys)))


def _meet(one: Iterable[Key], other: Iterable[Key]) -> bool:
    """Whether any two of these work on one screen."""
    here, there = ({scope for row in rows for scope in _scopes(row)} for rows in (one, other))
    return bool(here & there or ANYWHERE in here | there)


def _scopes(row: Key) -> set[str]:
    # The palette is a list too.
    return {*row.where, LIST} if PALETTE in row.where else set(row.where)


def _nearest(word: str, among: Iterable[str], otherwise: str) -> str:
    near = get_close_matches(word.lower(), [*among], n=3)
    return f"did you mean {' or '.join(near)}?" if near else otherwise
