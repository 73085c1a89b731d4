"""Fixtures that tests of several packages share."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("serkit", deadline=None, derandomize=True)
settings.load_profile("serkit")

_REAL_CLIPS = Path(__file__).resolve().parents[2] / "shared" / "ravdess"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that asks for the real clips, so that ``-m 'not real'`` leaves them out."""
    for item in items:
        if "ravdess" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.real)


@pytest.fixture(scope="session")
def ravdess() -> Path:
    """The folder with the real RAVDESS clips (20 actors, FLAC); skips where it is not there."""
    if not _REAL_CLIPS.is_dir():
        pytest.skip("needs the real RAVDESS clips in ../shared/ravdess, beside the checkout")
    return _REAL_CLIPS


def _clip_ids(count: int) -> list[str]:
    """Return RAVDESS ids: all emotions of actor 1, then of actor 2, ... then the next sentence."""
    ids = []
    for i in range(count):
        emotion, actor, take = i % 8 + 1, i // 8 % 24 + 1, i // 192
        if take > 3:
            raise ValueError("make_corpus knows 768 clips")
        ids.append(f"03-01-{emotion:02d}-01-{take % 2 + 1:02d}-{take // 2 + 1:02d}-{actor:02d}")
    return ids


def _render(clip_id: str, seconds: float, seed: int) -> np.ndarray:
    """Return a tone in noise, int16, as long as ``seconds`` or down to half of that."""
    random = np.random.default_rng([crc32(clip_id.encode()), seed])
    frames = max(1, int(48_000 * seconds * random.uniform(0.5, 1.0)))
    pitch, loudness = random.uniform(80, 400), random.uniform(500, 8000)
    tone = np.sin(2 * np.pi * pitch * np.arange(frames) / 48_000)
    return (loudness * (tone + random.standard_normal(frames) / 8)).astype(np.int16)


@pytest.fixture
def make_corpus(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a tiny corpus of RAVDESS-named 48 kHz 16-bit WAV files.

    ``make_corpus(clips=8, seconds=0.6, folder="corpus", seed=0)`` returns the folder, which is
    ``tmp_path / folder``. ``clips`` is a number (8 are all emotions of actor 1, 16 those of actors
    1 and 2, and so on up to 768) or a list of clip ids. Each file is ``Actor_NN/ID.wav`` and holds
    a tone in noise of ``seconds`` or down to half of that; it depends on its id and ``seed`` only.
    Called again with the same folder it adds to it.
    """

    def make(
        clips: int | Sequence[str] = 8,
        *,
        seconds: float = 0.6,
        folder: str = "corpus",
        seed: int = 0,
    ) -> Path:
        import soundfile

        root = tmp_path / folder
        for clip_id in _clip_ids(clips) if isinstance(clips, int) else clips:
            path = root / f"Actor_{clip_id[-2:]}" / f"{clip_id}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, _render(clip_id, seconds, seed), 48_000, subtype="PCM_16")
        return root

    return make


def _takes(actors: int) -> tuple[str, ...]:
    """Return 16 clips an actor: every emotion, strong where there is that, in both sentences."""
    from serkit.synthesis.corpus import clip_names

    strong = {f"-{emotion:02d}-{2 if emotion > 1 else 1:02d}-" for emotion in range(1, 9)}
    return tuple(n for n in clip_names(actors) if n[5:12] in strong and n[15:17] == "01")


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a synthetic corpus of 6 actors and 96 clips; not to be changed."""
    from serkit.synthesis import corpus

    folder = tmp_path_factory.mktemp("speech") / "corpus"
    takes = _takes(6)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "clip_names", lambda _actors: takes)
        corpus.synthesise(folder, actors=6, workers=1)
    return folder


@pytest.fixture(scope="session")
def speech_store(speech: Path) -> Path:
    """Return a store of ``speech``, two features, which is not to be changed."""
    import serkit

    path = speech.parent / "store"
    serkit.extract(speech, store=path, features=["change_deviation", "functionals"], workers=1)
    return path


@pytest.fixture(scope="session")
def speech_runs(speech_store: Path) -> Path:
    """Return a folder with four runs on ``speech_store``; not to be changed.

    ``majority`` and ``logreg`` on luna5, the same ``logreg`` on random5, and the study's on its
    own protocol.
    """
    import serkit

    runs = speech_store.parent / "runs"
    given = {"store": speech_store, "runs": runs}
    serkit.train("majority", protocol="luna5", **given)
    for protocol in ("luna5", "random5"):
        serkit.train("logreg", protocol=protocol, values={"C": 1.0}, **given)
    serkit.train("logreg", protocol="notebook", preset="notebook", **given)
    return runs


_GERMAN = {
    **{"angry": "W", "calm": "L", "disgust": "E", "fearful": "A", "happy": "F"},
    **{"neutral": "N", "sad": "T"},
}
"""EMO-DB's letters of our labels; its boredom stands in for calm, and nobody is surprised."""


@pytest.fixture(scope="session")
def german_store(speech: Path) -> Path:
    """Return a store of ``functionals`` of clips named as EMO-DB's, which is not to be changed.

    They are those of ``speech`` at half the level: other samples, and another corpus's speakers.
    """
    import soundfile

    import serkit
    from serkit.corpora.ravdess import parse

    folder = speech.parent / "german"
    folder.mkdir()
    for path in sorted(speech.rglob("*.wav")):
        name = parse(path)
        if (letter := _GERMAN.get(name.emotion)) is None:
            continue
        speaker = ("03", "08", "10", "09", "11", "13")[int(name.speaker) - 1]
        version = "ab"[name.intensity == "strong"]
        sentence = "a02" if name.clip_id[12:14] == "02" else "a01"
        samples, rate = soundfile.read(path, dtype="int16")
        target = folder / f"{speaker}{sentence}{letter}{version}.wav"
        soundfile.write(target, samples // 2, rate, subtype="PCM_16")
    path = speech.parent / "german-store"
    serkit.extract(folder, store=path, features=["functionals"], workers=1)
    return path


@contextmanager
def _running(*command: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a command until the block ends; what it says on stderr can be read."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture(scope="session")
def dask_scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a dask scheduler with two workers, started as the docs show."""
    pytest.importorskip("distributed")
    folder = tmp_path_factory.mktemp("dask")
    dask = (sys.executable, "-m", "dask")
    local = ("--host", "127.0.0.1", "--no-dashboard")
    with ExitStack() as stack:
        scheduler = stack.enter_context(
            _running(*dask, "scheduler", *local, "--port", "0", folder=folder)
        )
        assert scheduler.stderr
        said = iter(scheduler.stderr.readline, "")
        address = next(re.findall(r"tcp://\S+", line)[0] for line in said if "tcp://" in line)
        workers = ("worker", address, "--nworkers", "2", "--nthreads", "1", *local)
        stack.enter_context(_running(*dask, *workers, folder=folder))
        yield address
