"""`gastown-tui`, and `python -m gastown_tui`."""

import signal


def main() -> None:
    """Runs the command line and ends with its exit code."""
    # While it is loaded there is nothing to tidy up, and Python would tell of SIGINT with a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from gastown_tui.cli import main

    main()


if __name__ == "__main__":
    main()
