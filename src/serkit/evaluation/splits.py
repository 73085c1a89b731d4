"""Protocols, and the functions that build their folds.

A protocol is one module in ``serkit/evaluation/protocols`` that binds ``PROTOCOL``.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.clips import natural_order
from serkit.errors import SerkitError, UsageError
from serkit.evaluation.audit import audit as audit
from serkit.evaluation.fold import Fold as Fold
from serkit.evaluation.fold import Split as Split
from serkit.evaluation.fold import SplitClip as SplitClip
from serkit.labels import NO_LABEL, UNKNOWN
from serkit.registry import Registry

_VALIDATION_SHARE = 8
"""If speakers are unknown, one clip in this many is held out for validation."""


@dataclass(frozen=True)
class Protocol:
    """A named way to split clips.

    Attributes:
        name: The module's.
        summary: One line.
        source: Publication or project that defined it.
        speaker_independent: Whether test speakers are never trained on; if true, this is enforced.
        make: Function from clips, sorted by id, to folds and notes.
        choose_on_test: Whether the reproduced study tuned on its test clips. Only presets that
            reproduce it do so, and their runs are stamped.
        corpora: The corpora it is made for; others are rejected. Empty if it works for any.

    Example:
        >>> from serkit.testing import example_clips
        >>> split = PROTOCOLS.get("luna5").split(example_clips())
        >>> len(split.folds), len(split.folds[0].test)
        (5, 300)
    """

    name: str
    summary: str
    source: str
    speaker_independent: bool
    make: Callable[[Sequence[SplitClip]], Split]
    choose_on_test: bool = False
    corpora: tuple[str, ...] = ()

    def split(self, clips: Iterable[SplitClip]) -> Split:
        """Split clips and audit the result.

        Raises:
            UsageError: The protocol is made for other corpora, needs speaker names, or cannot split
                these clips (too few speakers, ...).
            LeakageError: The split leaks.
        """
        ordered = sorted(clips, key=lambda clip: clip.clip_id)
        if not ordered:
            raise UsageError("there are no clips to split", hint="run 'serkit extract SRC' first")
        self._refuse_others(ordered)
        try:
            with warnings.catch_warnings():
                # scikit-learn warns if an emotion is missing from some folds; that is harmless.
                warnings.filterwarnings("ignore", message="The least populated class")
                split = self.make(ordered)
        except SerkitError:
            raise
        except ValueError as error:  # scikit-learn's error for too few clips of an emotion
            raise UsageError(
                f"{self.name} cannot split {len(ordered)} clips: {error}",
                hint="extract the whole corpus",
            ) from error
        notes = audit(split, ordered, speaker_independent=self.speaker_independent)
        return replace(split, notes=(*split.notes, *notes))

    def _refuse_others(self, clips: Sequence[SplitClip]) -> None:
        corpora = sorted({clip.corpus for clip in clips})
        if self.corpora and not set(corpora) <= set(self.corpora):
            raise UsageError(
                f"{self.name} is made for {' and '.join(self.corpora)}, "
                f"and these clips are of {' and '.join(corpora) or 'no corpus'}",
                hint="use speaker5, loso or random5, which work for any corpus",
            )
        unknown = sum(clip.speaker == UNKNOWN for clip in clips)
        if self.speaker_independent and unknown:
            raise UsageError(
                f"the speaker is unknown in {unknown:,} of {len(clips):,} clips, "
                f"and {self.name} has to keep speakers apart",
                hint="name the speakers, or use random5, whose runs are stamped",
            )


PROTOCOLS: Registry[Protocol] = Registry(
    "protocol", "serkit.evaluation.protocols", "PROTOCOL", hint="see 'serkit protocols'"
)
"""Every protocol, by name."""


def by_speaker(
    protocol: str,
    clips: Sequence[SplitClip],
    test_speakers: Sequence[Iterable[str]],
    validation_speakers: Sequence[Iterable[str]] | None = None,
    names: Sequence[str] | None = None,
) -> Split:
    """Build folds from their test speakers; missing speakers are omitted and noted.

    Args:
        protocol: Its name.
        clips: The clips.
        test_speakers: Test speakers of each fold.
        validation_speakers: Validation speakers of each fold. None chooses two per fold; so does a
            fold in which none of them is present or no training speakers would remain.
        names: The folds' names; None numbers them from 1.

    Example:
        >>> from serkit.testing import example_clips
        >>> split = by_speaker("two", example_clips(), test_speakers=[["1", "2"], ["3", "4"]])
        >>> [len(fold.test) for fold in split.folds]
        [120, 120]
    """
    present = {clip.speaker for clip in clips}
    folds = []
    named = [speaker for fold in test_speakers for speaker in fold]
    for number, tested in enumerate(test_speakers):
        test = set(tested) & present
        if not test:
            continue
        rest = present - test
        if validation_speakers is None:
            validation = set(choose_validation_speakers(clips, rest, number))
        else:
            validation = set(validation_speakers[number]) & rest
            if not validation or validation == rest:  # training and validation both need speakers
                validation = set(choose_validation_speakers(clips, rest, number))
        name = names[number] if names else str(number + 1)
        folds.append(fold_of(name, clips, rest - validation, validation, test))
    if not folds:
        raise UsageError(
            f"none of the test speakers of {protocol} is in the corpus",
            hint="use speaker5 for other speakers",
        )
    return Split(
        protocol, tuple(folds), missing_note(named, present, len(test_speakers), len(folds))
    )


def fold_of(
    name: str, clips: Sequence[SplitClip], train: set[str], validation: set[str], test: set[str]
) -> Fold:
    """Build a fold from the speakers of each role.

    Example:
        >>> from serkit.testing import example_clips
        >>> fold = fold_of("1", example_clips(), train={"1", "2"}, validation={"3"}, test={"4"})
        >>> len(fold.train), len(fold.test)
        (120, 60)
    """

    def ids(speakers: set[str]) -> tuple[str, ...]:
        return tuple(clip.clip_id for clip in clips if clip.speaker in speakers)

    return Fold(name, ids(train), ids(validation), ids(test))


def missing_note(
    named: Iterable[str], present: set[str], folds_named: int, folds: int
) -> tuple[str, ...]:
    """Report a protocol's missing speakers, and speakers it does not name."""
    notes = []
    missing = sorted(set(named) - present, key=natural_order)
    extra = sorted(present - set(named), key=natural_order)
    if missing:
        notes.append(f"{_speakers(missing)} not there; the folds keep the rest")
    if folds < folds_named:
        notes.append(f"{folds} of {folds_named} folds remain")
    if extra:
        notes.append(f"{_speakers(extra)} never tested on")
    return tuple(notes)


def _speakers(names: Sequence[str]) -> str:
    listed = ", ".join(names)
    return f"speaker {listed} is" if len(names) == 1 else f"speakers {listed} are"


def choose_validation_speakers(
    clips: Sequence[SplitClip], speakers: Iterable[str], number: int
) -> tuple[str, ...]:
    """Choose two validation speakers, a man and a woman if possible, different in each fold.

    With fewer than three speakers it returns one or none, so that training speakers remain.

    Example:
        >>> from serkit.testing import example_clips
        >>> choose_validation_speakers(example_clips(), ["1", "2", "3", "4"], number=0)
        ('1', '2')
    """
    sex = {clip.speaker: clip.sex for clip in clips}
    everyone = sorted(speakers, key=natural_order)
    if len(everyone) < 3:
        return tuple(everyone[1:])
    groups = [[a for a in everyone if sex[a] == s] for s in ("male", "female")]
    if not all(groups):
        start = 2 * number % len(everyone)
        return tuple((everyone + everyone)[start : start + 2])
    return tuple(group[number % len(group)] for group in groups)


def random_folds(
    protocol: str, clips: Sequence[SplitClip], tests: Iterable[npt.NDArray[np.intp]]
) -> Split:
    """Build folds from the positions of their test clips; validation is still by speaker.

    The clips of two training speakers are held out for validation or, if speakers are unknown,
    random clips.

    Example:
        >>> from serkit.testing import example_clips
        >>> split = random_folds("halves", example_clips(), [np.arange(720), np.arange(720, 1440)])
        >>> [len(fold.test) for fold in split.folds]
        [720, 720]
    """
    folds = []
    for number, positions in enumerate(tests):
        test = {clips[i].clip_id for i in positions}
        rest = [clip for clip in clips if clip.clip_id not in test]
        chosen = validation_clips(rest, number)
        folds.append(
            Fold(
                str(number + 1),
                tuple(clip.clip_id for clip in rest if clip.clip_id not in chosen),
                tuple(clip.clip_id for clip in rest if clip.clip_id in chosen),
                tuple(clip.clip_id for clip in clips if clip.clip_id in test),
            )
        )
    return Split(protocol, tuple(folds))


def validation_clips(clips: Sequence[SplitClip], number: int) -> set[str]:
    """Choose the clips of a training side to choose on: two speakers', or where unknown some."""
    speakers = {clip.speaker for clip in clips}
    if UNKNOWN in speakers:
        order = np.random.default_rng(number).permutation(len(clips))
        return {clips[i].clip_id for i in order[: len(clips) // _VALIDATION_SHARE]}
    chosen = set(choose_validation_speakers(clips, speakers, number))
    return {clip.clip_id for clip in clips if clip.speaker in chosen}


def labels(clips: Sequence[SplitClip]) -> npt.NDArray[np.int64]:
    """Return the numbers of the clips' labels."""
    return np.array([clip.label for clip in clips], np.int64)


def speaker_numbers(speakers: Sequence[str]) -> npt.NDArray[np.int64]:
    """Number the speakers in natural order of their names.

    Where a speaker is unknown, each clip counts as somebody else's.

    Example:
        >>> speaker_numbers(["10", "9", "10", "unknown", "unknown"]).tolist()
        [1, 0, 1, 2, 3]
    """
    known = sorted(set(speakers) - {UNKNOWN}, key=natural_order)
    numbers = {name: number for number, name in enumerate(known)}
    strangers = count(len(known))
    return np.array([next(strangers) if s == UNKNOWN else numbers[s] for s in speakers])


def split_clips(rows: Mapping[str, Any]) -> list[SplitClip]:
    """Extract the information that a split may use from the store's clips.

    Raises:
        UsageError: The clips have no labels.
    """
    unlabelled = [row.clip_id for row in rows.values() if row.emotion_id == NO_LABEL]
    if unlabelled:
        raise UsageError(
            f"{len(unlabelled):,} of {len(rows):,} clips have no labels ({unlabelled[0]}, ...)",
            allowed="a model can be trained and tested only on clips whose emotion is known",
            hint="extract a labelled corpus into a store of its own",
        )
    return [
        SplitClip(
            row.clip_id,
            row.speaker,
            row.sex,
            row.emotion_id,
            row.pcm_sha256,
            row.corpus,
            row.split,
        )
        for row in rows.values()
    ]
