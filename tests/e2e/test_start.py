"""What a start pays for."""

from __future__ import annotations

import os
import subprocess
import sys


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], env=dict(os.environ), capture_output=True, text=True, check=True, timeout=30
    )
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


def test_a_single_look_loads_no_event_loop_and_no_screen() -> None:
    heavy = ("asyncio", "textual", "rich", "gastown_tui.town.lines", "gastown_tui.town.ribbon")
    code = f"import sys, gastown_tui.cli, gastown_tui.observe.looking; print([name for name in {heavy} if name in sys.modules])"
    assert python(code) == "[]"


def test_the_first_picture_waits_for_no_other_screen() -> None:
    ours = "name for name in sys.modules if name.startswith('gastown_tui.ui.screens.')"
    code = f"import sys, gastown_tui.ui.app; print(*sorted(name.rpartition('.')[2] for name in [{ours}]))"
    assert python(code) == "listing nowhere page town"
