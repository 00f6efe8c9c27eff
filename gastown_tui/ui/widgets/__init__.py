"""Widgets take data, draw it line by line, and send only the cells that differ."""
