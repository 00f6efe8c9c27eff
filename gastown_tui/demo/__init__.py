"""A town in a box: a small Gas Town of real tmux sessions, run by a process of its own."""
