"""The use cases, one function each: what the command line and a notebook both call.

Every function takes plain values and returns a frozen report; nothing is printed. Settings that
are not given come from ``SERKIT_*`` and ``serkit.toml`` (see :mod:`serkit.settings`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serkit.errors import (
    IncompleteFeatureError,
    MissingDependencyError,
    NotFoundError,
    UsageError,
)
from serkit.settings import Settings, resolve

if TYPE_CHECKING:
    from serkit.extraction.estimate import Estimate, Preview
    from serkit.extraction.extract import ExtractReport
    from serkit.extraction.repair import RepairReport
    from serkit.features import FeatureSpec, Recipes
    from serkit.ingest.audit import AuditReport
    from serkit.ingest.download import DownloadReport
    from serkit.runs.execute import Plan
    from serkit.runs.leaderboard import Board
    from serkit.runs.predicted import Predictions
    from serkit.runs.progress import Progress
    from serkit.runs.run import Run
    from serkit.store.gc import GcReport
    from serkit.store.listing import StoreListing
    from serkit.store.status import FeatureStatus
    from serkit.store.store import FeatureStore
    from serkit.store.verify import VerifyReport
    from serkit.synthesis.corpus import SynthReport

PathLike = str | Path
Count = Callable[[int, int], None]
"""Progress: steps done, steps in all."""


def synth(
    dest: PathLike,
    *,
    actors: int = 24,
    seed: int = 0,
    workers: int | None = None,
    progress: Count | None = None,
) -> SynthReport:
    """Write a synthetic corpus in the shape of RAVDESS.

    Args:
        dest: The folder; empty, new, or one that this wrote before.
        actors: 1 to 24.
        seed: The same seed gives the same files.
        workers: Processes; None is the setting.
        progress: Told clips done and clips in all.

    Raises:
        UsageError: The folder holds something else, or a number is out of range.
    """
    from serkit.synthesis.corpus import synthesise

    settings = resolve({"workers": workers})
    return synthesise(
        dest, actors=actors, seed=seed, workers=settings.workers or None, progress=progress
    )


def download(
    corpus: str,
    *,
    dest: PathLike | None = None,
    url: str | None = None,
    progress: Count | None = None,
) -> DownloadReport:
    """Download a corpus, check it and unpack it.

    Args:
        corpus: Its name.
        dest: The folder; None is ``data/NAME``.
        url: A mirror's base address.
        progress: Told bytes done and bytes in all.

    Raises:
        UnknownNameError: No such corpus.
        UsageError: The corpus cannot be downloaded.
        DownloadError: It could not be had, or is not the published one.
    """
    from serkit.corpora import CORPORA
    from serkit.ingest.download import download as fetch

    known = CORPORA.get(corpus)
    if not known.archives:
        raise UsageError(
            f"{known.name} cannot be downloaded",
            hint="make it with 'serkit synth DEST'" if known.synthetic else f"see {known.url}",
        )
    target = Path(dest) if dest is not None else Path("data") / known.name
    reports = [
        fetch(archive, target, base_url=url, progress=progress) for archive in known.archives
    ]
    return reports[-1]


def check(
    source: PathLike,
    *,
    corpus: str | None = None,
    include: Collection[str] = (),
    workers: int | None = None,
    progress: Count | None = None,
) -> AuditReport:
    """Audit a corpus: what is there, what is missing, what is not as published.

    Args:
        source: The folder.
        corpus: The corpus's name; None tells it from the folder.
        include: Reasons for which clips are otherwise left out, such as ``"song"``.
        workers: Processes; None is the setting.
        progress: Told files done and files in all.

    Raises:
        NotFoundError: No such folder.
    """
    from serkit.ingest.audit import audit

    settings = resolve({"workers": workers})
    return audit(
        source,
        corpus=corpus,
        include=include,
        workers=settings.workers or None,
        progress=progress,
    )


def extract(
    source: PathLike,
    *,
    store: PathLike | None = None,
    features: Sequence[str] | str | None = None,
    workers: int | None = None,
    corpus: str | None = None,
    include: Collection[str] = (),
    definitions: PathLike | None = None,
    wait: float | None = None,
    prune: bool = False,
    progress: Count | None = None,
    say: Callable[[str], None] | None = None,
) -> ExtractReport:
    """Bring a feature store up to date with a folder of audio.

    Only what is missing or stale is computed. Clips that fail are listed in the report.

    Args:
        source: The folder, searched for WAV and FLAC files.
        store: The store's folder; None is the setting.
        features: Recipes' names (or paths of TOML files); None is the setting.
        workers: Processes; None is the setting.
        corpus: The corpus's name; None tells it from the folder.
        include: Reasons for which clips are otherwise left out, such as ``"song"``.
        definitions: Folder of the project's own recipes; None is the setting.
        wait: Seconds to wait for another writer; None is the setting.
        prune: Take clips out of the store that the folder no longer holds.
        progress: Told clips done and clips in all.
        say: Told what the user should know at once.

    Raises:
        NotFoundError: No such folder.
        CorpusError: No clips in it, or they do not belong into this store.
        UnknownNameError: No such feature or corpus.
        StoreError: The store is locked, damaged, or the disk is full; what was committed stays.
    """
    from serkit.extraction.extract import extract as run
    from serkit.ingest.scan import scan

    settings = _settings(store, features, workers, definitions, wait)
    return run(
        scan(source, corpus=corpus, include=include),
        wanted_specs(settings),
        Path(settings.store),
        workers=settings.workers or None,
        wait=settings.wait,
        prune=prune,
        progress=progress,
        say=say,
    )


def estimate(
    source: PathLike,
    *,
    features: Sequence[str] | str | None = None,
    workers: int | None = None,
    corpus: str | None = None,
    include: Collection[str] = (),
    definitions: PathLike | None = None,
    progress: Count | None = None,
) -> Estimate:
    """Estimate what :func:`extract` of everything would cost, from the files' headers alone.

    Args:
        source: See :func:`extract`.
        features: See :func:`extract`.
        workers: See :func:`extract`.
        corpus: See :func:`extract`.
        include: See :func:`extract`.
        definitions: See :func:`extract`.
        progress: Told headers read and headers in all.
    """
    from serkit.extraction.estimate import estimate as run
    from serkit.ingest.scan import scan

    settings = _settings(None, features, workers, definitions, None)
    return run(
        scan(source, corpus=corpus, include=include),
        wanted_specs(settings),
        workers=settings.workers or None,
        progress=progress,
    )


def preview(
    source: PathLike,
    *,
    store: PathLike | None = None,
    features: Sequence[str] | str | None = None,
    workers: int | None = None,
    corpus: str | None = None,
    include: Collection[str] = (),
    definitions: PathLike | None = None,
    progress: Count | None = None,
) -> Preview:
    """Say what :func:`extract` would do, and write nothing.

    Args:
        source: See :func:`extract`.
        store: See :func:`extract`.
        features: See :func:`extract`.
        workers: See :func:`extract`.
        corpus: See :func:`extract`.
        include: See :func:`extract`.
        definitions: See :func:`extract`.
        progress: Told files read and files in all; only clips with several files are read.
    """
    from serkit.extraction.estimate import preview as run
    from serkit.ingest.scan import scan

    settings = _settings(store, features, workers, definitions, None)
    return run(
        scan(source, corpus=corpus, include=include),
        wanted_specs(settings),
        Path(settings.store),
        workers=settings.workers or None,
        progress=progress,
    )


def ls(store: PathLike | None = None, *, definitions: PathLike | None = None) -> StoreListing:
    """List the features in a store: how many clips are current, and their size.

    Args:
        store: The store's folder; None is the setting.
        definitions: Folder of the project's own recipes; None is the setting.

    Raises:
        NotFoundError: No such store.
        StoreCorruptError: The store is damaged.
    """
    from serkit.store.listing import list_store
    from serkit.store.store import FeatureStore

    settings = resolve({"store": store, "definitions": definitions})
    return list_store(FeatureStore(settings.store), recipes(settings))


def why(
    feature: str, *, store: PathLike | None = None, definitions: PathLike | None = None
) -> FeatureStatus:
    """Say for each clip whether a feature is current, missing, stale or failed, and why.

    Args:
        feature: Its name; compared with its recipe, or without one with itself.
        store: The store's folder; None is the setting.
        definitions: Folder of the project's own recipes; None is the setting.

    Raises:
        NotFoundError: No such store.
        UnknownNameError: Neither a recipe nor the store has this name.
    """
    from serkit.store.listing import status_of
    from serkit.store.store import FeatureStore

    settings = resolve({"store": store, "definitions": definitions})
    return status_of(FeatureStore(settings.store).state, recipes(settings), feature)


def verify(store: PathLike | None = None, *, progress: Count | None = None) -> VerifyReport:
    """Read every byte of a store back and compare it with what was written.

    Args:
        store: The store's folder; None is the setting.
        progress: Told files done and files in all.

    Raises:
        NotFoundError: No such store.
        StoreCorruptError: The manifest itself is damaged.
    """
    from serkit.store.verify import verify as run

    return run(Path(resolve({"store": store}).store), progress=progress)


def repair(
    store: PathLike | None = None,
    *,
    workers: int | None = None,
    wait: float | None = None,
    progress: Count | None = None,
) -> RepairReport:
    """Recompute the clips whose values are damaged, from the audio they were made from.

    Args:
        store: The store's folder; None is the setting.
        workers: Processes; None is the setting.
        wait: Seconds to wait for another writer; None is the setting.
        progress: Told clips done and clips in all.

    Raises:
        NotFoundError: No such store.
        StoreError: The store is locked or the disk is full.
    """
    from serkit.extraction.repair import repair as run

    settings = resolve({"store": store, "workers": workers, "wait": wait})
    return run(
        Path(settings.store),
        workers=settings.workers or None,
        wait=settings.wait,
        progress=progress,
    )


def gc(
    store: PathLike | None = None,
    *,
    drop: Collection[str] = (),
    wait: float | None = None,
    progress: Count | None = None,
) -> GcReport:
    """Give back the space of stale values, of dead parts, and of what killed runs left.

    Args:
        store: The store's folder; None is the setting.
        drop: Features to take out altogether.
        wait: Seconds to wait for another writer; None is the setting.
        progress: Told clips copied together and how many there are in all.

    Raises:
        NotFoundError: No such store.
        UnknownNameError: A feature to drop is not in the store.
        StoreError: The store is locked, damaged, or the disk is full.
    """
    from serkit.store.gc import gc as run

    settings = resolve({"store": store, "wait": wait})
    names = (drop,) if isinstance(drop, str) else drop
    return run(Path(settings.store), drop=names, wait=settings.wait, progress=progress)


def export(
    feature: str,
    *,
    to: str,
    path: PathLike | None = None,
    padded: bool = True,
    store: FeatureStore | PathLike | None = None,
    progress: Count | None = None,
) -> Path:
    """Write a feature of all clips to one file for other programs.

    ``parquet``: a row a clip, metadata columns, then the feature's columns (arrays as lists).
    ``npz`` and ``hdf5``: the array ``X``, ``y``, ``clip_id``, ``length``, and each metadata column.

    Args:
        feature: Its name.
        to: ``parquet``, ``npz`` or ``hdf5``.
        path: The file; None is ``FEATURE.parquet`` (and so on) in the current folder.
        padded: Whether arrays are padded in front; ``npz`` and ``hdf5`` always are.
        store: The store or its folder; None is the setting.
        progress: Told clips done and clips in all.

    Returns:
        The file.

    Raises:
        NotFoundError: No such store.
        UnknownNameError: No such feature or format.
        IncompleteFeatureError: Some clips have no current values.
        StoreWriteError: The disk did not take it; no half file is left.
    """
    from serkit.store.export import export as run
    from serkit.store.store import FeatureStore

    opened = store if isinstance(store, FeatureStore) else None
    opened = opened or FeatureStore(resolve({"store": store}).store)
    target = None if path is None else Path(path)
    return run(opened, feature, to, target, padded=padded, progress=progress)


def train(
    model: str | None = None,
    *,
    store: FeatureStore | PathLike | None = None,
    runs: PathLike | None = None,
    protocol: str | None = None,
    preset: str | None = None,
    values: Mapping[str, Any] | None = None,
    seed: int | None = None,
    folds: int | None = None,
    definitions: PathLike | None = None,
    resume: PathLike | None = None,
    tensorboard: PathLike | None = None,
    mlflow: str | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Run:
    """Train and test a model by a protocol, or go on with a run that is not finished.

    Args:
        model: Its name; may be left out with ``resume``.
        store: The store or its folder; None is the setting, or what the run was begun with.
        runs: Folder that the run is kept in; None is the setting.
        protocol: The protocol's name; None is the setting, and without one the corpus's own.
        preset: The preset's name; None is the setting.
        values: Parameters that differ from the preset, as ``--set``.
        seed: Of all random numbers; None is the setting.
        folds: Only the first so many folds, for a quick look; None is all.
        definitions: Folder of the project's own recipes; None is the setting.
        resume: A run that was interrupted or killed, by its name, the beginning of it, its path,
            or ``last``: it goes on to what it would have come to, with all that it was begun with.
        tensorboard: Folder to log each epoch to, for TensorBoard.
        mlflow: Folder or address of a server to log each epoch to, for MLflow.
        progress: Told how far it is.

    Returns:
        The finished run: ``run.uar``, ``run.predictions``, ``run.record``.

    Raises:
        UnknownNameError: No such model, protocol, preset, parameter or run.
        UsageError: Neither a model nor a run is named, something that a run goes on with is given
            beside ``resume``, or the model is not trained in epochs and is to be logged.
        NotFoundError: No such store.
        IncompleteFeatureError: A feature is missing or stale for some clips.
        LeakageError: The split leaks.
        RunError: The run to go on with is finished, in the hands of another process, damaged, or
            was begun on something else than what is there now.
        TrainingInterrupted: It was interrupted (Ctrl-C); it can be gone on with.
    """
    from serkit.runs.execute import execute
    from serkit.trainers import Tracking

    fixed = {"protocol": protocol, "preset": preset, "values": values, "seed": seed, "folds": folds}
    folder = None
    if resume is None:
        if model is None:
            raise UsageError("no model is named", hint="see 'serkit models', or resume a run")
        plan = _new_plan(model, store, runs, definitions, fixed)
    else:
        folder, plan = _resumed_plan(model, store, runs, definitions, resume, fixed)
    return execute(
        plan,
        *([progress] if progress else []),
        tracking=Tracking(None if tensorboard is None else Path(tensorboard), mlflow),
        resumed=folder,
    )


def _new_plan(
    model: str,
    store: FeatureStore | PathLike | None,
    runs: PathLike | None,
    definitions: PathLike | None,
    given: Mapping[str, Any],
) -> Plan:
    """Resolve what a run is to be of, from what is given, the settings and the defaults."""
    from serkit.runs.execute import Plan
    from serkit.splits import PROTOCOLS
    from serkit.store.store import FeatureStore
    from serkit.trainers import TRAINERS

    settings = resolve(
        {
            "store": store.path if isinstance(store, FeatureStore) else store,
            "runs": runs,
            "protocol": given["protocol"],
            "preset": given["preset"],
            "seed": given["seed"],
            "definitions": definitions,
        }
    )
    trainer = TRAINERS.get(model)
    settled = trainer.settle(settings.preset, given["values"] or {})
    named = PROTOCOLS.get(settings.protocol) if settings.protocol else None
    opened = store if isinstance(store, FeatureStore) else FeatureStore(settings.store)
    plan = Plan(
        trainer=trainer,
        store=opened,
        protocol=named or PROTOCOLS.get(_own_protocol(opened)),
        preset=settings.preset,
        values=settled,
        seed=settings.seed,
        runs=Path(settings.runs),
        settings=asdict(settings),
        folds=given["folds"],
    )
    for feature in plan.features:
        _refuse_stale_recipe(opened, recipes(settings), feature)
    return plan


def _resumed_plan(
    model: str | None,
    store: FeatureStore | PathLike | None,
    runs: PathLike | None,
    definitions: PathLike | None,
    resume: PathLike,
    given: Mapping[str, Any],
) -> tuple[Path, Plan]:
    """Find a run that is not finished, and resolve what it was begun with.

    Returns:
        Its folder, and the plan.
    """
    from serkit.runs.resume import find_unfinished, read_config

    others = {key: value for key, value in given.items() if key != "values"}
    others |= given["values"] or {}
    if refused := [name for name, value in others.items() if value is not None]:
        raise UsageError(
            f"{', '.join(refused)} beside resume: a run goes on with what it was begun with",
            hint="leave that out, or train a new run",
        )
    folder = find_unfinished(Path(resolve({"runs": runs}).runs), str(resume))
    config = read_config(folder)
    if model is not None and model.replace("_", "-") != config["model"]:
        raise UsageError(
            f"the run {folder.name} is of {config['model']}, not of {model}",
            hint="leave the model out",
        )
    begun = config["settings"]
    plan = _new_plan(
        config["model"],
        begun["store"] if store is None else store,
        begun["runs"],
        begun["definitions"] if definitions is None else definitions,
        {key: config[key] for key in given},
    )
    return folder, replace(plan, settings=begun)


def compare(
    runs: PathLike | None = None, *, protocol: str | None = None, published: bool = False
) -> Board:
    """Rank the runs in a folder.

    Args:
        runs: The folder; None is the setting.
        protocol: Show this protocol alone.
        published: Add published results of the same protocols.

    Raises:
        NotFoundError: No such folder.
        UnknownNameError: No such protocol.
    """
    from serkit.runs.leaderboard import make_board
    from serkit.runs.run import list_runs

    settings = resolve({"runs": runs})
    finished, problems = list_runs(Path(settings.runs))
    return make_board(finished, protocol=protocol, published=published, problems=problems)


def show(run: str, *, runs: PathLike | None = None) -> Run:
    """Find a run by its name, the beginning of it, its path, or ``last``.

    Raises:
        NotFoundError: No such folder.
        UnknownNameError: No such run.
        RunError: The run is not finished.
    """
    from serkit.runs.run import find_run

    return find_run(Path(resolve({"runs": runs}).runs), run)


def figures(
    run: Run | str, folder: PathLike, *, form: str = "png", runs: PathLike | None = None
) -> tuple[Path, ...]:
    """Write a run's figures into a folder.

    ``confusion`` always; ``curves`` (accuracy and loss over the epochs) and ``learning`` (recall
    of each emotion over the epochs) where the model was trained in epochs. :meth:`Run.figure`
    gives one of them without writing it.

    Args:
        run: The run, or how :func:`show` finds it.
        folder: Where to; made if it is not there.
        form: ``png`` or ``svg``.
        runs: Folder of runs; None is the setting.

    Returns:
        The files.

    Raises:
        UnknownNameError: No such run or format.
        MissingDependencyError: matplotlib is not installed.
        RunError: The run is not finished, or the disk does not take the files.
    """
    from serkit.runs.figures import save_figures

    found = show(run, runs=runs) if isinstance(run, str) else run
    return save_figures(found, Path(folder), form)


def predict(
    run: Run | PathLike,
    audio: PathLike | Iterable[PathLike],
    *,
    fold: str | None = None,
    runs: PathLike | None = None,
    workers: int | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> Predictions:
    """Say which emotion a run's models hear in audio files.

    Features are computed as in training; nothing is added to any store.

    Args:
        run: The run, or as for :func:`show`.
        audio: WAV and FLAC files of any rate, up to 120 s long, and folders of them.
        fold: The fold whose model is asked; None asks all and averages their probabilities.
        runs: Folder of runs; None is the setting.
        workers: Processes, where there are many files; None is the setting.
        progress: Told steps done, steps in all, and what is going on.

    Returns:
        A row a file, ``to_pandas()`` and ``to_json()``. Files that cannot be used are listed in
        it, not raised.

    Raises:
        UnknownNameError: No such run or fold.
        RunError: The run is not finished or damaged, its model is not installed, or an extractor
            has changed since.
        MissingDependencyError: The model or a feature needs a package that is not installed.
    """
    from serkit.pool import available_cores
    from serkit.runs.predict import predict as ask
    from serkit.runs.run import Run

    found = run if isinstance(run, Run) else show(str(run), runs=runs)
    given = [audio] if isinstance(audio, (str, Path)) else audio
    count = resolve({"workers": workers}).workers or available_cores()
    return ask(found, given, fold=fold, workers=count, progress=progress)


def recipes(settings: Settings) -> Recipes:
    """Return the recipes that can be asked for by name."""
    from serkit.features import Recipes

    return Recipes(Path(settings.definitions))


def wanted_specs(settings: Settings) -> tuple[FeatureSpec, ...]:
    """Resolve the features to extract.

    Raises:
        UnknownNameError: There is no such feature.
        UsageError: None is named.
    """
    from serkit.features import DEFAULT_FEATURES

    names = _names(settings.features) if settings.features else DEFAULT_FEATURES
    return recipes(settings).get_all(names)


def _settings(
    store: PathLike | None,
    features: Sequence[str] | str | None,
    workers: int | None,
    definitions: PathLike | None,
    wait: float | None,
) -> Settings:
    listed = features if features is None or isinstance(features, str) else ",".join(features)
    if listed is not None:  # an empty setting means the defaults; an empty answer means a mistake
        _names(listed)
    return resolve(
        {
            "store": store,
            "features": listed,
            "workers": workers,
            "definitions": definitions,
            "wait": wait,
        }
    )


def _names(features: str) -> list[str]:
    """Split a list of features.

    Raises:
        UsageError: None is named.
    """
    names = [name.strip() for name in features.split(",") if name.strip()]
    if not names:
        raise UsageError(f"features = {features!r} names none", hint="see 'serkit features'")
    return names


def _own_protocol(store: FeatureStore) -> str:
    """Return the protocol that published work on a store's corpus uses."""
    from serkit.corpora import CORPORA

    corpora = {clip.corpus for clip in store.state.clips.values()}
    known = corpora & set(CORPORA.names())  # clips without labels are of none
    return (
        CORPORA.get(known.pop()).default_protocol if len(corpora) == len(known) == 1 else "speaker5"
    )


def _refuse_stale_recipe(store: FeatureStore, known: Recipes, feature: str) -> None:
    """Refuse values of an older recipe: what a run says it read must be what the recipe says."""
    from serkit.features import stored_name

    is_told = ":" in feature
    if stored_name(feature) not in store.features or not (is_told or feature in known.names()):
        return
    try:
        spec = known.get(feature)
    except (NotFoundError, MissingDependencyError):
        if not is_told:
            raise
        return  # the checkpoint is elsewhere; what it said is in the store
    stored = store.spec(feature)
    if stored.fingerprint != spec.fingerprint:
        changes = ", ".join(stored.differences(spec))
        raise IncompleteFeatureError(
            f"{feature} in {store.path} is of another recipe ({changes})",
            hint=f"run 'serkit extract SRC --features {feature}' to compute it again",
        )
