"""The final model of a run: its recipe, fitted once on the clips of all speakers, for use.

No speakers are left to test it on. Its expected accuracy on new speakers is what the run measured,
fold by fold, with models trained the same way on slightly fewer speakers.
"""

from __future__ import annotations

import shutil
import time
from typing import Any

from serkit.errors import RunError
from serkit.evaluation.splits import Fold, choose_validation_speakers, fold_of, split_clips
from serkit.experiments.folds import FoldProgress, fit_fold
from serkit.experiments.plan import Plan, identity_of, split_of
from serkit.experiments.progress import TrainingCallback
from serkit.experiments.resume import WORK, clear, digests, flush_all, holding
from serkit.experiments.sides import Sides, fit_here
from serkit.experiments.teachers import recipes_of
from serkit.models import FitContext
from serkit.plainjson import dumps
from serkit.prediction.golden import keep_golden
from serkit.prediction.saved import FINAL
from serkit.results.folder import FINAL_RECORD
from serkit.results.run import Run
from serkit.storage.files import sync_folder, write_file


def fit_final(plan: Plan, run: Run, report: TrainingCallback) -> Run:
    """Fit a run's model on all speakers and save it in the run's folder.

    Where something is chosen (an epoch, rounds), it is chosen on two speakers that are set aside,
    as in every fold.

    Args:
        plan: The run's plan.
        run: The finished run.
        report: Called with a :class:`Progress`.

    Returns:
        The run, whose ``final`` is the model's folder.

    Raises:
        RunError: It has a final model, or the store is no longer what the run was trained on.
        TrainingError: The model could not be fitted.
    """
    if run.final is not None:
        raise RunError(
            f"{run.name} already has a final model",
            hint=f"remove {run.path / FINAL} to fit it again",
        )
    if plan.members:
        raise RunError(
            f"{run.name} is an ensemble, which has no model of its own to fit",
            hint="fit the final models of its members",
        )
    _refuse_changed(plan, run)
    fold = final_fold(plan)
    partial = run.path / WORK / FINAL
    with holding(run.path):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        progress = FoldProgress(report, fold, 1, 1)
        progress.steps(0, 1, "reading")
        started = time.perf_counter()
        sides = Sides.of(plan.store, fold, voices=plan.voices)
        checkpoints = run.path / WORK / "final-checkpoints"
        checkpoints.mkdir(exist_ok=True)
        context = FitContext(
            plan.seed,
            progress.steps,
            progress.batches,
            checkpoints,
            teachers=recipes_of(plan.teachers),
        )
        model = fit_fold(fit_here, plan, fold, sides, context)
        seconds = time.perf_counter() - started
        model.save(partial)
        keep_golden(partial, model, plan.store, plan.features)
        flush_all(partial)
        facts: dict[str, Any] = {
            "train_clips": len(fold.train),
            "validation_clips": len(fold.validation),
            "parameters": model.parameters,
            "chosen": dict(model.chosen),
            "train_seconds": seconds,
            "cross_validated": run.expected,
            "files": digests(partial),
        }
        write_file(partial / FINAL_RECORD, dumps(facts).encode())
        partial.replace(run.path / FINAL)  # whole or not at all
        sync_folder(run.path)
        progress.steps(1, 1, "done")
    clear(run.path)
    return Run(run.path, run.record)


def final_fold(plan: Plan) -> Fold:
    """Return all clips that the run could use: most to fit on, two speakers' to choose on."""
    used = {i for f in split_of(plan).folds for i in (*f.train, *f.validation, *f.test)}
    known = plan.store.state.clips
    clips = split_clips({clip_id: known[clip_id] for clip_id in sorted(used)})
    speakers = {clip.speaker for clip in clips}
    chosen = set(choose_validation_speakers(clips, speakers, 0))
    return fold_of(FINAL, clips, speakers - chosen, chosen, set())


def _refuse_changed(plan: Plan, run: Run) -> None:
    try:
        now = identity_of(plan, split_of(plan))
    except LookupError:
        now = {}
    for key, meaning in (("corpus_digest", "clips"), ("feature_fingerprints", "recipes")):
        if now.get(key) != run.record[key]:
            raise RunError(
                f"the {meaning} in {plan.store.location} are not those that {run.name} was "
                "trained on",
                hint="train it again with --final",
            )
