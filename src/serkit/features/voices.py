"""Changes of voice that a recipe may name: applied to the samples before any extractor.

A change may be the speaker's (tempo, pitch), the place's (a room, noise) or the recorder's (level,
band, codec). Copies of training clips and the conditions of ``serkit stress`` are made by them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from serkit.dsp import channel, disguise, murmur, noise, rooms, scenes, stretch
from serkit.dsp.signal import Signal
from serkit.errors import UsageError, unknown_name
from serkit.parameters import Parameters, Scalar, parameter, settle

Samples = npt.NDArray[np.int16]

VERSION = 1
"""Raise it by hand whenever a voice change produces different samples."""

SILENT = 200.0
"""A level below a clip, in dB, that means no noise."""

BACKGROUND_FILE = "background_from"
"""The one entry that is a path; the identity has the digest of its samples in its place."""

BACKGROUND_DIGEST = "background_sha256"


@dataclass(frozen=True)
class VoiceParameters(Parameters):
    """Entries of a recipe's ``voice`` table; the defaults change nothing."""

    speed: float = parameter(1.0, "tempo, pitch and formants times this", minimum=0.25, maximum=4.0)
    formants: float = parameter(
        1.0, "formants times this; pitch and tempo stay", minimum=0.5, maximum=2.0
    )
    pitch: float = parameter(
        1.0, "pitch and formants times this; the tempo stays", minimum=0.5, maximum=2.0
    )
    tempo: float = parameter(
        1.0, "tempo times this; pitch and formants stay", minimum=0.5, maximum=2.0
    )
    room: float = parameter(
        0.0, "reverberation time in s of a synthetic room; 0 is none", minimum=0.0, maximum=5.0
    )
    room_ratio: float = parameter(
        0.0, "direct over reverberant energy in dB, in a room", minimum=-30.0, maximum=30.0
    )
    gain: float = parameter(0.0, "level in dB added", minimum=-60.0, maximum=60.0)
    noise: float = parameter(
        0.0, "white noise this many dB below the clip; 0 adds none", minimum=0.0
    )
    white: float = parameter(
        SILENT, f"the same, also 0 dB below; {SILENT:g} adds none", minimum=-30.0
    )
    pink: float = parameter(
        SILENT, f"pink noise this far below; {SILENT:g} adds none", minimum=-30.0
    )
    murmur: float = parameter(
        SILENT, f"a murmur of synthetic voices this far below; {SILENT:g} adds none", minimum=-30.0
    )
    background: float = parameter(
        SILENT, f"a recording this far below; {SILENT:g} adds none", minimum=-30.0
    )
    background_from: str = parameter("", "audio file of that recording; any stretch of it is taken")
    overload: float = parameter(
        0.0, "cut off what is higher than this many dB below the peak", minimum=0.0
    )
    offset: float = parameter(
        0.0, "constant added, as a share of full scale", minimum=-1.0, maximum=1.0
    )
    low_cut: float = parameter(0.0, "take away what is below this, in Hz; 0 keeps all", minimum=0.0)
    high_cut: float = parameter(
        0.0, "take away what is above this, in Hz; 0 keeps all", minimum=0.0
    )
    rate: int = parameter(0, "resample to this rate in Hz and back; 0 does not", minimum=0)
    mu_law: bool = parameter(False, "quantise to the 8 bits of the telephone's mu-law")
    codec: str = parameter("", "encode and decode", choices=("", *channel.CODECS))
    scene: int = parameter(
        0,
        "tempo, room, noise, level, band and coding drawn by clip; the number of the draw",
        minimum=0,
    )
    before: float = parameter(0.0, "silence in s added before the clip", minimum=0.0, maximum=60.0)
    after: float = parameter(0.0, "silence in s added behind it", minimum=0.0, maximum=60.0)
    centred: bool = parameter(False, "take away the constant")


_AS_RECORDED = VoiceParameters().to_json()


def settle_voice(owner: str, given: Mapping[str, object]) -> dict[str, Scalar]:
    """Check the changes of voice that a recipe names.

    Args:
        owner: Whose they are, for messages.
        given: What the recipe sets.

    Returns:
        What differs from the voice as recorded, and the version of the code that changes it;
        empty where nothing differs. A background is known by the digest of its samples.

    Raises:
        UnknownNameError: There is no such change.
        UsageError: A value has the wrong type or out of range, or a background is named and
            no file of it.
        AudioError: The background's file cannot be read.

    Example:
        >>> settle_voice("x", {"speed": 0.9})
        {'speed': 0.9, 'version': 1}
        >>> settle_voice("x", {"speed": 1})
        {}
    """
    for key in given:
        if key not in _AS_RECORDED:
            raise unknown_name("change of voice", key, _AS_RECORDED)
    settled = settle(f"the voice of {owner}", VoiceParameters(), given).to_json()
    file = str(settled.pop(BACKGROUND_FILE))
    changed = {key: value for key, value in settled.items() if value != _AS_RECORDED[key]}
    if bool(file) != ("background" in changed):
        raise UsageError(
            f"the voice of {owner} names {'only the file' if file else 'no file'} of a background",
            allowed=f"background = 20.0 and {BACKGROUND_FILE} = 'cafe.wav' together are allowed",
        )
    if file:
        changed[BACKGROUND_DIGEST] = _background(file)[1]
    return {**changed, "version": VERSION} if changed else {}


def voice_options(given: Mapping[str, object]) -> dict[str, Scalar]:
    """Return a voice's file paths, which are not part of its identity."""
    file = given.get(BACKGROUND_FILE)
    return {BACKGROUND_FILE: str(file)} if file else {}


def voice_meaning(name: str) -> str:
    """Return a one-line description of a voice entry."""
    if name == BACKGROUND_DIGEST:
        return "SHA-256 of the background's samples"
    declared = VoiceParameters.declared().get(name)
    return declared.help if declared else "version of the code that changes the voice"


def copy_name(feature: str, voice: str) -> str:
    """Return the name of a feature's recipe in another voice.

    Example:
        >>> copy_name("functionals", "speed090")
        'functionals-speed090'
    """
    return f"{feature}-{voice}"


def in_voice(
    signal: Signal, voice: Mapping[str, Scalar], options: Mapping[str, Scalar] | None = None
) -> Signal:
    """Return a signal in the voice that :func:`settle_voice` describes.

    Changes are made in the order in which sound meets them: speaker, room, noise, recorder, file.

    Args:
        signal: The clip.
        voice: From :func:`settle_voice`.
        options: From :func:`voice_options`.

    Raises:
        UsageError: The background file has changed.
    """
    if not voice:
        return signal
    samples = signal.samples
    values = VoiceParameters.from_json({**voice, **(options or {})})
    if values.background_from:
        _refuse_other_background(values.background_from, voice[BACKGROUND_DIGEST])
    for step in _steps_of(voice):
        samples = step.change(samples, values, signal.sample_rate)
    return Signal(samples, signal.sample_rate)


def voice_ms(voice: Mapping[str, Scalar]) -> float:
    """Return about how long a change of voice takes for a 3.7 s clip on one core, in ms.

    Example:
        >>> voice_ms(settle_voice("x", {"speed": 0.9, "gain": 6.0}))
        2.5
        >>> voice_ms({})
        0.0
    """
    return sum((step.per_clip_ms for step in _steps_of(voice)), 0.0)


def _steps_of(voice: Mapping[str, Scalar]) -> list[_Step]:
    return [step for step in _STEPS if any(name in voice for name in step.names)]


_Change = Callable[[Samples, VoiceParameters, int], Samples]


@dataclass(frozen=True)
class _Step:
    """One change, the entries that ask for it, and its time in ms for a 3.7 s clip on one core."""

    change: _Change
    names: tuple[str, ...]
    per_clip_ms: float


_STEPS = (
    _Step(lambda samples, v, rate: _in_scene(samples, v.scene, rate), ("scene",), 11.0),
    _Step(lambda samples, v, _: disguise.change_speed(samples, v.speed), ("speed",), 1.0),
    _Step(
        lambda samples, v, rate: disguise.change_formants(samples, v.formants, rate),
        ("formants",),
        30.0,
    ),
    _Step(lambda samples, v, rate: stretch.change_pitch(samples, v.pitch, rate), ("pitch",), 35.0),
    _Step(lambda samples, v, rate: stretch.change_tempo(samples, v.tempo, rate), ("tempo",), 30.0),
    _Step(
        lambda samples, v, rate: rooms.reverberate(samples, v.room, v.room_ratio, rate),
        ("room",),
        15.0,
    ),
    _Step(lambda samples, v, _: disguise.change_gain(samples, v.gain), ("gain",), 1.5),
    _Step(lambda samples, v, _: disguise.add_noise(samples, v.noise), ("noise",), 3.0),
    _Step(lambda samples, v, _: disguise.add_noise(samples, v.white), ("white",), 3.0),
    _Step(lambda samples, v, rate: noise.add_pink_noise(samples, v.pink, rate), ("pink",), 9.0),
    _Step(lambda samples, v, rate: murmur.add_murmur(samples, v.murmur, rate), ("murmur",), 1.0),
    _Step(lambda samples, v, _: _with_background(samples, v), ("background",), 3.0),
    _Step(lambda samples, v, _: channel.overload(samples, v.overload), ("overload",), 0.5),
    _Step(lambda samples, v, _: channel.offset(samples, v.offset), ("offset",), 0.5),
    _Step(
        lambda samples, v, rate: channel.limit_band(samples, v.low_cut, v.high_cut, rate),
        ("low_cut", "high_cut"),
        3.0,
    ),
    _Step(lambda samples, v, rate: channel.through_rate(samples, v.rate, rate), ("rate",), 4.0),
    _Step(lambda samples, _, __: channel.through_mu_law(samples), ("mu_law",), 8.0),
    _Step(lambda samples, v, rate: channel.through_codec(samples, v.codec, rate), ("codec",), 80.0),
    _Step(
        lambda samples, v, rate: channel.add_silence(samples, v.before, v.after, rate),
        ("before", "after"),
        1.0,
    ),
    _Step(lambda samples, _, __: channel.remove_constant(samples), ("centred",), 0.5),
)
"""Every change, in order."""


def _in_scene(samples: Samples, number: int, sample_rate: int) -> Samples:
    return scenes.set_scene(samples, scenes.scene_of(samples, number), sample_rate)


def _with_background(samples: Samples, values: VoiceParameters) -> Samples:
    return noise.add_background(samples, _background(values.background_from)[0], values.background)


def _refuse_other_background(file: str, digest: Scalar) -> None:
    if _background(file)[1] != digest:
        raise UsageError(
            f"{file} holds other samples than when the recipe was read", hint="run it again"
        )


@lru_cache(maxsize=4)
def _background(file: str) -> tuple[Samples, str]:
    """Return a background's samples at 48 kHz and their digest; decoded once a process."""
    from serkit.audio import read_audio

    samples = read_audio(Path(file)).samples
    return samples, hashlib.sha256(samples.tobytes()).hexdigest()
