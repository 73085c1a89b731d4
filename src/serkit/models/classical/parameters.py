"""Parameters that classical models share, in groups."""

from __future__ import annotations

from dataclasses import dataclass

from serkit.errors import UsageError
from serkit.models.copies import CopiesParameters
from serkit.models.refit import RefitParameters
from serkit.parameters import Parameters, names_in, parameter
from serkit.ranges import Between


@dataclass(frozen=True)
class InputParameters(CopiesParameters):
    """The input features."""

    features: str = parameter("functionals", "input features, separated by commas")
    columns: str = parameter("", "additional clip columns, separated by commas")

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The features.

        Raises:
            UsageError: None is named.
        """
        found = names_in(self.features)
        if not found:
            raise UsageError("features = '' names no feature", hint="see 'serkit features'")
        return found

    @property
    def column_names(self) -> tuple[str, ...]:
        """The clip columns."""
        return names_in(self.columns)


@dataclass(frozen=True)
class SpeakerParameters(Parameters):
    """Whether every speaker's clips are standardised by themselves."""

    normalise: str = parameter(
        "none",
        "speaker standardises every speaker's clips by their own mean and deviation; test "
        "speakers' too, so that the run is transductive",
        choices=("none", "speaker"),
    )

    @property
    def by_speaker(self) -> bool:
        """Whether they are."""
        return self.normalise == "speaker"


@dataclass(frozen=True)
class ClassWeightParameters(Parameters):
    """How much emotions weigh."""

    class_weight: str = parameter("balanced", "class weights", choices=("none", "balanced"))

    @property
    def sklearn_class_weight(self) -> str | None:
        """The same as scikit-learn's estimators take it."""
        return None if self.class_weight == "none" else self.class_weight


@dataclass(frozen=True)
class PreprocessingParameters(ClassWeightParameters, RefitParameters):
    """Steps before the classifier, the weights of emotions, and which clips are fitted on."""

    scale: bool = parameter(True, "standardise columns on the training clips")
    clip: float = parameter(
        4.0,
        "clip values to this many standard deviations; 0 disables it",
        minimum=0,
        search=Between(2.0, 8.0),
    )
    select: int = parameter(
        0,
        "keep this many columns, those in which emotions differ most on the clips fitted on (F "
        "statistic); 0 keeps all",
        minimum=0,
    )
    whiten: float = parameter(
        0.9,
        "shrinkage of the whitening, above 0 to 1; 0 disables whitening",
        minimum=0,
        maximum=1,
        search=Between(0.5, 0.99),
    )


@dataclass(frozen=True)
class PipelineParameters(InputParameters, SpeakerParameters, PreprocessingParameters):
    """All of these, for a classifier that chooses C on inner folds."""

    C: float = parameter(
        0.0,
        "inverse regularisation strength; 0 chooses it on inner folds by speaker",
        minimum=0,
        search=Between(0.03, 30.0, log=True),
    )
