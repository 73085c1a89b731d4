"""Mel banks are applied as SciPy's sparse arrays apply them, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from serkit.dsp import sparse
from serkit.dsp.mel import sparse_mel_bank
from serkit.dsp.sparse import SparseRows


@pytest.fixture(params=["loaded directly", "through SciPy's packages"])
def bank(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> SparseRows:
    """Return a mel bank, applied by the compiled module and by the fallback."""
    if request.param != "loaded directly":
        monkeypatch.setattr(sparse, "compiled", lambda name: None)
    return sparse_mel_bank(48_000, 2048, 256, 0.0, None)


@pytest.mark.parametrize("frames", [0, 1, 2, 37])
@pytest.mark.parametrize("order", ["C", "F"])
def test_the_product_has_the_bits_of_scipy(bank: SparseRows, frames: int, order: str) -> None:
    power = np.random.default_rng(0).random((1025, frames)).astype(np.float32, order=order)
    scipys = csr_array((bank.data, bank.indices, bank.indptr), shape=bank.shape)
    np.testing.assert_array_equal(bank @ power, scipys @ power)
    np.testing.assert_array_equal(bank.dense(), scipys.toarray())


def test_rows_are_built_in_order_and_without_zeros() -> None:
    row, column = np.array([1, 0, 1, 3]), np.array([2, 1, 0, 0])
    built = SparseRows.of(row, column, np.array([1, 2, 3, 0], np.float32), (4, 3))
    assert built.dense().tolist() == [[0, 2, 0], [3, 0, 1], [0, 0, 0], [0, 0, 0]]
    assert built.indices.tolist() == [1, 0, 2]
    assert built.indptr.tolist() == [0, 1, 3, 3, 3]


def test_a_spectrum_of_another_frame_length_is_refused(bank: SparseRows) -> None:
    with pytest.raises(ValueError, match="a bank of 1025 bins was given a spectrum of 513"):
        bank @ np.ones((513, 4), np.float32)
