"""A company whose causes are known: generated raw files, with the truth beside them."""

from simulator.company import DEFAULT_END, SimulationSummary, write_company
from simulator.defects import ALL_SWITCHES, NO_SWITCHES, USUAL_SWITCHES, Switches

__all__ = [
    "ALL_SWITCHES",
    "DEFAULT_END",
    "NO_SWITCHES",
    "USUAL_SWITCHES",
    "SimulationSummary",
    "Switches",
    "write_company",
]
