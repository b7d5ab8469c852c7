"""What must hold of data as a whole: Great Expectations, one suite per raw source and per model.

Rows are judged at ingestion, one by one, against the contract; what breaks it is quarantined. Here
whole tables are judged: an export cut short, a column lost, money in the wrong unit.
"""

from expectations.run import run_suite
from expectations.suites import (
    OWN_SUITE,
    Claim,
    Suite,
    SuiteError,
    TableClaims,
    load_suite,
    load_suites,
)
from expectations.verdicts import TableCheck, is_accepted, passed_checks, record_checks

__all__ = [
    "OWN_SUITE",
    "Claim",
    "Suite",
    "SuiteError",
    "TableCheck",
    "TableClaims",
    "is_accepted",
    "load_suite",
    "load_suites",
    "passed_checks",
    "record_checks",
    "run_suite",
]
