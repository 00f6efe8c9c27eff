"""What of a line is sent: up to the last cell that differs, whatever pieces the line is made of."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from gastown_tui.ui.widgets.lines import changed_columns

STYLES = (Style(), Style(bold=True), Style(color="red"))
PIECES = st.lists(st.tuples(st.text(alphabet="ab日 ", max_size=4), st.sampled_from(STYLES)), max_size=6)


def cells(strip: Strip) -> list[tuple[str, Style]]:
    return [(char, segment.style) for segment in strip for char in segment.text]  # type: ignore[misc]


@given(PIECES, PIECES, PIECES)
def test_all_that_is_left_out_is_alike(
    one: list[tuple[str, Style]], other: list[tuple[str, Style]], end: list[tuple[str, Style]]
) -> None:
    old, new = (Strip([Segment(*piece) for piece in pieces]) for pieces in ([*one, *end], [*other, *end]))
    if old.cell_length != new.cell_length:
        assert changed_columns(old, new) == max(old.cell_length, new.cell_length)
        return
    before, after = cells(old), cells(new)
    while before and after and before[-1] == after[-1]:
        before.pop()
        after.pop()
    assert changed_columns(old, new) == cell_len("".join(char for char, _ in after))


def test_a_line_that_was_not_there_is_sent_whole() -> None:
    line = Strip([Segment("abc", STYLES[0])])
    assert changed_columns(None, line) == changed_columns(line, None) == 3
    assert changed_columns(line, line) == 0


def columns(text: str) -> list[str]:
    """Returns what a terminal holds in each column: accents of their own stand upon the one before."""
    held: list[str] = []
    for char in text:
        held += [char, ""][: cell_len(char)]
        if not cell_len(char):
            held[-1 if held[-1] else -2] += char
    return held


@given(*[st.text(alphabet="ae日 \u0301\u0302", max_size=3)] * 3)
@example("a", "e", "\u0301")
@example("a", "e", "\u0301日\u0302")
def test_no_accent_is_left_out(one: str, other: str, end: str) -> None:
    old, new = (Strip([Segment(f"x{text}{end}")]).crop_extend(0, 15, Style()) for text in (one, other))
    sent = columns(new.crop(0, changed_columns(old, new)).text)
    assert sent + columns(old.text)[len(sent) :] == columns(new.text)
