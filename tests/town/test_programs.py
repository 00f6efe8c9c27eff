"""Which process of a pane is the agent: on the process trees of recorded screens, and on everything made to deceive."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from together import each

from gastown_tui.town.activity.motion import Motion
from gastown_tui.town.agents import Identity
from gastown_tui.town.facts import Daemon, Pane, Process, Tree
from gastown_tui.town.liveness import Body, judge_present
from gastown_tui.town.programs import declared_names, find_agent, program_of, runtime_named
from gastown_tui.town.snapshot import ALIVE, Moment, State

SCENES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "data/scenes.json").read_text())
CLAUDE = {"GT_AGENT": "claude", "GT_PROCESS_NAMES": "node,claude"}
NOW = Moment(1_800_000_000.0, 1_000.0)
LIVING = ("working", "idle", "waiting", "held", "starting", "stalled", "frozen")


def process(comm: str, *argv: str, exe: str = "", state: str = "S", pid: int = 100, parent: int = 1) -> Process:
    argv0, argv1 = (*(argv or (comm,)), "", "")[:2]
    return Process(pid, parent, comm, argv0, argv1, exe or comm, state)


def tree(*processes: Process, at: Moment = NOW) -> Tree:
    return Tree("%1", processes[0].pid if processes else 100, processes, at)


def scene_tree(scene: dict[str, Any]) -> Tree:
    rows = [Process(100 + n, 100 + parent, *names, state) for n, parent, *names, state in scene["processes"]]
    return tree(*rows)


def judged(found_in: Tree, env: dict[str, str], *, dead: bool = False, since: Moment | None = None) -> State:
    """The state of a pane whose processes were seen so for over a second."""
    pane = Pane("%1", "$1", "al-crew-max", NOW.wall - 900, found_in.root, NOW.wall - 60, dead=dead, env=env)
    found = find_agent(found_in, env)
    without = None if found.agent else since or Moment(NOW.wall - 2, NOW.mono - 2)
    body = Body(pane, Motion(Moment(NOW.wall - 60, NOW.mono - 60), NOW.wall - 60), found_in, found, without)
    return judge_present(Identity("crew", "max", "alpha"), body, Daemon(running=False), None, NOW).state


@each(SCENES, name=lambda scene: str(scene["id"]))
def test_recorded_screens(scene: dict[str, Any]) -> None:
    seen, env = scene_tree(scene), scene["env"]
    found = find_agent(seen, env)
    assert (found.agent is not None) == (scene["state"] in LIVING)
    if found.agent:
        assert found.runtime == scene["runtime"]
        assert (found.agent.state == "T") == (scene["state"] == "frozen")
        # Without a word of the environment the same process is the agent, by what is known of the programs.
        assert find_agent(seen, {}) == find_agent(seen, {**env, "GT_PROCESS_NAMES": "", "GT_AGENT": ""})
        assert find_agent(seen, {}).agent == found.agent
    state = judged(seen, env, dead=scene["dead"])
    if scene["state"] in ("dead", "zombie", "frozen"):
        assert state in scene["acceptable"]
    else:
        assert state in ALIVE


def test_the_recordings_hold_every_kind_of_end() -> None:
    assert {scene["state"] for scene in SCENES} >= {"dead", "zombie", "frozen", "working", "idle"} and len(SCENES) > 150


BASH = process("bash", "bash", "--norc")


@pytest.mark.parametrize(
    ("processes", "env", "comm", "runtime"),
    [
        # By what it is called: comm, argv[0], exe.
        ([process("claude", exe="claude.exe")], CLAUDE, "claude", "claude"),
        ([process("fakeoc")], {"GT_AGENT": "fakeoc", "GT_PROCESS_NAMES": "fakeoc"}, "fakeoc", "fakeoc"),
        ([process("fakeoc")], {"GT_AGENT": "fakeoc"}, "fakeoc", "fakeoc"),
        ([process("python3", "claude", "/opt/agent.py", exe="/usr/bin/python3.11")], CLAUDE, "python3", "claude"),
        ([process("x", "/opt/renamed", exe="/opt/bin/claude")], CLAUDE, "x", "claude"),
        # By its version.
        ([process("2.1.197", "/home/op/.local/share/claude/versions/2.1.197", exe="/v/2.1.197")], CLAUDE, "2.1.197", "claude"),
        ([process("2.1.30", "2.1.30", exe="/home/op/.local/share/claude/versions/2.1.30")], {}, "2.1.30", "claude"),
        # By the script that an interpreter runs.
        ([process("node", "node", "/x/node_modules/@anthropic-ai/claude-code/cli.js")], CLAUDE, "node", "claude"),
        ([process("node", "node", "/x/node_modules/.bin/gemini")], {"GT_PROCESS_NAMES": "gemini,node"}, "node", "gemini"),
        ([process("node", "node", "/x/gemini.mjs")], {"GT_PROCESS_NAMES": "gemini,node"}, "node", "gemini"),
        ([process("node", "node", "/x/own.js")], {"GT_AGENT": "own", "GT_PROCESS_NAMES": "node"}, "node", "own"),
        ([process("python3", "python3", "/x/own.py")], {"GT_AGENT": "own"}, "python3", "own"),
        ([process("bun", "bun", "/x/opencode-ai/bin/opencode.js")], {}, "bun", "opencode"),
        # Wrappers: the program below counts, not the shell and not the interpreter above it.
        ([process("bash", "bash", "-c"), process("claude", pid=101)], CLAUDE, "claude", "claude"),
        ([process("start-agent", "/bin/bash", "/x/start-agent", exe="bash"), process("claude")], CLAUDE, "claude", "claude"),
        ([process("node", "node", "/x/bin/codex"), process("codex", pid=101)], {"GT_AGENT": "codex"}, "codex", "codex"),
        ([process("node", "node", "/x/kilo.js"), process(".kilo", exe="/x/.kilo")], {"GT_AGENT": "kilo"}, ".kilo", "kilo"),
        ([process("hermes", "/x/bin/python3", "/x/bin/hermes", exe="python3.11")], {"GT_AGENT": "hermes"}, "hermes", "hermes"),
        ([process("Kimi Code", exe="python3.13")], {"GT_AGENT": "kimi"}, "Kimi Code", "kimi"),
        # A script called like the agent, run by a shell in any way.
        ([process("claude", "/bin/sh", "/x/claude", exe="/usr/bin/dash")], CLAUDE, "claude", "claude"),
        ([process("claude", "/bin/sh", "/x/claude", exe="/usr/bin/dash")], {}, "claude", "claude"),
        ([process("bash", "bash", "/x/claude", exe="/usr/bin/bash"), process("sleep", pid=101)], CLAUDE, "bash", "claude"),
        ([process("sh", "sh", "./fakeoc.sh")], {"GT_AGENT": "fakeoc.sh"}, "sh", "fakeoc.sh"),
        # A shell is the agent where the environment names one.
        ([process("bash", "-bash")], {"GT_AGENT": "bash"}, "bash", "shell"),
        ([process("zsh")], {"GT_AGENT": "house", "GT_PROCESS_NAMES": "zsh"}, "zsh", "shell"),
        ([process("bash"), process("vim", pid=101)], {"GT_AGENT": "bash"}, "bash", "shell"),
    ],
)
def test_the_agent_is(processes: list[Process], env: dict[str, str], comm: str, runtime: str) -> None:
    found = find_agent(tree(*processes), env)
    assert found.agent is not None
    assert (found.agent.comm, found.runtime) == (comm, runtime)
    assert judged(tree(*processes), env) in ALIVE


@pytest.mark.parametrize(
    ("processes", "env", "state", "named"),
    [
        ([BASH], CLAUDE, State.ZOMBIE, ("bash",)),
        ([process("sh", "-sh", exe="/usr/bin/dash")], {}, State.ZOMBIE, ("sh",)),
        ([process("zsh", exe="/bin/zsh5")], {}, State.ZOMBIE, ("zsh",)),
        ([BASH, process("claude", "", exe="", state="Z", pid=101)], CLAUDE, State.ZOMBIE, ("bash",)),
        ([process("claude-foo", "/bin/bash", "/x/claude-foo", exe="/usr/bin/bash")], CLAUDE, State.ZOMBIE, ("claude-foo",)),
        ([process("claude-foo", "/x/claude-foo")], CLAUDE, State.UNKNOWN, ("claude-foo",)),
        ([process("node", "node", "-e", exe="/usr/bin/node")], CLAUDE, State.UNKNOWN, ("node",)),
        ([BASH, process("node", "node", "-e", pid=101)], CLAUDE, State.UNKNOWN, ("node",)),
        ([process("node", "node", "-e")], {}, State.UNKNOWN, ("node",)),
        ([process("node", "node", "-e")], {"GT_PROCESS_NAMES": "node"}, State.UNKNOWN, ("node",)),
        ([process("node", "node", "/x/server.js")], CLAUDE, State.UNKNOWN, ("node",)),
        ([BASH, process("vim", "vim", "claude", pid=101, exe="vim.basic")], CLAUDE, State.UNKNOWN, ("vim",)),
        ([BASH, process("python3", "python3", "-q", pid=101)], CLAUDE, State.UNKNOWN, ("python3",)),
        ([process("codex")], CLAUDE, State.UNKNOWN, ("codex",)),
        ([process("kimi-code-bg-wo", "kimi-code-bg-worker")], {"GT_AGENT": "kimi"}, State.UNKNOWN, ("kimi-code-bg-wo",)),
        ([BASH, process("ssh", pid=101), process("ssh", pid=102)], {}, State.UNKNOWN, ("ssh",)),
        ([process("claude")], {"GT_AGENT": "bash"}, State.UNKNOWN, ("claude",)),
        ([], CLAUDE, State.UNKNOWN, ()),
    ],
)
def test_no_agent_is(processes: list[Process], env: dict[str, str], state: State, named: tuple[str, ...]) -> None:
    found = find_agent(tree(*processes), env)
    assert (found.agent, found.runtime, found.present) == (None, None, named)
    assert judged(tree(*processes), env) is state


def test_the_names_that_a_session_declares() -> None:
    assert declared_names({"GT_PROCESS_NAMES": " node , Kimi Code,,", "GT_AGENT": "kimi"}) == ("node", "Kimi Code")
    assert declared_names({"GT_PROCESS_NAMES": " , ", "GT_AGENT": "kimi"}) == ("kimi",)
    assert declared_names({}) == ()


@pytest.mark.parametrize(
    ("env", "runtime"),
    [
        (CLAUDE, "claude"),
        ({"GT_PROCESS_NAMES": "node,claude"}, "claude"),
        ({"GT_AGENT": "fakeoc", "GT_PROCESS_NAMES": "fakeoc"}, "fakeoc"),
        ({"GT_AGENT": "house", "GT_PROCESS_NAMES": "codex"}, "codex"),
        ({"GT_AGENT": "zsh"}, "shell"),
        ({}, None),
    ],
)
def test_the_program_of_an_agent_that_is_gone(env: dict[str, str], runtime: str | None) -> None:
    assert runtime_named(env) == runtime


def test_a_process_without_any_name_is_nothing_known() -> None:
    assert program_of(Process(100, 1, "")) is None
    assert find_agent(tree(Process(100, 1, "")), {}).present == ("pid 100",)
