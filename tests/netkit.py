"""A tiny store of spectrograms, and nets small enough to be fitted in a test."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import numpy as np

import storekit
from serkit.audio import write_wav
from serkit.models import TRAINERS, FitContext, FoldData, TrainingClips
from serkit.models.keras.backend import load_keras
from serkit.models.keras.nets.parts import Shape
from serkit.models.keras.network import Network
from serkit.models.keras.scaling import fit_scaling
from serkit.models.keras.source import Source
from serkit.models.keras.spectra import Spectra
from serkit.store.store import FeatureStore

BANDS = 8

TINY: dict[str, dict[str, object]] = {
    "ffnn": {"units": 8},
    "cnn": {"channels": "4,8", "attention": 4},
    "lstm": {"units": "6", "dense": "6", "attention": 4, "pool": 2},
    "transformer": {"width": 8, "heads": 2, "blocks": 1, "hidden": 8, "attention": 4},
    "tcn": {"width": 8, "layers": 2, "attention": 4},
}
"""What makes each net's ``best`` preset small."""

QUICK: dict[str, object] = {
    "features": "mel8",
    "beside": "",
    "epochs": 2,
    "batch_size": 16,
    "band_width": 2,
    "refit": False,
}

NETS = tuple(TINY)


def make_store(folder: Path, actors: int = 4, shortest: int = 3000) -> FeatureStore:
    """Make a store with ``mel8`` of 8 clips an actor: a tone in noise, its pitch the emotion's.

    Clips are of ``shortest`` to 8,000 samples: from 4,200 on all have 33 to 63 frames, so that
    nets are compiled for one length.
    """
    for actor in range(1, actors + 1):
        for emotion in range(1, 9):
            random = np.random.default_rng([actor, emotion])
            time = np.arange(random.integers(shortest, 8000))
            tone = 6000 * np.sin(time * 0.05 * emotion) + random.normal(0, 300, len(time))
            name = f"03-01-{emotion:02}-01-01-01-{actor:02}"
            path = folder / "corpus" / f"Actor_{actor:02}" / f"{name}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_wav(path, tone.astype(np.int16))
    storekit.fill(folder / "corpus", folder / "store", [storekit.mel()])
    return FeatureStore(folder / "store")


def ids_of(store: FeatureStore, *actors: int) -> tuple[str, ...]:
    """Return the ids of some actors' clips."""
    return tuple(store.clips.index[store.clips["actor"].isin(actors)])


def fold_of(store: FeatureStore, train: Sequence[int], validation: Sequence[int] = ()) -> FoldData:
    """Return the training side that some actors are fitted on and some are chosen on."""
    return FoldData.of(store, ids_of(store, *train), ids_of(store, *validation))


def clips_of(store: FeatureStore, *actors: int) -> TrainingClips:
    """Return some actors' clips."""
    return TrainingClips.of(store, ids_of(store, *actors))


def untrained(name: str, store: FeatureStore, **more: object) -> Network:
    """Make a tiny net with random weights, which costs less than to fit one."""
    keras = load_keras("tensorflow")
    keras.utils.set_random_seed(1)
    values = TRAINERS.get(name).settle("best", {**QUICK, **TINY[name], **more})
    source = Source.of(values, store)
    shape = Shape(source.length, source.bands, source.columns)
    model = import_module(f"serkit.models.keras.nets.{name}").build(values, shape, 8)
    return Network(
        model, source, fit_scaling(Spectra(clips_of(store, 1), source), "live"), values.to_json()
    )


def fit(
    name: str, store: FeatureStore, *, seed: int = 0, preset: str = "best", **values: object
) -> Network:
    """Fit a tiny net on actors 1 and 2, its epoch chosen on actor 3."""
    trainer = TRAINERS.get(name)
    given = {**QUICK, **(TINY[name] if preset == "best" else {}), **values}
    fold = fold_of(store, (1, 2), (3,))
    fitted = trainer.fit(fold, trainer.settle(preset, given), FitContext(seed))
    assert isinstance(fitted, Network)
    return fitted
