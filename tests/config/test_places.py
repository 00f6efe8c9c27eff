"""In which line a key stands: always right, or not told."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.places import Path, places

TEXT = '''# a comment = 1
town = "~/gt" # not = here
"quoted key" = 'x = 1'

bell = [
  "waiting", # ] not = the end
  "dead",
]
long = """
speed = 3
\\""" still ""no"" end = 5""""
raw = \'\'\'
[table]
\'\'\'
when = 1979-05-27 07:32:00
stalled.polecat = 30
stalled = {no = 1}
'''


def test_every_place_of_a_text_with_traps() -> None:
    text = TEXT.replace("stalled = {no = 1}\n", 'stalled.dog = 5\nempty = []\nin = { a.b = [ { c = 1 }, {} ], "d" = {} }\n') + (
        "[keys]\n  sort = 's'\n[ a . 'b' ]\nx = true\n[[many]]\n[[many]]\ny = 1\n[many.sub]\nz = 2\n[a]\nx = -1e5\n"
    )
    found = places(text, tomllib.loads(text))
    lines = text.split("\n")
    assert {
        path: lines[line - 1].strip() for path, line in found.items() if path[0] in ("town", "quoted key", "long", "raw")
    } == {
        ("town",): 'town = "~/gt" # not = here',
        ("quoted key",): "\"quoted key\" = 'x = 1'",
        ("long",): 'long = """',
        ("raw",): "raw = '''",
    }
    assert found[("bell", 1)] == found[("bell",)] + 2 == 7
    assert [found[("stalled", role)] for role in ("polecat", "dog")] == [found[("when",)] + 1, found[("when",)] + 2]
    inline = lines.index('in = { a.b = [ { c = 1 }, {} ], "d" = {} }') + 1
    assert found[("in", "a", "b", 0, "c")] == found[("in", "d")] == found[("in", "a", "b", 1)] == inline
    assert [found[("many", 0)], found[("many", 1)]] == [lines.index("[[many]]") + 1, lines.index("[[many]]") + 2]
    assert lines[found[("many", 1, "sub", "z")] - 1] == "z = 2"
    assert lines[found[("a", "x")] - 1] == "x = -1e5" and lines[found[("a", "b", "x")] - 1] == "x = true"


@pytest.mark.parametrize("text", ["", "# nothing", "a = 1", "a = 1\r\nb = 2\r\n", "a = 1 # x"])
def test_small_texts(text: str) -> None:
    document = tomllib.loads(text)
    assert list(places(text, document)) == [(key,) for key in document]
    assert [*places(text, document).values()] == [*range(1, len(document) + 1)]


def test_what_does_not_agree_is_not_told() -> None:
    assert places("a = 1\n", {"b": 1}) == {}
    assert places("a = [1, 2]\n", {"a": [1]}) == {}
    assert places("a = ", {"a": 1}) == {}


def test_a_text_as_deep_as_tomllib_reads_is_no_crash() -> None:
    text = "a = " + "[" * 300 + "]" * 300
    assert places(text, tomllib.loads(text)) in ({}, dict.fromkeys(_deep(300), 1))


def _deep(depth: int) -> list[Path]:
    return [("a", *[0] * number) for number in range(depth)]


NAMES = st.sampled_from(["a", "b-1", "c_d", "7", "è", "", "x = 1", "#", "]", '"', "'", "\\", "é\n", "."])
LEAVES = st.sampled_from(
    ["1", "-2.5", "true", '"# = ]"', "'[x] = 3'", '"""\nk = 1\n\\""""""', "'''\n[t]\nk = 2'''", "2001-01-01 01:01:01"]
)
BLANKS = st.sampled_from(["", "\n", "# k = 1 ]\n", "  \n\t\n"])


class Writer:
    """Writes a document in one of the many ways in which TOML may be written, and knows where it put each key."""

    def __init__(self, data: st.DataObject) -> None:
        self.data, self.text, self.truth = data, "", dict[Path, int]()

    def draw(self, what: st.SearchStrategy[str]) -> str:
        return self.data.draw(what)

    def key(self, path: Path) -> None:
        self.truth.setdefault(path, self.text.count("\n") + 1)

    def word(self, name: str) -> str:
        if (
            name
            and all(one.isascii() and (one.isalnum() or one in "-_") for one in name)
            and self.draw(st.sampled_from("nq")) == "n"
        ):
            return name
        if "'" not in name and "\n" not in name and self.draw(st.sampled_from("ls")) == "l":
            return f"'{name}'"
        return '"' + name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'

    def value(self, path: Path, depth: int) -> None:
        kind = self.draw(st.sampled_from(["leaf", "array", "inline"] if depth else ["leaf"]))
        if kind == "leaf":
            self.text += self.draw(LEAVES)
        elif kind == "array":
            self.text += "["
            for number in range(self.data.draw(st.integers(0, 3))):
                self.text += self.draw(BLANKS)
                self.key((*path, number))
                self.value((*path, number), depth - 1)
                self.text += self.draw(BLANKS) + ","
            self.text += self.draw(BLANKS) + "]"
        else:
            self.text += "{ "
            for number, name in enumerate(self.data.draw(st.lists(NAMES, max_size=3, unique=True))):
                self.text += ", " if number else ""
                self.pair(path, name, depth - 1)
            self.text += " }"

    def pair(self, table: Path, name: str, depth: int) -> None:
        path: Path = (*table, name)
        self.key(path)
        self.text += self.word(name)
        if self.draw(st.sampled_from("pd")) == "d":
            deeper = self.draw(NAMES)
            path = (*path, deeper)
            self.truth.setdefault(path, self.truth[path[:-1]])
            self.text += " ." + self.word(deeper)
        self.text += " = "
        self.value(path, depth)

    def table(self, path: Path) -> None:
        for name in self.data.draw(st.lists(NAMES, max_size=3, unique=True)):
            self.text += self.draw(BLANKS)
            self.pair(path, name, 2)
            self.text += self.draw(st.sampled_from(["\n", " # end\n"]))

    def document(self) -> str:
        self.table(())
        for number, name in enumerate(self.data.draw(st.lists(NAMES, max_size=3, unique=True))):
            many = self.draw(st.sampled_from("st")) == "s"
            head = f"tables{number}"
            for count in range(2 if many else 1):
                path: Path = (head, count) if many else (head,)
                self.key((head,))
                self.key(path)
                self.text += f"[[{head}]]\n" if many else f"[ {head} ]\n"
                self.table(path)
                self.key((*path, f"-{name}"))
                self.text += f"[{head} . {self.word('-' + name)}]\n"
                self.table((*path, f"-{name}"))
        return self.text


@given(st.data())
def test_however_it_is_written_each_place_is_the_right_one(data: st.DataObject) -> None:
    writer = Writer(data)
    text = writer.document()
    assert places(text, tomllib.loads(text)) == writer.truth
