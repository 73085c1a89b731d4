"""Decision values under thousands of speakers' models, mixed in little memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from serkit.models.classical.personal import Judges


def made(speakers: int, columns: int, classes: int) -> Judges:
    draw = np.random.default_rng(speakers)
    weights = draw.normal(size=(speakers, columns, classes)).astype(np.float32)
    return Judges(weights, draw.normal(size=(speakers, classes)))


@pytest.mark.parametrize(("speakers", "clips"), [(1, 3), (24, 200), (24, 1), (300, 7)])
def test_values_are_weighted_with_who_speaks(speakers, clips):
    judges, draw = made(speakers, 5, 8), np.random.default_rng(0)
    columns, shares = draw.normal(size=(clips, 5)), draw.dirichlet(np.ones(speakers), clips)
    by_speaker = np.stack(
        [columns @ w + b for w, b in zip(judges.weights, judges.intercepts, strict=True)]
    )
    expected = np.einsum("ns,snc->nc", shares, by_speaker)
    assert np.allclose(judges.mixed(columns, shares), expected, rtol=0, atol=1e-12)


def test_memory_does_not_grow_with_the_speakers():
    """Values under all of 2,000 models would take 64 MB."""
    judges, columns = made(2000, 4, 8), np.ones((500, 4))
    shares = np.full((500, 2000), 1 / 2000)
    tracemalloc.start()
    try:
        judges.mixed(columns, shares)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000
