"""Long recordings: an estimate that is true, and tasks that hold no more than fits."""

from __future__ import annotations

import struct

import numpy as np
import pytest

import serkit
from serkit.audio import write_wav
from serkit.extraction.workers import jobs_a_task

MIB = 2**20


def half_an_hour(folder):
    """Write 30 minutes of silence that take no room on the disk."""
    folder.mkdir()
    path = folder / "03-01-03-01-01-01-01.wav"
    write_wav(path, np.zeros(1, np.int16))
    length = 1_800 * 48_000 * 2
    with path.open("r+b") as file:
        file.seek(4)
        file.write(struct.pack("<I", length + 36))
        file.seek(40)
        file.write(struct.pack("<I", length))
        file.truncate(44 + length)
    return folder


def test_the_estimate_counts_the_longest_clips_that_are_at_work_together(tmp_path):
    corpus = half_an_hour(tmp_path / "corpus")
    guess = serkit.estimate(corpus, features="functionals", workers=1, corpus="ravdess")
    assert guess.audio_seconds == 1_800
    # Measured: 640 MB in all.
    assert 600 * MIB < guess.memory_bytes < 1_000 * MIB


@pytest.mark.parametrize(
    ("sizes", "most", "count"),
    [
        ([], 64, 0),
        ([300 * MIB, 300 * MIB], 64, 1),
        ([100 * MIB] * 5, 64, 2),
        ([1] * 100, 64, 64),
        ([-1, -1], 64, 2),  # links to nowhere have no size
    ],
)
def test_a_task_holds_as_many_clips_as_are_not_too_large_together(sizes, most, count):
    assert jobs_a_task(sizes, most) == count
