"""Whatever is done to a store in whatever order, it holds what a dictionary would hold."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import storekit as kit
from serkit.dsp.signal import Signal
from serkit.errors import SerkitError
from serkit.extraction.repair import repair
from serkit.features import EXTRACTORS
from serkit.store.gc import gc
from serkit.store.state import read_state
from serkit.store.store import FeatureStore
from storekit_processes import OperationCounter

NUMBERS = st.integers(0, 5)
SEEDS = st.integers(100, 103)
FEATURES = ("raw", "mel8", "change_deviation")


class Injected(BaseException):
    """What stands for the death of a process: nothing may catch it to go on."""


def computed(spec, samples):
    """Return what a feature of these samples is, without any store."""
    values = EXTRACTORS.get(spec.extractor).compute(Signal(samples), spec.settings)
    array = np.ascontiguousarray(values.array)
    return f"{array.dtype} {array.shape} ".encode() + array.tobytes()


class Store(RuleBasedStateMachine):
    """A folder of clips, recipes, and a store that is filled, broken and mended."""

    @initialize()
    def begin(self):
        # In memory: thousands of small files are written.
        shared = Path("/dev/shm")
        place = shared if os.access(shared, os.W_OK) else None
        self.folder = Path(mkdtemp(prefix="serkit-tests-", dir=place))
        self.corpus, self.store = self.folder / "corpus", self.folder / "store"
        self.seeds: dict[int, int] = {}
        self.bands = 8
        # The model: for each feature, its recipe and each clip's values as of the last extraction.
        self.model: dict[str, dict[str, bytes]] = {}
        self.samples: dict[str, int] = {}  # the seed that each clip in the store was made from
        self.stored_bands = 8
        self.add(0, 100)
        self.extract(FEATURES[:1], prune=False)

    def teardown(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    # The corpus

    @rule(number=NUMBERS, seed=SEEDS)
    def add(self, number, seed):
        """Add a clip or change its samples."""
        kit.add_clip(self.corpus, number, seed=seed)
        self.seeds[number] = seed

    @precondition(lambda self: len(self.seeds) > 1)
    @rule(data=st.data())
    def remove(self, data):
        number = data.draw(st.sampled_from(sorted(self.seeds)))
        del self.seeds[number]
        next(self.corpus.rglob(f"{kit.clip_id(number)}.wav")).unlink()

    @rule()
    def move(self):
        moved = self.folder / "moved"
        self.corpus.rename(moved)
        moved.rename(self.folder / f"corpus-{len(list(self.folder.iterdir()))}")
        self.corpus = next(self.folder.glob("corpus*"))

    @rule(bands=st.sampled_from([8, 9]))
    def change_recipe(self, bands):
        self.bands = bands

    # The store

    def specs(self, names):
        every = {
            "raw": kit.raw(),
            "mel8": kit.mel(n_mels=self.bands),
            "change_deviation": kit.deviation(),
        }
        return [every[name] for name in names]

    def expected(self, names):
        """Bring the model up to date as an extraction of these features would."""
        for number, seed in self.seeds.items():
            clip_id = kit.clip_id(number)
            if self.samples.get(clip_id) != seed:
                self.samples[clip_id] = seed
        if "mel8" in names:
            self.stored_bands = self.bands
        for spec in self.specs(names):
            values = self.model.setdefault(spec.name, {})
            for number, seed in self.seeds.items():
                values[kit.clip_id(number)] = computed(spec, kit.sound(seed))

    def still_right(self):
        """Return the part of the model that is of the newest samples and recipes."""
        right = {}
        for name, values in self.model.items():
            (spec,) = self.stored_specs([name])
            right[name] = {
                clip_id: value
                for clip_id, value in values.items()
                if clip_id in self.samples
                and value == computed(spec, kit.sound(self.samples[clip_id]))
            }
        return right

    def stored_specs(self, names):
        bands, self.bands = self.bands, self.stored_bands
        specs = self.specs(names)
        self.bands = bands
        return specs

    @rule(
        names=st.lists(st.sampled_from(FEATURES), min_size=1, unique=True),
        prune=st.booleans(),
    )
    def extract(self, names, prune):
        report = kit.fill(self.corpus, self.store, self.specs(names), prune=prune)
        self.expected(names)
        if prune:
            kept = {kit.clip_id(number) for number in self.seeds}
            self.samples = {k: v for k, v in self.samples.items() if k in kept}
            for name, values in self.model.items():
                self.model[name] = {k: v for k, v in values.items() if k in kept}
        assert report.failed == ()
        again = kit.fill(self.corpus, self.store, self.specs(names))
        assert again.computed == 0

    @rule()
    def collect(self):
        gc(self.store)
        self.model = self.still_right()
        self.everything_is_current()

    def everything_is_current(self):
        state = read_state(self.store)
        for name, feature in state.manifest.features.items():
            assert all(state.current(feature.spec, clip_id) for clip_id in state.index[name])

    @rule(data=st.data())
    def flip_and_repair(self, data):
        """Damage a part: what repair cannot compute again, the next extraction does."""
        parts = sorted((self.store / "parts").rglob("*.*"))
        if not parts:
            return
        path = data.draw(st.sampled_from(parts))
        kit.flip(path, data.draw(st.integers(0, path.stat().st_size - 1)))
        assert not kit.is_clean(self.store)
        repair(self.store, workers=1)
        assert kit.is_clean(self.store)
        self.forget_what_is_gone()

    @rule(at=st.integers(1, 60), names=st.lists(st.sampled_from(FEATURES), min_size=1, unique=True))
    def crash(self, at, names):
        """Stop at a file operation; the store is what it was or what it was to be, clip by clip."""
        before = self.still_right()

        def die(*_):
            raise Injected

        with suppress(Injected), OperationCounter(at, die):
            kit.fill(self.corpus, self.store, self.specs(names))
        self.expected(names)
        if self.stored("mel8") and "mel8" in names:
            self.stored_bands = self.stored("mel8").parameters["n_mels"]
        found = kit.contents(self.store)
        after = self.model
        for name, values in found.items():
            for clip_id, value in values.items():
                assert value in (before.get(name, {}).get(clip_id), after[name].get(clip_id))
        kit.fill(self.corpus, self.store, self.specs(names))
        self.stored_bands = self.bands if "mel8" in names else self.stored_bands

    def stored(self, name):
        feature = read_state(self.store).manifest.features.get(name)
        return feature and feature.spec

    @rule()
    def reopen_elsewhere(self):
        moved = self.store.rename(self.folder / f"store-{len(list(self.folder.iterdir()))}")
        self.store = moved

    def forget_what_is_gone(self):
        """Take out of the model what repair had no audio for (any more)."""
        index = read_state(self.store).index
        for name, values in self.model.items():
            self.model[name] = {k: v for k, v in values.items() if k in index[name]}

    # Always

    @invariant()
    def holds_what_the_model_holds(self):
        assert kit.is_clean(self.store)
        assert kit.contents(self.store) == self.still_right()
        store = FeatureStore(self.store)
        assert set(store.clips.index) == set(self.samples)
        for name in store.features:
            with suppress(SerkitError):
                batch = store.load(name, padded=False)
                assert len(batch) == len(self.samples)


Store.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestStore = Store.TestCase
