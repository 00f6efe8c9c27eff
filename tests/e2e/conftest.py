"""What tests of the installed command share: a town, and the command on it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest
from servers import Tmux
from towns import HandTown, gttui


@pytest.fixture
def town(tmux: Tmux) -> HandTown:
    """A registered town with a mayor."""
    made = HandTown(tmux)
    made.start("hq-mayor", "mayor")
    return made


@pytest.fixture
def run(town: HandTown) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command on the town, named by the environment."""

    def runner(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
        return gttui(town.tmux, *words, **{"GT_ROOT": str(town.root), "GT_TMUX_SOCKET": town.tmux.name, **env})

    return runner
