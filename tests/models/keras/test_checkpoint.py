"""Checkpoints: what is gone on from, what is not, and how often one is written."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from netkit import QUICK, TINY, clips_of, fold_of, make_store
from serkit.models import TRAINERS, FitContext
from serkit.models.keras import checkpoint
from serkit.models.keras.averaging import Average
from serkit.models.keras.network import Network
from serkit.models.training import training_key
from serkit.store.store import FeatureStore

pytestmark = pytest.mark.skipif(not find_spec("tensorflow"), reason="needs TensorFlow")

NOTEBOOK = {"width": 8, "heads": 2, "key_dim": 4, "hidden": 8, "blocks": 1}


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> FeatureStore:
    return make_store(tmp_path_factory.mktemp("nets"), shortest=4200)


@pytest.fixture(autouse=True)
def every_epoch(monkeypatch):
    monkeypatch.setattr(checkpoint, "SHARE", 1.0)


def fit(
    store: FeatureStore,
    work: Path | None,
    *,
    name: str = "ffnn",
    preset: str = "best",
    seed: int = 3,
    stop: int = 0,
    **values: object,
) -> tuple[Network | None, list[int]]:
    """Fit a net, interrupted after an epoch if ``stop`` says which; return epochs told of too."""
    trainer = TRAINERS.get(name)
    given = {**QUICK, **(TINY[name] if preset == "best" else {}), "epochs": 4, **values}
    told = []

    def progress(done: int, *_: object) -> None:
        told.append(done)
        if stop and done == stop:
            raise KeyboardInterrupt

    fold = fold_of(store, (1, 2), (3,))
    context = FitContext(seed, progress, workdir=work)
    try:
        return trainer.fit(fold, trainer.settle(preset, given), context), told
    except KeyboardInterrupt:
        return None, told


def test_one_holds_no_pickle_and_nothing_is_left_beside_it(store, tmp_path):
    (tmp_path / ".checkpoint.npz.1.tmp").write_bytes(b"what a kill left")
    fit(store, tmp_path, stop=3)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.npz"]
    with np.load(tmp_path / "checkpoint.npz", allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file.files)


def test_the_study_s_net_resumes_identically(store, tmp_path):
    """With Keras's own attention, noise, and Adam at a constant rate."""
    given = {"name": "transformer", "preset": "notebook", **NOTEBOOK}
    whole, _ = fit(store, None, **given)
    fit(store, tmp_path, stop=3, **given)
    again, told = fit(store, tmp_path, **given)
    assert told == [2, 3, 4]
    data = clips_of(store, 4)
    assert np.array_equal(whole.predict(data), again.predict(data))
    timeless = [net.history.drop(columns="seconds") for net in (whole, again)]
    pd.testing.assert_frame_equal(*timeless, check_exact=True)
    assert (whole.earlier_seconds, again.chosen) == (0, whole.chosen)
    assert again.earlier_seconds > again.history["seconds"].iloc[:2].sum()


def test_the_best_epoch_may_precede_the_interruption(store, tmp_path):
    given = {"learning_rate": 1e-8, "schedule": "constant", "monitor": "uar"}
    whole, _ = fit(store, None, **given)
    assert whole.chosen == {"epoch": 1}  # the first one of equals
    fit(store, tmp_path, stop=4, **given)
    again, _ = fit(store, tmp_path, **given)
    data = clips_of(store, 4)
    assert np.array_equal(whole.predict(data), again.predict(data))


def test_batches_of_other_lengths_may_come_first_after_resuming(tmp_path):
    """How a batch's sums are rounded does not depend on which lengths came before it.

    The average of the weights is resumed, too.
    """
    store = make_store(tmp_path, shortest=1500)
    work = tmp_path / "work"
    work.mkdir()
    given = {"name": "tcn", "batch_size": 3, "average": 0.9}
    whole, _ = fit(store, None, **given)
    fit(store, work, stop=3, **given)
    again, told = fit(store, work, **given)
    assert told == [2, 3, 4]
    data = clips_of(store, 4)
    assert np.array_equal(whole.predict(data), again.predict(data))


OTHER_BACKEND = """
import sys
from pathlib import Path
import numpy as np
import test_checkpoint as here
from netkit import clips_of
from serkit import FeatureStore

here.checkpoint.SHARE = 1.0
backend, store, work = sys.argv[1], FeatureStore(sys.argv[2]), Path(sys.argv[3])
given = {"backend": backend, "dropout": 0.3, "mixup": 0.2}
whole, _ = here.fit(store, None, **given)
here.fit(store, work, stop=3, **given)
again, told = here.fit(store, work, **given)
assert told == [2, 3, 4], told
data = clips_of(store, 4)
assert np.array_equal(whole.predict(data), again.predict(data))
"""


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_another_backend_resumes_identically(store, tmp_path, backend):
    if not find_spec(backend):
        pytest.skip(f"needs {backend}")
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", OTHER_BACKEND, backend, str(store.path), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_patience_continues_after_resuming(store, tmp_path):
    given = {"epochs": 30, "patience": 1, "learning_rate": 3.0, "schedule": "constant"}
    whole, _ = fit(store, tmp_path, **given)
    again, told_again = fit(store, tmp_path, **given)
    assert len(whole.history) == len(again.history) < 30
    assert told_again == [len(whole.history)]


def test_a_checkpoint_of_another_training_is_ignored(store, tmp_path):
    fit(store, tmp_path, stop=3)
    assert fit(store, tmp_path, stop=1, seed=4)[1][0] == 0


def test_the_key_covers_everything_training_depends_on(store):
    fold = fold_of(store, (1, 2), (3,))
    others = (
        (fold, "lstm", {"epochs": 4}, 1),
        (fold_of(store, (1,), (3,)), "ffnn", {"epochs": 4}, 1),
        (fold_of(store, (1, 2), (4,)), "ffnn", {"epochs": 4}, 1),
        (fold, "ffnn", {"epochs": 5}, 1),
        (fold, "ffnn", {"epochs": 4}, 2),
    )
    keys = {training_key(*each) for each in ((fold, "ffnn", {"epochs": 4}, 1), *others)}
    assert len(keys) == 6


class TestDamaged:
    @pytest.fixture
    def path(self, tmp_path) -> Path:
        path = tmp_path / "checkpoint.npz"
        arrays = {"variable-0": np.arange(1000)}
        checkpoint._write(path, {"version": checkpoint._VERSION, "key": "k"}, arrays)
        return path

    def test_a_complete_one_is_read(self, path):
        facts, arrays = checkpoint._read(path, "k")
        assert facts == {"version": checkpoint._VERSION, "key": "k"}
        assert arrays["variable-0"].tolist() == list(range(1000))

    @pytest.mark.parametrize("cut", [0, 1, 300, 4000, -1])
    def test_one_that_is_cut_off_is_as_none(self, path, cut):
        path.write_bytes(path.read_bytes()[:cut])
        assert checkpoint._read(path, "k") is None

    def test_a_flipped_byte_is_noticed(self, path):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        assert checkpoint._read(path, "k") is None

    def test_one_of_an_earlier_version_is_as_none(self, path):
        earlier = {"version": checkpoint._VERSION - 1, "key": "k"}
        checkpoint._write(path, earlier, {"variable-0": np.arange(1000)})
        assert checkpoint._read(path, "k") is None

    def test_rubbish_and_nothing(self, path):
        path.write_bytes(b"rubbish")
        assert checkpoint._read(path, "k") is None
        path.unlink()
        assert checkpoint._read(path, "k") is None

    def test_a_net_starts_over(self, store, path):
        path.write_bytes(b"rubbish")
        assert fit(store, path.parent, stop=1)[1][0] == 0


def test_writing_takes_a_small_share_of_the_time(monkeypatch, tmp_path):
    clock, written = [0.0], []

    def write(*_: object) -> None:
        clock[0] += 1.0
        written.append(clock[0])

    class Net:
        pass

    monkeypatch.setattr(checkpoint, "SHARE", 0.05)
    monkeypatch.setattr(checkpoint, "_write", write)
    monkeypatch.setattr(checkpoint, "_variables", lambda model: [])
    monkeypatch.setattr(checkpoint.time, "perf_counter", lambda: clock[0])
    checkpoints = checkpoint.Checkpoints(tmp_path, "")
    course = checkpoint.Course(rows=[{}], best=1)
    for _ in range(100):
        clock[0] += 2.0
        checkpoints.save_if_due(Net(), np.random.default_rng(0), course, Average(0.0))
    assert len(written) == pytest.approx(0.05 * clock[0], abs=1)
    assert written[0] == 3.0
