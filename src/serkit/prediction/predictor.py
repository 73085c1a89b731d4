"""Loaded models that predict clip after clip."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from serkit.audio import Audio
from serkit.clips import SAMPLE_RATE
from serkit.errors import SerkitError, UsageError
from serkit.features import FeatureSpec
from serkit.ingest.unlabelled import find_audio
from serkit.prediction.activity import speech_frames
from serkit.prediction.audio_profile import differences
from serkit.prediction.calibration import Calibration
from serkit.prediction.files import Outcome, features_of_files, read_recording
from serkit.prediction.members import Answer, Members
from serkit.prediction.predictions import Prediction, Predictions, title_of
from serkit.prediction.samples import audio_of_samples
from serkit.prediction.saved import Saved
from serkit.prediction.timeline import Span, Timeline, Timelines, Window, spans_of
from serkit.progress import ProgressCallback
from serkit.store.manifest import Failure
from serkit.store.memory import ClipFeatures

if TYPE_CHECKING:
    from serkit.store.store import FeatureStore, Where

SPEECH_SHARE = 0.2
"""Windows with less speech than this are not predicted."""

WINDOWS_AT_ONCE = 32

CLIPS_AT_ONCE = 256


class Predictor:
    """Trained models in memory, checked on their golden clip; see :attr:`warnings`.

    Threads may share it: predictions run one at a time.

    Args:
        saved: The models on disk.
        fold: Which model to use, as for :meth:`serkit.prediction.saved.Saved.load`.
        calibration: Calibrates the probabilities and provides conformal sets; None does neither.

    Attributes:
        saved: The models on disk.
        calibration: See above.
        folds: Names of the models in use.
        warnings: Reasons to distrust all predictions, one sentence each.

    Raises:
        RunError: A model is damaged or not installed, or an extractor has changed since.
        UnknownNameError: No such fold.
        MissingDependencyError: The model or a feature needs a package that is not installed.

    Example:
        >>> predictor = serkit.load("majority-luna5")
        >>> predictor.folds, predictor.labels[0]
        (('1', '2', '5'), 'neutral')
    """

    def __init__(
        self,
        saved: Saved,
        fold: str | None = None,
        calibration: Calibration | None = None,
    ) -> None:
        self.saved = saved
        self.calibration = calibration
        self.request = saved.request
        self._members = Members(saved, saved.load(fold))
        self.folds = self._members.folds
        self.warnings = self._members.warnings()

    def __repr__(self) -> str:
        return f"Predictor({self.title!r})"

    @property
    def title(self) -> str:
        """Short name of the models in use."""
        return title_of(self.saved.name, self.folds)

    def card(self) -> dict[str, Any]:
        """Return the facts that a user needs to judge a prediction.

        ``name``, ``title``, ``model``, ``preset``, ``labels``, ``features``, ``expected`` (the
        measured accuracy on new speakers), ``audio`` and ``warnings``.
        """
        saved = self.saved
        return {
            "name": saved.name,
            "title": self.title,
            "model": saved.model,
            "preset": saved.preset,
            "labels": list(saved.labels),
            "features": [spec.name for spec in saved.specs],
            "expected": dict(saved.expected),
            "audio": dict(saved.audio or {}),
            "warnings": list(self.warnings),
        }

    def predict_audio(self, audio: Audio, name: str = "") -> Prediction:
        """Predict one decoded clip.

        Raises:
            SerkitError: The clip cannot be used: too long for these models, for example.
        """
        (outcome,) = self._members.answer([self.saved.features_of("clip", audio, name=name)])
        if isinstance(outcome, SerkitError):
            raise outcome
        return self._prediction(name, outcome)

    @property
    def labels(self) -> tuple[str, ...]:
        """The emotions, in the order of the probabilities."""
        return self.saved.labels

    def predict(
        self, samples: npt.ArrayLike, sample_rate: int = SAMPLE_RATE, *, channel: int = 0
    ) -> Prediction:
        """Predict one clip in memory.

        Args:
            samples: int16 amplitudes, or floats from -1 to 1; shape ``(n,)`` or
                ``(n, channels)``.
            sample_rate: In Hz.
            channel: The channel to read.

        Raises:
            AudioError: The samples are not audio.
            SerkitError: The clip cannot be used: too long for these models, for example.

        Example:
            ``serkit.load("last").predict(samples, 16_000).emotion``
        """
        audio = audio_of_samples(np.asarray(samples), sample_rate, channel=channel)
        return self.predict_audio(audio)

    def predict_files(
        self,
        audio: Iterable[str | Path],
        *,
        channel: int = 0,
        workers: int = 1,
        progress: ProgressCallback | None = None,
    ) -> Predictions:
        """Predict audio files.

        Args:
            audio: Files, and folders of them.
            channel: Which channel to read, from 0; mono files are read as they are.
            workers: Maximum number of processes for decoding and feature extraction.
            progress: Called as ``progress(done, total, what)``.

        Returns:
            A row per file; files that cannot be used are listed with the reason.
        """
        found = find_audio(audio)
        rows: dict[str, Prediction | Failure] = {}
        clips: dict[str, ClipFeatures] = {}
        for outcomes in features_of_files(found, self.saved, channel=channel, workers=workers):
            rows |= self._rows(outcomes)
            heard = [each for _, each in outcomes if isinstance(each, ClipFeatures)]
            clips |= {clip.row.clip_id: replace(clip, values={}) for clip in heard}
            if progress:
                progress(len(rows), len(found), "predicting")
        answered = [clips[shown] for shown in found if isinstance(rows[shown], Prediction)]
        notes = [f"{clip.row.clip_id}: {note}" for clip in answered for note in clip.notes]
        unlike = differences(self.saved.audio, [clip.row for clip in answered])
        unlike += self._uncovered([clip.recording for clip in answered])
        return Predictions(
            run=self.saved.name,
            model=self.saved.model,
            folds=self.folds,
            rows=tuple(rows[shown] for shown in found),
            labels=self.labels,
            warnings=(*notes, *self.warnings, *unlike, *self._about_sets()),
        )

    def _uncovered(self, recordings: Sequence[Sequence[float]]) -> list[str]:
        coverage = self.saved.coverage
        return coverage.warnings(recordings) if coverage and recordings else []

    def predict_store(
        self, store: FeatureStore, *, where: Where = None, progress: ProgressCallback | None = None
    ) -> Predictions:
        """Predict the clips of a feature store from the features it holds.

        Args:
            store: The store; it must hold the features that the models read.
            where: Which clips; None is all. See :meth:`serkit.FeatureStore.load`.
            progress: Called as ``progress(done, total, what)``.

        Returns:
            A row per clip, sorted by id; its ``path`` is the clip's id.

        Raises:
            UnknownNameError: The store lacks a feature.
            UsageError: The store's recipe of a feature is not the one that the models were
                trained with.
            IncompleteFeatureError: A feature is missing or stale for some clips.
        """
        for spec in self.saved.specs:
            _check_recipe(store, spec)
        selected = [store.select(spec.name, where) for spec in self.saved.specs]
        ids = sorted(set(selected[0]).intersection(*selected[1:]))
        rows: list[Prediction | Failure] = []
        for first in range(0, len(ids), CLIPS_AT_ONCE):
            some = ids[first : first + CLIPS_AT_ONCE]
            clips = [ClipFeatures(store.state.clips[i], self.request.specs, {}) for i in some]
            answers = self._members.answer_from(store, clips)
            rows += map(self._row, some, answers)
            if progress:
                progress(len(rows), len(ids), "predicting")
        answered = [store.state.clips[row.path] for row in rows if isinstance(row, Prediction)]
        unlike = differences(self.saved.audio, answered)
        return Predictions(
            run=self.saved.name,
            model=self.saved.model,
            folds=self.folds,
            rows=tuple(rows),
            labels=self.labels,
            warnings=(*self.warnings, *unlike, *self._about_sets()),
        )

    def _about_sets(self) -> tuple[str, ...]:
        if self.calibration is None or self.calibration.level is None:
            return ()
        return (self.calibration.sentence,)

    def _rows(self, outcomes: Sequence[Outcome]) -> dict[str, Prediction | Failure]:
        """Return the row of each file."""
        clips = [each for _, each in outcomes if isinstance(each, ClipFeatures)]
        answers = dict(
            zip((clip.row.clip_id for clip in clips), self._members.answer(clips), strict=True)
        )
        return {shown: self._row(shown, answers.get(shown, each)) for shown, each in outcomes}

    def _row(
        self, shown: str, outcome: Answer | ClipFeatures | SerkitError
    ) -> Prediction | Failure:
        if isinstance(outcome, Answer):
            return self._prediction(shown, outcome)
        return Failure(shown, type(outcome).__name__, str(outcome), shown)

    def _prediction(self, shown: str, answer: Answer) -> Prediction:
        values, candidates = answer.probabilities, None
        if self.calibration:
            values = self.calibration.apply(values)
            if self.calibration.level is not None:
                inside = self.calibration.members(values.tolist())
                ranked = sorted(inside, key=lambda position: -values[position])
                candidates = tuple(self.labels[position] for position in ranked)
        probabilities = dict(zip(self.labels, values.tolist(), strict=True))
        seconds = answer.clip.row.num_frames / SAMPLE_RATE
        return Prediction(shown, probabilities, seconds, candidates)

    def predict_timeline(
        self, audio: Audio, path: str = "", *, window: float = 3.0, hop: float = 1.0
    ) -> Timeline:
        """Predict a recording with a sliding window.

        Args:
            audio: The recording, decoded.
            path: Its name.
            window: The window's length in seconds.
            hop: Seconds from one window to the next.

        Returns:
            A prediction per window that is at least one fifth speech.

        Raises:
            UsageError: Window or hop is out of range.
            SerkitError: The models do not accept windows of that length.
        """
        seconds = audio.num_frames / SAMPLE_RATE
        windows = tuple(self.windows(audio, path, window=window, hop=hop))
        return Timeline(path, seconds, windows, hop)

    def windows(
        self, audio: Audio, path: str = "", *, window: float = 3.0, hop: float = 1.0
    ) -> Iterator[Window]:
        """Yield the windows of :meth:`predict_timeline` one by one, as they are predicted."""
        spans = spans_of(audio.num_frames / SAMPLE_RATE, window, hop)
        speech = speech_frames(audio.samples)
        for first in range(0, len(spans), WINDOWS_AT_ONCE):
            some = spans[first : first + WINDOWS_AT_ONCE]
            shares = [float(speech[_frames(span)].mean()) for span in some]
            wanted = [i for i, share in enumerate(shares) if share >= SPEECH_SHARE]
            clips = [self.saved.features_of(str(i), _cut(audio, some[i])) for i in wanted]
            answers: dict[int, Prediction] = {}
            for i, each in zip(wanted, self._members.answer(clips), strict=True):
                if isinstance(each, SerkitError):
                    raise each
                answers[i] = self._prediction(path, each)
            for i, (span, share) in enumerate(zip(some, shares, strict=True)):
                yield Window(span.start, span.end, share, answers.get(i))

    def predict_over_time(
        self,
        audio: Iterable[str | Path],
        *,
        window: float = 3.0,
        hop: float = 1.0,
        channel: int = 0,
        progress: ProgressCallback | None = None,
    ) -> Timelines:
        """Predict recordings with a sliding window.

        Args:
            audio: Files of up to an hour, and folders of them.
            window: The window's length in seconds.
            hop: Seconds from one window to the next.
            channel: Which channel to read, from 0; mono files are read as they are.
            progress: Called as ``progress(done, total, what)``.

        Raises:
            UsageError: Window or hop is out of range.
        """
        spans_of(1.0, window, hop)  # report invalid values once, not for each file
        found = find_audio(audio)
        timelines: list[Timeline] = []
        recordings: list[tuple[float, ...]] = []
        failed: list[Failure] = []
        for done, (shown, what) in enumerate(found.items()):
            if progress:
                progress(done, len(found), "predicting")
            try:
                heard = read_recording(what, channel=channel)
                timelines.append(self.predict_timeline(heard, shown, window=window, hop=hop))
                recordings.append(self.saved.recording_of(heard))
            except SerkitError as error:
                failed.append(Failure(shown, type(error).__name__, str(error), shown))
        warnings = (*self.warnings, *self._uncovered(recordings))
        return Timelines(self.title, tuple(timelines), tuple(failed), warnings)


def _check_recipe(store: FeatureStore, spec: FeatureSpec) -> None:
    if store.spec(spec.name).fingerprint != spec.fingerprint:
        raise UsageError(
            f"{spec.name} in {store.path} follows another recipe than the one that the run was "
            "trained with",
            hint="extract it with that recipe, or pass the audio files instead",
        )


def _frames(span: Span) -> slice:
    first = int(100 * span.start)
    return slice(first, max(first + 1, int(100 * span.end)))


def _cut(audio: Audio, span: Span) -> Audio:
    samples = audio.samples[int(span.start * SAMPLE_RATE) : int(span.end * SAMPLE_RATE)]
    digest = hashlib.sha256(np.ascontiguousarray(samples, dtype="<i2").data).hexdigest()
    return replace(audio, samples=samples, pcm_sha256=digest, notes=())
