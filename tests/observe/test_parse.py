"""What is made of an answer: identity, duplicates, hostile text, and answers that are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.observe.ports import Capture, GatewayError, Look, Pulse
from gastown_tui.observe.tmux import commands, parse
from gastown_tui.town.snapshot import Moment

AT = Moment(1000.0, 10.0)
MARKS = commands.Marks(row="<aa:", field="<aa>")
# As `gt up` of Gas Town 1.2 started them (recorded).
MAX = (
    '"exec env BD_ACTOR=alpha/crew/max BD_BACKUP_ENABLED=false BEADS_AGENT_NAME=alpha/max BEADS_DOLT_AUTO_START=0'
    " BEADS_DOLT_PORT=3307 CLAUDECODE= CLAUDE_CODE_EFFORT_LEVEL=high GIT_AUTHOR_NAME=max GIT_CEILING_DIRECTORIES=/home/op/gt"
    " GT_AGENT=claude GT_CREW=max GT_DOLT_PORT=3307 GT_PROCESS_NAMES=node,claude GT_RIG=alpha GT_ROLE=alpha/crew/max"
    " GT_ROOT=/home/op/gt GT_SESSION=al-crew-max GT_SESSION_ID_ENV=CLAUDE_SESSION_ID NODE_OPTIONS= /home/op/bin/claude"
    ' --dangerously-skip-permissions \\"[GAS TOWN] crew max <- human\\n\\nRun \\\\`gt prime --hook\\\\` GT_ROLE=mayor\\""'
)
REFINERY = (
    '"exec env BD_ACTOR=widget_shop/refinery BD_BACKUP_ENABLED=false CLAUDECODE= GIT_AUTHOR_NAME=widget_shop/refinery'
    " GT_AGENT=codex GT_DOLT_PORT=3307 GT_PROCESS_NAMES=codex GT_RIG=widget_shop GT_ROLE=widget_shop/refinery"
    ' GT_ROOT=/home/op/gt GT_SESSION=Ws-x-refinery NODE_OPTIONS= codex --dangerously-bypass-approvals-and-sandbox"'
)


def row(kind: str = "F", **values: str) -> str:
    names = commands.FULL if kind == "F" else commands.PULSE
    usual = {
        "pane_id": "%1",
        "session_id": "$1",
        "session_name": "al-nux",
        "session_attached": "0",
        "pane_pid": "77",
        "window_activity": "900",
        "session_created": "800",
    }
    return MARKS.row + kind + MARKS.field.join((usual | values).get(name, "") for name in names) + "\n"


def said(*rows: str, version: str = "3.3a", session: str = "$1", env: str = "") -> bytes:
    head = MARKS.row + "H" + MARKS.field.join(("5", "6", version, session)) + "\n" + env
    return (head + "".join(rows) + MARKS.row + "Z\n").encode()


def look(*rows: str, full: bool = True, captures: tuple[Capture, ...] = (), env: str = "") -> Look:
    got = parse.answer(said(*rows, env=env), MARKS)
    assert got is not None
    return parse.look(got, parse.Rows(MARKS), full=full, captures=captures, at=AT)


@pytest.mark.parametrize(
    ("start_command", "expected"),
    [
        (
            MAX,
            {
                "BD_ACTOR": "alpha/crew/max",
                "GT_AGENT": "claude",
                "GT_CREW": "max",
                "GT_PROCESS_NAMES": "node,claude",
                "GT_RIG": "alpha",
                "GT_ROLE": "alpha/crew/max",
                "GT_ROOT": "/home/op/gt",
                "GT_SESSION": "al-crew-max",
            },
        ),
        (
            REFINERY,
            {
                "BD_ACTOR": "widget_shop/refinery",
                "GT_AGENT": "codex",
                "GT_PROCESS_NAMES": "codex",
                "GT_RIG": "widget_shop",
                "GT_ROLE": "widget_shop/refinery",
                "GT_ROOT": "/home/op/gt",
                "GT_SESSION": "Ws-x-refinery",
            },
        ),
        ("", {}),
        ("bash", {}),
        ('"claude GT_ROLE=mayor"', {}),
        ("env GT_ROLE=mayor sleep 300", {"GT_ROLE": "mayor"}),
        ('env "GT_ROOT=/home/a b" claude GT_ROLE=mayor', {"GT_ROOT": "/home/a b"}),
        ("claude GT_ROLE=mayor", {}),
        ('"GT_ROLE=mayor claude"', {"GT_ROLE": "mayor"}),
        (
            '"env GT_ROOT=\'/home/a b\' GT_RIG=\\"x \\\\\\\\ y\\" GT_CREW=a\\\\ b claude"',
            {"GT_ROOT": "/home/a b", "GT_RIG": "x \\ y", "GT_CREW": "a b"},
        ),
        ('"env GT_ROLE=\'never closed claude"', {}),
        ("'", {}),
    ],
)
def test_reads_named_variables_of_a_start_command(start_command: str, expected: dict[str, str]) -> None:
    assert parse.assignments(start_command) == expected


@given(st.text("\"'\\ =\naGT_ROLE%$", max_size=60))
def test_any_start_command_is_survived(text: str) -> None:
    assert set(parse.assignments("env GT_ROLE=" + text)) <= {"GT_ROLE"}


def test_the_start_command_wins_and_what_is_global_says_nothing() -> None:
    env = 'GT_ROOT="/home/op/gt"; export GT_ROOT;\nGT_RIG="alpha"; export GT_RIG;\n'
    seen = look(row(GT_ROOT="/home/op/gt", GT_RIG="beta", GT_ROLE="mayor", pane_start_command="env GT_ROLE=deacon x"), env=env)
    assert seen.panes is not None
    assert seen.panes["%1"].env == {"GT_RIG": "beta", "GT_ROLE": "deacon"}


def test_a_pane_of_several_sessions_is_one() -> None:
    rows = [
        row(session_id="$10", session_name="tenth", session_attached="2", window_index="4"),
        row(session_id="$9", session_name="ninth", session_attached="1", window_index="3"),
        row(session_id="$9", session_name="ninth", session_attached="1", window_index="5"),
    ]
    seen = look(*rows)
    assert seen.panes is not None and list(seen.panes) == ["%1"]
    pane = seen.panes["%1"]
    assert (pane.session_id, pane.session, pane.window_index, pane.sessions) == ("$9", "ninth", 3, ("ninth", "tenth"))
    assert pane.attached == 3


def test_our_own_sessions_are_left_out() -> None:
    rows = parse.Rows(MARKS)

    def seen(*listed: str, full: bool) -> list[str]:
        got = parse.answer(said(*listed), MARKS)
        assert got is not None
        found = parse.look(got, rows, full=full, captures=(), at=AT)
        return list(found.panes or found.pulses or ())

    light = row("P"), row("P", pane_id="%2")
    assert seen(row(session_name="_gttui-4711"), row(pane_id="%2", session_name="x"), full=True) == ["%2"]
    assert seen(*light, full=False) == ["%2"], "a light look names no sessions: it is known from the full one"
    assert seen(row(session_name="of another server"), full=True) == ["%1"]
    assert seen(*light, full=False) == ["%1", "%2"]


def test_reads_a_death() -> None:
    told = ("3//950", "/9/950", "/KILL/950", "/ODD/950", "//")
    seen = look(*(row("P", **{"pane_id": f"%{number}", commands.DEATH: how}) for number, how in enumerate(told)), full=False)
    assert seen.pulses is not None
    deaths = [(pulse.dead, pulse.dead_status, pulse.dead_signal, pulse.dead_time) for pulse in seen.pulses.values()]
    assert deaths == [
        (True, 3, None, 950.0),
        (True, None, 9, 950.0),
        (True, None, 9, 950.0),
        (True, None, None, 950.0),
        (True, None, None, None),
    ]


def test_a_roll_of_whom_tmux_forgot_the_pid_before_it_called_him_dead() -> None:
    rows = (MARKS.row + "R" + MARKS.field.join((pane, "one", pid)) + "\n" for pane, pid in (("%1", "77"), ("%2", "")))
    got = parse.answer(said(*rows, version="3.8"), MARKS)
    assert got is not None and parse.roll(got, MARKS).panes == {"%1": 77, "%2": 0}


@pytest.mark.parametrize("hostile", ["␞", "a\tb", "a\nb", "<aa", "aa>", "<", ":F1>", "\x1f", "\u202e", ""])
def test_text_of_any_kind_stays_in_its_field(hostile: str) -> None:
    seen = look(row(pane_title=hostile, pane_current_path=hostile, session_name=hostile, GT_ROLE=hostile), row(pane_id="%2"))
    assert seen.panes is not None and set(seen.panes) == {"%1", "%2"}
    pane = seen.panes["%1"]
    assert (pane.title, pane.cwd, pane.session, pane.env.get("GT_ROLE", "")) == (hostile,) * 4


def test_the_dollar_of_3_4_is_mended() -> None:
    values = row(pane_title="\\$HOME \\${x} \\$1", pane_start_command='env "GT_ROLE=\\\\$HOME" x')
    for version, title, role in (("3.4", "$HOME ${x} \\$1", "$HOME"), ("3.3a", "\\$HOME \\${x} \\$1", "\\$HOME")):
        got = parse.answer(said(values, version=version), MARKS)
        assert got is not None
        pane = (parse.look(got, parse.Rows(MARKS), full=True, captures=(), at=AT).panes or {})["%1"]
        assert (pane.title, pane.env["GT_ROLE"]) == (title, role)


def test_frames_keep_their_rows() -> None:
    captured = MARKS.row + "C" + MARKS.field.join(("%1", "3", "1", "1", "40")) + "\n\x1b[31mred\x1b[0m\n\n"
    hidden = MARKS.row + "C" + MARKS.field.join(("%2", "3", "1", "0", "0")) + "\nx\n"
    seen = look(row(), captured, hidden, captures=(Capture("%1"), Capture("%2"), Capture("%3")))
    first, second, third = seen.frames["%1"], seen.frames["%2"], seen.frames["%3"]
    assert first is not None and first.rows == ("\x1b[31mred\x1b[0m", "") and first.cursor == (3, 1) and first.history == 40
    assert first.at == AT
    assert second is not None and second.cursor is None
    assert third is None


@pytest.mark.parametrize(
    "stdout",
    [
        b"",
        b"garbage",
        said(row())[:-4],
        said(row()).replace(b"<aa:H", b"<aa:X"),
        b"before" + said(row()),
        said(row()) + b"after",
        said(row())[: said(row()).rindex(b"<aa:Z")],
    ],
)
def test_a_part_of_an_answer_is_no_answer(stdout: bytes) -> None:
    assert parse.answer(stdout, MARKS) is None


@pytest.mark.parametrize(
    "stdout",
    [
        said(),
        said(row().replace("<aa>77", "")),
        said(row(pane_pid="x")),
        said(row(session_id="")),
        said(row(session_created="soon")),
    ],
)
def test_an_answer_that_cannot_be_is_an_error(stdout: bytes) -> None:
    with pytest.raises(GatewayError, match="not understood") as error:
        got = parse.answer(stdout, MARKS)
        assert got is not None
        parse.look(got, parse.Rows(MARKS), full=True, captures=(), at=AT)
    assert not error.value.absent and error.value.remedy


def test_no_sessions_is_an_answer() -> None:
    got = parse.answer(said(session=""), MARKS)
    assert got is not None
    assert parse.look(got, parse.Rows(MARKS), full=True, captures=(), at=AT).panes == {}


def test_variables_are_not_forged_by_a_newline() -> None:
    text = 'A="1\nGT_ROLE=mayor\n"; export A;\nunset DISPLAY;\nB="q\\"\\$\\`\\\\"; export B;\nEMPTY=""; export EMPTY;\n'
    assert parse.variables(text) == {"A": "1\nGT_ROLE=mayor\n", "B": 'q"$`\\', "EMPTY": ""}


BROKE_OFF = "the tmux server broke off: it ended, or it and the tmux on PATH are on different sides of 3.6"


@pytest.mark.parametrize(
    ("stderr", "message", "absent"),
    [
        ("error connecting to /s (No such file or directory)\n", "no tmux server at /s", True),
        ("no server running on /s\n", "no tmux server at /s", True),
        ("error connecting to /s (Connection refused)\n", "no tmux server at /s", True),
        ("error connecting to /s (Permission denied)\n", "the tmux server at /s lets us not in", False),
        ("access not allowed\n", "the tmux server at /s lets us not in", False),
        ("server exited unexpectedly\n", BROKE_OFF, False),
        ("lost server\n", BROKE_OFF, False),
        ("can't find session: $9\n", "there is no such session any more", False),
        ("unknown command: x\n", "tmux gave an answer that is not understood: unknown command: x", False),
        ("", "tmux gave an answer that is not understood: no answer and no error", False),
    ],
)
def test_a_failure_is_named_with_its_remedy(stderr: str, message: str, absent: bool) -> None:
    error = parse.failure(stderr, "/s")
    assert (str(error), error.absent) == (message, absent)
    assert error.remedy


def test_a_light_row_that_says_the_same_is_the_very_same_pulse() -> None:
    rows = parse.Rows(MARKS)

    def pulses(*listed: str) -> dict[str, Pulse]:
        got = parse.answer(said(*listed), MARKS)
        assert got is not None
        return dict(parse.look(got, rows, full=False, captures=(), at=AT).pulses or {})

    first = pulses(row("P"), row("P", pane_id="%2", session_id="$2"))
    again = pulses(row("P"), row("P", pane_id="%2", session_id="$2", pane_title="another"))
    assert again["%1"] is first["%1"]
    assert (again["%2"].title, first["%2"].title) == ("another", "")
    assert pulses(row("P", pane_id="%2", session_id="$2")) == {"%2": first["%2"]}


def test_a_full_row_is_not_kept() -> None:
    rows = parse.Rows(MARKS)
    assert rows.panes([row(pane_start_command="env TOKEN=hush sh").removeprefix(MARKS.row).removesuffix("\n")], {})
    assert "hush" not in repr(vars(rows))


def test_a_command_is_read_once_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(parse, "assignments", lambda command: read.append(command) or {"GT_ROLE": "mayor"})
    rows = parse.Rows(MARKS)

    def listed(*lines: str) -> list[dict[str, str]]:
        got = [row(pane_id=f"%{n}", session_id=f"${n}", pane_start_command=line) for n, line in enumerate(lines)]
        answer = parse.answer(said(*got), MARKS)
        assert answer is not None
        return [dict(pane.env) for pane in rows.panes(answer.rows, answer.environment).values()]

    assert listed("one", "two") == listed("two", "one") == [{"GT_ROLE": "mayor"}] * 2 and sorted(read) == ["one", "two"]
    listed("two")
    assert listed("one", "two") and read[2:] == ["one"], "what no pane runs any more is forgotten"
    assert "one" not in repr(vars(rows)) and "two" not in repr(vars(rows))
