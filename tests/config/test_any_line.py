"""What holds for any line: an option means the same wherever it stands and whatever its value, and words keep their order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui import cli
from gastown_tui.options import COMMANDS, MOST_OPTIONS, Parser, read, whole
from gastown_tui.settings import Complaint

Part = list[str]

STRANGE = ("", "-", "-x", "-1", "--json", "--town=x", "---", "- a", "--a b", "a=b", "=", "%s", "@f", "\udcff", "ack")
# A value of two dashes is refused.
VALUE = st.sampled_from(STRANGE) | st.text(max_size=4).filter(lambda text: text != "--")
WORD = VALUE.filter(lambda text: text == "-" or not text.startswith("-"))
NAMES = ("town", "socket", "config", "monitor-dir")


def option(name: str, value: str, *, joined: bool) -> Part:
    return [f"--{name}={value}"] if joined else [f"--{name}", value]


@given(st.data())
def test_an_option_is_the_same_before_and_behind_the_command_and_the_last_of_a_name_counts(data: st.DataObject) -> None:
    told = data.draw(st.lists(st.tuples(st.sampled_from(NAMES), VALUE, st.booleans()), max_size=5))
    words = data.draw(st.lists(WORD, min_size=1, max_size=3))
    reason = data.draw(VALUE)
    parts = [option(name, value, joined=joined) for name, value, joined in told]
    cut = data.draw(st.integers(0, len(parts)))
    ours: list[Part] = [["--reason", reason], ["--json"]]
    behind = data.draw(st.permutations([*([word] for word in words), *ours]))
    run, found = read(sum([*parts[:cut], ["ack"], *behind, *parts[cut:]], Part()))
    assert run is cli.ack
    expected = {name.replace("-", "_"): value for name, value, _ in told}
    targets = [part[0] for part in behind if part not in ours]
    assert found == {**expected, "targets": targets, "reason": reason, "json_wanted": True}


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_the_help_fits_where_it_is_narrow(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All but the line of its use, which nobody could copy in two."""
    monkeypatch.setenv("COLUMNS", "40")
    run, takes = COMMANDS.get(name, (None, ()))
    parser = Parser(name, run.__doc__, takes) if run else whole()
    assert [line for line in parser.format_help().splitlines() if len(line) > 40 and not line.startswith("usage:")] == []


def test_of_options_there_is_an_end_and_of_words_none() -> None:
    words = [f"word {number}" for number in range(10_000)]
    assert read(["ack", *["--json"] * MOST_OPTIONS, *words])[1]["targets"] == words
    with pytest.raises(Complaint, match=f"more than {MOST_OPTIONS} options"):
        read(["ack", *(f"--town={word}" for word in words)])


@given(st.lists(VALUE, min_size=1, max_size=4))
def test_behind_the_end_of_the_options_all_are_words(words: list[str]) -> None:
    assert read(["ack", "--", *words])[1] == {"targets": words, "reason": "", "json_wanted": False}
