"""Compute the features of one clip, for extraction and prediction.

There is one path from samples to values, so that models get the same input in use as in training.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from serkit.clips import SAMPLE_RATE
from serkit.compute.blas import one_blas_thread
from serkit.dsp.signal import Signal
from serkit.errors import ClipTooLongError, FeatureError, SerkitError
from serkit.features.extractor import EXTRACTORS, Extractor, Layout, Values, check_values
from serkit.features.spec import FeatureSpec, canonical_json
from serkit.features.voices import in_voice
from serkit.parameters import Parameters


def compute_features(
    signal: Signal, wanted: Iterable[tuple[FeatureSpec, Layout]], *, ragged: bool = False
) -> tuple[Mapping[str, Values], Mapping[str, SerkitError]]:
    """Compute features of one clip; shared work is done once.

    On one thread, so that a clip has the same digits in a store, a prediction and a server.

    Args:
        signal: The clip, at 48 kHz.
        wanted: The features with their shapes.
        ragged: Whether a clip that is longer than a recipe pads to gets its values all the same,
            those of the recipe that pads far enough: for a store, which keeps true lengths.

    Returns:
        By feature name the values, checked against the shape; and by feature name why there are
        none. A feature that fails does not stop the others.
    """
    with one_blas_thread():
        return _compute(_Voices(signal), tuple(wanted), ragged)


def _compute(
    heard: _Voices, features: Sequence[tuple[FeatureSpec, Layout]], ragged: bool
) -> tuple[Mapping[str, Values], Mapping[str, SerkitError]]:
    values: dict[str, Values] = {}
    failures: dict[str, SerkitError] = {}
    for spec, _ in features:
        with suppress(Exception):  # the error occurs again below, where it is recorded
            EXTRACTORS.get(spec.extractor).announce(heard(spec), spec.settings)
    for spec, layout in features:
        try:
            extractor = EXTRACTORS.get(spec.extractor)
            value, wrong = _computed(extractor, heard(spec), spec.settings, layout, ragged)
            if wrong:
                raise FeatureError(f"{spec.name} cannot be kept: {wrong}")
        except SerkitError as error:
            failures[spec.name] = error
        except Exception as error:  # a plug-in's fault stays with the clip
            text = f"{spec.name} failed with {type(error).__name__}: {error}"
            failures[spec.name] = FeatureError(text)
        else:
            values[spec.name] = value
    return values, failures


def _computed(
    extractor: Extractor[Any], signal: Signal, settings: Parameters, layout: Layout, ragged: bool
) -> tuple[Values, str | None]:
    """Return a clip's values, and what is wrong with them."""
    try:
        value = extractor.compute(signal, settings)
    except ClipTooLongError:
        if not ragged or extractor.longer is None:
            raise
        num_frames = -(-len(signal.samples) * SAMPLE_RATE // signal.sample_rate)
        further = extractor.longer(settings, num_frames)
        value = extractor.compute(signal, further)
        return value, check_values(value, extractor.layout(further))
    return value, check_values(value, layout)


class _Voices:
    """A clip's signal in each voice; shared work is done once per voice."""

    def __init__(self, signal: Signal) -> None:
        self._signal = signal
        self._heard: dict[str, Signal] = {}

    def __call__(self, spec: FeatureSpec) -> Signal:
        if not spec.voice:
            return self._signal
        voice = canonical_json(spec.voice)
        if voice not in self._heard:
            self._heard[voice] = in_voice(self._signal, spec.voice, spec.options)
        return self._heard[voice]
