"""Padding: one clip's values at the end of its place in a batch, zeros in front of them.

The package ``serkit-native`` does it faster where it is installed: it writes each row from front to
back, where NumPy fills all beginnings first and comes back for all ends, and it computes the
checksum of values while it copies them. NumPy and xxhash are the reference and the fallback; both
pass the same tests.
"""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
from xxhash import xxh3_64_intdigest

from serkit.dsp import kernel

_SHORTEST = 241
"""Bytes from which on XXH3 is what the compiled package computes; it sums fewer in other ways."""


def pad_and_digest(values: npt.NDArray[Any], out: npt.NDArray[Any]) -> int:
    """Do what :func:`pad_front` does, and return the values' checksum (XXH3, 64 bits).

    Args:
        values: As there.
        out: As there.

    Raises:
        ValueError: The values do not fit.
    """
    # serkit-native has it from 0.4.0 on, for processors with AVX2
    compiled = getattr(kernel.native(), "pad_and_digest", None)
    if compiled and values.nbytes >= _SHORTEST and values.flags.aligned:
        return int(compiled(values, out))
    digest = xxh3_64_intdigest(values.data)
    pad_front(values, out)
    return digest


def pad_front(values: npt.NDArray[Any], out: npt.NDArray[Any]) -> None:
    """Copy values to the end of the last axis, and zeros in front of them.

    Args:
        values: One clip's values, shape ``(*item, live)``, contiguous.
        out: Where they go, shape ``(*item, length)``, contiguous, of the same type.

    Raises:
        ValueError: The values do not fit.

    Example:
        >>> import numpy as np
        >>> out = np.empty((2, 3), np.int16)
        >>> pad_front(np.array([[1, 2], [3, 4]], np.int16), out)
        >>> out.tolist()
        [[0, 1, 2], [0, 3, 4]]
    """
    compiled = getattr(kernel.native(), "pad_rows", None)  # serkit-native has it from 0.3.0 on
    if compiled and values.flags.aligned:  # early stores put values at any byte
        compiled(values, out)
        return
    lead = out.shape[-1] - values.shape[-1]
    out[..., :lead] = 0
    out[..., lead:] = values
