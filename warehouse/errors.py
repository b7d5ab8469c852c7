"""What can go wrong between Tenure and its database, in words a person can act on."""


class WarehouseError(Exception):
    """Any failure of the warehouse that has a cause worth naming."""


class WarehouseUnavailable(WarehouseError):
    """The server cannot be reached, or the connection was lost. The same call may work later."""


class WarehouseBusy(WarehouseError):
    """A table was in use for too long; the message names whose session holds one."""


class WarehouseNotPrepared(WarehouseError):
    """The server answers, but this company has no database or no tables in it yet."""


class WarehouseRefused(WarehouseError):
    """The server answers, and going on would be wrong: too old, or another company's database."""
