"""A model's view of clips: features of its own clips, and for training clips their labels.

A :class:`ClipData` gives access to the features, lengths and recording facts of its own clips and
no others. No attribute leads to a store, a label, a speaker or a sentence, and the ids reveal
nothing. This prevents accidents and convenience leaks; it cannot stop a plug-in that reads files on
its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn, Self

import numpy as np
import numpy.typing as npt

from serkit.errors import HiddenFromModelError, LeakageError, unknown_name
from serkit.evaluation.splits import speaker_numbers
from serkit.features import FeatureSpec, Layout
from serkit.features.voices import copy_name
from serkit.labels import UNKNOWN, LabelSet
from serkit.models.opaque import opaque_id, rows_of
from serkit.store.options import Scale
from serkit.store.source import ClipSource

READABLE_COLUMNS = ("num_frames", "channels", "sample_rate")
"""Metadata that a model may read: numbers about the recording, and nothing of who says
what, or how."""

_HIDDEN = {
    "store": "data.read(feature) and data.matrix(features) read these clips",
    "clips": "data.column(name) reads numbers of the recordings",
    "labels": "only the clips of a training side have labels",
    "speakers": "only the clips of a training side have speakers",
    "sentences": "only the clips of a training side have sentences",
}
"""What is hidden from models, and the alternative."""


@dataclass(frozen=True)
class FeatureValues:
    """The values of one feature of some clips.

    Attributes:
        X: An array of shape ``(n, *item, length)`` or ``(n, columns)``; with ``padded=False`` a
            list of n arrays of true length.
        lengths: Unpadded length of each clip on the last axis of ``X``, shape ``(n,)``.
        columns: Names of the columns of ``X``, for table features.
        spec: The feature's specification.

    Example:
        >>> store = serkit.FeatureStore("features/store")
        >>> values = ClipData.of(store, store.select("functionals")).read("functionals")
        >>> values.X.shape, len(values.columns)
        ((96, 1362), 1362)
    """

    X: Any
    lengths: npt.NDArray[np.int64]
    columns: tuple[str, ...]
    spec: FeatureSpec


@dataclass(frozen=True)
class _Access:
    """Functions that read clips by position, so that no store is exposed."""

    read: Callable[[str, Sequence[int], bool, Scale], FeatureValues]
    lengths: Callable[[str], npt.NDArray[np.int64]]
    column: Callable[[str], npt.NDArray[np.float64]]
    spec: Callable[[str], FeatureSpec]
    layout: Callable[[str], Layout]


@dataclass(frozen=True)
class ClipData:
    """A model's view of clips at prediction time.

    Attributes:
        clip_ids: Opaque ids, in order: the same clip has the same id in every process, and the id
            reveals nothing about it.
        voices: Other voices in which these clips can be read, such as ``speed090``. Only
            training clips have any; validation and test clips are read as recorded.

    Example:
        >>> store = serkit.FeatureStore("features/store")
        >>> clips = ClipData.of(store, store.select("functionals", where={"actor": 1}))
        >>> clips.read("functionals").X.shape
        (16, 1362)
    """

    clip_ids: tuple[str, ...]
    voices: tuple[str, ...]
    _access: _Access = field(repr=False, compare=False)
    _places: tuple[int, ...] = field(repr=False, compare=False)

    @classmethod
    def of(cls, store: ClipSource, clip_ids: Iterable[str]) -> Self:
        """Return the view of some clips of a store.

        Args:
            store: The store.
            clip_ids: The clips' own ids, in order.

        Raises:
            UnknownNameError: There is no such clip.

        Example:
            ``run.model_of("1").predict(ClipData.of(store, clip_ids))``
        """
        names = tuple(clip_ids)
        rows = rows_of(store, names)
        return cls(tuple(map(opaque_id, rows)), (), _open(store, names), tuple(range(len(names))))

    def __len__(self) -> int:
        return len(self.clip_ids)

    def __getattr__(self, name: str) -> NoReturn:
        if name in _HIDDEN:
            raise HiddenFromModelError(
                f"{name!r} of these clips is hidden from models", hint=_HIDDEN[name]
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def read(
        self,
        feature: str,
        positions: Sequence[int] | npt.NDArray[np.intp] | None = None,
        *,
        voice: str = "",
        padded: bool = True,
        scale: Scale = "power",
    ) -> FeatureValues:
        """Read a feature of these clips.

        Args:
            feature: Its name.
            positions: Which of them, from 0; None is all.
            voice: One of :attr:`voices`; empty reads them as recorded.
            padded: Whether every clip is padded in front to the recipe's length.
            scale: ``"power"`` as stored, or ``"db"``.

        Raises:
            LeakageError: These clips have no such voice.
        """
        places = self._places if positions is None else [self._places[p] for p in positions]
        return self._access.read(self._named(feature, voice), places, padded, scale)

    def matrix(
        self, features: Sequence[str], columns: Sequence[str] = (), *, voice: str = ""
    ) -> npt.NDArray[Any]:
        """Read features side by side, each clip flattened to a row, then recording columns.

        Returns:
            Shape ``(n, columns of all)``; float32, or float64 where any part is.

        Raises:
            UnknownNameError: A column is none of :data:`READABLE_COLUMNS`.
            LeakageError: These clips have no such voice.
        """
        read = [np.asarray(self.read(name, voice=voice).X) for name in features]
        parts = [each.reshape(len(self), -1) for each in read]
        parts += [self.column(name)[:, None] for name in columns]
        return np.concatenate(parts, axis=1)

    def column(self, name: str) -> npt.NDArray[np.float64]:
        """Return a number of each recording, shape ``(n,)``.

        Raises:
            UnknownNameError: It is none of :data:`READABLE_COLUMNS`.
        """
        if name not in READABLE_COLUMNS:
            raise unknown_name("clip column that a model may read", name, READABLE_COLUMNS)
        return self._access.column(name)[list(self._places)]

    def lengths(self, feature: str, voice: str = "") -> npt.NDArray[np.int64]:
        """Return each clip's live extent on a feature's last axis, shape ``(n,)``; reads none.

        Raises:
            LeakageError: These clips have no such voice.
        """
        return self._access.lengths(self._named(feature, voice))[list(self._places)]

    def spec(self, feature: str) -> FeatureSpec:
        """Return a feature's specification."""
        return self._access.spec(feature)

    def layout(self, feature: str) -> Layout:
        """Return how a feature's values are arranged."""
        return self._access.layout(feature)

    def _named(self, feature: str, voice: str) -> str:
        """Return the name under which the store holds a feature of these clips in a voice."""
        if not voice:
            return feature
        if voice not in self.voices:
            raise LeakageError(
                f"the voice {voice!r} is not available for these clips",
                allowed="only training clips have copies",
            )
        return copy_name(feature, voice)


@dataclass(frozen=True)
class TrainingClips(ClipData):
    """Some clips of a training side: their labels, speakers and sentences may be seen, too.

    Attributes:
        labels: Numbers of their emotions in ``label_set``, shape ``(n,)``.
        speakers: A number for each clip's speaker, shape ``(n,)``; of unknown ones each is
            another.
        sentences: A number for each clip's sentence, shape ``(n,)``; -1 where it is unknown.
        label_set: The classes, also those that none of these clips has.

    Example:
        >>> store = serkit.FeatureStore("features/store")
        >>> clips = TrainingClips.of(store, store.select("functionals", where={"actor": 1}))
        >>> clips.labels.tolist()[:3], clips.label_set[0]
        ([0, 0, 1], 'neutral')
    """

    labels: npt.NDArray[np.int64] = field(compare=False)
    speakers: npt.NDArray[np.int64] = field(compare=False)
    sentences: npt.NDArray[np.int64] = field(compare=False)
    label_set: LabelSet

    @classmethod
    def of(cls, store: ClipSource, clip_ids: Iterable[str], voices: tuple[str, ...] = ()) -> Self:
        """Return the view of some clips of a store, with their labels and speakers.

        Args:
            store: The store.
            clip_ids: The clips' own ids, in order.
            voices: Other voices that they may be read in.

        Raises:
            UnknownNameError: There is no such clip.
        """
        names = tuple(clip_ids)
        rows = rows_of(store, names)
        return cls(
            tuple(map(opaque_id, rows)),
            voices,
            _open(store, names),
            tuple(range(len(names))),
            np.array([row.emotion_id for row in rows], np.int64),
            speaker_numbers([row.speaker for row in rows]),
            _sentence_numbers([row.statement for row in rows]),
            store.labels,
        )

    def take(self, positions: Iterable[int]) -> TrainingClips:
        """Return some of these clips, by position from 0."""
        kept = list(positions)
        return TrainingClips(
            tuple(self.clip_ids[p] for p in kept),
            self.voices,
            self._access,
            tuple(self._places[p] for p in kept),
            self.labels[kept],
            self.speakers[kept],
            self.sentences[kept],
            self.label_set,
        )

    def subset(self, mask: npt.NDArray[np.bool_]) -> TrainingClips:
        """Return those of these clips for which a mask of shape ``(n,)`` holds."""
        return self.take(np.flatnonzero(mask).tolist())


@dataclass(frozen=True)
class FoldData:
    """A fold's training side.

    Attributes:
        train: Clips to fit on; they and ``everything`` alone have copies in other voices.
        validation: Clips to choose on: of other speakers than those fitted on. Only where a run
            reproduces the study's choice on its test clips are they the test clips.
        everything: All clips that may be fitted on, for models that need no clips set aside.
        chosen_on_test: Whether the validation clips are the test clips.

    Example:
        >>> store = serkit.FeatureStore("features/store")
        >>> ids = store.select("functionals")
        >>> data = FoldData.of(store, train=ids[:64], validation=ids[64:80])
        >>> len(data.train), len(data.validation)
        (64, 16)
    """

    train: TrainingClips
    validation: TrainingClips
    everything: TrainingClips
    chosen_on_test: bool = False

    @property
    def labels(self) -> LabelSet:
        """The classes; a model predicts a probability for each, in this order."""
        return self.train.label_set

    @classmethod
    def of(
        cls,
        store: ClipSource,
        train: Iterable[str],
        validation: Iterable[str] = (),
        *,
        voices: tuple[str, ...] = (),
        chosen_on_test: bool = False,
    ) -> FoldData:
        """Return the view of a fold's training side.

        Args:
            store: The store.
            train: Ids of the clips to fit on, in order.
            validation: Ids of the clips to choose on, in order.
            voices: Other voices that clips which are fitted on may be read in.
            chosen_on_test: Whether the validation clips are the test clips, never fitted on.

        Raises:
            UnknownNameError: There is no such clip.
        """
        fitted, chosen_on = tuple(train), tuple(validation)
        if chosen_on_test:
            alone = TrainingClips.of(store, fitted, voices)
            return cls(alone, TrainingClips.of(store, chosen_on), alone, chosen_on_test=True)
        names = sorted({*fitted, *chosen_on})
        whole = TrainingClips.of(store, names, voices)
        place = {name: position for position, name in enumerate(names)}
        return cls(
            whole.take(place[name] for name in fitted),
            replace(whole.take(place[name] for name in chosen_on), voices=()),
            whole,
        )


def _sentence_numbers(statements: Sequence[str]) -> npt.NDArray[np.int64]:
    """Number the sentences in the order of their words; an unknown one is -1."""
    numbers = {name: number for number, name in enumerate(sorted(set(statements) - {UNKNOWN}))}
    return np.array([numbers.get(each, -1) for each in statements], np.int64)


def _open(store: ClipSource, names: tuple[str, ...]) -> _Access:
    """Return functions that read these clips of a store and no others."""

    def read(feature: str, places: Sequence[int], padded: bool, scale: Scale) -> FeatureValues:
        ids = [names[place] for place in places]
        found = store.read(feature, ids, columns=(), padded=padded, scale=scale)
        return FeatureValues(found.X, found.lengths, found.columns, found.spec)

    def lengths(feature: str) -> npt.NDArray[np.int64]:
        rows = store.state.index[store.spec(feature).name]
        return np.array([rows[name].length for name in names], np.int64)

    def column(name: str) -> npt.NDArray[np.float64]:
        return np.array([getattr(row, name) for row in rows_of(store, names)], np.float64)

    def spec(feature: str) -> FeatureSpec:
        return store.spec(feature)

    def layout(feature: str) -> Layout:
        return store.layout(feature)

    return _Access(read, lengths, column, spec, layout)
