"""Where beads come from: every database of the town, by the best source that answers. Reads only."""
