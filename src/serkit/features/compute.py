"""Computing the features of one clip: what extraction and prediction both call.

There is one path from samples to numbers, so that a model hears in use what it heard in training.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from serkit.dsp.signal import Signal
from serkit.errors import FeatureError, SerkitError
from serkit.features.extractor import EXTRACTORS, Layout, Values, check_values
from serkit.features.spec import FeatureSpec, canonical_json
from serkit.features.voices import in_voice


def compute_features(
    signal: Signal, wanted: Iterable[tuple[FeatureSpec, Layout]]
) -> tuple[Mapping[str, Values], Mapping[str, SerkitError]]:
    """Compute features of one clip; what several of them share is computed once.

    Args:
        signal: The clip, at 48 kHz.
        wanted: The features with their shapes.

    Returns:
        By feature name the values, checked against the shape; and by feature name why there are
        none. A feature that fails does not stop the others.
    """
    values: dict[str, Values] = {}
    failures: dict[str, SerkitError] = {}
    features, heard = tuple(wanted), _Voices(signal)
    for spec, _ in features:
        with suppress(Exception):  # what is wrong shows again, and is recorded, below
            EXTRACTORS.get(spec.extractor).announce(heard(spec), spec.settings)
    for spec, layout in features:
        try:
            value = EXTRACTORS.get(spec.extractor).compute(heard(spec), spec.settings)
            if wrong := check_values(value, layout):
                raise FeatureError(f"{spec.name} cannot be kept: {wrong}")
        except SerkitError as error:
            failures[spec.name] = error
        except Exception as error:  # a plug-in's fault stays with the clip
            text = f"{spec.name} failed with {type(error).__name__}: {error}"
            failures[spec.name] = FeatureError(text)
        else:
            values[spec.name] = value
    return values, failures


class _Voices:
    """A clip's signal as each feature hears it; what features share is computed once a voice."""

    def __init__(self, signal: Signal) -> None:
        self._signal = signal
        self._heard: dict[str, Signal] = {}

    def __call__(self, spec: FeatureSpec) -> Signal:
        voice = canonical_json(spec.voice)
        if voice not in self._heard:
            self._heard[voice] = in_voice(self._signal, spec.voice, spec.options)
        return self._heard[voice]
