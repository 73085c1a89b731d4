"""Clips turned into mel spectrograms and back: from files and stores, pictured, in a table."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

import serkit
from serkit.errors import ReportError, UnknownNameError, UsageError, unknown_name
from serkit.reports.inversion.losses import USUAL, losses


@pytest.fixture(scope="module")
def clip(speech):
    return next(iter(sorted(speech.rglob("*.wav"))))


def test_a_file_is_turned_back_to_its_length_and_level(clip):
    found = serkit.invert(clip)
    original, _ = soundfile.read(clip, dtype="int16")
    assert (found.original == original).all()
    assert len(found.samples) == len(original)
    numbers = found.to_json()
    assert numbers["level_db"] == pytest.approx(numbers["original_level_db"], abs=0.5)
    assert 0 < found.distance < 6
    json.dumps(numbers, allow_nan=False)


def test_a_clip_of_a_store_is_the_same(clip, tmp_path):
    serkit.extract(clip.parent, store=tmp_path / "store", features=["raw"], workers=1)
    one = serkit.invert(clip.stem, store=tmp_path / "store")
    assert (one.samples == serkit.invert(clip).samples).all()
    with pytest.raises(UnknownNameError, match="unknown clip 'nobody'"):
        serkit.invert("nobody", store=tmp_path / "store")


def test_the_sound_and_the_picture_are_written(clip, tmp_path):
    pytest.importorskip("matplotlib")
    found = serkit.invert(clip, iterations=1)
    sound, picture = found.save_with_picture(tmp_path / "new" / "back.wav")
    samples, rate = soundfile.read(sound, dtype="int16")
    assert (rate, (samples == found.samples).all()) == (48_000, True)
    assert picture.name == "back.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match=r"^cannot write .*back\.wav \(.*\); name another place$"):
        found.save(tmp_path / "file" / "back.wav")


def test_only_mel_spectrograms_can_be_turned_back(clip):
    with pytest.raises(UsageError) as caught:
        serkit.invert(clip, feature="functionals")
    assert str(caught.value) == (
        "functionals is made by functionals and cannot be turned back into sound; "
        "recipes of the extractor mel can, such as mel128"
    )


def test_a_table_has_a_row_for_every_pair_of_bands_and_hop():
    own = np.random.default_rng(0).normal(0, 2_000, (2, 9_000)).astype(np.int16)
    done = []
    found = losses(
        dict(zip("ab", own, strict=True)),
        USUAL,
        bands=(32, 128),
        hops=(512, 2_048),
        iterations=2,
        seed=0,
        workers=1,
        progress=lambda *step: done.append(step),
    )
    rows = found.to_json()["rows"]
    assert [(row["n_mels"], row["hop_length"]) for row in rows] == [
        (32, 512),
        (32, 2_048),
        (128, 512),
        (128, 2_048),
    ]
    assert rows[0]["numbers_a_second"] == 3_000
    assert done[-1] == (8, 8)


def test_an_error_lists_a_few_of_a_thousand_names():
    error = unknown_name("clip", "zzz", [f"clip-{number:04}" for number in range(1_200)])
    assert str(error).endswith("clip-0008, clip-0009 and 1,190 more")
    assert len(str(error)) < 200
