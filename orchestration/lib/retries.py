"""Second chances, for connections and locks only: a wrong number stays wrong on every try."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from warehouse import WarehouseBusy, WarehouseUnavailable

MAX_RETRIES = 3
SECONDS_BETWEEN = 2


@contextmanager
def retried_on_connection_loss() -> Iterator[None]:
    """Ask Dagster to run the step again when the database went away, or a table was in use.

    Raises dagster.RetryRequested for WarehouseUnavailable and WarehouseBusy; all else passes
    through.
    """
    try:
        yield
    except (WarehouseBusy, WarehouseUnavailable) as error:
        raise dg.RetryRequested(max_retries=MAX_RETRIES, seconds_to_wait=SECONDS_BETWEEN) from error
