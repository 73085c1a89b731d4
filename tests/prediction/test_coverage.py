"""Warnings of recordings that a run's stress test does not cover, or in which it fell."""

from __future__ import annotations

import pytest

from serkit.prediction.coverage import Coverage, Outcome, Range

COVERAGE = Coverage(
    {
        "level": Range(
            -40.0,
            -20.0,
            (
                Outcome("level -24 dB", -54.0, 0.50, 0.66, True),
                Outcome("level +12 dB", -18.0, 0.64, 0.65, False),
            ),
        ),
        "snr": Range(
            40.0,
            60.0,
            (
                Outcome("white noise, 30 dB", 32.0, 0.63, 0.65, False),
                Outcome("white noise, 10 dB", 12.0, 0.21, 0.65, True),
            ),
        ),
        "bandwidth": Range(18_000.0, 22_000.0, (Outcome("16 kHz", 7_900.0, 0.54, 0.65, True),)),
        "clipped": Range(0.0, 0.0, (Outcome("clipped 12 dB", 0.05, 0.6, 0.65, False),)),
    },
)

USUAL = (-30.0, 50.0, 20_000.0, 0.0)


def changed(**values):
    known = dict(zip(("level", "snr", "bandwidth", "clipped"), USUAL, strict=True))
    return tuple((known | values).values())


def test_recordings_like_the_training_clips_are_not_warned_of():
    assert COVERAGE.warnings([USUAL, changed(level=-42.0, snr=38.0)]) == []


@pytest.mark.parametrize(
    ("recording", "said"),
    [
        (
            changed(level=-70.0),
            "1 of 2 files is quieter than the training clips (-70 dB; theirs: -40 dB to -20 dB): "
            "more than the stress test covers (level -24 dB: -54 dB, UAR 50.0 % against "
            "66.0 % as recorded)",
        ),
        (
            changed(snr=15.0),
            "1 of 2 files is noisier than the training clips (15 dB; theirs: 40 dB to 60 dB): in "
            "the stress test (white noise, 10 dB) UAR fell from 65.0 to 21.0 %",
        ),
        (
            changed(bandwidth=3_400.0),
            "1 of 2 files is narrower than the training clips (3,400 Hz; theirs: 18,000 Hz to "
            "22,000 Hz): more than the stress test covers (16 kHz: 7,900 Hz, UAR 54.0 % "
            "against 65.0 % as recorded)",
        ),
        (
            changed(clipped=0.2),
            "1 of 2 files is more clipped than the training clips (20.0 %; theirs: 0.0 % to "
            "0.0 %): more than the stress test covers (clipped 12 dB: 5.0 %, UAR 60.0 % "
            "against 65.0 % as recorded)",
        ),
    ],
)
def test_untested_and_degraded_ranges_are_reported_with_figures(recording, said):
    assert COVERAGE.warnings([USUAL, recording]) == [said]


def test_tested_ranges_without_degradation_give_no_warning():
    assert COVERAGE.warnings([changed(snr=33.0, clipped=0.03)]) == []


def test_several_files_are_counted_and_the_worst_is_shown():
    (said,) = COVERAGE.warnings([changed(level=-60.0), changed(level=-65.0), USUAL])
    assert said.startswith("2 of 3 files are quieter than the training clips (-65 dB;")


def test_a_side_on_which_nothing_was_tested_names_the_training_clips_limit():
    tested = (Outcome("level -24 dB", -54.0, 0.50, 0.66, True),)
    (said,) = Coverage({"level": Range(-40.0, -20.0, tested)}).warnings([changed(level=0.0)])
    assert said.endswith("more than the stress test covers (-20 dB)")


def test_a_measure_that_was_not_stressed_is_not_judged():
    assert Coverage({}).warnings([changed(level=-90.0)]) == []
