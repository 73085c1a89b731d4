"""Everything resolved before training starts: model, store, protocol, clips and folds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from serkit.compute.environment import hardware, installed_versions
from serkit.encoders.machine import process_count
from serkit.errors import StoreChangedError, TrainingError, UnknownNameError, UsageError
from serkit.evaluation.near_duplicates import noting_near_duplicates
from serkit.evaluation.splits import Protocol, Split, split_clips
from serkit.experiments.caveats import caveats
from serkit.experiments.selection import selection_of
from serkit.experiments.teachers import read_by, taught_by
from serkit.features import FeatureSpec
from serkit.features.voices import copy_name
from serkit.labels import UNKNOWN
from serkit.models import Trainer
from serkit.parameters import Parameters
from serkit.prediction.audio_profile import audio_of
from serkit.results.overrides import differing
from serkit.results.record import partial_note
from serkit.results.run import Run
from serkit.store.source import ClipStore
from serkit.store.state import corpus_digest


@dataclass(frozen=True)
class Plan:
    """Everything that determines a run's result, and where it goes.

    Attributes:
        trainer: The kind of model.
        store: Where the features are.
        protocol: How the clips are split.
        preset: The preset's name.
        parameters: Every parameter's value.
        seed: Of all random numbers.
        runs: The folder that the run's folder is made in.
        settings: The resolved settings of the command, kept for the record.
        folds: Run only this many folds; None runs all.
        members: The runs that an ensemble is made of.
        teachers: The runs whose models a net learns from.
        origin: What the record says of several stores that are read as one; empty for one store.
        notes: Notes on the clips.
    """

    trainer: Trainer[Any]
    store: ClipStore
    protocol: Protocol
    preset: str
    parameters: Parameters
    seed: int
    runs: Path
    settings: Mapping[str, Any]
    folds: int | None = None
    members: tuple[Run, ...] = ()
    teachers: tuple[Run, ...] = ()
    origin: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def features(self) -> tuple[str, ...]:
        """The features that the model reads."""
        return self.trainer.features(self.parameters)

    @property
    def voices(self) -> tuple[str, ...]:
        """The voices in which training clips are fitted on as well."""
        return self.trainer.voices(self.parameters)

    @property
    def copies(self) -> tuple[str, ...]:
        """The features that hold the copies of training clips, and are read for no others."""
        return tuple(copy_name(name, voice) for voice in self.voices for name in self.features)

    @property
    def reads(self) -> tuple[str, ...]:
        """All features that the result rests on: the model's, its copies and its teachers'."""
        return tuple(dict.fromkeys((*self.features, *self.copies, *read_by(self.teachers))))

    @property
    def by_speaker(self) -> bool:
        """Whether test clips are predicted speaker by speaker."""
        return self.trainer.by_speaker(self.parameters)

    @property
    def chooses_on_test(self) -> bool:
        """Whether the run reproduces the study's choice on its test clips."""
        is_study = self.trainer.presets[self.preset].is_study
        chooses = self.trainer.validates(self.parameters)
        return is_study and self.protocol.choose_on_test and chooses


def split_of(plan: Plan) -> Split:
    """Split the clips for which every feature of the plan is there.

    Raises:
        UsageError: The store is empty or lacks features, or fewer than one fold is requested.
        TrainingError: No clip is usable.
        LeakageError: The split leaks.
    """
    _refuse_missing_features(plan)
    _refuse_other_copies(plan)
    clip_ids, clips = _usable_clips(plan), plan.store.state.clips
    split = plan.protocol.split(split_clips({i: clips[i] for i in clip_ids}))
    split = _first_folds(split, plan.folds)
    emotions = {clip_id: clips[clip_id].emotion for clip_id in clip_ids}
    left_out = sorted(clips.keys() - emotions.keys())
    split = noting_near_duplicates(split, plan.store, clip_ids)
    notes = (*split.notes, *plan.notes, *caveats(split, emotions, left_out))
    return replace(split, notes=notes)


def _usable_clips(plan: Plan) -> list[str]:
    """Return the clips for which every feature is current, without failed ones."""
    everyone = list(plan.store.state.clips)
    if not everyone:
        raise UsageError(
            f"the store {plan.store.location} holds no clips", hint="run 'serkit extract SRC' first"
        )
    usable = set(everyone)
    for feature in plan.reads:
        usable &= set(plan.store.select(feature))
    if not usable:
        raise TrainingError("every clip failed", hint="'serkit store why' says why")
    if len({plan.store.state.clips[clip_id].emotion for clip_id in usable}) < 2:
        raise UsageError(
            f"every clip in {plan.store.location} has the same label",
            allowed="a model is trained on two labels or more",
        )
    return sorted(usable)


def _refuse_missing_features(plan: Plan) -> None:
    """Name all features that are missing at once: some presets read a dozen."""
    missing = []
    for feature in plan.reads:
        try:
            plan.store.spec(feature)
        except UnknownNameError:
            missing.append(feature)
    if len(missing) > 1:
        raise UnknownNameError(
            f"{len(missing)} of {len(plan.reads)} features that {plan.trainer.name} reads are not "
            f"in the store {plan.store.location}",
            hint=f"compute them with 'serkit extract SRC --features {','.join(missing)}'",
        )


def _refuse_other_copies(plan: Plan) -> None:
    """Refuse features that are named as copies and differ in more than the voice."""
    for voice, times in Counter(plan.voices).items():
        if times > 1:
            raise UsageError(f"copies name {voice} {times} times", allowed="once is enough")
    for feature in plan.features:
        spec = plan.store.spec(feature)
        for voice in plan.voices:
            copy = _copy_of(plan.store, feature, voice)
            alike = replace(copy, name=spec.name, voice=spec.voice)
            if alike.fingerprint != spec.fingerprint or copy.voice == spec.voice:
                changes = ", ".join(spec.differences(copy)) or "nothing"
                raise UsageError(
                    f"{copy.name} is not {feature} in another voice: {changes} differs",
                    allowed="a recipe that differs in its table 'voice' alone is one",
                )


def _copy_of(store: ClipStore, feature: str, voice: str) -> FeatureSpec:
    """Return the specification of a feature in another voice."""
    name = copy_name(feature, voice)
    try:
        return store.spec(name)
    except UnknownNameError as error:
        raise UnknownNameError(
            f"copies name the voice {voice!r}, and {name} is not in {store.location}",
            allowed=f"it has to be extracted from a recipe {name}, which differs from {feature} in "
            "its table 'voice'",
            hint=error.hint,
        ) from error


def _first_folds(split: Split, wanted: int | None) -> Split:
    """Keep only the first folds; such a split has its own digest and ranking."""
    if wanted is None or wanted >= len(split.folds):
        return split
    if wanted < 1:
        raise UsageError(f"folds = {wanted}", allowed="1 or more is allowed")
    notes = (*split.notes, partial_note(wanted, len(split.folds)))
    return replace(split, folds=split.folds[:wanted], notes=notes)


def config_of(plan: Plan, split: Split, name: str, now: datetime) -> dict[str, Any]:
    """Return a run's configuration, as stored in `config.json`."""
    clips = _split_rows(plan, split)
    corpora = sorted({clip.corpus for clip in clips})
    config = {
        "run": name,
        "model": plan.trainer.name,
        "preset": plan.preset,
        "protocol": plan.protocol.name,
        "seed": plan.seed,
        "speaker_independent": plan.protocol.speaker_independent,
        "selected_on_test": plan.chooses_on_test,
        "transductive": plan.trainer.transductive or plan.by_speaker,
        "synthetic": "synthetic" in corpora,
        "submitted": False,
        "published": False,
        "speaker_unknown": any(clip.speaker == UNKNOWN for clip in clips),
        "corpus": "+".join(corpora),
        "labels": plan.store.labels.to_json(),
        "split_digest": split.digest,
        "features": [plan.store.spec(name).to_json() for name in plan.features],
        "copies": [plan.store.spec(name).to_json() for name in plan.copies],
        **identity_of(plan, split),
        "audio": audio_of(clips),
        "folds": len(split.folds),
        **plan.origin,
        **taught_by(plan.teachers),
        "values": plan.parameters.to_json(),
        "given": differing(plan.trainer, plan.preset, plan.parameters.to_json()),
        "settings": dict(plan.settings),
        "notes": list(split.notes),
        "created": now.isoformat(timespec="seconds"),
        "versions": installed_versions(),
        "hardware": hardware(),
        "processes": process_count(),
    }
    selected_on = plan.trainer.presets[plan.preset].selected_on
    return config | {"selection": selection_of(config, selected_on, plan.runs)}


def identity_of(plan: Plan, split: Split) -> dict[str, Any]:
    """Return the identity of all data read from the store."""
    return {
        "corpus_digest": corpus_digest(_split_rows(plan, split)),
        "feature_fingerprints": {name: plan.store.spec(name).fingerprint for name in plan.reads},
    }


def _split_rows(plan: Plan, split: Split) -> list[Any]:
    ids = {i for f in split.folds for i in (*f.train, *f.validation, *f.test)}
    clips = plan.store.state.clips
    if not ids <= clips.keys():
        raise store_changed()
    return [clips[clip_id] for clip_id in sorted(ids)]


def store_changed() -> StoreChangedError:
    """Build the error for a store that changed during a run."""
    return StoreChangedError("the store changed while training", hint="train it again")
