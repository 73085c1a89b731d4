"""Which files hold which clip, compared with a dictionary of lists."""

from __future__ import annotations

import random

import pytest

from serkit.clips import ClipName
from serkit.ingest.clip_files import AudioFile, ClipFiles


def named(clip_id):
    return ClipName(clip_id, "angry", "anna")


@pytest.mark.parametrize("ids", [1, 40, 200])
def test_files_are_grouped_as_a_dictionary_groups_them(ids):
    chance = random.Random(ids)
    files = [
        AudioFile(f"{'d/' * chance.randrange(3)}{n}.wav", n, n, named(f"c{chance.randrange(ids)}"))
        for n in range(100)
    ]
    expected: dict[str, list[AudioFile]] = {}
    for file in files:
        expected.setdefault(file.name.clip_id, []).append(file)
    for group in expected.values():
        group.sort(key=lambda file: (file.path.count("/"), file.path))
    clips = ClipFiles(files)
    assert dict(clips) == expected
    assert list(clips) == list(expected)
    assert list(clips.groups()) == list(expected.values())
    assert list(clips.several()) == [group for group in expected.values() if len(group) > 1]
    assert len(clips) == len(expected)
    assert clips.missing(["x", *expected, "y"]) == ["x", "y"]


def test_a_clip_without_a_file_is_absent():
    clips = ClipFiles([AudioFile("a.wav", 1, 1, named("a"))])
    assert "b" not in clips
    with pytest.raises(KeyError):
        clips["b"]
    assert not ClipFiles([])
