"""Exploring a corpus: what is counted, which groups there are, what marks a class."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import serkit
from serkit.errors import CorpusError, ReportError, UnknownNameError
from serkit.reports.exploration import amplitudes
from serkit.reports.exploration.clip_map import clip_map
from serkit.reports.exploration.effects import Effects, effects
from serkit.reports.exploration.grouping import groupings, speakers_of
from serkit.reports.files import write


def samples(seed: int, size: int = 5_001) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.clip(random.normal(0, 9_000, size), -32_768, 32_767).astype(np.int16)


class TestAmplitudes:
    def test_every_amplitude_is_counted_at_its_place(self):
        counts = amplitudes.count(np.array([-32_768, -1, 0, 0, 32_767], np.int16))
        found = dict(zip(amplitudes.AMPLITUDES[counts > 0], counts[counts > 0], strict=True))
        assert found == {-32_768: 1, -1: 1, 0: 2, 32_767: 1}

    @pytest.mark.parametrize("size", [1, 2, 5, 1_000, 5_001])
    def test_a_box_is_that_of_the_samples_themselves(self, size):
        own = samples(1, size)
        box = amplitudes.box(amplitudes.count(own))
        assert box
        quartiles = (box.lower_quartile, box.median, box.upper_quartile)
        assert quartiles == tuple(np.percentile(own, (25, 50, 75)))
        reach = 1.5 * (box.upper_quartile - box.lower_quartile)
        inside = own[(own >= quartiles[0] - reach) & (own <= quartiles[2] + reach)]
        assert box.high == max(float(inside.max()), box.upper_quartile)
        assert box.low == min(float(inside.min()), box.lower_quartile)
        assert box.samples == size

    def test_silence_is_from_minus_twenty_to_twenty(self):
        every = np.arange(-25, 26).astype(np.int16)
        left = amplitudes.without_silence(amplitudes.count(every))
        assert amplitudes.AMPLITUDES[left > 0].tolist() == [*range(-25, -20), *range(21, 26)]

    def test_nothing_has_no_box_and_an_empty_histogram(self):
        nothing = amplitudes.count(np.array([], np.int16))
        assert amplitudes.box(nothing) is None
        assert amplitudes.histogram(nothing, np.linspace(-5, 5, 11)).tolist() == [0.0] * 10

    def test_a_histogram_is_that_of_the_samples_themselves(self):
        own = samples(2)
        counts = amplitudes.count(own)
        edges = amplitudes.bin_edges(counts[None])
        expected, _ = np.histogram(own, bins=edges)
        assert len(edges) == 101
        assert edges[-1] == -edges[0] == np.abs(own.astype(int)).max()
        np.testing.assert_allclose(amplitudes.histogram(counts, edges), expected / len(own))


class TestGroupings:
    def clips(self, **columns: object) -> pd.DataFrame:
        usual = {"emotion": ["sad", "neutral", "sad"], "emotion_id": [3, 0, 3], "path": "x"}
        return pd.DataFrame(usual | columns, index=["a", "b", "c"])

    def test_labels_stand_in_their_own_order(self):
        (label,) = groupings(self.clips())
        assert (label.column, label.names) == ("emotion", ("neutral", "sad"))
        assert label.codes.tolist() == [1, 0, 1]

    def test_any_column_of_the_corpus_groups_and_numbers_stand_by_value(self):
        found = groupings(self.clips(actor=[10, 2, 10], accent=["b", "a", "b"]))
        assert [(each.column, each.names) for each in found[1:]] == [
            ("actor", ("2", "10")),
            ("accent", ("a", "b")),
        ]

    def test_unknown_values_are_in_no_group(self):
        clips = self.clips(sex=["male", "unknown", "female"], actor=[0, 1, 2])
        by = {each.column: each for each in groupings(clips)}
        assert by["sex"].codes.tolist() == [1, -1, 0]
        assert by["actor"].codes.tolist() == [-1, 0, 1]
        assert speakers_of(clips) is None

    def test_actors_that_are_named_as_speakers_are_grouped_once(self):
        clips = self.clips(actor=[1, 2, 1], speaker=["1", "2", "1"])
        assert [group.column for group in groupings(clips)] == ["emotion", "speaker"]
        assert speakers_of(clips).tolist() == [0, 1, 0]

    def test_a_column_of_one_value_groups_nothing(self):
        assert [g.column for g in groupings(self.clips(intensity="normal"))] == ["emotion"]


@pytest.fixture(scope="module")
def found() -> Effects:
    """Effects of three speakers with voices far apart; column 0 is 2 higher in class b."""
    random = np.random.default_rng(0)
    speaker = np.repeat([0, 1, 2], 200)
    code = np.tile([0, 1], 300)
    table = random.normal(0, 1, (600, 4)) + np.outer(speaker, [0, 100, 0, 0])
    table[:, 0] += 2.0 * code
    table[:, 3] = 7.0
    columns = ("level_mean", "pitch_voiced_mean", "noise", "constant")
    return effects(table, columns, code, ("a", "b"), speaker)


class TestEffects:
    def test_are_differences_within_speakers_in_standard_deviations(self, found):
        assert found.sizes[1, 0] == pytest.approx(2.0, abs=0.2)
        assert found.sizes[0, 0] == pytest.approx(-found.sizes[1, 0])
        assert abs(found.sizes[1, 1]) < 0.2
        assert found.speakers == 3

    def test_have_intervals_around_them(self, found):
        assert found.low[1, 0] <= found.sizes[1, 0] <= found.high[1, 0]
        assert 0 < found.high[1, 0] - found.low[1, 0] < 1

    def test_of_a_constant_column_are_unknown_and_never_named(self, found):
        assert np.isnan(found.sizes[:, 3]).all()
        assert found.strongest("b") == [0]

    def test_speakers_without_every_class_are_left_out(self):
        table = np.random.default_rng(0).normal(size=(8, 2))
        found = effects(
            table, ("x", "y"), np.array([0, 1, 0, 1, 0, 0, 0, 0]), ("a", "b"), np.arange(8) // 4
        )
        assert found.speakers == 1
        assert np.isnan(found.low).all()


class TestMap:
    def test_neighbours_are_the_same_voice_and_among_other_speakers_chance(self):
        random = np.random.default_rng(0)
        speaker = np.repeat(np.arange(4), 50)
        label = random.integers(0, 2, 200)
        table = random.normal(0, 0.1, (200, 6)) + random.normal(0, 5, (4, 6))[speaker]
        table[:, 0] += 2.0 * label
        found = clip_map(table, {"emotion": label, "speaker": speaker}, speaker)
        assert found
        assert found.points.shape == (200, 2)
        assert found.same["speaker"].share == 1.0
        assert found.same["speaker"].chance == pytest.approx(0.25)
        assert found.same_elsewhere["speaker"].share == 0.0
        assert found.same["emotion"].share > found.same_elsewhere["emotion"].share

    def test_agrees_with_a_full_decomposition(self):
        table = np.random.default_rng(1).normal(size=(40, 7)) @ np.diag([9, 5, 1, 1, 1, 1, 1])
        found = clip_map(table, {})
        assert found
        scaled = (table - table.mean(axis=0)) / table.std(axis=0)
        sizes = np.linalg.svd(scaled, compute_uv=False)
        assert found.explained == pytest.approx(tuple(sizes[:2] ** 2 / (sizes**2).sum()))
        assert np.linalg.norm(found.points, axis=0) == pytest.approx(sizes[:2])

    @pytest.mark.parametrize("table", [np.zeros((9, 5)), np.ones((2, 5)), np.zeros((0, 5))])
    def test_constant_input_has_none(self, table):
        assert clip_map(table, {}) is None


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of eight clips of one actor, an emotion each."""
    from serkit.audio import write_wav

    root = tmp_path_factory.mktemp("exploration")
    for emotion in range(1, 9):
        path = root / "corpus" / f"03-01-{emotion:02}-01-01-01-01.wav"
        path.parent.mkdir(exist_ok=True)
        write_wav(path, samples(emotion, 20_000 + 1_000 * emotion))
    features = ["raw", "change_deviation", "functionals"]
    serkit.extract(root / "corpus", store=root / "store", features=features, workers=1)
    return root / "store"


class TestReport:
    def test_counts_every_sample_of_every_group(self, store):
        found = serkit.eda(store)
        rows = found.to_json()["by"]["emotion"]
        assert [row["group"] for row in rows] == list(serkit.EMOTIONS)
        for number, row in enumerate(rows, start=1):
            own = samples(number, 20_000 + 1_000 * number).astype(int)
            audible = own[np.abs(own) > 20]
            assert row["amplitudes"]["samples"] == len(audible)
            assert row["amplitudes"]["median"] == np.median(audible)
            assert row["seconds"] == len(own) / 48_000
        assert found.to_json()["gaps"] == []

    def test_the_page_holds_every_figure_and_the_sound_and_loads_nothing(self, store, tmp_path):
        pytest.importorskip("matplotlib")
        found = serkit.eda(store, out=tmp_path / "eda", form="svg", workers=1)
        files = {path.name for path in (tmp_path / "eda").iterdir()}
        assert files == {"index.html", *(f"{name}.svg" for name in found.figures)}
        page = (tmp_path / "eda" / "index.html").read_text(encoding="utf-8")
        assert page.count("<svg role=") == len(found.figures)
        assert "data:audio/flac;base64," in page
        assert "http" not in page.replace("http://www.w3.org", "").replace("http-equiv", "")
        ids = [part.partition('"')[0] for part in page.split(' id="')[1:]]
        assert len(ids) == len(set(ids))

    def test_a_store_without_features_shows_what_it_can_and_says_what_is_missing(
        self, speech_store, tmp_path
    ):
        found = serkit.eda(speech_store)
        assert "amplitudes-by-emotion" not in found.figures
        assert {"length-by-emotion", "voice-by-speaker", "marks", "map"} <= set(found.figures)
        (gap,) = found.to_json()["gaps"]
        assert gap.startswith("unknown feature 'raw' in the store ")
        assert gap.endswith("compute it with 'serkit extract SRC --features raw'")
        json.dumps(found.to_json(), allow_nan=False)

    def test_texts_of_the_corpus_are_escaped(self):
        from serkit.reports.markup import tag

        assert str(tag("td", "<script>")) == "<td>&lt;script&gt;</td>"

    def test_wrong_names_are_refused(self, store, tmp_path):
        with pytest.raises(UnknownNameError, match="unknown format 'pdf'; there are: png, svg"):
            serkit.eda(store, form="pdf")
        with pytest.raises(UnknownNameError, match="unknown clip 'x'"):
            serkit.eda(store, clip="x")
        with pytest.raises(UnknownNameError, match="did you mean 'waveform'"):
            serkit.eda(store).figure("waveforms")

    def test_a_place_that_cannot_be_written_to_is_one_sentence(self, store, tmp_path):
        pytest.importorskip("matplotlib")
        (tmp_path / "file").write_text("")
        with pytest.raises(ReportError) as caught:
            serkit.eda(store, out=tmp_path / "file")
        assert str(caught.value) == (
            f"cannot make the folder {tmp_path}/file (File exists); name another place"
        )
        (tmp_path / "full" / "index.html").mkdir(parents=True)
        with pytest.raises(ReportError, match=r"^cannot write .*index\.html \(Is a directory\)"):
            write(tmp_path / "full" / "index.html", b"page")
        assert [path.name for path in (tmp_path / "full").iterdir()] == ["index.html"]

    def test_a_store_without_clips_has_nothing_to_explore(self, monkeypatch, store):
        opened = serkit.FeatureStore(store)
        monkeypatch.setattr(type(opened), "clips", property(lambda self: pd.DataFrame()))
        with pytest.raises(CorpusError) as caught:
            serkit.eda(opened)
        assert str(caught.value) == (
            f"the store {store} holds no clips; fill it with 'serkit extract SRC'"
        )
