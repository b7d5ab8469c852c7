"""`tenure score`: one account's score as of a day, as known then, with all that it is made of."""

from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from orchestration.as_of.question import Question, Unanswerable
from orchestration.as_of.scratch import Scratch
from orchestration.as_of.text import number, points
from orchestration.terminal import Terminal, plain

SCORECARDS_SQL = """
select
    rules.scorecard,
    rules.scorecard = policy.default_scorecard as is_default
from scratch.scorecard_rules as rules
cross join scratch.health_policy as policy
order by rules.scorecard
"""

DISPLAYED_SQL = """
select distinct displayed.scorecard
from scratch.fct_health_scores as scores
inner join scratch.int_displayed_scorecards as displayed using (segment)
where scores.snapshot_date = %(as_of)s
"""

SCORE_SQL = """
select *
from scratch.fct_health_scores
where snapshot_date = %(as_of)s and scorecard = %(scorecard)s
"""

CONTRIBUTIONS_SQL = """
select
    contributions.contribution,
    contributions.pillar,
    contributions.pillar_weight,
    contributions.signal,
    coalesce(signals.label, contributions.signal) as label,
    policies.weights[array_position(policies.signals, contributions.signal)] as weight,
    (to_jsonb(snapshots) ->> contributions.signal)::double precision as value,
    contributions.points,
    coalesce(coverage.first_known_date <= %(as_of)s, false) as is_delivered
from scratch.fct_health_contributions as contributions
inner join scratch.fct_health_scores as scores using (account_id, snapshot_date, scorecard)
inner join scratch.account_snapshots as snapshots using (account_id, snapshot_date)
inner join scratch.dim_score_policies as policies
    on
        scores.policy_version = policies.policy_version
        and scores.policy_segment = policies.segment
left join marts.dim_signals as signals on contributions.signal = signals.signal
left join scratch.int_signal_coverage as coverage on contributions.signal = coverage.signal
where contributions.snapshot_date = %(as_of)s and contributions.scorecard = %(scorecard)s
order by
    contributions.pillar_weight desc nulls last,
    contributions.pillar,
    weight desc,
    contributions.signal
"""


@dataclass(frozen=True)
class Answer:
    """A score as its row has it, and its contributions, rounding and override among them."""

    question: Question
    score: dict[str, Any]
    contributions: list[dict[str, Any]]

    @property
    def missing(self) -> list[str]:
        """Signals that the company delivers and that are unknown of this account."""
        return [row["label"] for row in self._unknown if row["is_delivered"]]

    @property
    def not_delivered(self) -> list[str]:
        """Signals that were not known of any account by the day."""
        return [row["label"] for row in self._unknown if not row["is_delivered"]]

    @property
    def _unknown(self) -> list[dict[str, Any]]:
        return [row for row in self.contributions if row["points"] is None]


def chosen_scorecard(scratch: Scratch, asked: str | None) -> str:
    """The scorecard asked for, else the one that the app shows for the account's segment.

    The default, where no run has kept which one that is. Raises Unanswerable for one that there was
    not.
    """
    rows = scratch.read(SCORECARDS_SQL)
    names = [row["scorecard"] for row in rows]
    if asked is None:
        shown = scratch.read(DISPLAYED_SQL)
        default = next(row["scorecard"] for row in rows if row["is_default"])
        return shown[0]["scorecard"] if shown else default
    if asked not in names:
        raise Unanswerable(f"There was no scorecard {asked!r}, but {', '.join(names)}.")
    return asked


def answer(scratch: Scratch, scorecard: str | None) -> Answer:
    """The score of the question's day. Raises Unanswerable where the account was not scored."""
    question = scratch.question
    name = chosen_scorecard(scratch, scorecard)
    scores = scratch.read(SCORE_SQL, scorecard=name)
    if not scores:
        raise Unanswerable(
            f"{question.account_id!r} had no running contract on {question.as_of}, and only open "
            "accounts are scored."
        )
    return Answer(question, scores[0], scratch.read(CONTRIBUTIONS_SQL, scorecard=name))


def print_answer(console: Terminal, found: Answer) -> None:
    """Score, tier and coverage; a line per contribution; what is missing."""
    score = found.score
    console.print(plain(f"{found.question.title}, as of {found.question.as_of}"))
    value = "unknown" if score["health_score"] is None else f"{score['health_score']:.2f}"
    console.print(
        plain(
            f"{score['scorecard']}: {value}, {score['tier']} ({score['colour']}), segment "
            f"{score['segment']}, policy {score['policy_version']}"
        )
    )
    table = Table("pillar", "signal")
    for heading in ("weight", "value", "points"):
        table.add_column(heading, justify="right")
    for row in found.contributions:
        if row["signal"] is None:
            table.add_row("", plain(row["contribution"]), "", "", points(row["points"]))
            continue
        pillar = f"{row['pillar']} ({row['pillar_weight']:g})"
        weight = Text(f"{row['weight']:g}")
        table.add_row(
            plain(pillar), plain(row["label"]), weight, number(row["value"]), points(row["points"])
        )
    console.print(table)
    console.print(plain(f"Coverage {score['coverage']:.3f} of what the company delivers."))
    if found.missing:
        console.print(plain(f"Unknown of this account: {', '.join(found.missing)}."))
    if found.not_delivered:
        console.print(plain(f"Not known of any account: {', '.join(found.not_delivered)}."))
    print_caveats(console, found.question)


def print_caveats(console: Terminal, question: Question) -> None:
    """What may make the answer another one than the run's own."""
    if question.is_other_code:
        console.print("The run was made by another version of Tenure; this answer is by today's.")
