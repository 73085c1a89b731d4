"""The transforms are SciPy's, to the last bit, and cost no import of its packages."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import numpy.typing as npt
import pytest
import scipy.fft
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from serkit.dsp import compiled, fft

BLOCKS = st.sampled_from([np.float32, np.float64]).flatmap(
    lambda dtype: arrays(
        dtype,
        st.tuples(st.integers(1, 9), st.integers(2, 70)),
        elements=st.floats(-1, 1, width=32),
    )
)
SIZES = st.none() | st.integers(2, 100)
AXES = st.sampled_from([0, 1])


@pytest.fixture(params=["loaded directly", "through SciPy's packages"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test with the compiled module, and with the fallback that any SciPy allows."""
    if request.param == "loaded directly":
        assert fft.compiled(fft._POCKETFFT) is not None
    else:
        monkeypatch.setattr(fft, "compiled", lambda name: None)


@pytest.mark.usefixtures("way")
class TestTransforms:
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("n", [None, 64, 100, 4096])
    @pytest.mark.parametrize("axis", [0, 1])
    def test_return_what_scipy_returns(
        self, dtype: type[np.floating], n: int | None, axis: int
    ) -> None:
        values = np.random.default_rng(0).standard_normal((70, 96)).astype(dtype)
        _same(fft.rfft(values, n, axis=axis), scipy.fft.rfft(values, n, axis=axis))
        _same(fft.dct(values, axis=axis), scipy.fft.dct(values, axis=axis, norm="ortho"))
        spectra = scipy.fft.rfft(values, axis=axis)
        _same(fft.irfft(spectra, n, axis=axis), scipy.fft.irfft(spectra, n, axis=axis))
        _same(fft.irfft(values, n, axis=axis), scipy.fft.irfft(values, n, axis=axis))

    def test_take_views_that_are_not_contiguous(self) -> None:
        frames = np.lib.stride_tricks.sliding_window_view(np.arange(50, dtype=np.float32), 16)
        _same(fft.rfft(frames, axis=1), scipy.fft.rfft(frames, axis=1))

    @pytest.mark.parametrize("size", [1, 7, 255, 1021, 253_125])
    def test_find_the_next_fast_length(self, size: int) -> None:
        assert fft.next_fast_len(size) == scipy.fft.next_fast_len(size, real=True)


@given(BLOCKS, SIZES, AXES)
def test_any_block_has_the_bits_of_scipy(
    values: npt.NDArray[np.floating], n: int | None, axis: int
) -> None:
    if values.shape[axis] > 1:
        spectra = scipy.fft.rfft(values, n, axis=axis)
        _same(fft.rfft(values, n, axis=axis), spectra)
        _same(fft.irfft(spectra, n, axis=axis), scipy.fft.irfft(spectra, n, axis=axis))
        _same(fft.dct(values, axis=axis), scipy.fft.dct(values, axis=axis, norm="ortho"))


def test_features_are_computed_without_importing_scipy() -> None:
    program = """
import sys
import numpy as np
from serkit.dsp import fft
from serkit.dsp.mel import apply_mel_bank
power = np.abs(fft.rfft(np.ones((3, 2048), np.float32), axis=1)).T ** 2
apply_mel_bank(power, sample_rate=48_000, n_mels=128)
assert "scipy" not in sys.modules
import scipy.fft, scipy.sparse
assert np.array_equal(scipy.fft.rfft(np.arange(8.0)), fft.rfft(np.arange(8.0)))
"""
    subprocess.run([sys.executable, "-c", program], check=True)


class TestCompiled:
    @pytest.mark.parametrize("name", ["scipy.fft._pocketfft.no_such", "scipy.nowhere.module"])
    def test_is_none_for_what_this_scipy_does_not_have(self, name: str) -> None:
        assert compiled.compiled(name) is None

    def test_is_none_where_its_libraries_are_not_found(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fails(spec: object) -> None:
            raise ImportError("DLL load failed")

        monkeypatch.setattr(compiled.importlib.util, "module_from_spec", fails)
        compiled.compiled.cache_clear()
        assert compiled.compiled(fft._POCKETFFT) is None
        compiled.compiled.cache_clear()


def _same(found: npt.NDArray[np.generic], expected: npt.NDArray[np.generic]) -> None:
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
