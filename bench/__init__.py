"""What gastown-tui costs and how fast it is, measured on real parts: `python -m bench`."""
