"""Random convolutions over log-mel: the kernels, and what their statistics depend on."""

from __future__ import annotations

import numpy as np
import pytest

from serkit.dsp import rocket as module
from serkit.dsp.channel import add_silence
from serkit.dsp.disguise import change_gain
from serkit.dsp.rocket import DILATIONS, LENGTH, draw_kernels, rocket
from serkit.dsp.signal import Signal

RATE = 48_000
COUNT = 20


@pytest.fixture(scope="module")
def syllables():
    """A second and a half of syllables of a gliding buzz, over faint noise."""
    time = np.arange(int(1.5 * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(np.geomspace(140, 220, len(time))) / RATE
    buzz = sum(np.sin(k * phase) / k for k in range(1, 30))
    loudness = 0.2 + np.clip(np.sin(2 * np.pi * 4 * time), 0, None)
    hiss = np.random.default_rng(0).standard_normal(len(time))
    return np.round(4_000 * buzz * loudness + 3 * hiss).astype(np.int16)


def measured(samples, rate=RATE):
    """PPV and largest responses, each of shape ``(dilations, kernels)``."""
    values = rocket(Signal(samples, rate), COUNT).reshape(len(DILATIONS), 2, COUNT)
    return values[:, 0], values[:, 1]


def test_kernels_are_the_same_every_time_because_stored_values_depend_on_them():
    drawn = draw_kernels(500)
    assert [each.dilation for each in drawn] == [1, 2, 4]
    thresholds = [each.thresholds[:3].round(4).tolist() for each in drawn]
    assert np.array(thresholds) == pytest.approx(
        np.array(
            [[-8.6288, 3.4501, 1.4007], [0.9086, -8.9842, 4.8757], [-3.6247, 10.4393, -3.2362]]
        ),
        abs=1e-3,
    )
    seen = drawn[0].weights[0].any(axis=1)
    assert drawn[0].weights[0, seen][0] == pytest.approx(
        [0.0637, 0.0642, -0.2375, 0.356, -0.0094, 0.0226, 0.0145, -0.3059, 0.0317], abs=1e-4
    )


def test_a_constant_level_changes_no_response():
    for kernels in draw_kernels(COUNT):
        assert np.abs(kernels.weights.sum(axis=2)).max() < 1e-6
        norms = np.sqrt((kernels.weights**2).sum(axis=(1, 2)))
        assert norms == pytest.approx(np.ones(COUNT), abs=1e-5)


def test_half_of_the_kernels_see_neighbouring_bands():
    seen = [np.flatnonzero(each.any(axis=1)) for each in draw_kernels(500)[0].weights]
    neighbours = [np.ptp(bands) == len(bands) - 1 for bands in seen if len(bands) > 1]
    assert 0.4 < np.mean(neighbours) < 0.6
    assert max(map(len, seen)) <= 16


def test_statistics_are_those_of_the_definition(syllables):
    ppv, most = measured(syllables)
    levels = module._levels(Signal(syllables, RATE))
    frames = levels.shape[1]
    for number, kernels in enumerate(draw_kernels(COUNT)):
        for kernel in range(COUNT):
            responses = np.zeros(frames)
            for band, step in zip(*np.nonzero(kernels.weights[kernel]), strict=True):
                at = np.arange(frames) + (step - LENGTH // 2) * kernels.dilation
                weight = kernels.weights[kernel, band, step]
                responses += weight * levels[band, np.clip(at, 0, frames - 1)]
            above = np.mean(responses > kernels.thresholds[kernel])
            assert ppv[number, kernel] == pytest.approx(above, abs=1.01 / frames)
            assert most[number, kernel] == pytest.approx(responses.max(), abs=1e-2)


def test_the_level_of_a_clip_does_not_count(syllables):
    (ppv, most), (quiet_ppv, quiet_most) = (
        measured(syllables),
        measured(change_gain(syllables, -12.0)),
    )
    assert np.abs(ppv - quiet_ppv).mean() < 0.01
    assert np.abs(most - quiet_most).mean() < 0.5


def test_silence_at_the_ends_changes_only_what_is_seen_from_the_edges(syllables):
    longer = add_silence(syllables, 0.5, 0.25, RATE)
    (ppv, most), (longer_ppv, longer_most) = measured(syllables), measured(longer)
    assert np.median(np.abs(ppv - longer_ppv)) < 0.02
    assert np.median(np.abs(most - longer_most)) < 0.5


def test_other_speech_has_other_values(syllables):
    faster = syllables[::2]
    assert np.abs(measured(syllables)[0] - measured(faster)[0]).mean() > 0.02


def test_a_long_recording_is_read_in_parts_with_the_same_result(syllables, monkeypatch):
    whole = rocket(Signal(syllables, RATE), COUNT)
    monkeypatch.setattr(module, "_BLOCK", 7)
    assert rocket(Signal(syllables, RATE), COUNT) == pytest.approx(whole, abs=0.02)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_other_rates_are_converted(syllables, rate):
    assert np.isfinite(rocket(Signal(syllables[: rate // 2], rate), COUNT)).all()


@pytest.mark.parametrize("samples", [1, 40, 48_000])
def test_silence_has_values(samples):
    assert np.isfinite(rocket(Signal(np.zeros(samples, np.int16), RATE), COUNT)).all()
