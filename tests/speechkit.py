"""Tiny speech encoders with random weights, written to disk as a checkpoint, and a tiny store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import serkit
from serkit.audio import write_wav
from serkit.encoders.machine import quiet_transformers
from serkit.models import FoldData, TrainingClips
from serkit.store.store import FeatureStore

LAYERS, UNITS = 3, 16

SMALL: dict[str, Any] = {
    "hidden_size": UNITS,
    "num_hidden_layers": LAYERS - 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "conv_dim": (8, 8, 8),
    "conv_kernel": (10, 8, 8),
    "conv_stride": (8, 6, 6),
    "num_feat_extract_layers": 3,
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 2,
    "classifier_proj_size": 8,
    "mask_time_length": 2,
    "mask_time_prob": 0.1,
    "layerdrop": 0.0,
}


def make_checkpoint(folder: Path, *, kind: str = "Wav2Vec2", seed: int = 0, **config: Any) -> Path:
    """Write a checkpoint of random weights, as ``save_pretrained`` does.

    Args:
        folder: Where to.
        kind: ``Wav2Vec2``, ``WavLM`` or ``Hubert``.
        seed: Of the weights.
        config: What differs from :data:`SMALL`, such as ``feat_extract_norm="layer"``.
    """
    import torch
    import transformers

    torch.manual_seed(seed)
    settings = getattr(transformers, f"{kind}Config")(**SMALL | config)
    with quiet_transformers():
        getattr(transformers, f"{kind}Model")(settings).save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor(
        sampling_rate=16_000, return_attention_mask=settings.feat_extract_norm == "layer"
    ).save_pretrained(folder)
    return folder


def make_clips(folder: Path, actors: int = 4) -> Path:
    """Write 8 clips an actor, 0.25 to 0.4 s of a tone whose pitch and rhythm are the emotion's."""
    for actor in range(1, actors + 1):
        for emotion in range(1, 9):
            random = np.random.default_rng([actor, emotion])
            time = np.arange(12_000 + 2_400 * int(random.integers(4)))
            pulse = 0.6 + 0.4 * np.sin(time * 0.0004 * emotion)
            tone = 9000 * pulse * np.sin(time * 0.015 * emotion * random.uniform(0.97, 1.03))
            name = f"03-01-{emotion:02}-01-01-01-{actor:02}"
            path = folder / f"Actor_{actor:02}" / f"{name}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_wav(path, (tone + random.normal(0, 200, len(time))).astype(np.int16))
    return folder


def make_store(folder: Path, *features: str, actors: int = 4) -> FeatureStore:
    """Extract features of such clips into a store, in this process."""
    clips = make_clips(folder / "corpus", actors)
    serkit.extract(clips, store=folder / "store", features=list(features), workers=1)
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
