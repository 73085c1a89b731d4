"""Keras's multi-head attention, made to need little memory where TensorFlow trains on a CPU.

It has Keras's weights, configuration and numbers. This module imports Keras, so it is imported
inside functions only.
"""

from __future__ import annotations

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="serkit")
class MultiHeadAttention(keras.layers.MultiHeadAttention):  # type: ignore[misc]
    """Multi-head attention; see :class:`keras.layers.MultiHeadAttention` for its arguments.

    The scores of a batch of 32 clips of 495 frames with ten heads are 313 MB, and Keras on
    TensorFlow keeps several such arrays for the gradient, outside of any cache. Here clips are
    attended to one by one, and their scores computed again for the gradient, as flash attention
    does (Dao et al. 2022, NeurIPS). torch and JAX have their own: there it is Keras's, as on a GPU,
    and where an argument asks for what the study's net does not have (masks by pairs of frames,
    dropout of scores).

    A frame that a clip's mask hides from the others is not computed with, so it gets nothing from
    them either; what it gets differs between the two, and is for nobody to read. A mask is for
    attention of clips to themselves.
    """

    def _compute_attention(
        self,
        query: Any,
        key: Any,
        value: Any,
        attention_mask: Any = None,
        training: bool | None = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> tuple[Any, Any]:
        """Attend with projected values of shape ``(clips, frames, heads, values)``."""
        by_pairs = attention_mask is not None and attention_mask.shape[1] != 1
        other = by_pairs or use_causal_mask or return_attention_scores or self._dropout
        if not other and _suits(query):
            from serkit.nets._attention_tensorflow import attend

            seen = None if attention_mask is None else attention_mask[:, 0]
            return attend(query, key, value, self._inverse_sqrt_key_dim, seen), None
        return super()._compute_attention(  # type: ignore[no-any-return]
            query, key, value, attention_mask, training, return_attention_scores, use_causal_mask
        )


def _suits(query: Any) -> bool:
    """Tell whether TensorFlow runs on a CPU, and frames are one axis."""
    if keras.config.backend() != "tensorflow" or len(query.shape) != 4:
        return False
    import tensorflow as tf

    return not tf.config.list_physical_devices("GPU")
