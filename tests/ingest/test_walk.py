"""Walking a folder: every audio file once, in the order of the paths."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from serkit.errors import CorpusError
from serkit.ingest.walk import walk_audio

NAMES = (
    "a.wav", "a/b.wav", "a-b/c.wav", "a/b/c.flac", "a0.wav", "a/é.wav", "Z.WAV", "z/.x.wav",
    ".h/y.wav",
)  # fmt: skip


def make(folder, names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def test_files_come_in_the_order_of_their_paths(tmp_path):
    make(tmp_path, [*NAMES, "notes.txt"])
    found = [each.path for each in walk_audio(tmp_path)]
    assert found == sorted(name for name in NAMES if "." not in (name[0], name.split("/")[-1][0]))
    assert len(found) == 7


def test_size_and_times_are_those_of_the_file(tmp_path):
    make(tmp_path, ["a/b.wav"])
    (found,) = walk_audio(tmp_path)
    info = (tmp_path / "a/b.wav").stat()
    assert (found.size, found.mtime_ns, found.ctime_ns) == (7, info.st_mtime_ns, info.st_ctime_ns)


def test_of_links_to_one_folder_the_first_is_followed(tmp_path):
    make(tmp_path, ["m/x.wav", "m/n/y.wav"])
    try:
        (tmp_path / "b").symlink_to(tmp_path / "m")
        (tmp_path / "m/n/up").symlink_to(tmp_path)
    except OSError:
        pytest.skip("no links here")
    assert [each.path for each in walk_audio(tmp_path)] == ["b/n/y.wav", "b/x.wav"]


def test_folders_of_a_drive_that_numbers_none_are_told_apart_by_their_paths(tmp_path, monkeypatch):
    make(tmp_path, ["m/x.wav", "m/n/y.wav", "z/z.wav"])
    try:
        (tmp_path / "b").symlink_to(tmp_path / "m")
        (tmp_path / "m/n/up").symlink_to(tmp_path)
    except OSError:
        pytest.skip("no links here")
    stat = Path.stat

    def without_inode(path, **how):
        values = list(stat(path, **how))
        return os.stat_result([values[0], 0, *values[2:]])

    monkeypatch.setattr(Path, "stat", without_inode)
    assert [each.path for each in walk_audio(tmp_path)] == ["b/n/y.wav", "b/x.wav", "z/z.wav"]


def test_a_broken_link_is_a_file_without_a_size(tmp_path):
    try:
        (tmp_path / "a.wav").symlink_to(tmp_path / "nowhere")
    except OSError:
        pytest.skip("no links here")
    assert [each.size for each in walk_audio(tmp_path)] == [-1]


def test_a_folder_that_disappears_meanwhile_is_named(tmp_path):
    make(tmp_path, ["a.wav", "b/c.wav"])
    found = walk_audio(tmp_path)
    next(found)
    shutil.rmtree(tmp_path / "b")
    with pytest.raises(CorpusError, match=r"the folder .*b cannot be read \(No such file"):
        next(found)
