"""Looking at a corpus before any model: ``eda``, ``invert``, ``losses``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from serkit.api._settings import Count, PathLike, recipes
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
    progress: Count | None = None,
) -> Exploration:
    """Explore a corpus: lengths, amplitudes, change deviation and voice, group by group.

    Clips are grouped by every column of the corpus that has groups (emotion, intensity, sex,
    statement, speaker). Samples are read once and only counted, so that memory does not grow with
    the corpus. A feature that the store lacks leaves out what rests on it, and says so.

    Args:
        store: The store or its folder; None is the setting.
        clip: The clip whose waveform and spectrogram are shown; None takes one of middling length.
        out: Folder to write every figure and a page with all of them to; None writes nothing.
        form: Of the figures' files, ``png`` or ``svg``.
        workers: Processes that draw; None is the setting.
        progress: Called as ``progress(done, total)`` in clips.

    Returns:
        What was found: ``figure(name)``, ``save(folder)``, ``to_json()``.

    Raises:
        NotFoundError: No such store.
        CorpusError: The store holds no clips.
        UnknownNameError: No such clip or format.
        MissingDependencyError: Figures are to be written and matplotlib is not installed.
        ReportError: The disk does not take the figures.

    Example:
        >>> found = serkit.eda("features/store", workers=1)
        >>> "length-by-emotion" in found.figures
        True
    """
    from serkit.errors import unknown_name
    from serkit.reports.exploration.measure import measure
    from serkit.reports.exploration.report import FORMATS, Exploration
    from serkit.reports.files import make_folder, require_matplotlib
    from serkit.store.store import FeatureStore

    if form not in FORMATS:
        raise unknown_name("format", form, FORMATS)
    if out is not None:
        require_matplotlib()  # before a minute of reading, not after
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
    """Turn a clip into a mel spectrogram and back, to hear what is lost.

    Args:
        clip: An audio file, or the id of a clip in the store.
        feature: The mel recipe.
        store: The store or its folder, for clips that are no files; None is the setting.
        definitions: Folder of the project's own recipes; None is the setting.
        iterations: Griffin-Lim steps.
        seed: Seed of the first phases.

    Returns:
        Samples of the clip's length and level, ``save(path)``, ``figure()``, ``distance`` in dB.

    Raises:
        UnknownNameError: No such recipe, or neither a file nor a clip has this name.
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
    progress: Count | None = None,
) -> Losses:
    """Measure what mel spectrograms of 32 to 256 bands and hops of 128 to 2,048 lose.

    Args:
        store: The store or its folder; None is the setting.
        clips: Size of the sample, as evenly over the labels as it can be.
        iterations: Griffin-Lim steps.
        seed: Seed of the sample and of the first phases.
        workers: Processes; None is the setting.
        progress: Called as ``progress(done, total)``.

    Raises:
        NotFoundError: No such store.
        UnknownNameError: The store lacks the feature ``raw``.
        UsageError: There is nothing to take a sample of.

    Example:
        >>> report = serkit.extract("data/speech", store="raw", features=["raw"], workers=1)
        >>> losses = serkit.losses("raw", clips=1, iterations=1, workers=1)
        >>> len(losses.clips), losses.rows[0].n_mels
        (1, 32)
    """
    from serkit.compute.local import available_cores
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
