"""Frozen speech encoder embeddings: the mean over time of every hidden layer.

The recipe behind the best published result on RAVDESS: silence is trimmed 30 dB below the peak,
each hidden layer is averaged over the clip's true length, and a linear model is put on one layer
(hsn07pk/ravdess-speaker-independent-ser). Nothing is ever padded: models whose first convolution
normalises over time would hear the padding in every frame.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from serkit.compute.cores import available_cores
from serkit.compute.devices import DEVICES
from serkit.dsp.signal import Signal
from serkit.encoders.checkpoint import Checkpoint, open_checkpoint
from serkit.encoders.machine import count_gpus, require_transformers
from serkit.encoders.waveform import prepare
from serkit.errors import FeatureError, UsageError
from serkit.features.extractor import ArrayLayout, Cost, Extractor, Values
from serkit.parameters import Parameters, parameter

_MS_PER_MEGABYTE = 0.8
"""Measured: 0.30 s on one core, base-size wav2vec2 (378 MB), a clip of 3.7 s that is trimmed."""

_GPU_SPEED = 40
_MEMORY_SHARE = 0.5
_FRAMEWORK_BYTES = 500 * 2**20


@dataclass(frozen=True)
class EmbeddingParameters(Parameters):
    """Encoder, trimming and device."""

    checkpoint: str = parameter(
        "facebook/wav2vec2-base",
        "the encoder: a folder, or a name on the Hugging Face hub",
        is_identity=False,
    )
    weights: str = parameter("", "its identity: hash of weights and settings, found by itself")
    trim_db: float = parameter(
        30.0,
        "trim silence more than this many dB below the loudest frame; 0 disables it",
        minimum=0,
    )
    device: str = parameter("auto", "what it is computed on", choices=DEVICES, is_identity=False)


def _checkpoint(parameters: EmbeddingParameters) -> Checkpoint:
    return open_checkpoint(parameters.checkpoint)


def _check(parameters: EmbeddingParameters) -> None:
    if not parameters.checkpoint:
        raise UsageError(
            "checkpoint = '' names no encoder",
            allowed="a folder, or a name such as facebook/wav2vec2-base",
        )


def _complete(parameters: EmbeddingParameters) -> EmbeddingParameters:
    """Find the checkpoint and identify it by content, independent of its path."""
    checkpoint = _checkpoint(parameters)
    pinned, found = parameters.weights, checkpoint.identity
    if pinned not in ("", found):
        raise UsageError(
            f"the checkpoint in {checkpoint.folder} has the weights {found}, not {pinned}",
            hint="name the folder of the right checkpoint, or extract the feature again",
        )
    given = parameters.checkpoint
    is_folder = Path(given).expanduser().is_dir()
    place = str(checkpoint.folder) if is_folder else given
    return replace(parameters, weights=found, checkpoint=place)


def _require(parameters: EmbeddingParameters) -> None:
    """Refuse another checkpoint than the one that stored values came from, too."""
    require_transformers()
    if parameters.weights:
        _complete(parameters)


def _layout(parameters: EmbeddingParameters) -> ArrayLayout:
    checkpoint = _checkpoint(parameters)
    return ArrayLayout("float32", (checkpoint.layers,), checkpoint.units, "units")


def _compute(signal: Signal, parameters: EmbeddingParameters) -> Values:
    from serkit.encoders.frozen import layer_means

    checkpoint = _checkpoint(parameters)
    wave = prepare(
        signal.at(checkpoint.sample_rate).samples,
        decibels=parameters.trim_db,
        normalise=checkpoint.normalises,
    )
    if len(wave) < checkpoint.fewest_samples:
        raise FeatureError(
            f"{len(wave):,} samples at {checkpoint.sample_rate:,} Hz remain of the clip, but the "
            f"encoder needs at least {checkpoint.fewest_samples:,}"
        )
    return Values(layer_means(checkpoint, parameters.weights, wave, parameters.device))


def _weigh(parameters: EmbeddingParameters) -> Cost:
    """Estimate from the checkpoint's size; a GPU has enough to do with one process."""
    size = _checkpoint(parameters).weight_bytes
    milliseconds = max(5.0, _MS_PER_MEGABYTE * size / 1e6)
    if parameters.device != "cpu" and (gpus := count_gpus()):
        return Cost(milliseconds / _GPU_SPEED, _FRAMEWORK_BYTES + size, gpus)
    needed = _FRAMEWORK_BYTES + 2 * size
    fitting = int(_MEMORY_SHARE * _memory_bytes() / needed)
    return Cost(milliseconds, needed, max(1, min(available_cores(), fitting)))


def _memory_bytes() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not available on this system
        return 8 * 2**30


EXTRACTOR = Extractor(
    name="embeddings",
    version=1,
    summary="mean of every hidden layer of a frozen speech encoder",
    parameters=EmbeddingParameters,
    layout=_layout,
    compute=_compute,
    check=_check,
    complete=_complete,
    require=_require,
    weigh=_weigh,
    argument="checkpoint",
    framework="torch",
)
