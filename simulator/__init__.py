"""A company whose causes are known: generated raw files, with the truth beside them."""

from simulator.company import DEFAULT_END, SimulationSummary, write_company
from simulator.mess import EVERY_MESS, NO_MESS, USUAL_MESS, Mess

__all__ = [
    "DEFAULT_END",
    "EVERY_MESS",
    "NO_MESS",
    "USUAL_MESS",
    "Mess",
    "SimulationSummary",
    "write_company",
]
