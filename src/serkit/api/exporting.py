"""Export models: ``export_onnx``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from serkit.api._settings import PathLike
from serkit.errors import RunError, SerkitError
from serkit.progress import ProgressCallback
from serkit.settings import resolve

if TYPE_CHECKING:
    from serkit.prediction.onnx_export import OnnxExport
    from serkit.results.run import Run


def export_onnx(
    run: Run | PathLike,
    path: PathLike,
    *,
    fold: str | int | None = None,
    clips: PathLike | Iterable[PathLike] | None = None,
    runs: PathLike | None = None,
    progress: ProgressCallback | None = None,
) -> OnnxExport:
    """Write a run's models as one ONNX file, which :func:`serkit.load` and every ONNX runtime read.

    Mel spectrograms are computed in the graph, which then takes 48 kHz samples. For other features
    the file stores the recipe; serkit computes them without any framework. The file is only kept
    if its predictions equal the models' within 1e-4 on 50 clips.

    Args:
        run: The run, or its name as for :func:`show`.
        path: The file; its name ends in ``.onnx``.
        fold: Which models it holds, as for :func:`predict`: None is the model of all speakers
            where there is one, else all folds' models, which the graph averages.
        clips: Audio files, and folders of them, on which both are compared; None takes 50 of the
            run's own from where its store found them.
        runs: Folder of runs; None uses the setting.
        progress: Called as ``progress(done, total, what)``.

    Returns:
        The written file, and the largest difference of its predictions.

    Raises:
        UnknownNameError: No such run or fold.
        UsageError: The file's name does not end in ``.onnx``.
        RunError: The run is not finished or damaged, a graph cannot hold its models, the file
            would answer otherwise, or there are no clips to compare on.
        MissingDependencyError: A package that converts is not installed.

    Example:
        >>> clips = "data/speech/Actor_01"
        >>> exported = serkit.export_onnx("logreg-luna5", "model.onnx", clips=clips)
        >>> exported.largest_difference < 1e-4
        True
    """
    from serkit.prediction.onnx_export import CLIPS
    from serkit.prediction.onnx_export import export_onnx as write
    from serkit.results.finding import find_run
    from serkit.results.run import Run

    found = run if isinstance(run, Run) else find_run(Path(resolve({"runs": runs}).runs), str(run))
    audio = _given(clips) if clips is not None else _clips_of(found)
    step = max(1, len(audio) // CLIPS)
    return write(
        found.saved_models,
        Path(path),
        audio[::step][:CLIPS],
        fold=None if fold is None else str(fold),
        **({} if progress is None else {"progress": progress}),
    )


def _given(clips: PathLike | Iterable[PathLike]) -> list[Path]:
    """Return the audio files that were named.

    Raises:
        RunError: There is none.
    """
    from serkit.ingest.unlabelled import find_audio

    named = [clips] if isinstance(clips, str | Path) else clips
    found = list(find_audio(named).values())
    for each in found:
        if isinstance(each, SerkitError):
            raise each
    return [each for each in found if isinstance(each, Path)]


def _clips_of(run: Run) -> list[Path]:
    """Return the paths of a run's test clips, sorted by name.

    Raises:
        RunError: Its store, or the audio, is not there any more.
    """
    from serkit.store.store import FeatureStore

    try:
        folder = Path(run.record["settings"]["store"])
        known = FeatureStore(folder).state.clips
        rows = [known[name] for name in sorted(set(run.predictions.index))]
    except (KeyError, TypeError, SerkitError) as error:
        raise _no_clips(run, "its feature store is not there any more") from error
    paths = [Path(row.root) / row.path for row in rows]
    there = [path for path in paths if path.is_file()]
    if not there:
        raise _no_clips(run, f"{paths[0]} is not there any more")
    return there


def _no_clips(run: Run, why: str) -> RunError:
    return RunError(
        f"nothing is left of {run.name} to compare the file on: {why}",
        hint="name audio files or a folder of them with --clips",
    )
