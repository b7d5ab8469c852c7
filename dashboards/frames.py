"""Ways into a data frame that a type checker can follow.

pandas' own annotations make `frame["x"]` a union of a dozen types, and a row a bare tuple.
"""

from collections.abc import Iterator
from typing import Any, cast

import pandas as pd


def column(frame: pd.DataFrame, name: str) -> pd.Series:
    """One column of a frame."""
    return cast(pd.Series, frame[name])


def rows(frame: pd.DataFrame) -> Iterator[Any]:
    """The rows of a frame, its columns as attributes."""
    return iter(frame.itertuples())


def newest_day(frame: pd.DataFrame) -> Any:
    """The as-of date of mart rows, or None when there is no row."""
    return None if frame.empty else column(frame, "as_of_date").max()


def where(frame: pd.DataFrame, keep: Any) -> pd.DataFrame:
    """The rows of a frame for which a boolean series is true."""
    return cast(pd.DataFrame, frame[keep])
