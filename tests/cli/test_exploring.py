"""``serkit eda`` from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest


def test_json_alone_writes_no_file(cli, speech_store):
    answer = cli("eda", "--store", speech_store, "--json")
    assert answer.code == 0
    assert answer.json["clips"] == 96
    assert {"emotion", "intensity", "sex", "actor"} <= answer.json["by"].keys()
    assert list(Path.cwd().iterdir()) == []


def test_a_missing_store_is_one_sentence(cli):
    answer = cli("eda", "--store", "nowhere")
    assert answer.code == 1
    assert answer.message.startswith("no feature store in nowhere")


@pytest.mark.parametrize("form", ["pdf"])
def test_an_unknown_format_is_refused(cli, speech_store, form):
    answer = cli("eda", "--store", speech_store, "--format", form)
    assert answer.code == 2
    assert "'pdf' is not one of 'png', 'svg'" in answer.err
