"""Augmentation: off unless asked for, from the seed alone, and each does what its name says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from serkit.dsp.mel import mel_edges
from serkit.errors import UsageError
from serkit.models.keras.augment import Augmentation, _warped
from serkit.models.keras.parameters import AugmentationParameters

EDGES = mel_edges(48_000, 4)
"""Of the clip below: four bands."""


def augmentation(edges: np.ndarray | None = EDGES, **values: object) -> Augmentation:
    return Augmentation(AugmentationParameters(**values), edges)


class TestAugmentation:
    clip = np.arange(1, 41, dtype=np.float32).reshape(10, 4)

    def changed(self, seed: int = 0, **values: object) -> np.ndarray:
        return augmentation(**values).clips([self.clip], np.random.default_rng(seed))[0]

    def test_is_off_by_default(self):
        np.testing.assert_array_equal(self.changed(), self.clip)

    @pytest.mark.parametrize(
        "values",
        [
            {"gain": 1.0},
            {"shift": 2},
            {"tempo": 0.5},
            {"time_shift": 0.4},
            {"vtlp": 0.3},
            {"noise": 0.5},
            {"time_masks": 3, "time_width": 0.9},
            {"band_masks": 3, "band_width": 4},
        ],
    )
    def test_changes_copies_depending_only_on_the_seed(self, values):
        before = self.clip.copy()
        once, again = self.changed(**values), self.changed(**values)
        np.testing.assert_array_equal(once, again)
        np.testing.assert_array_equal(self.clip, before)
        seeds = [self.changed(seed, **values) for seed in range(8)]
        assert any(each.shape != once.shape or (each != once).any() for each in seeds)

    def test_gain_moves_all_values_alike(self):
        assert np.ptp(self.changed(gain=1.0) - self.clip) < 1e-5

    def test_tempo_keeps_ends_and_bounds_the_length(self):
        for seed in range(20):
            out = self.changed(seed, tempo=0.3)
            assert 7 <= len(out) <= 13
            np.testing.assert_allclose(out[[0, -1]], self.clip[[0, -1]], rtol=1e-6)

    def test_masks_blank_whole_frames_or_bands(self):
        for seed in range(20):
            hit = self.changed(seed, time_masks=1, time_width=0.5) == 0
            assert (hit.all(axis=1) == hit.any(axis=1)).all()
            assert hit.all(axis=1).sum() <= 5
            hit = self.changed(seed, band_masks=1, band_width=2) == 0
            assert (hit.all(axis=0) == hit.any(axis=0)).all()
            assert hit.all(axis=0).sum() <= 2

    def test_mixup_mixes_inputs_and_targets_alike(self):
        frames = np.eye(4, dtype=np.float32)[:, None, :]
        inputs = {"frames": frames, "live": np.ones((4, 1), np.float32)}
        mixed, targets = augmentation(mixup=0.5).mix(
            inputs, np.eye(4, dtype=np.float32), np.random.default_rng(1)
        )
        np.testing.assert_allclose(mixed["frames"][:, 0], targets)
        np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-6)
        assert (targets.argmax(axis=1) == np.arange(4)).all()
        assert (targets.max(axis=1) < 1).any()

    def test_time_shift_moves_frames_around_the_ends(self):
        shifts = set()
        for seed in range(40):
            out = self.changed(seed, time_shift=0.3)
            (shift,) = (k for k in range(-3, 4) if (np.roll(self.clip, k, axis=0) == out).all())
            shifts.add(shift)
        assert shifts == set(range(-3, 4))

    def test_noise_is_white_and_each_clip_draws_its_strength(self):
        clip = np.zeros((500, 40), np.float32)
        changed = augmentation(noise=0.5).clips([clip] * 40, np.random.default_rng(0))
        levels = [float(each.std()) for each in changed]
        assert 0 <= min(levels) < 0.1 < 0.4 < max(levels) <= 0.51
        loudest = max(changed, key=np.std)
        assert abs(np.corrcoef(loudest[:-1].ravel(), loudest[1:].ravel())[0, 1]) < 0.03
        assert loudest.dtype == np.float32

    def test_disabled_augmentation_draws_no_random_numbers(self):
        """So presets that do without it train as they did before it was there."""
        random, expected = np.random.default_rng(5), np.random.default_rng(5)
        old = {"gain": 0.2, "tempo": 0.3, "shift": 1, "time_masks": 1, "band_masks": 1}
        out = augmentation(edges=None, **old).clips([self.clip], random)[0]
        tempo = 1 + 0.3 * expected.uniform(-1, 1)
        assert len(out) == round(10 * tempo)
        expected.integers(-1, 2)
        expected.standard_normal()
        for size, widest in ((len(out), int(0.1 * len(out))), (4, 4)):
            width = expected.integers(0, widest + 1)
            expected.integers(0, size - width + 1)
        assert random.bit_generator.state == expected.bit_generator.state

    @given(
        arrays(
            np.float32,
            st.tuples(st.integers(1, 12), st.just(4)),
            elements=st.floats(-9, 9, width=32),
        ),
        st.integers(0, 2**32),
        st.fixed_dictionaries(
            {
                "gain": st.floats(0, 2),
                "tempo": st.floats(0, 0.5),
                "time_shift": st.floats(0, 0.5),
                "shift": st.integers(0, 6),
                "vtlp": st.floats(0, 0.5),
                "noise": st.floats(0, 2),
                "time_masks": st.integers(0, 2),
                "time_width": st.floats(0, 1),
                "band_masks": st.integers(0, 2),
                "band_width": st.integers(0, 9),
            }
        ),
    )
    def test_all_together_give_a_clip_again(self, clip, seed, values):
        before = clip.copy()
        once, again = (
            augmentation(**values).clips([clip, clip], np.random.default_rng(seed)) for _ in "ab"
        )
        for one, other in zip(once, again, strict=True):
            np.testing.assert_array_equal(one, other)
            assert one.dtype == np.float32
            assert one.shape[1] == 4
            assert 1 <= len(one) <= 1.5 * len(clip) + 0.5
            assert np.isfinite(one).all()
        np.testing.assert_array_equal(clip, before)


class TestVtlp:
    """Frequencies below the knee are multiplied; the upper end stays where it is."""

    edges = mel_edges(48_000, 128)
    centres = edges[1:-1]

    def peak(self, hertz: float, factor: float) -> float:
        """Return where a tone of a frequency lies after the warp, in Hz."""
        tone = np.exp(-(((self.centres - hertz) / 150) ** 2)).astype(np.float32)[None]
        warped = _warped(tone, self.edges, factor)[0].astype(float)
        return float((warped * self.centres).sum() / warped.sum())

    @given(
        arrays(np.float32, (2, 40), elements=st.floats(-9, 9, width=32)),
        st.sampled_from([(48_000, 0.0, None), (16_000, 60.0, 7600.0), (8000, 100.0, 1000.0)]),
    )
    def test_a_factor_of_one_is_the_identity(self, clip, bank):
        rate, fmin, fmax = bank
        np.testing.assert_array_equal(_warped(clip, mel_edges(rate, 40, fmin, fmax), 1.0), clip)

    @pytest.mark.parametrize("factor", [0.8, 0.9, 1.1, 1.2])
    @pytest.mark.parametrize("hertz", [1000.0, 2000.0, 3000.0])
    def test_formants_are_multiplied(self, hertz, factor):
        assert self.peak(hertz, factor) / hertz == pytest.approx(factor, rel=0.02)

    @pytest.mark.parametrize("factor", [0.8, 0.9, 1.1, 1.2])
    def test_the_upper_end_stays(self, factor):
        clip = np.arange(128, dtype=np.float32)[None]
        warped = _warped(clip, self.edges, factor)[0]
        assert warped[-1] == pytest.approx(127, abs=0.5)
        assert (np.diff(warped) > 0).all(), "the order of frequencies is kept"

    @pytest.mark.parametrize("factor", [0.7, 1.3])
    def test_flat_spectra_stay_flat(self, factor):
        clip = np.full((2, 128), 3.25, np.float32)
        np.testing.assert_allclose(_warped(clip, self.edges, factor), clip, rtol=1e-6)

    def test_a_feature_without_known_bands_is_refused(self):
        with pytest.raises(UsageError) as caught:
            augmentation(edges=None, vtlp=0.1)
        assert str(caught.value) == (
            "vtlp = 0.1 needs mel bands of known frequency; "
            "a feature of the extractor mel, such as 'mel128', has them"
        )
