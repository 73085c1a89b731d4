"""``serkit eda`` from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest


def test_json_alone_writes_no_file(cli, speech_store):
    answer = cli("eda", "--store", speech_store, "--json")
    assert answer.code == 0
    assert answer.json["clips"] == 96
    assert {"emotion", "intensity", "sex", "speaker"} <= answer.json["by"].keys()
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


class TestInvert:
    def test_writes_the_sound_and_the_picture(self, cli, speech):
        clip = min(speech.rglob("*.wav"))
        answer = cli("invert", clip, "--out", "back.wav")
        assert answer.code == 0
        assert answer.out.startswith(f"{clip.stem} from mel128: ")
        assert Path("back.wav").is_file()

    def test_json_alone_writes_no_file(self, cli, speech):
        answer = cli("invert", min(speech.rglob("*.wav")), "--json")
        assert answer.json["feature"] == "mel128"
        assert list(Path.cwd().iterdir()) == []

    @pytest.mark.parametrize("arguments", [(), ("clip", "--table")])
    def test_needs_a_clip_or_a_table(self, cli, arguments):
        answer = cli("invert", *arguments)
        assert (answer.code, answer.message) == (
            2,
            "give either a CLIP or --table; see 'serkit invert --help'",
        )
