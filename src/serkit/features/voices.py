"""Changes of voice that a recipe may name: applied to the samples before any extractor.

A change may be the speaker's (tempo, pitch), the place's (a room, noise) or the recorder's (level,
band, codec). Copies of training clips and the conditions of ``serkit stress`` are made by them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from serkit.dsp import channel, disguise, noise, rooms, stretch
from serkit.dsp.signal import Signal
from serkit.errors import UsageError
from serkit.parameters import Parameter, Parameters, Scalar, number, settle, text

Samples = npt.NDArray[np.int16]

VERSION = 1
"""To be raised by hand whenever a change of voice gives other samples."""

SILENT = 200.0
"""A level below a clip, in dB, that stands for no noise at all."""

BACKGROUND_FILE = "background_from"
"""The one entry that is a path; the identity has the digest of its samples in its place."""

BACKGROUND_DIGEST = "background_sha256"

VOICE = {
    "speed": Parameter(1.0, "tempo, pitch and formants times this", 0.25, maximum=4.0),
    "formants": Parameter(1.0, "formants times this; pitch and tempo stay", 0.5, maximum=2.0),
    "pitch": Parameter(1.0, "pitch and formants times this; the tempo stays", 0.5, maximum=2.0),
    "tempo": Parameter(1.0, "tempo times this; pitch and formants stay", 0.5, maximum=2.0),
    "room": Parameter(
        0.0, "reverberation time in s of a synthetic room; 0 is none", 0.0, maximum=5.0
    ),
    "room_ratio": Parameter(
        0.0, "direct over reverberant energy in dB, in a room", -30.0, maximum=30.0
    ),
    "gain": Parameter(0.0, "level in dB added", -60.0, maximum=60.0),
    "noise": Parameter(0.0, "white noise this many dB below the clip; 0 adds none", 0.0),
    "white": Parameter(SILENT, f"the same, also 0 dB below; {SILENT:g} adds none", -30.0),
    "pink": Parameter(SILENT, f"pink noise this far below; {SILENT:g} adds none", -30.0),
    "background": Parameter(SILENT, f"a recording this far below; {SILENT:g} adds none", -30.0),
    BACKGROUND_FILE: Parameter("", "audio file of that recording; any stretch of it is taken"),
    "overload": Parameter(0.0, "cut off what is higher than this many dB below the peak", 0.0),
    "offset": Parameter(0.0, "constant added, as a share of full scale", -1.0, maximum=1.0),
    "low_cut": Parameter(0.0, "take away what is below this, in Hz; 0 keeps all", 0.0),
    "high_cut": Parameter(0.0, "take away what is above this, in Hz; 0 keeps all", 0.0),
    "rate": Parameter(0, "resample to this rate in Hz and back; 0 does not", 0),
    "mu_law": Parameter(False, "quantise to the 8 bits of the telephone's mu-law"),
    "codec": Parameter("", "encode and decode", choices=("", *channel.CODECS)),
    "before": Parameter(0.0, "silence in s added before the clip", 0.0, maximum=60.0),
    "after": Parameter(0.0, "silence in s added behind it", 0.0, maximum=60.0),
}
"""What the table ``voice`` of a recipe may set; the defaults leave a voice as it was recorded."""


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
        UsageError: A value is of the wrong type or out of range, or a background is named and
            no file of it.
        AudioError: The background's file cannot be read.

    Example:
        >>> settle_voice("x", {"speed": 0.9})
        {'speed': 0.9, 'version': 1}
        >>> settle_voice("x", {"speed": 1})
        {}
    """
    settled = settle(f"the voice of {owner}", VOICE, given)
    file = str(settled.pop(BACKGROUND_FILE))
    changed = {key: value for key, value in settled.items() if value != VOICE[key].default}
    if bool(file) != ("background" in changed):
        raise UsageError(
            f"the voice of {owner} names {'only the file' if file else 'no file'} of a background",
            allowed=f"background = 20.0 and {BACKGROUND_FILE} = 'cafe.wav' together are allowed",
        )
    if file:
        changed[BACKGROUND_DIGEST] = _background(file)[1]
    return {**changed, "version": VERSION} if changed else {}


def voice_options(given: Mapping[str, object]) -> dict[str, Scalar]:
    """Return what a recipe says of a voice that is no part of its identity: where files are."""
    file = given.get(BACKGROUND_FILE)
    return {BACKGROUND_FILE: str(file)} if file else {}


def voice_meaning(name: str) -> str:
    """Return what one entry of a voice means, in a line."""
    if name == BACKGROUND_DIGEST:
        return "SHA-256 of the background's samples"
    return VOICE[name].help if name in VOICE else "version of the code that changes the voice"


def copy_name(feature: str, voice: str) -> str:
    """Return the name of a feature's recipe in another voice.

    Example:
        >>> copy_name("functionals", "speed090")
        'functionals-speed090'
    """
    return f"{feature}-{voice}"


def in_voice(signal: Signal, voice: Parameters, options: Parameters | None = None) -> Signal:
    """Return a signal in the voice that :func:`settle_voice` describes.

    Changes are made in the order in which sound meets them: speaker, room, noise, recorder, file.

    Args:
        signal: The clip.
        voice: From :func:`settle_voice`.
        options: From :func:`voice_options`.

    Raises:
        UsageError: The file of a background does not hold what it did.
    """
    if not voice:
        return signal
    samples, values = signal.samples, Values(voice, options or {})
    for change, names in _CHANGES:
        if any(name in voice for name in names):
            samples = change(samples, values, signal.sample_rate)
    return Signal(samples, signal.sample_rate)


class Values:
    """The values of a voice, with defaults for what it does not name."""

    def __init__(self, voice: Parameters, options: Parameters) -> None:
        self._voice: Parameters = {
            **{name: each.default for name, each in VOICE.items()},
            **voice,
            **options,
        }

    def __getitem__(self, name: str) -> float:
        return number(self._voice, name)

    def text(self, name: str) -> str:
        """Return a value that is text."""
        return text(self._voice, name)


_Change = Callable[[Samples, Values, int], Samples]

_CHANGES: tuple[tuple[_Change, tuple[str, ...]], ...] = (
    (lambda samples, v, _: disguise.change_speed(samples, v["speed"]), ("speed",)),
    (
        lambda samples, v, rate: disguise.change_formants(samples, v["formants"], rate),
        ("formants",),
    ),
    (lambda samples, v, rate: stretch.change_pitch(samples, v["pitch"], rate), ("pitch",)),
    (lambda samples, v, rate: stretch.change_tempo(samples, v["tempo"], rate), ("tempo",)),
    (
        lambda samples, v, rate: rooms.reverberate(samples, v["room"], v["room_ratio"], rate),
        ("room",),
    ),
    (lambda samples, v, _: disguise.change_gain(samples, v["gain"]), ("gain",)),
    (lambda samples, v, _: disguise.add_noise(samples, v["noise"]), ("noise",)),
    (lambda samples, v, _: disguise.add_noise(samples, v["white"]), ("white",)),
    (lambda samples, v, rate: noise.add_pink_noise(samples, v["pink"], rate), ("pink",)),
    (lambda samples, v, _: _with_background(samples, v), ("background",)),
    (lambda samples, v, _: channel.overload(samples, v["overload"]), ("overload",)),
    (lambda samples, v, _: channel.offset(samples, v["offset"]), ("offset",)),
    (
        lambda samples, v, rate: channel.limit_band(samples, v["low_cut"], v["high_cut"], rate),
        ("low_cut", "high_cut"),
    ),
    (lambda samples, v, rate: channel.through_rate(samples, int(v["rate"]), rate), ("rate",)),
    (lambda samples, _, __: channel.through_mu_law(samples), ("mu_law",)),
    (lambda samples, v, rate: channel.through_codec(samples, v.text("codec"), rate), ("codec",)),
    (
        lambda samples, v, rate: channel.add_silence(samples, v["before"], v["after"], rate),
        ("before", "after"),
    ),
)
"""Every change with the entries that ask for it, in order."""


def _with_background(samples: Samples, values: Values) -> Samples:
    file, digest = values.text(BACKGROUND_FILE), values.text(BACKGROUND_DIGEST)
    background, found = _background(file)
    if found != digest:
        raise UsageError(
            f"{file} holds other samples than when the recipe was read", hint="run it again"
        )
    return noise.add_background(samples, background, values["background"])


@lru_cache(maxsize=4)
def _background(file: str) -> tuple[Samples, str]:
    """Return a background's samples at 48 kHz and their digest; decoded once a process."""
    from serkit.audio import read_audio

    samples = read_audio(Path(file)).samples
    return samples, hashlib.sha256(samples.tobytes()).hexdigest()
