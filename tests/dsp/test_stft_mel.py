"""Spectrograms against librosa 0.11, which the reference study used, and against plain definitions.

"Equal" means: the largest difference is at most a millionth of the clip's maximum.
"""

from __future__ import annotations

import gc
import tracemalloc
import warnings
import weakref

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from serkit.audio import read_audio
from serkit.dsp import kernel
from serkit.dsp.kernel import MelBank
from serkit.dsp.mel import apply_mel_bank, empty_bands, hz_to_mel, mel_bank, mel_to_hz, power_to_db
from serkit.dsp.signal import Signal
from serkit.dsp.stft import StftSettings, frame_bytes, front_padding, hann, power_spectrogram
from serkit.errors import ClipTooLongError
from serkit.features import EXTRACTORS, Recipes
from serkit.features.compute import compute_features

librosa = pytest.importorskip("librosa")

PAD_TO = 253_125
STUDY = StftSettings(n_fft=2048, hop_length=512, pad_to=PAD_TO)
KINDS = ("noise", "tone", "square", "click", "constant")


def synthetic(frames: int, kind: str = "noise", seed: int = 0) -> np.ndarray:
    """Return int16 amplitudes of a kind; none of them is zero at either end."""
    random = np.random.default_rng([seed, frames])
    time = np.arange(frames) / 48_000
    samples = {
        "noise": lambda: random.normal(0, 3_000, frames),
        "tone": lambda: 20_000 * np.cos(2 * np.pi * 440 * time) + random.normal(0, 1, frames),
        "square": lambda: np.where(np.arange(frames) // 55 % 2, 32_767, -32_768),
        "click": lambda: np.where(np.arange(frames) == frames // 2, 32_767, 1),
        "constant": lambda: np.full(frames, -17_000),
    }[kind]()
    samples = np.clip(samples, -32_768, 32_767).astype(np.int16)
    samples[[0, -1]] = 12_345
    return samples


def padded(samples: np.ndarray, pad_to: int) -> np.ndarray:
    zeros = np.zeros(max(pad_to - len(samples), 0), np.float32)
    return np.concatenate([zeros, samples.astype(np.float32)])


def whole(live: np.ndarray, lead: int) -> np.ndarray:
    """Put the zero frames that serkit leaves out before the others."""
    return np.concatenate([np.zeros((len(live), lead), live.dtype), live], axis=1)


def librosa_mel(samples: np.ndarray, n_mels: int) -> np.ndarray:
    return librosa.feature.melspectrogram(
        y=padded(samples, PAD_TO), sr=48_000, n_fft=2048, hop_length=512, n_mels=n_mels
    )


def assert_equal(ours: np.ndarray, theirs: np.ndarray) -> None:
    assert ours.shape == theirs.shape
    assert ours.dtype == np.float32
    assert np.abs(ours - theirs).max() <= 1e-6 * theirs.max()


def reference_power(samples: np.ndarray, settings: StftSettings) -> np.ndarray:
    """Follow the definition word by word, in float64: one centred, windowed frame after another."""
    n_fft, hop = settings.n_fft, settings.hop_length
    signal = padded(samples, settings.pad_to).astype(np.float64)
    centred = np.concatenate([np.zeros(n_fft // 2), signal, np.zeros(n_fft // 2)])
    window = np.sin(np.pi * np.arange(n_fft) / n_fft) ** 2
    count = 1 + len(signal) // hop
    frames = [centred[t * hop : t * hop + n_fft] * window for t in range(count)]
    return np.abs(np.fft.rfft(frames, axis=1).T) ** 2


@st.composite
def cases(draw):
    """Draw settings and a signal that fits them, hops longer than a frame included."""
    n_fft = 2 * draw(st.integers(1, 40))
    hop = draw(st.integers(1, 100))
    frames = draw(st.integers(1, 400))
    pad_to = draw(st.sampled_from([0, frames, frames + 1]) | st.integers(frames, frames + 300))
    kind = draw(st.sampled_from(KINDS))
    return StftSettings(n_fft, hop, pad_to), synthetic(frames, kind)


needs_kernel = pytest.mark.skipif(
    kernel.native() is None, reason="serkit-native is not installed (pip install ./native)"
)


@pytest.fixture
def numpy_alone(monkeypatch):
    """Compute as where the compiled kernel is not installed."""
    monkeypatch.setattr(kernel, "native", lambda: None)


@pytest.fixture(params=["numpy", pytest.param("kernel", marks=needs_kernel)])
def either_way(request):
    """Compute with NumPy, and where it is installed with the compiled kernel."""
    if request.param == "numpy":
        request.getfixturevalue("numpy_alone")


@pytest.mark.usefixtures("either_way")
class TestMelSpectrogramOfTheStudy:
    @pytest.mark.parametrize("n_mels", [128, 256])
    @pytest.mark.parametrize(
        ("frames", "kind"),
        [
            (1, "noise"),
            (2, "noise"),
            (511, "tone"),
            (512, "noise"),
            (1_023, "noise"),
            (1_024, "click"),
            (1_025, "noise"),
            (2_048, "constant"),
            (10_007, "square"),
            (140_941, "tone"),
            (177_632, "noise"),
            (253_053, "noise"),
            (PAD_TO - 1, "click"),
            (PAD_TO, "noise"),
        ],
    )
    def test_it_equals_librosa_s_of_the_padded_float32_signal(self, frames, kind, n_mels):
        samples = synthetic(frames, kind)
        ours = whole(*Signal(samples).mel_spectrogram(STUDY, MelBank(n_mels)))
        assert ours.shape == (n_mels, 495)
        assert_equal(ours, librosa_mel(samples, n_mels))

    @pytest.mark.parametrize("n_mels", [128, 256])
    @pytest.mark.parametrize(
        "clip", ["03-01-02-01-01-02-01", "03-01-05-02-02-02-11", "03-01-01-01-01-01-02"]
    )
    def test_it_equals_librosa_s_on_real_clips(self, ravdess, clip, n_mels):
        samples = read_audio(ravdess / f"Actor_{clip[-2:]}" / f"{clip}.flac").samples
        ours = whole(*Signal(samples).mel_spectrogram(STUDY, MelBank(n_mels)))
        assert_equal(ours, librosa_mel(samples, n_mels))


def test_a_clip_of_20_seconds_is_librosa_s_of_the_signal_padded_by_whole_hops():
    samples = synthetic(960_000, "noise")
    spec = Recipes().get("mel128")
    signal = Signal(samples)
    (values,), _ = (
        found.values() for found in compute_features(signal, [(spec, spec.layout())], ragged=True)
    )
    pad_to = EXTRACTORS.get("mel").longer(spec.settings, len(samples)).pad_to
    ours = whole(values.array, values.lead)
    theirs = librosa.feature.melspectrogram(
        y=padded(samples, pad_to).astype(np.float32), sr=48_000, n_mels=128, pad_mode="constant"
    )
    assert ours.shape == theirs.shape
    assert_equal(ours, theirs)


class TestPowerSpectrogram:
    @given(cases())
    def test_it_follows_the_definition_for_all_frames_hops_pads_and_lengths(self, case):
        settings, samples = case
        power, lead = power_spectrogram(samples.astype(np.float32), settings)
        expected = reference_power(samples, settings)
        assert power.dtype == np.float32
        assert whole(power, lead).shape == expected.shape
        # A hop that is longer than a frame may pass over the whole signal.
        largest = max(expected.max(), 1.0)
        assert np.abs(whole(power, lead) - expected).max() <= 1e-6 * largest

    @given(cases())
    def test_it_equals_librosa_s(self, case):
        settings, samples = case
        assume(settings.hop_length <= settings.n_fft)
        signal = padded(samples, settings.pad_to)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # frames longer than the signal
            theirs = librosa.stft(
                signal, n_fft=settings.n_fft, hop_length=settings.hop_length, pad_mode="constant"
            )
        power, lead = power_spectrogram(samples.astype(np.float32), settings)
        assert_equal(whole(power, lead), np.abs(theirs) ** 2)

    @given(cases())
    def test_only_frames_without_signal_are_left_out(self, case):
        settings, samples = case
        lead = settings.lead(len(samples))
        assert not reference_power(samples, settings)[:, :lead].any()

    @given(cases())
    def test_and_all_of_them_are(self, case):
        settings, samples = case
        assume(settings.hop_length < settings.n_fft)
        lead = settings.lead(len(samples))
        assert reference_power(samples, settings)[:, lead].any()

    def test_without_padding_nothing_is_left_out(self):
        settings = StftSettings(2048, 512, 0)
        power, lead = power_spectrogram(synthetic(10_000).astype(np.float32), settings)
        assert (power.shape, lead) == ((1_025, 1 + 10_000 // 512), 0)

    def test_a_padded_average_clip_is_three_tenths_zeros(self):
        assert STUDY.frames(177_632) == 495
        assert STUDY.lead(177_632) == 146

    def test_silence_is_zero(self):
        power, lead = power_spectrogram(np.zeros(10_000, np.float32), STUDY)
        assert lead > 400
        assert not power.any()

    def test_the_signal_is_not_modified(self):
        samples = synthetic(5_000).astype(np.float32)
        before = samples.copy()
        power_spectrogram(samples, STUDY)
        assert np.array_equal(samples, before)

    def test_more_frames_than_are_transformed_at_a_time_join_without_a_seam(self):
        settings = StftSettings(64, 16, 0)
        samples = synthetic(16 * 64 * 3 + 5)  # three blocks of 64 frames and a bit
        power, _ = power_spectrogram(samples.astype(np.float32), settings)
        expected = reference_power(samples, settings)
        assert np.abs(power - expected).max() <= 1e-6 * expected.max()

    def test_a_clip_longer_than_its_padded_form_is_an_error_that_gives_both_lengths(self):
        with pytest.raises(ClipTooLongError) as caught:
            power_spectrogram(np.ones(PAD_TO + 1, np.float32), STUDY)
        assert str(caught.value) == (
            "the clip has 253,126 samples and the recipe pads to 253,125; "
            "use a recipe with a larger pad_to, or with pad_to = 0"
        )


@pytest.mark.parametrize(
    ("frames", "pad_to", "zeros"), [(3, 10, 7), (10, 10, 0), (10, 0, 0), (0, 4, 4)]
)
def test_front_padding_fills_up_to_the_length(frames, pad_to, zeros):
    assert front_padding(frames, pad_to) == zeros


class TestWindow:
    @pytest.mark.parametrize("n_fft", [2, 64, 400, 2048])
    def test_it_is_librosa_s(self, n_fft):
        expected = librosa.filters.get_window("hann", n_fft, fftbins=True)
        assert np.abs(hann(n_fft) - expected).max() < 1e-7

    def test_cached_arrays_are_read_only(self):
        with pytest.raises(ValueError, match="read-only"):
            hann(64)[0] = 1


class TestMelBank:
    @pytest.mark.parametrize(
        ("rate", "n_fft", "n_mels", "fmin", "fmax"),
        [
            (48_000, 2048, 128, 0.0, None),
            (48_000, 2048, 256, 0.0, None),
            (48_000, 4096, 64, 50.0, 8_000.0),
            (16_000, 400, 80, 0.0, 7_600.0),
            (22_050, 1024, 40, 20.0, 11_025.0),
            (48_000, 512, 1, 0.0, None),
            (8_000, 256, 20, 999.0, 1_001.0),
        ],
    )
    def test_it_is_librosa_s(self, rate, n_fft, n_mels, fmin, fmax):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # empty bands
            theirs = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax)
        ours = mel_bank(rate, n_fft, n_mels, fmin, fmax)
        assert ours.shape == theirs.shape
        assert ours.dtype == np.float32
        assert np.abs(ours - theirs).max() <= 3e-7 * max(theirs.max(), 1e-3)

    @pytest.mark.parametrize(
        ("rate", "n_fft", "n_mels", "fmin", "fmax"),
        [
            (48_000, 2048, 128, 0.0, None),
            (48_000, 256, 128, 0.0, None),
            (48_000, 64, 128, 0.0, None),
            (8_000, 256, 20, 999.0, 1_001.0),
        ],
    )
    def test_bands_between_two_bins_are_counted(self, rate, n_fft, n_mels, fmin, fmax):
        bank = mel_bank(rate, n_fft, n_mels, fmin, fmax)
        assert empty_bands(rate, n_fft, n_mels, fmin, fmax) == (bank.max(axis=1) == 0).sum()

    def test_a_bank_of_many_bands_over_long_frames_takes_little_memory(self):
        """Dense, this one would be 5 GB."""
        power = np.ones((131_073, 2), np.float32)
        tracemalloc.start()
        bands = apply_mel_bank(power, sample_rate=48_000, n_mels=10_000)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert bands.shape == (10_000, 2)
        assert peak < 50e6

    def test_applying_it_is_the_matrix_product(self):
        power = np.random.default_rng(0).random((1_025, 7)).astype(np.float32)
        expected = mel_bank(48_000, 2048, 128, 50.0, 8_000.0).astype(np.float64) @ power
        ours = apply_mel_bank(power, sample_rate=48_000, n_mels=128, fmin=50.0, fmax=8_000.0)
        assert ours.dtype == np.float32
        assert np.abs(ours - expected).max() <= 1e-6 * expected.max()

    @given(st.floats(0, 24_000))
    def test_mels_are_librosa_s_and_lead_back_to_hertz(self, hz):
        mel = hz_to_mel(hz)
        assert mel == pytest.approx(float(librosa.hz_to_mel(hz)), abs=1e-9)
        assert mel_to_hz(np.array([mel]))[0] == pytest.approx(hz, abs=1e-6)

    def test_cached_arrays_are_read_only(self):
        with pytest.raises(ValueError, match="read-only"):
            mel_bank(48_000, 2048, 128)[0, 0] = 1


class TestPowerToDb:
    POWER = np.abs(np.random.default_rng(0).normal(0, 1e5, (64, 50))).astype(np.float32) ** 2
    POWER[:, :10] = 0

    @pytest.mark.parametrize("top_db", [80.0, 40.0, None])
    @pytest.mark.parametrize("reference", [1.0, 1e9, 1e-12])
    def test_it_is_librosa_s(self, reference, top_db):
        theirs = librosa.power_to_db(self.POWER, ref=reference, top_db=top_db)
        ours = power_to_db(self.POWER, reference=reference, top_db=top_db)
        assert ours.dtype == np.float32
        assert np.abs(ours - theirs).max() < 1e-4

    def test_silence_is_the_floor(self):
        assert power_to_db(np.zeros((3, 3), np.float32)) == pytest.approx(-100.0)

    def test_of_nothing_it_makes_nothing(self):
        assert power_to_db(np.zeros((3, 0), np.float32)).shape == (3, 0)

    def test_the_power_is_not_modified(self):
        before = self.POWER.copy()
        power_to_db(self.POWER)
        assert np.array_equal(self.POWER, before)


class TestSignal:
    def test_features_of_the_same_settings_share_one_spectrogram(self):
        signal = Signal(synthetic(5_000))
        first = signal.power_spectrogram(STUDY)[0]
        assert signal.power_spectrogram(StftSettings(2048, 512, PAD_TO))[0] is first
        assert signal.power_spectrogram(StftSettings(2048, 256, PAD_TO))[0] is not first

    def test_samples_are_freed_at_once_not_by_the_garbage_collector(self):
        samples = synthetic(5_000)
        freed, signal = weakref.ref(samples), Signal(samples)
        assert signal.at(48_000) is signal
        signal.at(16_000)
        gc.disable()
        try:
            del samples, signal
            assert freed() is None
        finally:
            gc.enable()

    def test_amplitudes_as_floats_are_not_scaled(self):
        as_float = Signal(np.array([-32_768, 0, 32_767], np.int16)).as_float
        assert as_float.dtype == np.float32
        assert as_float.tolist() == [-32_768.0, 0.0, 32_767.0]

    def test_its_own_rate_costs_nothing_and_another_is_resampled_once(self):
        signal = Signal(synthetic(48_000, "tone"))
        assert signal.at(48_000) is signal
        slower = signal.at(16_000)
        assert (slower.sample_rate, len(slower.samples)) == (16_000, 16_000)
        assert slower.samples.dtype == np.int16
        assert signal.at(16_000) is slower


@pytest.mark.usefixtures("numpy_alone")
class TestLongSignals:
    """A spectrogram that is too long to be shared is never held whole."""

    SAMPLES = synthetic(60_007, "noise")

    @pytest.mark.parametrize("pad_to", [0, PAD_TO])
    def test_piece_by_piece_the_bands_are_the_same(self, monkeypatch, pad_to):
        settings = StftSettings(512, 128, pad_to)
        whole, lead = Signal(self.SAMPLES).mel_spectrogram(settings, MelBank(40))
        monkeypatch.setattr("serkit.dsp.signal._SHARED_BYTES", 100 * frame_bytes(settings))
        pieces, same_lead = Signal(self.SAMPLES).mel_spectrogram(settings, MelBank(40))
        assert np.array_equal(pieces, whole)
        assert same_lead == lead

    def test_memory_does_not_grow_with_frames_times_bins(self):
        """One frame a sample: 60,008 frames of 1,025 bins would be 246 MB."""
        settings = StftSettings(2048, 1, 0)
        tracemalloc.start()
        bands, _ = Signal(self.SAMPLES).mel_spectrogram(settings, MelBank(8))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert bands.shape == (8, 60_008)
        assert peak < 120e6


@needs_kernel
class TestTheCompiledKernel:
    """It follows NumPy, frame by frame, for every length of frame that it knows."""

    @pytest.mark.parametrize("n_fft", [256, 512, 1024, 2048, 4096, 8192])
    @pytest.mark.parametrize("hop", [1, 100, 512, 9_000])
    @pytest.mark.parametrize("frames", [1, 777, 9_001])
    @pytest.mark.parametrize("pad_to", [0, 20_000])
    def test_it_agrees_with_numpy(self, monkeypatch, n_fft, hop, frames, pad_to):
        if hop == 1 and n_fft > 512:
            pytest.skip("thousands of long frames")
        settings, bank = StftSettings(n_fft, hop, pad_to), MelBank(30, 50.0, 16_000.0)
        samples = synthetic(frames, "noise")
        ours, lead = Signal(samples).mel_spectrogram(settings, bank)
        monkeypatch.setattr(kernel, "native", lambda: None)
        reference, same_lead = Signal(samples).mel_spectrogram(settings, bank)
        assert (ours.shape, ours.dtype, lead) == (reference.shape, reference.dtype, same_lead)
        assert np.abs(ours - reference).max(initial=0) <= 1e-6 * reference.max(initial=0)

    def test_a_frame_does_not_depend_on_those_computed_with_it(self):
        """Eight are computed at a time; any eight may come together."""
        samples = synthetic(20_000, "noise")
        settings, bank = StftSettings(512, 128, 0), MelBank(40)
        whole_clip, _ = Signal(samples).mel_spectrogram(settings, bank)
        for first in range(1, 10):
            rest, _ = Signal(samples[first * 128 :]).mel_spectrogram(settings, bank)
            assert np.array_equal(rest[:, 2:], whole_clip[:, first + 2 :])

    def test_announced_banks_are_computed_together(self, monkeypatch):
        calls = []
        module = kernel.native()

        class Counted:
            FRAME_LENGTHS = module.FRAME_LENGTHS

            def mel_spectrograms(self, *given):
                calls.append(len(given[-1]))
                return module.mel_spectrograms(*given)

        alone, _ = Signal(synthetic(9_000)).mel_spectrogram(STUDY, MelBank(20))
        monkeypatch.setattr(kernel, "native", Counted)
        signal = Signal(synthetic(9_000))
        signal.announce_mel(STUDY, MelBank(10))
        signal.announce_mel(STUDY, MelBank(20))
        assert signal.mel_spectrogram(STUDY, MelBank(10))[0].shape[0] == 10
        assert np.array_equal(signal.mel_spectrogram(STUDY, MelBank(20))[0], alone)
        assert calls == [2]

    def test_bands_between_two_bins_are_zero(self):
        bands, _ = Signal(synthetic(9_000)).mel_spectrogram(StftSettings(256, 64, 0), MelBank(128))
        assert (bands.max(axis=1) == 0).sum() == 34

    def test_a_clip_longer_than_its_padded_form_is_an_error(self):
        with pytest.raises(ClipTooLongError):
            Signal(np.ones(PAD_TO + 1, np.int16)).mel_spectrogram(STUDY, MelBank(8))

    @pytest.mark.parametrize(
        ("change", "error"),
        [
            ({"samples": np.zeros(447, np.int16)}, "there are fewer samples than the frames need"),
            ({"samples": np.zeros(9_000, np.int32)}, "expected an array of type 'h', got 'i'"),
            ({"window": np.zeros(300, np.float32)}, "frames of 300 samples are not supported"),
            ({"hop": 0}, "there are fewer samples than the frames need"),
            ({"live": -1}, "there are fewer samples than the frames need"),
            ({"starts": np.array([-1, 0], np.int32)}, "a bank does not fit its frames"),
            ({"starts": np.array([0, 129], np.int32)}, "a bank does not fit its frames"),
            ({"lengths": np.array([1], np.int32)}, "a bank does not fit its frames"),
            ({"weights": np.ones(1, np.float32)}, "a bank does not fit its frames"),
            ({"out": np.zeros((2, 3), np.float32)}, "a bank does not fit its frames"),
        ],
    )
    def test_it_stays_within_its_buffers(self, change, error):
        given = {
            "samples": np.zeros(9_000, np.int16),
            "window": hann(256),
            "hop": 64,
            "live": 4,
            "starts": np.array([0, 128], np.int32),
            "lengths": np.array([2, 1], np.int32),
            "weights": np.ones(3, np.float32),
            "out": np.zeros((2, 4), np.float32),
        } | change
        *first, starts, lengths, weights, out = given.values()
        with pytest.raises((ValueError, TypeError), match=error):
            kernel.native().mel_spectrograms(*first, [(starts, lengths, weights, out)])
