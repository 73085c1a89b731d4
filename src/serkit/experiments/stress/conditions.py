"""Perturbations of test clips: conditions by name, in groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from serkit.dsp.channel import CODECS
from serkit.errors import unknown_name
from serkit.parameters import Scalar

CLEAN = "clean"
"""The condition in which nothing is done; every change is measured from it."""

SNRS = (30, 20, 10, 0)
"""How far noise lies below a clip, in dB."""

GAINS = (-24, -12, -6, 6, 12)
"""Changes of level in dB."""

SILENCE_SECONDS = 1.0

_COLOURS, _BABBLE, _NOISE = ("white", "pink"), "babble", "noise"
"""Groups of conditions; the last holds those of the others."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that is done to every test clip.

    Attributes:
        name: Short and unique; part of the name of cached features.
        group: What kind of thing it is, such as ``white``.
        title: What tables say.
        voice: The change, as a recipe's table ``voice`` names it.
        babble: Whether its background is babble of other speakers.

    Example:
        >>> [condition.groups for condition in chosen(["pink-10", "16khz"])]
        [('pink', 'noise'), ('band',)]
    """

    name: str
    group: str
    title: str
    voice: Mapping[str, Scalar] = field(default_factory=dict)
    babble: bool = False

    @property
    def groups(self) -> tuple[str, ...]:
        """Its groups, the narrowest first."""
        return (self.group, _NOISE) if self.group in (*_COLOURS, _BABBLE) else (self.group,)


def _conditions() -> Iterator[Condition]:
    for gain in GAINS:
        name = f"quieter-{-gain}" if gain < 0 else f"louder-{gain}"
        yield Condition(name, "level", f"level {gain:+d} dB", {"gain": float(gain)})
    for colour in _COLOURS:
        for snr in SNRS:
            title = f"{colour} noise, {snr} dB"
            yield Condition(f"{colour}-{snr}", colour, title, {colour: float(snr)})
    for snr in SNRS:
        voice: dict[str, Scalar] = {"background": float(snr)}
        yield Condition(f"babble-{snr}", _BABBLE, f"babble, {snr} dB", voice, babble=True)
    yield Condition("16khz", "band", "16 kHz", {"rate": 16_000})
    telephone: dict[str, Scalar] = {"low_cut": 300.0, "high_cut": 3_400.0}
    yield Condition("telephone", "band", "telephone band, 300 to 3,400 Hz", telephone)
    yield Condition("mu-law", "codec", "mu-law, 8 bits", {"mu_law": True})
    for name, codec in CODECS.items():
        yield Condition(name, "codec", codec.title, {"codec": name})
    light: dict[str, Scalar] = {"room": 0.3, "room_ratio": 6.0}
    heavy: dict[str, Scalar] = {"room": 0.9, "room_ratio": -3.0}
    yield Condition("room-light", "room", "light room, 0.3 s, direct +6 dB", light)
    yield Condition("room-heavy", "room", "heavy room, 0.9 s, direct -3 dB", heavy)
    for below in (6, 12):
        title = f"clipped {below} dB below the peak"
        yield Condition(f"clipping-{below}", "clipping", title, {"overload": float(below)})
    yield Condition("offset", "offset", "offset of 2 % of full scale", {"offset": 0.02})
    yield Condition("silence-before", "silence", "1 s of silence before", {"before": 1.0})
    yield Condition("silence-behind", "silence", "1 s of silence behind", {"after": 1.0})
    for what in ("tempo", "pitch"):
        for factor in (0.9, 1.1):
            title = f"{what} {100 * (factor - 1):+.0f} %"
            yield Condition(f"{what}-{100 * factor:.0f}", what, title, {what: factor})


CONDITIONS = tuple(_conditions())
"""All of them, in the order of tables."""

GROUPS = tuple(dict.fromkeys(group for each in CONDITIONS for group in each.groups))


def chosen(only: Iterable[str] = ()) -> tuple[Condition, ...]:
    """Return the conditions of some names and groups, in the order of tables.

    Args:
        only: Names of conditions and of groups; none takes all.

    Raises:
        UnknownNameError: There is neither a condition nor a group of that name.

    Example:
        >>> [condition.name for condition in chosen(["band"])]
        ['16khz', 'telephone']
    """
    wanted = {name for part in only for name in part.split(",") if name}
    known = {condition.name for condition in CONDITIONS} | set(GROUPS)
    for name in sorted(wanted - known):
        raise unknown_name("stress condition", name, known, hint=f"groups are: {', '.join(GROUPS)}")
    return tuple(
        condition
        for condition in CONDITIONS
        if not wanted or not wanted.isdisjoint((condition.name, *condition.groups))
    )
