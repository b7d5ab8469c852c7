"""The company's lock as commands and Dagster's runs take it: once for each process."""

from collections.abc import Iterator
from contextlib import contextmanager

from warehouse import Settings, Warehouse
from warehouse.run_lock import PATIENCE_SECONDS, run_lock

_HELD: set[Settings] = set()


def is_held_here(settings: Settings) -> bool:
    """Whether this process holds the company's lock."""
    return settings in _HELD


@contextmanager
def only_run(
    settings: Settings,
    command: str,
    run_id: str | None = None,
    patience: float = PATIENCE_SECONDS,
) -> Iterator[None]:
    """Prepare the company's warehouse and be the one that writes it.

    Raises RunLockHeld where another process does, after `patience` seconds.
    """
    Warehouse.open(settings).close()
    with run_lock(settings, command, run_id, patience):
        _HELD.add(settings)
        try:
            yield
        finally:
            _HELD.discard(settings)
