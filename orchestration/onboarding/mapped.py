"""`tenure map`: mappings guessed from a folder, and a report of what was not."""

import shlex
from dataclasses import dataclass
from pathlib import Path

import yaml

from orchestration.lib.dbt_project import PROJECT_DIR
from orchestration.terminal import Terminal, plain
from sources import load_contract
from sources.guessing import FolderGuess, Plan, Written, guess_folder, plan_folder, write_mappings
from sources.guessing.folder import ROLLED_UP
from sources.guessing.usage import METRICS
from sources.guessing.writing import is_safe, left_over
from sources.ingestion import open_duckdb
from warehouse import Settings

SIGNALS = PROJECT_DIR / "models" / "marts" / "accounts" / "account_snapshots.yml"
SHOWN = 12
EVENTS = "product.events"


class NothingMapped(Exception):
    """No file of the folder is a table; the message says why, one line per file."""


@dataclass(frozen=True)
class Mapped:
    """What `tenure map` found and wrote."""

    system: str
    folder: Path
    guess: FolderGuess
    plans: dict[str, tuple[Plan, ...]]
    written: list[Written]
    missing: dict[str, list[str]]


def map_folder(settings: Settings, system: str, folder: Path, is_forced: bool = False) -> Mapped:
    """Guess the tables of a folder's files and write a mapping for each into the company's own
    folder of mappings. Raises NothingMapped."""
    contract = load_contract()
    with open_duckdb(settings) as con:
        guess = guess_folder(con, contract, folder)
    plans = plan_folder(contract, guess)
    if not plans:
        reasons = [f"{name}: {reason}" for name, reason in guess.unmapped.items()] or [
            "it holds no CSV, Excel, JSON or Parquet file that may be read"
        ]
        raise NothingMapped("\n".join([f"{folder}: no file could be mapped", *reasons]))
    written = write_mappings(settings.mappings / system, plans, is_forced)
    return Mapped(system, folder, guess, plans, written, signals_missing(plans))


def signals_missing(plans: dict[str, tuple[Plan, ...]]) -> dict[str, list[str]]:
    """The labels of the signals that each table would add that no file is."""
    complete = {name for name, of_table in plans.items() if not of_table[0].missing}
    if EVENTS in complete:  # a company that sends its events has nothing to add up before
        complete.add(METRICS)
    missing: dict[str, list[str]] = {}
    for label, tables in signal_tables().items():
        # roll-ups are made of events
        for table in sorted({EVENTS if name in ROLLED_UP else name for name in tables}):
            if table not in complete:
                missing.setdefault(table, []).append(label)
    return missing


def signal_tables() -> dict[str, list[str]]:
    """The raw tables that each signal needs, by the signal's label."""
    [model] = yaml.safe_load(SIGNALS.read_text(encoding="utf-8"))["models"]
    signals = (
        column.get("config", {}).get("meta", {}).get("signal") for column in model["columns"]
    )
    return {signal["label"]: signal.get("source_tables", []) for signal in signals if signal}


def report_lines(mapped: Mapped) -> list[str]:
    """The report as lines of text; what they quote from files may hold anything."""
    return [
        *_mapped_lines(mapped),
        *_section("Look at these", _doubts(mapped)),
        *_section(
            "Not mapped", [f"{n}: {why}" for n, why in sorted(mapped.guess.unmapped.items())]
        ),
        *_section("Sources that would add signals", _absent(mapped)),
        *_section("Written", _files(mapped)),
    ]


def _section(title: str, lines: list[str]) -> list[str]:
    return ["", f"{title}:", *(f"  {line}" for line in lines)] if lines else []


def _mapped_lines(mapped: Mapped) -> list[str]:
    lines = []
    for name, of_table in sorted(mapped.plans.items()):
        for plan in of_table:
            columns = ", ".join(line.column for line in plan.lines)
            lines.append(f"{plan.file.name} → {name}: {columns}")
            left = left_over(plan) if plan.passes_all else []
            if left:
                more = f" and {len(left) - SHOWN} more" if len(left) > SHOWN else ""
                lines.append(f"    in attributes: {', '.join(left[:SHOWN])}{more}")
    return lines


def _doubts(mapped: Mapped) -> list[str]:
    lines = []
    for name, of_table in sorted(mapped.plans.items()):
        for plan in of_table:
            if not is_safe(plan):
                lines.append(
                    f"{plan.file.name}: a header holds a line end or the name of a file, so that "
                    f"no mapping of {name} is written for it; rename the column"
                )
            elif plan.missing:
                lines.append(
                    f"{plan.file.name}: nothing gives {', '.join(plan.missing)} of {name}; the "
                    "mapping is a draft and not read until you add it"
                )
            lines += [
                f"{plan.file.name}: {name}.{line.column} is assumed ({line.why})"
                for line in plan.lines
                if line.is_assumed
            ]
            lines += [f"{plan.file.name}: {note}" for note in plan.notes]
    return lines


def _absent(mapped: Mapped) -> list[str]:
    return [
        f"{name}: {len(labels)} more ({', '.join(labels[:3])}{', …' if len(labels) > 3 else ''})"
        for name, labels in sorted(mapped.missing.items(), key=lambda item: -len(item[1]))
    ]


def _files(mapped: Mapped) -> list[str]:
    words = {
        "written": "",
        "same": " (as it was)",
        "draft": " (a draft)",
        "kept": " (yours was edited and stays; compare, or use --force)",
    }
    return [f"{written.path}{words[written.fate]}" for written in mapped.written]


def print_mapped(console: Terminal, mapped: Mapped, settings: Settings) -> None:
    """The report, and the two commands that come next."""
    for line in report_lines(mapped):
        console.print(plain(line), highlight=False, soft_wrap=True)
    options = f"--source {mapped.system} --data {shlex.quote(str(mapped.folder))}"
    if settings.company != mapped.system:
        options += f" --company {settings.company}"
    console.print(plain(f"Next: tenure check {options}"), soft_wrap=True)
    console.print(plain(f"then: tenure run {options}"), soft_wrap=True)
