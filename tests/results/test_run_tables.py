"""What a run's tables leave out."""

from __future__ import annotations

import pytest

from serkit.results.run_tables import _score_table

SCORES = {
    **dict.fromkeys(("uar", "accuracy", "macro_f1", "log_loss", "brier", "ece"), 0.5),
    "by_sex": {},
    "by_intensity": {},
}


@pytest.mark.parametrize(
    ("groups", "rows"),
    [
        (["unknown"], []),
        (["female", "male"], ["UAR % female", "UAR % male"]),
        (["female", "unknown"], ["UAR % female", "UAR % sex unknown"]),
    ],
)
def test_clips_whose_sex_nobody_knows_are_a_group_only_beside_others(groups, rows):
    made = _score_table({**SCORES, "by_sex": {group: {"uar": 0.5} for group in groups}})
    assert [str(cell) for cell in made.columns[0].cells][6:] == rows
