"""Keras's LSTM with a recurrence that is made for training on CPUs.

It has Keras's weights, configuration and numbers; only how the steps are computed differs. This
module imports Keras, so it is imported inside functions only.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="serkit")
class LSTM(keras.layers.LSTM):  # type: ignore[misc]
    """An LSTM layer; see :class:`keras.layers.LSTM` for its arguments.

    Keras leaves the gradient of the loop over frames to the framework, which adds to the gradient
    of all weights at every frame; on a CPU that is most of a training step. Here a frame's step
    holds only what depends on the frame before: inputs are projected, and gradients of the weights
    are formed, for all frames at once. On a GPU, and where an argument asks for what the study's
    nets do not have (masks, other activations, dropout inside), it is Keras's own.
    """

    def inner_loop(
        self, sequences: Any, initial_state: Any, mask: Any, training: bool = False
    ) -> tuple[Any, Any, list[Any]]:
        """Return the last output, all outputs ``(clips, frames, units)`` and the last states."""
        module = import_module(f"serkit.models.keras.layers.lstm_{keras.config.backend()}")
        if mask is not None or not self._plain or not module.suits(sequences):
            return super().inner_loop(sequences, initial_state, mask, training)  # type: ignore[no-any-return]
        weights = [self.cell.kernel, self.cell.recurrent_kernel, self.cell.bias]
        outputs, hidden, cell = module.recur(
            ops.cast(sequences, self.compute_dtype),
            *(ops.cast(state, self.compute_dtype) for state in initial_state),
            *(ops.cast(ops.convert_to_tensor(each), self.compute_dtype) for each in weights),
        )
        return hidden, outputs if self.return_sequences else hidden[:, None], [hidden, cell]

    @property
    def _plain(self) -> bool:
        """Whether it is the layer that the recurrence is written for."""
        usual = (
            self.activation is keras.activations.tanh
            and self.recurrent_activation is keras.activations.sigmoid
            and self.use_bias
        )
        dropped = self.dropout or self.recurrent_dropout
        return usual and not (dropped or self.go_backwards or self.unroll)
