"""Looking at a corpus before any model: ``eda``, ``invert``, ``losses``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from serkit.api._settings import PathLike, recipes
from serkit.progress import ProgressCallback
from serkit.settings import resolve

if TYPE_CHECKING:
    from serkit.reports.exploration.report import Exploration
    from serkit.reports.inversion.clip import Inversion
    from serkit.reports.inversion.losses import Losses
    from serkit.store.store import FeatureStore


def eda(
    store: FeatureStore | PathLike | None = None,
    *,
    clip: str | None = None,
    out: PathLike | None = None,
    form: str = "png",
    workers: int | None = None,
    progress: ProgressCallback | None = None,
) -> Exploration:
    """Explore a corpus: lengths, amplitudes, change deviation and voice by group.

    Clips are grouped by every column that divides the corpus (emotion, intensity, sex,
    statement, speaker). Samples are read once and counted, so memory does not grow with the
    corpus. If the store lacks a feature, the parts that need it are omitted with a note.

    Args:
        store: The store or its folder; None uses the setting.
        clip: The clip whose waveform and spectrogram are shown; None takes one of median length.
        out: Folder for the figures and the page; None writes nothing.
        form: Format of the figures, ``png`` or ``svg``.
        workers: Processes for drawing; None uses the setting.
        progress: Called as ``progress(done, total)`` in clips.

    Returns:
        The exploration: ``figure(name)``, ``save(folder)``, ``to_json()``.

    Raises:
        NotFoundError: No such store.
        CorpusError: The store holds no clips.
        UnknownNameError: No such clip or format.
        MissingDependencyError: ``out`` is given and matplotlib is not installed.
        ReportError: The figures cannot be written.

    Example:
        >>> found = serkit.eda("features/store", workers=1)
        >>> "length-by-emotion" in found.figures
        True
    """
    from serkit.errors import unknown_name
    from serkit.extras import require
    from serkit.reports.exploration.measure import measure
    from serkit.reports.exploration.report import FORMATS, Exploration
    from serkit.reports.files import make_folder
    from serkit.store.store import FeatureStore

    if form not in FORMATS:
        raise unknown_name("format", form, FORMATS)
    if out is not None:
        require("matplotlib", extra="figures")  # before a minute of reading, not after
        make_folder(Path(out))
    given = None if isinstance(store, FeatureStore) else store
    settings = resolve({"store": given, "workers": workers})
    opened = store if isinstance(store, FeatureStore) else FeatureStore(settings.store)
    found = Exploration(measure(opened, clip_id=clip, progress=progress))
    if out is not None:
        found.save(out, form, workers=settings.workers or None)
    return found


def invert(
    clip: PathLike,
    *,
    feature: str = "mel128",
    store: FeatureStore | PathLike | None = None,
    definitions: PathLike | None = None,
    iterations: int = 32,
    seed: int = 0,
) -> Inversion:
    """Convert a clip to a mel spectrogram and back, to hear the loss.

    Args:
        clip: An audio file, or the id of a clip in the store.
        feature: The mel recipe.
        store: The store or its folder, for clips given by id; None uses the setting.
        definitions: Folder with the project's recipes; None uses the setting.
        iterations: Griffin-Lim steps.
        seed: Seed of the initial phases.

    Returns:
        Samples of the clip's length and level, ``save(path)``, ``figure()``, ``distance`` in dB.

    Raises:
        UnknownNameError: No such recipe, or no file or clip has this name.
        UsageError: The recipe is not a mel spectrogram.
        NotFoundError: No such store.
        AudioError: The file cannot be used.
        ClipTooLongError: The clip is longer than the recipe pads to.

    Example:
        >>> clip = "data/speech/Actor_01/03-01-01-01-01-01-01.wav"
        >>> sound = serkit.invert(clip, feature="mel128", iterations=1)
        >>> sound.samples.shape == sound.original.shape
        True
    """
    from serkit.audio import read_audio
    from serkit.reports.inversion.clip import invert_clip, mel_settings
    from serkit.store.store import FeatureStore

    given = None if isinstance(store, FeatureStore) else store
    settings = resolve({"store": given, "definitions": definitions})
    spec = recipes(settings).get(feature)
    mel_settings(spec)  # a recipe of another kind is refused before anything is read
    if Path(clip).is_file():
        samples, name = read_audio(Path(clip)).samples, Path(clip).stem
    else:
        opened = store if isinstance(store, FeatureStore) else FeatureStore(settings.store)
        samples, name = opened.read("raw", [str(clip)], padded=False).X[0], str(clip)
    return invert_clip(samples, name, spec, iterations=iterations, seed=seed)


def losses(
    store: FeatureStore | PathLike | None = None,
    *,
    clips: int = 8,
    iterations: int = 16,
    seed: int = 0,
    workers: int | None = None,
    progress: ProgressCallback | None = None,
) -> Losses:
    """Measure the loss of mel spectrograms with 32 to 256 bands and hops of 128 to 2,048.

    Args:
        store: The store or its folder; None uses the setting.
        clips: Number of sampled clips, balanced over the labels.
        iterations: Griffin-Lim steps.
        seed: Seed of the sample and of the initial phases.
        workers: Processes; None uses the setting.
        progress: Called as ``progress(done, total)``.

    Raises:
        NotFoundError: No such store.
        UnknownNameError: The store lacks the feature ``raw``.
        UsageError: The store has no clips to sample.

    Example:
        >>> report = serkit.extract("data/speech", store="raw", features=["raw"], workers=1)
        >>> losses = serkit.losses("raw", clips=1, iterations=1, workers=1)
        >>> len(losses.clips), losses.rows[0].n_mels
        (1, 32)
    """
    from serkit.compute.cores import available_cores
    from serkit.reports.inversion import losses as table
    from serkit.reports.inversion.sample import sample
    from serkit.store.store import FeatureStore

    given = None if isinstance(store, FeatureStore) else store
    settings = resolve({"store": given, "workers": workers})
    opened = store if isinstance(store, FeatureStore) else FeatureStore(settings.store)
    return table.losses(
        sample(opened, clips, seed),
        table.USUAL,
        iterations=iterations,
        seed=seed,
        workers=settings.workers or available_cores(),
        progress=progress,
    )
