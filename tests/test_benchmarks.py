"""The benchmarks start: no other test runs them, and what they import is renamed now and then."""

from __future__ import annotations

from importlib import import_module

import pytest

from tests.conftest import PROJECT_ROOT

NAMES = sorted(path.stem for path in (PROJECT_ROOT / "benchmarks").glob("[a-z]*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_all_that_a_benchmark_imports_is_there(name: str) -> None:
    assert callable(import_module(f"benchmarks.{name}").main)
