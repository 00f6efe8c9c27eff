"""What tests of followed files share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where a log will be, alone in its folder."""
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder/monitor.jsonl"
