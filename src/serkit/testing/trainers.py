"""Contract of trainers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile, is_zipfile

import numpy as np
import numpy.typing as npt

from serkit.clips import natural_order
from serkit.errors import UsageError
from serkit.labels import NO_LABEL, UNKNOWN
from serkit.models import ClipData, FitContext, Fitted, FoldData, Trainer
from serkit.parameters import Parameters
from serkit.progress import ProgressCallback, silent
from serkit.store.state import StoreState
from serkit.store.store import FeatureStore
from serkit.testing._claims import check_parameters, check_summary, no_error, require

_ROUNDING = 1e-6


def check_trainer(
    trainer: Trainer[Any],
    store: FeatureStore,
    *,
    preset: str = "best",
    values: Mapping[str, object] | None = None,
) -> None:
    """Check a trainer: probabilities, determinism, safe files, and blindness to test clips.

    It is fitted on one speaker-independent fold; again from a store with only the training clips;
    and once more, interrupted and resumed. The models must agree on the test clips, also one by
    one, in another order, under other ids, and without labels.

    Args:
        trainer: The trainer.
        store: A store of four or more speakers with the features that the preset reads.
        preset: The preset to fit.
        values: Parameters that differ from it, such as fewer rounds.

    Raises:
        ContractError: It violates the contract; the message says how.
        MissingDependencyError: It needs a package that is not installed.

    Example:
        >>> from serkit.models import TRAINERS
        >>> check_trainer(TRAINERS.get("majority"), serkit.FeatureStore("features/store"))
    """
    who = f"trainer {trainer.name}"
    check_summary(who, trainer.summary)
    check_parameters(who, trainer.parameters)
    require("best" in trainer.presets, f"{who} has no preset 'best'")
    for name, preset_of in trainer.presets.items():
        require(
            type(preset_of.parameters) is trainer.parameters,
            f"{who}: its preset {name!r} holds {type(preset_of.parameters).__name__}, "
            f"not {trainer.parameters.__name__}",
        )
    trainer.require()
    settled = trainer.settle(preset, values or {})
    features = trainer.features(settled)
    require(
        isinstance(features, tuple) and all(isinstance(name, str) for name in features),
        f"{who} reads features {features!r}, which is not a tuple of names",
    )
    fold = _Sides.of(who, store)
    with TemporaryDirectory(prefix="serkit-testing-") as folder:
        fitted = fold.fit(trainer, settled, store, Path(folder, "fitted"))
        blind = fold.fit(trainer, settled, _only(store, fold.training), Path(folder, "blind"))
        # predict one clip first, before any other
        alone = fold.predict(blind, store, fold.test[:1])
        probabilities = fold.predict(fitted, store)
        _check_probabilities(who, probabilities, len(store.labels))
        _agree(
            f"{who} is fitted to more than the training clips and the seed",
            probabilities,
            fold.predict(blind, store),
        )
        if broken := fold.fit_broken(trainer, settled, store, Path(folder, "broken")):
            _agree(
                f"{who} gives another model after an interruption",
                probabilities,
                fold.predict(broken, store),
            )
        if not trainer.transductive:
            reverse = fold.predict(fitted, store, fold.test[::-1])[::-1]
            _agree(f"{who} predicts a clip differently when it is alone", probabilities[:1], alone)
            _agree(f"{who} predicts differently in another order", probabilities, reverse)
        _agree(
            f"{who} predicts differently if the labels are unknown",
            probabilities,
            fold.predict(fitted, _unlabelled(store)),
        )
        renamed = {clip_id: f"{number:03}" for number, clip_id in enumerate(fold.test)}
        _agree(
            f"{who} predicts differently if the clips have other ids",
            probabilities,
            fold.predict(fitted, _renamed(store, renamed), renamed.values()),
        )
        _check_facts(who, fitted)
        _check_files(who, trainer, fitted, Path(folder) / "saved", fold, store)


class _Interrupt(KeyboardInterrupt):
    """Simulates Ctrl-C."""


@dataclass(frozen=True)
class _Sides:
    """One fold by speaker, from any store."""

    who: str
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    @classmethod
    def of(cls, who: str, store: FeatureStore) -> _Sides:
        known = {clip.speaker for clip in store.state.clips.values()}
        speakers = sorted(known, key=natural_order)
        if len(speakers) < 4:
            raise UsageError(
                f"the store {store.path} has {len(speakers)} speakers",
                allowed="a trainer is checked on four or more",
            )
        cuts = (speakers[:-2], speakers[-2:-1], speakers[-1:])
        clips = sorted(store.state.clips.values(), key=lambda clip: clip.clip_id)
        return cls(who, *(tuple(c.clip_id for c in clips if c.speaker in side) for side in cuts))

    @property
    def training(self) -> frozenset[str]:
        return frozenset((*self.train, *self.validation))

    def fit(
        self,
        trainer: Trainer[Any],
        values: Parameters,
        store: FeatureStore,
        workdir: Path,
        progress: ProgressCallback = silent,
    ) -> Fitted:
        workdir.mkdir(exist_ok=True)
        data = FoldData.of(store, self.train, self.validation)
        context = FitContext(seed=1, progress=progress, workdir=workdir)
        return no_error(
            f"trainer {trainer.name} cannot be fitted",
            lambda: trainer.fit(data, values, context),
        )

    def fit_broken(
        self, trainer: Trainer[Any], values: Parameters, store: FeatureStore, workdir: Path
    ) -> Fitted | None:
        """Fit it, interrupt it in its second step and resume; None if it has only one step."""

        def interrupt(done: int, _total: int, _what: str = "", /) -> None:
            if done > 1:
                raise _Interrupt

        try:
            self.fit(trainer, values, store, workdir, interrupt)
        except _Interrupt:
            return self.fit(trainer, values, store, workdir)
        return None

    def predict(
        self, fitted: Fitted, store: FeatureStore, clip_ids: Iterable[str] | None = None
    ) -> npt.NDArray[np.float64]:
        """Ask a model about the test clips, or about those that are named."""
        data = ClipData.of(store, self.test if clip_ids is None else clip_ids)
        return no_error(f"a model of {self.who} cannot predict", lambda: fitted.predict(data))


class _Altered(FeatureStore):
    """A store with altered metadata."""

    def __init__(self, path: Path, state: StoreState) -> None:
        super().__init__(path)
        self._altered = state

    @property
    def state(self) -> StoreState:
        return self._altered


def _only(store: FeatureStore, clip_ids: frozenset[str]) -> FeatureStore:
    """Return a store that has forgotten all clips but some."""
    whole = store.state
    part = replace(
        whole,
        clips={i: clip for i, clip in whole.clips.items() if i in clip_ids},
        index={
            feature: {i: row for i, row in rows.items() if i in clip_ids}
            for feature, rows in whole.index.items()
        },
    )
    return _Altered(store.path, part)


def _unlabelled(store: FeatureStore) -> FeatureStore:
    """Return a store that has forgotten who speaks and how."""
    clips = {
        clip_id: replace(clip, emotion=UNKNOWN, emotion_id=NO_LABEL, speaker=UNKNOWN, sex=UNKNOWN)
        for clip_id, clip in store.state.clips.items()
    }
    return _Altered(store.path, replace(store.state, clips=clips))


def _renamed(store: FeatureStore, names: Mapping[str, str]) -> FeatureStore:
    """Return a store in which some clips have other ids."""
    whole = store.state
    part = replace(
        whole,
        clips={
            names.get(i, i): replace(clip, clip_id=names.get(i, i))
            for i, clip in whole.clips.items()
        },
        index={
            feature: {
                names.get(i, i): replace(row, clip_id=names.get(i, i)) for i, row in rows.items()
            }
            for feature, rows in whole.index.items()
        },
    )
    return _Altered(store.path, part)


def _check_probabilities(who: str, found: npt.NDArray[np.float64], classes: int) -> None:
    require(
        found.ndim == 2 and found.shape[1] == classes,
        f"{who} gives probabilities of shape {found.shape}, not (n, {classes})",
    )
    require(bool(np.isfinite(found).all()), f"{who} gives probabilities that are not finite")
    require(bool((found >= 0).all()), f"{who} gives negative probabilities")
    furthest = float(np.abs(found.sum(axis=1) - 1).max())
    require(furthest < _ROUNDING, f"{who}: its probabilities are {furthest:.2g} off a sum of 1")


def _check_facts(who: str, fitted: Fitted) -> None:
    count = fitted.parameters
    require(
        isinstance(count, int) and count > 0,
        f"{who} has fitted {count!r} parameters, which is not a number above 0",
    )
    no_error(
        f"{who}: what it has chosen is not JSON ({fitted.chosen!r})",
        lambda: json.dumps(dict(fitted.chosen), allow_nan=False),
    )


def _check_files(
    who: str, trainer: Trainer[Any], fitted: Fitted, folder: Path, fold: _Sides, store: FeatureStore
) -> None:
    folder.mkdir()
    fitted.save(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    require(bool(files), f"{who} saves nothing")
    pickles = [path.name for path in files if _holds_pickle(path)]
    require(not pickles, f"{who} saves pickles, which run code when loaded: {pickles}")
    loaded = fold.predict(trainer.load(folder), store)
    _agree(f"{who} predicts differently after save and load", fold.predict(fitted, store), loaded)


def _holds_pickle(path: Path) -> bool:
    """Detect a pickle by its name or first bytes, also inside a ZIP archive."""
    if path.suffix in (".pkl", ".pickle", ".joblib"):
        return True
    if is_zipfile(path):
        with ZipFile(path) as archive:
            return any(
                name.endswith((".pkl", ".pickle", ".joblib")) or _is_pickle(archive.read(name))
                for name in archive.namelist()
            )
    return _is_pickle(path.read_bytes()[:2])


def _is_pickle(data: bytes) -> bool:
    return len(data) > 1 and data[0] == 0x80 and 2 <= data[1] <= 5


def _agree(what: str, one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> None:
    require(one.shape == other.shape, f"{what} (shapes {one.shape} and {other.shape})")
    apart = float(np.abs(one - other).max(initial=0.0))
    require(apart < _ROUNDING, f"{what} (probabilities differ by up to {apart:.2g})")
