"""What will happen: pure functions on data frames, one target at a time, and the model registry."""
