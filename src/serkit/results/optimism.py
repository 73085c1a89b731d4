"""How much better a model looks when the same speakers are trained and tested on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from statistics import fmean

from serkit.results.record import is_partial
from serkit.results.run import Run
from serkit.results.seeds import ModelRuns, model_key


def optimism_gaps(models: Iterable[ModelRuns]) -> dict[str, float]:
    """Return the optimism gap of speaker-independent models, where it is known.

    A model's gap is its mean UAR over the random protocols less its own. Both sides are means over
    seeds of complete runs on the same clips, by the same parameters and features, that carry no
    stamp.

    Args:
        models: The models of all groups; damaged runs excluded.

    Returns:
        The gap by :func:`gap_key` of the model's first run.
    """
    honest: dict[str, ModelRuns] = {}
    random: defaultdict[str, list[float]] = defaultdict(list)
    for model in models:
        if not _counts(model.first):
            continue
        if model.first.record["speaker_independent"]:
            honest[gap_key(model.first)] = model
        else:
            random[_pair_key(model.first)].append(model.uar)
    return {
        key: fmean(random[_pair_key(model.first)]) - model.uar
        for key, model in honest.items()
        if _pair_key(model.first) in random
    }


def gap_key(run: Run) -> str:
    """Return what identifies a model's row on the whole board."""
    return f"{run.protocol} {run.record['split_digest']} {_pair_key(run)}"


def _pair_key(run: Run) -> str:
    return f"{run.record['corpus_digest']} {model_key(run)}"


def _counts(run: Run) -> bool:
    stamped = any(run.record[stamp] for stamp in ("selected_on_test", "transductive", "published"))
    return not stamped and not is_partial(run.record)
