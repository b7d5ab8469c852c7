"""numpy arrays to Arrow columns in the contract's types."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulator.calendar import DAY_SECONDS, NEVER

MOMENT = pa.timestamp("us", tz="UTC")


def keys(
    prefix: str, numbers: np.ndarray, digits: int = 6, known: np.ndarray | None = None
) -> pa.Array:
    """Keys such as `acct_000123`, counted from 1; null where not known."""
    counted = pa.array(
        np.asarray(numbers, dtype=np.int64) + 1, mask=None if known is None else ~known
    )
    text = counted.cast(pa.string())
    padded = pc.call_function("utf8_lpad", [text], pc.PadOptions(digits, "0"))
    return pc.call_function("binary_join_element_wise", [pa.scalar(prefix), padded, pa.scalar("_")])


def texts(words: Sequence[str], codes: np.ndarray, known: np.ndarray | None = None) -> pa.Array:
    """The word of each code; null where not known."""
    mask = None if known is None else ~known
    picked = pa.array(np.asarray(codes, dtype=np.int32), mask=mask)
    return pa.array(list(words), pa.string()).take(picked)


def strings(values: np.ndarray, known: np.ndarray | None = None) -> pa.Array:
    return pa.array(values, pa.string(), mask=None if known is None else ~known)


def taken(column: pa.Array, rows: np.ndarray, known: np.ndarray | None = None) -> pa.Array:
    """Entries of a column by row number; null where not known."""
    mask = None if known is None else ~known
    return column.take(pa.array(np.asarray(rows, dtype=np.int64), mask=mask))


def moments(seconds: np.ndarray) -> pa.Array:
    """UTC times from seconds since 1970; NEVER becomes null."""
    seconds = np.asarray(seconds, dtype=np.int64)
    return pa.array(seconds, mask=seconds == NEVER).cast(pa.timestamp("s", tz="UTC")).cast(MOMENT)


def midnight(days: np.ndarray, known: np.ndarray | None = None) -> pa.Array:
    """The first moment of each day; null where not known."""
    days = np.asarray(days, dtype=np.int64)
    return moments(np.where(True if known is None else known, days * DAY_SECONDS, NEVER))


def dates(days: np.ndarray) -> pa.Array:
    return pa.array(np.asarray(days, dtype=np.int32)).cast(pa.date32())


def whole(
    values: np.ndarray, known: np.ndarray | None = None, kind: pa.DataType | None = None
) -> pa.Array:
    """Integers, 64 bits unless stated; null where not known."""
    mask = None if known is None else ~known
    return pa.array(np.asarray(values, dtype=np.int64), mask=mask).cast(kind or pa.int64())


def numbers(values: np.ndarray, known: np.ndarray | None = None) -> pa.Array:
    return pa.array(np.asarray(values, dtype=np.float64), mask=None if known is None else ~known)


def flags(values: np.ndarray, known: np.ndarray | None = None) -> pa.Array:
    return pa.array(np.asarray(values, dtype=bool), mask=None if known is None else ~known)


def constant(value: str | bool | None, count: int) -> pa.Array:
    kind = pa.bool_() if isinstance(value, bool) else pa.string()
    return pa.repeat(pa.scalar(value, kind), count)


def missing(count: int, kind: pa.DataType | None = None) -> pa.Array:
    return pa.nulls(count, kind or pa.string())
