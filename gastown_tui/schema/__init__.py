"""The published JSON Schema of every document, beside this file. `python -m gastown_tui.schema` writes it anew."""
