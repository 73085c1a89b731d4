"""The extractor contract: a pure function of a signal and parameters, and the result's shape.

A new family of features is one module in ``serkit/extractors`` that binds ``EXTRACTOR``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from serkit.dsp.signal import Signal
from serkit.parameters import Parameters
from serkit.registry import Registry

P = TypeVar("P", bound=Parameters)


@dataclass(frozen=True, slots=True)
class Values:
    """An extractor's result for one clip.

    Attributes:
        array: The values without padding; the last axis is time if the layout says so.
        lead: Number of zeros before it on the last axis when padded.

    Example:
        >>> Values(np.zeros((128, 300), np.float32), lead=195).array.shape
        (128, 300)
    """

    array: npt.NDArray[Any]
    lead: int = 0


@dataclass(frozen=True, slots=True)
class ArrayLayout:
    """One array per clip, of variable length in its last axis; stored in HDF5.

    Attributes:
        dtype: NumPy name of the element type.
        item: Shape before the ragged axis: ``(256,)`` for 256 mel bands, ``()`` for a signal.
        length: Padded length of the last axis; None without padding.
        axis: Unit of the last axis: ``"samples"`` or ``"frames"``.
        is_power: Whether values are powers, which can be read in decibels.

    Example:
        >>> ArrayLayout("float32", (128,), 495, "frames", is_power=True).item
        (128,)
    """

    dtype: str
    item: tuple[int, ...]
    length: int | None
    axis: str
    is_power: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """One named number of a table feature.

    Attributes:
        name: Unique in its feature.
        description: What it measures, with its unit.

    Example:
        >>> Column("f0_mean", "mean fundamental frequency, Hz").name
        'f0_mean'
    """

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class TableLayout:
    """One row of named numbers per clip; stored in Parquet.

    Attributes:
        dtype: NumPy name of the element type.
        columns: The numbers' names, in order.

    Example:
        >>> TableLayout("float64", ("f0_mean", "f0_deviation")).columns
        ('f0_mean', 'f0_deviation')
    """

    dtype: str
    columns: tuple[str, ...]


Layout = ArrayLayout | TableLayout


@dataclass(frozen=True, slots=True)
class Cost:
    """Resources that an extractor needs.

    Attributes:
        per_clip_ms: Approximate time for a 3.7 s clip on one core.
        worker_bytes: Memory per worker in addition to its clips.
        most_workers: Maximum useful number of workers; None is unlimited.

    Example:
        >>> Cost(per_clip_ms=3.0).worker_bytes
        0
    """

    per_clip_ms: float
    worker_bytes: int = 0
    most_workers: int | None = None


def _nothing(_parameters: object) -> None:
    """Accept everything."""


def _announce_nothing(_signal: Signal, _parameters: object) -> None:
    """Share no work with other features."""


def _as_they_are(parameters: P) -> P:
    """Add nothing."""
    return parameters


@dataclass(frozen=True)
class Extractor(Generic[P]):
    """One family of features.

    Attributes:
        name: The module's name.
        version: Raise it by hand whenever the values change.
        summary: One line.
        parameters: What a recipe may set: a frozen dataclass, see
            :class:`serkit.parameters.Parameters`.
        layout: Function from parameters to the result's shape; cheap.
        compute: Function from a signal and parameters to one clip's values; pure and deterministic.
            May raise :class:`serkit.errors.FeatureError`.
        announce: Called with signal and parameters before any feature is computed, so that features
            can share work; see
            :meth:`serkit.dsp.signal.Signal.announce_mel`.
        describe: Function from parameters to the documented columns of a table feature. An array
            feature of shape ``(rows, frames)`` may name its rows.
        check: Raises :class:`serkit.errors.UsageError` for incompatible parameters.
        doubts: Function from parameters to warnings about allowed but questionable values, one
            sentence each.
        require: Raises :class:`serkit.errors.MissingDependencyError` if an optional package is
            missing; called before any clip is read.
        longer: Function from parameters and a number of samples at 48 kHz to parameters that fit
            such a clip and leave the unpadded values of all other clips bit-identical. A store
            keeps such values; only models that read true lengths get them. None if the values
            depend on the padding.
        licence: Licence terms for users of the values, beyond serkit's own; empty for none.
        framework: The framework that ``compute`` loads, such as ``torch``; empty for none.
        per_clip_ms: Approximate cost of a 3.7 s clip on one core, for ``extract --estimate``.
        weigh: Function from parameters to the cost, if it depends on them or includes memory.
        complete: Adds parameters derived from others, such as the hash of a named file; may raise
            :class:`serkit.errors.SerkitError`.
        argument: The parameter that ``EXTRACTOR:VALUE`` sets, for features without a recipe; empty
            for none.

    Example:
        >>> from serkit.features import EXTRACTORS
        >>> mel = EXTRACTORS.get("mel")
        >>> mel.layout(mel.parameters()).axis
        'frames'
    """

    name: str
    version: int
    summary: str
    parameters: type[P]
    layout: Callable[[P], Layout]
    compute: Callable[[Signal, P], Values]
    announce: Callable[[Signal, P], None] = _announce_nothing
    describe: Callable[[P], tuple[Column, ...]] = field(default=lambda _p: ())
    check: Callable[[P], None] = _nothing
    doubts: Callable[[P], tuple[str, ...]] = field(default=lambda _p: ())
    require: Callable[[P], None] = _nothing
    longer: Callable[[P, int], P] | None = None
    licence: str = ""
    framework: str = ""
    per_clip_ms: float = 3.0
    weigh: Callable[[P], Cost] | None = None
    complete: Callable[[P], P] = _as_they_are
    argument: str = ""

    def cost(self, parameters: P) -> Cost:
        """Return the resources it needs."""
        return self.weigh(parameters) if self.weigh else Cost(self.per_clip_ms)


EXTRACTORS: Registry[Extractor[Any]] = Registry(
    "extractor", "serkit.extractors", "EXTRACTOR", hint="see 'serkit features'"
)
"""Every extractor, by name."""


def check_values(values: Values, layout: Layout) -> str | None:
    """Return what is wrong with an extractor's result, or None.

    Every result is checked before it is written: a wrong shape found at training time would waste
    the whole extraction.
    """
    array = values.array
    if array.dtype != np.dtype(layout.dtype):
        return f"its values are {array.dtype}, not {layout.dtype}"
    if isinstance(layout, TableLayout):
        expected: tuple[int, ...] = (len(layout.columns),)
        if array.shape != expected:
            return f"its values have shape {array.shape}, not {expected}"
    else:
        if array.shape[:-1] != layout.item:
            return f"its values have shape {array.shape}, not {(*layout.item, layout.axis)}"
        if not array.shape[-1]:
            return f"it has no {layout.axis}: the clip is too short"
        if layout.length is not None and values.lead + array.shape[-1] != layout.length:
            return f"it has {values.lead} + {array.shape[-1]} {layout.axis}, not {layout.length}"
    # A finite sum proves finite values at a fifth of the cost; an infinite one may be an overflow.
    if array.dtype.kind == "f" and not (np.isfinite(array.sum()) or np.isfinite(array).all()):
        return "its values are not all finite"
    return None
