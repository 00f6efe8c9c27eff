"""One tmux server, asked by one process per look or over one lasting connection. Nothing here changes the town."""
