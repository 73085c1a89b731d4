"""Perturbed clips in a store of their own: features under recipes that name a change of voice.

Nothing about them is special to extraction: a perturbation is part of a recipe and so of its
fingerprint, and what is stored already is not computed again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn, Unpack

import numpy as np

from serkit.clips import SAMPLE_RATE
from serkit.errors import NotFoundError
from serkit.experiments.stress.babble import babble_file, halves
from serkit.experiments.stress.conditions import CLEAN, Condition
from serkit.extraction.extract import extract
from serkit.extraction.plan import channel_read
from serkit.extraction.rows import name_of_row
from serkit.features import EXTRACTORS, FeatureSpec, Layout, Recipes, stored_name
from serkit.features.voices import BACKGROUND_FILE, copy_name, settle_voice, voice_options
from serkit.ingest.clip_files import AudioFile
from serkit.ingest.corpus import Corpus
from serkit.ingest.scan import Scan
from serkit.ingest.walk import changed_at
from serkit.labels import LabelSet
from serkit.progress import ProgressCallback
from serkit.storage.lock import DEFAULT_WAIT
from serkit.store.batch import Batch
from serkit.store.memory import MemoryTables
from serkit.store.options import ReadKeywords
from serkit.store.store import FeatureStore
from serkit.store.tables import ClipRow

RECORDING = "recording"
"""The feature that says what perturbed clips are like as recordings."""

_LONGEST_STRETCH = 1.2
"""Perturbed clips are at most so many times as long as they were, and a second."""


@dataclass(frozen=True)
class Variant:
    """Clips in one condition, with the features that hold it.

    Attributes:
        condition: The condition.
        clip_ids: The clips.
        names: By the name of a feature that models read, the one it is cached under.
    """

    condition: Condition
    clip_ids: tuple[str, ...]
    names: Mapping[str, str]


@dataclass(frozen=True)
class Perturbations:
    """What is to be computed of which clips.

    Attributes:
        store: The store that the clips are of.
        cache: Folder of the store of perturbed clips.
        specs: The features that models read.
        conditions: What is done to the clips.
        workers: Processes; None is one a core.
        wait: Seconds to wait for another writer of the cache.
    """

    store: FeatureStore
    cache: Path
    specs: tuple[FeatureSpec, ...]
    conditions: tuple[Condition, ...]
    workers: int | None = None
    wait: float = DEFAULT_WAIT

    def compute(
        self, clip_ids: Iterable[str], progress: ProgressCallback | None = None
    ) -> tuple[Variant, ...]:
        """Bring the cache up to date.

        Args:
            clip_ids: The clips.
            progress: Called as ``progress(done, total, what)``.

        Returns:
            For each condition one or two variants, which together hold all clips.

        Raises:
            NotFoundError: An audio file is not there any more.
            SerkitError: As :func:`serkit.extraction.extract.extract` and for babble.
        """
        clips = [self.store.state.clips[clip_id] for clip_id in clip_ids]
        longest = max((clip.num_frames for clip in clips), default=0)
        specs = [_long_enough(spec, longest) for spec in self.specs]
        specs.append(Recipes().get(RECORDING))
        variants: list[Variant] = []
        done = 0
        for part, talkers in self._parts(clips):
            babble = self._babble(talkers)
            wanted = [
                (condition, [_perturbed(spec, condition, babble) for spec in specs])
                for condition in self.conditions
                if babble or not condition.babble
            ]
            so_far = (done, len(clips))
            self._extract(part, [spec for _, each in wanted for spec in each], so_far, progress)
            done += len(part)
            ids = tuple(clip.clip_id for clip in part)
            for condition, found in wanted:
                named = {spec.name: made.name for spec, made in zip(specs, found, strict=True)}
                variants.append(Variant(condition, ids, named))
        return tuple(variants)

    def _parts(self, clips: Sequence[ClipRow]) -> Iterator[tuple[list[ClipRow], list[ClipRow]]]:
        """Yield clips, and beside them the clips of the store that their babble is mixed from."""
        every = self.store.state.clips.values()
        for half in halves(clip.speaker for clip in every):
            part = [clip for clip in clips if clip.speaker in half]
            if part:
                yield part, [clip for clip in every if clip.speaker not in half]

    def _babble(self, talkers: Sequence[ClipRow]) -> Path | None:
        if not talkers or not any(condition.babble for condition in self.conditions):
            return None
        return babble_file(talkers, self.cache, self._channel)

    def _channel(self, clip: ClipRow) -> int:
        return channel_read(clip, self.store.state)

    def _extract(
        self,
        clips: Sequence[ClipRow],
        specs: Sequence[FeatureSpec],
        so_far: tuple[int, int],
        progress: ProgressCallback | None,
    ) -> None:
        def update(step: int, _steps: int, _what: str = "", /) -> None:
            if progress:
                progress(so_far[0] + step, so_far[1], "perturbing")

        for scan in _scans(clips, self.store.labels, self._channel):
            extract(scan, specs, self.cache, workers=self.workers, wait=self.wait, progress=update)


class PerturbedSource:
    """The cache as models see it: features under the names that they were trained with.

    See :class:`serkit.store.source.ClipSource`.

    Args:
        cache: The store of perturbed clips.
        variant: What is read.
        labels: The classes of the clips.
    """

    def __init__(self, cache: FeatureStore, variant: Variant, labels: LabelSet) -> None:
        self.labels = labels
        self._cache, self._names = cache, variant.names
        lengths = cache.read(variant.names[RECORDING], self._readable(variant))
        frames = dict(zip(lengths.clip_ids, lengths.X[:, 0].astype(int).tolist(), strict=True))
        clips = cache.state.clips
        self.state = MemoryTables(
            {name: replace(clips[name], num_frames=count) for name, count in frames.items()},
            {name: cache.state.index[stored] for name, stored in variant.names.items()},
        )
        self.recording = np.asarray(lengths.X[:, 1:], np.float64)

    def _readable(self, variant: Variant) -> list[str]:
        """Return the clips of which every feature could be computed."""
        tests = [
            self._cache.state.is_current(self._cache.spec(stored))
            for stored in variant.names.values()
        ]
        return [each for each in variant.clip_ids if all(test(each) for test in tests)]

    def spec(self, feature: str) -> FeatureSpec:
        """Return what a feature is, under the name that models know."""
        name = stored_name(feature)
        return replace(self._cache.spec(self._names[name]), name=name)

    def layout(self, feature: str) -> Layout:
        """Return a feature's shape."""
        return self._cache.layout(self._names[stored_name(feature)])

    def read(self, feature: str, clip_ids: Iterable[str], **options: Unpack[ReadKeywords]) -> Batch:
        """Read a feature of the clips named, in the order named."""
        return self._cache.read(self._names[stored_name(feature)], clip_ids, **options)


def _long_enough(spec: FeatureSpec, longest: int) -> FeatureSpec:
    """Return a recipe that clips which became longer fit; live values stay what they were."""
    longer = EXTRACTORS.get(spec.extractor).longer
    if longer is None or not spec.parameters.get("pad_to"):
        return spec
    room = round(_LONGEST_STRETCH * longest) + SAMPLE_RATE
    return replace(spec, parameters=longer(spec.parameters, room))


def _perturbed(spec: FeatureSpec, condition: Condition, babble: Path | None) -> FeatureSpec:
    if condition.name == CLEAN:
        return spec
    voice: dict[str, Any] = dict(condition.voice)
    name = copy_name(spec.name, condition.name)
    if condition.babble:
        voice[BACKGROUND_FILE] = str(babble)
        name = f"{name}-{str(babble)[-8:-4]}"  # the two halves hear different babble
    settled = {**spec.voice, **settle_voice(name, voice)}
    options = {**spec.options, **voice_options(voice)}
    return replace(spec, name=name, voice=settled, options=options)


def _scans(
    clips: Sequence[ClipRow], labels: LabelSet, channel_of: Callable[[ClipRow], int]
) -> Iterator[Scan]:
    """Yield what a scan of the clips' folders would have found, without looking for others."""
    roots: defaultdict[str, list[ClipRow]] = defaultdict(list)
    for clip in clips:
        roots[clip.root].append(clip)
    for root, rows in roots.items():
        corpus = Corpus(rows[0].corpus, rows[0].corpus, "", "", "", labels, _no_name)
        files = (_file(clip, channel_of(clip)) for clip in sorted(rows, key=lambda row: row.path))
        yield Scan(Path(root), corpus, tuple(files), {}, ())


def _file(clip: ClipRow, channel: int) -> AudioFile:
    path = Path(clip.root) / clip.path
    try:
        info = path.stat()
    except OSError as error:
        raise NotFoundError(
            f"{clip.path} is not in {clip.root} any more",
            hint="run 'serkit extract' on the clips' new folder",
        ) from error
    return AudioFile(
        clip.path,
        info.st_size,
        changed_at(info),
        name_of_row(clip),
        info.st_ctime_ns,
        channel=channel,
    )


def _no_name(path: PurePosixPath) -> NoReturn:
    raise NotImplementedError(path)  # the store already knows the names of these clips
