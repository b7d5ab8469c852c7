"""MLflow's runs of a training that was killed: they would seem to go on for ever."""

from __future__ import annotations

from mlflow import MlflowClient
from mlflow.entities import RunStatus


def end_open_runs(tracking_uri: str, company: str) -> list[str]:
    """Mark the runs of a company that have no end as killed; their ids.

    For callers that know that nothing is being trained.
    """
    client = MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
    own = [
        experiment.experiment_id
        for experiment in client.search_experiments(filter_string=f"name LIKE '%-{company}'")
        if experiment.name.rpartition("-")[2] == company
    ]
    if not own:
        return []
    ended = []
    for run in client.search_runs(own, "attributes.status = 'RUNNING'"):
        client.set_terminated(run.info.run_id, RunStatus.to_string(RunStatus.KILLED))
        ended.append(run.info.run_id)
    return ended
