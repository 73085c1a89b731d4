"""A sparse matrix by rows, with the one operation that mel banks need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from serkit.dsp.compiled import compiled


@dataclass(frozen=True, slots=True, eq=False)
class SparseRows:
    """A matrix in compressed sparse rows (CSR).

    Attributes:
        shape: Rows and columns.
        indptr: Where each row begins in the other two, and the last one's end; ``(rows + 1,)``.
        indices: Column of each weight, ascending within a row.
        data: The weights, float32, none of them zero.
    """

    shape: tuple[int, int]
    indptr: npt.NDArray[np.int32]
    indices: npt.NDArray[np.int32]
    data: npt.NDArray[np.float32]

    @classmethod
    def of(
        cls,
        row: npt.NDArray[np.intp],
        column: npt.NDArray[np.intp],
        weight: npt.NDArray[np.float32],
        shape: tuple[int, int],
    ) -> SparseRows:
        """Build the matrix of weights at rows and columns, no two of them at the same place."""
        kept = np.flatnonzero(weight)
        order = kept[np.lexsort((column[kept], row[kept]))]
        counts = np.bincount(row[order], minlength=shape[0])
        indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        return cls(shape, indptr, column[order].astype(np.int32), weight[order])

    def dense(self) -> npt.NDArray[np.float32]:
        """Return the matrix with its zeros."""
        whole = np.zeros(self.shape, np.float32)
        whole[np.repeat(np.arange(self.shape[0]), np.diff(self.indptr)), self.indices] = self.data
        return whole

    def __matmul__(self, other: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the product with a dense matrix of shape ``(columns, n)``: ``(rows, n)``."""
        rows, columns = self.shape
        if other.shape[0] != columns:
            raise ValueError(f"a bank of {columns} bins was given a spectrum of {other.shape[0]}")
        tools = compiled("scipy.sparse._sparsetools")
        if tools is None:
            return cast("npt.NDArray[np.float32]", self._by_scipy() @ other)
        width = other.shape[1]
        product = np.zeros((rows, width), np.float32)
        dense = np.ascontiguousarray(other, np.float32).ravel()
        weights = self.indptr, self.indices, self.data
        tools.csr_matvecs(rows, columns, width, *weights, dense, product.ravel())
        return product

    def _by_scipy(self) -> Any:
        from scipy.sparse import csr_array

        return csr_array((self.data, self.indices, self.indptr), shape=self.shape)
