"""A fitted net: inputs, predictions and files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from serkit.errors import RunError
from serkit.models.clips import ClipData
from serkit.models.facts import FACTS, read_facts, write_facts
from serkit.models.keras.backend import load_keras, loaded_backend
from serkit.models.keras.batches import assemble, ordered_batches
from serkit.models.keras.compiled import CompiledNet
from serkit.models.keras.scaling import Scaling
from serkit.models.keras.source import Source
from serkit.models.keras.spectra import Spectra
from serkit.models.moved import with_modules_of_today
from serkit.models.training import TrainedInEpochs
from serkit.parameters import Scalar

if TYPE_CHECKING:
    from serkit.models.graph import Graph

ARCHITECTURE = "architecture.json"
WEIGHTS = "model.weights.h5"
PREDICT_BATCH = 64


@dataclass(frozen=True)
class Network(TrainedInEpochs):
    """A fitted net.

    Attributes:
        model: The Keras model.
        source: Its input.
        scaling: How that is scaled.
        values: The parameters that it was made with, by name.
        held: Keeps the model from being trained again as another net, as long as this one lives;
            None where nobody else could.
    """

    model: Any
    source: Source
    scaling: Scaling
    values: Mapping[str, Scalar]
    held: CompiledNet | None = field(default=None, repr=False, compare=False)

    @property
    def parameters(self) -> int:
        """Trainable numbers."""
        return int(sum(int(np.prod(weight.shape)) for weight in self.model.trainable_weights))

    @property
    def epoch(self) -> int:
        """The epoch that was chosen, counted from 1."""
        return int(self.chosen["epoch"] or 0)

    def predict(self, data: ClipData) -> npt.NDArray[np.float64]:
        """Return probabilities, shape ``(n, classes)``."""
        return predict(self.model, Spectra(data, self.source), self.scaling)

    def to_onnx(self, graph: Graph) -> str:
        """Add the net to an ONNX graph; see :class:`serkit.models.graph.Exportable`."""
        from serkit.models.keras.onnx import net_probabilities

        return net_probabilities(graph, self.model, self.source, self.scaling)

    def save(self, folder: Path) -> None:
        """Write architecture and inputs as JSON, and the weights as HDF5."""
        architecture = json.loads(self.model.to_json())
        architecture.pop("compile_config", None)  # how it was trained is in the parameters
        (folder / ARCHITECTURE).write_text(json.dumps(architecture, indent=1))
        self.model.save_weights(folder / WEIGHTS)
        facts = {
            "source": asdict(self.source),
            "scaling": self.scaling.to_json(),
            "values": dict(self.values),
            "chosen": dict(self.chosen),
        }
        write_facts(folder / FACTS, facts)


def predict(model: Any, spectra: Spectra, scaling: Scaling) -> npt.NDArray[np.float64]:
    """Return a net's probabilities of clips, in their order; each batch holds one length."""
    out = np.zeros((len(spectra), int(model.output_shape[-1])))
    for positions in ordered_batches(spectra, PREDICT_BATCH):
        clips = [scaling(clip) for clip in spectra.take(positions)]
        out[positions] = np.asarray(
            model.predict_on_batch(
                assemble(clips, spectra.source, scaling, spectra.rows(positions))
            ),
            np.float64,
        )
    return np.asarray(out / out.sum(axis=1, keepdims=True))


def load(folder: Path) -> Network:
    """Read a net that :meth:`Network.save` wrote, on the backend that Keras runs on already.

    Raises:
        RunError: A file is damaged, or the architecture holds something else than Keras's layers
            and serkit's.
        MissingDependencyError: The backend is not installed.
    """
    facts = read_facts(folder / FACTS)
    architecture = with_modules_of_today((folder / ARCHITECTURE).read_text())
    _refuse_foreign(folder / ARCHITECTURE, json.loads(architecture))
    keras = load_keras(loaded_backend(str(facts["values"]["backend"])))
    # Registers serkit's own layers.
    import serkit.models.keras.layers.attention
    import serkit.models.keras.layers.lstm
    import serkit.models.keras.layers.pooling  # noqa: F401

    try:
        model = keras.models.model_from_json(architecture)
        model.load_weights(folder / WEIGHTS)
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise RunError(f"the net in {folder} cannot be loaded: {error}") from error
    return Network(
        model,
        Source(**facts["source"]),
        Scaling.from_json(facts["scaling"]),
        facts["values"],
        chosen=facts["chosen"],
    )


_OWN = "serkit>"
_PACKAGES = (
    "keras",
    "builtins",
    "serkit.models.keras.layers.attention",
    "serkit.models.keras.layers.pooling",
    "serkit.models.keras.layers.lstm",
)
_WIRE = "__keras_tensor__"
"""Keras's key for a layer's incoming connections in an architecture."""
_RUNS_CODE = ("Lambda", "TorchModuleWrapper", "TFSMLayer", "JaxLayer", "FlaxLayer")


def _refuse_foreign(path: Path, architecture: Any) -> None:
    """Refuse an architecture that names classes from elsewhere, or layers that hold code."""
    for each in _objects(architecture):
        name, module = str(each["class_name"]), str(each.get("module") or "")
        registered = str(each.get("registered_name") or "")
        package = module in _PACKAGES or module.startswith("keras.")
        own = not module and registered.startswith(_OWN)
        known = name == _WIRE or (not name.startswith("__") and (package or own))
        if name in _RUNS_CODE or not known:
            raise RunError(f"{path} is not loaded: it names {module or registered}.{name}")


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        if "class_name" in value:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _objects(item)
