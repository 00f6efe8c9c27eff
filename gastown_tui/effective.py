"""The settings that are in force, each with where it came from: what `gastown-tui config` prints."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gastown_tui.settings import Settings
from gastown_tui.town.text import safe

_NAMED_BY = {"town": ("GT_TOWN_ROOT", "GT_ROOT"), "socket": ("GT_TMUX_SOCKET",)}
_USUAL = {"town": None, "socket": None, "monitor_dir": None, "backend": "auto", "read_only": False}


class Entry(NamedTuple):
    """`value` is None where it is found by looking. `where`: the option, variable, or file and line that says so."""

    key: str
    value: Any
    origin: str = "default"
    where: str | None = None


def document(settings: Settings, environ: Mapping[str, str]) -> dict[str, Any]:
    """Returns the document of `config --json`."""
    complaints = [{"key": one.key, "line": one.line, "why": one.why, "remedy": one.remedy} for one in settings.wrong]
    return {
        "schema": 1,
        "file": {"path": str(settings.file), "found": settings.lines is not None},
        "settings": [entry._asdict() for entry in _entries(settings, environ)],
        "complaints": complaints,
    }


def table(document: Mapping[str, Any]) -> list[str]:
    """Returns the same for a person, as inert text; what is wrong was told already."""
    entries, file = document["settings"], document["file"]
    rows = [(entry["key"], _origin(entry, file["path"]), _written(entry["value"])) for entry in entries]
    key, origin = (max(len(row[column]) for row in rows) for column in (0, 1))
    told = [file["path"] + ("" if file["found"] else " (not there)")]
    # A value may be of any length: it comes last.
    told += [f"  {name:{key}}  {whence:{origin}}  {value}" for name, whence, value in rows]
    return [safe(line) for line in told]


def _origin(entry: Mapping[str, Any], path: str) -> str:
    """Returns who says so: of the file, which is named above, the line."""
    where = entry["where"] or entry["origin"]
    return f"line {where.removeprefix(path + ':')}" if entry["origin"] == "file" and where != path else str(where)


def _written(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:g}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def _entries(settings: Settings, environ: Mapping[str, str]) -> Iterator[Entry]:
    for key, usual in _USUAL.items():
        yield _option(settings, environ, key, usual)
    yield _theme(settings, environ)
    yield from _judging(settings)
    yield from _rates(settings)
    yield from _keyboard(settings)
    kiosk = {"seconds": settings.kiosk_seconds, "leave_key": settings.leave_key}
    yield from _members(settings, "kiosk", kiosk, settings.kiosk or {})


def _option(settings: Settings, environ: Mapping[str, str], key: str, usual: object) -> Entry:
    value = getattr(settings, key)
    if value is not None:
        return (
            Entry(key, value, "command line", f"--{key.replace('_', '-')}")
            if key in settings.given
            else _of(settings, value, key)
        )
    variable = next((name for name in _NAMED_BY.get(key, ()) if environ.get(name)), None)
    return Entry(key, environ[variable], "environment", variable) if variable else Entry(key, usual)


def _of(settings: Settings, value: object, *path: str) -> Entry:
    """Returns an entry that the file set."""
    line = settings.line(*path)
    return Entry(".".join(path), value, "file", str(settings.file) if line is None else f"{settings.file}:{line}")


def _theme(settings: Settings, environ: Mapping[str, str]) -> Entry:
    from gastown_tui.ui.ways import THEMES, theme_named

    if "NO_COLOR" in environ:
        return Entry("theme", "none", "environment", "NO_COLOR")
    if named := theme_named(environ):
        return Entry("theme", named, "environment", "TEXTUAL_THEME")
    return Entry("theme", THEMES[0]) if settings.theme is None else _of(settings, settings.theme, "theme")


def _judging(settings: Settings) -> Iterator[Entry]:
    from gastown_tui.town.activity.judging import MOST_PATIENCE_S, PATIENCE_S
    from gastown_tui.town.agents import ROLES
    from gastown_tui.town.snapshot import CALLING

    for key, usual in (("bell", sorted(map(str, CALLING))), ("expect", []), ("ignore", [])):
        value = getattr(settings, key)
        yield Entry(key, usual) if value is None else _of(settings, value, key)
    patience = {role: PATIENCE_S.get(role, MOST_PATIENCE_S) / 60 for role in ROLES}
    yield from _members(settings, "stalled", patience | (settings.stalled or {}), settings.stalled or {})


def _rates(settings: Settings) -> Iterator[Entry]:
    rhythm = settings.rhythm()
    rates = {"listing": rhythm.light, "full": rhythm.full, "judged": rhythm.judged, "shown": settings.ways().rate}
    yield from _members(settings, "rates", rates, settings.rates or {})


def _keyboard(settings: Settings) -> Iterator[Entry]:
    from gastown_tui.ui.keys import KEYS

    usual = {key.name: [*key.keys] for key in KEYS}
    now = {key.name: [*key.keys] for key in settings.ways().keys}
    for name, keys in now.items():
        entry = Entry(f"keys.{name}", keys)
        if keys != usual[name]:
            # What lost its key names the line that took it.
            said = (one for one in (name, *now) if settings.line("keys", one) and (one == name or {*now[one]} & {*usual[name]}))
            entry = _of(settings, keys, "keys", next(said, name))._replace(key=entry.key)
        yield entry


def _members(settings: Settings, key: str, values: Mapping[str, object], changed: Iterable[str]) -> Iterator[Entry]:
    changed = frozenset(changed)
    for name, value in values.items():
        yield _of(settings, value, key, name) if name in changed else Entry(f"{key}.{name}", value)


def example() -> str:
    """Returns a config file that sets nothing and shows everything."""
    from gastown_tui.config import example
    from gastown_tui.ui.keys import KEYS

    keys: dict[str, Sequence[str]] = {key.name: key.keys for key in KEYS}
    return example(keys)
