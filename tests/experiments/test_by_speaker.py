"""Normalising by speaker: every speaker by itself, stamped, and never asked about loose files."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest

import serkit
from serkit import FeatureStore
from serkit.errors import RunError, TrainingError, UsageError
from serkit.ingest.metadata import Labelling
from serkit.models import ClipData, FoldData
from serkit.models.classical.inputs import Inputs


@pytest.fixture(scope="module")
def run(speech_store, tmp_path_factory):
    return serkit.train(
        "logreg",
        store=speech_store,
        runs=tmp_path_factory.mktemp("by-speaker"),
        protocol="luna5",
        values={"C": 1.0, "normalise": "speaker"},
    )


def ids_of(store, *actors):
    clips = store.clips
    return list(clips.index[clips["actor"].isin(actors)])


class TestWhatIsRead:
    INPUTS = Inputs(("functionals",), by_speaker=True)

    def test_training_clips_are_standardised_speaker_by_speaker(self, speech_store):
        store = FeatureStore(speech_store)
        data = FoldData.of(store, ids_of(store, 1, 2)).train
        matrix = self.INPUTS.training_matrix(data)
        assert len(np.unique(data.speakers)) == 2
        for speaker in np.unique(data.speakers):
            mine = matrix[data.speakers == speaker]
            np.testing.assert_allclose(mine.mean(axis=0), 0, atol=1e-9)
            deviation = mine.std(axis=0)
            assert np.all(np.isclose(deviation, 1) | np.isclose(deviation, 0))

    def test_clips_predicted_together_count_as_one_speakers(self, speech_store):
        store = FeatureStore(speech_store)
        matrix = self.INPUTS.matrix(ClipData.of(store, ids_of(store, 5)))
        np.testing.assert_allclose(matrix.mean(axis=0), 0, atol=1e-9)


def test_the_run_is_stamped_and_compared_apart(run):
    assert run.record["transductive"] is True
    assert run.record["values"]["normalise"] == "speaker"


def test_a_speaker_s_answers_depend_on_no_other_speaker(run, speech_store):
    store = FeatureStore(speech_store)
    fold = run.fold_names[0]
    tested = run.predictions[run.predictions["fold"] == fold]
    actor = int(tested["actor"].iloc[0])
    mine = tested[tested["actor"] == actor]
    alone = run.model_of(fold).predict(ClipData.of(store, list(mine.index)))
    np.testing.assert_allclose(mine.filter(like="p_").to_numpy(), alone, atol=1e-9)


def test_audio_files_without_speakers_are_refused(run, speech):
    with pytest.raises(RunError) as caught:
        serkit.predict(run, [next(speech.rglob("*.wav"))])
    assert str(caught.value) == (
        f"{run.name} normalises by speaker, but the speakers of these files are unknown; runs "
        "that predict each clip independently can be used; train it with --set normalise=none"
    )


def test_clips_of_unknown_speakers_cannot_be_standardised_by_them(speech, tmp_path):
    folder = tmp_path / "anonymous"
    for emotion in ("01", "05"):
        (folder / emotion).mkdir(parents=True)
        for number, path in enumerate(sorted(speech.rglob(f"03-01-{emotion}-*.wav"))[:7]):
            shutil.copy(path, folder / emotion / f"{number}.wav")
    store = tmp_path / "store"
    serkit.extract(
        folder,
        store=store,
        features=["functionals"],
        labelling=Labelling(layout="emotion"),
        workers=1,
    )
    with pytest.raises(TrainingError) as caught:
        serkit.train(
            "logreg",
            store=store,
            runs=tmp_path / "runs",
            protocol="random5",
            values={"normalise": "speaker"},
        )
    assert re.fullmatch(
        r"normalise = 'speaker', and none of \d+ training clips shares its speaker with another: "
        "clips whose speaker is unknown count as one speaker each; name the speakers, or --set "
        "normalise=none",
        str(caught.value),
    )


def test_it_is_no_member_of_an_ensemble(run, speech_store):
    other = serkit.train("majority", store=speech_store, runs=run.path.parent, protocol="luna5")
    with pytest.raises(UsageError, match=r"is transductive: its predictions depend on the other"):
        serkit.train(
            "ensemble",
            store=speech_store,
            runs=run.path.parent,
            values={"members": f"{run.name},{other.name}"},
        )
