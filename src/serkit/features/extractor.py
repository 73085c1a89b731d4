"""What an extractor is: a pure function of a signal, its parameters, and the shape it returns.

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
    """What an extractor returns for one clip.

    Attributes:
        array: The live part; the last axis is time where the layout says so.
        lead: Zeros that a padded view has before it on the last axis.

    Example:
        >>> Values(np.zeros((128, 300), np.float32), lead=195).array.shape
        (128, 300)
    """

    array: npt.NDArray[Any]
    lead: int = 0


@dataclass(frozen=True, slots=True)
class ArrayLayout:
    """An array a clip, ragged in its last axis; kept in HDF5.

    Attributes:
        dtype: NumPy name of the element type.
        item: Shape before the ragged axis: ``(256,)`` for 256 mel bands, ``()`` for a signal.
        length: Length of the last axis when padded; None where nothing is padded to.
        axis: What the last axis counts: ``"samples"`` or ``"frames"``.
        is_power: Whether the values are powers that can be read in decibels.

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
    """A row of named numbers a clip; kept in Parquet.

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
    """What an extractor takes of a machine.

    Attributes:
        per_clip_ms: Rough time on one core of a 3.7 s clip.
        worker_bytes: Memory that each worker takes beside its clips.
        most_workers: More worker processes would only be in each other's way; None for any number.

    Example:
        >>> Cost(per_clip_ms=3.0).worker_bytes
        0
    """

    per_clip_ms: float
    worker_bytes: int = 0
    most_workers: int | None = None


def _nothing(_parameters: object) -> None:
    """Find nothing wrong and nothing missing."""


def _announce_nothing(_signal: Signal, _parameters: object) -> None:
    """Share nothing with other features."""


def _as_they_are(parameters: P) -> P:
    """Add nothing."""
    return parameters


@dataclass(frozen=True)
class Extractor(Generic[P]):
    """One family of features.

    Attributes:
        name: The module's name.
        version: To be raised by hand whenever the numbers change.
        summary: One line.
        parameters: What a recipe may set: a frozen dataclass, see
            :class:`serkit.parameters.Parameters`.
        layout: From parameters to the shape of the result; cheap.
        compute: From a signal and parameters to one clip's values; pure and deterministic. May
            raise :class:`serkit.errors.FeatureError`.
        announce: Called with the signal and the parameters before anything is computed from it, so
            that what several features share can be computed at once; see
            :meth:`serkit.dsp.signal.Signal.announce_mel`.
        describe: From parameters to the columns of a table feature, documented. An array feature
            of shape ``(rows, frames)`` may name its rows.
        check: Raises :class:`serkit.errors.UsageError` where parameters do not go together.
        doubts: From parameters to what a user should know about them though they are allowed, one
            sentence each.
        require: Raises :class:`serkit.errors.MissingDependencyError` where an optional package
            is missing; asked before any clip is touched.
        longer: From parameters and a number of samples at 48 kHz to parameters that such a clip
            fits, too, and with which the live values of every other clip stay bit for bit what
            they were. Only models that read clips in their true length are given such values. None
            where the values depend on the padding.
        licence: Terms that bind whoever uses the numbers, beyond serkit's own; empty for none.
        framework: The framework that computing loads, such as ``torch``; empty for none.
        per_clip_ms: Rough cost on one core, for ``extract --estimate``, of a 3.7 s clip.
        weigh: From parameters to the cost, where it depends on them or is more than time.
        complete: Fills in parameters that follow from others and from what these name, such as
            the identity of a file; may raise :class:`serkit.errors.SerkitError`.
        argument: The parameter that ``EXTRACTOR:VALUE`` sets, for features that need no recipe;
            empty where there is none.

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
        """Return what it takes of a machine."""
        return self.weigh(parameters) if self.weigh else Cost(self.per_clip_ms)


EXTRACTORS: Registry[Extractor[Any]] = Registry(
    "extractor", "serkit.extractors", "EXTRACTOR", hint="see 'serkit features'"
)
"""Every extractor, by name."""


def check_values(values: Values, layout: Layout) -> str | None:
    """Return what is wrong with an extractor's result, or None.

    Every result is checked before it is written: a wrong shape found at training time would cost
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
