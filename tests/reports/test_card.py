"""Model cards: what the hub reads in them, and what people do."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import yaml

from runkit import make_run
from serkit.evaluation.metrics import uar_interval
from serkit.reports.card import model_card
from serkit.reports.yaml import to_yaml
from serkit.results.stress import StressRow, StressTable, write_stress


def header(text: str) -> dict:
    return yaml.safe_load(text.split("---\n")[1])


class TestHeader:
    def test_the_hub_reads_the_metrics(self, tmp_path):
        hub = pytest.importorskip("huggingface_hub")
        run = make_run(tmp_path, "svm-1")
        card = hub.ModelCard(model_card(run).text)
        found = {each.metric_type: each for each in card.data.eval_results}
        assert found["recall"].metric_value == round(run.uar, 4)
        assert found["recall"].metric_args == {"average": "macro"}
        assert found["accuracy"].metric_value == round(run.accuracy, 4)
        assert {each.dataset_type for each in found.values()} == {"ravdess"}
        assert {each.task_type for each in found.values()} == {"audio-classification"}
        assert card.data.model_name == "svm-1"
        assert card.data.library_name == "serkit"

    @pytest.mark.parametrize(
        "data",
        [
            {"a": "yes", "b": [1, 2.5, None, True], "c": {"d": []}},
            {
                "text": "colon: # and 'quotes' \"double\"\nline",
                "list": [{"x": 1, "y": [{"z": "é"}]}],
            },
            {"empty": {}, "nested": {"deep": {"deeper": ["a", {"b": "c"}]}}},
        ],
    )
    def test_any_yaml_reader_reads_it(self, data):
        assert yaml.safe_load(to_yaml(data)) == data


class TestText:
    def test_groups_have_their_scores_and_intervals(self, tmp_path):
        run = make_run(tmp_path, "svm-1")
        frame = run.predictions[run.predictions["sex"] == "male"]
        ends = uar_interval(
            frame["true_id"].to_numpy(), frame["predicted_id"].to_numpy(), frame["actor"].to_numpy()
        )
        row = re.search(r"\| sex male \| ([\d.]+) \| ([\d.-]+) \| 192 \|", model_card(run).text)
        assert row
        assert row[2] == f"{100 * ends.low:.1f}-{100 * ends.high:.1f}"

    def test_says_what_to_expect_of_new_speakers(self, tmp_path):
        run = make_run(tmp_path, "svm-1")
        assert f"**Expect {100 * run.uar:.1f} % unweighted" in model_card(run).text
        assert "** on new speakers" in model_card(run).text

    def test_names_every_weakness_that_the_run_has(self, tmp_path):
        weak = {"synthetic": True, "selected_on_test": True, "speaker_independent": False}
        text = model_card(make_run(tmp_path, "a", actors=[1, 2], ece=0.3, **weak)).text
        for words in ("No human spoke", "chosen on the test clips", "2 test speakers are few"):
            assert words in text
        assert "Not speaker-independent" in text
        assert "calibrate them before use" in text
        strong = model_card(make_run(tmp_path, "b", ece=0.01)).text
        assert "are few" not in strong
        assert "calibrate" not in strong

    def test_an_unknown_corpus_is_named(self, tmp_path):
        text = model_card(make_run(tmp_path, "a", corpus="mine")).text
        assert "- Corpus: mine\n- Licence of the audio: unknown" in text

    @pytest.mark.parametrize(
        ("said", "command"),
        [
            (
                {
                    "protocol": "cross:a->b",
                    "stores": [
                        {"path": "x", "corpus": "a", "role": "train"},
                        {"path": "y", "corpus": "b", "role": "test"},
                    ],
                    "label_map": {"calm": "neutral"},
                },
                "serkit train svm --store a --test-store b --map calm=neutral --preset best",
            ),
            (
                {
                    "evaluated_run": "svm-0",
                    "stores": [{"path": "x", "corpus": "my own", "role": "test"}],
                    "train_seconds": None,
                },
                "serkit evaluate svm-0 --store 'my own'",
            ),
        ],
    )
    def test_the_command_of_a_run_on_several_stores_names_them(self, tmp_path, said, command):
        run = make_run(tmp_path, "svm-1")
        text = model_card(replace(run, record={**run.record, **said})).text
        assert command in text

    def test_names_from_outside_are_text(self, tmp_path):
        text = model_card(make_run(tmp_path, "a", notes=["<script>|x"], preset="`p`")).text
        assert "<script>" not in text
        assert "- &lt;script>\\|x" in text
        assert header(text)["model-index"][0]["name"] == "a"


def test_a_stress_test_is_in_the_card(tmp_path):
    run = make_run(tmp_path, "svm-1")
    assert "## Stress" not in model_card(run).text
    row = StressRow(
        "white-20", "white", "white noise, 20 dB", 90, 0, 0.3, 0.2, 0.4, -0.3, -0.4, -0.2, {}
    )
    write_stress(run.path, StressTable(run.name, 90, 20, 0.6, {}, (row,)))
    text = model_card(run).text
    assert "UAR of 90 test clips when they are perturbed; as recorded it is 60.0 %." in text
    assert "| white noise, 20 dB | 30.0 | 20.0-40.0 | -30.0* |" in text
