"""Versions of tmux and what follows from them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gastown_tui.observe.ports import GatewayError
from gastown_tui.observe.tmux.versions import Version, client_version, dangers, refusal, same_side_of_3_6, version


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tmux 3.3a\n", Version(3, 3, "a")),
        ("3.6", Version(3, 6)),
        ("tmux next-3.8", Version(3, 8)),
        ("3.5-rc2", Version(3, 5)),
        ("master", Version(99, 0)),
        ("tmux master", Version(99, 0)),
        ("tmux openbsd-7.4", None),
        ("", None),
    ],
)
def test_reads_a_version(text: str, expected: Version | None) -> None:
    assert version(text) == expected


@pytest.mark.parametrize(
    ("client", "server", "same"),
    [
        ("3.3a", "3.5a", True),
        ("3.6", "3.7c", True),
        ("3.6", "master", True),
        ("3.5a", "3.6b", False),
        ("3.7c", "3.3a", False),
        ("?", "3.6", False),
        ("3.6", "", False),
    ],
)
def test_control_needs_the_same_side_of_3_6(client: str, server: str, same: bool) -> None:
    assert same_side_of_3_6(client, server) is same
    assert (refusal(client, server) is None) is same


def test_a_refusal_names_both_versions() -> None:
    assert (
        refusal("3.7c", "3.3a")
        == "tmux client 3.7c and server 3.3a are on different sides of 3.6: one would hang or crash the other"
    )
    assert refusal("3.1c", "3.1c") == "tmux is older than 3.2 (client 3.1c, server 3.1c)"
    assert refusal("3.3a", "3.3a", "manual") == "tmux server 3.3a would crash on a new session while its window-size is manual"
    assert refusal("3.3a", "3.3a", "latest") is refusal("3.2a", "3.2a", "manual") is refusal("3.7", "3.7", "manual") is None
    assert refusal("", "3.3a") == "the version of tmux is unknown (client ?, server 3.3a)"


@pytest.mark.parametrize(
    ("client", "server", "codes"),
    [
        ("3.6", "3.6b", ["tmux-connecting"]),
        ("3.7", "3.7c", []),
        ("3.4", "3.4", ["tmux-connecting", "tmux-lost-exit"]),
        ("3.3a", "3.3a", ["tmux-dead-paste", "tmux-connecting", "tmux-lost-exit"]),
        ("3.1c", "3.1c", ["tmux-too-old", "tmux-dead-paste", "tmux-connecting", "tmux-lost-exit"]),
        ("3.5a", "3.6b", ["tmux-mixed", "tmux-connecting"]),
        ("3.6", "odd", ["tmux-unknown"]),
    ],
)
def test_each_danger_is_named_with_a_remedy(client: str, server: str, codes: list[str]) -> None:
    found = dangers(client, server)
    assert [danger.code for danger in found] == codes
    assert all(danger.text and danger.remedy for danger in found)


def fake(folder: Path, body: str) -> dict[str, str]:
    program = folder / "tmux"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def test_the_client_is_the_tmux_on_path(tmp_path: Path) -> None:
    client = client_version("tmux", fake(tmp_path, "echo tmux 3.7c"))
    assert client == "3.7c"
    assert refusal(client, "3.3a")


def test_a_client_that_does_not_answer_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GatewayError, match=r"did not end within 0\.2 s"):
        client_version("tmux", fake(tmp_path, "sleep 60"), timeout=0.2)
    with pytest.raises(GatewayError, match="cannot be run") as missing:
        client_version("/nonexistent/tmux", {})
    assert missing.value.remedy == "install tmux 3.2 or later"
