"""The company that these tests look at, written once."""

from pathlib import Path

import pytest

from simulator import SimulationSummary, write_company


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> SimulationSummary:
    """The default company: 1,000 customers over 24 months."""
    return write_company(tmp_path_factory.mktemp("simulated") / "company")


@pytest.fixture(scope="session")
def folder(company: SimulationSummary) -> Path:
    return company.folder
