"""What a net reads of a clip: frames of mel bands or of tracks, and rows of tables.

A table feature is read as one frame whose bands are its columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt

from serkit.errors import UsageError
from serkit.features import ArrayLayout, Layout, TableLayout
from serkit.models.clips import ClipData
from serkit.models.keras.beside import columns_of
from serkit.models.keras.parameters import SpectrumParameters
from serkit.parameters import names_in
from serkit.store.options import Scale

Frames = npt.NDArray[np.float32]
"""One clip's values, shape ``(frames, bands)``."""


class Described(Protocol):
    """Anything with feature layouts: clips, or a store."""

    def layout(self, feature: str) -> Layout:
        """Return how a feature's values are arranged."""


@dataclass(frozen=True)
class Source:
    """The input of a net.

    Attributes:
        feature: A mel feature, or with padding ``none`` one or more tables, separated by commas.
        scale: ``power`` or ``db``.
        padding: ``front``: padded in front to the recipe's length, as the study had it;
            ``short``: in front, to the longest clip of a batch; ``masked``: the same, with padding
            masked; ``crop``: true length, and behind it nothing but what a batch
            needs; ``none``: a table's row as one frame.
        bands: Mel bands, or columns.
        length: Most frames of a padded clip; None where clips have their true length.
        beside: Tables that are read beside, separated by commas.
        columns: How many columns these have.
    """

    feature: str
    scale: Scale
    padding: str
    bands: int
    length: int | None
    beside: str = ""
    columns: int = 0

    @classmethod
    def of(cls, parameters: SpectrumParameters, data: Described) -> Source:
        """Return the input that parameters select.

        Raises:
            UsageError: The feature is not a spectrogram (no table), or has no length to pad to; or
                what is read beside it is no table.
        """
        source = cls._of_frames(parameters, data)
        columns = columns_of(parameters.table_names, data)
        return replace(source, beside=parameters.beside, columns=columns)

    @classmethod
    def _of_frames(cls, parameters: SpectrumParameters, data: Described) -> Source:
        feature, padding = parameters.features, parameters.padding
        if padding == "none":
            return cls._of_tables(feature, data)
        one = len(names_in(feature)) == 1
        layout = data.layout(feature) if one else None
        if not isinstance(layout, ArrayLayout) or len(layout.item) != 1:
            raise UsageError(
                f"features = {feature!r} is not a spectrogram",
                allowed="one feature with frames of bands, such as 'mel128', is allowed",
            )
        if padding != "crop" and layout.length is None:
            raise UsageError(
                f"{feature} has no length to pad to", hint="use padding=crop, or set its pad_to"
            )
        length = None if padding == "crop" else layout.length
        return cls(feature, cast(Scale, parameters.scale), padding, layout.item[0], length)

    @classmethod
    def _of_tables(cls, features: str, data: Described) -> Source:
        columns, names = 0, names_in(features)
        if not names:
            raise UsageError(
                f"features = {features!r} names no feature", hint="see 'serkit features'"
            )
        for feature in names:
            layout = data.layout(feature)
            if not isinstance(layout, TableLayout):
                raise UsageError(
                    f"features = {feature!r} is not a table, but padding = 'none' reads one",
                    allowed="a table such as 'functionals' is allowed",
                    hint="use padding=crop for a spectrogram",
                )
            columns += len(layout.columns)
        return cls(features, "power", "none", columns, 1)

    @property
    def features(self) -> tuple[str, ...]:
        """The features that are read; a spectrogram is one."""
        return names_in(self.feature)

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that are read beside the frames."""
        return names_in(self.beside)

    @property
    def fixed(self) -> bool:
        """Whether all clips have one length."""
        return self.padding in ("front", "none")

    def read(self, data: ClipData, positions: Sequence[int], voice: str = "") -> list[Frames]:
        """Read clips, by position, in their true length, as recorded or in another voice."""
        if self.padding == "none":
            tables = [data.read(each, positions, voice=voice).X for each in self.features]
            return list(np.concatenate(tables, axis=1).astype(np.float32)[:, np.newaxis])
        read = data.read(self.feature, positions, voice=voice, padded=False, scale=self.scale).X
        return [np.ascontiguousarray(each.T, np.float32) for each in read]
