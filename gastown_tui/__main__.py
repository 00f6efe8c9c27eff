"""`python -m gastown_tui`."""

from gastown_tui.cli import main

main()
