"""The result of an audit, as data and as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from serkit.audio import AudioNote
from serkit.clips import natural_order
from serkit.ingest.corpus import CORPORA, Corpus
from serkit.shown import Shown
from serkit.units import by_reason, shortened

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that cannot be used.

    Attributes:
        path: Relative to the folder.
        error: Name of the error's class.
        message: Its text.
    """

    path: str
    error: str
    message: str


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A clip that several files hold.

    Attributes:
        clip_id: The clip.
        paths: Its files, relative to the folder, the one that is taken first.
        same_samples: Whether those that can be read hold the same samples.
    """

    clip_id: str
    paths: tuple[str, ...]
    same_samples: bool


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long the readable clips are, in samples at 48 kHz.

    Attributes:
        min: The shortest.
        mean: All of them.
        max: The longest.
    """

    min: int
    mean: float
    max: int


@dataclass(frozen=True)
class AuditReport(Shown):
    """Content and problems of a corpus's folder.

    A clip that several files hold is counted once, by the file that ``extract`` would take.

    Attributes:
        corpus: The corpus's name.
        root: The folder, absolute.
        files: Audio files of the corpus.
        clips: Clips in them.
        counts: Clips by value of ``emotion, speaker, intensity, sex, statement`` (every clip) and
            ``channels, sample_rate`` (of the file; readable clips).
        frames: Lengths of the readable clips; None where there is none.
        missing: Ids of missing published clips.
        extra: Ids of clips that were not published, without those excluded by default; empty if
            nothing was published.
        duplicates: Clips with several files.
        unreadable: Files that cannot be used.
        altered: Ids of clips whose samples differ from the published ones.
        identical: Ids of different clips with identical samples.
        near_duplicates: Pairs of ids of clips with the same take in other samples: different
            gain, trimmed, resampled, or with some noise.
        unparsed: Path and reason of files whose names do not match the corpus.
        left_out: Number of excluded files, by reason.
        notes: Unexpected changes to the samples.
        compared: Whether the samples were compared with published ones.
        remarks: Problems in the folder's metadata table, one sentence each.
        unlike_the_whole: Counts that differ from the complete corpus, one sentence each.
        counted_by: Who counted the whole corpus; empty where nobody did.
        silent: Ids of clips that are never louder than 60 dB below full scale.
        clipped: How many samples are cut off at full scale, by the ids of the clips.
        one_label: Speakers whose clips all have one label.
    """

    corpus: str
    root: Path
    files: int
    clips: int
    counts: Mapping[str, Mapping[str | int, int]]
    frames: Lengths | None
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    duplicates: tuple[Duplicate, ...]
    unreadable: tuple[Unreadable, ...]
    altered: tuple[str, ...]
    identical: tuple[tuple[str, ...], ...]
    unparsed: tuple[tuple[str, str], ...]
    left_out: Mapping[str, int]
    notes: tuple[AudioNote, ...] = ()
    compared: bool = False
    remarks: tuple[str, ...] = ()
    unlike_the_whole: tuple[str, ...] = ()
    counted_by: str = ""
    silent: tuple[str, ...] = ()
    clipped: Mapping[str, int] = field(default_factory=dict)
    one_label: tuple[str, ...] = ()
    near_duplicates: tuple[tuple[str, str], ...] = ()

    @property
    def contradictory(self) -> tuple[Duplicate, ...]:
        """The duplicates that hold different samples."""
        return tuple(duplicate for duplicate in self.duplicates if not duplicate.same_samples)

    @property
    def clean(self) -> bool:
        """Whether every file can be read, is as published and agrees with the others."""
        return not (self.unreadable or self.altered or self.contradictory)

    def missing_speakers(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Group missing clips by speaker.

        Returns:
            The speakers of whom no published clip is there, and the missing clips of all others.
        """
        if not self.missing:
            return (), ()
        if not self.missing:  # nothing was published, as for the user's own recordings
            return (), ()
        corpus = CORPORA.get(self.corpus)
        speakers = {clip_id: _speaker(corpus, clip_id) for clip_id in corpus.published()}
        there = {speakers[clip_id] for clip_id in speakers.keys() - set(self.missing)}
        gone = {speakers[clip_id] for clip_id in self.missing} - there
        return (
            tuple(sorted(gone, key=natural_order)),
            tuple(clip_id for clip_id in self.missing if speakers[clip_id] in there),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain JSON."""
        return {
            "corpus": self.corpus,
            "root": str(self.root),
            "clean": self.clean,
            "files": self.files,
            "clips": self.clips,
            "counts": {
                column: {str(value): count for value, count in counts.items()}
                for column, counts in self.counts.items()
            },
            "frames": asdict(self.frames) if self.frames else None,
            "missing": list(self.missing),
            "extra": list(self.extra),
            "duplicates": [
                {**asdict(duplicate), "paths": list(duplicate.paths)}
                for duplicate in self.duplicates
            ],
            "unreadable": [asdict(file) for file in self.unreadable],
            "altered": list(self.altered),
            "identical": [list(clip_ids) for clip_ids in self.identical],
            "near_duplicates": [list(pair) for pair in self.near_duplicates],
            "unparsed": [{"path": path, "message": reason} for path, reason in self.unparsed],
            "left_out": dict(self.left_out),
            "notes": [asdict(note) for note in self.notes],
            "compared": self.compared,
            "remarks": list(self.remarks),
            "unlike_the_whole": list(self.unlike_the_whole),
            "counted_by": self.counted_by,
            "silent": list(self.silent),
            "clipped": dict(self.clipped),
            "one_label": list(self.one_label),
        }

    def __rich__(self) -> RenderableType:
        """Return counts by column, problems, and the verdict."""
        from rich.console import Group
        from rich.text import Text

        from serkit.printable import printable
        from serkit.tables import table

        counts = table(
            f"{self.corpus} in {self.root}: {self.clips:,} clips in {self.files:,} files",
            {"": "left", "value": "left", "clips": "right"},
        )
        for name, values in self.counts.items():
            heading = name.replace("_", " ")
            for index, (value, count) in enumerate(values.items()):
                counts.add_row(heading if index == 0 else "", str(value), f"{count:,}")
        warned = self.notes or self.near_duplicates
        style = "green" if self.clean and not warned else "yellow"
        lines = (Text(printable(line)) for line in _findings(self))
        return Group(counts, *lines, Text(self.verdict, style=style))

    @property
    def verdict(self) -> str:
        """One sentence on the whole folder."""
        if not self.clean:
            return "not clean"
        known = "as published" if self.compared else "readable (nobody has published its samples)"
        if not (self.notes or self.near_duplicates):
            return f"clean: everything is {known}"
        files, pairs = len({note.path for note in self.notes}), len(self.near_duplicates)
        warnings = [f"{files:,} with a warning"] if files else []
        if pairs:
            warnings.append(f"{pairs:,} pair{'s' * (pairs != 1)} of clips may be one take")
        return f"every file is {known}, {', '.join(warnings)}"


def _findings(report: AuditReport) -> list[str]:
    """List problems, one line each; long lists are cut and counted."""
    speakers, clips = report.missing_speakers()
    lines = []
    if report.frames:
        frames = report.frames
        lines.append(f"samples a clip: {frames.min:,} to {frames.max:,}, mean {frames.mean:,.3f}")
    lines += _named("speakers of whom nothing is there", speakers)
    lines += _named("missing", clips)
    lines += _named("extra", report.extra)
    # serious problems must not hide behind harmless copies
    duplicates = sorted(report.duplicates, key=lambda duplicate: duplicate.same_samples)
    lines += shortened(
        f"{' and '.join(each.paths)}: one clip, "
        + ("the same samples" if each.same_samples else "DIFFERENT samples")
        for each in duplicates
    )
    lines += shortened(
        f"{' and '.join(ids)}: different clips, identical samples" for ids in report.identical
    )
    lines += shortened(
        f"warning: {one} and {other}: nearly the same sound, one take in two files"
        for one, other in report.near_duplicates
    )
    lines += _named("samples are not the published ones", report.altered)
    lines += shortened(f"{file.path}: {file.error}: {file.message}" for file in report.unreadable)
    lines += shortened(f"warning: {note}" for note in report.notes)
    lines += shortened(by_reason(report.unparsed))
    lines += shortened(report.remarks)
    lines += _of_the_whole(report)
    lines += _named("silent (never louder than 60 dB below full scale)", report.silent)
    lines += _named("cut off at full scale", map(_with_count, report.clipped.items()))
    if not any("one label" in remark for remark in report.remarks):  # the table's own word
        lines += _named("speakers with one label", report.one_label)
    lines += [f"left out: {count:,} {reason}" for reason, count in report.left_out.items()]
    return lines


def _of_the_whole(report: AuditReport) -> list[str]:
    """Describe how the counts differ from those of the complete corpus, and their source."""
    if not report.counted_by:
        return shortened(report.unlike_the_whole)
    if not report.unlike_the_whole:
        return [f"counts are those of the whole corpus ({report.counted_by})"]
    return [*shortened(report.unlike_the_whole), f"the whole corpus: {report.counted_by}"]


def _with_count(clip: tuple[str, int]) -> str:
    return f"{clip[0]} ({clip[1]:,} samples)"


def _named(what: str, names: Iterable[str]) -> list[str]:
    """Join names on one line; no line if there are none."""
    listed = list(names)
    return [f"{what} ({len(listed):,}): {', '.join(shortened(listed))}"] if listed else []


def _speaker(corpus: Corpus, clip_id: str) -> str:
    return corpus.parse(PurePosixPath(f"{clip_id}.wav")).speaker
