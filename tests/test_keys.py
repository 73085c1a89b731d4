"""Keys are found by their hashes, and equal indexes are one."""

from __future__ import annotations

import gc

import numpy as np

from serkit.keys import KeyIndex, digest_of, digests_of

KEYS = ["b", "a", "c", "a", "d", "a"]


def test_of_equal_keys_the_first_is_found_and_all_are_listed():
    index = KeyIndex.of(digests_of(KEYS))
    assert [index.find(digest_of(key)) for key in "abcde"] == [1, 0, 2, 4, None]
    assert [index.all_of(digest_of(key)) for key in "abe"] == [[1, 3, 5], [0], []]
    assert index.find_all(digests_of(["e", "d", "a"])).tolist() == [-1, 4, 1]
    assert (index.in_order() == digests_of(KEYS)).all()


def test_tables_with_the_same_keys_in_the_same_order_share_one_index():
    index = KeyIndex.of(digests_of(KEYS))
    assert KeyIndex.of(digests_of(KEYS)) is index
    assert KeyIndex.of(digests_of(sorted(KEYS))) is not index
    assert KeyIndex.of(digests_of(KEYS[:-1])) is not index


def test_an_index_that_nobody_uses_is_given_back():
    from serkit.keys import _KNOWN

    index = KeyIndex.of(np.arange(3, dtype=np.uint64))
    before = len(_KNOWN)
    del index
    gc.collect()
    assert len(_KNOWN) < before
