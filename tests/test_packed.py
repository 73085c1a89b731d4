"""Records that are kept as bytes: the same ones come out, in any order of reading."""

from __future__ import annotations

import gc
import pickle
import tracemalloc
from dataclasses import dataclass

import pytest

from serkit.clips import ClipName
from serkit.ingest.clip_files import AudioFile
from serkit.packed import Packed, make_records


def audio_file(number):
    name = ClipName(f"clip{number}", "angry", f"speaker {number % 7}", actor=number % 7 or None)
    return AudioFile(f"folder/clip{number}.wav", number, 10**18 + number, name, None)


@pytest.mark.parametrize("count", [0, 1, 1023, 1024, 1025, 3000])
def test_what_was_appended_is_read_again(count):
    files = tuple(map(audio_file, range(count)))
    packed = Packed(AudioFile, files)
    assert len(packed) == count
    assert tuple(packed) == files
    assert packed == files
    assert [packed[i] for i in reversed(range(count))] == [*reversed(files)]
    assert Packed(AudioFile, files, at_once=7) == files


def test_slices_and_positions_from_the_end_are_those_of_a_tuple():
    files = tuple(map(audio_file, range(2500)))
    packed = Packed(AudioFile, files)
    for chosen in (slice(1000, 1100), slice(None, None, 700), slice(2400, 9999), slice(5, 2)):
        assert packed[chosen] == files[chosen]
    assert packed[-1] == files[-1]
    for position in (2500, -2501):
        with pytest.raises(IndexError):
            packed[position]


def test_records_that_differ_make_them_differ():
    files = [*map(audio_file, range(1500))]
    assert Packed(AudioFile, files) != Packed(AudioFile, files[:-1])
    assert Packed(AudioFile, files) != Packed(AudioFile, [*files[:-1], files[0]])
    assert Packed(AudioFile) == ()


def test_another_process_reads_them():
    packed = Packed(AudioFile, map(audio_file, range(1500)))
    assert pickle.loads(pickle.dumps(packed)) == packed


@dataclass(frozen=True, slots=True)
class Noted:
    """A record with a value that is no plain one."""

    name: str
    have: dict


def test_fields_hold_any_value():
    records = [Noted(f"{n}", {"mel": "ab"} if n % 2 else {}) for n in range(2000)]
    assert Packed(Noted, records) == records


def test_a_file_takes_a_third_of_the_memory_of_its_objects():
    def taken(make):
        gc.collect()
        tracemalloc.start()
        kept = make()
        size = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert len(kept) == 8192
        return size

    objects = taken(lambda: [*map(audio_file, range(8192))])
    assert taken(lambda: Packed(AudioFile, map(audio_file, range(8192)))) < objects / 3


@pytest.mark.parametrize("enabled", [True, False])
def test_making_records_leaves_the_search_for_garbage_as_it_was(enabled):
    if not enabled:
        gc.disable()
    try:
        make_records(ClipName, {"clip_id": ["a"]})
        assert gc.isenabled() == enabled
    finally:
        gc.enable()
