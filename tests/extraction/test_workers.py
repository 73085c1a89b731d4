"""How many clips make up a task: few enough that a kill costs seconds and a bar moves."""

from __future__ import annotations

from dataclasses import replace

from serkit.experiments.stress.conditions import CONDITIONS
from serkit.extraction.workers import clip_ms, clips_a_task
from serkit.features import Recipes
from serkit.store.compact import CLIPS_PER_PART


def specs(*names):
    return [Recipes().get(name) for name in names]


def heard_through(codec):
    """Functionals of clips that went through a codec."""
    (plain,) = specs("functionals")
    return replace(plain, name=f"functionals-{codec}", voice={"codec": codec, "version": 1})


def test_quick_features_fill_a_part():
    assert clips_a_task(specs("functionals")) == CLIPS_PER_PART


def test_the_time_of_a_voice_counts_once_for_all_features_in_it():
    one, two = clip_ms(specs("functionals-centred", "robust-centred"))
    assert [one, two] == [9.5, 17.0]
    assert clip_ms(specs("robust-centred")) == [17.5]


def test_tasks_of_features_in_slow_voices_are_smaller():
    codecs = [condition.name for condition in CONDITIONS if "codec" in condition.voice]
    assert clips_a_task([heard_through(codec) for codec in codecs]) < CLIPS_PER_PART / 3
