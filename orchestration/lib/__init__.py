"""Helpers for the definitions. Nothing here imports `orchestration.defs`."""
