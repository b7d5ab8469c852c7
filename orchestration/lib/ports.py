"""Where the services beside the warehouse answer on this machine."""

import os

from warehouse.settings import checkout_folder, read_env_file


def service_port(name: str, default: int) -> int:
    """Port of a service, from TENURE_<NAME>_PORT in the environment or `.env`."""
    values = {**read_env_file(checkout_folder() / ".env"), **os.environ}
    return int(values.get(f"TENURE_{name}_PORT") or default)


def mlflow_page(path: str) -> str:
    """A page of MLflow's web server, as `tenure dev` starts it."""
    return f"http://127.0.0.1:{service_port('MLFLOW', 5000)}/{path}"
