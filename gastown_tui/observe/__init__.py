"""How we know: reads only. The one trace of this room in a town is its own hidden session on the control backend."""
