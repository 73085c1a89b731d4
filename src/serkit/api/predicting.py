"""Asking trained models: ``predict``, ``predict_over_time``, ``listen``, ``load``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from serkit.api._settings import PathLike
from serkit.errors import UsageError
from serkit.progress import ProgressCallback
from serkit.settings import resolve

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from serkit.audio import Audio
    from serkit.prediction.live import Heard
    from serkit.prediction.picture import SoundPicture
    from serkit.prediction.predictions import Predictions
    from serkit.prediction.predictor import Predictor
    from serkit.prediction.timeline import Timelines
    from serkit.results.run import Run


def predict(
    run: Run | PathLike,
    audio: PathLike | Iterable[PathLike],
    *,
    fold: str | int | None = None,
    channel: int = 0,
    calibrated: bool = False,
    abstain: float | None = None,
    runs: PathLike | None = None,
    workers: int | None = None,
    progress: ProgressCallback | None = None,
) -> Predictions:
    """Predict emotions in audio files.

    Features are computed as in training and not added to any store.

    Args:
        run: The run, its name as for :func:`show`, or an ONNX file from :func:`export_onnx`.
        audio: Audio files of any rate, up to 120 s long, and folders of them.
        fold: The fold whose model to use; ``final`` is the model trained on all speakers, ``mean``
            averages the probabilities of all folds; None is ``final`` if it exists, else ``mean``.
        channel: Which channel to read, from 0; mono files are read as they are.
        calibrated: Whether to calibrate probabilities by temperature scaling; see ``abstain``.
        abstain: The share of clips, such as 0.9, whose set of emotions is to hold the true one:
            each answer gets ``candidates``. Both are learned from the run's answers about speakers
            that its models were not trained on.
        runs: Folder of runs; None uses the setting.
        workers: Processes, if there are many files; None uses the setting.
        progress: Called as ``progress(done, total, what)``.

    Returns:
        A row per file, ``to_pandas()`` and ``to_json()``. Files that cannot be used are listed in
        it, not raised.

    Raises:
        UnknownNameError: No such run or fold.
        UsageError: ``audio`` contains something other than paths.
        RunError: The run is not finished or damaged, its model is not installed, or an extractor
            has changed since.
        MissingDependencyError: The model or a feature needs a package that is not installed.

    Example:
        >>> answers = serkit.predict("logreg-luna5", "data/speech/Actor_01", workers=1)
        >>> len(answers.rows), list(answers.to_pandas())[:3]
        (16, ['path', 'emotion', 'probability'])
    """
    from serkit.compute.cores import available_cores

    given = _paths(audio)
    predictor = load(run, fold=fold, calibrated=calibrated, abstain=abstain, runs=runs)
    count = resolve({"workers": workers}).workers or available_cores()
    return predictor.predict_files(given, channel=channel, workers=count, progress=progress)


def load(
    run: Run | PathLike,
    *,
    fold: str | int | None = None,
    calibrated: bool = False,
    abstain: float | None = None,
    runs: PathLike | None = None,
) -> Predictor:
    """Load a run's models once, to predict repeatedly.

    Loading takes the time, and checks once that the models answer as they did where they were
    trained (:attr:`serkit.Predictor.warnings`).

    Args:
        run: The run, its name as for :func:`show`, or an ONNX file from :func:`export_onnx`.
        fold: Which model to use, as for :func:`predict`.
        calibrated: As for :func:`predict`.
        abstain: As for :func:`predict`.
        runs: Folder of runs; None uses the setting.

    Raises:
        UnknownNameError: No such run or fold.
        RunError: The run is not finished or damaged, its model is not installed, or an extractor
            has changed since.
        MissingDependencyError: The model or a feature needs a package that is not installed.

    Example:
        >>> import numpy as np
        >>> predictor = serkit.load("logreg-luna5")
        >>> tone = np.sin(np.arange(16_000) / 20)
        >>> sum(predictor.predict(tone, 16_000).probabilities.values()) > 0.999
        True
    """
    from serkit.prediction.predictor import Predictor
    from serkit.prediction.saved import is_onnx

    name = None if fold is None else str(fold)
    if isinstance(run, str | Path) and is_onnx(run):
        if calibrated or abstain is not None:
            raise UsageError(
                f"{run} holds no predictions for new speakers to calibrate on",
                hint="use the run that it was exported from",
            )
        from serkit.prediction.onnx_file import read_onnx

        return Predictor(read_onnx(Path(run)), name)
    from serkit.results.finding import find_run
    from serkit.results.run import Run

    folder = Path(resolve({"runs": runs}).runs)
    found = run if isinstance(run, Run) else find_run(folder, str(run))
    calibration = found.calibration(abstain) if calibrated or abstain is not None else None
    return Predictor(found.saved_models, name, calibration)


def predict_over_time(
    run: Run | PathLike,
    audio: PathLike | Iterable[PathLike],
    *,
    window: float = 3.0,
    hop: float = 1.0,
    fold: str | int | None = None,
    channel: int = 0,
    calibrated: bool = False,
    runs: PathLike | None = None,
    progress: ProgressCallback | None = None,
) -> Timelines:
    """Predict emotions over time in long recordings, with a sliding window.

    Windows without speech, detected by energy, get no emotion.

    Args:
        run: The run, or its name as for :func:`show`.
        audio: Audio files of up to an hour, and folders of them.
        window: The window's length in seconds.
        hop: Seconds from one window to the next.
        fold: As for :func:`predict`.
        channel: As for :func:`predict`.
        calibrated: As for :func:`predict`.
        runs: Folder of runs; None uses the setting.
        progress: Called as ``progress(done, total, what)``.

    Returns:
        A timeline per file. Files that cannot be used are listed in it, not raised.

    Raises:
        UsageError: Window or hop is out of range, or ``audio`` contains something other than paths.
        UnknownNameError: No such run or fold.
        RunError: As for :func:`predict`.

    Example:
        >>> clip = "data/speech/Actor_01/03-01-01-01-01-01-01.wav"
        >>> lines = serkit.predict_over_time("logreg-luna5", clip, window=1.0, hop=0.5)
        >>> lines.timelines[0].windows[1].start
        0.5
    """
    given = _paths(audio)
    predictor = load(run, fold=fold, calibrated=calibrated, runs=runs)
    return predictor.predict_over_time(
        given, window=window, hop=hop, channel=channel, progress=progress
    )


def listen(
    run: Predictor | Run | PathLike,
    *,
    blocks: Iterable[npt.NDArray[np.int16]] | None = None,
    window: float = 3.0,
    hop: float = 1.0,
    runs: PathLike | None = None,
) -> Iterator[Heard]:
    """Predict emotions live from the microphone, in a sliding window.

    Args:
        run: A loaded predictor, or the run, or its name as for :func:`show`.
        blocks: int16 samples at 48 kHz as they arrive, shape ``(n,)`` each; None is the
            microphone (extra ``listen``).
        window: The window's length in seconds.
        hop: Seconds from one prediction to the next.
        runs: Folder of runs; None uses the setting.

    Yields:
        For each block its level and, every ``hop`` seconds, a prediction.

    Raises:
        UsageError: Window or hop is out of range.
        AudioError: There is no microphone, or it cannot be opened.
        MissingDependencyError: sounddevice is not installed.

    Example:
        >>> import numpy
        >>> blocks = numpy.split(numpy.zeros(96_000, numpy.int16), 20)
        >>> heard = list(serkit.listen("logreg-luna5", blocks=blocks, window=1.0))
        >>> heard[-1].seconds, round(heard[-1].level), heard[-1].window.prediction
        (2.0, -120, None)
    """
    from serkit.audio.microphone import microphone
    from serkit.prediction import live
    from serkit.prediction.predictor import Predictor

    predictor = run if isinstance(run, Predictor) else load(run, runs=runs)
    live.check(window, hop)  # before the microphone is opened
    if blocks is not None:
        yield from live.listen(predictor, blocks, window=window, hop=hop)
        return
    with microphone() as heard:
        yield from live.listen(predictor, heard, window=window, hop=hop)


def _paths(audio: PathLike | Iterable[PathLike]) -> list[PathLike]:
    """Return the files and folders that are meant.

    Raises:
        UsageError: Something is no path.
    """
    given = [audio] if isinstance(audio, (str, Path)) or not isinstance(audio, Iterable) else audio
    paths = []
    for each in given:
        if not isinstance(each, (str, Path)):
            raise UsageError(
                f"audio holds a {type(each).__name__}, which is not a path",
                allowed="paths of audio files, and of folders of them, are allowed",
                hint="serkit.load(run).predict(samples, sample_rate) takes samples",
            )
        paths.append(each)
    return paths


def written(found: Predictions | Timelines, form: str) -> str:
    """Return predictions as text for other programs.

    Args:
        found: The predictions.
        form: ``jsonl``, ``csv``, and of answers over time ``audacity`` or ``textgrid``.

    Raises:
        UnknownNameError: There is no such format.
        UsageError: The format needs predictions over time.
    """
    from serkit.prediction import formats

    return formats.written(found, form)


def renamed(found: Predictions | Timelines, names: Mapping[str, str]) -> Predictions | Timelines:
    """Show predictions under other names than those of the files that were read.

    Args:
        found: The predictions.
        names: The name to show for each path.
    """
    from serkit.prediction import renaming

    return renaming.renamed(found, names)


@contextmanager
def spooled(stream: BinaryIO, name: str) -> Iterator[Path]:
    """Yield the path of a temporary file with a stream's content.

    Args:
        stream: The bytes of an audio file.
        name: The file's name; messages show it.

    Raises:
        AudioError: The stream is empty, or longer than a gigabyte.
    """
    from serkit.prediction.spool import spooled as spool

    with spool(stream, name) as path:
        yield path


def decode_upload(
    data: bytes, name: str, *, seconds: float, samples: int, channel: int = 0
) -> Audio:
    """Decode an audio file that came over the net, within limits.

    Args:
        data: The file.
        name: Its name, used only in messages.
        seconds: The longest recording that is accepted.
        samples: The most samples of all channels together.
        channel: The channel that is read.

    Raises:
        ClipTooLongError: The recording is longer than is accepted.
        AudioError: It is no audio that can be decoded.
    """
    from serkit.prediction import upload

    return upload.decode_upload(data, name, seconds=seconds, samples=samples, channel=channel)


def sound_picture(audio: Audio) -> SoundPicture:
    """Return a recording's outline and mel picture, small enough to be sent and drawn."""
    from serkit.prediction import picture

    return picture.sound_picture(audio.samples)
