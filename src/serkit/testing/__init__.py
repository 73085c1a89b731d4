"""Contracts, shipped as checks: requirements for extractors, trainers, protocols and corpora.

serkit's own plug-ins are checked by these, and the author of another runs the same ones::

    from serkit.testing import check_trainer

    def test_my_trainer_keeps_the_contract(store):
        check_trainer(TRAINER, store)

Each check returns nothing where all is well and raises :class:`ContractError` where it is not.
Nothing here needs a test framework.
"""

from serkit.testing._claims import ContractError
from serkit.testing.corpora import check_corpus
from serkit.testing.examples import example_clips, example_signal
from serkit.testing.extractors import check_extractor
from serkit.testing.protocols import check_protocol
from serkit.testing.trainers import check_trainer

__all__ = [
    "ContractError",
    "check_corpus",
    "check_extractor",
    "check_protocol",
    "check_trainer",
    "example_clips",
    "example_signal",
]
