"""Beads: what waits, who works on it, what is stuck. Pure; whoever reads a database brings its lines."""
