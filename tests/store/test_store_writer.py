"""What a writer takes, and what it refuses before anything has changed."""

from __future__ import annotations

import pytest

import storekit as kit
from serkit.errors import UsageError
from serkit.store.manifest import StoredFile
from serkit.store.opening import open_writer


def test_a_part_with_two_rows_of_one_clip_is_refused_whole(tmp_path):
    store = tmp_path / "store"
    kit.fill(kit.make_clips(tmp_path / "corpus", range(2)), store, [kit.raw()])
    before = kit.contents(store)
    first, other = kit.clip_id(0), kit.clip_id(1)
    with open_writer(store) as writer:
        rows = [writer.state.index["raw"][each] for each in (other, first)]
        writer.drop_values("raw", [other])
        part = StoredFile(rows[0].part, rows[0].part_bytes, rows[0].part_xxh3)
        with pytest.raises(UsageError) as error:
            writer.put_part("raw", part, [*rows, rows[1]])
        assert str(error.value) == (
            f"{part.file} has two rows of raw for the clip {first!r}; "
            "one row for each clip is allowed"
        )
        assert other not in writer.state.index["raw"]
        writer.put_part("raw", part, rows)
        writer.commit()
    assert kit.contents(store) == before
