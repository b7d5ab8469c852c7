"""One account as of a day, as known at a moment: its score, and why the score changed."""
