"""Padding: the same bytes by NumPy and by the compiled package, where that is installed."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import numpy as np
import pytest
from xxhash import xxh3_64_intdigest

import storekit as kit
from serkit.dsp import kernel
from serkit.errors import StoreCorruptError
from serkit.store.padding import pad_and_digest, pad_front
from serkit.store.store import FeatureStore

needs_native = pytest.mark.skipif(
    not hasattr(kernel.native(), "pad_rows"),
    reason="serkit-native 0.3.0 is not installed (pip install ./native)",
)


@pytest.fixture
def numpy_alone(monkeypatch):
    """Pad as where the compiled package is not installed."""
    monkeypatch.setattr(kernel, "native", lambda: None)


needs_digest = pytest.mark.skipif(
    not hasattr(kernel.native(), "pad_and_digest"),
    reason="serkit-native 0.4.0 is not installed, or the processor has no AVX2",
)


@pytest.fixture
def without_digest(monkeypatch):
    """Pad as with serkit-native 0.3.0, and on processors without AVX2."""
    older = SimpleNamespace(pad_rows=kernel.native().pad_rows)
    monkeypatch.setattr(kernel, "native", lambda: older)


@pytest.fixture(
    params=[
        "numpy_alone",
        pytest.param("without_digest", marks=needs_native),
        pytest.param("native", marks=needs_digest),
    ]
)
def either_way(request):
    """Pad with NumPy, and where it is installed with the compiled package, old and new."""
    if request.param != "native":
        request.getfixturevalue(request.param)


def values(shape, dtype):
    """Return values none of which is zero."""
    return (np.arange(np.prod(shape)) % 100 + 1).astype(dtype).reshape(shape)


@pytest.mark.usefixtures("either_way")
class TestPadFront:
    @pytest.mark.parametrize("dtype", ["int16", "float16", "float32", "float64"])
    @pytest.mark.parametrize("item", [(), (1,), (3,), (2, 3), (0,)])
    @pytest.mark.parametrize(("live", "length"), [(0, 4), (1, 4), (3, 4), (4, 4), (0, 0), (70, 99)])
    def test_zeros_stand_in_front_of_the_values(self, dtype, item, live, length):
        clip = values((*item, live), dtype)
        out = np.full((*item, length), 7, dtype)
        pad_front(clip, out)
        assert np.array_equal(out[..., length - live :], clip)
        assert not out[..., : length - live].any()

    def test_only_this_clip_s_place_is_written(self):
        batch = np.full((3, 2, 5), 7, np.float32)
        pad_front(values((2, 3), np.float32), batch[1])
        assert (batch[[0, 2]] == 7).all()
        assert batch[1].tolist() == [[0, 0, 1, 2, 3], [0, 0, 4, 5, 6]]

    def test_values_that_may_not_be_written_to_are_read(self):
        clip = np.frombuffer(values((2, 3), np.float32).tobytes(), np.float32).reshape(2, 3)
        out = np.empty((2, 4), np.float32)
        pad_front(clip, out)
        assert np.array_equal(out[:, 1:], clip)

    def test_values_may_begin_at_any_byte(self):
        """As they do in stores written before parts were aligned."""
        content = b"?" + values((2, 3), np.float32).tobytes()
        clip = np.frombuffer(content, np.float32, 6, offset=1).reshape(2, 3)
        out = np.empty((2, 4), np.float32)
        pad_front(clip, out)
        assert out.tolist() == [[0, 1, 2, 3], [0, 4, 5, 6]]

    def test_values_that_are_too_long_are_an_error(self):
        with pytest.raises(ValueError):
            pad_front(values((2, 5), np.float32), np.empty((2, 4), np.float32))


@pytest.mark.usefixtures("either_way")
class TestPadAndDigest:
    @pytest.mark.parametrize("lead", [0, 90, 5000])
    @pytest.mark.parametrize("item", [(), (3,), (2, 64)])
    @pytest.mark.parametrize("live", [0, 1, 60, 61, 1025, 4999])
    def test_pads_as_ever_and_returns_the_checksum_that_is_stored(self, item, live, lead):
        clip = np.random.default_rng(0).random((*item, live), np.float32)
        out, expected = np.full((2, *item, lead + live), 7, np.float32)
        assert pad_and_digest(clip, out) == xxh3_64_intdigest(clip.data)
        pad_front(clip, expected)
        assert np.array_equal(out, expected)

    @pytest.mark.parametrize("size", [*range(200, 400), 1023, 1024, 1025, 1088, 1089, 2048, 9999])
    def test_every_length_has_its_checksum(self, size):
        clip = np.random.default_rng(size).integers(256, size=size).astype(np.uint8)
        assert pad_and_digest(clip, np.empty(size + 50, np.uint8)) == xxh3_64_intdigest(clip.data)

    def test_every_byte_counts(self):
        clip = np.random.default_rng(0).integers(256, size=3000).astype(np.uint8)
        out = np.empty_like(clip)
        intact = pad_and_digest(clip, out)
        for place in range(len(clip)):
            clip[place] ^= 1
            assert pad_and_digest(clip, out) != intact
            clip[place] ^= 1
        assert pad_and_digest(clip, out) == intact

    def test_values_may_begin_at_any_byte(self):
        content = b"?" + values((4, 30), np.float32).tobytes()
        clip = np.frombuffer(content, np.float32, 120, offset=1).reshape(4, 30)
        out = np.empty((4, 40), np.float32)
        assert pad_and_digest(clip, out) == xxh3_64_intdigest(content[1:])
        assert np.array_equal(out[:, 10:], clip)

    def test_values_that_are_too_long_are_an_error(self):
        with pytest.raises(ValueError):
            pad_and_digest(values((20, 5), np.float32), np.empty((20, 4), np.float32))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    corpus = kit.make_clips(tmp_path_factory.mktemp("corpus"), range(6))
    path = tmp_path_factory.mktemp("padding") / "store"
    kit.fill(corpus, path, [kit.raw(), kit.mel()])
    return path


@pytest.mark.usefixtures("either_way")
class TestABatch:
    @pytest.mark.parametrize("feature", ["raw", "mel8"])
    def test_it_holds_every_clip_in_the_requested_order(self, path, feature):
        store = FeatureStore(path)
        ids = [kit.clip_id(number) for number in (4, 0, 4, 2)]
        batch = store.read(feature, ids)
        unpadded = store.read(feature, ids, padded=False).X
        for padded, clip in zip(batch.X, unpadded, strict=True):
            lead = padded.shape[-1] - clip.shape[-1]
            assert lead > 0
            assert np.array_equal(padded[..., lead:], clip)
            assert not padded[..., :lead].any()

    @pytest.mark.parametrize("padded", [True, False])
    def test_damaged_values_are_refused_with_the_same_sentence(self, path, tmp_path, padded):
        store = kit.copy_store(path, tmp_path / "damaged")
        rows = FeatureStore(store).state.index["mel8"].values()
        last = max(rows, key=lambda row: (row.part, row.offset))
        kit.flip(store / last.part, -1)
        with pytest.raises(StoreCorruptError) as error:
            FeatureStore(store).load("mel8", padded=padded)
        assert str(error.value).startswith(
            f"the values of clip {last.clip_id} in {last.part} are not what was written"
        )


def test_a_package_from_before_padding_was_compiled_is_passed_over(monkeypatch):
    monkeypatch.setattr(kernel, "native", object)
    out = np.full(4, 7, np.int16)
    pad_front(np.array([1, 2], np.int16), out)
    assert out.tolist() == [0, 0, 1, 2]


@needs_native
class TestTheCompiledFunction:
    @pytest.mark.parametrize(
        ("clip", "out", "error"),
        [
            (
                np.ones((2, 3), "f4"),
                np.empty((2, 4), "f8"),
                "expected an array of type 'd', got 'f'",
            ),
            (np.ones((2, 3), "f4"), np.empty((2, 2), "f4"), "the values do not fit"),
            (np.ones((3, 3), "f4"), np.empty((2, 4), "f4"), "the values do not fit"),
            (np.ones((1, 3), "f4"), np.empty((2, 4), "f4"), "the values do not fit"),
            (np.ones(3, "f4"), np.empty((2, 4), "f4"), "the values do not fit"),
            (np.ones((), "f4"), np.empty((), "f4"), "the values do not fit"),
            (np.ones((3, 2), "f4").T, np.empty((2, 4), "f4"), "not C-contiguous"),
            (np.ones((2, 3), "f4"), np.empty((2, 8), "f4")[:, ::2], "not C-contiguous"),
            (np.ones(3, "f4"), np.frombuffer(bytes(16), "f4"), "read-only"),
        ],
    )
    @pytest.mark.parametrize(
        "name", ["pad_rows", pytest.param("pad_and_digest", marks=needs_digest)]
    )
    def test_it_stays_within_its_arrays(self, name, clip, out, error):
        with pytest.raises((ValueError, TypeError, BufferError), match=error):
            getattr(kernel.native(), name)(clip, out)

    @needs_digest
    def test_fewer_bytes_than_the_checksum_takes_are_refused(self):
        with pytest.raises(ValueError, match="240 bytes are too few; the checksum is that of 241"):
            kernel.native().pad_and_digest(np.ones(240, "u1"), np.empty(300, "u1"))

    @pytest.mark.parametrize("pad", [pad_front, pad_and_digest])
    def test_threads_may_fill_one_batch_together(self, pad):
        clips = [np.full((64, 300), number + 1, np.float32) for number in range(8)]
        batch = np.full((8, 64, 500), -1, np.float32)
        threads = [
            threading.Thread(target=pad, args=each) for each in zip(clips, batch, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (batch[:, :, :200] == 0).all()
        assert (batch[:, :, 200:] == np.arange(1, 9).reshape(8, 1, 1)).all()
