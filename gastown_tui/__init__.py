"""A truthful terminal console for a Gas Town of AI coding agents."""

__version__ = "0.1.0"
