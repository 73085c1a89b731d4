"""An epoch of the study's nets: serkit's loop against ``model.fit`` on padded arrays, in one run.

Both sides train the same architecture (the ``notebook`` presets) with the same batch size on the
same clips of one store, on TensorFlow, each in a process of its own, in turn. The peer is what the
study's script does: all clips padded in front to 495 frames in one float32 array, and
``model.fit`` with Keras's defaults. Neither side validates. The first epoch, in which graphs are
traced and compiled, is shown apart; ratios are of the best round's last epoch, in seconds on the
clock and in seconds of computing (all threads), which a busy machine disturbs less.

    python benchmarks/training.py STORE [--models lstm,transformer,ffnn] [--clips N]
        [--epochs 2] [--rounds 1] [--set key=value]... [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"

Epochs = list[dict[str, float]]
"""Of each epoch: ``seconds`` on the clock, and ``computing`` of all threads."""

CLIPS = {"lstm": 128, "transformer": 320, "ffnn": 640}
"""So that an epoch of the slower side takes less than a minute on two cores."""

BATCH = {"lstm": 16, "transformer": 32, "ffnn": 16}
FEATURE = {"lstm": "mel128", "transformer": "mel256", "ffnn": "mel128"}
TARGET = {"lstm": 2.5, "transformer": 1.5, "ffnn": 1.0}


def main() -> None:
    """Measure and print."""
    options = _options()
    if options.side:
        print(json.dumps(SIDES[options.side](options.models, options)))
        return
    results = {}
    for name in options.models.split(","):
        runs: dict[str, list[Epochs]] = {side: [] for side in SIDES}
        for _ in range(options.rounds):
            for side, found in runs.items():
                found.append(_in_a_process(side, name, options))
        results[name] = {
            side: min(found, key=lambda run: run[-1]["seconds"]) for side, found in runs.items()
        }
        _report(name, results[name], options)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


def epochs_of(store: Path, clips: dict[str, int]) -> dict[str, dict[str, dict[str, float]]]:
    """Return the second epoch of each net on each side, in turns, as tables of times.

    Args:
        store: A store with ``mel128``.
        clips: How many of its clips, for each net.
    """
    found = {}
    for name, count in clips.items():
        options = argparse.Namespace(store=store, clips=count, epochs=2, set=[])
        sides = {side: _in_a_process(side, name, options)[-1] for side in ("serkit", "peer")}
        found[f"{name}, {count:,} clips"] = {
            label: {"wall": sides[side]["seconds"], "cpu": sides[side]["computing"]}
            for side, label in (("serkit", "serkit"), ("peer", "model.fit on padded arrays"))
        }
    return found


class Clock:
    """Marks where epochs begin and end."""

    def __init__(self) -> None:
        self._marks: list[tuple[float, float]] = []

    def mark(self, *_: object) -> None:
        """Note the time."""
        self._marks.append((time.perf_counter(), time.process_time()))

    def epochs(self) -> Epochs:
        """Return what lies between each mark and the next."""
        spans = zip(self._marks, self._marks[1:], strict=False)
        return [
            {"seconds": end - begin, "computing": done - before}
            for (begin, before), (end, done) in spans
        ]


def peer(name: str, options: argparse.Namespace) -> Epochs:
    """Train as the study's script does."""
    import keras
    import numpy as np

    keras.utils.set_random_seed(0)
    clips = _clips(name, options)
    X = np.ascontiguousarray(clips.read(FEATURE[name]).X.transpose(0, 2, 1), np.float32)
    y = keras.utils.to_categorical(clips.labels, 8)
    if name == "transformer":
        X = (X - X.mean(axis=(0, 1))) / X.std(axis=(0, 1))
    model = PEERS[name]()
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    clock = Clock()
    ends = keras.callbacks.LambdaCallback(on_train_begin=clock.mark, on_epoch_end=clock.mark)
    model.fit(X, y, batch_size=BATCH[name], epochs=options.epochs, verbose=0, callbacks=[ends])
    return clock.epochs()


def peer_ffnn() -> Any:
    """Return the study's feed-forward net."""
    import keras
    from keras import layers, regularizers

    def dense() -> Any:
        penalty = regularizers.L1(0.015)
        return layers.Dense(
            500, activation="relu", kernel_regularizer=penalty, bias_regularizer=penalty
        )

    return keras.Sequential(
        [
            keras.Input((495, 128)),
            layers.Flatten(),
            dense(),
            layers.Dropout(0.5),
            dense(),
            layers.Dropout(0.5),
            layers.Dense(8, activation="softmax"),
        ]
    )


def peer_lstm() -> Any:
    """Return the study's LSTM."""
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((495, 128)),
            layers.GaussianNoise(0.1),
            layers.LSTM(512, return_sequences=True),
            layers.Dropout(0.2),
            layers.LSTM(512),
            layers.Dropout(0.2),
            layers.Dense(64, activation="relu"),
            layers.Dense(8, activation="softmax"),
        ]
    )


def peer_transformer() -> Any:
    """Return the study's transformer; its constant position term is one addition."""
    import keras
    import numpy as np
    from keras import layers

    term = np.random.default_rng(0).uniform(-0.01, 0.01, (1, 495, 50)).astype(np.float32)
    inputs = keras.Input((495, 256))
    x = layers.GaussianNoise(0.1)(inputs)
    x = layers.Dense(50)(x) + term
    for _ in range(3):
        attended = layers.MultiHeadAttention(num_heads=10, key_dim=50)(x, x)
        x = layers.LayerNormalization(epsilon=1e-6)(x + layers.Dropout(0.2)(attended))
        hidden = layers.Dense(50)(layers.Dense(192, activation="relu")(x))
        x = layers.LayerNormalization(epsilon=1e-6)(x + layers.Dropout(0.2)(hidden))
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(inputs, layers.Dense(8, activation="softmax")(x))


def serkit(name: str, options: argparse.Namespace) -> Epochs:
    """Train with serkit as ``serkit train NAME --preset notebook`` does."""
    from serkit.models import TRAINERS, FitContext, FoldData

    clips = _clips(name, options)
    trainer = TRAINERS.get(name)
    given = dict(pair.split("=", 1) for pair in options.set)
    values = trainer.settle("notebook", {"epochs": options.epochs, **given})
    clock = Clock()
    ends: set[int] = set()

    def progress(done: int, total: int, said: str) -> None:
        del said
        if done and done * options.epochs % total == 0 and done not in ends:
            ends.add(done)
            clock.mark()

    clock.mark()
    trainer.fit(FoldData(clips, clips.take(()), clips), values, FitContext(0, progress))
    return clock.epochs()


SIDES: dict[str, Callable[[str, argparse.Namespace], Epochs]] = {
    "peer": peer,
    "serkit": serkit,
}
PEERS = {"lstm": peer_lstm, "transformer": peer_transformer, "ffnn": peer_ffnn}


def _clips(name: str, options: argparse.Namespace) -> Any:
    """Return some of the store's clips, drawn at random but the same for both sides."""
    import numpy as np

    from serkit import FeatureStore
    from serkit.models import TrainingClips

    store = FeatureStore(options.store)
    order = np.random.default_rng(0).permutation(sorted(store.clips.index))
    return TrainingClips.of(store, order[: options.clips or CLIPS[name]].tolist())


def _in_a_process(side: str, name: str, options: argparse.Namespace) -> Epochs:
    command = [sys.executable, __file__, str(options.store), "--side", side, "--models", name]
    command += ["--epochs", str(options.epochs)]
    command += ["--clips", str(options.clips)] if options.clips else []
    command += [part for pair in options.set for part in ("--set", pair)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    epochs: Epochs = json.loads(done.stdout.splitlines()[-1])
    return epochs


def _report(name: str, found: dict[str, Epochs], options: argparse.Namespace) -> None:
    clips = options.clips or CLIPS[name]
    print(f"{name}: an epoch of {clips} clips in batches of {BATCH[name]}")
    for side, epochs in found.items():
        first, last = epochs[0], epochs[-1]
        step = 1e3 * last["seconds"] / -(-clips // BATCH[name])
        print(
            f"  {side:7s} {last['seconds']:7.2f} s ({step:6.0f} ms a step), "
            f"computing {last['computing']:7.2f} s, first epoch {first['seconds']:.2f} s"
        )
    clock, computing = (
        found["peer"][-1][what] / found["serkit"][-1][what] for what in ("seconds", "computing")
    )
    print(
        f"  {clock:.2f}x faster (target {TARGET[name]}), {computing:.2f}x less computing",
        flush=True,
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path, help="with mel128 and mel256")
    parser.add_argument("--models", default="lstm,transformer,ffnn")
    parser.add_argument("--clips", type=int, default=None)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--json", type=Path, default=None)
    parser.add_argument("--side", choices=tuple(SIDES), help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
