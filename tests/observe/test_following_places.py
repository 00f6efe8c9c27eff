"""Where a followed file may not be: absent, late, a folder, a pipe, behind a link, closed to us, on a full disk."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from followed import Followed, add, run

from gastown_tui.observe.following import LATE_S, TORN_S


def test_a_file_that_was_deleted_and_one_that_comes_late(log: Path) -> None:
    followed = Followed(log, 10)
    assert followed.look() == [] and followed.follower.state == "absent"
    add(log, *run(0, 5))
    assert followed.settle() == run(0, 5)
    assert followed.follower.state == ""
    log.unlink()
    assert followed.look() == [] and followed.follower.state == "absent"
    log.touch()
    assert followed.look() == [] and followed.follower.state == "empty"
    add(log, *run(5, 9))
    assert followed.settle() == run(5, 9)


@pytest.mark.parametrize("gone", [1.0, 3 * LATE_S])
def test_a_file_that_is_put_back_goes_on_where_it_was(log: Path, gone: float) -> None:
    add(log, *run(0, 100))
    followed = Followed(log)
    followed.look()
    aside = log.with_name("aside")
    log.rename(aside)
    followed.look()
    followed.look(gone)
    aside.rename(log)
    add(log, "new")
    assert followed.settle() == ["new"]


def test_a_link_that_is_swapped_to_and_fro(log: Path) -> None:
    one, two = log.with_name("one"), log.with_name("two")
    add(one, *run(0, 20_000))
    add(two, *run(20_000, 40_000))
    log.symlink_to(one)
    followed = Followed(log)
    followed.look()
    for after, target in ((1.0, two), (1.0, one), (3 * LATE_S, two), (3 * LATE_S, one)):
        log.unlink()
        log.symlink_to(target)
        followed.settle()
        followed.look(after)
        add(target, f"more {after} {target.name}")
        followed.look()
    assert len(followed.told) == len(set(followed.told)) == 40_004
    log.unlink()
    log.symlink_to(log)
    followed.look()
    assert followed.follower.state == "Too many levels of symbolic links"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_said_and_never_waited_for(log: Path, make: Callable[[Path], None]) -> None:
    add(log, "one")
    followed = Followed(log)
    followed.look()
    log.unlink()
    make(log)
    assert followed.look() == [] and followed.follower.state == "not a regular file"
    log.rmdir() if log.is_dir() else log.unlink()
    add(log, "one", "two")
    assert followed.settle() == ["two"]


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    followed = Followed(tmp_path / "file/monitor.jsonl")
    assert followed.look() == [] and followed.follower.state == "Not a directory"
    (tmp_path / "file").unlink()
    (tmp_path / "file").mkdir()
    add(tmp_path / "file/monitor.jsonl", "one")
    assert followed.settle() == ["one"]


@pytest.mark.parametrize("closed", ["file", "folder"])
def test_what_may_not_be_read_is_said_and_read_once_it_may(log: Path, closed: str) -> None:
    """In a process of its own, since root may read everything."""
    add(log, "one")
    log.parent.parent.chmod(0o755)
    path = log if closed == "file" else log.parent
    path.chmod(0)
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        _as_nobody(log, theirs)
    theirs.close()
    with ours, ours.makefile("rw") as talk:
        assert talk.readline() == "Permission denied\n"
        path.chmod(0o755)
        talk.write("look again\n")
        talk.flush()
        assert talk.readline() == "['one']\n"
    os.waitpid(child, 0)


def _as_nobody(log: Path, parent: socket.socket) -> None:
    """The child's part: reads as a user who is not root, tells the state, and what came once it was told to look again."""
    try:
        # Others may not enter what is above a test's folder.
        os.chdir(log.parent.parent)
        if os.getuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        followed = Followed(Path(log.parent.name) / log.name)
        followed.look()
        parent.sendall(f"{followed.follower.state}\n".encode())
        parent.recv(100)
        parent.sendall(f"{followed.settle()}\n".encode())
    finally:
        os._exit(0)


def test_a_full_disk_leaves_a_half_line_that_waits(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        log, ballast = disk / "monitor.jsonl", disk / "ballast"
        ballast.write_bytes(b"x" * 32_768)
        followed = Followed(log)
        with pytest.raises(OSError, match="No space left"), log.open("w", buffering=1) as file:
            file.writelines(f"{line}\n" for line in run(0, 10_000))
        whole = followed.settle()
        assert whole == run(0, len(whole)) and whole
        ballast.unlink()
        rest = run(len(whole), len(whole) + 1)[0][len(followed.follower.torn(followed.now + TORN_S)) :]
        add(log, rest, "next")
        assert followed.look() == [run(len(whole), len(whole) + 1)[0], "next"]
        followed.follower.close()
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
