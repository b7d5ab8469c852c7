"""Resources: opened when a step uses them, never at import, so that definitions always load."""

import dagster as dg

from warehouse import Settings, Warehouse, load_settings
from warehouse.urls import Role

_READY: set[tuple[Settings, Role]] = set()


class CompanyWarehouse(dg.ConfigurableResource):
    """The warehouse of a company: the one named, else TENURE_COMPANY, else the last one run."""

    company: str | None = None

    @property
    def settings(self) -> Settings:
        """Settings as the environment states them now."""
        return load_settings(self.company)

    def open(self, role: Role = "owner") -> Warehouse:
        """A warehouse for one step; a context manager.

        Only the first step of a process starts the server and makes the warehouse ready: each of
        these checks starts processes. A server that goes away later is started on connecting.
        """
        settings = self.settings
        if (settings, role) in _READY:
            return Warehouse(settings, role)
        warehouse = Warehouse.open(settings, role=role)
        _READY.add((settings, role))
        return warehouse
