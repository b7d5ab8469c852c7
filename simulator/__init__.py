"""A company whose causes are known: generated raw files, with the truth beside them."""

from simulator.company import DEFAULT_END, SimulationSummary, write_company

__all__ = ["DEFAULT_END", "SimulationSummary", "write_company"]
