"""Shape of spectra, decibels, cepstra and changes."""

from __future__ import annotations

import numpy as np
import pytest

from serkit.dsp import shape
from serkit.dsp.cepstrum import cepstrum, decibels, deltas
from serkit.dsp.shape import Bins
from serkit.dsp.voice import cepstral_peak, harmonic_differences, harmonicity

RATE = 16_000
BINS = Bins(RATE, 257)
POWER = np.random.default_rng(3).gamma(0.5, 1e-3, (20, 257)).astype(np.float32)


def bump(*places: tuple[int, float]) -> np.ndarray:
    """One spectrum with these (bin, power) and nothing else."""
    power = np.zeros((1, BINS.count), np.float32)
    for place, value in places:
        power[0, place] = value
    return power


def test_bins_run_from_zero_to_nyquist() -> None:
    assert BINS.frequency[[0, 1, -1]].tolist() == [0.0, 31.25, 8000.0]
    assert BINS.between(1000, 2000) == slice(32, 64)


def test_centroid_bandwidth_and_flatness_are_those_of_librosa() -> None:
    librosa = pytest.importorskip("librosa")
    feature = librosa.feature
    ours = shape.moments(POWER, BINS)
    centroid = feature.spectral_centroid(S=POWER.T, sr=RATE, n_fft=512)[0]
    bandwidth = feature.spectral_bandwidth(S=POWER.T, sr=RATE, n_fft=512)[0]
    flatness = feature.spectral_flatness(S=POWER.T, power=1.0, amin=1e-12)[0]
    np.testing.assert_allclose(ours[:, 0], centroid, rtol=1e-4)
    np.testing.assert_allclose(ours[:, 1], bandwidth, rtol=1e-4)
    np.testing.assert_allclose(shape.flatness(POWER), 10 * np.log10(flatness), atol=1e-3)


def test_rolloffs_are_those_of_librosa() -> None:
    librosa = pytest.importorskip("librosa")
    for column, share in zip(shape.rolloffs(POWER, BINS).T, shape.ROLLOFFS, strict=True):
        expected = librosa.feature.spectral_rolloff(S=POWER.T, sr=RATE, roll_percent=share)[0]
        # One bin: librosa asks for "at least", which rounding may decide either way.
        assert np.abs(column - expected).max() <= 31.25


def test_a_symmetric_spectrum_is_not_skewed_and_two_lines_have_a_kurtosis_of_one() -> None:
    skewness, kurtosis = shape.moments(bump((100, 1.0), (120, 1.0)), BINS)[0, 2:]
    assert skewness == pytest.approx(0.0, abs=1e-2)
    assert kurtosis == pytest.approx(1.0, abs=1e-2)


def test_slopes_are_those_of_a_line_in_decibels() -> None:
    falling = 10.0 ** (-0.5 * BINS.frequency / 1000.0)[np.newaxis]
    np.testing.assert_allclose(shape.slopes(falling, BINS), [[-5.0, -5.0, -5.0]], rtol=1e-4)


def test_alpha_ratio_and_hammarberg_index_compare_low_with_high() -> None:
    # Bins 16 and 96 are 500 and 3,000 Hz.
    alpha, hammarberg = shape.band_ratios(bump((16, 1e-1), (96, 1e-3)), BINS)[0]
    assert alpha == pytest.approx(-20.0, abs=1e-3)
    assert hammarberg == pytest.approx(20.0, abs=1e-3)


def test_flux_sees_form_and_not_loudness() -> None:
    one, other = bump((50, 1.0)), bump((90, 1.0))
    flux = shape.flux(np.concatenate((one, 4 * one, other)))
    np.testing.assert_allclose(flux, [0.0, 0.0, np.sqrt(2.0)], atol=1e-3)


def test_decibels_have_a_floor() -> None:
    np.testing.assert_allclose(decibels(np.array([1.0, 0.1, 0.0])), [0.0, -10.0, -120.0])


def test_cepstra_are_librosas_mfcc_without_the_first() -> None:
    librosa = pytest.importorskip("librosa")
    bands = decibels(POWER[:, :40])
    expected = librosa.feature.mfcc(S=bands.T, n_mfcc=13).T[:, 1:]
    np.testing.assert_allclose(cepstrum(bands, 12), expected, rtol=1e-4, atol=1e-3)


def test_changes_are_librosas_deltas_away_from_the_ends() -> None:
    librosa = pytest.importorskip("librosa")
    expected = librosa.feature.delta(POWER, width=5, axis=0)
    np.testing.assert_allclose(deltas(POWER)[2:-2], expected[2:-2], atol=1e-7)


def test_a_straight_line_changes_by_its_slope() -> None:
    line = np.arange(10, dtype=np.float32)[:, np.newaxis] * 3
    np.testing.assert_allclose(deltas(line)[2:-2], 3.0)
    np.testing.assert_array_equal(deltas(line[:1]), [[0.0]])


def test_harmonics_are_found_beside_their_bin() -> None:
    # f0 of 250 Hz is bin 8; the second harmonic lies one bin off.
    power = bump((8, 1e-1), (17, 1e-2), (24, 1e-3), (32, 1e-4))
    found = harmonic_differences(power, np.array([250.0], np.float32), BINS)
    np.testing.assert_allclose(found, [[10.0, 20.0, 30.0]], atol=1e-3)


def test_harmonic_spectra_have_a_cepstral_peak_and_flat_ones_have_none() -> None:
    ripples = (1.0 + 0.9 * np.cos(2 * np.pi * BINS.frequency / 200.0))[np.newaxis]
    flat = np.ones_like(ripples)
    assert cepstral_peak(flat, BINS, 65.0, 500.0)[0] == pytest.approx(0.0, abs=1e-4)
    assert cepstral_peak(ripples, BINS, 65.0, 500.0)[0] > 1.0


def test_harmonicity_is_zero_for_half_and_half_and_bounded() -> None:
    found = harmonicity(np.array([0.0, 0.1, 0.5, 1.0], np.float32))
    np.testing.assert_allclose(found, [30.0, 9.54, 0.0, -30.0], atol=0.01)
