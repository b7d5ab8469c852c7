"""No tool that Tenure runs phones home. Set before the tools are imported."""

from __future__ import annotations

import os
from collections.abc import MutableMapping

TELEMETRY_OFF = {
    "DO_NOT_TRACK": "true",
    "DAGSTER_DISABLE_TELEMETRY": "yes",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "GX_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
}


def silence_telemetry(environ: MutableMapping[str, str] | None = None) -> None:
    """Turn every tool's telemetry off, unless a person has turned it on by name."""
    target = os.environ if environ is None else environ
    for name, value in TELEMETRY_OFF.items():
        target.setdefault(name, value)
