"""Interoperability: serkit's folds for other libraries, and predictions made elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serkit.api._settings import PathLike
from serkit.settings import resolve

if TYPE_CHECKING:
    import pandas as pd

    from serkit.evaluation.indices import SplitIndices
    from serkit.results.run import Run
    from serkit.store.store import FeatureStore


def splits(
    protocol: str,
    store: FeatureStore | PathLike | None = None,
    *,
    feature: str | None = None,
) -> SplitIndices:
    """Return a protocol's folds as scikit-learn's ``(train, test)`` indices.

    Indices refer to the clips sorted by id, as :meth:`serkit.FeatureStore.load` returns them.
    ``train`` includes serkit's validation clips; use ``groups`` for your own validation split.

    Args:
        protocol: The protocol's name.
        store: The store or its folder; None uses the setting.
        feature: Exclude clips for which this feature failed, as ``load`` does; None takes all
            clips.

    Returns:
        An iterable to pass to scikit-learn as ``cv``. ``groups`` are the speakers, ``labels`` the
        emotion numbers, ``clip_ids`` the clips.

    Raises:
        UnknownNameError: No such protocol or feature.
        UsageError: The protocol cannot split these clips.
        NotFoundError: No such store.

    Example:
        >>> from sklearn.dummy import DummyClassifier
        >>> from sklearn.model_selection import cross_val_score
        >>> batch = serkit.FeatureStore("features/store").load("functionals")
        >>> folds = serkit.splits("luna5", "features/store")
        >>> cross_val_score(DummyClassifier(), batch.X, batch.y, cv=folds).round(3).tolist()
        [0.125, 0.125, 0.125]
    """
    from serkit.evaluation.indices import indices_of
    from serkit.evaluation.splits import PROTOCOLS

    opened = _opened(store)
    return indices_of(PROTOCOLS.get(protocol), opened, _clips(opened, feature))


def submit(
    predictions: pd.DataFrame | PathLike,
    *,
    model: str,
    protocol: str,
    store: FeatureStore | PathLike | None = None,
    runs: PathLike | None = None,
    feature: str | None = None,
    seed: int = 0,
    notes: Sequence[str] = (),
) -> Run:
    """Store predictions made elsewhere as a run, to be ranked like any other.

    They must cover the protocol's test clips exactly. The run is stamped ``submitted``: serkit
    computes its scores but cannot check how the model was trained.

    Args:
        predictions: A data frame or a CSV file: a column (or index) ``clip_id`` or ``clip``, and
            a column of probabilities for each emotion, ``angry`` or ``p_angry`` and so on.
        model: The name that the leaderboard shows.
        protocol: The protocol's name.
        store: The store with the clips, or its folder; None uses the setting.
        runs: Folder to store the run in; None uses the setting.
        feature: Exclude clips for which this feature failed; None takes all clips.
        seed: The seed of this run; a model may have runs with several seeds.
        notes: Notes for readers of the leaderboard.

    Returns:
        The run.

    Raises:
        UnknownNameError: No such protocol or feature.
        UsageError: The name is taken, a clip is missing, duplicate or not a test clip, or a row is
            not a probability distribution.
        NotFoundError: No such store or file.

    Example:
        >>> answers = serkit.show("logreg-luna5").predictions.filter(like="p_")
        >>> run = serkit.submit(answers, model="elsewhere", protocol="luna5", runs="submitted")
        >>> run.record["submitted"], run.uar == serkit.show("logreg-luna5").uar
        (True, True)
    """
    from serkit.evaluation.splits import PROTOCOLS
    from serkit.experiments import submit as handing_in

    opened = _opened(store)
    submission = handing_in.Submission(
        model,
        opened,
        tuple(_clips(opened, feature)),
        PROTOCOLS.get(protocol),
        tuple(notes),
        seed,
    )
    table = handing_in.read_table(predictions, opened.labels)
    return handing_in.submit(submission, table, Path(resolve({"runs": runs}).runs))


def _opened(store: FeatureStore | PathLike | None) -> FeatureStore:
    from serkit.store.store import FeatureStore

    return (
        store if isinstance(store, FeatureStore) else FeatureStore(resolve({"store": store}).store)
    )


def _clips(store: FeatureStore, feature: str | None) -> list[Any]:
    return sorted(store.state.clips) if feature is None else store.select(feature)
