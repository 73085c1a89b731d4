"""The rows of the leaderboard, and the groups in which they are ranked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One row of the leaderboard; its fields are the keys of ``compare --json``.

    Attributes:
        protocol: The protocol.
        corpus: The corpus.
        run: The run's name; None for published results.
        model: The model, or the published system.
        preset: The preset.
        seed: The seed.
        given: Values that differ from the preset's as it is now.
        uar: Unweighted average recall, 0 to 1.
        uar_low: Lower end of its 95 % interval over actors.
        uar_high: Upper end.
        accuracy: 0 to 1.
        macro_f1: 0 to 1.
        parameters: Numbers fitted, mean over folds.
        folds: How many.
        actors: Test actors.
        clips: Test clips.
        seconds: Wall time of the run.
        train_seconds: Of which fitting.
        selected_on_test: Whether something was chosen on the test clips.
        synthetic: Whether no human spoke.
        transductive: Whether answers about a test clip depend on other test clips, or these were
            used, unlabelled, in training.
        published: Whether it is a published result and not a run.
        best: Whether it has the highest UAR of its group.
        distinguishable_from_best: Whether its UAR differs from the best's beyond chance; None
            where that cannot be tested (published results, one actor).
        p_value: Holm-corrected p-value of that difference.
        optimism_gap: UAR of the same model on random splits less this UAR; None where there is
            no such pair.
        corpus_digest: Identity of the clips.
        split_digest: Identity of the split.
        notes: Caveats.
        source: Who published it.
    """

    protocol: str
    corpus: str
    run: str | None
    model: str
    preset: str | None
    seed: int | None
    uar: float | None
    uar_low: float | None
    uar_high: float | None
    accuracy: float | None
    macro_f1: float | None
    parameters: int | None
    folds: int | None
    actors: int | None
    clips: int | None
    seconds: float | None
    train_seconds: float | None
    selected_on_test: bool
    synthetic: bool
    transductive: bool
    published: bool
    given: Mapping[str, Any] = field(default_factory=dict)
    best: bool = False
    distinguishable_from_best: bool | None = None
    p_value: float | None = None
    optimism_gap: float | None = None
    corpus_digest: str | None = None
    split_digest: str | None = None
    notes: tuple[str, ...] = ()
    source: str = "serkit"


@dataclass(frozen=True)
class Group:
    """Runs that may be ranked together, best first, and published results of their protocol.

    Attributes:
        protocol: The protocol.
        corpus: The corpus.
        corpus_digest: Identity of the clips; empty where there are published results only.
        entries: The rows.
        notes: What a reader must know.
    """

    protocol: str
    corpus: str
    corpus_digest: str
    entries: tuple[Entry, ...]
    notes: tuple[str, ...]
