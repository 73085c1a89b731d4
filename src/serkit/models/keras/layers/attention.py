"""Keras's multi-head attention, made to be faster where TensorFlow trains on a CPU.

It has Keras's weights, configuration and numbers. This module imports Keras, so it is imported
inside functions only.
"""

from __future__ import annotations

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="serkit")
class MultiHeadAttention(keras.layers.MultiHeadAttention):  # type: ignore[misc]
    """Multi-head attention; see :class:`keras.layers.MultiHeadAttention` for its arguments.

    Queries, keys, values and scores of a batch of 32 clips of 495 frames with ten heads are 32 MB
    three times and 313 MB, and Keras on TensorFlow moves several such arrays through memory, both
    ways. Here clips attend one by one, from projection to projection, which stays in the cache but
    for the softmax of the scores, and with a gradient of its own. torch and JAX have their own:
    there it is Keras's, as on a GPU, and where an argument asks for what the study's net does not
    have (other clips' frames, masks by pairs of frames, dropout of scores).

    Frames masked out of a clip are skipped entirely; their output differs between the two
    implementations and is undefined. Masks are supported for self-attention only.
    """

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """Attend; see Keras for the arguments."""
        masks = (query_mask, value_mask, key_mask)
        masked = any(each is not None for each in masks) or use_causal_mask
        masked = masked or (attention_mask is not None and attention_mask.shape[1] != 1)
        other = query is not value or (key is not None and key is not value)
        if not (masked or other or return_attention_scores) and self._is_plain(query):
            return self._attend(query, attention_mask)
        return super().call(
            query,
            value,
            key=key,
            query_mask=query_mask,
            value_mask=value_mask,
            key_mask=key_mask,
            attention_mask=attention_mask,
            return_attention_scores=return_attention_scores,
            training=training,
            use_causal_mask=use_causal_mask,
        )

    def _is_plain(self, query: Any) -> bool:
        """Return whether the fast path applies: TensorFlow on a CPU, standard options."""
        # options of newer Keras versions
        gated = getattr(self, "_use_gate", False) or getattr(self, "_sliding_window", None)
        other = self._dropout or not self._use_bias or gated
        return not other and len(query.shape) == 3 and _suits()

    def _attend(self, x: Any, attention_mask: Any) -> Any:
        from serkit.models.keras.layers.attention_tensorflow import Weights, attend

        output = self._output_dense
        dense = (self._query_dense, self._key_dense, self._value_dense, output)
        seen = None if attention_mask is None else attention_mask[:, 0]
        weights = Weights.of(*dense, self._inverse_sqrt_key_dim)
        return attend(x, weights, self._num_heads, seen) + output.bias


def _suits() -> bool:
    """Return whether TensorFlow runs on a CPU."""
    if keras.config.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.config.list_physical_devices("GPU")
