"""What the user set in config.toml. Imported only when there is a file to read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence, Set
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from gastown_tui import places
from gastown_tui.town.text import safe

MOST_BYTES = 1 << 20
NEAR = 0.7
"""How much alike a word must be to what was meant: a cat is no polecat, a drak is dark."""


class ConfigError(Exception):
    """The file cannot be read at all. `remedy` says what helps."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


class Wrong(NamedTuple):
    """A key of the file that is left out, and why. `line` is None where it is not known."""

    file: str
    line: int | None
    key: str
    why: str
    remedy: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return safe(f"{where}: {self.key}: {self.why} ({self.remedy})")


def _keys(wish: object) -> object:
    """Returns the keys of `ctrl+s,f2` apart, as in Textual's own keymaps; a comma alone is the key of that name."""
    if isinstance(wish, str) and len(wish) > 1:
        return [key.strip() for key in wish.split(",") if key.strip()]
    return [wish] if isinstance(wish, str) and wish else wish or []


Calling = Literal["waiting", "held", "dead", "zombie", "missing", "stalled"]
Role = Literal["mayor", "deacon", "boot", "dog", "witness", "refinery", "crew", "polecat"]
Text = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Rates(_Strict):
    """How often the town is looked at. The bounds spare tmux, and keep the console from being blinder than its words."""

    listing: float | None = Field(None, ge=0.2, le=5, description="seconds between looks at who is there", examples=["1"])
    full: float | None = Field(None, ge=2, le=60, description="seconds between looks at everything about them", examples=["10"])
    judged: float | None = Field(None, ge=0.5, le=30, description="seconds until a moving screen is read again", examples=["2"])
    shown: float | None = Field(None, ge=0.2, le=20, description="pictures a second of the pane you look at", examples=["5"])


class Kiosk(_Strict):
    seconds: float | None = Field(None, ge=2, le=3600, description="how long each of its screens stays", examples=["20"])
    leave_key: Text | None = Field(None, description="a key that ends it, beside Ctrl+\\", examples=['"f12"'])


_TABLES: dict[str, type[_Strict]] = {"rates": Rates, "kiosk": Kiosk}


class Config(_Strict):
    """The keys of config.toml; one that is absent leaves the command line's own rule."""

    town: Text | None = Field(None, description="the town's root, as --town", examples=['"~/gt"'])
    socket: Text | None = Field(None, description="its tmux socket, as --socket", examples=['"gt-a1b2c3"'])
    monitor_dir: Text | None = Field(
        None, description="the automonitor's folder, as --monitor-dir", examples=['"~/gt/settings/automonitor"']
    )
    backend: Literal["auto", "control", "fork"] | None = Field(None, description="how tmux is asked", examples=['"auto"'])
    read_only: bool | None = Field(None, description="nothing that changes a town", examples=["false"])
    theme: Literal["dark", "light", "contrast", "terminal"] | None = Field(
        None, description="dark, light, contrast, or the terminal's own colours", examples=['"dark"']
    )
    bell: list[Calling] | None = Field(
        None,
        description="what rings when it begins; [] for silence",
        examples=['["waiting", "held", "stalled", "dead", "zombie", "missing"]'],
    )
    expect: list[Text] | None = Field(
        None, description="agents or sessions that must be there: dead or missing when they are not", examples=["[]"]
    )
    ignore: list[Text] | None = Field(
        None, description="agents or sessions (with * ?) that are listed as foreign and never judged", examples=["[]"]
    )
    stalled: dict[Role, Annotated[float, Field(gt=0)]] | None = Field(
        None, description="minutes without progress, by role", examples=["{polecat = 15, dog = 10, crew = 30}"]
    )
    rates: Rates | None = Field(None, description="how often the town is looked at")
    keys: dict[str, Annotated[list[str], BeforeValidator(_keys)]] | None = Field(
        None, description="other keys for an action: its name in the footer, and Textual's names of keys; [] for none"
    )
    kiosk: Kiosk | None = Field(None, description="the screen on the wall")


class Read(NamedTuple):
    """A file's settings, the keys that were left out, and path -> line of every key, where that is known."""

    config: Config
    wrong: tuple[Wrong, ...]
    lines: Mapping[places.Path, int]


def load(path: Path) -> Read:
    """Returns what the file says; whatever is unknown or has a bad value is left out and told.

    Raises ConfigError where the file cannot be read or is not TOML.
    """
    try:
        text = _text(path)
        document = tomllib.loads(text)
        lines = places.places(text, document)
        config, errors = _lenient(document)
        wrong = [_wrong(path, lines, at, error) for at, error in errors.items()]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", "check the path, or leave --config out") from None
    # Beside what is no TOML: a number of 5,000 digits, and keys as deep as that.
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not TOML: {error}", "mend that line") from None
    return Read(config, tuple(sorted(wrong, key=lambda one: one.line or 0)), lines)


def _text(path: Path) -> str:
    """Returns the file's text; of a pipe nothing is ever waited for. Raises OSError."""
    if path.exists() and not path.is_file():
        raise OSError("not a regular file")
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise OSError(f"larger than {MOST_BYTES >> 20} MiB")
    return data.decode("utf-8-sig").replace("\r\n", "\n")


def _lenient(document: dict[str, Any]) -> tuple[Config, dict[places.Path, Any]]:
    """Returns the settings without those that are bad, and the first error at the path of each of these."""
    told: dict[places.Path, Any] = {}
    while True:
        try:
            return Config.model_validate(document), told
        except ValidationError as error:
            bad = {_entry(document, one["loc"]): one for one in reversed(error.errors())}
        told |= bad
        document = _without(document, bad.keys())


def _entry(document: object, loc: Iterable[str | int]) -> places.Path:
    """Returns the path of the key with which an error is left out: of a list with one bad item, all."""
    path: places.Path = ()
    for part in loc:
        if not isinstance(document, Mapping) or part not in document:
            break
        document, path = document[part], (*path, part)
    return path


def _without(table: dict[str, Any], bad: Set[places.Path], at: places.Path = ()) -> dict[str, Any]:
    kept = {key: value for key, value in table.items() if (*at, key) not in bad}
    return {key: _without(value, bad, (*at, key)) if isinstance(value, dict) else value for key, value in kept.items()}


def _wrong(file: Path, lines: Mapping[places.Path, int], path: places.Path, error: Any) -> Wrong:
    at: places.Path = next((one for one in (tuple(error["loc"]), path) if one in lines), ())
    word = str(path[-1])
    if error["type"] == "extra_forbidden" or error["loc"][-1] == "[key]":
        known = _known(path[:-1])
        near = get_close_matches(word, known, n=1, cutoff=NEAR)
        why, remedy = "unknown key", f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
    else:
        value = error["input"]
        allowed = str(error.get("ctx", {}).get("expected", "")).replace("'", " ").split()
        near = get_close_matches(str(value), allowed, n=1, cutoff=NEAR)
        should = _SHOULD.get(error["type"]) or re.sub(r"^[A-Z][a-z]+ should", "it should", error["msg"])
        why = f"{value!r:.60} is wrong: {should}"
        remedy = f"did you mean {near[0]!r}?" if near else "it is left out; mend it"
    return Wrong(str(file), lines.get(at), ".".join(map(str, path)), why, remedy)


_SHOULD = {
    "string_type": "it should be a text",
    "bool_type": "it should be true or false",
    "list_type": "it should be a list",
    "dict_type": "it should be a table",
    "model_type": "it should be a table",
}


def _known(table: places.Path) -> list[str]:
    """Returns the keys that a table of the file may have."""
    if table == ("stalled",):
        return [*get_args(Role)]
    return [*(_TABLES[str(table[0])] if table else Config).model_fields]


def readme() -> str:
    """Returns the README's table of every key."""
    fields: dict[str, FieldInfo] = {}
    for name, field in Config.model_fields.items():
        inner = _TABLES[name].model_fields if name in _TABLES else {}
        fields |= {f"{name}.{key}": one for key, one in inner.items()} or {name: field}
    rows = [
        (f"`{name}`", f"`{field.examples[0]}`" if field.examples else "", field.description) for name, field in fields.items()
    ]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in [("key", "as in", "what it sets"), ("---",) * 3, *rows])


def example(keys: Mapping[str, Sequence[str]]) -> str:
    """Returns a file that sets nothing: every key, commented out, with what may stand there. `keys`: action -> its keys."""
    lines = ["# Take away the # before what you want otherwise."]
    for name, field in Config.model_fields.items():
        lines += ["", f"# {field.description}"]
        if field.examples:
            lines.append(f"#{name} = {field.examples[0]}")
        elif name in _TABLES:
            inner = _TABLES[name].model_fields.items()
            lines += [f"#{name}.{key} = {one.examples[0]}  # {one.description}" for key, one in inner if one.examples]
        else:
            lines += [f"#{name}.{action} = {[*wish]}" for action, wish in keys.items()]
    return "\n".join(lines)
