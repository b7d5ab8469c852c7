"""`tenure diff`: why a score changed between two days, and the raw rows behind each signal."""

from dataclasses import dataclass
from typing import Any

from rich.table import Table

from orchestration.as_of.evidence import Evidence, raw_evidence
from orchestration.as_of.question import Question, Unanswerable
from orchestration.as_of.score import chosen_scorecard, print_caveats
from orchestration.as_of.scratch import Scratch
from orchestration.as_of.text import number, points
from orchestration.terminal import Terminal, plain
from sources import load_contract

ANALYSIS = "score_changes_between"
ROWS_SHOWN = 5

SCORES_SQL = """
select snapshot_date, health_score, tier
from scratch.fct_health_scores
where scorecard = %(scorecard)s and snapshot_date in (%(from_date)s, %(as_of)s)
order by snapshot_date
"""

CHANGES_SQL = """
select
    changes.change,
    changes.pillar,
    changes.signal,
    changes.signals,
    changes.points * 0.000001 as points,
    coalesce(signals.label, changes.signal) as label,
    (to_jsonb(earlier) ->> changes.signal)::double precision as from_value,
    (to_jsonb(later) ->> changes.signal)::double precision as to_value
from ({analysis}) as changes
inner join scratch.account_snapshots as earlier
    on changes.account_id = earlier.account_id and changes.from_date = earlier.snapshot_date
inner join scratch.account_snapshots as later
    on changes.account_id = later.account_id and changes.to_date = later.snapshot_date
left join marts.dim_signals as signals on changes.signal = signals.signal
where changes.scorecard = %(scorecard)s
order by abs(changes.points) desc, changes.change, changes.signal
"""

SIGNALS_SQL = """
select signal, label, window_days, source_tables
from marts.dim_signals
where signal = any(%(signals)s)
order by position
"""


@dataclass(frozen=True)
class Changes:
    """Both scores, the lines that add up to their difference, and the raw rows."""

    question: Question
    scorecard: str
    scores: list[dict[str, Any]]
    lines: list[dict[str, Any]]
    evidence: list[Evidence]


def changes(scratch: Scratch, scorecard: str | None) -> Changes:
    """The change from the question's further date to its as-of day.

    Raises Unanswerable where the account was not scored on both.
    """
    question = scratch.question
    [from_date] = question.further_dates
    name = chosen_scorecard(scratch, scorecard)
    asked = {"scorecard": name, "from_date": from_date}
    scores = scratch.read(SCORES_SQL, **asked)
    scored = {row["snapshot_date"] for row in scores if row["health_score"] is not None}
    for day in (from_date, question.as_of):
        if day not in scored:
            raise Unanswerable(f"{question.account_id!r} had no score by {name} on {day}.")
    # a percent sign in it stands for itself
    analysis = scratch.compiled(ANALYSIS).replace("%", "%%")
    lines = scratch.read(CHANGES_SQL.replace("{analysis}", analysis), **asked)
    moved = {line["signal"] for line in lines if line["signal"]}
    moved |= {name for line in lines for name in (line["signals"] or "").split(", ") if name}
    signals = scratch.read(SIGNALS_SQL, signals=sorted(moved))
    evidence = raw_evidence(load_contract(), scratch, signals, from_date, ROWS_SHOWN)
    return Changes(question, name, scores, lines, evidence)


def print_changes(console: Terminal, found: Changes) -> None:
    """The lines of the change, then the rows behind its signals."""
    earlier, later = found.scores
    console.print(plain(found.question.title))
    console.print(
        plain(
            f"{found.scorecard}: {earlier['health_score']:.2f} ({earlier['tier']}) on "
            f"{earlier['snapshot_date']}, {later['health_score']:.2f} ({later['tier']}) on "
            f"{later['snapshot_date']}"
        )
    )
    table = Table("change", "signal")
    for heading in ("before", "after", "points"):
        table.add_column(heading, justify="right")
    for line in found.lines:
        is_signal = line["signal"] is not None
        table.add_row(
            plain(line["change"]),
            plain(line["label"] or line["signals"] or ""),
            number(line["from_value"]) if is_signal else "",
            number(line["to_value"]) if is_signal else "",
            points(line["points"]),
        )
    total = sum((line["points"] for line in found.lines), 0.0)
    table.add_row("all", "", "", "", points(total), style="bold")
    console.print(table)
    for evidence in found.evidence:
        _print_evidence(console, evidence)
    print_caveats(console, found.question)


def _print_evidence(console: Terminal, evidence: Evidence) -> None:
    console.print(plain(f"{evidence.table}, for {', '.join(evidence.labels)}"))
    if not evidence.is_of_account:
        console.print("  rows of all accounts; none is of this one alone")
        return
    if not evidence.rows:
        console.print("  no row of this account")
        return
    table = Table("row", "why", "values", "recorded at", "superseded at")
    for row in evidence.rows:
        table.add_row(
            plain(row["key"]),
            plain(row["why"]),
            plain(row["content"]),
            plain(row["recorded_at"]),
            plain(row["superseded_at"] or ""),
        )
    console.print(table)
    if evidence.count > len(evidence.rows):
        console.print(f"  and {evidence.count - len(evidence.rows):,} more")
