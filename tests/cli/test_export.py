"""``serkit export``."""

from __future__ import annotations

import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("skl2onnx")


def test_a_file_is_written_and_predicts(cli, speech_runs, speech):
    audio = speech / "Actor_01"
    answer = cli(
        *("export", "logreg-luna5", "--onnx", "a.onnx", "--runs", speech_runs),
        *("--clips", audio, "--fold", "1"),
    )
    assert answer.code == 0
    assert answer.out.startswith("a.onnx: ")
    assert "reads functionals; on 16 clips no probability differs by more than" in answer.out
    found = cli("predict", "a.onnx", audio, "--workers", 1, "--json")
    assert (found.code, len(found.json)) == (0, 16)
    assert found.json[0]["folds"] == ["1"]


def test_a_file_is_needed(cli, speech_runs):
    assert cli("export", "logreg-luna5", "--runs", speech_runs).code == 2
