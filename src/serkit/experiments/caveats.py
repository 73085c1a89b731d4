"""Caveats: properties of a split that make its scores less meaningful."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from serkit.evaluation.splits import Split


def caveats(split: Split, emotions: Mapping[str, str], left_out: Sequence[str]) -> tuple[str, ...]:
    """Return the notes that a run on a split deserves.

    Args:
        split: The split.
        emotions: Each clip's label, by id.
        left_out: Clips of the store that lack a feature of the run, and are in no fold.

    Example:
        >>> from serkit.evaluation.splits import Fold
        >>> fold = Fold("1", train=("a",), validation=(), test=("b",))
        >>> caveats(Split("p", (fold,)), {"a": "calm", "b": "sad"}, [])
        ('fold 1 tests sad, which is never trained on: recall is 0 there',)
    """
    return (*_of_clips(left_out), *_of_one_class(split, emotions), *_of_folds(split, emotions))


def _of_clips(left_out: Sequence[str]) -> Iterator[str]:
    if left_out:
        names = ", ".join(left_out[:3]) + (", ..." if len(left_out) > 3 else "")
        count = len(left_out)
        clips = "1 clip of the store is" if count == 1 else f"{count:,} clips of the store are"
        yield f"{clips} left out, as a feature of {'it' if count == 1 else 'them'} failed: {names}"


def _of_one_class(split: Split, emotions: Mapping[str, str]) -> Iterator[str]:
    everything = {emotions[i] for f in split.folds for i in (*f.train, *f.validation, *f.test)}
    if len(everything) == 1:
        (only,) = everything
        yield f"every clip is {only}: a model that always says so reaches 100 %"


def _of_folds(split: Split, emotions: Mapping[str, str]) -> Iterator[str]:
    for fold in split.folds:
        known = {emotions[i] for i in (*fold.train, *fold.validation)}
        if unknown := sorted({emotions[i] for i in fold.test} - known):
            yield (
                f"fold {fold.name} tests {', '.join(unknown)}, which is never trained on: recall "
                "is 0 there"
            )
