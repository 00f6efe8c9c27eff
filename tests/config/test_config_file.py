"""config.toml: what is good is taken, and what is wrong is named with its line and a remedy."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from gastown_tui.config import Config, ConfigError, Kiosk, Rates, Role, Wrong, example, load
from gastown_tui.observe.tmux.source import Rhythm
from gastown_tui.settings import Settings, state_dir
from gastown_tui.town.agents import ROLES
from gastown_tui.town.snapshot import CALLING, State
from gastown_tui.ui.keys import KEYS
from gastown_tui.ui.ways import THEMES

GOOD = """
town = "~/gt"
theme = "light"
bell = []
expect = ["gastown/crew/jack"]
ignore = ["notes-*"]
stalled = {polecat = 30, dog = 2.5}
rates.listing = 2
[keys]
sort = "f2,ctrl+s"
jump = []
filter = ","
[kiosk]
leave_key = "f12"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def wrong(file: Path, text: str) -> list[Wrong]:
    file.write_text(text)
    return [*load(file).wrong]


def test_what_is_good_is_taken(file: Path) -> None:
    file.write_text(GOOD)
    config, complaints, lines = load(file)
    assert not complaints
    assert (config.town, config.theme, config.bell, config.stalled) == ("~/gt", "light", [], {"polecat": 30, "dog": 2.5})
    assert config.keys == {"sort": ["f2", "ctrl+s"], "jump": [], "filter": [","]}
    assert config.kiosk == Kiosk(leave_key="f12") and config.rates == Rates(listing=2)
    assert lines[("rates", "listing")] == GOOD.split("\n").index("rates.listing = 2") + 1


@pytest.mark.parametrize(
    ("text", "key", "line", "why", "remedy"),
    [
        ("\nspeed = 3", "speed", 2, "unknown key", "known: town, socket,"),
        ("belt = []", "belt", 1, "unknown key", "did you mean bell?"),
        ("[rates]\nlistng = 1", "rates.listng", 2, "unknown key", "did you mean listing?"),
        ("[stalled]\npolecat = 1\npolecats = 3", "stalled.polecats", 3, "unknown key", "did you mean polecat?"),
        ("stalled.cat = 3", "stalled.cat", 1, "unknown key", "known: mayor, deacon,"),
        ('theme = "drak"', "theme", 1, "'drak' is wrong: it should be 'dark', 'light'", "did you mean 'dark'?"),
        ('bell = [\n "dead",\n "deaad",\n]', "bell", 3, "'deaad' is wrong: it should be 'waiting'", "did you mean 'dead'?"),
        ('read_only = "yes"', "read_only", 1, "'yes' is wrong: it should be true or false", "left out"),
        ("rates = {listing = 100}", "rates.listing", 1, "100 is wrong: it should be less than or equal to 5", "left out"),
        ("rates = 3", "rates", 1, "3 is wrong: it should be a table", "left out"),
        ("stalled.dog = -1", "stalled.dog", 1, "-1 is wrong: it should be greater than 0", "left out"),
        ("stalled.dog = nan", "stalled.dog", 1, "nan is wrong: it should be a finite number", "left out"),
        ("[keys]\nsort = 3", "keys.sort", 2, "3 is wrong", "left out"),
        ('town = ""', "town", 1, "'' is wrong: it should have at least 1 character", "left out"),
        ("expect = [3]", "expect", 1, "3 is wrong: it should be a text", "left out"),
    ],
)
def test_what_is_wrong_is_named(file: Path, text: str, key: str, line: int, why: str, remedy: str) -> None:
    (told,) = wrong(file, text)
    assert (told.key, told.line) == (key, line)
    assert told.why.startswith(why) and remedy in told.remedy
    assert str(told) == f"{file}:{line}: {key}: {told.why} ({told.remedy})"


def test_only_what_is_wrong_is_left_out(file: Path) -> None:
    told = wrong(file, GOOD.replace("dog = 2.5", 'dog = "x"').replace('"~/gt"', "1") + "seconds = 0\n[more]\nx = 1\n")
    assert [one.key for one in told] == ["town", "stalled.dog", "kiosk.seconds", "more"]
    config = load(file).config
    assert (config.town, config.stalled, config.kiosk) == (None, {"polecat": 30}, Kiosk(leave_key="f12"))


def test_a_list_with_one_bad_item_is_left_out_as_a_whole(file: Path) -> None:
    """Half of a bell would be another bell, and an empty one is silence."""
    wrong(file, 'bell = ["working"]')
    assert load(file).config.bell is None


def test_a_value_with_an_escape_is_inert(file: Path) -> None:
    (told,) = wrong(file, '"sp\\u001b[31meed" = 1')
    assert "\x1b" not in str(told) and "eed" in str(told)


def test_a_byte_order_mark_is_no_text(file: Path) -> None:
    file.write_bytes(b'\xef\xbb\xbftheme = "light"\r\nspeed = 1\r\n')
    config, (told,), _ = load(file)
    assert (config.theme, told.key, told.line) == ("light", "speed", 2)


@pytest.mark.parametrize(
    "text",
    [
        b"town = ",
        b"town = '\xff'",
        b"a = " + b"[" * 5000,
        b"rates.listing = " + b"9" * 5000,
        b".".join([b"a"] * 3000) + b" = 1",
    ],
)
def test_what_is_not_toml_is_no_config(file: Path, text: bytes) -> None:
    file.write_bytes(text)
    with pytest.raises(ConfigError) as error:
        load(file)
    assert error.value.remedy and str(file) in str(error.value)


def test_the_lists_of_words_are_those_of_the_house() -> None:
    assert set(get_args(Role)) == set(ROLES)
    assert get_args(get_args(Config.model_fields["theme"].annotation)[0]) == THEMES
    assert {State(word) for word in re.findall(r"\w+", Config.model_fields["bell"].examples[0])} == CALLING  # type: ignore[index]


def test_the_example_sets_nothing_and_its_every_line_may_be_taken_in(file: Path) -> None:
    text = example({key.name: key.keys for key in KEYS})
    assert tomllib.loads(text) == {}
    assert wrong(file, re.sub(r"(?m)^#(?=\S)", "", text)) == []
    config = load(file).config
    assert [name for name in Config.model_fields if getattr(config, name) is None] == []
    for table in (config.rates, config.kiosk):
        assert table is not None and None not in table.model_dump().values()
    usual = Rhythm()
    assert config.rates == Rates(listing=usual.light, full=usual.full, judged=usual.judged, shown=5)


def test_rates_become_the_rhythm() -> None:
    assert Settings().rhythm() == Rhythm()
    slow = Settings(rates={"listing": 4.0, "full": 2.0, "judged": 8.0}).rhythm()
    assert (slow.light, slow.full, slow.fork_tick, slow.fork_tick_keyed, slow.judged) == (4, 4, 4, 2, 8)
    assert Settings(rates={"shown": 1.0}).ways().rate == 1


def test_the_key_that_leaves_the_kiosk() -> None:
    assert (Settings().leave_key, Settings().kiosk_seconds) == (None, 20)
    assert Settings(kiosk={"leave_key": "F12", "seconds": 5.0}).leave_key == "f12"
    assert Settings(kiosk={"leave_key": "nokey"}).leave_key is None


def test_a_path_of_the_config_file_stays_a_path_and_an_unknown_user_is_no_crash(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('town = "~nobody-of-that-name/gt"\nsocket = "./here"\n')
    settings = Settings(config=str(config))
    settings.read_config()
    assert (settings.town, settings.socket) == ("~nobody-of-that-name/gt", "./here")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_a_home_of_somebody_else_holds_no_config_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    os.seteuid(65534)
    try:
        Settings().read_config()
    finally:
        os.seteuid(0)


def test_a_user_without_a_home_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", nobody)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert not state_dir().exists()
    Settings().read_config()
