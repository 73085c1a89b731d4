"""The library says the same things as the command line, with the same names."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import rich

import serkit
from storekit import flip


def test_the_readme_s_code_works_as_written(make_corpus, tmp_path, monkeypatch, capsys):
    """The code block of the contract, line by line, on a corpus of tones."""
    monkeypatch.chdir(tmp_path)
    source = make_corpus(64, seconds=0.3)
    serkit.extract(
        str(source),
        store="features/store",
        features=["mel128", "raw", "change_deviation"],
        workers=2,
    )
    store = serkit.FeatureStore("features/store")
    batch = store.load("mel128")
    assert (batch.X.shape, batch.X.dtype) == ((64, 128, 495), np.float32)
    assert isinstance(batch.clips, pd.DataFrame)
    assert batch.clips.index.name == "clip_id"
    assert sorted(set(batch.y)) == list(range(8))

    signals = store.load("raw", padded=False).X
    assert isinstance(signals, list)
    assert {signal.dtype for signal in signals} == {np.dtype(np.int16)}
    assert [len(signal) for signal in signals] == batch.clips["num_frames"].tolist()

    run = serkit.train(
        "logreg",
        store=store,
        protocol="luna5",
        preset="best",
        seed=0,
        values={"features": "change_deviation", "whiten": 0.0},
    )
    assert 0 <= run.uar <= 1
    assert isinstance(run.predictions, pd.DataFrame)
    assert len(run.predictions) == 64

    board = serkit.compare("runs")
    assert board.to_pandas()["run"].tolist() == [run.name]
    capsys.readouterr()
    rich.print(board)
    assert "luna5 on ravdess" in capsys.readouterr().out


def test_train_reads_functionals_by_default(speech_store, tmp_path):
    run = serkit.train("logreg", store=str(speech_store), runs=tmp_path, values={"C": "1"})
    assert list(run.record["feature_fingerprints"]) == ["functionals"]
    assert run.protocol == "luna5"


def test_show_finds_a_run(speech_runs):
    assert serkit.show("majority", runs=speech_runs).model == "majority"


def test_why_lists_each_clip(speech_store):
    assert serkit.why("functionals", store=speech_store).counts["current"] == 96


def test_estimate_and_preview_say_what_extract_would_do(make_corpus, tmp_path):
    source = make_corpus(4, seconds=0.2)
    assert serkit.estimate(source, features="raw").clips == 4
    found = serkit.preview(source, store=tmp_path / "s", features=["raw"], workers=1)
    assert found.compute == {"raw": 4}
    assert not (tmp_path / "s").exists()


def test_an_estimate_counts_a_voice_once_for_the_features_that_share_it(make_corpus):
    source = make_corpus(2, seconds=0.2)

    def seconds(*features):
        return serkit.estimate(source, features=features, workers=1).seconds

    both = seconds("functionals-centred-scene1", "robust-centred-scene1")
    as_recorded = seconds("functionals-centred", "robust-centred")
    assert both > 1.2 * as_recorded
    assert both < seconds("functionals-centred-scene1") + seconds("robust-centred-scene1")


def test_a_store_is_looked_after_as_on_the_command_line(make_corpus, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    serkit.extract(make_corpus(4, seconds=0.2), features=["raw", "change_deviation"], workers=1)
    told = []
    sound = serkit.verify(progress=lambda done, total: told.append((done, total)))
    assert (sound.damaged, told[-1]) == ((), (sound.files, sound.files))

    part = max(tmp_path.rglob("*.h5"), key=lambda path: path.stat().st_size)
    flip(part, part.stat().st_size // 2)
    assert len(serkit.verify(store="features/store").damaged) == 1
    mended = serkit.repair(store="features/store", workers=1, wait=1.0)
    assert sum(mended.recomputed.values()) >= 1
    assert serkit.verify().damaged == ()

    assert serkit.gc(store="features/store", drop="raw").dropped == ("raw",)
    store = serkit.FeatureStore("features/store")
    assert store.features == ("change_deviation",)
    for given in (store, "features/store", None):
        made = serkit.export("change_deviation", to="npz", path="folder/x.npz", store=given)
        assert len(np.load(made)["X"]) == 4
        made.unlink()


def test_an_empty_list_of_features_is_refused_and_an_empty_setting_means_the_defaults(
    make_corpus, monkeypatch
):
    source = make_corpus(1, seconds=0.2)
    for nothing in ("", [], ","):
        with pytest.raises(serkit.SerkitError, match="names no feature; see 'serkit features'"):
            serkit.estimate(source, features=nothing)
    monkeypatch.setenv("SERKIT_FEATURES", "")
    assert len(serkit.estimate(source).by_feature) == 5


def test_lists_match_the_command_line(tmp_path):
    features = {feature.name: feature for feature in serkit.list_features()}
    assert features["mel128"].default
    assert features["mel128"].parameters["n_mels"] == 128
    assert not features["egemaps"].default
    assert "research" in features["egemaps"].licence
    models = {model.model: model for model in serkit.list_models()}
    schemes = models["logreg"].parameters["scheme"].presets
    assert schemes["best"] == "multinomial"
    assert schemes["notebook"] == "ovr"
    assert serkit.describe_model("logreg") == models["logreg"]
    protocols = {protocol.protocol: protocol for protocol in serkit.list_protocols()}
    assert protocols["luna5"].speaker_independent
    assert not protocols["random5"].speaker_independent
    assert {"split", "cross:A->B", "leave-one-corpus-out"} <= protocols.keys()


def test_features_are_described_including_user_recipes(tmp_path):
    (tmp_path / "own.toml").write_text('extractor = "change-deviation"\nsummary = "mine"\n')
    listed = serkit.list_features(definitions=tmp_path)
    assert "own" in [feature.name for feature in listed]
    own = serkit.describe_feature("own", definitions=tmp_path)
    assert (own.summary, own.default, own.missing) == ("mine", False, "")
    assert own.meanings.keys() == own.parameters.keys()
    assert all(own.meanings.values())
    assert [column.name for column in own.columns] == ["change_deviation"]
    with pytest.raises(serkit.SerkitError, match="unknown feature 'mel12': did you mean 'mel128'"):
        serkit.describe_feature("mel12")
    with pytest.raises(serkit.SerkitError, match="unknown model 'logrg': did you mean 'logreg'"):
        serkit.describe_model("logrg")


def test_the_packages_of_the_same_names_stay_packages():
    import serkit.features
    import serkit.prediction

    serkit.list_features()
    serkit.list_protocols()
    assert serkit.features.__name__ == "serkit.features"
    assert serkit.prediction.__name__ == "serkit.prediction"


def test_the_doctor_s_report(monkeypatch):
    from serkit.compute import environment

    real = environment._version
    monkeypatch.setattr(environment, "_version", lambda n: None if n == "torch" else real(n))
    report = serkit.doctor()
    assert "torch" in [package.package for package in report.missing]
    packages = {package.package: package for package in report.packages}
    assert (packages["torch"].version, packages["torch"].install) == (
        None,
        "pip install 'serkit[torch]'",
    )
    assert packages["numpy"].install is None
    assert report.hardware["cores"] >= 1


def test_ls_counts_the_clips_of_each_feature(speech_store, tmp_path):
    listing = serkit.ls(speech_store)
    assert (listing.clips, listing.speakers, listing.corpora) == (96, 6, ("synthetic",))
    assert listing.corpus_digest == serkit.FeatureStore(speech_store).corpus_digest
    found = {each.feature: each for each in listing.features}
    assert found.keys() == {"change_deviation", "functionals"}
    assert (found["functionals"].current, found["functionals"].stale) == (96, 0)
    assert found["functionals"].bytes > 0
    with pytest.raises(FileNotFoundError):
        serkit.ls(tmp_path / "nope")


def test_every_public_name_is_importable_and_listed():
    for name in serkit.__all__:
        assert getattr(serkit, name) is not None
        assert name in dir(serkit)
    assert serkit.__version__
    with pytest.raises(AttributeError, match="No serkit attribute extrct"):
        _ = serkit.extrct


def test_every_deliberate_error_is_a_serkit_error_and_a_builtin_one(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        serkit.FeatureStore(tmp_path / "nope")
    assert isinstance(caught.value, serkit.SerkitError)
    with pytest.raises(LookupError):
        serkit.train("nope", store=tmp_path)
    with pytest.raises(ValueError):
        serkit.train("svm", store=tmp_path, values={"C": "x"})


def test_python_with_optimisation_checks_as_much(tmp_path):
    """No check of user input is an ``assert``, which ``python -O`` leaves out."""
    code = "import serkit; serkit.train('logreg', values={'whiten': 2})"
    result = subprocess.run(
        [sys.executable, "-O", "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert "whiten = 2.0 is too large; 1 or less is allowed" in result.stderr
