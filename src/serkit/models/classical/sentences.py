"""Clips compared at the same place of a sentence, however fast it was spoken.

Statistics over a whole clip mix what was said with how. Where speakers say the same sentences, as
in most acted corpora, each clip can be aligned with what its sentence sounds like on average, and
described at each place of it: this syllable was louder, higher and longer than others say it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serkit.dsp.warping import Alignment, align, barycentre

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]

UNKNOWN = -1
"""Number of a sentence that is not known."""

_LIMIT = 4.0
"""Standard deviations that columns are clipped to, so that one odd number cannot decide."""

_SMALLEST_DEVIATION = 1e-6
_SPEAKERS = 2
"""A sentence that one speaker alone says tells who speaks."""

_CLIPS = 5
"""Clips of a sentence for each emotion, at least: fewer have no mean worth comparing with."""

_TEMPLATE_CLIPS = 200
"""Clips that a template is the mean of, at most; more of them change it little."""


def usable_sentences(sentences: Numbers, labels: Numbers, speakers: Numbers) -> list[int]:
    """Return the sentences that clips can be aligned with, in ascending order.

    A sentence is usable if two speakers or more say it, in every emotion, in five clips an emotion
    on average. One that is said in some emotions only would tell the emotion by its words.

    Args:
        sentences: Number of each clip's sentence, shape ``(n,)``; -1 is unknown.
        labels: Emotion numbers, same shape.
        speakers: Numbers of speakers, same shape.

    Example:
        >>> labels, speakers = np.tile([0, 1], 12), np.repeat([1, 2], 12)
        >>> said = np.where((labels == 1) & (speakers == 2), 7, 3)  # 7 in one emotion only
        >>> usable_sentences(said, labels, speakers)
        [3]
    """
    emotions = len(np.unique(labels))
    found = []
    for number in np.unique(sentences[sentences != UNKNOWN]):
        mine = sentences == number
        if (
            mine.sum() >= _CLIPS * emotions
            and len(np.unique(labels[mine])) == emotions
            and len(np.unique(speakers[mine])) >= _SPEAKERS
        ):
            found.append(int(number))
    return found


@dataclass(frozen=True)
class Sentences:
    """What sentences sound like on average, and how far clips usually are from that.

    Attributes:
        templates: Of each sentence, frames of shape ``(places, tracks)``, each track scaled to the
            clip's own mean and deviation.
        limits: Largest cost at which a training clip was aligned, shape ``(sentences,)``.
        mean: Mean of the columns of the clips of a sentence, shape ``(sentences, columns)``.
        deviation: Their standard deviation, same shape.
        segments: How many equal parts the places of a sentence are averaged in.
    """

    templates: tuple[Floats, ...]
    limits: Floats
    mean: Floats
    deviation: Floats
    segments: int

    @classmethod
    def fit(
        cls, clips: Sequence[Floats], sentences: Numbers, copies: Sequence[Floats], segments: int
    ) -> Sentences:
        """Learn the sentences of training clips.

        Args:
            clips: Tracks of each clip as recorded, shape ``(frames, tracks)``.
            sentences: Number of each clip's sentence, shape ``(n,)``; others than those of
                :func:`usable_sentences` set to -1. Where all are -1, the clips count as one.
            copies: The same clips in other voices; the columns' means and deviations are of these,
                too.
            segments: How many parts to average over.
        """
        numbers = [int(n) for n in np.unique(sentences) if n != UNKNOWN] or [UNKNOWN]
        relative = [_relative(each) for each in clips]
        templates = []
        for number in numbers:
            mine = np.flatnonzero(sentences == number)
            every = -(-len(mine) // _TEMPLATE_CLIPS)
            templates.append(barycentre([relative[position] for position in mine[::every]]))
        none = np.zeros((0, 0), np.float32)
        unscaled = cls(tuple(templates), np.zeros(0, np.float32), none, none, segments)
        return unscaled._scaled([*clips, *copies])

    def _scaled(self, clips: Sequence[Floats]) -> Sentences:
        """Return the same with limits, means and deviations of these clips."""
        found = self._recognise(clips)
        columns = self._columns(clips, found)
        limits, mean, deviation = [], [], []
        for number in range(len(self.templates)):
            mine = columns[found.sentence == number]
            costs = found.cost[found.sentence == number]
            limits.append(costs.max(initial=0))
            mean.append(mine.mean(axis=0) if len(mine) else np.zeros(columns.shape[1]))
            spread = mine.std(axis=0) if len(mine) else np.ones(columns.shape[1])
            deviation.append(np.where(spread > _SMALLEST_DEVIATION, spread, 1))
        return Sentences(
            self.templates,
            np.array(limits, np.float32),
            np.array(mean, np.float32),
            np.array(deviation, np.float32),
            self.segments,
        )

    def rows(self, clips: Sequence[Floats]) -> Floats:
        """Describe clips along the sentence that each is closest to.

        Args:
            clips: Tracks of each clip, shape ``(frames, tracks)``.

        Returns:
            Shape ``(n, segments * (tracks + 1))``: the mean of each track in each segment and the
            logarithm of its duration, in standard deviations from how the sentence is usually
            spoken. A clip further from all sentences than any training clip has a row of zeros:
            it says something else.
        """
        found = self._recognise(clips)
        columns = self._columns(clips, found)
        scaled = (columns - self.mean[found.sentence]) / self.deviation[found.sentence]
        scaled = np.clip(scaled, -_LIMIT, _LIMIT)
        scaled[found.cost > self.limits[found.sentence]] = 0
        return np.asarray(scaled, np.float32)

    def _recognise(self, clips: Sequence[Floats]) -> _Recognised:
        relative = [_relative(each) for each in clips]
        alignments = tuple(align(relative, template) for template in self.templates)
        costs = np.stack([each.cost for each in alignments])
        return _Recognised(alignments, costs.argmin(axis=0), costs.min(axis=0))

    def _columns(self, clips: Sequence[Floats], found: _Recognised) -> Floats:
        tracks = clips[0].shape[1]
        out = np.zeros((len(clips), self.segments * (tracks + 1)), np.float32)
        for number, alignment in enumerate(found.alignments):
            mine = np.flatnonzero(found.sentence == number)
            if len(mine):
                part = alignment.take(mine)
                means = part.means([clips[int(position)] for position in mine])
                out[mine] = _in_segments(means, part, self.segments)
        return out


@dataclass(frozen=True)
class _Recognised:
    """Clips aligned with every sentence, and which of them is closest, at what cost."""

    alignments: tuple[Alignment, ...]
    sentence: npt.NDArray[np.intp]
    cost: Floats


def _relative(frames: Floats) -> Floats:
    """Scale each track to the clip's own mean and deviation: what is said, not who says it how."""
    deviation = frames.std(axis=0)
    return np.asarray((frames - frames.mean(axis=0)) / (deviation + 1e-3), np.float32)


def _in_segments(means: Floats, alignment: Alignment, segments: int) -> Floats:
    """Average places in segments, and add the logarithm of how many frames each took."""
    places = means.shape[1]
    starts = np.arange(segments) * places // segments
    ends = np.maximum((np.arange(segments) + 1) * places // segments, starts + 1)
    durations = alignment.last - alignment.first + 1
    parts = [means[:, a:b].mean(axis=1) for a, b in zip(starts, ends, strict=True)]
    logs = [np.log(durations[:, a:b].sum(axis=1)) for a, b in zip(starts, ends, strict=True)]
    return np.concatenate([*parts, np.stack(logs, axis=1)], axis=1).astype(np.float32)
