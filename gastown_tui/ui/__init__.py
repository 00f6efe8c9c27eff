"""What a person sees. Screens know towns and the protocols of the observing side, and nothing behind them."""
