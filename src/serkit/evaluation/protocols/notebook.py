"""The study's split for its FFNN and transformer; what ``compare`` ranks the study's models on."""

from serkit.evaluation.protocols._notebook import study_protocol

PROTOCOL = study_protocol("notebook", stratified=True, random_state=109, models="FFNN, transformer")
