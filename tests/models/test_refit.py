"""One policy for all models: after choosing, fit on training and validation clips."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import netkit
from serkit import FeatureStore
from serkit.models import TRAINERS, FitContext, FoldData, fitted_clips, settings_tried

CHOOSING = {"logreg": {"C": 1.0}, "svm": {"C": 1.0, "gamma": 0.05}, "xgboost": {"rounds": 8}}


@pytest.fixture(scope="module")
def store(speech_store) -> FeatureStore:
    return FeatureStore(speech_store)


@pytest.fixture(scope="module")
def fold(store) -> FoldData:
    ids = sorted(store.state.clips)
    of = {a: [i for i in ids if store.state.clips[i].actor in a] for a in ((1, 2, 3), (4,))}
    return FoldData.of(store, of[1, 2, 3], of[4,])


@pytest.fixture(scope="module")
def tones(tmp_path_factory) -> FeatureStore:
    return netkit.make_store(tmp_path_factory.mktemp("refit"), shortest=4200)


@pytest.mark.parametrize("name", sorted(CHOOSING))
@pytest.mark.parametrize("refit", [True, False])
def test_classical_models_are_fitted_on_what_they_say(fold, name, refit):
    trainer = TRAINERS.get(name)
    settled = trainer.settle("best", {**CHOOSING[name], "refit": refit})
    side = fold.everything if refit else fold.train
    model = trainer.fit(fold, settled, FitContext())
    assert fitted_clips(model) == len(side)
    # Whoever is not fitted on may be anybody.
    fewer = FoldData(fold.train, fold.validation.take(range(4)), side)
    other = trainer.fit(replace(fewer, everything=fold.train), settled, FitContext())
    assert fitted_clips(other) == len(fold.train)
    same = np.array_equal(model.predict(fold.validation), other.predict(fold.validation))
    if name != "xgboost":  # it chooses its rounds on the validation clips
        assert same is not refit


@pytest.mark.parametrize("name", sorted(TRAINERS.names()))
def test_every_model_that_sets_clips_aside_can_be_refitted(name):
    trainer = TRAINERS.get(name)
    nothing_to_choose = {"majority", "ensemble", "permutation", "shortcut", "tuned"}
    if name in nothing_to_choose | {"wav2vec2"}:
        assert "refit" not in trainer.parameters.declared()
        return
    for preset in trainer.presets:
        studied = preset.startswith("notebook") and name != "logreg"
        assert trainer.settle(preset, {}).refit is not studied


class TestNets:
    def fit(self, store, **values) -> tuple[netkit.Network, FoldData]:
        fold = netkit.fold_of(store, (1, 2), (3,))
        trainer = TRAINERS.get("ffnn")
        given = {**netkit.QUICK, **netkit.TINY["ffnn"], "epochs": 3, **values}
        net = trainer.fit(fold, trainer.settle("best", given), FitContext(1))
        assert isinstance(net, netkit.Network)
        return net, fold

    @pytest.fixture(scope="class")
    def whole(self, tones) -> tuple[netkit.Network, FoldData]:
        return self.fit(tones, refit=True)

    def test_a_net_is_fitted_again_for_the_epochs_that_were_chosen(self, tones, whole):
        once, fold = self.fit(tones, refit=False)
        again, _ = whole
        assert (fitted_clips(once), fitted_clips(again)) == (len(fold.train), len(fold.everything))
        assert once.chosen == again.chosen
        assert settings_tried(again) == 3
        # The curves are those that the epoch was chosen by.
        columns = once.history.columns.drop("seconds")
        assert once.history[columns].equals(again.history[columns])
        assert not np.allclose(once.scaling.mean, again.scaling.mean)
        assert not np.allclose(once.predict(fold.train), again.predict(fold.train))

    def test_without_selection_it_is_fitted_once_on_all_clips(self, tones):
        net, fold = self.fit(tones, refit=True, monitor="last")
        assert fitted_clips(net) == len(fold.everything)
        assert (net.chosen, settings_tried(net)) == ({}, 1)
        assert "validation_uar" not in net.history
        assert len(net.history) == 3

    def test_it_resumes_in_the_second_fit_to_the_same_net(self, whole, tmp_path):
        net, fold = whole
        trainer = TRAINERS.get("ffnn")
        given = {**netkit.QUICK, **netkit.TINY["ffnn"], "epochs": 3, "refit": True}
        settled = trainer.settle("best", given)

        def interrupt(done: int, _total: int, what: str) -> None:
            if what.startswith("fitting again") or (tmp_path / "refit").exists():
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            trainer.fit(fold, settled, FitContext(1, interrupt, workdir=tmp_path))
        resumed = trainer.fit(fold, settled, FitContext(1, workdir=tmp_path))
        assert np.array_equal(net.predict(fold.train), resumed.predict(fold.train))

    def test_test_clips_that_were_chosen_on_are_not_fitted_on(self, tones):
        ids = netkit.ids_of(tones, 1, 2), netkit.ids_of(tones, 3)
        fold = FoldData.of(tones, *ids, chosen_on_test=True)
        trainer = TRAINERS.get("ffnn")
        settled = trainer.settle("best", {**netkit.QUICK, **netkit.TINY["ffnn"], "refit": True})
        assert fitted_clips(trainer.fit(fold, settled, FitContext())) == len(fold.train)
