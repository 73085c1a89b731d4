"""Logistic regression that recognises the speaker and judges against how they usually sound."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import log_loss

import serkit
from modelkit import check_damaged_arrays, check_damaged_facts
from serkit import FeatureStore
from serkit.errors import TrainingError, UsageError
from serkit.models import TRAINERS, ClipData, FitContext, FoldData, TrainingClips
from serkit.models.classical.baselines import baselines
from serkit.models.classical.inputs import Inputs
from serkit.models.classical.pooling import fit_pooled
from serkit.models.probabilities import softmax
from serkit.testing import check_trainer
from serkit.trainers import personal

PERSONAL = TRAINERS.get("personal")


@pytest.fixture(scope="module")
def store(speech, tmp_path_factory) -> FeatureStore:
    path = tmp_path_factory.mktemp("personal") / "store"
    features = ["functionals", "functionals-speed090"]
    serkit.extract(speech, store=path, features=features, workers=1)
    return FeatureStore(path)


def halves(store: FeatureStore, *actors: int) -> tuple[list[str], list[str]]:
    """Every speaker's clips, shared out to both sides in every emotion."""
    clips = store.clips[store.clips["actor"].isin(actors)].sort_values(["actor", "emotion"])
    return list(clips.index[::2]), list(clips.index[1::2])


def fitted(store: FeatureStore, ids: list[str], voices: tuple[str, ...] = (), **values: object):
    settled = PERSONAL.settle("plain", {"copies": ",".join(voices), **values})
    return PERSONAL.fit(FoldData.of(store, ids, voices=voices), settled, FitContext())


@pytest.fixture(scope="module")
def sides(store):
    return halves(store, 1, 2, 3, 4)


@pytest.fixture(scope="module")
def model(store, sides):
    return fitted(store, sides[0])


def scaled(model, data: ClipData):
    return model.limit(model.scale(model.inputs.matrix(data).astype(np.float64)))


def test_it_keeps_the_contract(store):
    check_trainer(PERSONAL, store, preset="plain")


def test_it_recognises_who_speaks_in_clips_that_it_never_heard(store, sides, model):
    data = TrainingClips.of(store, sides[1])
    found = model.recogniser(scaled(model, data)).argmax(axis=1)
    expected = np.searchsorted(np.unique(data.speakers), data.speakers)
    assert np.mean(found == expected) > 0.9


def test_it_learns_something(store, sides, model):
    data = TrainingClips.of(store, sides[1])
    assert np.mean(model.predict(data).argmax(axis=1) == data.labels) > 0.5


def test_a_speaker_s_baseline_is_taken_away(store, sides):
    """One who is louder, higher and slower in every clip gets the same answers."""
    who = store.clips["speaker"].unique()[1]

    class Moved(FeatureStore):
        def _read(self, state, feature, clip_ids, *how):
            batch = super()._read(state, feature, clip_ids, *how)
            for position, each in enumerate(clip_ids):
                if state.clips[each].speaker == who:
                    batch.X[position] += 0.5 * np.abs(batch.X).mean(axis=0)
            return batch

    plain = fitted(store, sides[0])
    other = fitted(Moved(store.path), sides[0])
    data = [TrainingClips.of(s, sides[1]) for s in (store, Moved(store.path))]
    answers = [m.predict(d).argmax(axis=1) for m, d in zip((plain, other), data, strict=True)]
    assert np.mean(answers[0] == answers[1]) > 0.8


def test_saved_it_predicts_the_same(store, sides, model, tmp_path):
    model.save(tmp_path)
    data = ClipData.of(store, sides[1])
    assert np.array_equal(PERSONAL.load(tmp_path).predict(data), model.predict(data))


def test_copies_add_rows_and_no_speakers(store, sides):
    model = fitted(store, sides[0], ("speed090",))
    assert model.chosen == {"speakers": 4}
    data = TrainingClips.of(store, sides[1])
    assert np.mean(model.predict(data).argmax(axis=1) == data.labels) > 0.5


def test_what_is_fitted_has_no_speaker_s_baseline_and_cells_that_count_alike(store, monkeypatch):
    """A copy is another voice: it has a baseline of its own."""
    seen = {}

    def remember(rows, labels, speakers, row_weights, **how):
        seen.update(rows=rows, labels=labels, speakers=speakers, weights=row_weights)
        return fit_pooled(rows, labels, speakers, row_weights, **how)

    monkeypatch.setattr(personal, "fit_pooled", remember)
    ids = [id_ for half in halves(store, 1, 2, 3, 4) for id_ in half][3:]  # one speaker lacks some
    fitted(store, ids, ("speed090",))
    recorded = np.arange(len(seen["rows"])) < len(ids)
    for mine in (recorded, ~recorded):
        rows, speakers, labels = (seen[name][mine] for name in ("rows", "speakers", "labels"))
        assert np.allclose(baselines(rows, speakers, labels), 0, atol=1e-6)
        cells = np.unique(np.stack([speakers, labels]), axis=1, return_inverse=True)[1].ravel()
        sums = np.bincount(cells, seen["weights"][mine])
        assert np.allclose(sums, sums[0])


def test_each_feature_is_a_block_and_metadata_belong_to_the_last(store, sides):
    inputs = Inputs(("functionals", "functionals-speed090"), ("num_frames",))
    blocks = inputs.blocks(ClipData.of(store, sides[0]))
    assert blocks == (slice(0, 1362), slice(1362, 2725))


def test_without_own_weights_all_speakers_share_theirs(store, sides, model):
    shared = fitted(store, sides[0], own=0.0).judges.weights
    assert np.allclose(shared, shared[0])
    assert not np.allclose(model.judges.weights, model.judges.weights[0])


def test_its_probabilities_are_calibrated_on_inner_folds(store, monkeypatch):
    """With C a thousand times too high, it would be far too sure."""
    clips = store.clips.sort_values(["actor", "emotion"])
    test = set(clips.index[::4])
    train, data = [i for i in clips.index if i not in test], TrainingClips.of(store, sorted(test))
    calibrated = fitted(store, train, C=3000.0)
    monkeypatch.setattr(personal, "_temperatures", lambda *_: (1.0, 1e-2))
    raw = fitted(store, train, C=3000.0)
    losses = [
        log_loss(data.labels, each.predict(data), labels=range(8)) for each in (calibrated, raw)
    ]
    assert losses[0] < losses[1]
    answers = [each.predict(data).argmax(axis=1) for each in (calibrated, raw)]
    assert np.mean(answers[0] == answers[1]) > 0.9


def test_who_speaks_is_calibrated_too(store, sides, monkeypatch):
    """With a penalty a thousand times too strong, it would hardly dare to say."""
    data = TrainingClips.of(store, sides[1])
    calibrated = fitted(store, sides[0], C=0.003)
    monkeypatch.setattr(personal, "_temperatures", lambda *_: (1.0, 1.0))
    raw = fitted(store, sides[0], C=0.003)
    who = np.searchsorted(np.unique(data.speakers), data.speakers)
    loss = [log_loss(who, softmax(m.recogniser(scaled(m, data)))) for m in (calibrated, raw)]
    assert loss[0] < 0.9 * loss[1]


def test_a_speaker_with_a_single_clip_does_not_confuse_the_others(store):
    """Held out, it leaves a fold without that speaker."""
    train, test = halves(store, 2, 3, 4)
    model = fitted(store, [*halves(store, 1)[0][:1], *train])
    data = TrainingClips.of(store, test)
    found = softmax(model.recogniser(scaled(model, data)))
    who = 1 + np.searchsorted(np.unique(data.speakers), data.speakers)
    assert found[np.arange(len(who)), who].mean() > 0.7


def test_one_clip_of_a_speaker_in_each_emotion_is_enough_to_calibrate(store):
    """Dealt out in turn, every fold would hold out all clips of two emotions."""
    clips = store.clips.sort_values(["actor", "emotion"])
    first = clips.groupby(["actor", "emotion"]).cumcount() == 0
    model = fitted(store, list(clips.index[first]))
    data = TrainingClips.of(store, list(clips.index[~first]))
    assert log_loss(data.labels, model.predict(data), labels=range(8)) < 0.8 * np.log(8)


def test_one_speaker_is_enough(store):
    train, test = halves(store, 1)
    model = fitted(store, train)
    data = TrainingClips.of(store, test)
    assert np.mean(model.predict(data).argmax(axis=1) == data.labels) > 0.3
    assert model.notes == (
        "made for known voices: it judges a clip as the one speaker it was trained on, whoever "
        "speaks",
    )


def test_folds_that_know_other_numbers_of_speakers_say_the_same(store, sides):
    notes = {
        fitted(store, sides[0]).notes,
        fitted(store, [*halves(store, 1)[0], *halves(store, 2)[0]]).notes,
    }
    assert notes == {
        (
            "made for known voices: it judges a clip as one of the speakers it was trained on, "
            "whoever speaks",
        )
    }


def test_two_emotions_are_enough(store, sides):
    def of_two(ids: list[str]) -> list[str]:
        clips = store.clips.loc[ids]
        return list(clips[clips["emotion"].isin(["sad", "angry"])].index)

    model = fitted(store, [*of_two(sides[0]), *of_two(sides[1])])
    data = TrainingClips.of(store, of_two(sides[1]))
    found = model.predict(data)
    assert set(found.argmax(axis=1)) <= set(data.labels)
    assert np.allclose(found.sum(axis=1), 1)
    assert np.mean(found.argmax(axis=1) == data.labels) > 0.7


def test_too_few_clips_of_a_speaker_are_refused(store):
    ids = [id_ for actor in (1, 2, 3) for id_ in halves(store, actor)[0][:3]]
    with pytest.raises(TrainingError) as caught:
        fitted(store, ids)
    assert str(caught.value) == (
        "9 clips of 3 speakers do not tell how each usually sounds: it takes 4 clips of a "
        "speaker on average; name the speakers of your clips, or train aligned or logreg"
    )


def test_more_clips_than_memory_holds_are_refused(store, sides, monkeypatch):
    monkeypatch.setattr(personal, "_MOST_ROWS", 50)
    with pytest.raises(UsageError) as caught:
        fitted(store, sides[0], ("speed090",))
    assert str(caught.value) == (
        f"{len(sides[0])} clips in 2 voices are more than personal can hold; 50 together are "
        "allowed; take fewer copies by --set copies=..., or train logreg"
    )


def test_its_files_are_those_of_models_that_were_saved_earlier(model, tmp_path):
    model.save(tmp_path)
    with np.load(tmp_path / "model.npz") as saved:
        assert set(saved) - {"allow_pickle"} == {
            "mean",
            "scale",
            "who",
            "who_intercept",
            "weights",
            "intercepts",
            "trained",
        }
    assert list(json.loads((tmp_path / "model.json").read_text())) == [
        "features",
        "columns",
        "limit",
        "classes",
        "chosen",
    ]


def test_a_damaged_file_is_named(model, tmp_path):
    model.save(tmp_path)
    check_damaged_arrays(PERSONAL, tmp_path)
    check_damaged_facts(PERSONAL, tmp_path)
