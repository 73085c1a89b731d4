"""``serkit store``: each command's JSON, its words, and its exit code."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from serkit.store.store import FeatureStore
from storekit import copy_store, flip

EVERY = ["current", "missing", "stale", "failed"]


@pytest.fixture
def store(make_corpus, cli) -> Path:
    """A small store that a test may break."""
    corpus = make_corpus(8, seconds=0.2)
    answer = cli("extract", corpus, "--features", "raw,change_deviation", "--workers", 1)
    assert answer.code == 0
    return Path("features/store")


def break_a_part(store: Path) -> None:
    part = max(store.rglob("*.h5"), key=lambda path: path.stat().st_size)
    flip(part, part.stat().st_size // 2)


class TestLs:
    def test_json(self, cli, speech_store):
        found = cli("store", "ls", "--store", speech_store, "--json").json
        assert found["store"] == str(speech_store)
        assert (found["clips"], found["actors"], found["corpora"]) == (96, 6, ["synthetic"])
        assert len(found["corpus_digest"]) == 64
        assert [row["feature"] for row in found["features"]] == ["change_deviation", "functionals"]
        for row in found["features"]:
            assert row.keys() >= {"feature", *EVERY, "bytes", "fingerprint"}
            assert (row["current"], row["missing"]) == (96, 0)
        assert found["failures"] == []

    def test_in_words(self, cli, speech_store):
        text = cli("store", "ls", "--store", speech_store).out
        assert "96 clips of synthetic" in text
        assert "change_deviation" in text

    def test_it_is_read_once_however_many_features_there_are(self, cli, speech_store, monkeypatch):
        opened, really = [], FeatureStore.__init__
        monkeypatch.setattr(
            FeatureStore, "__init__", lambda self, *a: (opened.append(a), really(self, *a))[1]
        )
        found = cli("store", "ls", "--store", speech_store, "--json").json
        assert (len(found["features"]), len(opened)) == (2, 1)


class TestWhy:
    def test_json_of_the_store(self, cli, speech_store):
        found = cli("store", "why", "functionals", "--store", speech_store, "--json").json
        assert found["feature"] == "functionals"
        assert [found[key] for key in EVERY] == [96, 0, 0, 0]
        assert (found["reasons"], found["clips"]) == ([], [])

    def test_json_of_what_was_never_computed(self, cli, speech_store):
        found = cli("store", "why", "mel128", "--store", speech_store, "--json").json
        assert [found[key] for key in EVERY] == [0, 96, 0, 0]
        assert found["reasons"] == [
            {"condition": "missing", "reason": "never extracted", "clips": 96}
        ]
        assert len(found["clips"]) == 96
        assert found["clips"][0].keys() == {"clip_id", "condition", "reason"}

    def test_a_changed_recipe_is_the_reason(self, cli, make_corpus):
        corpus = make_corpus(2, seconds=0.2)
        recipe = Path("features/definitions/loud.toml")
        recipe.parent.mkdir(parents=True)
        recipe.write_text('extractor = "change-deviation"\n')
        cli("extract", corpus, "--features", "loud", "--workers", 1)
        recipe.write_text('extractor = "change-deviation"\nparameters = {block = 25}\n')
        answer = cli("store", "why", "loud")
        assert "loud: 0 current, 0 missing, 2 stale, 0 failed" in answer.out
        assert "block 5 -> 25" in answer.out


class TestVerifyAndRepair:
    def test_a_sound_store(self, cli, store):
        answer = cli("store", "verify", "--json")
        assert (answer.code, answer.err) == (0, "")
        assert answer.json.keys() >= {"ok", "files", "bytes", "damaged"}
        assert (answer.json["ok"], answer.json["damaged"]) == (True, [])
        assert cli("store", "verify").out.endswith(": all as written\n")
        assert cli("store", "repair").out == "nothing is damaged\n"

    def test_verify_compares_with_the_audio(self, cli, store, tmp_path):
        corpus = tmp_path / "corpus"
        assert (
            "clips compared with their audio: all as stored"
            in cli("store", "verify", "--audio", corpus).out
        )
        path = next(corpus.rglob("*.wav"))
        status = path.stat()
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        answer = cli("store", "verify", "--audio", corpus)
        assert answer.code == 1
        assert f"1 with other samples: {path.stem}" in answer.out
        assert f"'serkit extract {corpus} --rehash' recomputes them" in answer.err
        found = cli("store", "verify", "--audio", corpus, "--json").json
        assert found["ok"] is False
        assert found["audio"]["changed"] == [path.stem]
        assert cli("extract", corpus, "--rehash", "--features", "raw").code == 0

    def test_a_flipped_byte_is_a_failure_and_repair_mends_it(self, cli, store):
        break_a_part(store)
        answer = cli("store", "verify", "--json")
        assert answer.code == 1
        assert answer.json["ok"] is False
        assert len(answer.json["damaged"]) >= 1
        text = cli("store", "verify")
        assert text.code == 1
        assert "'serkit store repair' recomputes the damaged clips" in text.err
        mended = cli("store", "repair", "--workers", 1, "--json")
        assert mended.code == 0
        assert mended.json.keys() >= {"damaged", "recomputed", "failed", "seconds"}
        assert sum(mended.json["recomputed"].values()) >= 1
        assert cli("store", "verify").code == 0

    def test_a_missing_clip_makes_the_repair_partial(self, cli, store, tmp_path):
        break_a_part(store)
        for path in (tmp_path / "corpus").rglob("*.wav"):
            path.unlink()
        answer = cli("store", "repair", "--workers", 1, "--json")
        assert answer.code == 3
        assert len(answer.json["failed"]) >= 1
        assert all(f.keys() >= {"path", "error", "message"} for f in answer.json["failed"])


class TestGc:
    def test_json(self, cli, store):
        answer = cli("store", "gc", "--json")
        assert answer.code == 0
        assert answer.json.keys() >= {"bytes_before", "bytes_after", "stale", "dropped"}

    def test_a_feature_can_be_dropped(self, cli, store):
        assert cli("store", "gc", "--drop", "raw", "--json").json["dropped"] == ["raw"]
        found = cli("store", "ls", "--json").json
        assert [row["feature"] for row in found["features"]] == ["change_deviation"]

    def test_in_words(self, cli, store):
        assert " freed, " in cli("store", "gc").out


class TestExport:
    @pytest.mark.parametrize(("to", "suffix"), [("parquet", "parquet"), ("npz", "npz")])
    def test_json_names_the_file(self, cli, speech_store, to, suffix):
        answer = cli(
            "store", "export", "change_deviation", "--to", to, "--store", speech_store, "--json"
        )
        assert answer.code == 0
        path = Path(answer.json["path"])
        assert path == Path(f"change_deviation.{suffix}")
        assert answer.json["bytes"] == path.stat().st_size
        assert answer.json["feature"] == "change_deviation"

    def test_the_export_can_be_read(self, cli, speech_store):
        for to in ("parquet", "npz", "hdf5"):
            out = f"folder/x.{to}"
            answer = cli(
                *("store", "export", "change_deviation", "--to", to),
                *("--out", out, "--store", speech_store),
            )
            assert answer.code == 0
            assert answer.out.startswith(out)
        frame = pd.read_parquet("folder/x.parquet")
        arrays = np.load("folder/x.npz")
        assert len(frame) == len(arrays["X"]) == 96
        assert np.array_equal(arrays["X"][:, 0], frame["change_deviation"])


def test_the_copy_of_a_store_says_the_same(cli, speech_store, tmp_path):
    copied = copy_store(speech_store, tmp_path / "copied")
    one, other = (cli("store", "ls", "--store", s, "--json").json for s in (speech_store, copied))
    assert {**one, "store": ""} == {**other, "store": ""}
