"""Copies of training clips in other voices: more speakers to learn from than were recorded.

A copy is a clip's feature under a recipe that changes the voice first. It has its clip's label and
actor, and goes wherever its clip goes: inner folds hold a clip and its copies on one side, and no
clip that is chosen or tested on has any.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serkit.parameters import Parameters, names_in, parameter

OTHER_VOICES = "speed090,speed110"
"""A tenth slower and lower, and a tenth faster and higher."""

SAME_VOICE = "tempo090,tempo110,pitch093,pitch107"
"""A tenth slower and faster, and 7 % lower and higher, by the same speaker: what a clip might have
been if it had been spoken once more. The formants, which tell who speaks, stay where they are."""

CHANNEL_COPIES = "white10,telephone,murmur10"
"""Recording conditions that the presets ``robust`` of nets on frames fit on. The stress test's pink
noise, babble of people, rooms and codecs are left to be tested with."""

TEMPO_COPIES = f"{OTHER_VOICES},{CHANNEL_COPIES}"
"""The same and two tempos, for nets that do not change the tempo themselves."""

SCENE_COPIES = "scene1,scene2,scene3,scene4,murmur10"
"""Four drawn scenes (see :mod:`serkit.dsp.scenes`) and a murmur, for models on functionals. Pink
noise, babble of people, codecs and the telephone's very band are left to be tested with."""

ROBUST_FEATURES = "functionals-centred,robust-centred"
"""What models on functionals read for presets ``robust``: both kinds, without a constant."""


@dataclass(frozen=True)
class CopiesParameters(Parameters):
    """The voices that training clips are copied in.

    Example:
        >>> CopiesParameters(copies="speed090, speed110").voices
        ('speed090', 'speed110')
    """

    copies: str = parameter(
        "",
        "voices of training clips to fit on as well, such as 'speed090,speed110'; each feature "
        "is read as FEATURE-VOICE, too",
    )

    @property
    def voices(self) -> tuple[str, ...]:
        """Their names."""
        return names_in(self.copies)


def with_copies(positions: npt.NDArray[np.intp], clips: int, rows: int) -> npt.NDArray[np.intp]:
    """Return the rows of some clips and of all their copies.

    Args:
        positions: The clips, numbered from 0.
        clips: How many clips there are.
        rows: How many rows there are: all clips as recorded, then all in one voice after another.

    Example:
        >>> with_copies(np.array([0, 2]), clips=3, rows=9).tolist()
        [0, 2, 3, 5, 6, 8]
    """
    return np.concatenate([positions + start for start in range(0, rows, clips)])
