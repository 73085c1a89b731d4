"""Which framework Keras runs on: chosen once a process, before Keras is imported."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy.typing as npt

from serkit.errors import UsageError
from serkit.extras import require

BACKENDS = ("tensorflow", "jax", "torch")


def load_keras(backend: str) -> Any:
    """Import Keras on a backend.

    Args:
        backend: One of :data:`BACKENDS`.

    Returns:
        The module ``keras``.

    Raises:
        MissingDependencyError: The backend or Keras is not installed.
        UsageError: Keras already runs on another one in this process.
    """
    loaded = sys.modules.get("keras")
    if loaded is None:
        require(backend, "keras", extra=backend)
        os.environ["KERAS_BACKEND"] = backend
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        if backend != "tensorflow":
            # Keras would import an installed TensorFlow with any backend
            sys.modules.setdefault("tensorflow", None)  # type: ignore[arg-type]
        with _silence(backend == "tensorflow"):
            import keras

        # A clip's length is a new shape: TensorFlow would warn of every one.
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
        return keras
    running = loaded.config.backend()
    if running != backend:
        raise UsageError(
            f"backend = {backend!r}, but Keras already runs on {running} in this process",
            hint=f"use backend={running}, or start a new process",
        )
    return loaded


def loaded_backend(otherwise: str) -> str:
    """Return this process's Keras backend, loaded or to be loaded."""
    loaded = sys.modules.get("keras")
    return otherwise if loaded is None else str(loaded.config.backend())


def device_scope(keras: Any, device: str) -> Any:
    """Return a context in which a model is made and trained on a device.

    Args:
        keras: The module.
        device: One of :data:`serkit.compute.devices.DEVICES`; ``auto`` leaves it to the backend.

    Raises:
        UsageError: There is no such device.
    """
    from contextlib import nullcontext

    if device == "auto":
        return nullcontext()
    if device == "cuda" and not _has_gpu(keras.config.backend()):
        raise UsageError(
            f"device = 'cuda', but {keras.config.backend()} sees no GPU",
            hint="use --device cpu or auto",
        )
    return keras.device("gpu:0" if device == "cuda" else "cpu:0")


@contextmanager
def precision_scope(keras: Any, precision: str) -> Iterator[None]:
    """Make layers that compute in a precision; their weights are float32.

    Args:
        keras: The module.
        precision: One of :data:`serkit.compute.devices.PRECISIONS`.
    """
    before = keras.config.dtype_policy()
    policy = precision if precision == "float32" else f"mixed_{precision}"
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def torch_random() -> dict[str, npt.NDArray[Any]]:
    """Return the states of torch's own generators: on torch, Keras's dropout draws from them."""
    if loaded_backend("") != "torch":
        return {}
    import torch

    states = {"torch-cpu": torch.get_rng_state().numpy()}
    if torch.cuda.is_available():
        states["torch-cuda"] = torch.cuda.get_rng_state().numpy()
    return states


def set_torch_random(states: Mapping[str, npt.NDArray[Any]]) -> None:
    """Bring torch's generators to states that :func:`torch_random` returned, if there are any."""
    if "torch-cpu" not in states:
        return
    import torch

    torch.set_rng_state(torch.from_numpy(states["torch-cpu"]))
    if "torch-cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state(torch.from_numpy(states["torch-cuda"]))


def _has_gpu(backend: str) -> bool:
    if backend == "torch":
        import torch

        return bool(torch.cuda.is_available())
    if backend == "jax":
        import jax

        return any(device.platform == "gpu" for device in jax.devices())
    import tensorflow

    return bool(tensorflow.config.list_physical_devices("GPU"))


@contextmanager
def _silence(wanted: bool) -> Iterator[None]:
    """Keep native code's output off stderr, which is for progress and errors.

    TensorFlow always prints its build flags there. Exceptions still come through.
    """
    if not wanted:
        yield
        return
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
