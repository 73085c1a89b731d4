"""The corpus contract, and recognition of the corpus in a folder.

A new corpus is one module in this package that binds ``CORPUS``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from serkit.clips import ClipName, Sex
from serkit.errors import CorpusError
from serkit.ingest.archive import Archive
from serkit.labels import UNKNOWN, LabelSet
from serkit.registry import Registry


class UnparsedNameError(CorpusError):
    """A file name does not match the corpus; the message says why."""


def _keep_all(_name: ClipName) -> None:
    """Exclude nothing."""


@dataclass(frozen=True, slots=True)
class Person:
    """Facts about a speaker other than the name.

    Attributes:
        sex: ``male`` or ``female``, or unknown.
        age: In years; None where nobody has said it.
    """

    sex: Sex = UNKNOWN
    age: int | None = None


def _nobody(_folder: Path) -> Mapping[str, Person]:
    return {}


def _nothing_published() -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Corpus:
    """One corpus: its origin, and how to parse its file names.

    Attributes:
        name: Short name, the module's.
        title: Full name.
        citation: How to cite it.
        licence: Its licence, by its SPDX name where it has one.
        url: Home page.
        labels: The emotions of its clips, in the order of their numbers.
        parse: Function from a path relative to the corpus folder to the clip's metadata; raises
            :class:`UnparsedNameError`.
        leave_out: Returns the reason to exclude a clip by default (``"song"``), or None.
        reasons: Every reason that ``leave_out`` may return; ``--include`` accepts these.
        published: The SHA-256 of each published clip's samples, by clip id (see
            :attr:`serkit.audio.Audio.pcm_sha256`); empty if none are published.
        expected: Number of clips in the complete corpus, by column and value.
        archives: Archives for :func:`serkit.ingest.download.corpus.download`.
        default_protocol: The protocol that published work on it uses.
        synthetic: True for synthetic speech; such runs are never ranked with real ones.
        marker: A file in the corpus folder that identifies this corpus if names are ambiguous.
        counted_by: Source of ``expected``.
        people: Function from the corpus folder to what a table in it says of its speakers, by name.

    Example:
        >>> from pathlib import PurePosixPath
        >>> ravdess = CORPORA.get("ravdess")
        >>> ravdess.parse(PurePosixPath("Actor_12/03-01-05-02-01-01-12.wav")).emotion
        'angry'
    """

    name: str
    title: str
    citation: str
    licence: str
    url: str
    labels: LabelSet
    parse: Callable[[PurePosixPath], ClipName]
    leave_out: Callable[[ClipName], str | None] = _keep_all
    reasons: tuple[str, ...] = ()
    published: Callable[[], Mapping[str, str]] = _nothing_published
    expected: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    archives: tuple[Archive, ...] = ()
    default_protocol: str = "speaker5"
    synthetic: bool = False
    marker: str | None = None
    counted_by: str = ""
    people: Callable[[Path], Mapping[str, Person]] = _nobody


CORPORA: Registry[Corpus] = Registry("corpus", "serkit.corpora", "CORPUS")
"""Every corpus, by name."""


def family(corpus: str) -> str:
    """Return a corpus's name without the digest of its metadata table.

    Example:
        >>> family("interviews@1a2b3c4d")
        'interviews'
    """
    return corpus.partition("@")[0]


def _refuse(path: PurePosixPath) -> ClipName:
    raise UnparsedNameError(
        f"{path.name} is not a file name of any corpus that serkit knows",
        allowed=f"those of {', '.join(CORPORA.names())} are",
    )


UNRECOGNISED = Corpus(
    name="unrecognised",
    title="Audio whose names belong to no known corpus",
    citation="",
    licence="",
    url="",
    labels=LabelSet(()),
    parse=_refuse,
)
"""Stands for the corpus of a folder that no plug-in recognises; it accepts no name."""


def detect(root: Path, sample: list[PurePosixPath]) -> Corpus:
    """Recognise the corpus in a folder.

    Args:
        root: The folder.
        sample: Relative paths of some audio files.

    Returns:
        The corpus whose marker file is in the folder (or in a parent, so that a part of a
        synthetic corpus is recognised as synthetic), else the one whose names match most files;
        :data:`UNRECOGNISED` if none match.
    """
    corpora = [CORPORA.get(name) for name in CORPORA.names()]
    for corpus in corpora:
        if corpus.marker and any(
            (folder / corpus.marker).is_file()
            for folder in (root.resolve(), *root.resolve().parents)
        ):
            return corpus
    unmarked = [corpus for corpus in corpora if corpus.marker is None]
    fits = {corpus.name: _fits(corpus, sample) for corpus in unmarked}
    best = max(unmarked, key=lambda corpus: fits[corpus.name], default=UNRECOGNISED)
    return best if fits.get(best.name) else UNRECOGNISED


def _fits(corpus: Corpus, sample: list[PurePosixPath]) -> int:
    count = 0
    for path in sample:
        try:
            corpus.parse(path)
        except UnparsedNameError:
            continue
        count += 1
    return count
