"""Features of clips without labels, in memory, by the same code that fills a store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from serkit.audio import Audio
from serkit.clips import SAMPLE_RATE
from serkit.dsp.scratch import Scratch
from serkit.dsp.signal import Signal
from serkit.errors import ClipTooLongError, SerkitError
from serkit.extraction.rows import columns_of
from serkit.features import EXTRACTORS, FeatureSpec, Layout, Values
from serkit.features.compute import compute_features
from serkit.ingest.unlabelled import CORPUS, unlabelled_name
from serkit.labels import NO_LABEL
from serkit.store.memory import ClipFeatures
from serkit.store.tables import ClipRow


@dataclass(frozen=True)
class FeatureRequest:
    """The features to compute.

    Attributes:
        specs: The features.
        stretch: Whether clips longer than the recipe's ``pad_to`` are extracted with a larger
            ``pad_to``. Otherwise, or if the extractor does not support it, they are rejected.
    """

    specs: tuple[FeatureSpec, ...]
    stretch: bool = False

    @cached_property
    def wanted(self) -> tuple[tuple[FeatureSpec, Layout], ...]:
        """The features with their shapes."""
        return tuple((spec, spec.layout()) for spec in self.specs)

    @property
    def can_stretch(self) -> bool:
        """Whether clips of any length can be read."""
        return self.stretch and all(
            "pad_to" not in spec.parameters or EXTRACTORS.get(spec.extractor).longer is not None
            for spec in self.specs
        )

    def fitting(self, num_frames: int) -> FeatureRequest:
        """Return the same features, padded to at least that many samples at 48 kHz."""
        return replace(self, specs=tuple(_longer(spec, num_frames) for spec in self.specs))


def clip_features(
    clip_id: str, audio: Audio, request: FeatureRequest, *, scratch: Scratch | None = None
) -> ClipFeatures:
    """Compute the features of one clip.

    Args:
        clip_id: The id that it gets.
        audio: The clip, decoded.
        request: The features.
        scratch: Memory that is used again for clip after clip.

    Raises:
        ClipTooLongError: It is longer than the recipe's ``pad_to`` and cannot be stretched.
        SerkitError: A feature cannot be computed.
    """
    row = _row(clip_id, audio)
    signal = Signal(audio.samples, scratch=scratch)
    values, failures = compute_features(signal, request.wanted)
    if failures and request.can_stretch and _only_too_long(failures):
        request = request.fitting(audio.num_frames)
        values, failures = compute_features(signal, request.wanted)
    for error in failures.values():
        raise error
    return ClipFeatures(row, request.specs, _owned(values), audio.notes)


def _only_too_long(failures: Mapping[str, SerkitError]) -> bool:
    return all(isinstance(error, ClipTooLongError) for error in failures.values())


def _owned(values: Mapping[str, Values]) -> dict[str, Values]:
    """Copy a view of a larger array, so that the latter can be freed."""
    return {
        name: value if value.array.base is None else replace(value, array=value.array.copy())
        for name, value in values.items()
    }


def _longer(spec: FeatureSpec, num_frames: int) -> FeatureSpec:
    longer = EXTRACTORS.get(spec.extractor).longer
    if longer is None:
        return spec
    values = longer(spec.settings, num_frames).to_json()
    return replace(spec, parameters={name: values[name] for name in spec.parameters})


def _row(clip_id: str, audio: Audio) -> ClipRow:
    return ClipRow(
        **columns_of(unlabelled_name(clip_id)),
        corpus=CORPUS,
        path="",
        emotion_id=NO_LABEL,
        sample_rate=SAMPLE_RATE,
        channels=audio.channels,
        num_frames=audio.num_frames,
        resampled_from=audio.resampled_from,
        pcm_sha256=audio.pcm_sha256,
        root="",
    )
