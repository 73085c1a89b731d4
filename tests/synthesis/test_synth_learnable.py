"""The point of the corpus: emotions can be learned from it, and not without mistakes."""

import numpy as np
import pytest

from serkit.synthesis.corpus import clip_names, render

ACTORS = 6


def band_levels(samples):
    """Mean and spread over time of the level in 24 bands, in dB: 48 numbers."""
    if samples.ndim == 2:
        samples = samples[:, 0]
    frames = samples[: len(samples) // 2048 * 2048].reshape(-1, 2048) * np.hanning(2048)
    power = np.square(np.abs(np.fft.rfft(frames)))
    edges = np.unique(np.geomspace(3, 500, 25).astype(int))
    bands = np.add.reduceat(power, edges, axis=1)[:, :-1]
    level = 10 * np.log10(bands + 1e4)
    return np.concatenate([level.mean(axis=0), level.std(axis=0), np.percentile(level, 90, axis=0)])


@pytest.fixture(scope="module")
def clips():
    """The first takes of six actors: features, emotions and actors, one row per clip."""
    names = [name for name in clip_names(ACTORS) if name[15:17] == "01"]
    features = np.stack([band_levels(render(name, 0)) for name in names])
    return features, np.array([name[6:8] for name in names]), np.array([n[-2:] for n in names])


def uar_on_unseen_actors(clips):
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import recall_score
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features, emotions, actors = clips
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
    told = cross_val_predict(model, features, emotions, groups=actors, cv=GroupKFold(ACTORS))
    return recall_score(emotions, told, average="macro")


def test_a_simple_model_beats_chance_on_new_actors_but_errs(clips):
    assert 0.25 < uar_on_unseen_actors(clips) < 0.9


def test_the_same_model_is_at_chance_when_the_emotions_are_shuffled(clips):
    features, emotions, actors = clips
    shuffled = np.random.default_rng(0).permutation(emotions)
    assert uar_on_unseen_actors((features, shuffled, actors)) < 0.25
