"""Two ledgers of one company: the warehouse's, and that of the simulator."""

import pandas as pd

from tests.end_to_end.conftest import Messy

KEYS = ["account_id", "currency", "month"]
AMOUNTS = [
    "opening_mrr_cents",
    "new_cents",
    "expansion_cents",
    "contraction_cents",
    "churn_cents",
    "reactivation_cents",
    "closing_mrr_cents",
]


def differing(found: pd.DataFrame, true: pd.DataFrame) -> list[dict]:
    """The rows of either side that the other one does not have in the same words."""
    both = found.merge(true, on=KEYS + AMOUNTS, how="outer", indicator="side", validate="1:1")
    apart = both[both["side"] != "both"].sort_values(KEYS)
    names = {"left_only": "the warehouse", "right_only": "the truth"}
    return apart.assign(side=apart["side"].astype(str).map(names)).to_dict("records")


def test_every_mrr_movement_is_the_true_one_to_the_cent(messy: Messy) -> None:
    """Copies, old versions, test accounts: any of them let through moves revenue that never was.

    The ledger in `truth/` is made from the log of contract changes, the mart from messy files.
    """
    columns = ", ".join(KEYS + AMOUNTS)
    warehouse = messy.open()
    try:
        # A trial or a pause over both ends has no MRR: the ledger leaves it out.
        found = warehouse.read(f"select {columns} from marts.fct_mrr_movements")
    finally:
        warehouse.close()
    true = pd.read_parquet(messy.files / "truth" / "mrr_movements.parquet")
    for frame in (found, true):
        frame["month"] = pd.to_datetime(frame["month"])
    has_mrr = (found[AMOUNTS] != 0).any(axis="columns")
    assert differing(found[has_mrr], true) == []
    assert len(true) > 1000
    assert (true[AMOUNTS] != 0).any().all()
