"""What comes in: files of any system, checked row by row against the contract, into raw tables."""

from sources.contract import (
    Column,
    Contract,
    ContractError,
    Parent,
    Rule,
    Source,
    Table,
    load_contract,
)
from sources.facts import newest_fact_date
from sources.ingestion import ingest
from sources.leak_check import LeakCheck, check_leaks, found_leaks
from sources.leaks import LeakPolicy, read_leak_policy
from sources.mapping import MAPPINGS, MappingError, find_mappings, has_mappings, load_mappings
from sources.reconciliation import reconcile_quarantine
from sources.table_load import IngestError, TableLoad

__all__ = [
    "MAPPINGS",
    "Column",
    "Contract",
    "ContractError",
    "IngestError",
    "LeakCheck",
    "LeakPolicy",
    "MappingError",
    "Parent",
    "Rule",
    "Source",
    "Table",
    "TableLoad",
    "check_leaks",
    "find_mappings",
    "found_leaks",
    "has_mappings",
    "ingest",
    "load_contract",
    "load_mappings",
    "newest_fact_date",
    "read_leak_policy",
    "reconcile_quarantine",
]
