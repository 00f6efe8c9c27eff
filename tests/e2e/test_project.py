"""What is shipped, what it needs, and what the quick commands must not load."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any, get_args

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bench.table import RESULTS, shortened
from gastown_tui.config import Calling, Role, load
from gastown_tui.config import readme as settings
from gastown_tui.ui.keys import readme

PROJECT = Path(__file__).parents[2]
HEAVY = {"textual", "rich", "libtmux", "pydantic"}
QUICK = (
    ("--version",),
    ("--help",),
    ("status",),
    ("status", "--json"),
    ("show", "mayor"),
    ("doctor", "--json"),
    ("config",),
    ("watch", "--json", "--initial", "--until", "dead", "mayor", "--timeout", "0.2"),
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names in a wheel built from this folder, without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--no-deps", "--no-build-isolation", "--quiet"]
    subprocess.run([*build, "--wheel-dir", str(folder), str(PROJECT)], check=True, timeout=120)
    (made,) = folder.glob("gastown_tui-*.whl")
    return zipfile.ZipFile(made).namelist()


@pytest.mark.parametrize("name", ["py.typed", "ui/app.tcss", "demo/agent.py", "demo/__main__.py", "demo/scenes/claude-idle.ansi"])
def test_the_wheel_carries_what_is_no_module_of_the_console(wheel: list[str], name: str) -> None:
    assert f"gastown_tui/{name}" in wheel


def test_the_wheel_carries_the_package_and_nothing_else(wheel: list[str]) -> None:
    assert {name.split("/")[0].split("-")[0] for name in wheel} == {"gastown_tui"}
    assert any(name.endswith("licenses/LICENSE") for name in wheel)


def test_every_named_requirement_is_locked_within_its_bounds() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    locked = dict(line.split("==") for line in (PROJECT / "constraints.txt").read_text().splitlines())
    versions = {canonicalize_name(name): version for name, version in locked.items()}
    named = [Requirement(text) for text in (*project["dependencies"], *project["optional-dependencies"]["dev"])]
    assert [str(one) for one in named if versions.get(canonicalize_name(one.name), "none") not in one.specifier] == []


def test_the_readme_shows_the_one_table_of_keys() -> None:
    assert readme() in (PROJECT / "README.md").read_text()


def test_the_readme_shows_the_one_table_of_settings() -> None:
    assert settings() in (PROJECT / "README.md").read_text()


def test_the_readme_shows_what_was_measured() -> None:
    assert shortened(RESULTS.read_text()) in (PROJECT / "README.md").read_text()


def test_the_readme_shows_every_picture() -> None:
    shown = re.findall(r"\(screenshots/([^)]+)\)", (PROJECT / "README.md").read_text())
    assert sorted(shown) == sorted(path.name for path in (PROJECT / "screenshots").iterdir())


def test_the_settings_that_the_readme_shows_are_good_ones(tmp_path: Path) -> None:
    shown = (PROJECT / "README.md").read_text().split("```toml\n")[1].split("```")[0]
    file = tmp_path / "config.toml"
    file.write_text(shown)
    config, wrong, _ = load(file)
    assert config.bell and config.stalled and not wrong
    for known in (*get_args(Calling), *get_args(Role)):
        assert known in shown


def test_the_readme_shows_how_recorded_screens_are_read() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.scenes"], cwd=PROJECT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout in (PROJECT / "README.md").read_text()


@pytest.mark.parametrize("words", QUICK, ids=" ".join)
def test_a_quick_command_loads_nothing_heavy(words: tuple[str, ...], tmux: Any) -> None:
    town = tmux.folder / "town"
    (town / "mayor").mkdir(parents=True)
    (town / "mayor/town.json").write_text('{"type": "town", "version": 2, "name": "town"}')
    tmux.new("hq-mayor", env={"GT_ROLE": "mayor", "GT_ROOT": str(town)})
    run = [sys.executable, "-X", "importtime", "-c", "from gastown_tui.cli import main; main()"]
    done = subprocess.run(
        [*run, *words], env={**tmux.env, "GT_ROOT": str(town), "GT_TMUX_SOCKET": tmux.name}, cwd=town,
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 1), done.stdout
    assert "gastown_tui.cli" in loaded
    assert {name.partition(".")[0] for name in loaded} & HEAVY == set()
