"""What will happen: pure functions on data frames, and the model registry."""
