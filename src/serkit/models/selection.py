"""Data that the shipped presets were tuned on.

A preset that was chosen over the inner actors of all folds is not nested: an inner actor of one
fold is a test actor of another. Its figures on the same clips flatter it a little; on other clips
they do not.
"""

INNER_ACTORS = "luna5 inner folds of 20 actors of ravdess"
"""Chosen by UAR on inner validation actors over all five folds; see docs/experiments."""

INNER_CLIPS = "random5 inner folds of 20 actors of ravdess"
"""Chosen by accuracy on inner validation clips of known actors; see docs/experiments."""

TEST_CLIPS = "the study's test clips"
"""Chosen by the reference study, which looked at its test clips."""

INNER_AND_PROBED = (
    "luna5 validation actors of 20 actors of ravdess, and a probe of 24 that used test folds"
)
"""As the next one, with an input that was chosen on inner validation actors."""

PROBED_OUTSIDE = "test folds of luna5 of 24 actors of ravdess, by a probe outside serkit"
"""Taken from a probe that used test folds; scores on RAVDESS are not nested."""
