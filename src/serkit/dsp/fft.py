"""Fourier and cosine transforms by SciPy's pocketfft, in the precision of their input.

The functions return what those of the same name in :mod:`scipy.fft` return, to the last bit,
without importing that package (see :mod:`serkit.dsp.compiled`). ``numpy.fft`` differs in float32.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.dsp.compiled import compiled

_POCKETFFT = "scipy.fft._pocketfft.pypocketfft"
_PLAIN, _ORTHONORMAL, _BY_SIZE = 0, 1, 2  # pocketfft's numbers of its normalisations


def rfft(values: npt.NDArray[Any], n: int | None = None, *, axis: int = -1) -> npt.NDArray[Any]:
    """Return the spectrum of real values along an axis.

    Args:
        values: float32 or float64, any shape.
        n: Length to transform; longer input is cut, shorter is continued with zeros. None is all.
        axis: The axis to transform.

    Returns:
        complex64 or complex128, with ``n // 2 + 1`` values along the axis.

    Example:
        >>> rfft(np.array([1.0, 0.0, -1.0, 0.0])).real.tolist()
        [0.0, 2.0, 0.0]
    """
    pocketfft = compiled(_POCKETFFT)
    if pocketfft is None:
        from scipy import fft

        return np.asarray(fft.rfft(values, n, axis=axis))
    whole = values if n is None else _resized(values, n, axis)
    return np.asarray(pocketfft.r2c(whole, (axis,), True, _PLAIN, None, 1))


def irfft(spectra: npt.NDArray[Any], n: int | None = None, *, axis: int = -1) -> npt.NDArray[Any]:
    """Return the real signal of spectra along an axis: the inverse of :func:`rfft`.

    Args:
        spectra: float32, float64, complex64 or complex128, any shape.
        n: Length of the result; None is twice the number of bins but one.
        axis: The axis to transform.

    Returns:
        float32 or float64, with ``n`` values along the axis.

    Example:
        >>> irfft(rfft(np.array([1.0, 2.0, 3.0]), 4)).tolist()
        [1.0, 2.0, 3.0, 0.0]
    """
    pocketfft = compiled(_POCKETFFT)
    if pocketfft is None:
        from scipy import fft

        return np.asarray(fft.irfft(spectra, n, axis=axis))
    if np.isrealobj(spectra):
        spectra = spectra + 0.0j
    size = 2 * (spectra.shape[axis] - 1) if n is None else n
    whole = spectra if n is None else _resized(spectra, n // 2 + 1, axis)
    return np.asarray(pocketfft.c2r(whole, (axis,), size, False, _BY_SIZE, None, 1))


def dct(values: npt.NDArray[Any], *, axis: int = -1) -> npt.NDArray[Any]:
    """Return the orthonormal discrete cosine transform (DCT-II) of values along an axis.

    Args:
        values: float32 or float64, any shape.
        axis: The axis to transform.

    Returns:
        Coefficients, of the shape and precision of ``values``.

    Example:
        >>> dct(np.ones(4)).round(12).tolist()
        [2.0, 0.0, 0.0, 0.0]
    """
    pocketfft = compiled(_POCKETFFT)
    if pocketfft is None:
        from scipy import fft

        return np.asarray(fft.dct(values, axis=axis, norm="ortho"))
    return np.asarray(pocketfft.dct(values, 2, (axis,), _ORTHONORMAL, None, 1))


def next_fast_len(size: int) -> int:
    """Return the least length of at least ``size`` samples that :func:`rfft` transforms quickly.

    Example:
        >>> next_fast_len(1021)
        1024
    """
    pocketfft = compiled(_POCKETFFT)
    if pocketfft is None:
        from scipy import fft

        return int(fft.next_fast_len(size, real=True))
    return int(pocketfft.good_size(size, True))


def _resized(values: npt.NDArray[Any], size: int, axis: int) -> npt.NDArray[Any]:
    """Cut values to a size along an axis, or continue them with zeros."""
    kept: list[slice] = [slice(None)] * values.ndim
    kept[axis] = slice(0, min(size, values.shape[axis]))
    if size <= values.shape[axis]:
        return values[tuple(kept)]
    shape = list(values.shape)
    shape[axis] = size
    padded = np.zeros(shape, values.dtype)
    padded[tuple(kept)] = values
    return padded
