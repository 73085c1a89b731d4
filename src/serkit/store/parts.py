"""Part files: the values of one feature for a handful of clips, written once, never changed.

Array features are stored in HDF5, all clips concatenated in one flat, unpadded dataset; table
features in Parquet, one row per clip. Each part contains its clip ids and recipe, so it can be read
without serkit.

A part is put together in memory, hashed, and renamed when it is whole: a full disk cannot leave
HDF5 with half a tree.
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from xxhash import xxh3_64_intdigest

from serkit.errors import SerkitError, StoreCorruptError, StoreError
from serkit.features import ArrayLayout, FeatureSpec, Layout, TableLayout, Values
from serkit.storage.files import Buffer, not_read, opened
from serkit.store.columns import from_parquet, number_column, numbers, string_column, to_parquet
from serkit.store.tables import IndexRow

Item = tuple[str, str, Values]
"""A clip's id, the SHA-256 of its samples, and its values."""

Array = npt.NDArray[Any]

_KEY = "clip_id"


def suffix(layout: Layout) -> str:
    """Return the file name ending of a part."""
    return ".parquet" if isinstance(layout, TableLayout) else ".h5"


def encode_part(
    spec: FeatureSpec, layout: Layout, items: Sequence[Item], part: str
) -> tuple[list[Buffer], list[IndexRow]]:
    """Build a part file.

    Args:
        spec: The feature.
        layout: Its shape.
        items: The clips' values, checked against the layout.
        part: The path inside the store that the part will have.

    Returns:
        The pieces of the file's content, and an index row a clip.
    """
    arrays = [np.ascontiguousarray(values.array) for _, _, values in items]
    is_table = isinstance(layout, TableLayout)
    sizes = [1 if is_table else array.size for array in arrays]
    offsets = [0, *np.cumsum(sizes).tolist()]
    rows = [
        IndexRow(
            clip_id=clip_id,
            fingerprint=spec.fingerprint,
            pcm_sha256=pcm_sha256,
            part=part,
            offset=offset,
            length=1 if is_table else array.shape[-1],
            lead=values.lead,
            checksum=xxh3_64_intdigest(array.data),
        )
        for (clip_id, pcm_sha256, values), array, offset in zip(
            items, arrays, offsets[:-1], strict=True
        )
    ]
    if isinstance(layout, TableLayout):
        return [_encode_table(spec, layout, rows, arrays)], rows
    return _encode_arrays(spec, layout, rows, arrays), rows


def _encode_table(
    spec: FeatureSpec, layout: TableLayout, rows: list[IndexRow], arrays: list[Array]
) -> bytes:
    import pyarrow as pa

    matrix = np.stack(arrays, axis=1)
    columns = {_KEY: string_column([row.clip_id for row in rows])}
    columns |= {name: number_column(matrix[i]) for i, name in enumerate(layout.columns)}
    table = pa.table(columns, metadata={"serkit": json.dumps(spec.to_json())})
    return to_parquet(table, dictionary=False)


def _encode_arrays(
    spec: FeatureSpec, layout: ArrayLayout, rows: list[IndexRow], arrays: list[Array]
) -> list[Buffer]:
    """Return the pieces of an HDF5 file: its structure, then the clips' values as they are.

    HDF5 makes room for a dataset when it is first written to, at the end of the file. So the
    values are declared first and touched last: HDF5 writes the structure, and the values go to
    disk from where they are. Through HDF5 they would be copied three times more, which took a
    third of the whole extraction's time.
    """
    import h5py
    from h5py import h5s

    kind = np.dtype(layout.dtype).newbyteorder("<")
    image = BytesIO()
    with _new_hdf5(image) as file:
        space = h5s.create_simple((sum(array.size for array in arrays),))
        values = _declare(file, "values", kind, space)
        attributes = file.attrs  # opens the root group each time that it is asked for
        attributes["spec"] = json.dumps(spec.to_json())
        attributes["item_shape"] = layout.item
        attributes["axis"] = layout.axis
        attributes["padded_length"] = layout.length or 0
        _put(file, _KEY, np.array([row.clip_id.encode() for row in rows]))
        for name in ("offset", "length", "lead"):
            _put(file, name, np.array([getattr(row, name) for row in rows], np.int64))
        file.flush()
        space.select_hyperslab((0,), (1,))
        values.write(h5s.create_simple((1,)), space, np.zeros(1, kind))
        start = values.get_offset()
    head = image.getvalue()
    if len(head) != start + kind.itemsize:
        raise StoreError(
            f"this HDF5 ({h5py.version.hdf5_version}) does not put the last dataset last",
            hint="install another version of h5py",
        )
    return [head[:start], *(array.data for array in arrays)]


def _declare(file: Any, name: str, kind: np.dtype[Any], space: Any) -> Any:
    """Create a dataset that takes room when it is first written to.

    By HDF5's own functions, as in :func:`_put`: the classes of h5py take twice as long.
    """
    from h5py import h5d, h5p, h5t

    properties = h5p.create(h5p.DATASET_CREATE)
    properties.set_layout(h5d.CONTIGUOUS)
    properties.set_alloc_time(h5d.ALLOC_TIME_LATE)
    properties.set_fill_time(h5d.FILL_TIME_NEVER)
    properties.set_obj_track_times(False)  # the same values make the same bytes
    return h5d.create(file.id, name.encode(), h5t.py_create(kind), space, properties)


def _put(file: Any, name: str, values: Array) -> None:
    """Write a small dataset."""
    from h5py import h5d, h5o, h5p, h5s, h5t

    properties = h5p.create(h5p.DATASET_CREATE)
    properties.set_obj_track_times(False)
    kind = h5t.py_create(values.dtype, logical=True)
    dataset = h5d.create(file.id, None, kind, h5s.create_simple(values.shape), properties)
    dataset.write(h5s.ALL, h5s.ALL, values)
    h5o.link(dataset, file.id, name.encode())


def _new_hdf5(image: BytesIO) -> Any:
    """Create an HDF5 file in memory whose bytes depend only on its content."""
    import h5py

    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_fileobj_driver(h5py.h5fd.fileobj_driver, image)
    # from version 1.8 on, HDF5 stores checksums of its structure
    access.set_libver_bounds(h5py.h5f.LIBVER_V18, h5py.h5f.LIBVER_V18)
    access.set_alignment(1, 64)  # so that the values can be mapped as they are
    creation = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    creation.set_obj_track_times(False)  # the root group's, which h5py.File() cannot leave out
    name = repr(image).encode("ascii")
    return h5py.File(h5py.h5f.create(name, h5py.h5f.ACC_TRUNC, fcpl=creation, fapl=access))


@dataclass(frozen=True, slots=True)
class Place:
    """Location of the values in an array part.

    Attributes:
        dtype: Their type.
        offset: First byte in the file.
        count: How many there are.
    """

    dtype: str
    offset: int
    count: int


def open_values(path: Path, layout: Layout) -> Array:
    """Open a part's values for reading.

    Args:
        path: The part.
        layout: The feature's shape.

    Returns:
        The flat values of an array part, mapped from disk and not yet read, shape ``(size,)``; or
        the rows of a table part, shape ``(clips, columns)``. Both are read-only.

    Raises:
        StoreCorruptError: The file is gone or damaged.
        StoreReadError: The file is there but cannot be read.
    """
    if isinstance(layout, ArrayLayout):
        return map_values(path, find_values(path, layout))
    with _reading(path) as file:
        table = from_parquet(file.read())
        columns = [numbers(table.column(name)) for name in layout.columns]
        values = np.stack(columns, axis=1).astype(layout.dtype, copy=False)
        values.flags.writeable = False
        return values


def find_values(path: Path, layout: ArrayLayout) -> Place:
    """Find the location of an array part's values.

    Raises:
        StoreCorruptError: The file is gone or damaged.
        StoreReadError: The file is there but cannot be read.
    """
    with _reading(path), _hdf5(path) as file:
        return _place(file, layout)


def find_values_in_head(head: bytes, size: int, layout: ArrayLayout) -> Place | None:
    """Look up where the values lie in an array part of which only the beginning is there.

    Args:
        head: The first bytes.
        size: Of the whole part.
        layout: The feature's shape.

    Returns:
        Where they lie; None where the beginning does not say.
    """
    import h5py

    try:
        with h5py.File(BytesIO(head.ljust(size, b"\0")), "r") as file:
            return _place(file, layout)
    except (OSError, KeyError, ValueError, RuntimeError):
        return None


def _place(file: Any, layout: ArrayLayout) -> Place:
    values = file["values"]
    if values.dtype != np.dtype(layout.dtype) or values.ndim != 1:
        raise ValueError(f"values are {values.dtype}, {values.ndim}-dimensional")
    return Place(layout.dtype, values.id.get_offset(), values.size)


def map_values(path: Path, place: Place) -> Array:
    """Map an array part's values, shape ``(count,)``, without reading them.

    The dataset is one contiguous run of bytes. Reading through HDF5 would copy everything once
    more, and a padded read copies it into place anyway.

    Raises:
        StoreCorruptError: The file is gone or too short.
        StoreReadError: The file is there but cannot be read.
    """
    with _reading(path) as file:
        if not place.count:
            return np.empty(0, place.dtype)
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return np.frombuffer(mapped, place.dtype, place.count, place.offset)


def _hdf5(path: Path) -> Any:
    """Open an HDF5 file for reading, without HDF5's own lock.

    Parts never change, so there is nothing to lock; and a file system may have no locks, or
    another program may hold one.
    """
    import h5py

    return h5py.File(path, "r", locking=False)


@contextmanager
def _reading(path: Path) -> Iterator[BinaryIO]:
    """Open a part as a plain file, distinguishing damaged from unreadable files."""
    try:
        with opened(path) as file:
            yield file
    except FileNotFoundError as error:
        raise StoreCorruptError(
            f"the part {path.name} is missing", hint="run 'serkit store repair'"
        ) from error
    except Exception as error:
        if isinstance(error, SerkitError) or not _is_about_content(error):
            raise
        if isinstance(error, OSError) and error.errno:  # HDF5 has no error number for damage
            raise not_read(path, error) from error
        raise StoreCorruptError(
            f"the part {path.name} is damaged", hint="run 'serkit store repair'"
        ) from error


def _is_about_content(error: Exception) -> bool:
    """Return whether a library raised this because of what it read."""
    import pyarrow as pa  # here, where something has failed: reading arrays does without Arrow

    return isinstance(error, (OSError, KeyError, ValueError, RuntimeError, pa.ArrowException))


def count_clips(path: Path, layout: Layout) -> int:
    """Return how many clips were written into a part, whether or not they are still in use.

    Raises:
        StoreCorruptError: The file is gone or damaged.
        StoreReadError: The file is there but cannot be read.
    """
    if isinstance(layout, TableLayout):
        return len(open_values(path, layout))
    find_values(path, layout)  # the same errors as everywhere
    with _reading(path), _hdf5(path) as file:
        return len(file[_KEY])
