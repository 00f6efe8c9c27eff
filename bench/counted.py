"""gastown-tui, telling of every process that it starts: run with the file to write a byte into, then its own arguments."""

import os
import sys

FILE = os.open(sys.argv.pop(1), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
# Python starts a process by these and by nothing else, whoever asks for it.
STARTS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"}


def told(event: str, _arguments: object) -> None:
    if event in STARTS:
        os.write(FILE, b".")


sys.addaudithook(told)

from gastown_tui.cli import main  # noqa: E402 (its imports are to be heard too)

main()
