"""The model code on data whose honest AUC is known; far more would be a leak, less a defect."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.shared_data
def test_ibm_telco_gives_the_honest_published_auc(shared_data: Path) -> None:
    spec = importlib.util.spec_from_file_location("churn_model", ROOT / "benchmarks/churn_model.py")
    assert spec is not None and spec.loader is not None
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    measured = benchmark.measure(shared_data / "ibm_telco", repeats=1)
    assert measured["auc"].between(0.842, 0.855).all()
    assert (measured["ece"] < 0.02).all()
    assert (measured["brier_skill"] > 0.28).all()
