"""The suites as files: what is claimed of each table, why, and what to do when it does not hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

import yaml

SUITES = Path(__file__).resolve().parent / "suites"
SHARED = "_shared"
# What Tenure itself computed.
OWN_SUITE = "ml"
CLAIM_KEYS = {"claim", "expect", "with", "why", "first_step"}
TABLE_KEYS = {"include", "claims", "loaded_from", "is_due", "rows"}


class SuiteError(ValueError):
    """A suite's file cannot be used; the message names the file and the place."""


@dataclass(frozen=True)
class Claim:
    """One expectation: `expect` and `arguments` are a Great Expectations class and its arguments.

    Text in the arguments may hold `${name}`; see `bound`.
    """

    sentence: str
    expect: str
    arguments: Mapping[str, Any]
    why: str
    first_step: str


@dataclass(frozen=True)
class TableClaims:
    """What is claimed of one table.

    `loaded_from` is the table name under which its delivery is in tenure.loads: usage tables are
    rolled up from events. `is_due` is a query that says whether an empty table is wrong; None
    where that follows from tenure.loads. `rows` is a query for the rows that are judged, where a
    table keeps more than those and they are due; None: all of them.
    """

    name: str
    claims: tuple[Claim, ...]
    loaded_from: str
    is_due: str | None
    rows: str | None = None


@dataclass(frozen=True)
class Suite:
    """The claims about one schema's tables, in the file's order."""

    name: str
    tables: tuple[TableClaims, ...]

    def table(self, name: str) -> TableClaims:
        """One table's claims; raises SuiteError for a table that the suite does not know."""
        for table in self.tables:
            if table.name == name:
                return table
        known = ", ".join(table.name for table in self.tables)
        raise SuiteError(f"The suite {self.name} has no table {name!r}, only {known}.")


def load_suites(folder: Path = SUITES) -> dict[str, Suite]:
    """Every suite by name; raises SuiteError for a file that cannot be used."""
    names = sorted(path.stem for path in folder.glob("*.yml") if path.stem != SHARED)
    return {name: load_suite(name, folder) for name in names}


def load_suite(name: str, folder: Path = SUITES) -> Suite:
    """One suite; raises SuiteError when there is none of that name or its file cannot be used."""
    path = folder / f"{name}.yml"
    if not path.is_file():
        raise SuiteError(f"There is no suite {name!r}: {path} is not there.")
    content = _read(path)
    shared = _read(folder / f"{SHARED}.yml")
    if content.get("suite") != name:
        raise SuiteError(f"{path}: `suite` must be {name!r}, the file's own name.")
    if missing := {"first_step", "tables"} - content.keys():
        raise SuiteError(f"{path}: it lacks {' and '.join(sorted(missing))}")
    first_step = content["first_step"]
    tables = tuple(
        _table(path, table_name, table, shared, first_step)
        for table_name, table in content["tables"].items()
    )
    return Suite(name, tables)


def suite_text(name: str, folder: Path = SUITES) -> str:
    """All that the suite says, as written: what was judged by other claims is judged again."""
    return "".join((folder / f"{file}.yml").read_text(encoding="utf-8") for file in (SHARED, name))


def code_text() -> str:
    """This package's own code: it decides what a claim finds."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return "".join(file.read_text(encoding="utf-8") for file in files)


def bound(claim: Claim, values: Mapping[str, Any]) -> Claim:
    """The claim with each `${name}` replaced.

    An argument that is nothing but `${name}` takes the value with its type; inside longer text it
    becomes text. Raises SuiteError for a name that has no value.
    """
    try:
        return Claim(
            claim.sentence,
            claim.expect,
            {name: _filled(argument, values) for name, argument in claim.arguments.items()},
            claim.why,
            Template(claim.first_step).substitute(values),
        )
    except KeyError as error:
        raise SuiteError(
            f"{claim.sentence!r}: there is no value for ${{{error.args[0]}}}"
        ) from error


def _filled(argument: Any, values: Mapping[str, Any]) -> Any:
    if not isinstance(argument, str) or "${" not in argument:
        return argument
    name = argument.removeprefix("${").removesuffix("}")
    return values[name] if argument == f"${{{name}}}" else Template(argument).substitute(values)


def _read(path: Path) -> dict[str, Any]:
    return _parsed(path.read_text(encoding="utf-8"))


@cache
def _parsed(text: str) -> dict[str, Any]:
    """What a suite's text says; each is asked for by every table of it."""
    return yaml.safe_load(text)


def _table(
    path: Path, name: str, content: dict[str, Any], shared: dict[str, Any], first_step: str
) -> TableClaims:
    if unknown := content.keys() - TABLE_KEYS:
        raise SuiteError(f"{path}, {name}: unknown keys {', '.join(sorted(unknown))}")
    included = []
    for group in content.get("include", []):
        if group not in shared:
            raise SuiteError(f"{path}, {name}: {SHARED}.yml has no claims {group!r}")
        included += shared[group]
    claims = [_claim(path, name, claim, first_step) for claim in [*included, *content["claims"]]]
    sentences = [claim.sentence for claim in claims]
    if len(set(sentences)) < len(sentences):
        raise SuiteError(f"{path}, {name}: two claims have the same sentence")
    return TableClaims(
        name,
        tuple(claims),
        content.get("loaded_from", name),
        content.get("is_due"),
        content.get("rows"),
    )


def _claim(path: Path, table: str, content: dict[str, Any], first_step: str) -> Claim:
    if (keys := content.keys()) != CLAIM_KEYS and keys != CLAIM_KEYS - {"first_step"}:
        raise SuiteError(f"{path}, {table}: a claim has the keys {', '.join(sorted(keys))}")
    return Claim(
        content["claim"],
        content["expect"],
        content["with"],
        content["why"],
        content.get("first_step", first_step),
    )
