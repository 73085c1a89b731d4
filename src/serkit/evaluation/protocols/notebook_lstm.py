"""The study's split for its LSTM."""

from serkit.evaluation.protocols._notebook import study_protocol

PROTOCOL = study_protocol("notebook-lstm", stratified=False, random_state=109, models="LSTM")
