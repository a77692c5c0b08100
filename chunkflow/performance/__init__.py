"""What watches a run and tunes it."""
