"""What tests of screens share: goldens, and nothing of the environment in the picture."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER = Path(__file__).with_name("golden")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "TEXTUAL_THEME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compares text with the file of that name; UPDATE_GOLDEN=1 accepts what differs."""

    def compare(name: str, text: str) -> None:
        path = FOLDER / f"{name}.txt"
        if os.environ.get("UPDATE_GOLDEN"):
            path.write_text(text, "utf-8")
        assert path.exists(), f"{path} is missing; UPDATE_GOLDEN=1 makes it"
        assert text == path.read_text("utf-8")

    return compare
