"""A frozen encoder: the mean of each hidden layer over a clip."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.encoders.checkpoint import Checkpoint, refuse_made_up
from serkit.encoders.machine import own_device, quiet_transformers
from serkit.encoders.waveform import Wave


@lru_cache(maxsize=2)
def load_encoder(checkpoint: Checkpoint, _identity: str, device: str) -> Any:
    """Load a checkpoint's encoder in float32, without a head, in evaluation mode.

    Never runs code that lies in the checkpoint. The identity tells weights that were replaced in
    one folder apart.
    """
    with quiet_transformers():
        from transformers import AutoModel

        model, loading = AutoModel.from_pretrained(
            checkpoint.folder,
            trust_remote_code=False,
            local_files_only=True,
            dtype="float32",
            output_loading_info=True,
        )
    refuse_made_up(checkpoint, loading["missing_keys"])
    return model.eval().requires_grad_(False).to(device)


def layer_means(
    checkpoint: Checkpoint, identity: str, wave: Wave, device: str
) -> npt.NDArray[np.float32]:
    """Return the mean over time of every hidden state of one clip, unpadded.

    On a CPU one thread is used, so that the values do not depend on how many there are; clips
    run side by side in worker processes.

    Args:
        checkpoint: The encoder's.
        identity: Its identity.
        wave: What :func:`serkit.encoders.waveform.prepare` gives.
        device: ``auto``, ``cpu`` or ``cuda``.

    Returns:
        Shape ``(layers + 1, units)``.
    """
    import torch

    place = own_device(device)
    model = load_encoder(checkpoint, identity, place)
    threads = torch.get_num_threads()
    if place == "cpu":
        torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            given = torch.from_numpy(np.array(wave))[None].to(place)
            states = model(given, output_hidden_states=True).hidden_states
            means = torch.stack([state[0].mean(dim=0) for state in states])
    finally:
        torch.set_num_threads(threads)
    return np.asarray(means.cpu().numpy(), np.float32)
