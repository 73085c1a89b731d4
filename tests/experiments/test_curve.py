"""A learning curve over speakers: who is trained on, what is tested, and what it leads to."""

from __future__ import annotations

import json

import numpy as np
import pytest

import serkit
from serkit.errors import UsageError
from serkit.experiments import curve as measuring
from serkit.results.curve import Curve, CurvePoint


def made(*found):
    points = [CurvePoint(speakers, uar, uar - 0.05, uar + 0.05) for speakers, uar in found]
    return Curve("logreg", "best", "luna5", 0, tuple(points))


class TestWhatItSays:
    def test_every_doubling_brings_the_slope_of_the_line(self):
        curve = made((4, 0.4), (8, 0.5), (16, 0.6))
        assert curve.per_doubling == pytest.approx(0.1)
        assert curve.expected(32) == pytest.approx(0.7)

    def test_ten_more_speakers_are_read_off_the_line(self):
        curve = made((4, 0.4), (16, 0.6))
        assert curve.ten_more == pytest.approx(0.1 * np.log2(26 / 16))
        assert curve.sentence == (
            "twice as many speakers bring 10.0 points; ten more than 16 would bring about 7.0, "
            "if the trend continues"
        )

    def test_the_extrapolation_is_capped_at_one(self):
        assert made((4, 0.5), (8, 0.9)).expected(64) == 1.0


class TestMeasuring:
    @pytest.fixture
    def sides(self, monkeypatch):
        """Return what each model is fitted on, as it is fitted."""
        seen = []
        fit = measuring.fit_here

        def spy(trainer, sides, values, context):
            seen.append(sides)
            return fit(trainer, sides, values, context)

        monkeypatch.setattr(measuring, "fit_here", spy)
        return seen

    def test_more_speakers_hold_the_fewer_and_no_test_speaker_is_among_them(
        self, speech_store, sides, tmp_path
    ):
        found = serkit.curve(
            "majority", speakers=[1, 2], store=speech_store, protocol="speaker5", out=tmp_path
        )
        clips = serkit.FeatureStore(speech_store).state.clips
        folds = len(sides) // 2
        for small, large in zip(sides[:folds], sides[folds:], strict=True):
            few, many = ({clips[i].speaker for i in each.train} for each in (small, large))
            assert (len(few), few < many) == (1, True)
            assert small.validation == large.validation
        assert [point.speakers for point in found.points] == sorted(
            point.speakers for point in found.points
        )
        assert found.points[0].uar == pytest.approx(1 / 8)
        assert json.loads((tmp_path / "curve.json").read_text())["model"] == "majority"
        assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")

    def refused(self, store, model="majority", **options):
        with pytest.raises(UsageError) as caught:
            serkit.curve(model, store=store, protocol="speaker5", **options)
        return str(caught.value)

    def test_one_number_makes_no_curve(self, speech_store):
        assert self.refused(speech_store, speakers=[2]) == (
            "a curve over [2] speakers; two or more different numbers are needed"
        )

    def test_one_training_speaker_makes_no_curve(self, speech_store, monkeypatch):
        monkeypatch.setattr(measuring, "_shuffled_speakers", lambda plan, fold: ["1"])
        assert self.refused(speech_store) == (
            "a fold has 1 training speaker beside its validation speakers; "
            "a curve needs two or more"
        )

    @pytest.mark.parametrize("numbers", ["2,4", [2, 4.0], [2, "4"]])
    def test_what_is_no_list_of_whole_numbers(self, speech_store, numbers):
        assert self.refused(speech_store, speakers=numbers) == (
            f"speakers = {numbers!r} is not a list of whole numbers; numbers such as [4, 8, 16] are"
        )

    @pytest.mark.parametrize("numbers", [(0, 2), (2, 99)])
    def test_missing_speakers(self, speech_store, numbers):
        said = self.refused(speech_store, speakers=numbers)
        wrong = 0 if 0 in numbers else 99
        assert said.startswith(f"a fold cannot be trained on {wrong} speakers; 1 to ")

    def test_an_ensemble(self, speech_store):
        assert self.refused(speech_store, "ensemble") == (
            "ensemble combines finished runs and is not trained itself; draw the "
            "curves of its members"
        )
