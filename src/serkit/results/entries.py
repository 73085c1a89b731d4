"""The rows of the leaderboard, and the groups in which they are ranked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One row of the leaderboard; its fields are the keys of ``compare --json``.

    A row is a model on a split. If it was trained with several seeds, scores are means over them;
    ``compare --all-seeds`` shows one row per run instead.

    Attributes:
        protocol: The protocol.
        corpus: The corpus.
        run: The run's name (of the lowest seed); None for published results.
        model: The model, or the published system.
        preset: The preset.
        seed: The seed (the lowest of several).
        given: Parameter values that differ from the current preset.
        uar: Unweighted average recall, 0 to 1, recomputed from the predictions.
        uar_low: Lower end of its 95 % t interval over speakers.
        uar_high: Upper end.
        accuracy: 0 to 1.
        macro_f1: 0 to 1.
        parameters: Number of fitted parameters, mean over folds.
        folds: Number of folds.
        actors: Test speakers.
        clips: Test clips.
        seconds: Wall time of a run.
        train_seconds: Training time.
        selected_on_test: Whether something was tuned on the test clips.
        synthetic: Whether the speech is synthetic.
        transductive: Whether predictions depend on other test clips, or these were used,
            unlabelled, in training.
        published: Whether it is a published result instead of a run.
        submitted: Whether its predictions were made elsewhere and submitted.
        best: Whether it has the highest UAR of its group.
        distinguishable_from_best: Whether it is significantly worse than the best; None if that
            cannot be tested (published results, fewer than 8 speakers).
        p_value: P-value of being as good as the best, adjusted for the number of models.
        optimism_gap: UAR of the same model on random splits minus this UAR; None if there is no
            such run.
        corpus_digest: Identity of the clips.
        split_digest: Identity of the split.
        notes: Caveats.
        source: Who published it.
        seeds: All seeds it was trained with.
        runs: Names of all runs, including copies.
        seed_spread: Standard deviation of the UAR over seeds; None for one seed.
        ignores_seed: Whether different seeds gave identical predictions.
        difference: UAR minus the best one's; None for published results and for models that are not
            compared (:func:`serkit.results.verdicts.had_help`).
        difference_low: Lower end of its simultaneous 95 % interval.
        difference_high: Upper end.
        p_value_floor: The smallest p-value that the test can return here.
        detectable_difference: The difference to the best that is detected with 80 % power.
        feature_fingerprints: Identity of each feature, by name.
        recipes: Features whose recipe differs from that of a row with the same name, with the start
            of their fingerprints.
        speaker_unknown: Whether the speakers of some clips are unknown.
        trained_on: Of an evaluation on another store, where its models were trained.
        heard: Whether it is counted on the clips that people heard alone; see :attr:`Group.heard`.
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
    submitted: bool = False
    given: Mapping[str, Any] = field(default_factory=dict)
    best: bool = False
    distinguishable_from_best: bool | None = None
    p_value: float | None = None
    optimism_gap: float | None = None
    corpus_digest: str | None = None
    split_digest: str | None = None
    notes: tuple[str, ...] = ()
    source: str = "serkit"
    seeds: tuple[int, ...] = ()
    runs: tuple[str, ...] = ()
    seed_spread: float | None = None
    ignores_seed: bool = False
    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
    p_value_floor: float | None = None
    detectable_difference: float | None = None
    feature_fingerprints: Mapping[str, str] = field(default_factory=dict)
    recipes: tuple[str, ...] = ()
    speaker_unknown: bool = False
    trained_on: str = ""
    heard: bool = False


@dataclass(frozen=True)
class Group:
    """Comparable runs, best first, and published results for their protocol.

    Attributes:
        protocol: The protocol.
        corpus: The corpus.
        corpus_digest: Identity of the clips; empty where there are published results only.
        entries: The rows.
        notes: Notes for the reader.
        detectable: The smallest difference to the best that is detected with 80 % power; None if
            nothing is tested.
        heard: Whether it puts people among models: a copy of another group, all of whose runs
            are counted again on the clips that people heard.
    """

    protocol: str
    corpus: str
    corpus_digest: str
    entries: tuple[Entry, ...]
    notes: tuple[str, ...]
    detectable: float | None = None
    heard: bool = False

    @property
    def title(self) -> str:
        """A short title."""
        return f"{self.protocol} on {self.corpus}" + (", clips that people heard" * self.heard)
