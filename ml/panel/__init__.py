"""Snapshots joined with their outcomes, the features to learn from, and the blocks to test on."""
