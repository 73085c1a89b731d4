"""A checkpoint on disk: found by name or folder, known by its content, read without code.

Nothing here loads a framework: what a checkpoint is follows from its files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from serkit.errors import NotFoundError, UsageError
from serkit.extras import require

CONFIG = "config.json"
PREPROCESSOR = "preprocessor_config.json"

_EXTRACTOR = "Wav2Vec2FeatureExtractor"
"""How Wav2Vec2, XLS-R, HuBERT, WavLM, UniSpeech, data2vec and their like are fed: the waveform."""

_NOTES = ("_name_or_path", "transformers_version", "architectures", "dtype", "torch_dtype")
"""Keys of a configuration that say where it came from, not what is computed."""

_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")

_READ = 1 << 22


@dataclass(frozen=True)
class Checkpoint:
    """A folder as ``save_pretrained`` writes it: configuration, preprocessing, weights.

    Attributes:
        folder: Where it lies.
    """

    folder: Path

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """The model's configuration."""
        return _read_json(self.folder / CONFIG)

    @cached_property
    def preprocessor(self) -> Mapping[str, Any]:
        """How its authors feed it: rate, normalisation, whether padding is masked."""
        return _read_json(self.folder / PREPROCESSOR)

    @property
    def sample_rate(self) -> int:
        """The sample rate in Hz that it expects."""
        return int(self.preprocessor.get("sampling_rate", 16_000))

    @property
    def normalises(self) -> bool:
        """Whether it wants each clip with mean 0 and variance 1."""
        return bool(self.preprocessor.get("do_normalize", True))

    @property
    def masks(self) -> bool:
        """Whether it may be padded, with a mask.

        Models whose first convolution normalises over time (``feat_extract_norm`` is ``group``)
        hear padding in every frame; those with layer normalisation do not.
        """
        return self.config.get("feat_extract_norm") == "layer"

    @property
    def layers(self) -> int:
        """Hidden states: one before the first layer, and one behind each."""
        return int(self.config["num_hidden_layers"]) + 1

    @property
    def units(self) -> int:
        """Values of a frame in each of them."""
        return int(self.config["hidden_size"])

    @property
    def fewest_samples(self) -> int:
        """The shortest signal that gives one frame."""
        fewest = 1
        kernels, strides = self.config["conv_kernel"], self.config["conv_stride"]
        for kernel, stride in zip(reversed(kernels), reversed(strides), strict=True):
            fewest = (fewest - 1) * int(stride) + int(kernel)
        return fewest

    @property
    def weight_files(self) -> tuple[Path, ...]:
        """The files of weights, those without pickle before others."""
        safe = sorted(self.folder.glob("*.safetensors"))
        return tuple(safe or sorted(self.folder.glob("pytorch_model*.bin")))

    @property
    def weight_bytes(self) -> int:
        """Their size."""
        return sum(path.stat().st_size for path in self.weight_files)

    @cached_property
    def identity(self) -> str:
        """Hash of everything that its output depends on, but not its location (XXH3, hex)."""
        from xxhash import xxh3_128

        state = xxh3_128()
        for settings in (self.config, self.preprocessor):
            kept = {key: value for key, value in settings.items() if key not in _NOTES}
            state.update(json.dumps(kept, sort_keys=True).encode())
        for path in self.weight_files:
            status = path.stat()
            state.update(_digest(path, status.st_size, status.st_mtime_ns))
        return state.hexdigest()


@lru_cache(maxsize=32)
def _digest(path: Path, _size: int, _modified: int) -> bytes:
    """Hash a file; it is read again only if it has changed."""
    from xxhash import xxh3_128

    state = xxh3_128()
    with path.open("rb") as file:
        while block := file.read(_READ):
            state.update(block)
    return state.digest()


def open_checkpoint(name_or_folder: str) -> Checkpoint:
    """Find a checkpoint and check that it can be used.

    Args:
        name_or_folder: A folder, or a model's name on the Hugging Face hub; what was downloaded
            once is taken from the cache, without asking the hub.

    Raises:
        NotFoundError: No such folder; or the hub cannot be reached and the cache does not hold it.
        UsageError: It is not a speech encoder of a known kind.
        MissingDependencyError: A name is given and ``huggingface_hub`` is not installed.
    """
    checkpoint = Checkpoint(_find(name_or_folder))
    kind = checkpoint.preprocessor.get("feature_extractor_type", _EXTRACTOR)
    wrong = ""
    if kind != _EXTRACTOR:
        wrong = f"it is fed by {kind}"
    elif not {"num_hidden_layers", "hidden_size", "conv_kernel"} <= checkpoint.config.keys():
        wrong = f"its {CONFIG} describes no speech encoder"
    elif not checkpoint.weight_files:
        wrong = "it holds no weights"
    if wrong:
        raise UsageError(
            f"the checkpoint {checkpoint.folder} cannot be used: {wrong}",
            allowed="Wav2Vec2, XLS-R, HuBERT, WavLM and other waveform encoders can",
        )
    return checkpoint


def refuse_made_up(checkpoint: Checkpoint, missing: Iterable[str]) -> None:
    """Refuse an encoder some of whose weights are in no file: they would be random numbers.

    Args:
        checkpoint: The encoder's.
        missing: Names of its weights that the files do not hold.

    Raises:
        UsageError: There are such weights.
    """
    # What masked frames are replaced by is only used in training, and not in every checkpoint.
    lost = sorted(name for name in missing if not name.endswith("masked_spec_embed"))
    if lost:
        raise UsageError(
            f"the checkpoint {checkpoint.folder} lacks {len(lost):,} weights of its encoder, such "
            f"as {lost[0]}",
            hint="download it again",
        )


def _find(name_or_folder: str) -> Path:
    folder = Path(name_or_folder).expanduser()
    if name_or_folder and folder.is_dir():
        if not (folder / CONFIG).is_file():
            raise UsageError(
                f"the folder {folder} holds no {CONFIG}",
                allowed="a folder as save_pretrained or 'hf download' writes it is a checkpoint",
            )
        return folder.resolve()
    if not _HUB_NAME.fullmatch(name_or_folder) or name_or_folder.startswith("."):
        raise NotFoundError(
            f"no checkpoint {name_or_folder!r}",
            allowed="a folder, or a name such as facebook/wav2vec2-base",
        )
    return _from_hub(name_or_folder)


def _from_hub(name: str) -> Path:
    require("transformers", "huggingface_hub", extra="transformers")
    from huggingface_hub import snapshot_download

    wanted = ["*.json", "*.safetensors"]
    try:
        folder = Path(snapshot_download(name, allow_patterns=wanted, local_files_only=True))
        if Checkpoint(folder).weight_files:
            return folder
    except Exception:
        pass  # not in the cache, or in part only
    try:
        folder = Path(_quietly(snapshot_download, name, allow_patterns=wanted))
        if not Checkpoint(folder).weight_files:  # older ones have no safetensors
            _quietly(snapshot_download, name, allow_patterns=["pytorch_model*.bin"])
    except Exception as error:  # the hub's, the network's and the disk's come in many kinds
        raise _unreachable(name, error) from error
    return folder


def _quietly(download: Any, name: str, **options: Any) -> Any:
    """Download without bars of its own on the terminal, and without retrying for minutes."""
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()
    return download(name, etag_timeout=10, **options)


def _unreachable(name: str, error: Exception) -> NotFoundError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    folder = name.rpartition("/")[2]
    return NotFoundError(
        f"the checkpoint {name} is neither a folder nor in the cache, and the hub cannot be "
        f"reached "
        f"({reason})",
        hint=f"with network access, run: hf download {name} --local-dir {folder}; "
        f"then pass that folder instead of {name}",
    )


def _read_json(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(
            f"the folder {path.parent} holds no {path.name}",
            allowed="a folder as save_pretrained or 'hf download' writes it is a checkpoint",
        ) from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read ({error})") from error
    if not isinstance(found, dict):
        raise UsageError(f"{path} cannot be read (it holds no JSON object)")
    return found
