"""The published results that serkit ships, against ``reference/published.md`` written out again."""

from __future__ import annotations

import pytest

from serkit.evaluation.splits import PROTOCOLS
from serkit.results.listening import PROTOCOL as LISTENING
from serkit.results.published import published_results

UAR_OR_ACCURACY = {
    ("loso", "XLS-R 300M"): (0.819, 0.817),
    ("loso", "WavLM-L frozen"): (0.813, None),
    ("loso", "Whisper-L-v3"): (0.802, None),
    ("loso", "HuBERT-L"): (0.778, None),
    ("loso", "WavLM-L fine-tuned"): (0.732, None),
    ("loso", "ComParE-2016 + logistic"): (0.636, 0.634),
    ("loso", "ComParE-2016 + RBF"): (0.595, None),
    ("loso", "ComParE-2016 + random forest"): (0.523, None),
    ("loso", "eGeMAPS + logistic"): (0.531, None),
    ("loso", "eGeMAPS + SVM"): (0.512, None),
    ("loso", "113 MFCC"): (0.505, None),
    ("luna5", "xlsr-53"): (None, 0.818),
    ("luna5", "ResLSTM"): (0.623, None),
    ("luna5", "247 people"): (None, 0.624),
    ("loso", "247 people"): (None, 0.624),
    ("emobox6", "247 people"): (None, 0.624),
    ("listening", "247 people"): (None, 0.624),
    ("listening", "5 people"): (None, 0.7541),
    ("emobox6", "Whisper-L"): (None, 0.759),
    ("emobox6", "wav2vec2-B"): (None, 0.554),
    ("random10", "TIM-Net"): (None, 0.921),
    ("random5", "EmoCatcher"): (None, 0.842),
    ("random5", "ComParE-2016"): (0.736, None),
    ("notebook", "FFNN"): (None, 0.34),
    ("notebook", "transformer"): (None, 0.5139),
    ("notebook-logreg", "logistic regression"): (None, 0.37847),
}


@pytest.mark.parametrize(("protocol", "system"), UAR_OR_ACCURACY)
def test_a_figure_is_the_published_one(protocol, system):
    (row,) = (
        row
        for row in published_results()
        if row.protocol == protocol and row.system.startswith(system)
    )
    assert (row.uar, row.accuracy) == UAR_OR_ACCURACY[protocol, system]


def test_each_names_a_protocol_that_there_is_and_who_published_it():
    for row in published_results():
        assert row.protocol in (*PROTOCOLS.names(), LISTENING)
        assert row.source
        assert row.system


def test_each_has_a_result_and_rates_are_fractions():
    for row in published_results():
        rates = [r for r in (row.uar, row.uar_low, row.uar_high, row.accuracy) if r is not None]
        assert row.uar is not None or row.accuracy is not None
        assert all(0 < rate < 1 for rate in rates)


def test_an_interval_holds_its_result():
    (row,) = (row for row in published_results() if row.uar_low is not None)
    assert row.uar_low < row.uar < row.uar_high


@pytest.mark.parametrize("system", ["xlsr-53", "ResLSTM", "TIM-Net", "EmoCatcher", "FFNN"])
def test_selection_on_test_clips_is_stamped(system):
    assert all(r.selected_on_test for r in published_results() if r.system.startswith(system))


def test_normalisation_over_all_data_is_stamped():
    assert [r.system[:7] for r in published_results() if r.transductive] == ["ResLSTM"]
