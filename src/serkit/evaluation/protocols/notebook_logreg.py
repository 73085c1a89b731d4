"""The study's split for its logistic regression."""

from serkit.evaluation.protocols._notebook import study_protocol

PROTOCOL = study_protocol(
    "notebook-logreg", stratified=False, random_state=1777, models="logistic regression"
)
