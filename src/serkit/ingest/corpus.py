"""What a corpus has to say about itself, and which corpus a folder holds.

A new corpus is one module in this package that binds ``CORPUS``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from serkit.clips import ClipName
from serkit.errors import CorpusError
from serkit.ingest.archive import Archive
from serkit.labels import LabelSet
from serkit.registry import Registry


class UnparsedNameError(CorpusError):
    """A file name is not one of the corpus; the message says what is wrong with it."""


def _keep_all(_name: ClipName) -> None:
    """Leave nothing out."""


def _nothing_published() -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Corpus:
    """One corpus: where it comes from and how its file names are read.

    Attributes:
        name: Short name, the module's.
        title: Full name.
        citation: How to cite it.
        licence: Its licence, by its SPDX name where it has one.
        url: Where it lives.
        labels: The emotions of its clips, in the order of their numbers.
        parse: From a path relative to the corpus folder to what its name says; raises
            :class:`UnparsedNameError`.
        leave_out: The reason to leave a clip out unless it is asked for (``"song"``), or None.
        reasons: Every reason that ``leave_out`` may give: what ``--include`` can name.
        published: The SHA-256 of each published clip's samples, by clip id (see
            :attr:`serkit.audio.Audio.pcm_sha256`); empty where nobody has published them.
        expected: How many clips the whole corpus has, by column and value.
        archives: What :func:`serkit.ingest.download.corpus.download` can fetch.
        default_protocol: The protocol that published work on it uses.
        synthetic: True where no human spoke: such runs are never ranked beside real ones.
        marker: A file at the folder's top that tells this corpus from others with its names.

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


CORPORA: Registry[Corpus] = Registry("corpus", "serkit.corpora", "CORPUS")
"""Every corpus, by name."""


def family(corpus: str) -> str:
    """Return a corpus's name without the digest of the table that describes it.

    Example:
        >>> family("interviews@1a2b3c4d")
        'interviews'
    """
    return corpus.partition("@")[0]


def _refuse(path: PurePosixPath) -> ClipName:
    raise UnparsedNameError(
        f"{path.name} is no name of a corpus that serkit knows",
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
"""What stands for the corpus of a folder that no plug-in recognises; it reads no name."""


def detect(root: Path, sample: list[PurePosixPath]) -> Corpus:
    """Tell which corpus a folder holds.

    Args:
        root: The folder.
        sample: Relative paths of some of its audio files.

    Returns:
        The corpus whose marker file lies in the folder (or in one above it, so that a part of a
        synthetic corpus stays synthetic), else the one whose names fit the most files;
        :data:`UNRECOGNISED` where none fits.
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
