"""Looking at a corpus before any model: ``eda``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from serkit.api._settings import Count, PathLike
from serkit.settings import resolve

if TYPE_CHECKING:
    from serkit.reports.exploration.report import Exploration
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
