"""Padding: the same bytes by NumPy and by the compiled package, where that is installed."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import storekit as kit
from serkit.dsp import kernel
from serkit.errors import StoreCorruptError
from serkit.store.padding import pad_front
from serkit.store.store import FeatureStore

needs_native = pytest.mark.skipif(
    not hasattr(kernel.native(), "pad_rows"),
    reason="serkit-native 0.3.0 is not installed (pip install ./native)",
)


@pytest.fixture
def numpy_alone(monkeypatch):
    """Pad as where the compiled package is not installed."""
    monkeypatch.setattr(kernel, "native", lambda: None)


@pytest.fixture(params=["numpy", pytest.param("native", marks=needs_native)])
def either_way(request):
    """Pad with NumPy, and where it is installed with the compiled package."""
    if request.param == "numpy":
        request.getfixturevalue("numpy_alone")


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

    def test_damaged_values_are_refused_with_the_same_sentence(self, path, tmp_path):
        store = kit.copy_store(path, tmp_path / "damaged")
        rows = FeatureStore(store).state.index["mel8"].values()
        last = max(rows, key=lambda row: (row.part, row.offset))
        kit.flip(store / last.part, -1)
        with pytest.raises(StoreCorruptError) as error:
            FeatureStore(store).load("mel8")
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
    def test_it_stays_within_its_arrays(self, clip, out, error):
        with pytest.raises((ValueError, TypeError, BufferError), match=error):
            kernel.native().pad_rows(clip, out)

    def test_threads_may_fill_one_batch_together(self):
        clips = [np.full((64, 300), number + 1, np.float32) for number in range(8)]
        batch = np.full((8, 64, 500), -1, np.float32)
        threads = [
            threading.Thread(target=pad_front, args=each) for each in zip(clips, batch, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (batch[:, :, :200] == 0).all()
        assert (batch[:, :, 200:] == np.arange(1, 9).reshape(8, 1, 1)).all()
