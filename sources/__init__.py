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
from sources.ingestion import IngestError, TableLoad, ingest
from sources.mapping import MappingError, load_mappings
from sources.settling import settle_quarantine

__all__ = [
    "Column",
    "Contract",
    "ContractError",
    "IngestError",
    "MappingError",
    "Parent",
    "Rule",
    "Source",
    "Table",
    "TableLoad",
    "ingest",
    "load_contract",
    "load_mappings",
    "newest_fact_date",
    "settle_quarantine",
]
