"""Clips as the nets read them: frames of mel bands, scaled, in batches of similar length.

A table feature is read as one frame whose bands are its columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from serkit.dsp.mel import mel_edges
from serkit.errors import ClipTooLongError, UsageError
from serkit.extractors.mel import MelParameters
from serkit.features import ArrayLayout, Layout, TableLayout
from serkit.labels import LabelSet
from serkit.models.clips import ClipData, TrainingClips
from serkit.models.keras.beside import Rows, columns_of, read_rows
from serkit.models.keras.parameters import SpectrumParameters
from serkit.models.keras.whitening import Whitening
from serkit.parameters import names_in
from serkit.store.options import Scale

Frames = npt.NDArray[np.float32]
"""One clip's values, shape ``(frames, bands)``."""

Inputs = dict[str, npt.NDArray[np.float32]]
"""A net's inputs: ``frames``; ``live`` if padding is masked; ``beside`` if it reads tables, too."""

STEP = 32
"""Batches are a multiple of this many frames long, so that few shapes are compiled."""

SPREAD = 0.1
"""Standard deviation, as a share of a clip's length, of the noise that batches are sorted with."""

CACHE_BYTES = 2 * 2**30
"""Clips are kept in memory up to this size, and read batch by batch beyond it."""

_SMALLEST_DEVIATION = 1e-6
_LIMIT = 4.0
"""Standard deviations that columns before a linear layer are clipped to, so that one odd number
cannot decide."""


class Described(Protocol):
    """Anything with feature layouts: clips, or a store."""

    def layout(self, feature: str) -> Layout:
        """Return how a feature's values are arranged."""


@dataclass(frozen=True)
class Source:
    """The input of a net.

    Attributes:
        feature: A mel feature, or with padding ``none`` one or more tables, separated by commas.
        scale: ``power`` or ``db``.
        padding: ``front``: padded in front to the recipe's length, as the study had it;
            ``short``: in front, to the longest clip of a batch; ``masked``: the same, with padding
            masked; ``crop``: true length, and behind it nothing but what a batch
            needs; ``none``: a table's row as one frame.
        bands: Mel bands, or columns.
        length: Most frames of a padded clip; None where clips have their true length.
        beside: Tables that are read beside, separated by commas.
        columns: How many columns these have.
    """

    feature: str
    scale: Scale
    padding: str
    bands: int
    length: int | None
    beside: str = ""
    columns: int = 0

    @classmethod
    def of(cls, parameters: SpectrumParameters, data: Described) -> Source:
        """Return the input that parameters select.

        Raises:
            UsageError: The feature is not a spectrogram (no table), or has no length to pad to; or
                what is read beside it is no table.
        """
        source = cls._of_frames(parameters, data)
        columns = columns_of(parameters.table_names, data)
        return replace(source, beside=parameters.beside, columns=columns)

    @classmethod
    def _of_frames(cls, parameters: SpectrumParameters, data: Described) -> Source:
        feature, padding = parameters.features, parameters.padding
        if padding == "none":
            return cls._of_tables(feature, data)
        one = len(names_in(feature)) == 1
        layout = data.layout(feature) if one else None
        if not isinstance(layout, ArrayLayout) or len(layout.item) != 1:
            raise UsageError(
                f"features = {feature!r} is not a spectrogram",
                allowed="one feature with frames of bands, such as 'mel128', is allowed",
            )
        if padding != "crop" and layout.length is None:
            raise UsageError(
                f"{feature} has no length to pad to", hint="use padding=crop, or set its pad_to"
            )
        length = None if padding == "crop" else layout.length
        return cls(feature, cast(Scale, parameters.scale), padding, layout.item[0], length)

    @classmethod
    def _of_tables(cls, features: str, data: Described) -> Source:
        columns, names = 0, names_in(features)
        if not names:
            raise UsageError(
                f"features = {features!r} names no feature", hint="see 'serkit features'"
            )
        for feature in names:
            layout = data.layout(feature)
            if not isinstance(layout, TableLayout):
                raise UsageError(
                    f"features = {feature!r} is not a table, but padding = 'none' reads one",
                    allowed="a table such as 'functionals' is allowed",
                    hint="use padding=crop for a spectrogram",
                )
            columns += len(layout.columns)
        return cls(features, "power", "none", columns, 1)

    @property
    def features(self) -> tuple[str, ...]:
        """The features that are read; a spectrogram is one."""
        return names_in(self.feature)

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that are read beside the frames."""
        return names_in(self.beside)

    @property
    def fixed(self) -> bool:
        """Whether all clips have one length."""
        return self.padding in ("front", "none")

    def read(self, data: ClipData, positions: Sequence[int], voice: str = "") -> list[Frames]:
        """Read clips, by position, in their true length, as recorded or in another voice."""
        if self.padding == "none":
            tables = [data.read(each, positions, voice=voice).X for each in self.features]
            return list(np.concatenate(tables, axis=1).astype(np.float32)[:, np.newaxis])
        read = data.read(self.feature, positions, voice=voice, padded=False, scale=self.scale).X
        return [np.ascontiguousarray(each.T, np.float32) for each in read]


@dataclass(frozen=True)
class Scaling:
    """Mean and standard deviation of each band, fitted on training clips.

    Attributes:
        mean: Shape ``(bands,)``.
        deviation: Shape ``(bands,)``.
        beside: The same for the columns of tables that are read beside; None where there are none.
        limit: Largest absolute value let through; None lets all through.
        whitening: Applied last, while a net is trained; None for none. It is not saved.
    """

    mean: npt.NDArray[np.float64]
    deviation: npt.NDArray[np.float64]
    beside: Scaling | None = None
    limit: float | None = None
    whitening: Whitening | None = None

    def __call__(self, frames: Frames) -> Frames:
        """Return frames, or rows of a table, scaled."""
        scaled = (frames - self.mean) / self.deviation
        if self.limit is not None:
            scaled = np.clip(scaled, -self.limit, self.limit)
        single: Frames = scaled.astype(np.float32)
        return single if self.whitening is None else self.whitening(single)

    def to_json(self) -> dict[str, Any]:
        """Return all as lists."""
        found: dict[str, Any] = {"mean": self.mean.tolist(), "deviation": self.deviation.tolist()}
        if self.limit is not None:
            found["limit"] = self.limit
        return found if self.beside is None else {**found, "beside": self.beside.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Scaling:
        """Read what :meth:`to_json` gave."""
        beside = cls.from_json(data["beside"]) if "beside" in data else None
        limit = data.get("limit")
        return cls(np.array(data["mean"]), np.array(data["deviation"]), beside, limit)

    @classmethod
    def identity(cls, bands: int) -> Scaling:
        """Return the scaling that changes nothing."""
        return cls(np.zeros(bands), np.ones(bands))


class Spectra:
    """Clips, read on demand and cached in memory if they fit.

    Copies in other voices are further clips: all as recorded come first, then all in one voice
    after another.

    Args:
        data: The clips.
        source: The input.
        cache_bytes: How much is kept.
    """

    def __init__(self, data: ClipData, source: Source, cache_bytes: int = CACHE_BYTES) -> None:
        self.source = source
        self._data = data
        self._voices = ("", *data.voices)
        one, *_ = source.features  # tables have one length
        self.lengths = np.concatenate([data.lengths(one, each) for each in self._voices])
        self._refuse_longer()
        fits = 4 * int(self.lengths.sum()) * source.bands <= cache_bytes
        self._kept: dict[int, Frames] | None = {} if fits else None
        rows_fit = 4 * len(self.lengths) * source.columns <= cache_bytes
        self._rows: dict[int, Rows] | None = {} if rows_fit else None

    def __len__(self) -> int:
        return len(self.lengths)

    def _refuse_longer(self) -> None:
        """Refuse clips that do not fit; copies in a slower voice lose their beginning instead."""
        most = self.source.length
        lengths = self.lengths[: len(self._data)]
        if most is None or self.source.padding == "none" or not (lengths > most).any():
            return
        longest = int(lengths.argmax())
        raise ClipTooLongError(
            f"{int((lengths > most).sum()):,} of {len(lengths):,} clips are longer than the "
            f"{most:,} frames that {self.source.feature} pads to "
            f"({self._data.clip_ids[longest]} has {int(lengths[longest]):,})",
            hint="use --set padding=crop, or a recipe with a larger pad_to",
        )

    @property
    def label_set(self) -> LabelSet:
        """The classes of a training side."""
        return self._training.label_set

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """Emotion numbers of a training side, shape ``(n,)``."""
        return np.resize(self._training.labels, len(self))

    @property
    def _training(self) -> TrainingClips:
        if not isinstance(self._data, TrainingClips):
            raise TypeError("clips that are to be predicted have no labels")
        return self._data

    @property
    def edges(self) -> npt.NDArray[np.float64] | None:
        """Where the bands begin, peak and end, in Hz, ``(bands + 2,)``; None if it is not mel."""
        mel = self._data.spec(self.source.features[0]).settings
        if not isinstance(mel, MelParameters):
            return None
        return mel_edges(mel.sample_rate, self.source.bands, mel.fmin, mel.fmax or None)

    def take(self, positions: npt.NDArray[np.intp]) -> list[Frames]:
        """Return clips by position, unscaled."""
        return _cached(self._kept, positions, lambda missing: self._read(missing, self.source.read))

    def rows(self, positions: npt.NDArray[np.intp]) -> Rows | None:
        """Return the tables beside clips, by position, unscaled; None where none are read."""
        if not self.source.tables:
            return None

        def read(data: ClipData, clips: Sequence[int], voice: str) -> Iterable[Rows]:
            return read_rows(data, self.source.tables, clips, voice)

        return np.stack(_cached(self._rows, positions, lambda missing: self._read(missing, read)))

    def _read(
        self,
        positions: Sequence[int],
        read: Callable[[ClipData, Sequence[int], str], Iterable[Frames]],
    ) -> Iterator[tuple[int, Frames]]:
        """Yield clips by position, in any order, the clips of one voice read at once."""
        for place, voice in enumerate(self._voices):
            mine = [p for p in positions if p // len(self._data) == place]
            if mine:
                clips = [p % len(self._data) for p in mine]
                yield from zip(mine, read(self._data, clips, voice), strict=True)

    def chunks(self, size: int) -> Iterator[npt.NDArray[np.intp]]:
        """Yield all positions in order, some at a time."""
        for first in range(0, len(self), size):
            yield np.arange(first, min(first + size, len(self)))


def _cached(
    kept: dict[int, Frames] | None,
    positions: npt.NDArray[np.intp],
    read: Callable[[list[int]], Iterator[tuple[int, Frames]]],
) -> list[Frames]:
    """Return values by position; those that are not kept are read, and kept unless that is None."""
    known = {} if kept is None else kept
    missing = [int(p) for p in positions if int(p) not in known]
    found = dict(read(missing)) if missing else {}
    if kept is not None:
        kept.update(found)
    return [found[int(p)] if int(p) in found else known[int(p)] for p in positions]


def fit_scaling(spectra: Spectra, over: str, linear_beside: bool = False) -> Scaling:
    """Fit the scaling of each band, and of tables that are read beside, on training clips.

    Args:
        spectra: The clips.
        over: ``live`` frames alone; ``all`` frames, padding counted as zeros; ``none`` leaves
            bands as they are. Tables are always scaled.
        linear_beside: Whether a linear layer reads the tables: they are clipped, and whitened
            during training.
    """
    return replace(_fit_bands(spectra, over), beside=_fit_columns(spectra, linear_beside))


def _fit_columns(spectra: Spectra, whitened: bool) -> Scaling | None:
    """Fit the scaling of tables' columns over all clips; None where there are none."""
    read = [spectra.rows(positions) for positions in spectra.chunks(64)]
    rows = [each.astype(np.float64) for each in read if each is not None]
    if not rows:
        return None
    every = np.concatenate(rows)
    deviation = every.std(axis=0)
    deviation = np.where(deviation > _SMALLEST_DEVIATION, deviation, 1.0)
    if not whitened:
        return Scaling(every.mean(axis=0), deviation)
    clipped = Scaling(every.mean(axis=0), deviation, limit=_LIMIT)
    return replace(clipped, whitening=Whitening.fit(clipped(every.astype(np.float32))))


def _fit_bands(spectra: Spectra, over: str) -> Scaling:
    bands = spectra.source.bands
    if over == "none":
        return Scaling.identity(bands)
    count, total, squares = 0, np.zeros(bands), np.zeros(bands)
    # Powers reach 1e12: without a shift by a typical value their squares would lose the rest.
    shift = np.mean([each.mean(axis=0) for each in spectra.take(np.arange(1))], axis=0)
    shift = shift.astype(np.float64) if over == "live" else np.zeros(bands)
    for positions in spectra.chunks(64):
        for frames in spectra.take(positions):
            shifted = frames.astype(np.float64) - shift
            total += shifted.sum(axis=0)
            squares += (shifted**2).sum(axis=0)
            count += (spectra.source.length or 0) if over == "all" else len(frames)
    mean = total / max(count, 1)
    deviation = np.sqrt(np.maximum(squares / max(count, 1) - mean**2, 0))
    return Scaling(mean + shift, np.where(deviation > _SMALLEST_DEVIATION, deviation, 1.0))


def assemble(
    clips: Sequence[Frames], source: Source, scaling: Scaling, rows: Rows | None = None
) -> Inputs:
    """Pad clips that are scaled already into one batch.

    Args:
        clips: The clips, scaled.
        source: What they are.
        scaling: How they were scaled, and how rows are.
        rows: Rows of the tables that are read beside, unscaled.

    Returns:
        ``frames`` of shape ``(clips, frames, bands)``, for true lengths and masked padding
        ``live`` of shape ``(clips, frames)``, 1 and outside the clip 0, and for tables ``beside``
        of shape ``(clips, columns)``.
    """
    inputs = _assemble_frames(clips, source, scaling)
    if rows is not None and scaling.beside is not None:
        inputs["beside"] = scaling.beside(rows)
    return inputs


def _assemble_frames(clips: Sequence[Frames], source: Source, scaling: Scaling) -> Inputs:
    length = bucket(max(map(len, clips)))
    if source.length is not None:
        length = source.length if source.fixed else min(length, source.length)
        frames = _padded_in_front(clips, source, scaling, length)
        return {"frames": frames} | (_live(clips, length) if source.padding == "masked" else {})
    frames = np.zeros((len(clips), length, source.bands), np.float32)
    live = np.zeros((len(clips), length), np.float32)
    for position, clip in enumerate(clips):
        frames[position, : len(clip)] = clip
        live[position, : len(clip)] = 1
    return {"frames": frames, "live": live}


def _padded_in_front(
    clips: Sequence[Frames], source: Source, scaling: Scaling, length: int
) -> Frames:
    silence = scaling(np.zeros((1, source.bands), np.float32))[0]
    if source.scale == "db":  # no power has no decibels: the middle of each band
        silence = np.zeros(source.bands, np.float32)
    out = np.empty((len(clips), length, source.bands), np.float32)
    for row, clip in zip(out, clips, strict=True):
        kept = clip[-length:]  # a slower tempo may have made it too long
        lead = length - len(kept)
        row[:lead], row[lead:] = silence, kept
    return out


def _live(clips: Sequence[Frames], length: int) -> Inputs:
    """Return 1 for the frames of clips aligned at the end of the batch, else 0."""
    first = length - np.minimum([len(clip) for clip in clips], length)
    return {"live": (np.arange(length) >= first[:, None]).astype(np.float32)}


def bucket(length: int) -> int:
    """Return the length that clips of a length are padded to in a batch."""
    return max(1, -(-length // STEP)) * STEP


def ordered_batches(spectra: Spectra, size: int) -> list[npt.NDArray[np.intp]]:
    """Divide clips into batches of one bucket each: a clip's batch mates never change its input."""
    if spectra.source.fixed:
        return list(spectra.chunks(size))
    buckets = np.array([bucket(int(length)) for length in spectra.lengths])
    order = np.argsort(buckets, kind="stable")
    cuts = np.flatnonzero(np.diff(buckets[order])) + 1
    groups = np.split(order, cuts)
    return [group[first : first + size] for group in groups for first in range(0, len(group), size)]


def random_batches(
    spectra: Spectra, size: int, random: np.random.Generator
) -> list[npt.NDArray[np.intp]]:
    """Divide clips into batches for one epoch, in random order.

    Clips of true length are sorted by their length with some noise, so that batches hold clips of
    similar length and yet are others every epoch.

    Args:
        spectra: The clips.
        size: Clips in a batch.
        random: Where chance comes from.
    """
    order = random.permutation(len(spectra))
    if spectra.source.padding == "crop":
        noisy = spectra.lengths * (1 + SPREAD * random.standard_normal(len(spectra)))
        order = np.argsort(noisy, kind="stable")
    batches = [order[first : first + size] for first in range(0, len(order), size)]
    return [batches[i] for i in random.permutation(len(batches))]
