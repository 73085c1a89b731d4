"""Effects of emotion, intensity and actor on the voice.

Each emotion is a point in a space of twelve dimensions (:class:`Expression`), and each clip varies
around it: actors have habits and their own version of each emotion, and takes differ. These three
sources of variance keep the corpus from being easy.

Length of the speech, level and pitch of each emotion and intensity are near the means of 400 real
RAVDESS clips. The other dimensions are not measured: their directions are those usually reported
of emotional voices (Scherer, 2003, "Vocal communication of emotion: a review of research
paradigms"), their sizes were chosen so that the emotions can be told apart, but not always.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from serkit.clips import SAMPLE_RATE
from serkit.synthesis.voice import BLOCK, Delivery

VIDEO_FRAME = 1601.6
"""Samples in one frame of the video that RAVDESS was cut along: its clips are multiples of it."""

SHORTEST, LONGEST = 88, 158
"""Video frames in the shortest and the longest clip of RAVDESS: 140,941 and 253,053 samples."""


class Expression(NamedTuple):
    """A place in the space of expressions, relative to the actor's neutral voice.

    Attributes:
        pitch: Semitones above the actor's own pitch.
        span: Range of the melody, in semitones.
        final: Rise of the pitch at the end, in semitones.
        length: Natural logarithm of the length of the speech relative to 1.73 s.
        level: Root mean square of the speech, in dB relative to full scale.
        tilt: Octaves by which the source's spectrum reaches higher.
        press: Change of the open quotient; negative is a pressed voice, positive a lax one.
        breath: Amplitude of breath noise.
        jitter: Octaves by which jitter and shimmer are larger.
        tremor: Depth of the shake, in semitones.
        spread: Relative rise of all formants, as smiling causes.
        openness: Relative rise of the first formant, as a wide jaw causes.
    """

    pitch: float
    span: float
    final: float
    length: float
    level: float
    tilt: float
    press: float
    breath: float
    jitter: float
    tremor: float
    spread: float
    openness: float


# fmt: off
_EXPRESSIONS: dict[tuple[int, int], Expression] = {
    #                  pitch  span final length level tilt press breath jitter tremor spread open
    (1, 1): Expression(0.0,   3.0, -1.5, 0.00, -43.0, 0.0, 0.00, 0.10, 0.0, 0.05,  0.00, 0.00),
    (2, 1): Expression(-0.2,  3.0, -1.0, 0.26, -45.5, -.5, 0.06, 0.18, -.3, 0.05,  0.01, -.03),
    (2, 2): Expression(-0.4,  2.6, -0.5, 0.34, -47.5, -.7, 0.08, 0.21, -.4, 0.06,  0.01, -.03),
    (3, 1): Expression(3.6,   6.0,  0.0, -.04, -37.4, 0.4, 0.00, 0.09, 0.1, 0.08,  0.06, 0.03),
    (3, 2): Expression(10.0,  8.5,  0.5, 0.09, -27.6, 0.8, -.03, 0.08, 0.2, 0.10,  0.07, 0.10),
    (4, 1): Expression(-0.4,  2.2, -2.5, 0.24, -47.0, -.4, 0.04, 0.38, 0.5, 0.30,  -.02, -.03),
    (4, 2): Expression(6.0,   3.4, -3.5, 0.25, -38.0, 0.0, 0.02, 0.45, 0.9, 0.60,  -.02, 0.02),
    (5, 1): Expression(3.0,   4.5, -3.0, 0.07, -33.8, 0.9, -.07, 0.05, 0.5, 0.05,  -.02, 0.08),
    (5, 2): Expression(12.0,  6.5, -3.5, 0.16, -19.2, 1.5, -.12, 0.04, 0.9, 0.08,  -.01, 0.20),
    (6, 1): Expression(4.5,   2.6,  0.0, 0.03, -38.4, 0.3, 0.02, 0.24, 0.7, 0.50,  0.02, 0.00),
    (6, 2): Expression(11.0,  3.6,  0.5, 0.05, -24.7, 0.8, -.02, 0.26, 1.1, 0.80,  0.02, 0.08),
    (7, 1): Expression(1.0,   4.5, -3.0, 0.19, -42.0, 0.1, -.08, 0.12, 1.0, 0.10,  -.05, 0.06),
    (7, 2): Expression(5.0,   5.5, -4.0, 0.33, -36.2, 0.4, -.10, 0.14, 1.5, 0.12,  -.06, 0.12),
    (8, 1): Expression(4.5,   6.5,  3.5, -.14, -37.0, 0.1, 0.04, 0.16, 0.0, 0.05,  0.01, 0.08),
    (8, 2): Expression(8.5,   8.5,  5.0, 0.01, -33.3, 0.2, 0.05, 0.20, 0.1, 0.06,  0.01, 0.14),
}
# What an actor does alike in everything; how an actor understands one emotion; and what differs
# from one take to the next: standard deviations.
_HABIT = Expression(        0.0,  0.6,  0.6, 0.06,  1.6,  .15, 0.02, 0.02, 0.3, 0.06,  0.00, 0.02)
_STYLE = Expression(        0.9,  0.8,  0.8, 0.06,  1.4,  .15, 0.02, 0.03, 0.3, 0.10,  .015, 0.02)
_TAKE = Expression(         0.7,  0.8,  0.9, 0.05,  1.2,  .12, 0.02, 0.03, 0.3, 0.10,  .015, 0.02)
# fmt: on

_FOR_TAKE, _FOR_TIMING, _FOR_SOUNDS = 1, 2, 3


@dataclass(frozen=True, slots=True)
class ClipKey:
    """The numbers in a RAVDESS file name that identify the clip; all start at 1."""

    actor: int
    emotion: int
    intensity: int
    statement: int
    repetition: int

    @property
    def clip_id(self) -> str:
        """The RAVDESS name: audio only, speech."""
        fields = (3, 1, self.emotion, self.intensity, self.statement, self.repetition, self.actor)
        return "-".join(f"{field:02d}" for field in fields)


@dataclass(frozen=True, slots=True)
class Actor:
    """A voice before it expresses anything.

    Attributes:
        pitch_hz: Fundamental frequency of the neutral voice.
        tract: Formant frequencies relative to an adult man's.
        expressiveness: How far this actor goes from neutral, 1 on average.
        habit: The actor's constant habits.
    """

    pitch_hz: float
    tract: float
    expressiveness: float
    habit: Expression


def stream(seed: int, *numbers: int) -> np.random.Generator:
    """Return the random numbers that belong to one thing and to nothing else.

    Args:
        seed: The corpus's seed, 0 to 2**32 - 1.
        numbers: Up to six numbers from 1 on: the actor; then the emotion; then the rest of a
            clip's key and what the numbers are for.
    """
    # Zeros are no actor's and no emotion's number, so the key of an actor is no key of a clip.
    key = (*numbers, 0, 0, 0, 0, 0, 0)[:6]
    return np.random.default_rng(np.random.SeedSequence([seed, *key]))


def actor(seed: int, number: int) -> Actor:
    """Return one of the 24 actors: the odd are men, the even women."""
    rng = stream(seed, number)
    male = number % 2 == 1
    pitch = 118.0 if male else 212.0
    # Bounded, so that no man of any seed speaks as high as a woman.
    semitones = float(rng.uniform(-3.2, 3.2))
    tract = (1.0 if male else 1.16) * (1 + 0.03 * float(np.clip(rng.standard_normal(), -2, 2)))
    return Actor(
        pitch_hz=pitch * 2 ** (semitones / 12),
        tract=tract,
        expressiveness=float(np.clip(1 + 0.15 * rng.standard_normal(), 0.7, 1.3)),
        habit=_scatter(_HABIT, rng),
    )


def expression(key: ClipKey, seed: int) -> Expression:
    """Return one clip's expression: the emotion's point, varied by actor, style and take."""
    speaker = actor(seed, key.actor)
    neutral = np.array(_EXPRESSIONS[1, 1])
    away = np.array(_EXPRESSIONS[key.emotion, key.intensity]) - neutral
    place = neutral + speaker.expressiveness * away + np.array(speaker.habit)
    place += np.array(_scatter(_STYLE, stream(seed, key.actor, key.emotion)))
    place += np.array(_scatter(_TAKE, _clip_stream(key, seed, _FOR_TAKE)))
    return Expression(*place.tolist())


def delivery(key: ClipKey, seed: int) -> Delivery:
    """Return how one clip is spoken.

    Args:
        key: Which clip.
        seed: The corpus's seed.
    """
    e = expression(key, seed)
    speaker = actor(seed, key.actor)
    rng = _clip_stream(key, seed, _FOR_TIMING)
    frames, lead, seconds = _timing(1.73 * float(np.exp(e.length)), rng)
    return Delivery(
        frames=frames,
        lead_frames=lead,
        speech_seconds=seconds,
        pitch_hz=speaker.pitch_hz * 2 ** (e.pitch / 12),
        span_semitones=max(e.span, 0.5),
        final_semitones=e.final,
        tract=speaker.tract * (1 + e.spread),
        openness=float(np.clip(1 + e.openness, 0.85, 1.5)),
        level_dbfs=min(e.level, -12.0),
        tilt_hz=float(np.clip(3500.0 * 2**e.tilt, 1200.0, 14000.0)),
        open_quotient=float(np.clip(0.6 + e.press, 0.38, 0.8)),
        breath=max(e.breath, 0.02),
        jitter=0.006 * 2 ** float(np.clip(e.jitter, -1.5, 2.5)),
        shimmer=0.04 * 2 ** float(np.clip(e.jitter, -1.5, 2.0)),
        tremor=max(e.tremor, 0.0),
        tremor_hz=float(rng.uniform(5.0, 7.5)),
        floor=float(rng.uniform(0.1, 0.7)),
    )


def _timing(seconds: float, rng: np.random.Generator) -> tuple[int, int, float]:
    """Put silence around the speech: clip length and lead in samples, speech in seconds."""
    seconds = float(np.clip(seconds, 1.1, 3.8))
    # The longer the sentence takes, the closer the real clips are cut.
    longer = seconds - 1.75
    lead = float(np.clip(0.93 - 0.15 * longer + 0.12 * rng.standard_normal(), 0.4, 1.1))
    tail = float(np.clip(0.86 - 0.15 * longer + 0.15 * rng.standard_normal(), 0.3, 1.3))
    count = round((lead + seconds + tail) * SAMPLE_RATE / VIDEO_FRAME)
    frames = round(min(max(count, SHORTEST), LONGEST) * VIDEO_FRAME)
    # at the maximum length, the leading silence is shortened
    first = min(int(lead * SAMPLE_RATE), frames - int(seconds * SAMPLE_RATE) - 10 * BLOCK)
    return frames, first, seconds


def sounds(key: ClipKey, seed: int) -> np.random.Generator:
    """Return the random numbers that one clip's samples are made with."""
    return _clip_stream(key, seed, _FOR_SOUNDS)


def _clip_stream(key: ClipKey, seed: int, purpose: int) -> np.random.Generator:
    return stream(
        seed, key.actor, key.emotion, key.intensity, key.statement, key.repetition, purpose
    )


def _scatter(spread: Expression, rng: np.random.Generator) -> Expression:
    # Two and a half deviations at most: an outlier is an odd reading, not another voice.
    noise: npt.NDArray[np.float64] = np.clip(rng.standard_normal(len(spread)), -2.5, 2.5)
    return Expression(*(np.array(spread) * noise).tolist())
