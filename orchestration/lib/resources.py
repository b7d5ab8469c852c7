"""Resources: opened when a step uses them, never at import, so that definitions always load."""

from contextlib import AbstractContextManager, nullcontext

import dagster as dg

from warehouse import Settings, Warehouse, load_settings
from warehouse.urls import Role

_READY: dict[tuple[Settings, Role], Warehouse] = {}


class CompanyWarehouse(dg.ConfigurableResource):
    """The warehouse of a company: the one named, else TENURE_COMPANY, else the last one run."""

    company: str | None = None

    @property
    def settings(self) -> Settings:
        """Settings as the environment states them now."""
        return load_settings(self.company)

    def open(self, role: Role = "owner") -> AbstractContextManager[Warehouse]:
        """A warehouse for one step.

        One for all steps of a process, its connections with it: making it ready and finding its
        server start processes (as root, 72 in a run), and a new connection for Arrow costs 50 ms.
        A server that goes away later is started on connecting.
        """
        settings = self.settings
        key = (settings, role)
        if key not in _READY:
            _READY[key] = Warehouse.open(settings, role=role)
        return nullcontext(_READY[key])
