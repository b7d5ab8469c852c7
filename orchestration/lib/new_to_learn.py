"""Whether a target has anything new to learn from: asked before the panel is read.

A model is a function of the labelled snapshots, the policy, the signals' declarations and the
code, and whether it serves depends on the champion besides. A snapshot has its label once the
horizon is over, so on most days none is added, and training would only find its own model again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ml.code import FITTING, code_version
from ml.targets import Target
from orchestration.lib.runs import code_version as code_of_runs
from orchestration.lib.signatures import digest
from warehouse import Warehouse

# PostgreSQL hashes the rows where they are. Two seeds give 128 bits; a sum needs no order.
LEARNT_FROM_SQL = """
select
    count(*) as row_count,
    sum(hash_record_extended(learnt_from, 1))::text as one_sum,
    sum(hash_record_extended(learnt_from, 2))::text as other_sum
from (
    select
        snapshots.*,
        outcomes.{label} as label,
        outcomes.{money} as label_amount
    from ({snapshots}) as snapshots
    inner join marts.{outcomes} as outcomes
        on
            snapshots.account_id = outcomes.account_id
            and snapshots.snapshot_date = outcomes.snapshot_date
    where outcomes.{label} is not null
) as learnt_from
"""


@dataclass(frozen=True)
class Champion:
    """The version that serves, its files at hand, and the day up to which it knows facts."""

    version: str
    trained_as_of_date: date


@dataclass(frozen=True)
class LearntFrom:
    """What training reads: a digest of the labelled snapshots, the signals, the policy."""

    rows: str
    signals: Sequence[Mapping[Any, Any]]
    policy: Sequence[Mapping[Any, Any]]

    def digest(self, champion_version: str | None) -> str:
        """One hash of all that decides which version a training run lets serve."""
        return digest(
            [*vars(self).values(), code_of_runs(), code_version(FITTING), champion_version]
        )


def rows_digest(warehouse: Warehouse, target: Target, snapshots_sql: str) -> str:
    """Digest of a target's labelled snapshots."""
    rows = warehouse.read(
        LEARNT_FROM_SQL.format(
            label=target.label_column,
            money=target.money_column,
            outcomes=target.outcomes,
            snapshots=snapshots_sql,
        )
    )
    return digest(rows.to_dict("records"))


def is_nothing_new(
    learnt_from: LearntFrom, recorded: str | None, champion: Champion | None, as_of: date
) -> bool:
    """Whether training would end as it did when `recorded` was kept.

    Without a champion it has to say why there is none, as of today; and one that knows facts later
    than the as-of date may have to give way.
    """
    return (
        champion is not None
        and champion.trained_as_of_date <= as_of
        and learnt_from.digest(champion.version) == recorded
    )


def state_name(target: Target) -> str:
    """Under which name `tenure.asset_states` keeps what a target's models have learnt from."""
    return f"ml/models/{target.name}"


def nothing_new_in_words(target: Target, champion: Champion) -> str:
    """That there was nothing to train, and why, in one sentence."""
    return (
        f"Nothing new to learn from for the {target.words.model}: no labelled snapshot was added "
        f"or changed since the last training. Version {champion.version} goes on serving."
    )
