"""Clips come in random order, and yet from few parts at a time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import storekit as kit
from serkit.errors import UsageError
from serkit.store.order import order_by_parts, share
from serkit.store.store import FeatureStore

PARTS = [f"part-{n // 10}" for n in range(200)]
"""Twenty parts of ten clips."""


def test_every_clip_occurs_once_in_an_order_set_by_the_seed():
    order = order_by_parts(PARTS, 0)
    assert sorted(order) == list(range(200))
    assert np.array_equal(order, order_by_parts(PARTS, 0))
    assert not np.array_equal(order, order_by_parts(PARTS, 1))


def test_few_parts_are_open_at_a_time():
    order = order_by_parts(PARTS, 0, at_once=4)
    groups = [{PARTS[i] for i in order[n : n + 40]} for n in range(0, 200, 40)]
    assert all(len(group) == 4 for group in groups)
    assert set.union(*groups) == set(PARTS)


def test_clips_of_different_parts_are_mixed():
    order = order_by_parts(PARTS, 0, at_once=4)
    changes = sum(PARTS[a] != PARTS[b] for a, b in pairwise(order[:40]))
    assert changes > 20


def test_processes_get_equal_shares_that_hold_everything():
    order = order_by_parts(PARTS[:17], 0)
    shares = [share(order, rank, 3) for rank in range(3)]
    assert {len(each) for each in shares} == {6}
    assert set(np.concatenate(shares)) == set(range(17))


def test_refuses_what_cannot_be():
    with pytest.raises(UsageError, match="0 parts at once; 1 or more is allowed"):
        order_by_parts(PARTS, 0, at_once=0)
    with pytest.raises(UsageError, match="rank 2 of 2 processes; 0 to one less is allowed"):
        share(order_by_parts(PARTS, 0), 2, 2)


def test_batches_shuffled_by_part_hold_every_clip(tmp_path):
    corpus = kit.make_clips(tmp_path / "corpus", range(12))
    kit.fill(corpus, tmp_path / "store", [kit.raw()])
    store = FeatureStore(tmp_path / "store")
    ids = [
        [
            row.clip_id
            for batch in store.batches("raw", 5, shuffle="parts", seed=seed)
            for row in batch.rows
        ]
        for seed in (0, 0, 1)
    ]
    assert ids[0] == ids[1] != ids[2]
    assert sorted(ids[0]) == sorted(ids[2]) == sorted(store.state.clips)
