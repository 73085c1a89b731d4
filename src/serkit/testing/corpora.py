"""Contract of corpora."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from serkit.clips import ClipName
from serkit.ingest.corpus import Corpus, UnparsedNameError
from serkit.labels import UNKNOWN
from serkit.testing._claims import ContractError, no_error, require, words


def check_corpus(corpus: Corpus, examples: Iterable[PurePosixPath] = ()) -> None:
    """Check a corpus: its metadata, and how it parses file names.

    Args:
        corpus: The corpus.
        examples: Paths of some of its files, each of another clip; the published clips' names
            are checked besides.

    Raises:
        ContractError: It violates the contract; the message says how.

    Example:
        >>> from serkit.ingest.corpus import CORPORA
        >>> check_corpus(CORPORA.get("emodb"), [PurePosixPath("03a01Fa.wav")])
    """
    who = f"corpus {corpus.name}"
    require(len(corpus.title) > 10, f"{who} has no full name")
    require(len(corpus.citation) > 20, f"{who} does not say how to cite it")
    require(bool(corpus.licence), f"{who} does not say its licence")
    require(
        corpus.url.startswith("https://") or corpus.synthetic, f"{who} does not give its home page"
    )
    require(
        bool(corpus.marker) == corpus.synthetic,
        f"{who} must have a marker if it is synthetic, and only then",
    )
    require(len(corpus.labels) > 1, f"{who} has fewer than two labels")
    paths = tuple(examples)
    read = [_read_name(who, corpus, path) for path in paths]
    require(len(set(read)) == len(paths), f"{who} reads two of its names as one clip")
    for clip_id, digest in corpus.published().items():
        _read_name(who, corpus, PurePosixPath(f"{clip_id}.wav"))
        require(len(digest) == 64, f"{who}: {digest!r} of {clip_id} is not a SHA-256 digest")
    for rubbish in ("rubbish.wav", ".wav", "ünï cödé.flac", "1" * 300 + ".wav"):
        _check_refusal(who, corpus, PurePosixPath("folder", rubbish))


def _read_name(who: str, corpus: Corpus, path: PurePosixPath) -> ClipName:
    name = no_error(f"{who} does not read its own name {path}", lambda: corpus.parse(path))
    require(name.clip_id == path.stem, f"{who} gives {path} the id {name.clip_id!r}")
    require(
        name.emotion in corpus.labels,
        f"{who} reads {name.emotion!r} from {path}, which is not one of its labels",
    )
    require(name.sex in ("male", "female", UNKNOWN), f"{who} gives {path} the sex {name.sex!r}")
    require(bool(name.speaker.strip()), f"{who} names no speaker of {path}")
    require(name.repetition >= 0, f"{who} gives {path} the repetition {name.repetition}")
    elsewhere = PurePosixPath("copy", path.parent, f"{path.stem}.FLAC")
    moved = no_error(f"{who} does not read {elsewhere}", lambda: corpus.parse(elsewhere))
    require(moved == name, f"{who} reads {path} differently in another folder or format")
    return name


def _check_refusal(who: str, corpus: Corpus, path: PurePosixPath) -> None:
    try:
        name = corpus.parse(path)
    except UnparsedNameError as error:
        require(path.name in str(error), f"{who} refuses {path.name} without naming it: {error}")
        return
    except Exception as error:
        raise ContractError(
            f"{who} rejects {path.name} with another error than UnparsedNameError: {words(error)}"
        ) from error
    raise ContractError(f"{who} takes {path.name} for the clip {name.clip_id!r}")
