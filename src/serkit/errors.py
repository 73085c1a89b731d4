"""Every error that serkit raises on purpose.

One base class, :class:`SerkitError`, and usually the builtin class that a Python programmer
would expect, so ``except FileNotFoundError`` works as well as ``except SerkitError``.

A message is one sentence in up to three parts: what went wrong, what is accepted, what to do next.
The command line prints it on one line and exits with :attr:`SerkitError.exit_code`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

_MOST_NAMES, _FIRST_NAMES = 60, 10
"""Names that an error lists at most, and how many of more."""


class SerkitError(Exception):
    """Base class of every error that serkit raises on purpose.

    Args:
        got: What went wrong, with the offending value.
        allowed: What would have been right.
        hint: What to do next.

    Example:
        >>> try:
        ...     serkit.describe_model("logregg")
        ... except serkit.SerkitError as error:
        ...     print(error)
        unknown model 'logregg': did you mean 'logreg'?; there are: ...
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, got: str, *, allowed: str = "", hint: str = "") -> None:
        self.got = got
        self.allowed = allowed
        self.hint = hint
        super().__init__("; ".join(part for part in (got, allowed, hint) if part))

    def __str__(self) -> str:
        # OSError.__str__ would print errno and strerror instead of the message
        return str(self.args[0])

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders (extraction workers), keyword arguments included.
        return _rebuild, (type(self), self.got, self.allowed, self.hint)


def _rebuild(kind: type[SerkitError], got: str, allowed: str, hint: str) -> SerkitError:
    return kind(got, allowed=allowed, hint=hint)


class UsageError(SerkitError, ValueError):
    """The request is invalid: a bad value, an unknown option or name."""

    exit_code = 2


class UnknownNameError(UsageError, LookupError):
    """No model, protocol, feature, preset, ... has this name."""


class NotFoundError(SerkitError, FileNotFoundError):
    """A folder, store or run does not exist."""


class MissingDependencyError(SerkitError, ImportError):
    """An optional package is not installed; the hint names the extra that brings it."""


class DownloadError(SerkitError, OSError):
    """A download could not be completed or is not the published file."""


class CorpusError(SerkitError, ValueError):
    """A folder does not hold a usable corpus."""


class AmbiguousClipError(CorpusError):
    """Files with the same clip id have different samples, and none is the published one."""


class AudioError(SerkitError, ValueError):
    """One audio file cannot be used; the others are not affected."""


class EmptyAudioError(AudioError):
    """An audio file holds no samples."""


class TruncatedAudioError(AudioError):
    """An audio file is shorter than its header states."""


class UnfinishedAudioError(AudioError):
    """An audio file is longer than its header states: its writer did not finish."""


class NonFiniteAudioError(AudioError):
    """An audio file holds NaN or infinite samples."""


class UnreadableAudioError(AudioError):
    """A file is not audio, or in a format that cannot be decoded."""


class FeatureError(SerkitError, ValueError):
    """A feature cannot be computed from this clip with this recipe."""


class ClipTooLongError(FeatureError):
    """A clip is longer than the length that the recipe pads to."""


class StoreError(SerkitError, RuntimeError):
    """A feature store cannot fulfil a request."""


class StoreLockedError(StoreError, TimeoutError):
    """Another process is writing to the store."""


class StoreCorruptError(StoreError):
    """The store is damaged."""


class StoreReadError(StoreError, OSError):
    """A file of the store exists but cannot be read."""


class StoreWriteError(StoreError, OSError):
    """A write failed (disk full, read-only, ...); committed data are kept."""


class EngineError(StoreError):
    """Workers died, are gone, or cannot do the work; committed data are kept."""


class IncompleteFeatureError(StoreError, LookupError):
    """A feature is not current for every clip in the store."""


class LeakageError(SerkitError, ValueError):
    """A split has test data in the training data."""


class TrainingError(SerkitError, RuntimeError):
    """A model could not be fitted."""


class StoreChangedError(TrainingError):
    """The store changed while a model was trained on it; the model is useless."""


class HiddenFromModelError(TrainingError, AttributeError):
    """A model accesses hidden data: the store, or test clips' labels or speakers."""


class TrainingInterrupted(KeyboardInterrupt):
    """Training was interrupted (Ctrl-C); finished work is kept.

    Args:
        run: The run's name.
        done: Folds that are done.
        folds: Total number of folds.
        command: The command that resumes it.
    """

    def __init__(self, run: str, done: int, folds: int, command: str) -> None:
        self.run, self.done, self.folds, self.command = run, done, folds, command
        super().__init__(f"interrupted; {done} of {folds} folds are done; resume with '{command}'")


class RunError(SerkitError, RuntimeError):
    """A run cannot be read or is not finished."""


class ReportError(SerkitError, OSError):
    """A figure or a page could not be written."""


def unknown_name(
    kind: str, name: str, allowed: Iterable[str], *, where: str = "", hint: str = ""
) -> UnknownNameError:
    """Build the error for a name that is not in a list, with the nearest ones that are.

    Args:
        kind: Kind of name, in the singular: ``"model"``.
        name: The name that was got.
        allowed: Every name there is.
        where: Where it was looked for: ``"in the store features/store"``.
        hint: The command that shows the whole list.

    Returns:
        The error, ready to be raised.
    """
    names = sorted(allowed)
    near = nearest(name, names)
    got = f"unknown {kind} {name!r}" + (f" {where}" if where else "")
    if near:
        got += ": did you mean " + " or ".join(repr(n) for n in near) + "?"
    return UnknownNameError(got, allowed=f"there are: {_listed(names)}", hint=hint)


def _listed(names: list[str]) -> str:
    """List names, the first few of very many: a corpus has thousands of clips."""
    if len(names) <= _MOST_NAMES:
        return ", ".join(names) or "none"
    shown = ", ".join(names[:_FIRST_NAMES])
    return f"{shown} and {len(names) - _FIRST_NAMES:,} more"


def nearest(name: str, allowed: Iterable[str]) -> list[str]:
    """Return up to three of ``allowed`` similar to ``name``, closest first."""
    from difflib import get_close_matches

    by_lower = {n.lower().replace("_", "-"): n for n in allowed}
    close = get_close_matches(name.lower().replace("_", "-"), by_lower, n=3, cutoff=0.5)
    return [by_lower[n] for n in close]
