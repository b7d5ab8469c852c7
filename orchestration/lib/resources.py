"""Resources: opened when a step uses them, never at import, so that definitions always load."""

from contextlib import contextmanager
from collections.abc import Iterator

import dagster as dg

from warehouse import Settings, Warehouse, load_settings


class CompanyWarehouse(dg.ConfigurableResource):
    """The warehouse of the company that TENURE_COMPANY names."""

    @property
    def settings(self) -> Settings:
        """Settings as the environment states them now."""
        return load_settings()

    @contextmanager
    def open(self, role: str = "owner") -> Iterator[Warehouse]:
        """A warehouse connection for one step."""
        warehouse = Warehouse.open(self.settings, role=role)
        try:
            yield warehouse
        finally:
            warehouse.close()
