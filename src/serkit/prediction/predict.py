"""Asking a run's models about audio that nobody has labelled.

The files become clips of a temporary store, filled by the extraction that filled the one trained
on. So every trainer reads them as it reads any clips, and features cannot be computed otherwise
than in training.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from serkit.audio import AudioNote, read_header
from serkit.clips import EMOTIONS, SAMPLE_RATE
from serkit.compute.environment import installed_versions
from serkit.errors import AudioError, ClipTooLongError, FeatureError, RunError, SerkitError
from serkit.extraction.unlabelled import extract_unlabelled
from serkit.features import EXTRACTORS, FeatureSpec
from serkit.ingest.unlabelled import find_audio
from serkit.models import TRAINERS, ClipData, Fitted, Trainer
from serkit.models.clips import with_true_names
from serkit.parameters import integer
from serkit.prediction.golden import GOLDEN, TOLERANCE, golden_answer, write_golden_clip
from serkit.prediction.predictions import Prediction, Predictions
from serkit.results.audio_profile import differences
from serkit.results.run import RECORD, Run
from serkit.store.manifest import Failure
from serkit.store.store import FeatureStore
from serkit.store.tables import ClipRow

LONGEST_SECONDS = 120
"""Longer audio is refused: a model answers once a file, and an answer to an hour of talk means
nothing; attention over it would fill the memory (5 minutes: 4 GB in the transformer)."""

FILES_A_WORKER = 16
"""Fewer files are not worth the start of a worker."""

Progress = Callable[[int, int, str], None]
"""Called with steps done, steps in all, and what is going on."""

Probabilities = npt.NDArray[np.float64]


def predict(
    run: Run,
    audio: Iterable[str | Path],
    *,
    fold: str | None = None,
    channel: int = 0,
    workers: int = 1,
    progress: Progress | None = None,
) -> Predictions:
    """Ask a run's models about audio files.

    Args:
        run: The run.
        audio: Files and folders.
        fold: The fold whose model is asked; None asks all and averages their probabilities.
        channel: Which channel of each file is read; files of one are read as they are.
        workers: Most processes that compute features.
        progress: Told how far it is.

    Returns:
        A row a file; what cannot be used fails alone.

    Raises:
        RunError: The run is damaged, its model or a feature is not installed, or an extractor's
            numbers have changed since.
        UnknownNameError: No such fold.
        MissingDependencyError: The model or a feature needs a package that is not installed.
        StoreError: The temporary folder cannot be written to.
    """
    trainer, specs = _trainer_of(run), specs_of(run)
    folds = _folds_of(run, fold)
    trainer.require()
    asked = _Asked.of(find_audio(audio), channel)
    if asked.files:
        with _extracted(run, trainer, specs, asked, workers, progress) as groups:
            warnings = [*asked.notes, *_ask(run, folds, asked, groups, progress)]
    else:
        warnings = []
    return Predictions(run.name, run.model, folds, asked.rows(), tuple(warnings))


def specs_of(run: Run) -> tuple[FeatureSpec, ...]:
    """Return the features that a run's models read, as they were when it was trained.

    Raises:
        RunError: The record is damaged, or an extractor is not installed, or gives other numbers.
    """
    try:
        specs = tuple(FeatureSpec.from_json(each) for each in run.record["features"])
    except (KeyError, TypeError) as error:
        raise RunError(
            f"{run.path / RECORD} is damaged (it does not say which features were read)",
            hint="train it again",
        ) from error
    for spec in specs:
        if spec.extractor not in EXTRACTORS.names():
            raise RunError(
                f"{run.name} reads {spec.name}, made by the extractor {spec.extractor!r}, "
                "which is not installed here",
                allowed=f"there are: {', '.join(EXTRACTORS.names())}",
            )
        installed = EXTRACTORS.get(spec.extractor).version
        if installed != spec.version:
            raise RunError(
                f"{run.name} was trained with extractor {spec.extractor} {spec.version}, "
                f"installed is {installed}",
                hint="train it again",
            )
    return specs


def _trainer_of(run: Run) -> Trainer:
    if run.model.replace("_", "-") not in TRAINERS.names():
        raise RunError(
            f"{run.name} is a run of the model {run.model!r}, which is not installed here",
            allowed=f"there are: {', '.join(TRAINERS.names())}",
            hint="install the package that brings it",
        )
    return TRAINERS.get(run.model)


def _folds_of(run: Run, fold: str | None) -> tuple[str, ...]:
    folds = run.fold_names if fold is None else (fold,)
    for name in folds:
        run.folder_of(name)  # an unknown one is refused before anything is computed
    if not folds:
        raise RunError(f"{run.name} has no folds, so no model", hint="train it again")
    return folds


@dataclass
class _Asked:
    """The files that were asked about, by clip id, and what came of each."""

    shown: dict[str, str]
    files: dict[str, Path]
    failures: dict[str, Failure]
    channel: int = 0
    answers: dict[str, Prediction] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, found: Mapping[str, Path | SerkitError], channel: int = 0) -> _Asked:
        shown = {f"{number:06}": path for number, path in enumerate(found)}
        asked = cls(shown, {}, {}, channel)
        for clip_id, path in shown.items():
            what = found[path]
            wrong = what if isinstance(what, SerkitError) else _unfit(what)
            if isinstance(what, Path) and wrong is None:
                asked.files[clip_id] = what
            elif wrong is not None:
                asked.fail(clip_id, wrong)
        return asked

    def fail(self, clip_id: str, error: SerkitError) -> None:
        path = self.shown[clip_id]
        self.failures[clip_id] = Failure(path, type(error).__name__, str(error), clip_id)

    def refuse(self, clip_id: str, error: SerkitError) -> None:
        """Take a model's refusal, which knows the file by its clip id, and is of training."""
        self.fail(clip_id, type(error)(error.got.replace(clip_id, self.shown[clip_id])))

    def take(self, failures: Mapping[str, Failure]) -> None:
        """Take failures of the extraction, which knows the files by other paths."""
        for clip_id, failure in failures.items():
            if clip_id in self.shown:
                self.failures[clip_id] = replace(failure, path=self.shown[clip_id])

    def note(self, notes: Iterable[AudioNote]) -> None:
        """Take notes of the extraction."""
        self.notes += [
            f"{self.shown[n.clip_id]}: {n.text}" for n in notes if n.clip_id in self.shown
        ]

    def answer(self, clip: ClipRow, probabilities: Probabilities) -> None:
        if not np.isfinite(probabilities).all():
            self.fail(clip.clip_id, FeatureError("the model gives no probabilities for it"))
            return
        self.answers[clip.clip_id] = Prediction(
            self.shown[clip.clip_id],
            dict(zip(EMOTIONS, probabilities.tolist(), strict=True)),
            clip.num_frames / SAMPLE_RATE,
        )

    def rows(self) -> tuple[Prediction | Failure, ...]:
        return tuple(self.answers.get(i) or self.failures[i] for i in self.shown)


def _unfit(path: Path) -> SerkitError | None:
    """Return why a file's header alone rules it out, or None."""
    try:
        header = read_header(path)
    except AudioError as error:
        return error
    seconds = header.frames / header.sample_rate
    if seconds <= LONGEST_SECONDS:
        return None
    return ClipTooLongError(
        f"{path.name} is {seconds:,.0f} s long",
        allowed=f"up to {LONGEST_SECONDS} s are",
        hint="cut it into utterances: a model answers once a file",
    )


@dataclass(frozen=True)
class _Group:
    """Clips of one temporary store, and how many of them a model is asked about at once."""

    store: FeatureStore
    clip_ids: tuple[str, ...]
    at_once: int

    def answers(self, model: Fitted, refused: dict[str, SerkitError]) -> Probabilities:
        """Return a model's probabilities, shape ``(n, 8)``.

        Args:
            model: Who is asked.
            refused: Is told which clips it cannot hear, and why; their rows are not numbers.
        """
        parts = [
            self._answers(model, self.clip_ids[first : first + self.at_once], refused)
            for first in range(0, len(self.clip_ids), self.at_once)
        ]
        return np.concatenate(parts)

    def _answers(
        self, model: Fitted, clip_ids: tuple[str, ...], refused: dict[str, SerkitError]
    ) -> Probabilities:
        try:
            return model.predict(ClipData.of(self.store, clip_ids))
        except SerkitError as error:
            if len(clip_ids) > 1:  # one of them: each is asked about alone
                return np.concatenate([self._answers(model, (i,), refused) for i in clip_ids])
            refused[clip_ids[0]] = with_true_names(error, self.store, clip_ids)
            return np.full((1, len(EMOTIONS)), np.nan)


@contextmanager
def _extracted(
    run: Run,
    trainer: Trainer,
    specs: Sequence[FeatureSpec],
    asked: _Asked,
    workers: int,
    progress: Progress | None,
) -> Iterator[list[_Group]]:
    """Compute the features of all files, and of the golden clip; yield what could be computed."""

    def report(done: int, total: int) -> None:
        if progress:
            progress(done, total, "reading")

    with TemporaryDirectory(prefix="serkit-predict-") as name:
        folder = Path(name)
        files = {**asked.files, GOLDEN: write_golden_clip(folder)}
        count = max(1, min(workers, len(files) // FILES_A_WORKER))
        store, failures, notes = extract_unlabelled(
            *(files, specs, folder / "store"), workers=count, channel=asked.channel, progress=report
        )
        asked.take(failures)
        asked.note(notes)
        groups = [_Group(store, tuple(i for i in files if i not in failures), len(files))]
        long = {
            clip_id: asked.files[clip_id]
            for clip_id, failure in failures.items()
            if failure.error == ClipTooLongError.__name__ and clip_id in asked.files
        }
        if long:
            groups += _extract_long(run, trainer, specs, asked, long, folder / "long")
        yield [group for group in groups if group.clip_ids]


def _extract_long(
    run: Run,
    trainer: Trainer,
    specs: Sequence[FeatureSpec],
    asked: _Asked,
    files: Mapping[str, Path],
    folder: Path,
) -> list[_Group]:
    """Compute the features of files that are longer than the recipes pad to.

    Only for models that read true lengths, and features whose live values do not depend on the
    padding; else each of the files fails. A model is asked about them one by one: their batches
    would be large.
    """
    if not trainer.true_length(run.record["values"]) or not all(map(_may_be_longer, specs)):
        _refuse_long(run, specs, asked, files)
        return []
    headers = map(read_header, files.values())
    most = max(-(-each.frames * SAMPLE_RATE // each.sample_rate) for each in headers) + 1
    longer = [_longer(spec, most) for spec in specs]
    store, failures, _ = extract_unlabelled(files, longer, folder, channel=asked.channel)
    for clip_id in files:
        asked.failures.pop(clip_id, None)
    asked.take(failures)
    return [_Group(store, tuple(i for i in files if i not in failures), 1)]


def _may_be_longer(spec: FeatureSpec) -> bool:
    return "pad_to" not in spec.parameters or EXTRACTORS.get(spec.extractor).longer is not None


def _longer(spec: FeatureSpec, num_frames: int) -> FeatureSpec:
    """Return a feature such that a clip of that many samples fits."""
    longer = EXTRACTORS.get(spec.extractor).longer
    return replace(spec, parameters=longer(spec.parameters, num_frames)) if longer else spec


def _refuse_long(
    run: Run, specs: Sequence[FeatureSpec], asked: _Asked, files: Mapping[str, Path]
) -> None:
    """Say in terms of the model, not of recipes, why files are too long."""
    limits = [
        integer(spec.parameters, "pad_to")
        / (
            integer(spec.parameters, "sample_rate")
            if "sample_rate" in spec.parameters
            else SAMPLE_RATE
        )
        for spec in specs
        if spec.parameters.get("pad_to")
    ]
    for clip_id, path in files.items() if limits else ():
        header = read_header(path)
        error = ClipTooLongError(
            f"{path.name} is {header.frames / header.sample_rate:.2f} s long",
            allowed=f"{run.model} ({run.record['preset']}) reads up to {min(limits):.2f} s",
            hint="cut it, or ask a run whose model reads true lengths or functionals",
        )
        asked.fail(clip_id, error)


def _ask(
    run: Run,
    folds: Sequence[str],
    asked: _Asked,
    groups: Sequence[_Group],
    progress: Progress | None,
) -> list[str]:
    """Ask each fold's model, keep the mean answers, and return what to warn of."""
    clips = [group.store.state.clips[i] for group in groups for i in group.clip_ids]
    golden = next((n for n, clip in enumerate(clips) if clip.clip_id == GOLDEN), None)
    files = [clip for clip in clips if clip.clip_id != GOLDEN]
    if not files:
        return []
    total = np.zeros((len(clips), len(EMOTIONS)))
    off: dict[str, float] = {}
    refused: dict[str, SerkitError] = {}
    for done, fold in enumerate(folds):
        if progress:
            progress(done, len(folds), "asking models")
        model = run.model_of(fold)
        found = np.concatenate([group.answers(model, refused) for group in groups])
        if GOLDEN in refused:  # it is a usual clip, so it is not for the clips
            raise refused[GOLDEN]
        kept = golden_answer(run.folder_of(fold))
        if golden is not None and kept is not None:
            off[fold] = float(np.abs(found[golden] - kept).max())
        total += found
    for clip, probabilities in zip(clips, total / len(folds), strict=True):
        if clip.clip_id in refused:
            asked.refuse(clip.clip_id, refused[clip.clip_id])
        elif clip.clip_id != GOLDEN:
            asked.answer(clip, probabilities)
    return [*_disparity(run, off), *differences(run.record.get("audio"), files)]


def _disparity(run: Run, off: Mapping[str, float]) -> list[str]:
    """Say where models answer to the golden clip otherwise than when they were trained."""
    worst = max(off, key=lambda fold: off[fold], default=None)
    if worst is None or off[worst] <= TOLERANCE:
        return []
    before, now = run.record["versions"], installed_versions()
    changed = [
        f"{name} {before[name]} -> {now[name]}"
        for name in before.keys() & now.keys()
        if before[name] != now[name]
    ]
    because = f" (since then: {', '.join(sorted(changed))})" if changed else ""
    return [
        f"these answers are not to be relied on: the model of fold {worst} gives the golden clip "
        f"a probability that is {off[worst]:.2f} off what it gave when it was trained{because}; "
        "train it again"
    ]
