"""What a town is and what follows from the facts. Pure: no I/O, no clock, the standard library alone."""
