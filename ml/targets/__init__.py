"""What is predicted. A module with a TARGET in this folder is all that a new target needs here."""

from importlib import import_module
from pkgutil import iter_modules

from ml.targets.target import Target, Words

__all__ = ["TARGETS", "Target", "Words"]


def _targets() -> tuple[Target, ...]:
    names = sorted(module.name for module in iter_modules(__path__))
    modules = [import_module(f"{__name__}.{name}") for name in names]
    return tuple(module.TARGET for module in modules if hasattr(module, "TARGET"))


TARGETS = _targets()
