"""The page in headless Chromium: a file, the microphone, a narrow screen."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")

from browserkit import axe
from chromekit import BROWSER, Page
from serkit.audio import read_audio, write_wav

pytestmark = pytest.mark.skipif(BROWSER is None, reason="needs Chromium")

HEARD = "document.querySelector('#status').textContent.endsWith(': heard.')"

SERIOUS = """axe.run().then((found) => found.violations
  .filter((each) => ["serious", "critical"].includes(each.impact))
  .map((each) => [each.id, each.nodes[0].html]))"""


@pytest.fixture(scope="module")
def url(speech_runs):
    command = [sys.executable, "-m", "serkit", "serve", "logreg-luna5", "--port", "0"]
    command += ["--runs", str(speech_runs)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield server.stdout.readline().split(" (")[0].rpartition(": ")[2]
    finally:
        server.terminate()
        server.wait(30)


def test_a_file_on_a_narrow_screen(url, speech):
    with Page(url, width=360) as page:
        page.wait("document.querySelector('#card').children.length > 0")
        page.choose("#file", next(speech.rglob("*.wav")))
        page.wait(HEARD)
        assert page.run("document.querySelectorAll('#bars li').length") == 8
        assert page.run("document.documentElement.scrollWidth") == 360
        unnamed = "[...document.querySelectorAll('button, input, canvas, meter')].filter((e) => "
        unnamed += "!(e.textContent.trim() || e.ariaLabel || e.labels?.length)).length"
        assert page.run(unnamed) == 0


def test_a_long_file_is_predicted_over_time(url, speech, tmp_path):
    samples = [read_audio(path).samples for path in sorted(speech.rglob("*.wav"))[:3]]
    write_wav(tmp_path / "talk.wav", np.concatenate(samples))
    with Page(url, dark=True) as page:
        page.wait("document.querySelector('#card').children.length > 0")
        page.choose("#file", tmp_path / "talk.wav")
        page.wait(HEARD)
        assert page.run("document.querySelectorAll('#windows tr').length") >= 5


def test_non_audio_uploads_are_rejected(url, tmp_path):
    (tmp_path / "x.wav").write_bytes(b"no audio")
    with Page(url) as page:
        page.wait("document.querySelector('#card').children.length > 0")
        page.choose("#file", tmp_path / "x.wav")
        page.wait("!document.querySelector('#problem').hidden")
        assert "is no audio" in page.run("document.querySelector('#problem').textContent")


def test_the_microphone(url):
    with Page(url) as page:
        page.wait("document.querySelector('#card').children.length > 0")
        page.run("document.querySelector('#live').click()")
        page.run("document.querySelector('#record').click()")
        page.wait("Number(document.querySelector('#meter').ariaValueNow) > -60")
        page.wait("document.querySelectorAll('#bars li').length == 8")
        assert page.run("document.querySelector('#record').ariaPressed") == "true"
        page.run("document.querySelector('#record').click()")
        page.wait(HEARD)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious(url, speech, dark):
    with Page(url, dark=dark) as page:
        page.wait("document.querySelector('#card').children.length > 0")
        page.run(axe())
        at_first = page.run(SERIOUS)
        page.choose("#file", next(speech.rglob("*.wav")))
        page.wait(HEARD)
        assert [*at_first, *page.run(SERIOUS)] == []
