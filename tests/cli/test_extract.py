"""``serkit extract`` and ``serkit features``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from serkit import api
from serkit.extraction.estimate import Preview
from serkit.features import DEFAULT_FEATURES, Recipes
from serkit.store.verify import verify

KEYS = {"clips", "computed", "reused", "failed", "seconds", "store", "features"}
"""The keys of ``extract --json`` that are a contract."""


@pytest.fixture
def corpus(make_corpus) -> Path:
    return make_corpus(8, seconds=0.2)


def extract(cli, *arguments):
    return cli("extract", *arguments, "--workers", 1, "--features", "change_deviation,raw")


class TestExtract:
    def test_json(self, cli, corpus):
        answer = extract(cli, corpus, "--store", "s", "--json")
        assert answer.code == 0
        found = answer.json
        assert found.keys() >= KEYS
        assert (found["clips"], found["computed"], found["reused"]) == (8, 8, 0)
        assert found["failed"] == []
        assert found["store"] == "s"
        assert found["features"] == ["change_deviation", "raw"]
        assert isinstance(found["seconds"], float)

    def test_messages_go_to_stderr(self, cli, corpus):
        """These are not the published recordings of their names, and that is said aside."""
        answer = extract(cli, corpus, "--json")
        assert "the samples of 8 clips are not the published ones" in answer.err
        assert all(line.startswith("serkit: ") for line in answer.err.splitlines())

    def test_again_it_reuses_all(self, cli, corpus):
        extract(cli, corpus)
        found = extract(cli, corpus, "--json").json
        assert (found["computed"], found["reused"]) == (0, 8)

    def test_in_words(self, cli, corpus):
        answer = extract(cli, corpus, "--store", "s")
        assert answer.out.startswith("8 clips in s (")
        assert "8 computed, 0 reused, 0 failed" in answer.out

    def test_a_corrupt_clip_makes_it_3_and_is_listed_with_its_reason(self, cli, corpus):
        broken = sorted(corpus.rglob("*.wav"))[2]
        broken.write_bytes(broken.read_bytes()[:1000])
        answer = extract(cli, corpus, "--json")
        assert answer.code == 3
        (failed,) = answer.json["failed"]
        assert failed.keys() >= {"path", "error", "message"}
        assert failed["path"] == broken.relative_to(corpus).as_posix()
        assert failed["error"] == "TruncatedAudioError"
        assert (answer.json["clips"], answer.json["computed"]) == (8, 7)
        said = f"serkit: {failed['path']} failed: {failed['error']}: {failed['message']}"
        assert said in answer.err.splitlines()

    def test_failing_for_all_clips_is_an_error(self, cli, corpus):
        for path in corpus.rglob("*.wav"):
            path.write_bytes(b"")
        answer = extract(cli, corpus, "--json")
        assert answer.code == 1
        assert len(answer.json["failed"]) == 8

    def test_mel_bands_that_are_zero_in_every_clip_are_reported(self, cli, corpus):
        folder = Path("features/definitions")
        folder.mkdir(parents=True)
        (folder / "fine.toml").write_text(
            'extractor = "mel"\nparameters = {n_mels = 128, n_fft = 256}\n'
        )
        answer = cli("extract", corpus, "--features", "fine", "--workers", 1)
        assert answer.code == 0
        assert (
            "serkit: fine: 34 of 128 mel bands lie between two bins and are zero; n_mels = 42 or "
            "n_fft = 1024 has none"
        ) in answer.err.splitlines()

    def test_a_name_that_does_not_parse_is_reported(self, cli, corpus):
        shutil.copy(next(corpus.rglob("*.wav")), corpus / "rubbish.wav")
        answer = extract(cli, corpus, "--json")
        assert answer.code == 0
        (unparsed,) = answer.json["unparsed"]
        assert unparsed["path"] == "rubbish.wav"
        assert "serkit: rubbish.wav is skipped: rubbish.wav is not a RAVDESS name" in answer.err

    def test_missing_clips_are_kept_and_reported(self, cli, corpus):
        extract(cli, corpus)
        next(corpus.rglob("*.wav")).unlink()
        answer = extract(cli, corpus)
        assert (
            "serkit: 1 clip that this folder does not hold stays in the store (--prune removes it)"
        ) in answer.err.splitlines()
        for path in list(corpus.rglob("*.wav"))[:2]:
            path.unlink()
        answer = extract(cli, corpus, "--prune")
        assert (
            "serkit: 3 clips that this folder does not hold were removed from the store"
        ) in answer.err.splitlines()
        assert extract(cli, corpus, "--json").json["pruned"] is False
        assert extract(cli, corpus, "--json").json["absent"] == []

    def test_the_default_store_and_the_setting(self, cli, corpus, monkeypatch):
        extract(cli, corpus)
        assert Path("features/store").is_dir()
        monkeypatch.setenv("SERKIT_STORE", "elsewhere")
        extract(cli, corpus)
        assert Path("elsewhere").is_dir()

    def test_user_recipes(self, cli, corpus):
        recipes = Path("features/definitions")
        recipes.mkdir(parents=True)
        (recipes / "loud.toml").write_text(
            'extractor = "change-deviation"\nparameters = {block = 25}\n'
        )
        answer = cli("extract", corpus, "--features", "loud", "--workers", 1, "--json")
        assert (answer.code, answer.json["features"]) == (0, ["loud"])


class TestLookingOnly:
    @pytest.fixture
    def before(self, tmp_path, corpus):
        return sorted(tmp_path.rglob("*"))

    def test_estimate_json_writes_nothing(self, cli, corpus, tmp_path, before):
        answer = cli("extract", corpus, "--estimate", "--json")
        assert (answer.code, answer.err) == (0, "")
        found = answer.json
        assert found.keys() >= {"clips", "seconds", "disk_bytes", "memory_bytes", "by_feature"}
        assert found["clips"] == 8
        assert list(found["by_feature"]) == list(DEFAULT_FEATURES)
        assert min(found["seconds"], found["disk_bytes"], found["memory_bytes"]) > 0
        assert sorted(tmp_path.rglob("*")) == before

    def test_estimate_in_words(self, cli, corpus, tmp_path, before):
        answer = cli("extract", corpus, "--estimate")
        assert "8 clips, 0.0 min of audio: about " in answer.out
        assert sorted(tmp_path.rglob("*")) == before

    def test_dry_run_json_writes_nothing(self, cli, corpus, tmp_path, before):
        answer = extract(cli, corpus, "--dry-run", "--json")
        assert answer.code == 0
        assert answer.json["compute"] == {"change_deviation": 8, "raw": 8}
        assert (answer.json["clips"], answer.json["reused"]) == (8, 0)
        assert sorted(tmp_path.rglob("*")) == before

    def test_dry_run_compares_with_the_store(self, cli, corpus, tmp_path):
        extract(cli, corpus)
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
        found = extract(cli, corpus, "--dry-run", "--json").json
        assert found["compute"] == {"change_deviation": 0, "raw": 0}
        assert found["reused"] == 8
        assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
        assert verify(Path("features/store")).damaged == ()

    def test_estimate_says_how_many_files_it_could_not_count(self, cli, corpus):
        assert "not counted" not in cli("extract", corpus, "--estimate").out
        next(corpus.rglob("*.wav")).write_bytes(b"RIFF")
        answer = cli("extract", corpus, "--estimate")
        assert "not counted: 1 files whose headers cannot be read" in answer.out

    def test_dry_run_says_what_would_fail(self, cli, corpus):
        """Two files of one clip with different samples, neither of them the published one."""
        one, other = sorted(corpus.rglob("*.wav"))[:2]
        (corpus / "copy").mkdir()
        shutil.copy(other, corpus / "copy" / one.name)
        answer = extract(cli, corpus, "--dry-run")
        assert answer.code == 0
        assert answer.err == "serkit: 1 clips would fail; 'serkit check' says which and why\n"

    def test_dry_run_says_its_warnings(self, cli, corpus, monkeypatch):
        planned = Preview(8, 8, {"raw": 8}, 0, 0, ("one clip lies there twice",))
        monkeypatch.setattr(api, "preview", lambda *_, **__: planned)
        answer = extract(cli, corpus, "--dry-run", "--json")
        assert answer.err == "serkit: one clip lies there twice\n"

    def test_dry_run_in_words(self, cli, corpus):
        answer = extract(cli, corpus, "--dry-run")
        assert "8 clips: 0 are current, 8 would be read, 0 are ambiguous" in answer.out

    @pytest.mark.parametrize("option", ["--estimate", "--dry-run"])
    def test_a_missing_folder(self, cli, option):
        answer = cli("extract", "nope", option)
        assert (answer.code, answer.message) == (
            1,
            "no folder nope; give the folder that holds the audio files",
        )


class TestFeatures:
    def test_json_lists_every_recipe(self, cli):
        found = cli("features", "--json").json
        assert [row["name"] for row in found] == list(Recipes().names())
        for row in found:
            assert row.keys() >= {"name", "summary", "extractor", "parameters", "fingerprint"}

    def test_in_words(self, cli):
        text = cli("features").out
        for name in Recipes().names():
            assert name in text

    def test_one_is_shown_in_full(self, cli):
        found = cli("features", "functionals", "--json").json
        assert found["name"] == "functionals"
        assert len(found["columns"]) > 100
        assert all(column["description"] for column in found["columns"])
        text = cli("features", "mel128").out
        assert "n_mels" in text
        assert "128" in text

    def test_no_table_is_shown_for_a_feature_without_parameters(self, cli):
        first, second, *_ = cli("features", "functionals").out.splitlines()
        assert first.startswith("functionals: statistics of pitch")
        assert second.startswith("extractor functionals")

    def test_a_research_only_licence_is_shown(self, cli):
        assert "licence" in cli("features", "egemaps").out.lower()

    def test_features_are_shown_without_their_packages(self, cli, monkeypatch):
        monkeypatch.setattr("serkit.extractors.opensmile.installed", lambda name: False)
        answer = cli("features", "egemaps")
        assert answer.code == 0
        assert "pip install 'serkit[opensmile]'" in answer.out
        shown = json.loads(cli("features", "egemaps", "--json").out)
        assert shown["columns"] == []
        assert shown["missing"].startswith("the features egemaps and compare2016 need")
