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
    UnfinishedAudioError,
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
    def test_floats_are_scaled_and_rounded(self, tmp_path, subtype):
        floats = np.array([0.0, 0.5, -0.5, -1.0, 1.0, 0.6 / 32_768, -0.4 / 32_768])
        soundfile.write(tmp_path / "clip.wav", floats, 48_000, subtype=subtype)
        audio = read_audio(tmp_path / "clip.wav")
        assert audio.samples.tolist() == [0, 16_384, -16_384, -32_768, 32_767, 1, 0]
        assert audio.notes == ()

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


class TestFloatsBeyondFullScale:
    """They are never clipped in silence."""

    @pytest.mark.parametrize("block", [10, 10_000])
    def test_are_scaled_down_to_it_all_together(self, tmp_path, monkeypatch, block):
        monkeypatch.setattr("serkit.audio.reading._BLOCK", block)
        tone = 8 * np.sin(np.arange(1_000) / 20)
        soundfile.write(tmp_path / "clip.wav", tone, 48_000, subtype="FLOAT")
        audio = read_audio(tmp_path / "clip.wav")
        assert audio.samples.max() == 32_767
        assert np.abs(audio.samples - tone / np.abs(tone).max() * 32_767).max() < 1
        assert audio.notes == (
            "its float samples reach 8 times full scale: all are scaled down by 18.1 dB",
        )

    def test_that_are_whole_numbers_are_int16_amplitudes(self, tmp_path):
        samples = noise()
        write_wav(tmp_path / "int.wav", samples)
        soundfile.write(tmp_path / "clip.wav", samples.astype(float), 48_000, subtype="FLOAT")
        audio = read_audio(tmp_path / "clip.wav")
        assert np.array_equal(audio.samples, samples)
        assert audio.pcm_sha256 == read_audio(tmp_path / "int.wav").pcm_sha256
        assert audio.notes == (
            f"its float samples are whole numbers up to {np.abs(samples.astype(int)).max():,}: "
            "read as int16",
        )

    def test_of_a_lossy_codec_are_clipped_as_players_do_and_never_wrap(self, tmp_path):
        square = 0.999 * np.sign(np.sin(np.arange(24_000) * 2 * np.pi * 440 / 48_000))
        soundfile.write(tmp_path / "clip.ogg", square, 48_000, format="OGG", subtype="VORBIS")
        (tmp_path / "clip.ogg").rename(tmp_path / "clip.wav")
        exact, _ = soundfile.read(tmp_path / "clip.wav")
        audio = read_audio(tmp_path / "clip.wav")
        expected = np.clip(np.rint(exact * 32_768), -32_768, 32_767)
        assert np.array_equal(audio.samples, expected)
        beyond = int((np.abs(exact) > 1 + 0.5 / 32_768).sum())
        assert beyond > 0
        assert audio.notes == (
            f"{beyond:,} samples that Vorbis overshoots beyond full scale are clipped",
        )


class TestChannels:
    def stereo(self, tmp_path):
        samples = noise(channels=2)
        samples[:, 0] //= 2_000
        write_wav(tmp_path / "clip.wav", samples)
        return tmp_path / "clip.wav", samples

    def test_a_silent_channel_beside_a_loud_one_is_noted(self, tmp_path):
        path, _ = self.stereo(tmp_path)
        assert read_audio(path).notes == (
            "channel 0, which is read, is all but silent beside channel 1 (--channel 1 reads that)",
        )

    def test_another_can_be_chosen_and_has_a_hash_of_its_own(self, tmp_path):
        path, samples = self.stereo(tmp_path)
        audio = read_audio(path, channel=1)
        assert np.array_equal(audio.samples, samples[:, 1])
        assert audio.pcm_sha256 == hashlib.sha256(samples[:, 1].tobytes()).hexdigest()
        assert (audio.channels, audio.notes) == (2, ())

    def test_a_missing_one_is_an_error(self, tmp_path):
        path, _ = self.stereo(tmp_path)
        with pytest.raises(UnreadableAudioError, match=r"has no channel 2; 0 to 1 are"):
            read_audio(path, channel=2)

    def test_mono_files_ignore_the_requested_channel(self, tmp_path):
        write_wav(tmp_path / "clip.wav", noise())
        one, two = (read_audio(tmp_path / "clip.wav", channel=n) for n in (0, 1))
        assert one.pcm_sha256 == two.pcm_sha256


FORMAT = struct.pack("<HHIIHH", 1, 1, 48_000, 96_000, 2, 16)
PCM = noise(4_800, seed=3).astype("<i2").tobytes()


def riff(length, *, held=PCM, whole=None, behind=b""):
    whole = length + 36 if whole is None else whole
    head = b"RIFF" + struct.pack("<I", whole & 0xFFFFFFFF) + b"WAVEfmt " + struct.pack("<I", 16)
    return head + FORMAT + b"data" + struct.pack("<I", length) + held + behind


def rf64(length, held=PCM):
    sizes = struct.pack("<IQQQI", 28, length + 72, length, length // 2, 0)
    head = b"RF64\xff\xff\xff\xffWAVEds64" + sizes + b"fmt " + struct.pack("<I", 16) + FORMAT
    return head + b"data\xff\xff\xff\xff" + held


def rifx(length, held=PCM):
    form = struct.pack(">HHIIHH", 1, 1, 48_000, 96_000, 2, 16)
    head = b"RIFX" + struct.pack(">I", length + 36) + b"WAVEfmt " + struct.pack(">I", 16) + form
    return head + b"data" + struct.pack(">I", length) + held


def aiff(length, held=PCM):
    rate = bytes.fromhex("400ebb80000000000000")  # 48,000 as an 80-bit float
    common = b"COMM" + struct.pack(">IhIh", 18, 1, length // 2, 16) + rate
    sound = b"SSND" + struct.pack(">III", length + 8, 0, 0) + held
    return b"FORM" + struct.pack(">I", 4 + len(common) + 16 + length) + b"AIFF" + common + sound


CONTAINERS = {"RIFF": riff, "RIFX": rifx, "RF64": rf64, "AIFF": aiff}
ORDER = {"RIFX": ">i2", "RF64": "<i2"}
WHOLE = len(PCM)


class TestSizes:
    """What a header promises is compared with what the file holds, both ways."""

    @pytest.mark.parametrize("form", CONTAINERS)
    def test_as_promised(self, tmp_path, form):
        audio = read_bytes(tmp_path, CONTAINERS[form](WHOLE))
        assert (audio.num_frames, audio.notes) == (4_800, ())

    @pytest.mark.parametrize("form", CONTAINERS)
    def test_less_than_promised(self, tmp_path, form):
        with pytest.raises(TruncatedAudioError) as caught:
            read_bytes(tmp_path, CONTAINERS[form](2 * WHOLE))
        assert str(caught.value) == f"clip.wav ends {WHOLE:,} bytes before its header says"

    @pytest.mark.parametrize("form", CONTAINERS)
    def test_more_than_promised(self, tmp_path, form):
        with pytest.raises(UnfinishedAudioError) as caught:
            read_bytes(tmp_path, CONTAINERS[form](960))
        assert str(caught.value) == (
            f"clip.wav holds {WHOLE - 960:,} bytes more than its header says; its recorder did "
            "not finish: open it in an audio editor and save it again"
        )

    @pytest.mark.parametrize("kind", ["wav", "flac"])
    def test_much_more_than_a_flac_header_promises(self, tmp_path, kind):
        soundfile.write(tmp_path / "whole.flac", noise(48_000), 48_000)
        data = bytearray((tmp_path / "whole.flac").read_bytes())
        facts = int.from_bytes(data[18:26], "big") >> 36 << 36
        data[18:26] = (facts | 480).to_bytes(8, "big")
        with pytest.raises(UnfinishedAudioError, match=r"holds \d\d,\d{3} bytes more"):
            read_bytes(tmp_path, data, f"clip.{kind}")

    @pytest.mark.parametrize(
        "length",
        [
            0xFFFFFFFF,
            0x7FFFFFFF,
            0x7FFFF000,
            *(0x7FFFEFFF, 0x7FFFEFFC),  # sox, of 24 bit and of six channels
            *(0xFFFFFFDB, 0xFFFFFF9B),  # 36 and 100 less than there can be
            0,
        ],
    )
    def test_an_unset_size_is_unknown(self, tmp_path, length):
        for whole in (length + 36, 36, 0):
            audio = read_bytes(tmp_path, riff(length, whole=whole))
            assert audio.samples.tobytes() == PCM
            assert audio.notes == (
                "its header does not say how long it is: all that is there is read, 4,800 frames",
            )
            assert read_header(tmp_path / "clip.wav").frames == 4_800

    @pytest.mark.parametrize("form", ORDER)
    def test_also_in_other_containers(self, tmp_path, form):
        audio = read_bytes(tmp_path, CONTAINERS[form](0))
        assert np.array_equal(audio.samples, np.frombuffer(PCM, ORDER[form]))
        assert len(audio.notes) == 1

    def test_a_flac_file_that_was_streamed(self, tmp_path, monkeypatch):
        samples = noise(48_000, channels=2)
        soundfile.write(tmp_path / "whole.flac", samples, 48_000)
        data = bytearray((tmp_path / "whole.flac").read_bytes())
        facts = int.from_bytes(data[18:26], "big") >> 36 << 36
        data[18:26] = facts.to_bytes(8, "big")
        for block in (1_000, 48_000, 1 << 22):
            monkeypatch.setattr("serkit.audio.reading._BLOCK", block)
            audio = read_bytes(tmp_path, data, "clip.flac")
            assert np.array_equal(audio.samples, samples[:, 0])
            assert "does not say how long it is" in audio.notes[0]
            assert read_header(tmp_path / "clip.flac").frames == 48_000

    @pytest.mark.parametrize(
        "behind",
        [
            b"LIST" + struct.pack("<I", 4_000) + bytes(range(1, 251)) * 16,
            b"LIST" + struct.pack("<I", 5) + b"INFOx\0" + b"id3 " + struct.pack("<I", 9) + b"x" * 9,
            b"TAG" + b"x" * 125,  # ID3v1
            bytes(5_000),
        ],
    )
    @pytest.mark.parametrize("odd", [0, 1])
    def test_data_after_the_samples_are_ignored(self, tmp_path, behind, odd):
        held = PCM + b"\x7f" * odd  # not every writer pads an odd number of bytes
        data = riff(len(held), held=held, behind=behind)
        assert read_bytes(tmp_path, data).notes == ()

    def test_no_samples_and_only_tags_behind_is_empty(self, tmp_path):
        data = riff(0, held=b"", behind=b"LIST" + struct.pack("<I", 4) + b"INFO")
        with pytest.raises(EmptyAudioError, match="holds no samples"):
            read_bytes(tmp_path, data)


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

    def test_a_missing_file(self, tmp_path):
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
    def test_a_header_gives_rate_channels_and_length_without_decoding(self, tmp_path):
        write_wav(tmp_path / "clip.wav", noise(321, channels=2), 22_050)
        header = read_header(tmp_path / "clip.wav")
        assert (header.sample_rate, header.channels, header.frames) == (22_050, 2, 321)

    def test_a_bad_header_is_the_same_error_as_when_reading(self, tmp_path):
        (tmp_path / "clip.wav").write_bytes(wav_bytes(tmp_path, noise())[:-10])
        with pytest.raises(TruncatedAudioError, match="10 bytes before"):
            read_header(tmp_path / "clip.wav")


def test_written_audio_is_read_back(tmp_path):
    write_wav(tmp_path / "clip.wav", noise(channels=2))
    assert isinstance(read_audio(tmp_path / "clip.wav"), Audio)
    assert soundfile.info(tmp_path / "clip.wav").subtype == "PCM_16"
