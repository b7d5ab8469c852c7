"""The database: settings, embedded server, connections, bulk load, roles. No business meaning."""

from warehouse.database import Warehouse
from warehouse.environment import silence_telemetry
from warehouse.errors import (
    WarehouseBusy,
    WarehouseError,
    WarehouseNotPrepared,
    WarehouseRefused,
    WarehouseUnavailable,
)
from warehouse.settings import Settings, load_settings

__all__ = [
    "Settings",
    "Warehouse",
    "WarehouseBusy",
    "WarehouseError",
    "WarehouseNotPrepared",
    "WarehouseRefused",
    "WarehouseUnavailable",
    "load_settings",
    "silence_telemetry",
]
