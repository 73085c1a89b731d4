"""A source-filter voice: numbers in, int16 samples out, no files and no global state.

Glottal pulses (the flow derivative of Klatt and Klatt, 1990) and breath noise pass a cascade of
resonances, the formants; noise made at a constriction passes one of its own. What changes over
the sentence is held on a grid of 5 ms; three formants move from block to block, the higher ones
stand still.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serkit.clips import SAMPLE_RATE
from serkit.synthesis.resonance import Array, moving, sections
from serkit.synthesis.sentences import Sentence

BLOCK = 240
"""Samples in one step of the control grid: 5 ms."""

_BANDWIDTHS = (100.0, 100.0, 120.0)
# About one resonance a kilohertz, as a tube has. Each lifts what lies below it: without those
# beyond 8 kHz the voice would be dull from 4 kHz on.
_HIGH_FORMANTS = (3500, 4500, 5600, 6700, 7800, 8900, 10_000, 11_200, 12_400, 13_600, 14_800)
_HIGH_BANDWIDTHS = (160, 220, 300, 400, 500, 600, 700, 800, 900, 1000, 1100)
_HEADROOM = 0.98


@dataclass(frozen=True, slots=True)
class Delivery:
    """How one sentence is spoken, and by what throat.

    Attributes:
        frames: Length of the whole clip in samples.
        lead_frames: Samples before the speech begins.
        speech_seconds: Length of the speech.
        pitch_hz: Geometric mean of the fundamental frequency.
        span_semitones: How far the melody moves.
        final_semitones: How far the pitch rises (or falls) over the last quarter.
        tract: Formant frequencies relative to an adult man's; a shorter tract has more.
        openness: First formant relative to that; a wider jaw has more.
        level_dbfs: Root mean square of the speech, in dB relative to full scale.
        tilt_hz: Where the source's spectrum begins to fall by another 6 dB an octave.
        open_quotient: Share of a glottal period in which the glottis is open, 0 to 1.
        breath: Amplitude of breath noise relative to the voice.
        jitter: Standard deviation of the relative change of pitch from one block to the next.
        shimmer: The same for the amplitude.
        tremor: Depth of a slow shake of the pitch, in semitones.
        tremor_hz: Its rate.
        floor: Standard deviation of the recording's noise floor, in int16 steps.
    """

    frames: int
    lead_frames: int
    speech_seconds: float
    pitch_hz: float
    span_semitones: float
    final_semitones: float
    tract: float
    openness: float
    level_dbfs: float
    tilt_hz: float
    open_quotient: float
    breath: float
    jitter: float
    shimmer: float
    tremor: float
    tremor_hz: float
    floor: float


@dataclass(frozen=True, slots=True)
class _Tracks:
    """Time-varying parameters, one row per 5 ms block.

    ``spans`` has the first and last block of each phone, shape ``(phones, 2)``.
    """

    spans: npt.NDArray[np.int64]
    formants: Array
    voicing: Array
    breath: Array
    semitones: Array


def speak(
    sentence: Sentence, delivery: Delivery, rng: np.random.Generator
) -> npt.NDArray[np.int16]:
    """Speak a sentence.

    Args:
        sentence: The sentence.
        delivery: The prosody.
        rng: Source of everything random; the same state gives the same samples.

    Returns:
        ``delivery.frames`` samples at 48 kHz, never clipped.
    """
    tracks = _tracks(sentence, delivery, rng)
    voiced = _tract(_source(tracks, delivery, rng), tracks, delivery)
    voiced /= np.sqrt(np.mean(np.square(voiced))) + 1e-12
    speech = voiced + _friction(sentence, tracks, delivery, rng)
    return _record(speech, delivery, rng)


def _tracks(sentence: Sentence, delivery: Delivery, rng: np.random.Generator) -> _Tracks:
    spans = _spans(sentence, delivery.speech_seconds, rng)
    lengths = spans[:, 1] - spans[:, 0]
    phones = sentence.phones
    formants = np.repeat(np.array([p.formants for p in phones], dtype=np.float64), lengths, axis=0)
    formants *= delivery.tract
    formants[:, 0] *= delivery.openness
    semitones = _melody(sentence, spans, delivery, rng)
    return _Tracks(
        spans=spans,
        # A tongue takes about 50 ms from one place to the next, lips and glottis half of it.
        formants=np.stack([_smooth(column, 11) for column in formants.T], axis=1),
        voicing=_smooth(np.repeat([p.voicing for p in phones], lengths), 5) * _loudness(semitones),
        breath=_smooth(np.repeat([p.breath for p in phones], lengths), 5),
        semitones=semitones,
    )


def _spans(sentence: Sentence, seconds: float, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Place the phones on the grid; sonorants absorb most of a slower tempo."""
    natural = np.array([p.seconds for p in sentence.phones])
    natural *= np.exp(0.08 * rng.standard_normal(len(natural)))
    stretch = seconds / natural.sum()
    weight = np.where([p.stretchable for p in sentence.phones], stretch, stretch**0.4)
    lengths = natural * weight
    lengths *= seconds / lengths.sum()
    edges = np.rint(np.cumsum(np.concatenate([[0.0], lengths])) * SAMPLE_RATE / BLOCK)
    return np.stack([edges[:-1], edges[1:]], axis=1).astype(np.int64)


def _melody(
    sentence: Sentence,
    spans: npt.NDArray[np.int64],
    delivery: Delivery,
    rng: np.random.Generator,
) -> Array:
    """Pitch around its mean, in semitones: a falling line, accents, the end, tremor, jitter."""
    blocks = int(spans[-1, 1])
    place = np.arange(blocks) / blocks
    line = delivery.span_semitones * (0.3 - 0.6 * place)
    for phone, (first, last) in zip(sentence.phones, spans, strict=True):
        if phone.accent:
            height = phone.accent * delivery.span_semitones * (0.6 + 0.2 * rng.standard_normal())
            distance = (np.arange(blocks) - (first + last) / 2) / (0.055 * blocks)
            line += height * np.exp(-0.5 * np.square(distance))
    line += delivery.final_semitones * np.square(np.clip((place - 0.75) / 0.25, 0.0, None))
    line -= line.mean()
    seconds = np.arange(blocks) * BLOCK / SAMPLE_RATE
    shake = np.sin(2 * np.pi * (delivery.tremor_hz * seconds + rng.random()))
    flutter = 12 / np.log(2) * delivery.jitter * rng.standard_normal(blocks)
    return np.asarray(line + delivery.tremor * shake + flutter)


def _loudness(semitones: Array) -> Array:
    """Amplitude of the voice over the sentence: high notes are louder, the last ones fade."""
    blocks = len(semitones)
    fade = np.minimum(1.0, (blocks - np.arange(blocks)) / (0.1 * blocks))
    return np.asarray(np.exp2(_smooth(semitones, 11) / 9) * np.square(fade))


def _source(tracks: _Tracks, delivery: Delivery, rng: np.random.Generator) -> Array:
    """Glottal pulses and the breath that goes with them, before the vocal tract."""
    from scipy.signal import lfilter

    blocks = len(tracks.voicing)
    pitch = np.clip(delivery.pitch_hz * np.exp2(tracks.semitones / 12), 55.0, 800.0)
    step = _to_samples(pitch) / SAMPLE_RATE
    phase = (np.cumsum(step) + rng.random()) % 1.0
    shimmer = np.clip(1 + delivery.shimmer * rng.standard_normal(blocks), 0.2, 1.8)
    voice = _to_samples(tracks.voicing * shimmer)
    pulses = _pulses(phase, step, delivery.open_quotient)
    decay = np.exp(-2 * np.pi * delivery.tilt_hz / SAMPLE_RATE)
    pulses = np.asarray(lfilter([1 - decay], [1, -decay], pulses))

    noise = rng.standard_normal(len(phase))
    # Breath flows while the glottis is open; without voice it flows all the time.
    gate = voice * np.where(phase < delivery.open_quotient, 1.0, 0.3)
    wind = delivery.breath * gate + 0.6 * _to_samples(tracks.breath)
    return np.asarray(voice * pulses + 0.25 * wind * noise)


def _pulses(phase: Array, step: Array, open_quotient: float) -> Array:
    """Derivative of the glottal flow by phase, its closing edge rounded against aliasing."""
    x = phase / open_quotient
    flow = np.where(x < 1, x * (2 - 3 * x), 0.0)
    # polyBLEP: the jump from -1 to 0 at the closure, spread over the two samples around it.
    distance = (phase - open_quotient) / step
    after = (distance >= 0) & (distance < 1)
    before = (distance < 0) & (distance > -1)
    flow[after] -= 0.5 * np.square(distance[after] - 1)
    flow[before] += 0.5 * np.square(distance[before] + 1)
    return np.asarray(flow)


def _tract(source: Array, tracks: _Tracks, delivery: Delivery) -> Array:
    """Pass the source through the formants: first the fixed ones, then the three that move."""
    from scipy.signal import sosfilt

    fixed = sections(delivery.tract * np.array(_HIGH_FORMANTS), _HIGH_BANDWIDTHS)
    blocks = np.asarray(sosfilt(fixed, source)).reshape(-1, BLOCK)
    for formant, bandwidth in zip(tracks.formants.T, _BANDWIDTHS, strict=True):
        blocks = moving(blocks, sections(formant, bandwidth * delivery.tract))
    return blocks.reshape(-1)


def _friction(
    sentence: Sentence, tracks: _Tracks, delivery: Delivery, rng: np.random.Generator
) -> Array:
    """Noise of bursts and fricatives, on the scale of a voice with a root mean square of one."""
    from scipy.signal import sosfilt

    out = np.zeros(len(tracks.voicing) * BLOCK)
    # A tilted (soft) source goes with a soft stream of air.
    strength = (delivery.tilt_hz / 4000.0) ** 0.3
    for phone, (first, last) in zip(sentence.phones, tracks.spans * BLOCK, strict=True):
        if not phone.noise or last <= first:
            continue
        centre = phone.noise_hz * delivery.tract**0.5
        band = sections([0.9 * centre, 1.2 * centre], [0.25 * centre, 0.35 * centre])
        # Zeros at 0 Hz: little of the noise is below its resonances.
        band[:, 1] = -band[:, 0]
        noise = np.asarray(sosfilt(band, rng.standard_normal(int(last - first))))
        noise *= np.hanning(len(noise) + 2)[1:-1] ** 0.5 / (np.std(noise) + 1e-12)
        out[first:last] += strength * phone.noise * noise
    return out


def _record(speech: Array, delivery: Delivery, rng: np.random.Generator) -> npt.NDArray[np.int16]:
    """Bring the speech to its level, put it between silences and round to int16."""
    full_scale = 32767.0
    gain = full_scale * 10 ** (delivery.level_dbfs / 20) / np.sqrt(np.mean(np.square(speech)))
    gain = min(gain, _HEADROOM * full_scale / np.abs(speech).max())
    clip = delivery.floor * rng.standard_normal(delivery.frames, dtype=np.float32).astype(
        np.float64
    )
    first = delivery.lead_frames
    clip[first : first + len(speech)] += gain * speech
    return np.clip(np.rint(clip), -full_scale, full_scale).astype(np.int16)


def _smooth(track: npt.ArrayLike, blocks: int) -> Array:
    """Glide from target to target by a raised-cosine window of an odd number of blocks."""
    window = np.hanning(blocks + 2)[1:-1]
    padded = np.pad(np.asarray(track, dtype=np.float64), blocks // 2, mode="edge")
    return np.convolve(padded, window / window.sum(), mode="valid")


def _to_samples(track: Array) -> Array:
    """Draw straight lines between the middles of the blocks."""
    at = np.arange(len(track) * BLOCK)
    return np.interp(at, (np.arange(len(track)) + 0.5) * BLOCK, track)
