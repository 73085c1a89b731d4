"""Contract of protocols."""

from __future__ import annotations

import random
from collections.abc import Sequence

from serkit.clips import natural_order
from serkit.errors import UsageError
from serkit.evaluation.splits import Protocol, Split, SplitClip
from serkit.testing._claims import ContractError, check_summary, no_error, require, words
from serkit.testing.examples import example_clips


def check_protocol(protocol: Protocol, clips: Sequence[SplitClip] | None = None) -> None:
    """Check a protocol: deterministic, free of leaks, and clear about missing speakers.

    Args:
        protocol: The protocol.
        clips: Clips to split; None is RAVDESS's 1,440.

    Raises:
        ContractError: It violates the contract; the message says how.

    Example:
        >>> from serkit.evaluation.splits import PROTOCOLS
        >>> check_protocol(PROTOCOLS.get("luna5"))
    """
    who = f"protocol {protocol.name}"
    check_summary(who, protocol.summary)
    require(bool(protocol.source), f"{who} does not say who defined it")
    given = list(example_clips() if clips is None else clips)
    split = no_error(f"{who} cannot split the clips it is made for", lambda: protocol.split(given))
    _check_split(who, protocol, split)
    shuffled = random.Random(0).sample(given, len(given))
    require(
        protocol.split(shuffled).digest == split.digest,
        f"{who} splits the same clips differently in another order",
    )
    speakers = sorted({clip.speaker for clip in given}, key=natural_order)
    for kept in (speakers[::2], speakers[: len(speakers) // 2], speakers[:3], speakers[:1]):
        few = [clip for clip in given if clip.speaker in kept]
        try:
            _check_split(who, protocol, protocol.split(few))
        except UsageError:
            continue  # refusing with a clear error is fine
        except Exception as error:
            raise ContractError(f"{who}, with speakers {kept} alone: {words(error)}") from error


def _check_split(who: str, protocol: Protocol, split: Split) -> None:
    require(
        split.protocol == protocol.name, f"{who} gives a split that is named {split.protocol!r}"
    )
    names = [fold.name for fold in split.folds]
    require(bool(names), f"{who} gives no folds")
    require(len(set(names)) == len(names), f"{who} gives two folds of one name: {names}")
    require(all(isinstance(n, str) and n for n in split.notes), f"{who} gives empty notes")
