"""Protocols over several corpora: train on some and test on another, or leave one out in turn.

They are made for the stores at hand, and so are no plug-ins: which clips are tested is part of
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from serkit.errors import LeakageError, UsageError
from serkit.evaluation.splits import Fold, Protocol, Split, SplitClip, validation_clips

LEAVE_ONE_CORPUS_OUT = "leave-one-corpus-out"
"""Name of the protocol that tests each of several corpora with models of the others."""

CROSS = "cross:"
"""How names of protocols begin that train on some corpora and test on another."""


def cross_name(trained: Iterable[str], tested: str) -> str:
    """Return the name of the protocol that trains on some corpora and tests on another.

    Example:
        >>> cross_name(["emodb", "ravdess"], "crema-d")
        'cross:emodb+ravdess->crema-d'
    """
    return f"{CROSS}{'+'.join(sorted(set(trained)))}->{tested}"


def cross(name: str, tested: Iterable[str], *, speakers_known: bool) -> Protocol:
    """Return the protocol that tests some clips with a model of all others.

    Args:
        name: See :func:`cross_name`.
        tested: Ids of the clips to test on.
        speakers_known: Whether the speaker of every clip is known.
    """
    wanted = frozenset(tested)

    def make(clips: Sequence[SplitClip]) -> Split:
        return Split(name, (_fold("1", clips, wanted, 0),))

    return Protocol(
        name=name,
        summary="train on some corpora, test on another",
        source="common practice in cross-corpus work",
        speaker_independent=speakers_known,
        make=make,
    )


def leave_one_corpus_out(*, speakers_known: bool) -> Protocol:
    """Return the protocol that tests each corpus with a model of all others.

    Args:
        speakers_known: Whether the speaker of every clip is known.
    """
    return Protocol(
        name=LEAVE_ONE_CORPUS_OUT,
        summary="1 corpus a fold, trained on all others",
        source="common practice in cross-corpus work",
        speaker_independent=speakers_known,
        make=_leave_one_out,
    )


def across() -> tuple[Protocol, ...]:
    """Return the protocols over several corpora as a catalogue lists them."""
    return (
        cross(cross_name(["A"], "B"), (), speakers_known=True),
        leave_one_corpus_out(speakers_known=True),
    )


def _leave_one_out(clips: Sequence[SplitClip]) -> Split:
    corpora = sorted({clip.corpus for clip in clips})
    if len(corpora) < 2:
        raise UsageError(
            f"{LEAVE_ONE_CORPUS_OUT} needs clips of two corpora, "
            f"and all of these are of {corpora[0]}",
            hint="name several stores: --store A --store B",
        )
    folds = []
    for number, corpus in enumerate(corpora):
        tested = frozenset(clip.clip_id for clip in clips if clip.corpus == corpus)
        folds.append(_fold(corpus, clips, tested, number))
    return Split(LEAVE_ONE_CORPUS_OUT, tuple(folds))


def _fold(name: str, clips: Sequence[SplitClip], tested: frozenset[str], number: int) -> Fold:
    """Test some clips; of every corpus that is trained on, set some aside to choose on."""
    rest = [clip for clip in clips if clip.clip_id not in tested]
    test = [clip for clip in clips if clip.clip_id in tested]
    refuse_shared_samples(rest, test)
    chosen: set[str] = set()
    for corpus in sorted({clip.corpus for clip in rest}):
        chosen |= validation_clips([clip for clip in rest if clip.corpus == corpus], number)
    return Fold(
        name,
        tuple(clip.clip_id for clip in rest if clip.clip_id not in chosen),
        tuple(clip.clip_id for clip in rest if clip.clip_id in chosen),
        tuple(clip.clip_id for clip in test),
    )


def refuse_shared_samples(trained: Iterable[SplitClip], tested: Iterable[SplitClip]) -> None:
    """Reject recordings that are in two corpora: a model would be tested on its training data.

    Raises:
        LeakageError: The message names a pair.
    """
    known = {clip.pcm_sha256: clip.clip_id for clip in trained}
    pairs = [(known[c.pcm_sha256], c.clip_id) for c in tested if c.pcm_sha256 in known]
    if pairs:
        raise LeakageError(
            f"{len(pairs):,} clips are in both training and test data: {pairs[0][0]} and "
            f"{pairs[0][1]} "
            "hold identical samples",
            allowed="no model may be trained on what it is tested on",
            hint="remove them from one of the folders, then run 'serkit extract SRC --prune'",
        )
