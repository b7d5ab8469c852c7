"""Snapshots joined with what followed."""

import pandas as pd

from ml.targets.target import AMOUNT, KEYS, LABEL, Target


def label_snapshots(
    snapshots: pd.DataFrame, outcomes: pd.DataFrame, target: Target
) -> pd.DataFrame:
    """Snapshots whose outcome is known, ordered by account and date.

    Args:
        snapshots: account_id, snapshot_date and the signals, one row per account and date.
        outcomes: one row per open account and date; see `Target` for its columns.

    Returns:
        The snapshots' columns, `label` (bool) and `label_amount` (float, 0 without the event, NaN
        where the event has no known amount), with a fresh index.

    Raises:
        ValueError: an account and date stand twice in either frame.
    """
    known = target.labels(outcomes)
    rows = snapshots.drop(columns=[LABEL, AMOUNT], errors="ignore").copy()
    for name, frame in (("snapshots", rows), ("outcomes", known)):
        frame["snapshot_date"] = pd.to_datetime(frame["snapshot_date"]).astype("datetime64[ms]")
        frame["account_id"] = frame["account_id"].astype(str)
        if frame.duplicated(KEYS).any():
            raise ValueError(f"{name}: an account and date stand more than once")
    return rows.merge(known, on=KEYS).sort_values(KEYS, ignore_index=True)
