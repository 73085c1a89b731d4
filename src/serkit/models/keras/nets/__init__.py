"""Networks: one Keras 3 definition each, the same for TensorFlow, JAX and torch.

Every module has ``build(parameters, input_shape, classes)``. Keras is imported inside functions
only: what it runs on is chosen before, by :mod:`serkit.models.keras.backend`. A net reads
``frames`` of shape ``(clips, frames, bands)``; one that is built for clips of true length
(``padding="crop"``) reads ``live`` beside it, of shape ``(clips, frames)``: 1 where there is a
frame and 0 behind the clip's end. Such nets give the same answer however much padding follows a
clip. With ``padding="short"`` the number of frames is that of a batch; with ``"masked"`` there is
``live``, too, 0 before the clip's beginning.
"""
