"""The two RAVDESS sentences as sequences of phones.

A phone here is a stretch of steady targets: where the first three formants of an adult male
want to be, how strongly the voice sounds, and how much noise is made at which place. Stops are
two phones, a closure and a burst. The voice glides from one to the next.

The vowel formants are those of adult men in Peterson and Barney (1952), "Control methods used in
a study of the vowels"; the consonants' loci and noise bands follow the tables of Klatt (1980),
"Software for a cascade/parallel formant synthesizer", rounded.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phone:
    """One stretch of speech with steady targets.

    Attributes:
        symbol: Its ARPAbet name, for people; a stop's closure ends in ``cl``.
        seconds: How long it lasts in a neutral reading.
        formants: Targets of the first three formants of an adult man, in Hz.
        voicing: Amplitude of the voice, 0 to 1.
        breath: Amplitude of noise that passes the whole vocal tract, as after a ``t``, 0 to 1.
        noise: Amplitude of noise made at the constriction, 0 to 1.
        noise_hz: Centre of that noise's spectrum.
        accent: How much of the sentence's melody hangs on this phone, 0 to 1.
    """

    symbol: str
    seconds: float
    formants: tuple[float, float, float]
    voicing: float = 0.0
    breath: float = 0.0
    noise: float = 0.0
    noise_hz: float = 4000.0
    accent: float = 0.0

    @property
    def stretchable(self) -> bool:
        """Whether a slower reading makes it longer: vowels and sonorants, not closures."""
        return self.voicing >= 0.5


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence to be spoken.

    Attributes:
        text: Its words.
        phones: The phones in order.
    """

    text: str
    phones: tuple[Phone, ...]


def _are() -> tuple[Phone, ...]:
    return (
        Phone("AH", 0.055, (520, 1300, 2300), voicing=0.75),
        Phone("R", 0.065, (430, 1250, 1650), voicing=0.7),
    )


def _ing() -> tuple[Phone, ...]:
    return (
        Phone("IH", 0.080, (390, 1990, 2550), voicing=0.8),
        Phone("NG", 0.075, (280, 1900, 2600), voicing=0.5),
    )


def _by_the_door() -> tuple[Phone, ...]:
    return (
        Phone("Bcl", 0.050, (230, 900, 2250), voicing=0.12),
        Phone("B", 0.010, (250, 950, 2250), voicing=0.2, noise=0.15, noise_hz=900.0),
        Phone("AA", 0.100, (730, 1090, 2440), voicing=1.0, accent=0.35),
        Phone("IY", 0.075, (380, 2000, 2550), voicing=0.85),
        Phone("DH", 0.040, (290, 1350, 2550), voicing=0.35, noise=0.04, noise_hz=6000.0),
        Phone("AH", 0.060, (510, 1450, 2450), voicing=0.75),
        Phone("Dcl", 0.050, (230, 1700, 2600), voicing=0.12),
        Phone("D", 0.015, (260, 1700, 2600), voicing=0.2, noise=0.30, noise_hz=3800.0),
        Phone("AO", 0.200, (570, 840, 2410), voicing=1.0, accent=0.8),
        Phone("R", 0.140, (450, 1150, 1650), voicing=0.6),
    )


KIDS = Sentence(
    "Kids are talking by the door",
    (
        Phone("K", 0.020, (320, 2000, 2500), noise=0.40, noise_hz=2400.0),
        Phone("KH", 0.040, (350, 2000, 2500), breath=0.50),
        Phone("IH", 0.110, (390, 1990, 2550), voicing=1.0, accent=1.0),
        Phone("Dcl", 0.040, (240, 1750, 2600), voicing=0.15),
        Phone("Z", 0.080, (270, 1600, 2550), voicing=0.25, noise=0.25, noise_hz=6600.0),
        *_are(),
        Phone("Tcl", 0.060, (280, 1700, 2600)),
        Phone("T", 0.015, (300, 1700, 2600), noise=0.50, noise_hz=4600.0),
        Phone("TH", 0.045, (400, 1300, 2500), breath=0.50),
        Phone("AO", 0.150, (570, 840, 2410), voicing=1.0, accent=0.9),
        Phone("Kcl", 0.055, (300, 1500, 2300)),
        Phone("K", 0.020, (320, 1900, 2400), breath=0.20, noise=0.30, noise_hz=2000.0),
        *_ing(),
        *_by_the_door(),
    ),
)

DOGS = Sentence(
    "Dogs are sitting by the door",
    (
        Phone("D", 0.015, (260, 1700, 2600), voicing=0.2, noise=0.35, noise_hz=3800.0),
        Phone("AO", 0.150, (590, 880, 2420), voicing=1.0, accent=1.0),
        Phone("Gcl", 0.045, (240, 1500, 2200), voicing=0.15),
        Phone("G", 0.010, (260, 1600, 2250), voicing=0.2, noise=0.20, noise_hz=2000.0),
        Phone("Z", 0.080, (270, 1600, 2550), voicing=0.25, noise=0.25, noise_hz=6600.0),
        *_are(),
        Phone("S", 0.110, (320, 1650, 2600), noise=0.45, noise_hz=7200.0),
        Phone("IH", 0.090, (390, 1990, 2550), voicing=1.0, accent=0.9),
        Phone("DX", 0.025, (280, 1750, 2600), voicing=0.25, noise=0.10, noise_hz=4000.0),
        *_ing(),
        *_by_the_door(),
    ),
)

SENTENCES: dict[int, Sentence] = {1: KIDS, 2: DOGS}
"""The sentences by their number in a RAVDESS file name."""
