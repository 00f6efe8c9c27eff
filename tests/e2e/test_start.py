"""What a start pays for."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

from towns import HandTown, environment


def python(code: str, env: Mapping[str, str] = os.environ) -> str:
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True, timeout=30)
    return done.stdout.strip()


def test_garbage_is_left_alone_until_somebody_looks_on_for_long() -> None:
    code = """
import asyncio, gc
from gastown_tui import cli
from gastown_tui.settings import Settings

async def first():
    stream, seen = Settings(town="/nonexistent").stream(), asyncio.Event()
    stream.subscribe(lambda _: seen.set(), lambda _: None)
    print(gc.isenabled())
    looking = asyncio.create_task(stream.run())
    await seen.wait()
    looking.cancel()

for told in (lambda _: 0, lambda _: asyncio.run(first()) or 0):
    cli._obey = told
    print(cli.run(), gc.isenabled(), gc.get_freeze_count() > 0, gc.get_threshold()[0])
"""
    assert python(code).splitlines() == ["0 False False 700", "False", "0 True True 10000"]


def test_a_single_look_loads_nothing_dear(town: HandTown) -> None:
    # `inspect` comes with `dataclasses`, and `shutil` with argparse where that is not told a width.
    dear = ("inspect", "dataclasses", "shutil", "asyncio", "textual", "rich", "pydantic", "msgspec", "argcomplete", "difflib")
    ours = ("config", "town.lines", "town.ribbon", "ui")
    code = f"""
import sys
from gastown_tui import cli
sys.argv[1:] = ["status", "--json"]
code = cli.run()
print(code, [name for name in {(*dear, *(f"gastown_tui.{name}" for name in ours))} if name in sys.modules])
"""
    env = environment(town.tmux, GT_ROOT=str(town.root), GT_TMUX_SOCKET=town.tmux.name)
    assert python(code, env).splitlines()[1:] == ["0 []"]


def test_the_first_picture_waits_for_no_other_screen() -> None:
    ours = "name for name in sys.modules if name.startswith('gastown_tui.ui.screens.')"
    code = f"import sys, gastown_tui.ui.app; print(*sorted(name.rpartition('.')[2] for name in [{ours}]))"
    assert python(code) == "listing nowhere page town"
