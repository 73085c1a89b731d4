"""Changes of voice that a recipe may name: applied to the samples before any extractor."""

from __future__ import annotations

from collections.abc import Mapping

from serkit.dsp.disguise import add_noise, change_formants, change_gain, change_speed
from serkit.dsp.signal import Signal
from serkit.parameters import Parameter, Parameters, Scalar, number, settle

VERSION = 1
"""To be raised by hand whenever a change of voice gives other samples."""

VOICE = {
    "speed": Parameter(1.0, "tempo, pitch and formants times this", 0.25, maximum=4.0),
    "formants": Parameter(1.0, "formants times this; pitch and tempo stay", 0.5, maximum=2.0),
    "gain": Parameter(0.0, "level in dB added", -60.0, maximum=60.0),
    "noise": Parameter(0.0, "white noise this many dB below the clip; 0 adds none", 0.0),
}
"""What the table ``voice`` of a recipe may set; the defaults leave a voice as it was recorded."""


def settle_voice(owner: str, given: Mapping[str, object]) -> dict[str, Scalar]:
    """Check the changes of voice that a recipe names.

    Args:
        owner: Whose they are, for messages.
        given: What the recipe sets.

    Returns:
        What differs from the voice as recorded, and the version of the code that changes it;
        empty where nothing differs.

    Raises:
        UnknownNameError: There is no such change.
        UsageError: A value is of the wrong type or out of range.

    Example:
        >>> settle_voice("x", {"speed": 0.9})
        {'speed': 0.9, 'version': 1}
        >>> settle_voice("x", {"speed": 1})
        {}
    """
    settled = settle(f"the voice of {owner}", VOICE, given)
    changed = {key: value for key, value in settled.items() if value != VOICE[key].default}
    return {**changed, "version": VERSION} if changed else {}


def voice_meaning(name: str) -> str:
    """Return what one entry of a voice means, in a line."""
    return VOICE[name].help if name in VOICE else "version of the code that changes the voice"


def copy_name(feature: str, voice: str) -> str:
    """Return the name of a feature's recipe in another voice.

    Example:
        >>> copy_name("functionals", "speed090")
        'functionals-speed090'
    """
    return f"{feature}-{voice}"


def in_voice(signal: Signal, voice: Parameters) -> Signal:
    """Return a signal in the voice that :func:`settle_voice` describes."""
    if not voice:
        return signal
    samples = signal.samples
    if "speed" in voice:
        samples = change_speed(samples, number(voice, "speed"))
    if "formants" in voice:
        samples = change_formants(samples, number(voice, "formants"), signal.sample_rate)
    if "gain" in voice:
        samples = change_gain(samples, number(voice, "gain"))
    if "noise" in voice:
        samples = add_noise(samples, number(voice, "noise"))
    return Signal(samples, signal.sample_rate)
