"""Which packages are installed, how to install missing ones, and the hardware."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from serkit.compute.environment import hardware, versions
from serkit.shown import Shown

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True)
class Package:
    """A package that serkit uses.

    Attributes:
        package: Its name.
        version: The installed version; None if it is missing.
        purpose: What it is for.
        install: The command that installs it; None if it is installed.
    """

    package: str
    version: str | None
    purpose: str
    install: str | None


@dataclass(frozen=True)
class DoctorReport(Shown):
    """What is installed.

    Attributes:
        python: Python's version.
        hardware: ``machine``, ``system``, ``processor``, ``cores``, ``memory_bytes`` (None if
            unknown).
        packages: Every package that serkit can use.
    """

    python: str
    hardware: dict[str, Any]
    packages: tuple[Package, ...]

    @property
    def missing(self) -> tuple[Package, ...]:
        """The packages that are not installed."""
        return tuple(package for package in self.packages if package.version is None)

    def __rich__(self) -> RenderableType:
        """Return one row for each package."""
        from serkit.tables import table

        machine = self.hardware
        memory = machine["memory_bytes"]
        made = table(
            f"Python {self.python}, {machine['cores']} cores, "
            + (f"{memory / 2**30:.0f} GiB, " if memory else "")
            + str(machine["processor"]),
            {"package": "left", "version": "left", "for": "left", "to install": "left"},
        )
        for each in self.packages:
            made.add_row(
                each.package,
                each.version or "missing",
                each.purpose,
                each.install or "",
                style="" if each.version else "yellow",
            )
        return made

    def to_json(self) -> dict[str, Any]:
        """Return versions, hardware and installation commands."""
        packages = [
            {"package": p.package, "version": p.version, "for": p.purpose, "install": p.install}
            for p in self.packages
        ]
        return {"python": self.python, "hardware": self.hardware, "packages": packages}


def doctor() -> DoctorReport:
    """Report which packages are installed, without importing them.

    Example:
        >>> serkit.doctor().packages[0].package
        'serkit'
    """
    found = versions([*(name for name, _, _ in _PACKAGES), "tensorflow-cpu"])
    found["tensorflow"] = found["tensorflow"] or found["tensorflow-cpu"]
    packages = (
        Package(name, found.get(name), purpose, None if found.get(name) else install)
        for name, purpose, install in _PACKAGES
    )
    return DoctorReport(str(found["python"]), hardware(), tuple(packages))


_CORE = "pip install serkit"

_PACKAGES = (
    ("serkit", "everything", _CORE),
    ("numpy", "arrays", _CORE),
    ("scipy", "transforms", _CORE),
    ("pandas", "tables of clips", _CORE),
    ("pyarrow", "Parquet", _CORE),
    ("h5py", "HDF5", _CORE),
    ("soundfile", "reading audio", _CORE),
    ("soxr", "resampling", _CORE),
    ("scikit-learn", "models logreg, svm", _CORE),
    ("skops", "saving them without pickle", _CORE),
    ("xgboost", "model xgboost", _CORE),
    ("serkit-native", "mel bands and padding, compiled", "pip install ./native in a checkout"),
    ("torch", "FeatureStore.as_torch", "pip install 'serkit[torch]'"),
    ("transformers", "models wav2vec2, probe; embeddings", "pip install 'serkit[transformers]'"),
    ("accelerate", "model wav2vec2", "pip install 'serkit[transformers]'"),
    (
        "audiomentations",
        "changing waveforms in wav2vec2, from 0.40 on",
        "pip install 'serkit[augment]'",
    ),
    ("tensorflow", "models ffnn, cnn, lstm, tcn, transformer", "pip install 'serkit[tensorflow]'"),
    ("keras", "the same models", "pip install 'serkit[tensorflow]'"),
    ("jax", "the same models with backend=jax", "pip install 'serkit[jax]'"),
    ("datasets", "FeatureStore.as_hf_dataset", "pip install 'serkit[datasets]'"),
    ("matplotlib", "figures of runs", "pip install 'serkit[figures]'"),
    ("tensorboard", "train --tensorboard", "pip install 'serkit[tracking]'"),
    ("mlflow-skinny", "train --mlflow", "pip install 'serkit[tracking]'"),
    ("opensmile", "features egemaps, compare2016", "pip install 'serkit[opensmile]'"),
)
