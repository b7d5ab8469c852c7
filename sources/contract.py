"""The data contract, read from dbt's sources files: what ingestion creates, casts, checks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

DEFAULT_MODELS = Path(__file__).resolve().parents[1] / "dbt_project" / "models" / "staging"

# How a contract type is spelt in PostgreSQL and in DuckDB. Numerics keep nine decimals while
# they are checked: more than any amount, rate or score that a business system exports.
TYPES = {
    "text": ("text", "varchar"),
    "integer": ("integer", "integer"),
    "bigint": ("bigint", "bigint"),
    "numeric": ("numeric", "decimal(38, 9)"),
    "double precision": ("double precision", "double"),
    "boolean": ("boolean", "boolean"),
    "date": ("date", "date"),
    "timestamptz": ("timestamptz", "timestamptz"),
}

# In bytes. Three of them fit into an entry of an index, which holds 2,704.
LONGEST_TEXT = 800

SOURCE_REFERENCE = re.compile(r"source\(\s*'(\w+)'\s*,\s*'(\w+)'\s*\)")


class ContractError(ValueError):
    """The contract itself cannot be used; the message names the file and the place."""


@dataclass(frozen=True)
class Column:
    """One column: its name, its PostgreSQL type and what it means.

    `is_strict`: a row whose value here is there and cannot be used is quarantined. In any other
    column such a cell is corrected to null, and the row stays. Required columns are strict, and
    those in which null says something: a subscription without an end is open.
    `has_ranges`: text such as 51-200 is read as its lower bound. `is_long`: text of any length.
    `is_whole`: numbers that are whole but for few, so that 1.200 may be more than a thousand.
    `is_country`: a country's name is read as its code. `is_personal`: it holds a mail address, a
    person's name or what a person wrote, of which messages show the shape alone.
    """

    name: str
    data_type: str
    description: str
    is_strict: bool = False
    has_ranges: bool = False
    is_long: bool = False
    is_whole: bool = False
    is_country: bool = False
    is_personal: bool = False

    @property
    def duckdb_type(self) -> str:
        return TYPES[self.data_type][1]

    @property
    def is_count(self) -> bool:
        """Whether it holds whole numbers, or numbers that mostly are."""
        return self.is_whole or self.data_type in ("integer", "bigint")

    @property
    def is_time(self) -> bool:
        return self.data_type in ("date", "timestamptz")


@dataclass(frozen=True)
class Parent:
    """Where the key that a row refers to must exist."""

    source: str
    table: str
    field: str

    @property
    def full_name(self) -> str:
        return f"{self.source}.{self.table}"


@dataclass(frozen=True)
class Rule:
    """One thing that every row must hold.

    `kind` is the name of the dbt test, `columns` those it is about. `values` are the accepted
    values, `minimum` the smallest number, `maximum` the largest (of `longest` in bytes), `bounds`
    the smallest and the largest (numbers, or the columns that hold them), `days_ahead` how far in
    the future a time may lie, `parent` where a key must exist, `pattern` a regular expression that
    no value may match and `meaning` what such a value is, in words.
    """

    kind: str
    columns: tuple[str, ...]
    values: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: int = 0
    parent: Parent | None = None
    pattern: str = ""
    meaning: str = ""
    bounds: tuple[str | float, str | float] = (0, 0)
    days_ahead: int = 1

    def __post_init__(self) -> None:
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ContractError(
                f"{self.name}: {self.pattern!r} is no regular expression ({error})"
            ) from error

    @property
    def name(self) -> str:
        return f"{self.kind}({', '.join(self.columns)})"


@dataclass(frozen=True)
class Table:
    """One raw table: its columns in order and the rules of its rows.

    `keeps_history` is false where superseded rows are deleted (`meta: {keeps_history: false}`).
    """

    source: str
    name: str
    description: str
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]
    keeps_history: bool = True

    @property
    def full_name(self) -> str:
        return f"{self.source}.{self.name}"

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(rule.columns[0] for rule in self.rules if rule.kind == "not_null")

    @property
    def strict(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.is_strict)

    @property
    def parents(self) -> tuple[Parent, ...]:
        return tuple(rule.parent for rule in self.rules if rule.parent)


@dataclass(frozen=True)
class Source:
    """One raw schema and its tables."""

    name: str
    description: str
    tables: tuple[Table, ...]

    def table(self, name: str) -> Table:
        return next(table for table in self.tables if table.name == name)


@dataclass(frozen=True)
class Contract:
    """Every raw schema. `tables` come parents first: a row's parent is loaded before the row."""

    sources: tuple[Source, ...]

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        by_name = {table.full_name: table for source in self.sources for table in source.tables}
        order = TopologicalSorter[str]()
        for name, table in by_name.items():
            parents = {parent.full_name for parent in table.parents}
            if unknown := parents - set(by_name):
                raise ContractError(f"{name} refers to unknown tables {sorted(unknown)}")
            order.add(name, *sorted(parents - {name}))
        try:
            return tuple(by_name[name] for name in order.static_order())
        except CycleError as error:
            raise ContractError(f"relationships go round in a circle: {error.args[1]}") from error

    @cached_property
    def source_order(self) -> tuple[str, ...]:
        """Schema names in an order in which each can be loaded after those it refers to."""
        order = TopologicalSorter[str]()
        for table in self.tables:
            parents = {parent.source for parent in table.parents}
            order.add(table.source, *sorted(parents - {table.source}))
        return tuple(order.static_order())

    def table(self, full_name: str) -> Table:
        for table in self.tables:
            if table.full_name == full_name:
                return table
        raise ContractError(f"the contract has no table {full_name}")


def load_contract(models: Path = DEFAULT_MODELS) -> Contract:
    """Read each `<source>/_<source>__sources.yml` below `models`.

    Raises ContractError naming the file when one cannot be read, when a column has no known type
    or when a test is one that ingestion does not know: a rule that is not enforced is a false
    promise.
    """
    files = sorted(models.glob("*/_*__sources.yml"))
    if not files:
        raise ContractError(f"no sources file below {models}")
    sources = tuple(source for file in files for source in _read_file(file))
    contract = Contract(sources)
    for table in contract.tables:
        for parent in table.parents:
            if parent.field not in contract.table(parent.full_name).column_names:
                missing = f"{parent.full_name}.{parent.field}"
                raise ContractError(f"{table.full_name} refers to {missing}: no such column")
    return contract


def _read_file(file: Path) -> list[Source]:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        return [
            Source(
                name=source["name"],
                description=source.get("description", ""),
                tables=tuple(_read_table(source["name"], table) for table in source["tables"]),
            )
            for source in document["sources"]
        ]
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise ContractError(f"{file.name}: not a dbt sources file ({error!r})") from error
    except ContractError as error:
        raise ContractError(f"{file.name}: {error}") from error


def _read_table(source: str, spec: dict) -> Table:
    where = f"{source}.{spec['name']}"
    columns, rules = [], []
    for column in spec["columns"]:
        data_type = str(column.get("data_type", "")).lower()
        if data_type not in TYPES:
            raise ContractError(
                f"{where}.{column['name']}: type {data_type!r} is none of {', '.join(TYPES)}"
            )
        tests = column.get("data_tests", [])
        meta = column.get("config", {}).get("meta", {})
        columns.append(
            Column(
                column["name"],
                data_type,
                column.get("description", ""),
                is_strict="not_null" in tests or meta.get("is_strict", False),
                has_ranges=meta.get("has_ranges", False),
                is_long=meta.get("is_long", False),
                is_whole=meta.get("is_whole", False),
                is_country=meta.get("is_country", False),
                is_personal=meta.get("is_personal", False),
            )
        )
        for test in tests:
            rules.append(_read_rule(where, test, column["name"]))
    for test in spec.get("data_tests", []):
        rules.append(_read_rule(where, test, None))
    names = {column.name for column in columns}
    for rule in rules:
        if unknown := set(rule.columns) - names:
            raise ContractError(f"{where}: {rule.name} names unknown columns {sorted(unknown)}")
    meta = spec.get("config", {}).get("meta", {})
    return Table(
        source,
        spec["name"],
        spec.get("description", ""),
        tuple(columns),
        (*rules, *possible(columns, rules)),
        meta.get("keeps_history", True),
    )


def possible(columns: Iterable[Column], declared: Iterable[Rule]) -> list[Rule]:
    """What holds of any column of its type, since nothing can be done with other values.

    A key of some kilobytes has no place in an index of PostgreSQL, a time of the year 9999 none in
    a calendar of months, and a key that lost its digits (1.00E+05) is that of many.
    """
    bounded = {rule.columns[0] for rule in declared if rule.kind == "plausible_time"}
    rules = []
    for column in columns:
        if column.data_type == "text" and not column.is_long:
            rules.append(Rule("longest", (column.name,), maximum=LONGEST_TEXT))
        if column.data_type == "text" and column.name.endswith("_id"):
            rules.append(Rule("whole_key", (column.name,)))
        if column.is_time and column.name not in bounded:
            rules.append(Rule("possible_time", (column.name,)))
    return rules


def _read_rule(where: str, test: str | dict, column: str | None) -> Rule:
    kind, body = (test, {}) if isinstance(test, str) else next(iter(test.items()))
    arguments = (body or {}).get("arguments", body or {})
    rule = _own_rule(kind, column, arguments) if column else _row_rule(kind, arguments)
    if rule is None:
        raise ContractError(f"{where}: ingestion cannot enforce the test {kind!r}")
    return rule


def _own_rule(kind: str, column: str, arguments: dict) -> Rule | None:
    """A rule about one column."""
    options: dict[str, Any]
    match kind:
        case "not_null" | "unique" | "iso_currency" | "open_ended":
            options = {}
        case "accepted_values":
            options = {"values": tuple(str(value) for value in arguments["values"])}
        case "at_least" | "not_matching" | "plausible_time":
            options = dict(arguments)
        case "within":
            options = {"bounds": (arguments["low"], arguments["high"])}
        case "relationships" if match := SOURCE_REFERENCE.fullmatch(arguments["to"].strip()):
            options = {"parent": Parent(match[1], match[2], arguments["field"])}
        case _:
            return None
    return Rule(kind, (column,), **options)


def _row_rule(kind: str, arguments: dict) -> Rule | None:
    """A rule about several columns."""
    match kind:
        case "unique_combination" | "unique_combination_or_null":
            return Rule(kind, tuple(arguments["columns"]))
        case "not_before":
            return Rule(kind, (arguments["later"], arguments["earlier"]))
        case "above":
            return Rule(kind, (arguments["higher"], arguments["lower"]))
        case "plausible_amount":
            columns = (arguments["amount"], arguments["currency"])
            return Rule(kind, columns, maximum=arguments["maximum"])
        case "plausible_rate":
            return Rule(kind, (arguments["rate"], arguments["currency"]))
    return None
