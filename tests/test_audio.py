"""Reading audio files: every form of sample becomes int16 at 48 kHz, every bad file one error."""

from __future__ import annotations

import hashlib
import struct
from contextlib import suppress

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serkit.audio import Audio, read_audio, read_header, resample, write_wav
from serkit.errors import (
    AudioError,
    EmptyAudioError,
    NonFiniteAudioError,
    TruncatedAudioError,
    UnreadableAudioError,
)


def noise(frames=4_800, channels=None, seed=0):
    shape = frames if channels is None else (frames, channels)
    return np.random.default_rng(seed).integers(-32_768, 32_768, shape).astype(np.int16)


def wav_bytes(tmp_path, samples, rate=48_000):
    path = tmp_path / "whole.wav"
    write_wav(path, samples, rate)
    return bytearray(path.read_bytes())


def read_bytes(tmp_path, data, name="clip.wav"):
    path = tmp_path / name
    path.write_bytes(data)
    return read_audio(path)


class TestSampleFormats:
    def test_sixteen_bit_samples_come_back_as_they_are(self, tmp_path):
        samples = noise()
        write_wav(tmp_path / "clip.wav", samples)
        audio = read_audio(tmp_path / "clip.wav")
        assert audio.samples.dtype == np.int16
        assert np.array_equal(audio.samples, samples)
        assert (audio.num_frames, audio.channels, audio.resampled_from) == (4_800, 1, None)

    @pytest.mark.parametrize(("subtype", "dropped"), [("PCM_24", 8), ("PCM_32", 16)])
    @pytest.mark.parametrize("form", ["WAV", "WAVEX"])
    def test_wider_integers_keep_their_upper_sixteen_bits(self, tmp_path, subtype, dropped, form):
        wide = np.random.default_rng(1).integers(-(2**31), 2**31, 1_000).astype(np.int32)
        wide &= ~0 << (16 - dropped)  # soundfile takes 32 bits and keeps the upper ones
        soundfile.write(tmp_path / "clip.wav", wide, 48_000, subtype=subtype, format=form)
        assert np.array_equal(read_audio(tmp_path / "clip.wav").samples, wide >> 16)

    @pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
    def test_floats_are_scaled_rounded_and_clipped(self, tmp_path, subtype):
        floats = np.array([0.0, 0.5, -0.5, -1.0, 1.0, 1.7, -3.0, 0.6 / 32_768, -0.4 / 32_768])
        soundfile.write(tmp_path / "clip.wav", floats, 48_000, subtype=subtype)
        expected = [0, 16_384, -16_384, -32_768, 32_767, 32_767, -32_768, 1, 0]
        assert read_audio(tmp_path / "clip.wav").samples.tolist() == expected

    @given(st.lists(st.integers(-32_768, 32_767), min_size=1, max_size=50))
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
    def test_floats_made_from_int16_come_back_exactly(self, tmp_path, amplitudes):
        samples = np.array(amplitudes, np.int16)
        soundfile.write(tmp_path / "f.wav", samples / 32_768, 48_000, subtype="FLOAT")
        assert np.array_equal(read_audio(tmp_path / "f.wav").samples, samples)

    def test_flac_gives_the_same_as_wav(self, tmp_path):
        samples = noise(channels=2)
        write_wav(tmp_path / "clip.wav", samples)
        soundfile.write(tmp_path / "clip.flac", samples, 48_000, subtype="PCM_16")
        wav, flac = read_audio(tmp_path / "clip.wav"), read_audio(tmp_path / "clip.flac")
        assert np.array_equal(wav.samples, flac.samples)
        assert wav.pcm_sha256 == flac.pcm_sha256

    def test_of_stereo_channel_0_is_taken(self, tmp_path):
        samples = noise(channels=2)
        write_wav(tmp_path / "clip.wav", samples)
        audio = read_audio(tmp_path / "clip.wav")
        assert np.array_equal(audio.samples, samples[:, 0])
        assert audio.channels == 2

    @pytest.mark.parametrize("channels", [1, 2])
    def test_the_hash_is_of_the_interleaved_little_endian_int16_samples(self, tmp_path, channels):
        samples = noise(channels=channels)
        write_wav(tmp_path / "clip.wav", samples)
        interleaved = struct.pack(f"<{samples.size}h", *samples.ravel().tolist())
        expected = hashlib.sha256(interleaved).hexdigest()
        assert read_audio(tmp_path / "clip.wav").pcm_sha256 == expected

    @pytest.mark.parametrize("form", ["wav", "flac"])
    @pytest.mark.parametrize("frames", [95, 96, 97])
    def test_a_long_file_is_decoded_piece_by_piece(self, tmp_path, monkeypatch, form, frames):
        monkeypatch.setattr("serkit.audio.reading._BLOCK", 32)
        samples = noise(frames, channels=2)
        soundfile.write(tmp_path / f"clip.{form}", samples, 48_000, subtype="PCM_16")
        assert np.array_equal(read_audio(tmp_path / f"clip.{form}").samples, samples[:, 0])

    def test_a_capital_suffix_is_the_same(self, tmp_path):
        write_wav(tmp_path / "clip.WAV", noise())
        assert read_audio(tmp_path / "clip.WAV").num_frames == 4_800


class TestChunksAroundTheSamples:
    def test_other_chunks_before_and_behind_the_samples_are_passed_over(self, tmp_path):
        samples = noise(100)
        whole = wav_bytes(tmp_path, samples)
        fllr = b"FLLR" + struct.pack("<I", 3_001) + bytes(3_002)  # odd: one byte of padding
        xmp = b"_PMX" + struct.pack("<I", 50_000) + b"x" * 50_000
        data = whole[:36] + fllr + whole[36:] + xmp
        data[4:8] = struct.pack("<I", len(data) - 8)
        assert np.array_equal(read_bytes(tmp_path, data).samples, samples)

    def test_samples_of_unknown_length_are_read_to_the_end(self, tmp_path):
        samples = noise(100)
        data = wav_bytes(tmp_path, samples)
        data[40:44] = b"\xff" * 4
        assert np.array_equal(read_bytes(tmp_path, data).samples, samples)

    def test_the_published_wav_files_hold_what_their_flac_copies_hold(self, ravdess):
        originals = sorted((ravdess / "original-wav").glob("*.wav"))
        assert len(originals) == 4
        for path in originals:
            flac = ravdess / f"Actor_{path.stem[-2:]}" / f"{path.stem}.flac"
            assert b"FLLR" in path.read_bytes()[:100]
            wav, copy = read_audio(path), read_audio(flac)
            assert wav.pcm_sha256 == copy.pcm_sha256
            assert wav.channels == copy.channels
            assert np.array_equal(wav.samples, copy.samples)


class TestRates:
    @pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 96_000])
    def test_another_rate_is_resampled_to_48_khz_and_noted(self, tmp_path, rate):
        tone = (8_000 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)).astype(np.int16)
        write_wav(tmp_path / "clip.wav", tone, rate)
        audio = read_audio(tmp_path / "clip.wav")
        assert audio.resampled_from == rate
        assert audio.num_frames == pytest.approx(48_000, abs=1)
        expected = 8_000 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000)
        middle = slice(2_000, 46_000)  # the ends ring
        assert np.abs(audio.samples[middle] - expected[middle]).max() < 4

    def test_the_hash_is_of_the_samples_before_resampling(self, tmp_path):
        samples = noise()
        write_wav(tmp_path / "clip.wav", samples, 22_050)
        audio = read_audio(tmp_path / "clip.wav")
        assert audio.pcm_sha256 == hashlib.sha256(samples.tobytes()).hexdigest()

    def test_silence_stays_silent(self):
        assert not resample(np.zeros(2_000, np.int16), 22_050, 48_000).any()

    def test_overshoot_is_clipped_and_does_not_wrap_around(self):
        square = np.where(np.arange(4_410) // 100 % 2, 32_767, -32_768).astype(np.int16)
        louder = resample(square, 44_100, 48_000)
        assert louder.max() == 32_767
        assert louder.min() == -32_768
        # Wrapped samples would jump from one end to the other inside a half-wave.
        assert (louder[30:80] < -20_000).all()

    @pytest.mark.parametrize("rate", [7, 400_000_000])
    def test_a_rate_that_no_recording_has_is_an_error(self, tmp_path, rate):
        data = wav_bytes(tmp_path, noise())
        data[24:28] = struct.pack("<I", rate)
        with pytest.raises(UnreadableAudioError) as caught:
            read_bytes(tmp_path, data)
        assert str(caught.value) == (
            f"clip.wav has a sample rate of {rate:,} Hz; 1,000 to 1,000,000 Hz are allowed"
        )

    def test_too_short_to_resample_counts_as_empty(self, tmp_path):
        write_wav(tmp_path / "clip.wav", noise(1), 192_000)
        with pytest.raises(EmptyAudioError, match="too short to resample from 192000 Hz"):
            read_audio(tmp_path / "clip.wav")


class TestBadFiles:
    def test_an_empty_file(self, tmp_path):
        with pytest.raises(EmptyAudioError, match=r"^clip\.wav is an empty file$"):
            read_bytes(tmp_path, b"")

    @pytest.mark.parametrize("suffix", ["wav", "flac"])
    def test_a_header_without_samples(self, tmp_path, suffix):
        soundfile.write(tmp_path / f"clip.{suffix}", np.zeros(0, np.int16), 48_000)
        with pytest.raises(AudioError, match=rf"^clip\.{suffix} ") as caught:
            read_audio(tmp_path / f"clip.{suffix}")
        if suffix == "wav":
            assert type(caught.value) is EmptyAudioError
            assert str(caught.value) == "clip.wav holds no samples"

    def test_a_wav_file_that_breaks_off_in_its_samples(self, tmp_path):
        data = wav_bytes(tmp_path, noise())
        with pytest.raises(TruncatedAudioError) as caught:
            read_bytes(tmp_path, data[:-1_000])
        assert str(caught.value) == "clip.wav ends 1,000 bytes before its header says"

    def test_a_wav_file_that_breaks_off_in_its_header(self, tmp_path):
        data = wav_bytes(tmp_path, noise())
        with pytest.raises(TruncatedAudioError, match=r"^clip\.wav ends before its first sample$"):
            read_bytes(tmp_path, data[:36])

    def test_a_flac_file_that_breaks_off(self, tmp_path):
        soundfile.write(tmp_path / "whole.flac", noise(48_000), 48_000)
        data = (tmp_path / "whole.flac").read_bytes()
        with pytest.raises(TruncatedAudioError, match=r"^clip\.flac "):
            read_bytes(tmp_path, data[: len(data) // 2], "clip.flac")

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_samples_that_are_no_numbers(self, tmp_path, value):
        floats = np.zeros((100, 2))
        floats[7:9, 1] = value
        soundfile.write(tmp_path / "clip.wav", floats, 48_000, subtype="FLOAT")
        with pytest.raises(NonFiniteAudioError) as caught:
            read_audio(tmp_path / "clip.wav")
        assert str(caught.value) == "clip.wav holds 2 samples that are NaN or infinite"

    @pytest.mark.parametrize("name", ["clip.wav", "clip.flac"])
    def test_a_text_file(self, tmp_path, name):
        with pytest.raises(UnreadableAudioError) as caught:
            read_bytes(tmp_path, b"these are the notes of a meeting\n" * 9, name)
        assert str(caught.value) == (
            f"{name} cannot be decoded (Format not recognised); WAV and FLAC files can"
        )

    def test_a_file_that_is_not_there(self, tmp_path):
        with pytest.raises(UnreadableAudioError) as caught:
            read_audio(tmp_path / "clip.wav")
        assert str(caught.value) == "clip.wav cannot be read (No such file or directory)"

    def test_a_folder(self, tmp_path):
        (tmp_path / "clip.wav").mkdir()
        with pytest.raises(UnreadableAudioError, match=r"^clip\.wav cannot be read \("):
            read_audio(tmp_path / "clip.wav")

    @pytest.mark.parametrize(
        ("total", "error", "says"),
        [
            (0, UnreadableAudioError, "does not say how long it is (it was streamed)"),
            (2**36 - 1, TruncatedAudioError, "breaks off or is damaged"),
        ],
    )
    def test_a_flac_header_cannot_claim_all_memory(self, tmp_path, total, error, says):
        soundfile.write(tmp_path / "whole.flac", noise(), 48_000)
        data = bytearray((tmp_path / "whole.flac").read_bytes())
        facts = int.from_bytes(data[18:26], "big") >> 36 << 36  # the last 36 bits are the length
        data[18:26] = (facts | total).to_bytes(8, "big")
        with pytest.raises(error) as caught:
            read_bytes(tmp_path, data, "clip.flac")
        assert says in str(caught.value)

    @given(
        position=st.integers(0, 600),
        value=st.integers(0, 255),
        length=st.integers(0, 700),
        form=st.sampled_from(["wav", "flac"]),
    )
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
    def test_whatever_is_damaged_there_is_samples_or_a_typed_error(
        self, tmp_path, position, value, length, form
    ):
        whole = tmp_path / f"whole.{form}"
        if not whole.exists():
            soundfile.write(whole, noise(300), 48_000, subtype="PCM_16")
        data = bytearray(whole.read_bytes())
        data[position % len(data)] = value
        (tmp_path / f"clip.{form}").write_bytes(data[: max(length, 1)])
        with suppress(AudioError):  # any other error fails
            audio = read_audio(tmp_path / f"clip.{form}")
            assert audio.samples.dtype == np.int16
            assert audio.num_frames > 0

    def test_every_audio_error_is_a_value_error(self):
        for kind in (EmptyAudioError, TruncatedAudioError, NonFiniteAudioError):
            assert issubclass(kind, AudioError)
            assert issubclass(kind, ValueError)


class TestHeader:
    def test_a_header_tells_rate_channels_and_length_without_decoding(self, tmp_path):
        write_wav(tmp_path / "clip.wav", noise(321, channels=2), 22_050)
        header = read_header(tmp_path / "clip.wav")
        assert (header.sample_rate, header.channels, header.frames) == (22_050, 2, 321)

    def test_a_bad_header_is_the_same_error_as_when_reading(self, tmp_path):
        (tmp_path / "clip.wav").write_bytes(wav_bytes(tmp_path, noise())[:-10])
        with pytest.raises(TruncatedAudioError, match="10 bytes before"):
            read_header(tmp_path / "clip.wav")


def test_what_is_written_is_read_back(tmp_path):
    write_wav(tmp_path / "clip.wav", noise(channels=2))
    assert isinstance(read_audio(tmp_path / "clip.wav"), Audio)
    assert soundfile.info(tmp_path / "clip.wav").subtype == "PCM_16"
