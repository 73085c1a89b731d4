"""A fold's training side by the clips' own ids, and who turns it into a fitted model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from serkit.errors import SerkitError
from serkit.evaluation.splits import Fold
from serkit.models import FitContext, Fitted, FoldData, Trainer
from serkit.models.opaque import with_true_names
from serkit.parameters import Parameters
from serkit.store.source import ClipStore


@dataclass(frozen=True)
class Sides:
    """The clips that a model may be fitted to, and chosen on.

    Attributes:
        store: The store.
        train: Ids of the clips to fit on.
        validation: Ids of the clips to choose on.
        voices: Other voices that clips which are fitted on may be read in.
        chosen_on_test: Whether the validation clips are the test clips.
    """

    store: ClipStore
    train: tuple[str, ...]
    validation: tuple[str, ...]
    voices: tuple[str, ...] = ()
    chosen_on_test: bool = False

    @classmethod
    def of(
        cls,
        store: ClipStore,
        fold: Fold,
        *,
        voices: tuple[str, ...] = (),
        choose_on_test: bool = False,
    ) -> Sides:
        """Return a fold's training side.

        Args:
            store: The store.
            fold: The fold.
            voices: Other voices that clips which are fitted on may be read in.
            choose_on_test: Whether to do as the study did: fit on all other clips, and choose on
                the test clips.
        """
        if choose_on_test:
            train = tuple(sorted((*fold.train, *fold.validation)))
            return cls(store, train, fold.test, voices, chosen_on_test=True)
        return cls(store, fold.train, fold.validation, voices)

    def data(self) -> FoldData:
        """Return the trainer's view of it."""
        return FoldData.of(
            self.store,
            self.train,
            self.validation,
            voices=self.voices,
            chosen_on_test=self.chosen_on_test,
        )


Fit = Callable[[Trainer[Any], Sides, Parameters, FitContext], Fitted]
"""Fits a model; :func:`fit_here` does it in this process alone."""


def fit_here(
    trainer: Trainer[Any], sides: Sides, parameters: Parameters, context: FitContext
) -> Fitted:
    """Fit a model in this process; errors name clips by their own ids."""
    try:
        return trainer.fit(sides.data(), parameters, context)
    except SerkitError as error:
        raise with_true_names(error, sides.store, (*sides.train, *sides.validation)) from error
