"""Contracts, shipped as checks: what every extractor, trainer, protocol and corpus must keep to.

serkit's own plug-ins are checked by these, and the author of another runs the same ones::

    from serkit.testing import check_trainer

    def test_my_trainer_keeps_the_contract(store):
        check_trainer(TRAINER, store)

Each check returns nothing where all is well and raises :class:`ContractError` where it is not.
Nothing here needs a test framework.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from itertools import product
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TypeVar
from zipfile import ZipFile, is_zipfile

import numpy as np
import numpy.typing as npt

from serkit.clips import EMOTIONS, NO_EMOTION, UNKNOWN, ClipName
from serkit.corpora import Corpus, UnparsedNameError
from serkit.dsp.signal import Signal
from serkit.errors import FeatureError, SerkitError, UsageError
from serkit.features import Extractor, TableLayout, Values
from serkit.features.extractor import check_values
from serkit.parameters import Parameter, Parameters, settle
from serkit.splits import Protocol, Split, SplitClip
from serkit.store.state import StoreState
from serkit.store.store import FeatureStore
from serkit.trainers import ClipData, FitContext, Fitted, FoldData, Trainer

T = TypeVar("T")

_ROUNDING = 1e-6


class ContractError(AssertionError):
    """A plug-in does not keep to what serkit relies on; the message says what it did."""


def example_signal(frames: int, seed: int = 0) -> npt.NDArray[np.int16]:
    """Return something as uneven as speech: a buzz that swells, pauses and breaks off, in noise.

    Args:
        frames: How many samples, at 48 kHz.
        seed: The same seed gives the same samples.
    """
    noise = np.random.default_rng([seed, frames])
    time = np.arange(frames) / 48_000
    buzz = sum(np.sin(2 * np.pi * 140 * k * time) / k for k in range(1, 12))
    swell = np.clip(np.sin(2 * np.pi * 3 * time), 0, None)
    samples = 4_000 * buzz * swell + noise.normal(0, 20, frames)
    return np.clip(samples, -32_768, 32_767).astype(np.int16)


def example_clips(actors: Iterable[int] = range(1, 25)) -> tuple[SplitClip, ...]:
    """Return clips as RAVDESS has them, 60 an actor, for splitting; each has its own samples."""
    clips = []
    keys = product(sorted(actors), range(1, 9), (1, 2), (1, 2), (1, 2))
    for actor, emotion, intensity, statement, take in keys:
        if (emotion, intensity) == (1, 2):  # nobody is strongly neutral
            continue
        name = f"03-01-{emotion:02}-{intensity:02}-{statement:02}-{take:02}-{actor:02}"
        sex = "male" if actor % 2 else "female"
        samples = sha256(name.encode()).hexdigest()
        clips.append(SplitClip(name, actor, sex, emotion - 1, samples))
    return tuple(clips)


# Extractors


def check_extractor(extractor: Extractor, *, values: Mapping[str, object] | None = None) -> None:
    """Check an extractor: pure, deterministic, and of the shape that it promises.

    Args:
        extractor: The extractor.
        values: Parameters that differ from the defaults, such as a file that it needs.

    Raises:
        ContractError: It is not so; the message says what was seen.
        MissingDependencyError: It needs a package that is not installed.
    """
    who = f"extractor {extractor.name}"
    _check_summary(who, extractor.summary)
    _require(extractor.version >= 1, f"{who} has version {extractor.version}, which is below 1")
    _require(extractor.per_clip_ms > 0, f"{who} says that a clip costs nothing")
    _check_parameters(who, extractor.parameters)
    settled = settle(extractor.name, extractor.parameters, values or {})
    extractor.require(settled)
    parameters = extractor.complete(settled)
    _no_error(f"{who}: its defaults do not go together", lambda: extractor.check(parameters))
    _check_columns(who, extractor, parameters)
    for frames in (48_000, 177_632):
        _check_result(who, extractor, parameters, example_signal(frames))
    _check_purity(who, extractor, parameters)
    _check_longer(who, extractor, parameters)
    for frames in (1, 2, 100, 1_000, 4_800):  # a typed error will do
        _check_result(who, extractor, parameters, example_signal(frames), may_refuse=True)
        _check_result(who, extractor, parameters, np.zeros(frames, np.int16), may_refuse=True)


def _check_columns(who: str, extractor: Extractor, parameters: Parameters) -> None:
    layout, columns = extractor.layout(parameters), extractor.describe(parameters)
    promised = layout.columns if isinstance(layout, TableLayout) else ()
    described = tuple(column.name for column in columns)
    _require(described == promised, f"{who} describes columns {described[:5]}, not {promised[:5]}")
    _require(len(set(described)) == len(described), f"{who} has two columns of one name")
    silent = [column.name for column in columns if not column.description]
    _require(not silent, f"{who} does not say what its columns {silent[:5]} measure")


def _check_result(
    who: str,
    extractor: Extractor,
    parameters: Parameters,
    samples: npt.NDArray[np.int16],
    *,
    may_refuse: bool = False,
) -> None:
    try:
        values = extractor.compute(Signal(samples), parameters)
    except FeatureError as error:
        _require(may_refuse, f"{who} refuses {len(samples):,} samples: {error}")
        return
    wrong = check_values(values, extractor.layout(parameters))
    _require(wrong is None, f"{who}, from {len(samples):,} samples: {wrong}")


def _check_purity(who: str, extractor: Extractor, parameters: Parameters) -> None:
    samples = example_signal(60_000)
    before = samples.copy()
    shared = Signal(samples)
    first = extractor.compute(shared, parameters)
    _require(np.array_equal(samples, before), f"{who} changes the signal that it is given")
    again = extractor.compute(shared, parameters)
    fresh = extractor.compute(Signal(before), parameters)
    _require(_same(first, again), f"{who} gives other values when the signal was used before")
    _require(_same(first, fresh), f"{who} gives other values from the same samples")
    other = extractor.compute(Signal(example_signal(60_000, seed=1)), parameters)
    _require(not _same(first, other), f"{who} gives the same values for different clips")


def _check_longer(who: str, extractor: Extractor, parameters: Parameters) -> None:
    if extractor.longer is None:
        return
    long = example_signal(400_000)
    longer = extractor.longer(parameters, len(long))
    _check_result(f"{who} (made longer)", extractor, longer, long)
    for frames in (4_800, 177_632):
        signal = Signal(example_signal(frames))
        usual, other = (extractor.compute(signal, each) for each in (parameters, longer))
        _require(
            usual.array.tobytes() == other.array.tobytes(),
            f"{who} (made longer) gives other values from {frames:,} samples",
        )


def _same(one: Values, other: Values) -> bool:
    return one.lead == other.lead and one.array.tobytes() == other.array.tobytes()


# Trainers


def check_trainer(
    trainer: Trainer,
    store: FeatureStore,
    *,
    preset: str = "best",
    values: Mapping[str, object] | None = None,
) -> None:
    """Check a trainer: probabilities, determinism, safe files, and blindness to test clips.

    It is fitted on one fold by actor; again with nothing in reach but the training side; and once
    more, interrupted and gone on with. The models must agree on the test clips.

    Args:
        trainer: The trainer.
        store: A store of four or more actors with the features that the preset reads.
        preset: The preset to fit.
        values: Parameters that differ from it, such as fewer rounds.

    Raises:
        ContractError: It does not keep to the contract; the message says what was seen.
        MissingDependencyError: It needs a package that is not installed.
    """
    who = f"trainer {trainer.name}"
    _check_summary(who, trainer.summary)
    _check_parameters(who, trainer.parameters)
    _require("best" in trainer.presets, f"{who} has no preset 'best'")
    for name in trainer.presets:
        _no_error(f"{who}: its preset {name!r}", partial(trainer.settle, name, {}))
    trainer.require()
    settled = trainer.settle(preset, values or {})
    features = trainer.features(settled)
    _require(
        isinstance(features, tuple) and all(isinstance(name, str) for name in features),
        f"{who} reads features {features!r}, which is not a tuple of names",
    )
    fold = _Sides.of(store)
    with TemporaryDirectory(prefix="serkit-testing-") as folder:
        fitted = fold.fit(trainer, settled, store, Path(folder, "fitted"))
        blind = fold.fit(trainer, settled, _only(store, fold.training), Path(folder, "blind"))
        probabilities = fold.predict(fitted, store)
        _check_probabilities(who, probabilities)
        _agree(
            f"{who} is fitted to more than the training clips and the seed",
            probabilities,
            fold.predict(blind, store),
        )
        if broken := fold.fit_broken(trainer, settled, store, Path(folder, "broken")):
            _agree(
                f"{who} comes to something else when it was interrupted and goes on",
                probabilities,
                fold.predict(broken, store),
            )
        alone = fitted.predict(ClipData(store, fold.test[:1]))
        _agree(f"{who} predicts a clip otherwise when it is alone", probabilities[:1], alone)
        _agree(
            f"{who} predicts otherwise where the labels are unknown",
            probabilities,
            fold.predict(fitted, _unlabelled(store)),
        )
        _check_facts(who, fitted)
        _check_files(who, trainer, fitted, Path(folder) / "saved", fold, store)


class _Interrupt(KeyboardInterrupt):
    """As if somebody had typed Ctrl-C."""


@dataclass(frozen=True)
class _Sides:
    """One fold by actor of whatever a store holds."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    @classmethod
    def of(cls, store: FeatureStore) -> _Sides:
        actors = sorted({clip.actor for clip in store.state.clips.values()})
        if len(actors) < 4:
            raise UsageError(
                f"the store {store.path} has {len(actors)} actors",
                allowed="a trainer is checked on four or more",
            )
        cuts = (actors[:-2], actors[-2:-1], actors[-1:])
        clips = sorted(store.state.clips.values(), key=lambda clip: clip.clip_id)
        return cls(*(tuple(c.clip_id for c in clips if c.actor in side) for side in cuts))

    @property
    def training(self) -> frozenset[str]:
        return frozenset((*self.train, *self.validation))

    def fit(
        self,
        trainer: Trainer,
        values: Parameters,
        store: FeatureStore,
        workdir: Path,
        progress: Callable[[int, int, str], None] = lambda *_: None,
    ) -> Fitted:
        workdir.mkdir(exist_ok=True)
        data = FoldData(ClipData(store, self.train), ClipData(store, self.validation))
        return trainer.fit(data, values, FitContext(seed=1, progress=progress, workdir=workdir))

    def fit_broken(
        self, trainer: Trainer, values: Parameters, store: FeatureStore, workdir: Path
    ) -> Fitted | None:
        """Fit it, interrupt it in its second step, and go on; None if there is no such moment."""

        def interrupt(done: int, _total: int, _what: str) -> None:
            if done > 1:
                raise _Interrupt

        try:
            self.fit(trainer, values, store, workdir, interrupt)
        except _Interrupt:
            return self.fit(trainer, values, store, workdir)
        return None

    def predict(self, fitted: Fitted, store: FeatureStore) -> npt.NDArray[np.float64]:
        return fitted.predict(ClipData(store, self.test))


class _Altered(FeatureStore):
    """A store that says something else of its clips than what is on disk."""

    def __init__(self, path: Path, state: StoreState) -> None:
        super().__init__(path)
        self._altered = state

    @property
    def state(self) -> StoreState:
        return self._altered


def _only(store: FeatureStore, clip_ids: frozenset[str]) -> FeatureStore:
    """Return a store that has forgotten all clips but some."""
    whole = store.state
    part = replace(
        whole,
        clips={i: clip for i, clip in whole.clips.items() if i in clip_ids},
        index={
            feature: {i: row for i, row in rows.items() if i in clip_ids}
            for feature, rows in whole.index.items()
        },
    )
    return _Altered(store.path, part)


def _unlabelled(store: FeatureStore) -> FeatureStore:
    """Return a store that has forgotten who speaks and how."""
    clips = {
        clip_id: replace(clip, emotion=UNKNOWN, emotion_id=NO_EMOTION, actor=0, sex=UNKNOWN)
        for clip_id, clip in store.state.clips.items()
    }
    return _Altered(store.path, replace(store.state, clips=clips))


def _check_probabilities(who: str, found: npt.NDArray[np.float64]) -> None:
    _require(
        found.ndim == 2 and found.shape[1] == len(EMOTIONS),
        f"{who} gives probabilities of shape {found.shape}, not (n, {len(EMOTIONS)})",
    )
    _require(bool(np.isfinite(found).all()), f"{who} gives probabilities that are not finite")
    _require(bool((found >= 0).all()), f"{who} gives negative probabilities")
    furthest = float(np.abs(found.sum(axis=1) - 1).max())
    _require(furthest < _ROUNDING, f"{who}: its probabilities are {furthest:.2g} off a sum of 1")


def _check_facts(who: str, fitted: Fitted) -> None:
    count = fitted.parameters
    _require(
        isinstance(count, int) and count > 0,
        f"{who} has fitted {count!r} parameters, which is not a number above 0",
    )
    _no_error(
        f"{who}: what it has chosen is not JSON ({fitted.chosen!r})",
        lambda: json.dumps(dict(fitted.chosen), allow_nan=False),
    )


def _check_files(
    who: str, trainer: Trainer, fitted: Fitted, folder: Path, fold: _Sides, store: FeatureStore
) -> None:
    folder.mkdir()
    fitted.save(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    _require(bool(files), f"{who} saves nothing")
    pickles = [path.name for path in files if _holds_pickle(path)]
    _require(not pickles, f"{who} saves pickles, which run code when loaded: {pickles}")
    loaded = fold.predict(trainer.load(folder), store)
    _agree(f"{who} predicts otherwise once saved and loaded", fold.predict(fitted, store), loaded)


def _holds_pickle(path: Path) -> bool:
    """Tell a pickle by its name or its first bytes, also inside a ZIP archive."""
    if path.suffix in (".pkl", ".pickle", ".joblib"):
        return True
    if is_zipfile(path):
        with ZipFile(path) as archive:
            return any(
                name.endswith((".pkl", ".pickle", ".joblib")) or _is_pickle(archive.read(name))
                for name in archive.namelist()
            )
    return _is_pickle(path.read_bytes()[:2])


def _is_pickle(data: bytes) -> bool:
    return len(data) > 1 and data[0] == 0x80 and 2 <= data[1] <= 5


def _agree(what: str, one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> None:
    _require(one.shape == other.shape, f"{what} (shapes {one.shape} and {other.shape})")
    apart = float(np.abs(one - other).max(initial=0.0))
    _require(apart < _ROUNDING, f"{what} (probabilities differ by up to {apart:.2g})")


# Protocols


def check_protocol(protocol: Protocol, clips: Sequence[SplitClip] | None = None) -> None:
    """Check a protocol: deterministic, free of leaks, and clear about actors that are not there.

    Args:
        protocol: The protocol.
        clips: Clips that it is made for; None is RAVDESS's 1,440.

    Raises:
        ContractError: It does not keep to the contract; the message says what was seen.
    """
    who = f"protocol {protocol.name}"
    _check_summary(who, protocol.summary)
    _require(bool(protocol.source), f"{who} does not say who defined it")
    given = list(example_clips() if clips is None else clips)
    split = _no_error(f"{who} cannot split the clips it is made for", lambda: protocol.split(given))
    _check_split(who, protocol, split)
    shuffled = random.Random(0).sample(given, len(given))
    _require(
        protocol.split(shuffled).digest == split.digest,
        f"{who} splits the same clips otherwise when they come in another order",
    )
    actors = sorted({clip.actor for clip in given})
    for kept in (actors[::2], actors[: len(actors) // 2], actors[:3], actors[:1]):
        few = [clip for clip in given if clip.actor in kept]
        try:
            _check_split(who, protocol, protocol.split(few))
        except UsageError:
            continue  # saying that it cannot be done is an answer
        except Exception as error:
            raise ContractError(f"{who}, with actors {kept} alone: {_told(error)}") from error


def _check_split(who: str, protocol: Protocol, split: Split) -> None:
    _require(
        split.protocol == protocol.name, f"{who} gives a split that is named {split.protocol!r}"
    )
    names = [fold.name for fold in split.folds]
    _require(bool(names), f"{who} gives no folds")
    _require(len(set(names)) == len(names), f"{who} gives two folds of one name: {names}")
    _require(all(isinstance(n, str) and n for n in split.notes), f"{who} gives empty notes")


# Corpora


def check_corpus(corpus: Corpus, examples: Iterable[PurePosixPath] = ()) -> None:
    """Check a corpus: what it says about itself, and how it reads its names.

    Args:
        corpus: The corpus.
        examples: Paths of some of its files, each of another clip; the published clips' names
            are checked besides.

    Raises:
        ContractError: It does not keep to the contract; the message says what was seen.
    """
    who = f"corpus {corpus.name}"
    _require(len(corpus.title) > 10, f"{who} has no full name")
    _require(len(corpus.citation) > 20, f"{who} does not say how to cite it")
    _require(bool(corpus.licence), f"{who} does not say its licence")
    _require(
        corpus.url.startswith("https://") or corpus.synthetic, f"{who} does not say where it lives"
    )
    _require(
        bool(corpus.marker) == corpus.synthetic,
        f"{who} must have a marker if it is synthetic, and only then",
    )
    paths = tuple(examples)
    read = [_read_name(who, corpus, path) for path in paths]
    _require(len(set(read)) == len(paths), f"{who} reads two of its names as one clip")
    for clip_id, digest in corpus.published().items():
        _read_name(who, corpus, PurePosixPath(f"{clip_id}.wav"))
        _require(len(digest) == 64, f"{who}: {digest!r} of {clip_id} is no SHA-256")
    for rubbish in ("rubbish.wav", ".wav", "ünï cödé.flac", "1" * 300 + ".wav"):
        _check_refusal(who, corpus, PurePosixPath("folder", rubbish))


def _read_name(who: str, corpus: Corpus, path: PurePosixPath) -> ClipName:
    name = _no_error(f"{who} does not read its own name {path}", lambda: corpus.parse(path))
    _require(name.clip_id == path.stem, f"{who} gives {path} the id {name.clip_id!r}")
    _require(name.emotion in EMOTIONS, f"{who} hears {name.emotion!r} in {path}: no shared emotion")
    _require(name.sex in ("male", "female"), f"{who} gives {path} the sex {name.sex!r}")
    for what, number in (("actor", name.actor), ("repetition", name.repetition)):
        _require(number >= 1, f"{who} gives {path} the {what} {number}")
    elsewhere = PurePosixPath("copy", path.parent, f"{path.stem}.FLAC")
    moved = _no_error(f"{who} does not read {elsewhere}", lambda: corpus.parse(elsewhere))
    _require(moved == name, f"{who} reads {path} otherwise in another folder or format")
    return name


def _check_refusal(who: str, corpus: Corpus, path: PurePosixPath) -> None:
    try:
        name = corpus.parse(path)
    except UnparsedNameError as error:
        _require(path.name in str(error), f"{who} refuses {path.name} without naming it: {error}")
        return
    except Exception as error:
        raise ContractError(
            f"{who} meets {path.name} with another error than UnparsedNameError: {_told(error)}"
        ) from error
    raise ContractError(f"{who} takes {path.name} for the clip {name.clip_id!r}")


# What all checks share


def _check_summary(who: str, summary: str) -> None:
    _require(
        5 < len(summary) < 80 and "\n" not in summary,
        f"{who} must say in one line of 6 to 79 characters what it is, not {summary!r}",
    )


def _check_parameters(who: str, parameters: Mapping[str, Parameter]) -> None:
    for name, parameter in parameters.items():
        _require(bool(parameter.help), f"{who} does not explain its parameter {name!r}")
        _no_error(
            f"{who}: the default of {name!r} is not allowed",
            partial(parameter.check, name, parameter.default),
        )


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ContractError(otherwise)


def _no_error(otherwise: str, call: Callable[[], T]) -> T:
    try:
        return call()
    except Exception as error:
        raise ContractError(f"{otherwise}: {_told(error)}") from error


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, SerkitError) else f"{type(error).__name__}: {error}"


__all__ = [
    "ContractError",
    "check_corpus",
    "check_extractor",
    "check_protocol",
    "check_trainer",
    "example_clips",
    "example_signal",
]
