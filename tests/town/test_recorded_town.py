"""A real town, recorded: its listings and its own files, judged agent by agent."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from story import states

from gastown_tui.observe.files import FileReader
from gastown_tui.observe.tmux.commands import VARIABLES
from gastown_tui.observe.tmux.parse import assignments
from gastown_tui.town.facts import Fact, Listing, Pane, Process, TownFiles, Tree
from gastown_tui.town.judging import judge
from gastown_tui.town.known import Known, fold
from gastown_tui.town.snapshot import Moment, Notice, Town, TownRef

RECORDED = Path(__file__).parent.parent / "data/town"
ROOT = "/home/op/gt"
DAEMON, DAEMON_STARTED = 11622, 1795253955.0
HALT = 1795253918.0
POLECATS = {20920: 1795253052.0, 5960: 1795253603.0}


@pytest.fixture(autouse=True)
def _zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pid files and town.log tell local time; the recorded host kept UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def recorded_panes(state: str) -> dict[str, Pane]:
    panes = {}
    for line in (RECORDED / state / "list-panes.tsv").read_text().splitlines():
        row = dict.fromkeys(VARIABLES, "") | dict(field.split("=", 1) for field in line.split("\t"))
        env = {name: row[name] for name in VARIABLES if row[name]} | assignments(row["pane_start_command"])
        panes[row["pane_id"]] = Pane(
            pane_id=row["pane_id"],
            session_id=row["session_id"],
            session=row["session_name"],
            session_created=float(row["session_created"]),
            pid=int(row["pane_pid"]),
            window_activity=float(row["window_activity"]),
            command=row["pane_current_command"],
            env=env,
            title=row["pane_title"],
            cwd=row["pane_current_path"],
            sessions=(row["session_name"],),
        )
    return panes


def recorded_files(state: str, folder: Path, at: Moment, panes: Mapping[str, Pane], runs: Mapping[int, float]) -> TownFiles:
    root = folder / state
    shutil.copytree(RECORDED / state / "files", root)
    for name in (RECORDED / state / "folders.txt").read_text().split():
        (root / name).mkdir(parents=True, exist_ok=True)
    if (root / "daemon/daemon.pid").exists():
        os.utime(root / "daemon/daemon.pid", (DAEMON_STARTED, DAEMON_STARTED))
    return FileReader(root, runs.get).read(at, frozenset(pane.session for pane in panes.values()))


def stand_in(pane: Pane, at: Moment) -> Tree:
    """What ran in every recorded pane: a script whose comm and argv[0] are the agent's name."""
    running = Process(
        pane.pid, 1, pane.command, pane.command, "/home/op/bin/agent.py", "/usr/bin/python3.11", "S", pane.session_created
    )
    return Tree(pane.pane_id, pane.pid, (running,), at)


def look(known: Known, at: float, *facts: Any) -> tuple[Known, Town]:
    moment = Moment(at, at - 1795250000)
    for fact in facts:
        known = fold(known, fact)
    judgement = judge(known, moment)
    return fold(known, judgement), judgement.town


def seen(panes: Mapping[str, Pane], at: float) -> list[Fact]:
    moment = Moment(at, at - 1795250000)
    return [Listing("2201-1795251921", panes, moment), *(stand_in(pane, moment) for pane in panes.values())]


def two_looks(at: float, files: TownFiles, panes: Mapping[str, Pane]) -> Town:
    """The town after a second look a second later, as `status` takes it where one cannot tell."""
    known, _ = look(Known(TownRef(ROOT, "/tmp/tmux-0/gt-9b7d8f", "gt")), at, files, *seen(panes, at))
    return look(known, at + 1.1, *seen(panes, at + 1.1))[1]


def why(town: Town, agent_id: str) -> str:
    agent = town.agent(agent_id)
    assert agent is not None
    return agent.evidence[0].fact


def test_up_again_in_full(tmp_path: Path) -> None:
    """s6: eleven sessions; before that `gt down`, which stops all but polecats, then `gt up`."""
    at, panes = 1795254264.0, recorded_panes("s6_up_again")
    files = recorded_files("s6_up_again", tmp_path, Moment(at, 4264.0), panes, {DAEMON: DAEMON_STARTED})
    assert files.daemon.running and files.halt is not None and files.halt.at == HALT and files.errors == ()
    town = two_looks(at, files, panes)
    assert states(town) == {
        "mayor": "idle",
        "deacon": "idle",
        "boot": "idle",
        "alpha/witness": "idle",
        "alpha/refinery": "idle",
        # His pid file is from before the halt, which names crew; his folder stands.
        "alpha/crew/joe": "frozen",
        # Busy: it writes every second, and its title shows a spinner.
        "alpha/crew/max": "working",
        "alpha/polecats/furiosa": "idle",
        # From before the halt, which stops no polecat; its process is gone and no stop is on record.
        "alpha/polecats/nux": "dead",
        # A minute old, and quiet for longer than work lasts and shorter than idleness begins.
        "alpha/polecats/slit": "starting",
        "widget_shop/witness": "idle",
        "widget_shop/refinery": "idle",
        "widget_shop/crew/Zed_1": "idle",
    }
    assert [agent.id for agent in town.agents if agent.session_id] == [one.id for one in town.agents if one.alive]
    assert {agent.id for agent in town.agents if agent.needs_you(at + 1.1)} == {"alpha/polecats/nux"}
    assert (town.foreign, town.notices, town.epoch) == ((), (), "2201-1795251921")
    joe, nux = town.agent("alpha/crew/joe"), town.agent("alpha/polecats/nux")
    assert joe and nux
    assert (why(town, joe.id), joe.since, joe.session) == ("stopped on record (gt down)", HALT, "al-crew-joe")
    assert (why(town, nux.id), nux.since, nux.expects) == ("its session is gone, and no stop is on record", None, None)
    assert nux.evidence[1].fact == "al-nux.pid says it started as process 5960"
    runtimes = {agent.id: agent.runtime for agent in town.agents if agent.session_id}
    assert runtimes.pop("widget_shop/crew/Zed_1") == "fakeoc"
    assert {name for name, runtime in runtimes.items() if runtime == "codex"} == {"alpha/refinery", "widget_shop/refinery"}
    assert set(runtimes.values()) == {"claude", "codex"}
    beats = {agent.id: agent.heartbeat_at for agent in town.agents if agent.heartbeat_at}
    assert beats["deacon"] == pytest.approx(1795254033.305) and set(beats) == {
        "deacon",
        "alpha/crew/max",
        "alpha/polecats/furiosa",
        "alpha/polecats/slit",
    }


def test_a_crew_member_whose_folder_is_gone_is_not_expected_and_with_it_was_stopped_by_the_halt(tmp_path: Path) -> None:
    """`alpha/crew/nobody` left a pid file and a heartbeat; `gt crew list` of that moment does not know it any more."""
    at, panes = 1795254264.0, recorded_panes("s6_up_again")
    files = recorded_files("s6_up_again", tmp_path, Moment(at, 4264.0), panes, {DAEMON: DAEMON_STARTED})
    assert "al-crew-nobody" in files.pids and two_looks(at, files, panes).agent("alpha/crew/nobody") is None
    (tmp_path / "s6_up_again/alpha/crew/nobody").mkdir()
    again = FileReader(tmp_path / "s6_up_again", {DAEMON: DAEMON_STARTED}.get).read(Moment(at, 4264.0))
    nobody = two_looks(at, again, panes).agent("alpha/crew/nobody")
    assert nobody and (nobody.state, nobody.since) == ("frozen", HALT)


@pytest.mark.parametrize("polecats_run", [False, True])
def test_after_down_from_its_files_alone(tmp_path: Path, polecats_run: bool) -> None:
    """s5: a server without sessions. What the halt stopped is frozen; polecats it leaves alone."""
    at = HALT + 7
    files = recorded_files("s5_after_down", tmp_path, Moment(at, 3925.0), {}, POLECATS if polecats_run else {})
    town = two_looks(at, files, {})
    stopped = ["deacon", "alpha/witness", "alpha/refinery", "alpha/crew/joe", "alpha/crew/max"]
    stopped += ["widget_shop/witness", "widget_shop/refinery", "widget_shop/crew/Zed_1"]
    left = "unknown" if polecats_run else "dead"
    assert states(town) == dict.fromkeys(stopped, "frozen") | {f"alpha/polecats/{name}": left for name in ("furiosa", "nux")}
    assert {why(town, name) for name in stopped} == {"stopped on record (gt down)"}
    assert {agent.since for agent in town.agents if agent.state == "frozen"} == {HALT}
    runs = "process 20920 of its pid file runs, but no session of this server holds it"
    assert why(town, "alpha/polecats/furiosa") == (runs if polecats_run else "its session is gone, and no stop is on record")
    assert town.notices == (Notice("down", "down since 09:38:38, by gt down", "gt up starts the town again", HALT),)


def test_a_pid_that_another_process_got_is_not_the_agent(tmp_path: Path) -> None:
    """Pids are used again: the start on file must be that of the process."""
    files = recorded_files(
        "s5_after_down", tmp_path, Moment(HALT, 3918.0), {}, {20920: POLECATS[20920] + 60, 5960: POLECATS[5960] + 1}
    )
    assert (files.pids["al-furiosa"].alive, files.pids["al-nux"].alive) == (False, True)


def test_what_runs_on_after_down_is_named(tmp_path: Path) -> None:
    panes = {one.pane_id: one for one in recorded_panes("s3_seeded").values() if one.session == "al-nux"}
    files = recorded_files("s5_after_down", tmp_path, Moment(HALT + 7, 3925.0), panes, {})
    (notice,) = two_looks(HALT + 7, files, panes).notices
    assert notice.text == "down since 09:38:38, by gt down; 1 polecat still runs"


@pytest.mark.parametrize(
    ("state", "at", "expected"),
    [
        (
            "s1_no_daemon",
            1795251983.0,
            {
                "mayor": "idle",
                "deacon": "idle",
                "alpha/witness": "starting",
                "alpha/refinery": "idle",
                "alpha/crew/max": "idle",
                "alpha/polecats/furiosa": "working",
                # A registered rig that nothing says to be parked; its witness was never started.
                "widget_shop/witness": "missing",
                "widget_shop/crew/Zed_1": "idle",
            },
        ),
        (
            "s2_full_daemon",
            1795252229.0,
            {
                "mayor": "idle",
                "deacon": "idle",
                "boot": "idle",
                "alpha/witness": "idle",
                "alpha/refinery": "idle",
                "alpha/crew/joe": "starting",
                "alpha/crew/max": "starting",
                "alpha/polecats/furiosa": "working",
                "widget_shop/witness": "idle",
                "widget_shop/refinery": "idle",
                "widget_shop/crew/Zed_1": "starting",
            },
        ),
        (
            # Crew max and polecat furiosa were killed: without their pid files nothing says that they should be here.
            "s3_seeded",
            1795252897.0,
            {
                "mayor": "idle",
                "deacon": "idle",
                "boot": "idle",
                "alpha/witness": "idle",
                "alpha/refinery": "idle",
                "alpha/crew/joe": "working",
                "alpha/polecats/nux": "idle",
                "widget_shop/witness": "idle",
                "widget_shop/refinery": "idle",
                "widget_shop/crew/Zed_1": "idle",
            },
        ),
    ],
)
def test_listings_with_nothing_but_the_registry(tmp_path: Path, state: str, at: float, expected: dict[str, str]) -> None:
    shutil.copytree(RECORDED / "s6_up_again/files/mayor", tmp_path / "mayor")
    panes = recorded_panes(state)
    files = FileReader(tmp_path, {}.get).read(Moment(at, at - 1795250000), frozenset(one.session for one in panes.values()))
    town = two_looks(at, files, panes)
    assert states(town) == expected
    assert town.foreign == () and all(agent.needs_you(at) == (agent.state == "missing") for agent in town.agents)
