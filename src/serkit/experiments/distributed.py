"""The processes of one torchrun: the first writes the run, the others help to fit.

The first process sends every fit as a job, and the others call the same trainer with it. The
trainer shares the work itself; the other processes' models are discarded. Only the first process
splits, tests and writes, also when resuming, and finished folds are not sent.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from serkit.encoders.machine import process_count
from serkit.errors import UsageError
from serkit.experiments.sides import Fit, Sides, fit_here
from serkit.models import TRAINERS, FitContext, Fitted, Trainer
from serkit.parameters import Parameters
from serkit.results.run import Run, read_run
from serkit.store.store import FeatureStore

_A_WHILE = timedelta(days=365)
"""How long a process waits for another: torchrun ends it where that one fails."""


def helps() -> bool:
    """Return whether this process is a helper."""
    return process_count() > 1 and os.environ.get("RANK", "0") != "0"


def lead(trainer: Trainer[Any], work: Callable[[Fit], Run]) -> Run:
    """Run work whose fits are shared by all processes.

    Args:
        trainer: The trainer.
        work: Called with a function that fits a model, locally or as a shared job.

    Raises:
        UsageError: There are several processes, and the trainer works in one alone.
    """
    if process_count() == 1:
        return work(fit_here)
    if not trainer.shares_fit:
        raise UsageError(
            f"{process_count()} processes were started, but {trainer.name} trains in one",
            hint="run the command without torchrun",
        )
    exchange, numbers = _exchange(), count()

    def fit(
        model: Trainer[Any], sides: Sides, parameters: Parameters, context: FitContext
    ) -> Fitted:
        number = next(numbers)
        _tell(exchange, number, asdict(_Job.of(model, sides, parameters, context)))
        fitted = fit_here(model, sides, parameters, context)
        _await_helpers(exchange, number)  # they write into the folder that is removed next
        return fitted

    run = work(fit)
    number = next(numbers)
    _tell(exchange, number, {"finished": str(run.path)})
    _await_helpers(exchange, number)  # without torchrun the exchange ends with this process
    return run


def assist() -> Run:
    """Help with every fit until the run is finished.

    Returns:
        The run, which the first process has written.
    """
    exchange = _exchange()
    for number in count():
        exchange.wait([f"job {number}"], _A_WHILE)
        message = json.loads(exchange.get(f"job {number}"))
        finished = message.get("finished")
        if not finished:
            _Job(**message).do()
        exchange.set(f"did {number} {os.environ['RANK']}", "")
        if finished:
            return read_run(Path(finished))
    raise AssertionError("unreachable: numbers do not end")


def _tell(exchange: Any, number: int, what: Mapping[str, Any]) -> None:
    exchange.set(f"job {number}", json.dumps(what))


def _await_helpers(exchange: Any, number: int) -> None:
    exchange.wait([f"did {number} {rank}" for rank in range(1, process_count())], _A_WHILE)


@dataclass(frozen=True)
class _Job:
    """One fit, as sent between processes.

    Attributes:
        trainer: Its name.
        store: The store's folder.
        train: Clips to fit on.
        validation: Clips to choose on.
        voices: Other voices that clips which are fitted on may be read in.
        chosen_on_test: Whether these are the test clips.
        parameters: Every parameter's value.
        seed: Of all random numbers.
        workdir: Where the checkpoints of the fit are: the same for all processes.
    """

    trainer: str
    store: str
    train: tuple[str, ...]
    validation: tuple[str, ...]
    voices: tuple[str, ...]
    chosen_on_test: bool
    parameters: Mapping[str, Any]
    seed: int
    workdir: str | None

    @classmethod
    def of(
        cls, trainer: Trainer[Any], sides: Sides, parameters: Parameters, context: FitContext
    ) -> _Job:
        workdir = context.workdir
        if not isinstance(sides.store, FeatureStore):
            raise UsageError(
                "several stores, and several processes that train together",
                allowed="torchrun trains on one store",
                hint="train on several stores with one process",
            )
        return cls(
            trainer.name,
            str(sides.store.path),
            sides.train,
            sides.validation,
            sides.voices,
            sides.chosen_on_test,
            parameters.to_json(),
            context.seed,
            None if workdir is None else str(workdir),
        )

    def do(self) -> None:
        store = FeatureStore(self.store)
        sides = Sides(
            store,
            tuple(self.train),
            tuple(self.validation),
            tuple(self.voices),
            self.chosen_on_test,
        )
        workdir = None if self.workdir is None else Path(self.workdir)
        context = FitContext(self.seed, workdir=workdir)
        trainer = TRAINERS.get(self.trainer)
        fit_here(trainer, sides, trainer.parameters.from_json(self.parameters), context)


def _exchange() -> Any:
    """Return the keys and values that all processes share: torch's, apart from its groups.

    Process groups are up to the trainers, which know their device.
    """
    # Gradients of layers that a step drops (layerdrop) have to be looked for, and at each start
    # torch warns of the time that takes; it reads this when it is imported.
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    from torch.distributed import PrefixStore, rendezvous

    try:
        store, _rank, _size = next(rendezvous("env://"))
    except ValueError as error:
        raise UsageError(
            f"WORLD_SIZE = {process_count()} in the environment, but not where the processes "
            f"meet ({error})",
            hint="start them by torchrun, or unset WORLD_SIZE",
        ) from error
    return PrefixStore("serkit", store)
