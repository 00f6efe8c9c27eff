"""Rows to cells: what is kept, what is carried on, and that nothing that steers a terminal survives."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import Color, ColorType
from rich.text import Text

from gastown_tui.town import cells as cells_module
from gastown_tui.town.cells import FRESH, PLAIN, Attributes, parse_row, parse_rows, plain, trim_blank


def attributes(row: str) -> Attributes:
    """The attributes of the one run of a row."""
    ((_, found),) = parse_row(row)[0]
    return found


@pytest.mark.parametrize(
    ("sgr", "expected"),
    [
        ("", PLAIN),
        ("0", PLAIN),
        ("1;2;3;4;7;9", Attributes(bold=True, dim=True, italic=True, underline=True, reverse=True, strike=True)),
        ("1;31", Attributes(fg=1, bold=True)),
        ("97;103", Attributes(fg=15, bg=11)),
        ("38;5;208", Attributes(fg=208)),
        ("38;5;256", PLAIN),
        ("48;2;1;2;3", Attributes(bg=(1, 2, 3))),
        ("48;2;1;2;300", PLAIN),
        ("38:2::1:2:3", Attributes(fg=(1, 2, 3))),
        ("38:2:1:2:3", Attributes(fg=(1, 2, 3))),
        ("38:5:7", Attributes(fg=7)),
        ("58:2::1:2:3;1", Attributes(bold=True)),
        ("58;5;9;1", Attributes(bold=True)),
        ("4:3", Attributes(underline=True)),
        ("4;4:0", PLAIN),
        ("1;22", PLAIN),
        ("31;41;39;49", PLAIN),
        ("38;5", PLAIN),
        ("38", PLAIN),
        ("5;53;999999", PLAIN),
    ],
)
def test_sgr(sgr: str, expected: Attributes) -> None:
    assert attributes(f"\x1b[{sgr}mx") == expected


def test_the_pen_is_carried_from_row_to_row() -> None:
    first, second, third = parse_rows(["\x1b[31mred", "still red\x1b[m", "\x1b[0mplain"])
    assert first == (("red", Attributes(fg=1)),)
    assert second == (("still red", Attributes(fg=1)),)
    assert third == (("plain", PLAIN),)


def test_an_unchanged_row_is_the_very_same_object() -> None:
    assert parse_row("\x1b[1mbold", FRESH)[0] is parse_row("\x1b[1mbold", FRESH)[0]


def test_line_drawing_is_carried_and_shifted_out() -> None:
    assert [plain(cells) for cells in parse_rows(["\x0elqk", "x x\x0fx"])] == ["┌─┐", "│ │x"]


def test_tabs_count_the_columns_of_wide_characters() -> None:
    assert plain(parse_row("日本\tx")[0]) == "日本    x"
    assert plain(parse_row("12345678\tx")[0]) == "12345678        x"
    assert plain(parse_row("日\ta\x1b[1mb\tx\x1b[0mé\t!")[0]) == "日      ab      xé      !"


def test_the_columns_before_a_tab_are_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counted, columns = [], cells_module._columns
    monkeypatch.setattr(cells_module, "_columns", lambda text: counted.append(len(text)) or columns(text))
    assert len(plain(parse_row("ab\t" * 1000)[0])) == 8000 and sum(counted) == 2000


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\ after", "link after"),
        ("a\x1b]0;owned\x07b", "ab"),
        ("a\x1b]52;c;c2VjcmV0\x07b", "ab"),
        ("a\x1bP1$r0m\x1b\\b", "ab"),
        ("a\x9d0;owned\x9cb", "ab"),
        ("a\x9b2Jb", "ab"),
        ("a\x1b[?1049hb\x1b[?1003hc", "abc"),
        ("a\x1b[2;5Hb\x1bcc\x1b(0d", "abcd"),
        ("a\x1b]0;never ended", "a]0;never ended"),
        ("a\x1b", "a"),
        ("a\x1b[", "a["),
        ("\x1b[8mhidden\x1b[28m shown", "       shown"),
        ("right\u202eto left", "right\ufffdto left"),
    ],
)
def test_nothing_but_text_is_left(row: str, text: str) -> None:
    assert plain(parse_row(row)[0]) == text


def test_trailing_empty_rows_are_the_height_of_the_pane_not_its_content() -> None:
    assert trim_blank(["a", "", "b", "  ", ""]) == ["a", "", "b"]
    assert trim_blank(["", ""]) == []


hostile = st.text(st.sampled_from("\x1b[]()?;:0123456789mHJKPX^_\\\x07\x0e\x0f\t\n\r\x9b\x9c\x9d\x90\u202eaé日 ")) | st.text()


@given(st.lists(hostile, max_size=6))
def test_no_control_and_no_escape_ever_survives(rows: list[str]) -> None:
    for cells in parse_rows(rows):
        for text, _ in cells:
            assert not [char for char in text if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")]
            assert not set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\ufeff")


codes = st.one_of(
    st.sampled_from(["0", "1", "2", "3", "4", "7", "9", "22", "23", "24", "27", "29", "39", "49", "1;31", "0;7;94"]),
    st.integers(30, 37).map(str),
    st.integers(100, 107).map(str),
    st.builds("{};5;{}".format, st.sampled_from([38, 48]), st.integers(0, 255)),
    st.builds("{};2;{};9;250".format, st.sampled_from([38, 48]), st.integers(0, 255)),
)
coloured = st.lists(st.tuples(codes, st.text("ab é日.", min_size=0, max_size=4)), max_size=8)


@given(coloured)
def test_plain_sgr_is_read_as_rich_reads_it(parts: list[tuple[str, str]]) -> None:
    row = "".join(f"\x1b[{sgr}m{text}" for sgr, text in parts)
    ours = [(char, look) for text, look in parse_row(row)[0] for char in text]
    oracle = Text.from_ansi(row)
    theirs = [(char, _attributes(oracle, index)) for index, char in enumerate(oracle.plain)]
    assert ours == theirs


def _attributes(text: Text, index: int) -> Attributes:
    style = next((span.style for span in text.spans if span.start <= index < span.end), "")
    if isinstance(style, str):
        return PLAIN
    flags = {name: bool(getattr(style, name)) for name in ("bold", "dim", "italic", "underline", "reverse", "strike")}
    return Attributes(_colour(style.color), _colour(style.bgcolor), **flags)


def _colour(colour: Color | None) -> int | tuple[int, int, int] | None:
    if colour is None or colour.type is ColorType.DEFAULT:
        return None
    return (*colour.triplet,) if colour.triplet else colour.number
