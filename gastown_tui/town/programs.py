"""The agent programs, and which process of a pane's tree is the agent.

A program is known by what its processes are called: comm, the base names of argv[0] and exe, and for an interpreter the
script that it runs. Seen on Claude Code 2.1, codex 0.169, opencode 1.18, kimi-cli 1.51, kimi-code 2.1, Gemini CLI 0.61,
hermes 0.19 and kilo 7.7.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from .facts import Process, Tree


class Program(NamedTuple):
    """`scripts` are package folders as they stand in a script's path; `noisy` programs write while they are idle.

    `product` tells two programs apart that go by one runtime's name. `headless` are the arguments with which it draws no screen.
    """

    runtime: str
    names: frozenset[str]
    scripts: tuple[str, ...]
    noisy: bool
    product: str
    headless: frozenset[str]


def _program(runtime: str, names: str, *scripts: str, noisy: bool = False, product: str = "", headless: str = "") -> Program:
    return Program(runtime, frozenset(names.split("|")), scripts, noisy, product or runtime, frozenset(headless.split()))


PROGRAMS = (
    _program("claude", "claude|claude.exe", "/@anthropic-ai/claude-code/", "/claude/versions/", headless="-p --print"),
    _program("codex", "codex", "/@openai/codex/", headless="exec e"),
    _program("gemini", "gemini|gemini-cli", "/@google/gemini-cli/", headless="-p --prompt"),
    _program("opencode", "opencode|.opencode", "/opencode-ai/", headless="run serve"),
    _program("kilo", "kilo|.kilo|kilocode", "/@kilocode/cli/", headless="run serve"),
    _program("kimi", "kimi|kimi-cli|Kimi Code", "/kimi-cli/", noisy=True, product="kimi-cli", headless="--print"),
    _program("kimi", "kimi-code", "/@moonshot-ai/", product="kimi-code", headless="-p --prompt"),
    _program("hermes", "hermes"),
    _program("cursor", "cursor-agent", "/cursor-agent/"),
    _program("amp", "amp", "/@sourcegraph/amp/"),
    _program("copilot", "copilot", "/@github/copilot/"),
    _program("pi", "pi", "/@mariozechner/pi-coding-agent/"),
)
_CLAUDE = PROGRAMS[0]
HEADLESS = frozenset[str]().union(*(program.headless for program in PROGRAMS))
SHELLS = frozenset({"bash", "zsh", "sh", "dash", "ash", "fish", "tcsh", "csh", "ksh", "mksh", "pwsh", "powershell", "busybox"})
_INTERPRETER = re.compile(r"^(node|nodejs|bun|deno|python[\d.]*|pypy[\d.]*|ruby|perl)$")
_VERSION = re.compile(r"^\d+\.\d+\.\d+")
_SCRIPT_END = re.compile(r"\.(c|m)?js$|\.py$|\.ts$")


class Found(NamedTuple):
    """What a pane's tree holds: the agent, or the names of what is there instead (`shells`: nothing but shells).

    `program` is what the agent is, where it is known. `declared` are the names by which the session knows its agent.
    """

    agent: Process | None
    runtime: str | None
    present: tuple[str, ...] = ()
    shells: bool = False
    declared: tuple[str, ...] = ()
    program: Program | None = None


def _base(path: str) -> str:
    return path.rsplit("/", 1)[-1]


@lru_cache(maxsize=2048)
def _called(process: Process) -> frozenset[str]:
    """Returns every name a process goes by; a login shell's leading dash is no part of its name."""
    return frozenset({process.comm, _base(process.argv0).removeprefix("-"), _base(process.exe)}) - {""}


def _script(process: Process) -> str | None:
    """Returns the path of the script that an interpreter or a shell runs, or None: a bare one, or neither."""
    names = _called(process)
    if not (names & SHELLS or any(_INTERPRETER.match(name) for name in names)):
        return None
    return process.argv1 if process.argv1 and not process.argv1.startswith("-") else None


def _script_names(script: str | None) -> frozenset[str]:
    """Returns what a script is called, with and without the end that tells its language."""
    base = _base(script or "")
    return frozenset({base, _SCRIPT_END.sub("", base)}) - {""}


def display_name(process: Process) -> str:
    """Returns the one name by which a person knows the process."""
    return process.comm or _base(process.argv0) or _base(process.exe) or f"pid {process.pid}"


def is_shell(process: Process) -> bool:
    return bool(_called(process) & SHELLS)


@lru_cache(maxsize=2048)
def program_of(process: Process) -> Program | None:
    """Returns the known program that a process is, or None."""
    script = _script(process) or ""
    names = _called(process) | _script_names(script)
    for program in PROGRAMS:
        if names & program.names or any(part in script for part in program.scripts):
            return program
    if any(_VERSION.match(name) for name in names) and "/claude/" in f"{process.exe} {process.argv0}":
        return _CLAUDE
    return None


def declared_names(env: Mapping[str, str]) -> tuple[str, ...]:
    """Returns the process names by which a session knows its agent (GT_PROCESS_NAMES, else GT_AGENT); empty if it says none."""
    names = [name.strip() for name in env.get("GT_PROCESS_NAMES", "").split(",") if name.strip()]
    return tuple(names) or ((env["GT_AGENT"],) if env.get("GT_AGENT") else ())


def _is_named(process: Process, names: tuple[str, ...]) -> bool:
    """Whether the names mean this process. An interpreter is meant by its script, unless interpreters are all they name."""
    called, script = _called(process), _script(process)
    special = frozenset(name for name in names if not _INTERPRETER.match(name))
    if special:
        return bool((called | _script_names(script)) & special)
    return script is not None and bool(called & set(names))


def _is_agent(process: Process, env: Mapping[str, str], names: tuple[str, ...]) -> bool:
    program = program_of(process)
    if not names:
        return program is not None
    if _is_named(process, names):
        return True
    return program is not None and (program.runtime in (*names, env.get("GT_AGENT")) or bool(program.names & set(names)))


def find_agent(tree: Tree, env: Mapping[str, str]) -> Found:
    """Returns the agent of a pane's tree, or what is there instead.

    With GT_PROCESS_NAMES or GT_AGENT the agent is a process that they name; without them, a known program's. Ended children
    that nobody has waited for are not there. A process called like the agent comes before an interpreter that runs it.
    """
    names = declared_names(env)
    there = [process for process in tree.processes if process.state not in "ZX"]
    candidates = [process for process in there if _is_agent(process, env, names)]
    agent = min(candidates, key=lambda process: (is_shell(process), _script(process) is not None), default=None)
    if agent is not None:
        program = program_of(agent)
        own = "shell" if _called(agent) & SHELLS & set(names) else env.get("GT_AGENT")
        return Found(agent, program.runtime if program else own, declared=names, program=program)
    others = [process for process in there if not is_shell(process)]
    present = tuple(dict.fromkeys(display_name(process) for process in others or there))
    return Found(None, None, present, shells=bool(there) and not others, declared=names)


def runtime_named(env: Mapping[str, str]) -> str | None:
    """Returns the program a session says it runs, for an agent whose process is gone."""
    for name in (env.get("GT_AGENT"), *declared_names(env)):
        for program in PROGRAMS:
            if name and (name == program.runtime or name in program.names):
                return program.runtime
    agent = env.get("GT_AGENT")
    return "shell" if agent in SHELLS else agent
