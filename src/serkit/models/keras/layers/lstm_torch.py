"""The recurrence of an LSTM by torch's own kernel, which Keras uses on GPUs only.

This module imports torch, so it is imported inside functions only.
"""

from __future__ import annotations

from typing import Any

import torch


def suits(sequences: Any) -> bool:
    """Return whether to use this recurrence: not on a GPU, where Keras does the same."""
    return bool(sequences.device.type == "cpu")


def recur(
    sequences: Any, hidden: Any, cell: Any, kernel: Any, recurrent: Any, bias: Any
) -> tuple[Any, Any, Any]:
    """Run over all frames; shapes as in ``lstm_tensorflow.recur``."""
    weights = [kernel.T, recurrent.T, bias, torch.zeros_like(bias)]
    outputs, last, last_cell = torch._VF.lstm(
        sequences,
        (hidden[None].contiguous(), cell[None].contiguous()),
        [each.contiguous() for each in weights],
        True,  # has biases
        1,  # layers
        0.0,  # dropout between layers
        torch.is_grad_enabled(),
        False,  # in both directions
        True,  # clips first
    )
    return outputs, last[0], last_cell[0]
