"""What the user set: defaults for the command line's global options. Imported only when there is a file to read."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class ConfigError(Exception):
    """The file cannot be read at all. `remedy` says what helps."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


Calling = Literal["waiting", "held", "dead", "zombie", "missing", "stalled"]
Role = Literal["mayor", "deacon", "boot", "dog", "witness", "refinery", "crew", "polecat"]


class Config(BaseModel):
    """The keys of config.toml; one that is absent leaves the command line's own rule.

    `bell`: the states whose beginning rings. `stalled`: minutes without progress, per role, after which an agent with work
    counts as stalled.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    town: str | None = None
    socket: str | None = None
    monitor_dir: str | None = None
    backend: Literal["auto", "control", "fork"] | None = None
    read_only: bool | None = None
    bell: list[Calling] | None = None
    stalled: dict[Role, Annotated[float, Field(gt=0)]] | None = None


def load(path: Path) -> tuple[Config, tuple[str, ...]]:
    """Returns (the file's settings, a complaint for each key that is unknown or has a bad value; such a key is left out).

    Raises ConfigError where the file cannot be read or is not TOML.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", "check the path, or leave --config out") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}", "mend that line") from None
    return _lenient(document, path)


def _lenient(document: dict[str, Any], path: Path) -> tuple[Config, tuple[str, ...]]:
    try:
        return Config.model_validate(document), ()
    except ValidationError as error:
        wrong = {str(one["loc"][0]): one for one in error.errors()}
    known = ", ".join(Config.model_fields)
    complaints = tuple(
        f"{path}: {key}: " + (f"unknown key (known: {known})" if one["type"] == "extra_forbidden" else one["msg"])
        for key, one in wrong.items()
    )
    return Config.model_validate({key: value for key, value in document.items() if key not in wrong}), complaints
