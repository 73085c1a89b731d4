"""MLflow: one run for each fold, resumed with the training."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from serkit.errors import TrainingError

EXPERIMENT = "serkit"
"""The experiment that runs are put into."""

_RETRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"


@contextmanager
def mlflow_run(place: str, name: str, parameters: Mapping[str, Any]) -> Iterator[None]:
    """Keep a run open during the block, so that callbacks can log to it.

    Args:
        place: A server's or database's address, or a folder.
        name: The run's name; an existing run of this name is continued. Empty for a new run.
        parameters: Kept with the run.

    Raises:
        TrainingError: The place cannot be reached, or MLflow takes no such address.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    if "://" not in place:  # MLflow only writes to folders if told to
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        place = Path(place).resolve().as_uri()
    import mlflow
    from mlflow.exceptions import MlflowException

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(place)
    try:
        try:
            with _soon():
                run = _open(mlflow, name)
                mlflow.log_params(dict(parameters))
        except (MlflowException, ImportError) as error:  # the latter: a database's package
            raise TrainingError(
                f"cannot log to MLflow at {place} ({' '.join(str(error).split())[:200]})",
                hint="give a folder or a server's address; databases need the full mlflow package",
            ) from error
        with run:
            yield
            mlflow.flush_async_logging()
    finally:
        mlflow.set_tracking_uri(before)


@contextmanager
def _soon() -> Iterator[None]:
    """Make MLflow time out after seconds instead of minutes.

    Later, in the midst of a training, its patience with a server that is away is welcome.
    """
    if _RETRIES in os.environ:  # set by the user
        yield
        return
    os.environ[_RETRIES] = "1"
    try:
        yield
    finally:
        del os.environ[_RETRIES]


def _open(mlflow: Any, name: str) -> Any:
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name(EXPERIMENT)
    number = experiment.experiment_id if experiment else client.create_experiment(EXPERIMENT)
    known = client.search_runs([number], f"attributes.run_name = '{name}'") if name else []
    return mlflow.start_run(
        run_id=known[0].info.run_id if known else None,
        experiment_id=number,
        run_name=name or None,
        nested=True,  # where a caller has a run open already
    )
