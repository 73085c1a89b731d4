"""The colours of every figure and page: few, and safe for colour-blind readers.

Classes get Okabe and Ito's eight (2008), the yellow a little darker so that it shows on paper, and
each has a marker of its own, so that colour is never the only difference.
"""

from __future__ import annotations

_CLASSES = (
    ("#6E6E6E", "o"),
    ("#56B4E9", "s"),
    ("#E69F00", "^"),
    ("#0072B2", "v"),
    ("#D55E00", "D"),
    ("#CC79A7", "P"),
    ("#009E73", "X"),
    ("#C9B400", "*"),
)

GRID = "#E4E4E4"
"""Lines that guide the eye."""

SHADE = "#DDE7F0"
"""Background colour for bands and secondary bars."""


def class_colour(place: int) -> str:
    """Return the colour of the class at a place in its label set; the ninth has the first's."""
    return _CLASSES[place % len(_CLASSES)][0]


def class_marker(place: int) -> str:
    """Return the matplotlib marker of a class; the ninth has the second's, unlike its colour."""
    return _CLASSES[(place + place // len(_CLASSES)) % len(_CLASSES)][1]
