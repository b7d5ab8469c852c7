"""Defects of files and scenarios of life: what makes real exports hard."""

from simulator.defects.counts import Count, count_table
from simulator.defects.switches import ALL_SWITCHES, NO_SWITCHES, USUAL_SWITCHES, Switches

__all__ = ["ALL_SWITCHES", "NO_SWITCHES", "USUAL_SWITCHES", "Count", "Switches", "count_table"]
