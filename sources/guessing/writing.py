"""Plans as mapping files: SQL with a comment on each line, for a person to read and edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sources.fingerprints import combined
from sources.guessing.derived import Line, is_quotable, shown
from sources.guessing.plan import Plan
from sources.landing import quoted

SEAL = "-- written by tenure map, unedited while this is its digest: "
DRAFT = ".sql.draft"


@dataclass(frozen=True)
class Written:
    """A mapping file and what became of it: `written`, `same`, `draft` or `kept` (it was edited;
    the new one lies beside it)."""

    table: str
    path: Path
    fate: str


def mapping_sql(plans: Sequence[Plan]) -> str:
    """The mapping of one table, over all files that it is read from."""
    dates = dict.fromkeys(quoted(header) for plan in plans for header in plan.dates)
    missing = sorted({name for plan in plans for name in plan.missing})
    head = [f"-- {plans[0].table}, guessed by tenure map. Read each line, and edit at will."]
    if missing:
        head.append(
            f"-- A draft: nothing gives {', '.join(missing)}. Add it, then rename the file to end "
            "in .sql"
        )
    if dates:
        head.append(f"-- dates: {', '.join(dates)}")
    head += _delimiters(plans)
    return "\n".join([*head, "\nunion all by name\n\n".join(map(_select, plans)).rstrip(), ""])


def _delimiters(plans: Sequence[Plan]) -> list[str]:
    """How files are separated: the first, and those that differ from it."""
    of_all = plans[0].file.delimiter
    files = [file for plan in plans for file in (plan.file, plan.looked_up) if file]
    named = {quoted(file.name): file.delimiter for file in files if file.delimiter != of_all}
    lines = [f"-- delimiter: {_in_words(of_all)}"] if of_all != "," else []
    return lines + [f"-- delimiter of {name}: {_in_words(mark)}" for name, mark in named.items()]


def _in_words(delimiter: str) -> str:
    return "tab" if delimiter == "\t" else delimiter


def _select(plan: Plan) -> str:
    lines = [f"    {_named(line)},{_comment(line)}" for line in plan.lines]
    left = left_over(plan)
    if plan.passes_all and not plan.wide:
        if left:
            lines.append(f"    -- kept in attributes: {', '.join(map(shown, left[:12]))}"
                         + (" and more" if len(left) > 12 else ""))  # fmt: skip
        lines.append(f"    {_others(plan)},")
    else:
        lines += ["    _file,", "    _row,"]
    source = f"from {quoted(plan.file.name)}{plan.alias}"
    if plan.wide:
        source = "\n".join(_unpivot(plan))
    where = f"\nwhere {quoted(plan.where)} is not null" if plan.where else ""
    return "\n".join(["select", *lines, source]) + where + "\n"


def _named(line: Line) -> str:
    return line.sql if line.sql == line.column else f"{line.sql} as {line.column}"


def _comment(line: Line) -> str:
    why = "".join(letter for letter in line.why if letter.isprintable())[:120]
    mark = "assumed: " if line.is_assumed else ""
    return f"  -- {mark}{why}" if why else ""


def _others(plan: Plan) -> str:
    """All columns but those that are used, or would be given twice."""
    given = {line.column for line in plan.lines}
    used = {header for line in plan.lines for header in line.headers}
    out = [h for h in plan.file.headers if h in used or h.casefold() in given]
    return f"* exclude ({', '.join(map(quoted, out))})" if out else "*"


def left_over(plan: Plan) -> list[str]:
    """The headers of the file that no line uses."""
    used = {header for line in plan.lines for header in line.headers}
    used |= set(plan.wide.values) if plan.wide else set()
    return [header for header in plan.file.headers if header not in used]


def _unpivot(plan: Plan) -> list[str]:
    assert plan.wide is not None
    into = "metric" if plan.wide.period else "period_start"
    columns = [
        f"        {quoted(header)} as {quoted(value)}" for header, value in plan.wide.values.items()
    ]
    return [
        "from (",
        f"    unpivot {quoted(plan.file.name)}",
        "    on",
        ",\n".join(columns),
        f"    into name {into} value value",
        f"){plan.alias}",
    ]


def is_safe(plan: Plan) -> bool:
    """Whether all headers can be written into a mapping."""
    headers = [h for line in plan.lines for h in line.headers] + list(
        plan.wide.values if plan.wide else []
    )
    return all(map(is_quotable, headers))


def write_mappings(
    folder: Path, plans: dict[str, tuple[Plan, ...]], is_forced: bool = False
) -> list[Written]:
    """Write a mapping for each table into `folder`. One that a person edited is left alone, and the
    new one is written beside it, unless `is_forced`."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for table, of_table in sorted(plans.items()):
        safe = tuple(plan for plan in of_table if is_safe(plan))
        complete = tuple(plan for plan in safe if not plan.missing)
        if not safe:
            continue
        suffix = ".sql" if complete else DRAFT
        text = sealed(mapping_sql(complete or safe))
        path = folder / f"{table}{suffix}"
        written.append(Written(table, *_put(path, text, is_forced, is_draft=not complete)))
    return written


def sealed(text: str) -> str:
    """A mapping with the digest of what stands above it, so that an edit shows."""
    return f"{text}{SEAL}{_digest(text)}\n"


def is_unedited(text: str) -> bool:
    """Whether a mapping is as tenure map wrote it."""
    body, mark, digest = text.rpartition(SEAL)
    return bool(mark) and _digest(body) == digest.strip()


def _digest(text: str) -> str:
    return combined({"mapping": text})[:16]


def _put(path: Path, text: str, is_forced: bool, is_draft: bool) -> tuple[Path, str]:
    there = path.read_text("utf-8", errors="replace") if path.is_file() else None
    if there == text:
        return path, "draft" if is_draft else "same"
    if there is not None and not is_forced and not is_unedited(there):
        beside = path.with_name(f"{path.name}.new")
        beside.write_text(text, "utf-8")
        return beside, "kept"
    path.write_text(text, "utf-8")
    return path, "draft" if is_draft else "written"
