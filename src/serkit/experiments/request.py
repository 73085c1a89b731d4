"""Turn a request into a plan: settings, defaults, the corpus's default protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from serkit.errors import IncompleteFeatureError, MissingDependencyError, NotFoundError, UsageError
from serkit.experiments.data import StoreLike, Wanted, open_data
from serkit.experiments.members import completed, find_members
from serkit.experiments.plan import Plan
from serkit.experiments.resume import find_unfinished, read_config
from serkit.experiments.teachers import find_teachers, refuse_untaught, with_full_names
from serkit.features import Recipes, stored_name
from serkit.models import TRAINERS, Trainer
from serkit.results.run import Run
from serkit.settings import resolve
from serkit.store.store import FeatureStore


@dataclass(frozen=True)
class Request:
    """A training request; None leaves a value to the settings and their defaults.

    Attributes:
        model: A model's name, or a scikit-learn estimator; None where a run is resumed.
        store: The store or its folder; several are read as one.
        test_store: The store to test on, or its folder; None tests by the protocol.
        joined: Labels of several stores that count as another one, beyond synonyms.
        runs: Folder of runs.
        protocol: The protocol's name; without a setting the corpus's own.
        preset: The preset's name.
        values: Parameters that differ from the preset.
        seed: Of all random numbers.
        folds: Train only this many folds; None trains all.
        definitions: Folder with the project's recipes.
    """

    model: object | None
    store: StoreLike | Sequence[StoreLike] | None = None
    test_store: StoreLike | None = None
    joined: Mapping[str, str] = field(default_factory=dict)
    runs: str | Path | None = None
    protocol: str | None = None
    preset: str | None = None
    values: Mapping[str, Any] | None = None
    seed: int | None = None
    folds: int | None = None
    definitions: str | Path | None = None

    @property
    def stores(self) -> tuple[StoreLike, ...]:
        """The stores that are named; none where the setting counts."""
        if self.store is None:
            return ()
        if isinstance(self.store, FeatureStore | str | Path):
            return (self.store,)
        return tuple(self.store)

    @property
    def wanted(self) -> Wanted:
        """The requested stores and protocol."""
        return Wanted(self.stores, self.test_store, self.joined, self.protocol)


def resolve_plan(request: Request) -> Plan:
    """Resolve a request into a plan.

    Raises:
        UnknownNameError: No such model, protocol, preset or parameter.
        UsageError: No model is given, or it is neither a name nor an estimator.
        NotFoundError: No such store.
        IncompleteFeatureError: A feature in the store is of an older recipe.
    """
    if request.model is None:
        raise UsageError("no model is named", hint="see 'serkit models', or resume a run")
    trainer, values = _trainer_of(request)
    first = request.stores[0] if request.stores else None
    settings = resolve(
        {
            "store": first.path if isinstance(first, FeatureStore) else first,
            "runs": request.runs,
            "protocol": request.protocol,
            "preset": request.preset if isinstance(request.model, str) else "best",
            "seed": request.seed,
            "definitions": request.definitions,
        }
    )
    refuse_untaught(trainer, values)
    settled = trainer.settle(settings.preset, values)
    members: tuple[Run, ...] = ()
    wanted, protocol = request.wanted, settings.protocol
    if trainer.combines_runs:
        members = find_members(settled, Path(settings.runs))
        settled = completed(settled, members)
    teachers = find_teachers(settled, Path(settings.runs))
    settled = with_full_names(settled, teachers)
    if first_run := next(iter((*members, *teachers)), None):
        if first_run.record.get("stores") and not wanted.stores:
            wanted = Wanted.of_record(first_run.record)
        protocol = protocol or str(first_run.record["protocol"])
    data = open_data(wanted, protocol)
    plan = Plan(
        trainer=trainer,
        store=data.store,
        protocol=data.protocol,
        preset=settings.preset,
        parameters=settled,
        seed=settings.seed,
        runs=Path(settings.runs),
        settings=asdict(settings),
        folds=request.folds,
        members=members,
        teachers=teachers,
        origin=data.origin,
        notes=data.notes,
    )
    recipes = Recipes(Path(settings.definitions))
    for feature in plan.reads:
        for store in data.parts:
            _refuse_stale_recipe(store, recipes, feature)
    return plan


def resume_plan(request: Request, run: str | Path) -> tuple[Path, Plan]:
    """Find an unfinished run, and resolve the plan that it was started with.

    Args:
        request: Only ``model`` (to be checked), ``store``, ``test_store``, ``runs`` and
            ``definitions`` may be given; all else is the run's.
        run: The run, by its name, the beginning of it, its path, or ``last``.

    Returns:
        Its folder, and the plan.

    Raises:
        UsageError: A setting of the run is given, or another model.
    """
    kept = {
        "protocol": request.protocol,
        "preset": request.preset,
        "seed": request.seed,
        "folds": request.folds,
        "map": request.joined or None,
        **(request.values or {}),
    }
    if refused := [name for name, value in kept.items() if value is not None]:
        raise UsageError(
            f"{', '.join(refused)} cannot be combined with resume: a run keeps its settings",
            hint="leave that out, or train a new run",
        )
    folder = find_unfinished(Path(resolve({"runs": request.runs}).runs), str(run))
    config = read_config(folder)
    _refuse_other_model(request.model, folder, config)
    begun = config["settings"]
    definitions = begun["definitions"] if request.definitions is None else request.definitions
    plan = resolve_plan(
        Request(
            model=config["model"],
            **_data_of(config, request.stores, request.test_store),
            runs=begun["runs"],
            preset=config["preset"],
            values=config["values"],
            seed=config["seed"],
            folds=config["folds"],
            definitions=definitions,
        )
    )
    return folder, replace(plan, settings=begun)


def plan_of_run(
    run: Run,
    store: FeatureStore | str | Path | None = None,
    definitions: str | Path | None = None,
) -> Plan:
    """Resolve the plan of a finished run again.

    Args:
        run: The run.
        store: The store or its folder; None is the one that the run was trained on.
        definitions: Folder of recipes; None is as the run had it.
    """
    record, begun = run.record, run.record.get("settings", {})
    return resolve_plan(
        Request(
            model=run.model,
            **_data_of(record, () if store is None else (store,)),
            runs=begun.get("runs"),
            preset=record["preset"],
            values=record["values"],
            seed=record["seed"],
            definitions=begun.get("definitions") if definitions is None else definitions,
        )
    )


def _data_of(
    record: Mapping[str, Any],
    stores: Sequence[StoreLike] = (),
    test_store: StoreLike | None = None,
) -> dict[str, Any]:
    """Return the stores and the protocol of a run as a request names them.

    Args:
        record: Its record or configuration.
        stores: Where the stores are now that it was trained on; none where they were.
        test_store: Where the store is now that it was tested on.
    """
    begun = Wanted.of_record(record)
    return {
        "store": tuple(stores) or begun.stores,
        "test_store": begun.test_store if test_store is None else test_store,
        "joined": begun.joined,
        "protocol": begun.protocol,
    }


def _trainer_of(request: Request) -> tuple[Trainer[Any], dict[str, Any]]:
    """Return the trainer for a name or estimator, and its values."""
    values = dict(request.values or {})
    if isinstance(request.model, str):
        return TRAINERS.get(request.model), values
    from serkit.models.classical.estimator import check_estimator, description, fit

    check_estimator(request.model)
    trainer = replace(TRAINERS.get("estimator"), fit=partial(fit, request.model))
    return trainer, {**values, "estimator": description(request.model)}


def _refuse_other_model(model: object | None, folder: Path, config: Mapping[str, Any]) -> None:
    if model is None:
        return
    if not isinstance(model, str):
        raise UsageError(
            "an estimator cannot be combined with resume: the run did not save its estimator",
            hint="train it again",
        )
    if model.replace("_", "-") != config["model"]:
        raise UsageError(
            f"the run {folder.name} trains {config['model']}, not {model}",
            hint="leave the model out",
        )


def _refuse_stale_recipe(store: FeatureStore, known: Recipes, feature: str) -> None:
    """Reject values of an outdated recipe: a run's record must match its data."""
    of_checkpoint = ":" in feature
    if stored_name(feature) not in store.features:
        return
    if not of_checkpoint and feature not in known.names():
        return
    try:
        spec = known.get(feature)
    except (NotFoundError, MissingDependencyError):
        if not of_checkpoint:
            raise
        return  # the checkpoint has moved; its facts are in the store
    stored = store.spec(feature)
    if stored.fingerprint != spec.fingerprint:
        changes = ", ".join(stored.differences(spec))
        raise IncompleteFeatureError(
            f"{feature} in {store.path} was made by another recipe ({changes})",
            hint=f"run 'serkit extract SRC --features {feature}' to recompute it",
        )
