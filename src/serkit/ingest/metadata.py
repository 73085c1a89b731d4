"""The user's own recordings: labels and speakers from a table or from folder names.

A row names a file, its emotion and, if known, its speaker. Invalid rows are reported and skipped.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath
from posixpath import splitext

from serkit.clips import ClipName, Sex
from serkit.errors import CorpusError, UsageError, nearest, unknown_name
from serkit.ingest.audformat import HEADER, read_audformat
from serkit.ingest.corpus import Corpus, UnparsedNameError
from serkit.ingest.table import SUFFIXES, TextTable, read_table
from serkit.labels import UNKNOWN, LabelSet
from serkit.vocabulary import Vocabulary

CONVENTION = "metadata"
"""A table of this name in the folder is read by default, as in Hugging Face datasets."""

LAYOUTS = ("emotion", "speaker/emotion")
"""Meanings of folder levels, from the outside in."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "file": ("file_name", "path", "file", "filename"),
    "emotion": ("emotion", "label"),
    "speaker": ("speaker", "speaker_id", "actor"),
    "sex": ("sex", "gender"),
    "intensity": ("intensity",),
    "statement": ("statement", "text"),
    "repetition": ("repetition",),
    "age": ("age",),
    "split": ("split",),
}
"""Kinds of columns and their accepted names; the first one present is used."""

_NEEDED = ("file", "emotion")

_SEXES: Mapping[str, Sex] = {
    **dict.fromkeys(("m", "male", "man"), "male"),
    **dict.fromkeys(("f", "female", "woman", "w"), "female"),
}


@dataclass(frozen=True)
class Labelling:
    """How to read labels and speakers of your own recordings.

    Attributes:
        metadata: The table; None is ``metadata.csv`` (``.tsv``, ``.parquet``) in the folder.
        layout: One of :data:`LAYOUTS` instead of a table.
        columns: Other names of columns, by the keys of :data:`COLUMNS`.
        joined: Labels to count as another one: ``{"frustrated": "angry"}``.

    Raises:
        UnknownNameError: Unknown layout or kind of column.
        UsageError: Both a table and a layout are given.

    Example:
        >>> serkit.Labelling(layout="emotion", joined={"frustrated": "angry"}).metadata is None
        True
    """

    metadata: Path | None = None
    layout: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    joined: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.layout is not None and self.layout not in LAYOUTS:
            raise unknown_name("layout", self.layout, LAYOUTS)
        if self.layout is not None and self.metadata is not None:
            raise UsageError("both a table and a layout are given", hint="leave one of them out")
        for kind in self.columns:
            if kind not in COLUMNS:
                raise unknown_name("kind of column", kind, COLUMNS)

    def table(self, folder: Path) -> Path | None:
        """Return the table that describes a folder; None if there is none."""
        if self.layout is not None:
            return None
        if self.metadata is not None:
            return self.metadata
        conventional = [*(f"{CONVENTION}{suffix}" for suffix in SUFFIXES), HEADER]
        named = (folder / name for name in conventional)
        return next((path for path in named if path.is_file()), None)


@dataclass(frozen=True)
class _Row:
    """Metadata of one file."""

    path: str
    emotion: str
    speaker: str = UNKNOWN
    sex: str = ""
    intensity: str = ""
    statement: str = ""
    repetition: str = ""
    age: str = ""
    split: str = ""


def corpus_of(
    folder: Path, found: Iterable[str], labelling: Labelling
) -> tuple[Corpus, tuple[str, ...]] | None:
    """Describe a folder by its table or its layout.

    Args:
        folder: The folder.
        found: Its audio files, relative to it, with forward slashes; only read where there is a
            table or a layout.
        labelling: How their labels are found.

    Returns:
        The corpus, and notes on excluded or merged entries; None if there is neither a table nor a
        layout.

    Raises:
        NotFoundError: There is no such table.
        CorpusError: The table has no such columns, or names none of the files.
    """
    table = labelling.table(folder)
    if table is None and labelling.layout is None:
        return None
    paths, notes = [*found], list[str]()
    if table is not None:
        own = table.stem == CONVENTION or table.name == HEADER
        name = folder.name if own else table.stem
        read = read_audformat(table) if table.name == HEADER else read_table(table)
        rows = _of_table(read, folder, paths, labelling, notes)
    else:
        name, rows = folder.name, _of_layout(paths, labelling.layout or "")
    labelled = _with_joined_labels(rows, labelling.joined, notes)
    clips = _clips(labelled)
    if not clips:
        if table is not None and paths:
            notes.append(f"a path in it is relative to the folder, such as {min(paths)}")
        raise CorpusError(
            f"no audio file in {folder} has a label", hint="; ".join(notes) or "see --layout"
        )
    notes += _remarks(clips.values())
    described = {row.path for row in rows}

    def why_not(path: str) -> str:
        if path in described:
            return "its label is empty"
        return f"{table.name} has no row for it" if table else "no folder names its label"

    return _corpus(name or "own", clips, len(rows), why_not), tuple(notes)


def _of_table(
    table: TextTable,
    folder: Path,
    paths: Collection[str],
    labelling: Labelling,
    notes: list[str],
) -> list[_Row]:
    columns = _columns(table, labelling.columns)
    values = {kind: table.column(name) for kind, name in columns.items()}
    known, seen = set(paths), dict[str, _Row]()
    absent: list[str] = []
    doubled: list[str] = []
    contradictory: list[str] = []
    for number in range(len(table.rows)):
        said = {kind: column[number] for kind, column in values.items()}
        row = _Row(**{"path": _relative(said.pop("file"), folder), **said})
        if row.path not in known:
            absent.append(row.path)
        elif row.path in seen:
            (doubled if seen[row.path] == row else contradictory).append(row.path)
        else:
            seen[row.path] = row
    where = table.path.name
    notes += _some("row", "of {0} names no audio file there", absent, where)
    notes += _some("row", "of {0} repeats an earlier one", doubled, where)
    notes += _some("row", "of {0} contradicts an earlier one, which counts", contradictory, where)
    notes += _some("line", "of {0} has another number of values", map(str, table.short), where)
    return list(seen.values())


def _columns(table: TextTable, given: Mapping[str, str]) -> dict[str, str]:
    """Return the kind of each column."""
    lowered = {name.lower(): name for name in reversed(table.columns)}
    found = {}
    for kind, names in COLUMNS.items():
        if kind in given:
            if given[kind].lower() not in lowered:
                raise unknown_name(f"column of {table.path.name}", given[kind], table.columns)
            found[kind] = lowered[given[kind].lower()]
        elif there := [lowered[name] for name in names if name in lowered]:
            found[kind] = there[0]
        elif kind in _NEEDED:
            raise CorpusError(
                f"{table.path.name} has no column {' or '.join(names[:2])}",
                allowed=f"it has {', '.join(table.columns)}",
                hint=f"name it with --column {kind}=NAME",
            )
    return found


def _relative(path: str, folder: Path) -> str:
    """Return a path as the scan has it: relative, with forward slashes, also from Windows."""
    plain = path.replace("\\", "/")
    whole = f"{folder.as_posix()}/"
    return plain.removeprefix(whole).removeprefix("./")


def _of_layout(paths: Iterable[str], layout: str) -> list[_Row]:
    rows = []
    for path in paths:
        folders = PurePosixPath(path).parent.parts
        if layout == "emotion" and folders:
            rows.append(_Row(path, folders[-1]))
        elif layout == "speaker/emotion" and len(folders) > 1:
            rows.append(_Row(path, folders[-1], folders[-2]))
    return rows


def _with_joined_labels(
    rows: Sequence[_Row], joined: Mapping[str, str], notes: list[str]
) -> list[tuple[_Row, str]]:
    """Return rows with their labels: those that differ by case or blanks alone are one."""
    spelled: dict[str, Counter[str]] = {}
    to = {_plain(old): new for old, new in joined.items()}
    labels = [to.get(_plain(row.emotion), row.emotion.strip()) for row in rows]
    for label in labels:
        spelled.setdefault(_plain(label), Counter())[label] += 1
    usual = {key: _usual(spellings) for key, spellings in spelled.items()}
    for key, names in sorted(spelled.items()):
        if len(names) > 1:
            others = ", ".join(repr(name) for name in sorted(names) if name != usual[key])
            notes.append(f"the labels {others} are counted as {usual[key]!r}")
    own = {_plain(row.emotion) for row in rows}
    if gone := sorted(set(to) - own):
        near = dict.fromkeys(each for label in gone for each in nearest(label, own)[:1])
        meant = f": did you mean {' or '.join(map(repr, near))}?" if near else ""
        listed = ", ".join(map(repr, gone))
        notes.append(f"no clip has the label {listed}, which was to be joined{meant}")
    kept = [(row, usual[_plain(label)]) for row, label in zip(rows, labels, strict=True)]
    return [(row, label) for row, label in kept if label not in ("", UNKNOWN)]


def _usual(spellings: Counter[str]) -> str:
    """Return the spelling that most rows have; of equal ones that in small letters."""
    return min(spellings, key=lambda name: (-spellings[name], name != name.lower(), name))


@lru_cache(maxsize=1024)  # of many rows few labels differ
def _plain(label: str) -> str:
    return " ".join(label.split()).casefold()


def _clips(rows: Iterable[tuple[_Row, str]]) -> dict[str, ClipName]:
    return {
        row.path: ClipName(
            clip_id=splitext(row.path)[0],
            emotion=label,
            speaker=row.speaker or UNKNOWN,
            sex=_SEXES.get(row.sex.lower(), UNKNOWN),
            intensity=row.intensity or UNKNOWN,
            statement=row.statement or UNKNOWN,
            repetition=int(row.repetition) if row.repetition.isdecimal() else 0,
            age=_years(row.age),
            split=row.split,
        )
        for row, label in rows
    }


def _years(text: str) -> int | None:
    """Return an age in whole years (a table may write 21.0), or None if it is missing."""
    whole = text.removesuffix(".0")
    return int(whole) if whole.isdecimal() else None


def _remarks(clips: Collection[ClipName]) -> list[str]:
    """Return caveats about the clips."""
    notes = []
    unknown = sum(clip.speaker == UNKNOWN for clip in clips)
    if unknown:
        notes.append(
            f"the speaker is unknown in {unknown:,} of {len(clips):,} clips: "
            "only random protocols work, and their runs are stamped 'speaker unknown'"
        )
    labels = {clip.emotion for clip in clips}
    if missing := sorted(label for label in labels if _plain(label) in _MISSING):
        listed = ", ".join(map(repr, missing))
        notes.append(f"{listed} counts as a label: leave the cell empty if the label is missing")
    if len(labels) == 1:
        notes.append(f"every clip has the label {labels.pop()!r}: no model can be trained on one")
        return notes
    notes += _synonyms(labels)
    by_speaker: dict[str, set[str]] = {}
    for clip in clips:
        if clip.speaker != UNKNOWN:
            by_speaker.setdefault(clip.speaker, set()).add(clip.emotion)
    single = sorted(name for name, found in by_speaker.items() if len(found) == 1)
    return notes + _some("speaker", "has clips of one label alone", single)


_MISSING = frozenset({"nan", "null", "none", "n/a", "na", "<na>", "#n/a", "nil", "?", "-"})
"""How tables write that a value is missing; a label may be called so all the same."""


def _synonyms(labels: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for each emotion that several labels name, in the shared vocabulary."""
    named: dict[str, list[str]] = {}
    for label in sorted(labels):
        named.setdefault(Vocabulary().name(label), []).append(label)
    for name, words in named.items():
        if len(words) > 1:
            kept = next((each for each in words if _plain(each) == name), words[0])
            pairs = [f"{each}={kept}" for each in words if each != kept]
            asked = " ".join(f"--map {json.dumps(pair, ensure_ascii=False)}" for pair in pairs)
            listed = ", ".join(map(repr, words))
            yield f"the labels {listed} may mean one emotion; {asked} joins them"


def _some(what: str, text: str, found: Iterable[str], *values: str) -> list[str]:
    """Return a sentence about a few of many, or nothing."""
    names = list(found)
    if not names:
        return []
    listed = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    said = text.format(*values)
    if len(names) > 1:
        what += "s"
        for one, many in ((" names", " name"), (" repeats", " repeat"), (" has ", " have ")):
            said = f" {said}".replace(one, many)[1:]
        said = said.replace("contradicts", "contradict")
    return [f"{len(names):,} {what} {said} ({listed})"]


def _corpus(
    name: str, clips: Mapping[str, ClipName], count: int, why_not: Callable[[str], str]
) -> Corpus:
    """Return the corpus that a table describes; a digest of the table is part of its name.

    Args:
        name: The table's name.
        clips: By path.
        count: Files that the table describes.
        why_not: Says of a path why it is no clip.
    """
    said = [[path, *_values(clip)] for path, clip in sorted(clips.items())]
    digest = hashlib.sha256(json.dumps(said).encode()).hexdigest()[:8]

    def parse(path: PurePosixPath) -> ClipName:
        if (clip := clips.get(str(path))) is None:
            raise UnparsedNameError(why_not(str(path)))
        return clip

    return Corpus(
        name=f"{name}@{digest}",
        title=f"{count:,} files described by {name}",
        citation="",
        licence="",
        url="",
        labels=LabelSet.of(clip.emotion for clip in clips.values()),
        parse=parse,
    )


def _values(clip: ClipName) -> list[str]:
    said = [clip.emotion, clip.speaker, clip.sex, clip.intensity, clip.statement]
    return [*said, clip.split] if clip.split else said  # digests from before splits stay
