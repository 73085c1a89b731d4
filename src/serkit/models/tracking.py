"""Logging a net's training to TensorBoard and MLflow, by the callbacks that come with them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from serkit.errors import UsageError
from serkit.extras import require
from serkit.models.mlflow import mlflow_run
from serkit.models.trainer import Tracking

LogEpoch = Callable[[Mapping[str, Any]], None]
"""Called with each epoch's row of the history."""


def require_trackers(_parameters: object, tracking: Tracking) -> None:
    """Refuse to log by a package that is missing, or into a file.

    Raises:
        MissingDependencyError: The hint names the extra that brings it.
        UsageError: The folder for TensorBoard is a file.
    """
    if tracking.mlflow is not None:
        require("mlflow", extra="tracking")
    if tracking.tensorboard is not None:
        require("tensorboard", extra="tracking")
        if tracking.tensorboard.exists() and not tracking.tensorboard.is_dir():
            raise UsageError(
                f"{tracking.tensorboard} is a file, and TensorBoard reads a folder",
                hint="name another with --tensorboard DIR",
            )


@contextmanager
def tracked(model: Any, parameters: Mapping[str, Any], tracking: Tracking) -> Iterator[LogEpoch]:
    """Log a training; yields a function to call after each epoch.

    Args:
        model: The compiled net.
        parameters: Training parameters, for MLflow.
        tracking: Where to.

    Raises:
        TrainingError: MLflow cannot be reached, or takes no such address.
    """
    with ExitStack() as stack:
        callbacks = []
        if tracking.tensorboard is not None:
            callbacks.append(_tensorboard(tracking.tensorboard / tracking.name))
        if tracking.mlflow is not None:
            stack.enter_context(mlflow_run(tracking.mlflow, tracking.name, parameters))
            callbacks.append(_mlflow_callback())
        if not callbacks:
            yield lambda _row: None
            return
        import keras

        listed = keras.callbacks.CallbackList(callbacks, model=model)
        listed.on_train_begin()
        stack.callback(listed.on_train_end)
        # Keras counts epochs from 0.
        yield lambda row: listed.on_epoch_end(row["epoch"] - 1, logs_of(row))


def logs_of(row: Mapping[str, Any]) -> dict[str, float]:
    """Return a row of the history as Keras names such figures.

    Validation metrics begin with ``val_``; unknown ones are omitted.
    """
    sides = {"train_": "", "validation_": "val_"}
    return {
        short + key.removeprefix(side): float(value)
        for key, value in row.items()
        for side, short in sides.items()
        if key.startswith(side) and math.isfinite(value)
    }


def _tensorboard(folder: Path) -> Any:
    import keras

    return keras.callbacks.TensorBoard(str(folder), write_graph=False)


def _mlflow_callback() -> Any:
    import mlflow.keras

    return mlflow.keras.MlflowCallback()
